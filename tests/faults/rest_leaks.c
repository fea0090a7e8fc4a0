/* SPDX-License-Identifier: MIT */
/* A part of rest.c: the check for leaked tasks finds one, beside one that is none. */
#include <runnel.h>

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rest.h"

static int forgotten(rn_group *g)
{
    rn_chan(int) c = rn_make(g, int, 0);
    int v;
    return c ? rn_recv(c, &v) : -ENOMEM;
}
RN_TASK(forgotten, rn_group *);

static int listener(int fd)
{
    int ready = rn_fd_wait(fd, RN_READABLE, RN_FOREVER);
    close(fd);
    return ready < 0 ? ready : 0;
}
RN_TASK(listener, int);

int rest_leaks(rn_group *g, void *arg)
{
    (void)arg;
    int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    rn_go(g, forgotten, g);
    if (rn_go(g, listener, fd) != 0)
        close(fd);
    int rc = 0, leaked = 0;
    for (int i = 0; rc == 0 && leaked == 0 && i < 200; i++) { /* until both wait */
        rc = rn_sleep(5 * RN_MILLISECOND);
        leaked = rc ? rc : rn_verify_none();
    }
    rn_group_cancel(g, 0); /* ends the waits of both */
    if (leaked >= 0)
        printf("leaked %d\n", leaked);
    return leaked < 0 ? leaked : 0;
}
