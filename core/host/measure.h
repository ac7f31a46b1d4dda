/* SPDX-License-Identifier: MIT
 * Measuring, in the host: one round over some codes, by a pool of some start method or by the engine alone. Blocks
 * until it is done, or until `control` is readable. What it finds is told as EVENT_MEASURED; for the pool's room
 * only. */
#ifndef HOST_MEASURE_H
#define HOST_MEASURE_H

#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/event/request.h"
#include "core/pool/pool.h"

struct measure_job {
    const struct request *request; /* run, method, workers, whole */
    const struct texts *codes;     /* none: the whole table */
    struct engine *engine;
    const struct table *table;
    struct forkserver *forkserver;
    int control;
    void (*emit)(void *ctx, struct event *e); /* takes the event */
    void *ctx;
};

/* ERR_AGAIN: somebody wants something else. All else comes with words. */
enum err measure_round(const struct measure_job *job, struct problem *problem) MUST_CHECK;

/* pool_measure_memory.c: of a process, in KiB; -1: nobody can say. */
struct worker_memory {
    int64_t pss, uss, fds;
};
struct worker_memory measure_memory(pid_t pid);

/* Bytes that are there for the taking; 0: nobody can say. */
int64_t measure_free_memory(void);

#endif
