/* SPDX-License-Identifier: MIT */
/* `runnel tour`: the programs of examples/, which are linked into the command, by name. */
#ifndef APP_TOUR_H
#define APP_TOUR_H

/* argv[0] is "tour". Returns the exit status, which is the program's if one is run. */
int tour_main(int argc, char **argv);

#endif
