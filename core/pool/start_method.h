/* SPDX-License-Identifier: MIT
 * A start method: how a worker process comes to be. For this room only. */
#ifndef POOL_START_METHOD_H
#define POOL_START_METHOD_H

#include "core/child/child.h"
#include "core/pool/pool.h"
#include "core/pool/ring.h"

/* What a new worker gets; all borrowed. */
struct worker_spec {
    struct pool *pool;
    int sock;      /* the worker's end */
    int host_sock; /* the host's end: a forked child inherits it, too, and closes it */
    int ring_fd;
    struct ring_end *ring; /* the host's end */
    int64_t ticket;
};

struct worker_handle {
    struct child child;     /* CHILD_NONE: a message of the forkserver will bring it */
    int64_t parent_threads; /* threads of the parent when the worker was started */
};

struct start_method {
    const char *name;
    const char *inherits; /* what a worker has from its parent, in words */
    bool forks;           /* workers are forked and do not exec */
    bool reaps;           /* workers are our children; otherwise the forkserver reports their pids and ends */
    /* Sends what the worker must receive before its first task. NULL: nothing. */
    enum err (*prepare)(const struct worker_spec *spec, struct problem *problem);
    /* Starts the worker. ERR_AGAIN: the socket to the forkserver is full; try again when it has answered.
     * ERR_CLOSED: the forkserver has just ended, which is reported separately. */
    enum err (*launch)(const struct worker_spec *spec, struct worker_handle *out, struct problem *problem);
};

extern const struct start_method start_method_fork, start_method_spawn, start_method_forkserver;

#endif
