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
    PROGRAM(confinement_structs, 0, PLAIN, "two tasks, each with its half of a buffer")            \
    HEADING("The for-select loop")                                                                 \
    PROGRAM(for_select_send, 0, PLAIN, "sends each value, or learns that it should stop")          \
    PROGRAM(for_select_send_deadlock, 2, PLAIN, "the same with nobody to receive: a deadlock")     \
    PROGRAM(for_select_poll, 0, REAL, "looks whether to stop, then works")                         \
    PROGRAM(for_select_default, 0, REAL, "the same, with the work in the default case")            \
    PROGRAM(for_select_starving, 0, REAL, "loops that ignore `done` starve nobody")                \
    PROGRAM(for_select_list, 0, PLAIN, "a list of sends that is made at run time")                 \
    HEADING("Prevent goroutine leaks")                                                             \
    PROGRAM(leak_receive, 0, PLAIN, "a receiver that waits for ever is reported")                  \
    PROGRAM(leak_receive_fixed, 0, PLAIN, "the same with a `done` channel")                        \
    PROGRAM(leak_send, 0, PLAIN, "a sender that waits for ever is reported")                       \
    PROGRAM(leak_send_fixed, 0, PLAIN, "the same with a `done` channel")                           \
    HEADING("The or-channel")                                                                      \
    PROGRAM(or_channel, 0, PLAIN, "joins done channels with a tree of selects")                    \
    PROGRAM(or_channel_group, 0, PLAIN, "the same as a call of the library")                       \
    HEADING("Error handling")                                                                      \
    PROGRAM(errors_printed, 0, SITE, "the task prints its errors: nobody can act on them")         \
    PROGRAM(errors_returned, 0, SITE, "errors are values, sent with the results")                  \
    PROGRAM(errors_limit, 0, SITE, "the consumer gives up after three errors")                     \
    PROGRAM(errors_limit_group, 0, SITE, "the same as a map, stopped by its group")                \
    PROGRAM(errors_outside, 0, PLAIN, "how who reads learns that a group has failed")              \
    HEADING("Pipelines")                                                                           \
    PROGRAM(pipeline_batch, 0, PLAIN, "stages that are functions of lists")                        \
    PROGRAM(pipeline_functions, 0, PLAIN, "stages that are functions of values")                   \
    PROGRAM(pipeline_channels, 0, PLAIN, "stages that are tasks between channels")                 \
    PROGRAM(pipeline_group, 0, PLAIN, "the same with a group instead of `done`")                   \
    PROGRAM(pipeline_stages, 0, PLAIN, "stages as values, composed, and run in three ways")        \
    HEADING("Some handy generators")                                                               \
    PROGRAM(repeat_take, 0, PLAIN, "an endless generator, and the first ten of it")                \
    PROGRAM(repeat_fn, 0, PLAIN, "a generator that calls a function")                              \
    PROGRAM(to_string, 0, PLAIN, "a stream of anything, asserted to be strings")                   \
    PROGRAM(generators_group, 0, PLAIN, "the three as calls of the library")                       \
    PROGRAM(generic_typed, 0, REAL, "what generic stages cost")                                    \
    HEADING("Fan-out, fan-in")                                                                     \
    PROGRAM(fan_out, 0, REAL, "a prime finder for each worker, their results merged")              \
    PROGRAM(fan_out_group, 0, REAL, "the same with stages of the library")                         \
    HEADING("The or-done-channel")                                                                 \
    PROGRAM(or_done, 0, PLAIN, "a range loop that `done` ends")                                    \
    PROGRAM(or_done_group, 0, PLAIN, "the same as a call of the library")                          \
    HEADING("The tee-channel")                                                                     \
    PROGRAM(tee, 0, PLAIN, "each value to two outputs; nil channels in a select")                  \
    PROGRAM(tee_group, 0, PLAIN, "the same as a call of the library")                              \
    HEADING("The bridge-channel")                                                                  \
    PROGRAM(bridge, 0, PLAIN, "a channel of channels becomes one")                                 \
    PROGRAM(bridge_group, 0, PLAIN, "the same as a call of the library")                           \
    HEADING("Queuing")                                                                             \
    PROGRAM(queuing_pipeline, 0, PLAIN, "a queue does not make a pipeline faster")                 \
    PROGRAM(queuing_pipeline_group, 0, PLAIN, "the same with stages of the library")               \
    PROGRAM(queuing_writes, 0, REAL, "a queue helps where batches are cheaper")                    \
    PROGRAM(queuing_feedback, 0, PLAIN, "a queue at the entrance stops a death spiral")            \
    PROGRAM(little_queue, 0, PLAIN, "Little's law on a queue at work")                             \
    PROGRAM(little, 0, PLAIN, "the same on two live pipelines, the book's sums")                   \
    HEADING("The context package")                                                                 \
    PROGRAM(context_done, 0, PLAIN, "greetings that a `done` channel can stop")                    \
    PROGRAM(context_timeout, 0, PLAIN, "the same with a timeout for one of them")                  \
    PROGRAM(context_deadline, 0, PLAIN, "the same, failing before the time is lost")               \
    PROGRAM(context_group, 0, PLAIN, "the same with groups, which carry the context")              \
    PROGRAM(context_values, 0, PLAIN, "values that travel with a request")                         \
    PROGRAM(context_keys, 0, PLAIN, "keys that no other module has")                               \
    HEADING("Error propagation")                                                                   \
    PROGRAM(error_propagation, 0, PLAIN, "an error is wrapped at the boundary, or a bug")          \
    HEADING("Timeouts and cancellation")                                                           \
    PROGRAM(timeouts, 0, PLAIN, "how long a stage outlives its deadline")                          \
    PROGRAM(timeouts_duplicates, 0, PLAIN, "who may hand in a result that two have")               \
    HEADING("Heartbeats")                                                                          \
    PROGRAM(heartbeat_interval, 0, PLAIN, "a pulse every second tells silence from death")         \
    PROGRAM(heartbeat_misbehaving, 0, PLAIN, "the same with a worker that dies")                   \
    PROGRAM(heartbeat_unit, 0, PLAIN, "a pulse for each unit of work")                             \
    PROGRAM(heartbeat_testing, 0, PLAIN, "a test that waits for a pulse instead of guessing")      \
    HEADING("Replicated requests")                                                                 \
    PROGRAM(replicated_requests, 0, PLAIN, "ten tasks race, the first answer wins")                \
    HEADING("Rate limiting")                                                                       \
    PROGRAM(rate_limit_none, 0, PLAIN, "an API that serves all at once")                           \
    PROGRAM(rate_limit_simple, 0, PLAIN, "one request a second")                                   \
    PROGRAM(rate_limit_multi, 0, PLAIN, "limits for a second and for a minute")                    \
    PROGRAM(rate_limit_tiered, 0, PLAIN, "further ones for the disk and the network")              \
    HEADING("Healing unhealthy goroutines")                                                        \
    PROGRAM(steward, 0, PLAIN, "starts a ward again that does not beat")                           \
    PROGRAM(steward_ward, 0, PLAIN, "a ward with parameters and results")

#endif
