/* SPDX-License-Identifier: MIT */
/*
 * What TCP is made of: sockets that never wait, of the system (system_net.c) or, for the tasks of a
 * simulated run, of a network in memory (sim_net.c). tcp.c does the waiting.
 *
 * Unless said otherwise results are 0 or a negative errno value, and errno may change. A socket's
 * descriptor can be waited for as any (core/descriptor.h).
 */
#ifndef RNI_IO_NET_H
#define RNI_IO_NET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

typedef union rni_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} rni_address;

enum { RNI_ADDRESSES_MAX = 16 };

typedef struct rni_addresses {
    unsigned n;
    rni_address list[RNI_ADDRESSES_MAX];
} rni_addresses;

/* Parses a numeric address, NULL: every IPv4 address. 0 or -EINVAL. */
int rni_address_parse(const char *text, unsigned port, rni_address *out);

typedef struct rni_socket {
    int fd;
    struct sim_socket *simulated; /* of sim_net.c; NULL for the system's */
} rni_socket;

typedef struct rni_net {
    /* The addresses of a name; at most RNI_ADDRESSES_MAX. Waits, on a helper thread. -EHOSTUNREACH
     * if there is none. */
    int (*resolve)(const char *host, unsigned port, rni_addresses *out, const char *site);
    /* Opens a listener; *port is the one it got. */
    int (*listen)(const rni_address *at, rni_socket *out, unsigned *port);
    /* Takes a connection; -EAGAIN if there is none yet, when l is not readable either. */
    int (*accept)(const rni_socket *l, rni_socket *out);
    /* Begins to connect. -EINPROGRESS: *out is open, and writable when connected() can tell. */
    int (*connect)(const rni_address *to, rni_socket *out);
    int (*connected)(const rni_socket *s);
    /* Some bytes (0: the end of the stream), or -EAGAIN when s is not readable or writable. */
    int64_t (*read)(const rni_socket *s, void *buf, size_t n);
    int64_t (*write)(const rni_socket *s, const void *buf, size_t n);
    /* Ends what is written, or with `both` everything: whoever waits for s finds it ready. */
    int (*shutdown)(const rni_socket *s, int both);
    void (*close)(const rni_socket *s);
} rni_net;

extern const rni_net rni_system_net, rni_sim_net;

/* Waits as rn_fd_wait_at does, for a descriptor of which a call has just said -EAGAIN: it is not
 * looked at again before (fd.c). */
int rni_fd_wait_more(int fd, unsigned events, int64_t deadline_ns, const char *site);

#endif
