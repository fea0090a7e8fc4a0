/* SPDX-License-Identifier: MIT */
/* One line, rewritten in place and cut to the terminal's width. It holds only our own words and
 * numbers, nothing from a page. */
#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void show(const char *text, int n)
{
    char line[256];
    struct winsize size;
    int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
    int len = snprintf(line, sizeof line, "\r%.*s\033[K", n < width ? n : width - 1, text);
    /* Best effort: a terminal that is gone ends us by its own signal. */
    if (write(STDERR_FILENO, line, (size_t)len) < 0)
        return;
}

void progress_show(const counts *c)
{
    char text[160];
    int n = snprintf(text, sizeof text,
                     "%zu pages, %zu links, %zu of %zu targets checked, %zu broken, %zu in flight",
                     c->pages, c->links, c->looked_at, c->targets, c->broken, c->running);
    show(text, n);
}

void progress_clear(void)
{
    show("", 0);
}
