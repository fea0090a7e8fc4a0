/* SPDX-License-Identifier: MIT */
/*
 * load: the client side of the echo benchmark, the same for all servers, so that only they differ.
 *
 *     bench-load NAME n connections -- SERVER [ARGUMENT ...]
 *
 * Starts the server, whose first line of output must be "<port> <workers>", opens the connections
 * to it on loopback, sends n messages of 64 bytes and checks that each comes back, one at a time on
 * a connection. It is one thread with one epoll; with a single connection, one that waits in recv.
 * Then it kills the server and prints the line of JSON that run.py reads:
 *
 *     ns_per_op     time for a message, over all connections
 *     cpu_ns        CPU time of the server for a message
 *     p50_us        the median round trip, with a single connection
 *     conn_bytes    the server's memory for a connection that is idle after its messages
 *     check         the sum of the numbers of the messages that came back as they were sent
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64 };

typedef struct server {
    pid_t pid;
    clockid_t cpu;
    unsigned port, workers;
} server;

typedef struct conn {
    int fd;
    size_t got; /* bytes of the echo so far */
    int64_t number;
    unsigned char sent[SIZE], echo[SIZE];
} conn;

static int64_t next_number, check;

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
    exit(1);
}

static int64_t now(clockid_t clock)
{
    struct timespec t;
    must(clock_gettime(clock, &t) == 0, "clock_gettime");
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The child inherits all the descriptors it may have, and dies with this process. */
static server start_server(char **command)
{
    server s = { 0 };
    int out[2];
    must(pipe(out) == 0, "pipe");
    s.pid = fork();
    must(s.pid >= 0, "fork");
    if (s.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(out[1]);
    FILE *line = fdopen(out[0], "r");
    must(line && fscanf(line, "%u %u", &s.port, &s.workers) == 2, "the server's first line");
    must((errno = clock_getcpuclockid(s.pid, &s.cpu)) == 0, "the server's CPU clock");
    return s; /* line stays open, so that the server can go on writing */
}

static int64_t resident_bytes(pid_t pid)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "r");
    must(f && fscanf(f, "%*d %ld", &pages) == 1, path);
    fclose(f);
    return pages * (int64_t)sysconf(_SC_PAGESIZE);
}

static int dial(unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0, "TCP_NODELAY");
    return fd;
}

static void send_next(conn *c)
{
    c->number = ++next_number;
    c->got = 0;
    for (int i = 0; i < SIZE; i += 8) {
        int64_t word = c->number * (i + 1);
        memcpy(c->sent + i, &word, 8);
    }
    must(send(c->fd, c->sent, SIZE, MSG_NOSIGNAL) == SIZE, "send");
}

/* Receives what is there, waiting if nothing is. Returns whether the message is back in full. */
static int receive(conn *c)
{
    ssize_t n = recv(c->fd, c->echo + c->got, SIZE - c->got, 0);
    must(n > 0, "recv");
    c->got += (size_t)n;
    if (c->got < SIZE)
        return 0;
    if (memcmp(c->sent, c->echo, SIZE) == 0)
        check += c->number;
    return 1;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* n messages on one connection. Returns the median round trip. */
static int64_t one_by_one(conn *c, int64_t n)
{
    int64_t *trips = malloc((size_t)n * sizeof *trips), median;
    must(trips != NULL, "memory");
    for (int64_t i = 0; i < n; i++) {
        int64_t start = now(CLOCK_MONOTONIC);
        send_next(c);
        while (!receive(c))
            ;
        trips[i] = now(CLOCK_MONOTONIC) - start;
    }
    qsort(trips, (size_t)n, sizeof *trips, by_value);
    median = trips[n / 2];
    free(trips);
    return median;
}

/* n messages on all connections, at most one under way on each. */
static void all_at_once(conn *conns, int count, int epoll, int64_t n)
{
    struct epoll_event events[64];
    int64_t left = n;
    int64_t back = 0;
    for (int i = 0; i < count && left > 0; i++, left--)
        send_next(&conns[i]);
    while (back < n) {
        int ready = epoll_wait(epoll, events, 64, -1);
        must(ready >= 0, "epoll_wait");
        for (int i = 0; i < ready; i++) {
            conn *c = events[i].data.ptr;
            if (!receive(c))
                continue;
            back++;
            if (left > 0) {
                left--;
                send_next(c);
            }
        }
    }
}

/* Opens the connections, and adds them to an epoll of its own, which it returns. */
static int open_all(conn *conns, int count, unsigned port)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0, "epoll_create1");
    for (int i = 0; i < count; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &conns[i] };
        conns[i].fd = dial(port);
        must(epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &event) == 0, "epoll_ctl");
    }
    return epoll;
}

static void run(const char *name, int64_t n, int count, char **command)
{
    server s = start_server(command);
    conn first = { .fd = dial(s.port) }, *conns = calloc((size_t)count, sizeof *conns);
    must(conns != NULL, "memory");
    one_by_one(&first, 10); /* what the server makes once is not counted below */
    int64_t before = resident_bytes(s.pid), p50 = 0;
    int epoll = open_all(conns, count, s.port);

    all_at_once(conns, count, epoll, n / 10 > count ? n / 10 : count);
    next_number = check = 0;
    int64_t cpu = now(s.cpu), start = now(CLOCK_MONOTONIC);
    if (count == 1)
        p50 = one_by_one(conns, n);
    else
        all_at_once(conns, count, epoll, n);
    int64_t elapsed = now(CLOCK_MONOTONIC) - start;
    cpu = now(s.cpu) - cpu;
    usleep(100 * 1000); /* the last ones become idle */
    int64_t memory = resident_bytes(s.pid) - before;

    must(kill(s.pid, SIGKILL) == 0 && waitpid(s.pid, NULL, 0) == s.pid, "the server's end");
    printf("{\"bench\":\"%s\",\"n\":%" PRId64 ",\"capacity\":%d,\"workers\":%u,\"ns_per_op\":%.3f,"
           "\"cpu_ns\":%.3f,\"p50_us\":%.3f,\"conn_bytes\":%.3f,\"check\":%" PRId64 "}\n",
           name, n, count, s.workers, (double)elapsed / (double)n, (double)cpu / (double)n,
           (double)p50 / 1e3, (double)memory / count, check);
}

int main(int argc, char **argv)
{
    int64_t n = argc > 5 ? strtoll(argv[2], NULL, 10) : 0;
    int count = argc > 5 ? atoi(argv[3]) : 0;
    struct rlimit files;
    if (n < 1 || count < 1 || strcmp(argv[4], "--") != 0) {
        fprintf(stderr, "usage: bench-load NAME n connections -- SERVER [ARGUMENT ...]\n");
        return 2;
    }
    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
    files.rlim_cur = files.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
    run(argv[1], n, count, argv + 5);
    return 0;
}
