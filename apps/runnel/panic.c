/* SPDX-License-Identifier: MIT */
/* A handler for rn_set_panic_handler. It runs on any thread, with other tasks still at work, so it
 * allocates nothing and takes no lock, and no exit handlers run. */
#include "panic.h"
#include "check.h"

#include <runnel.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *text)
{
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

static void on_panic(const char *line)
{
    if (strstr(line, "out of memory")) {
        say("runnel: out of memory\n");
        _Exit(EXIT_ERROR);
    }
    say(line);
    say("\nrunnel: this is a mistake in runnel itself; please report it with these lines\n");
    rn_dump(STDERR_FILENO);
    _Exit(EXIT_PANIC);
}

void panic_catch(void)
{
    rn_set_panic_handler(on_panic);
}
