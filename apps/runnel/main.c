/* SPDX-License-Identifier: MIT */
/* The command `runnel`: picks the verb. Each verb is a file of its own. */
#include "check.h"
#include "descriptors.h"
#include "site.h"
#include "tour.h"

#include <runnel/base.h>

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: runnel COMMAND [OPTIONS]\n"
    "\n"
    "  check       check the links of pages, directories and sites\n"
    "  demo-site   serve the bundled demonstration site on loopback\n"
    "  tour        run the programs of the chapter\n"
    "\n"
    "runnel COMMAND --help tells about one; runnel --version prints the version.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
    { "check", check_main },
    { "demo-site", site_main },
    { "tour", tour_main },
};

int main(int argc, char **argv)
{
    descriptors_fill();
    const char *verb = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 || strcmp(verb, "help") == 0)
        return check_print(usage);
    if (strcmp(verb, "--version") == 0)
        return check_print("runnel " RN_VERSION "\n");
    if (*verb)
        fprintf(stderr, "runnel: there is no command of this name (try runnel --help)\n");
    else
        fputs(usage, stderr);
    return EXIT_ERROR;
}
