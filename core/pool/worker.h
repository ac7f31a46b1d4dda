/* SPDX-License-Identifier: MIT
 * The worker process. For this room only. */
#ifndef POOL_WORKER_H
#define POOL_WORKER_H

#include "core/engine/engine.h"
#include "core/pool/ring.h"
#include "core/pool/wire.h"
#include "core/table/table.h"

/* A worker's connection to its host. */
struct worker_link {
    int sock; /* for what does not fit into the ring */
    int bell; /* eventfd: wakes the host */
    struct ring_end ring;
    const char *initializer; /* NULL: none */
};

bool worker_has_initializer(const char *name);

/* Sends the host the reason why this worker cannot work; returns the exit status. */
int worker_report_startup_error(const struct worker_link *w, const char *why);

/* Does tasks until told to quit; returns the exit status. */
int worker_serve(struct worker_link *w, struct engine *e, const struct table *t);

/* The same with a new engine of so many threads. */
int worker_serve_with_new_engine(struct worker_link *w, int threads, const struct table *t);

/* Receives the first message of a new program, which must be of this type (otherwise ERR_CANCELLED), and opens the
 * table that comes with it. Further fds are the caller's. */
enum err worker_receive_table(int sock, enum message_type type, struct message *m, int fds[MESSAGE_FDS],
                              struct table **t, struct problem *problem) MUST_CHECK;

#endif
