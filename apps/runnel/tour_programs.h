/* SPDX-License-Identifier: MIT */
/*
 * What the tour shows, in the chapter's order. A test compares it with what is in examples/.
 *
 * HEADING(text)
 * PROGRAM(name, status, manner, line): examples/NAME.c, the exit status it must have, how it is
 *     run (enum in tour.c), and what it shows, in a line.
 */
#ifndef APP_TOUR_PROGRAMS_H
#define APP_TOUR_PROGRAMS_H

#define TOUR(HEADING, PROGRAM)                                                                     \
    HEADING("Confinement")                                                                         \
    PROGRAM(confinement_adhoc, 0, PLAIN, "only one task touches the data, by convention")          \
    PROGRAM(confinement_lexical, 0, PLAIN, "the types of a channel's ends keep it to its owner")   \
    HEADING("The for-select loop")                                                                 \
    PROGRAM(for_select_send, 0, PLAIN, "sends each value, or learns that it should stop")          \
    PROGRAM(for_select_send_deadlock, 2, PLAIN, "the same with nobody to receive: a deadlock")     \
    PROGRAM(for_select_poll, 0, REAL, "looks whether to stop, then works")                         \
    PROGRAM(for_select_default, 0, REAL, "the same, with the work in the default case")            \
    PROGRAM(for_select_starving, 0, REAL, "loops that ignore `done` starve nobody")                \
    HEADING("Prevent goroutine leaks")                                                             \
    PROGRAM(leak_receive, 0, PLAIN, "a receiver that waits for ever is reported")                  \
    PROGRAM(leak_receive_fixed, 0, PLAIN, "the same with a `done` channel")                        \
    PROGRAM(leak_send, 0, PLAIN, "a sender that waits for ever is reported")                       \
    PROGRAM(leak_send_fixed, 0, PLAIN, "the same with a `done` channel")                           \
    HEADING("The or-channel")                                                                      \
    PROGRAM(or_channel, 0, PLAIN, "joins done channels with a tree of selects")                    \
    HEADING("Pipelines")                                                                           \
    PROGRAM(pipeline_batch, 0, PLAIN, "stages that are functions of lists")                        \
    PROGRAM(pipeline_functions, 0, PLAIN, "stages that are functions of values")                   \
    PROGRAM(pipeline_channels, 0, PLAIN, "stages that are tasks between channels")                 \
    PROGRAM(pipeline_group, 0, PLAIN, "the same with a group instead of `done`")                   \
    HEADING("Some handy generators")                                                               \
    PROGRAM(repeat_take, 0, PLAIN, "an endless generator, and the first ten of it")

#endif
