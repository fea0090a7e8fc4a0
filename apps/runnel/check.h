/* SPDX-License-Identifier: MIT */
/* `runnel check`: options, inputs, the run, the report. */
#ifndef APP_CHECK_H
#define APP_CHECK_H

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_BROKEN = 2 };

/* argv[0] is "check". Returns the exit status. */
int check_main(int argc, char **argv);

/* Prints text to stdout. Returns the exit status; what went wrong is told on stderr. */
int check_print(const char *text);

#endif
