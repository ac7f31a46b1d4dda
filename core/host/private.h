/* SPDX-License-Identifier: MIT
 * The state of the host process, and what its files share. */
#ifndef HOST_PRIVATE_H
#define HOST_PRIVATE_H

#include "core/event/event.h"
#include "core/event/request.h"
#include "core/pool/pool.h"

enum { HOST_RECORD_MAX = 1 << 30 }; /* bytes of a request or an event */

struct host_process {
    int control, epoll;
    bool over; /* the observer is gone, or cannot be told what happens: the process ends */

    struct engine *engine; /* these three: NULL until a table is loaded */
    struct table *table;
    struct forkserver *forkserver;

    /* The run that is going on, or the last one. */
    int64_t run;
    struct pool *pool;       /* NULL: no pool is running */
    struct request measured; /* of a run that measures, with its codes so far; type 0: none */
    bool measuring;
    bool more;    /* the observer has more codes of this run */
    bool asked;   /* it has been asked for them */
    bool stopped; /* the run did not end by itself */
};

/* emit.c: events to the observer. Each takes the event; the time of a new one is now. An event that cannot be sent ends
 * the process, because all that follow would be misleading without it. */
void host_emit(void *ctx, struct event *e); /* ctx: the struct host_process */
void host_emit_fds(struct host_process *h, struct event *e, const int *fds, int nfds);
void host_note(struct host_process *h, enum note_level level, const char *text);
void host_emit_run(struct host_process *h, enum event_type type, const struct request *r); /* r: of RUN_STARTED */

/* load.c: answers REQUEST_LOAD and REQUEST_TABLE with EVENT_TABLE_LOADED and the fds of the table, or with
 * EVENT_TABLE_FAILED. The fds stay the caller's. */
void host_on_load(struct host_process *h, struct request *r, const int *fds, int nfds);

#endif
