/* SPDX-License-Identifier: MIT */
/*
 * The raw peer of the echo benchmark: what the system itself allows. Each worker is a thread with
 * an epoll of its own and one buffer for all its connections; the main thread accepts and deals
 * them out in turn. A worker receives once for each event, level-triggered, and sends that back at
 * once; if the system does not take all of it, it waits for that connection, which 64 bytes never
 * need.
 *
 *     bench-echo-epoll [workers]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS_MAX = 64 };

static void must(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

/* Returns whether the connection goes on. */
static int echo(int fd, char *buffer, size_t size)
{
    ssize_t n = recv(fd, buffer, size, MSG_DONTWAIT);
    if (n <= 0)
        return 0;
    for (ssize_t sent = 0, k; sent < n; sent += k) {
        k = send(fd, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (k < 0)
            return 0;
    }
    return 1;
}

static void *work(void *arg)
{
    int epoll = *(int *)arg;
    struct epoll_event events[64];
    char buffer[4096];
    for (;;) {
        int n = epoll_wait(epoll, events, 64, -1);
        must(n >= 0, "epoll_wait");
        for (int i = 0; i < n; i++)
            if (!echo(events[i].data.fd, buffer, sizeof buffer))
                close(events[i].data.fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int workers = argc > 1 ? atoi(argv[1]) : 1, epolls[WORKERS_MAX], one = 1;
    if (workers < 1 || workers > WORKERS_MAX) {
        fprintf(stderr, "usage: bench-echo-epoll [workers]\n");
        return 2;
    }
    for (int i = 0; i < workers; i++) {
        pthread_t thread;
        epolls[i] = epoll_create1(EPOLL_CLOEXEC);
        must(epolls[i] >= 0, "epoll_create1");
        must(pthread_create(&thread, NULL, work, &epolls[i]) == 0, "pthread_create");
    }
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0, "socket");
    must(bind(listener, (struct sockaddr *)&at, size) == 0, "bind");
    must(listen(listener, SOMAXCONN) == 0, "listen");
    must(getsockname(listener, (struct sockaddr *)&at, &size) == 0, "getsockname");
    printf("%u %d\n", ntohs(at.sin_port), workers);
    fflush(stdout);
    for (int next = 0;; next = (next + 1) % workers) {
        struct epoll_event event = { .events = EPOLLIN };
        event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        must(event.data.fd >= 0, "accept");
        setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        must(epoll_ctl(epolls[next], EPOLL_CTL_ADD, event.data.fd, &event) == 0, "epoll_ctl");
    }
}
