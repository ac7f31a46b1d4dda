/* SPDX-License-Identifier: MIT
 * Measuring, in the host: one round over some codes, by a pool of one start method or by the engine alone. For this
 * room only. */
#ifndef HOST_MEASURE_H
#define HOST_MEASURE_H

#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/event/request.h"
#include "core/pool/pool.h"

struct measure_job {
    const struct request *request; /* run, method, workers, whole */
    const struct texts *codes;     /* empty: the whole table */
    struct engine *engine;
    const struct table *table;
    struct forkserver *forkserver;
    int control;
    void (*emit)(void *ctx, struct event *e); /* takes the event */
    void *ctx;
};

/* Blocks until the round is done, or until `control` is readable: ERR_AGAIN. Results are emitted as EVENT_MEASURED. Any
 * other error comes with a problem. */
enum err measure_round(const struct measure_job *job, struct problem *problem) MUST_CHECK;

/* measure_memory.c: memory of a process in KiB, and its open fds. -1: cannot be read. */
struct worker_memory {
    int64_t pss, uss, fds;
};
struct worker_memory measure_memory(pid_t pid);

/* Bytes of memory that are available; 0: cannot be read. */
int64_t measure_free_memory(void);

#endif
