/* SPDX-License-Identifier: MIT */
/* kit: once */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "kit/kit.h"

enum { PIPE_BYTES = 4096, TEXT_BYTES = 64 * 1024 };

static char text[TEXT_BYTES], got[TEXT_BYTES];
static int ends[2];
static _Atomic(int) handled;

static void on_signal(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

static void *sayer(void *unused)
{
    (void)unused;
    rni_say(ends[1], text, sizeof text);
    close(ends[1]);
    return NULL;
}

/* The pipe is small, so the write waits most of the time, and each signal cuts it short. */
TEST(say_is_whole_in_spite_of_signals)
{
    struct sigaction sa = { .sa_handler = on_signal }; /* no SA_RESTART */
    pthread_t t;
    size_t n = 0;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) >= 0);
    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
    CHECK(pthread_create(&t, NULL, sayer, NULL) == 0);
    for (;;) {
        if (n < sizeof text)
            pthread_kill(t, SIGUSR1);
        usleep(200);
        ssize_t r = read(ends[0], got + n, sizeof got - n < 1000 ? sizeof got - n : 1000);
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    pthread_join(t, NULL);
    close(ends[0]);
    CHECK(n == sizeof text);
    CHECK(memcmp(text, got, sizeof text) == 0);
    CHECK(atomic_load(&handled) > 0);
}

TEST(say_waits_for_room_in_a_pipe_that_does_not_block)
{
    pthread_t t;
    size_t n = 0;
    ssize_t r;
    memset(text, 'x', sizeof text);
    CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES) >= 0);
    CHECK(fcntl(ends[0], F_SETFL, 0) == 0);
    CHECK(pthread_create(&t, NULL, sayer, NULL) == 0);
    usleep(50 * 1000); /* it is full by then */
    while ((r = read(ends[0], got, sizeof got)) > 0)
        n += (size_t)r;
    pthread_join(t, NULL);
    close(ends[0]);
    CHECK(n == sizeof text);
}

TEST(say_gives_up_when_the_descriptor_refuses)
{
    errno = 7;
    rni_say(-1, "x", 1);
    CHECK(errno == 7);
}
