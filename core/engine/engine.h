/* SPDX-License-Identifier: MIT
 * The multi-threaded table engine: threads, a queue, a latch. It starts its threads on first use, once per process,
 * and keeps them until it is freed; a query puts its parts on the queue and waits on a latch until they are done.
 * Nothing here asks whether it is in a forked child: there the queue is a copy and nobody serves it. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/table/table.h"

struct engine; /* opaque. One thread makes it, asks it, frees it, and forks; its threads are its own */

enum at_fork {
    AT_FORK_NONE,   /* as Polars: what fork copies is what there is */
    AT_FORK_REINIT, /* pthread_atfork(3): the child begins with an engine that has not started */
    AT_FORK_WARN    /* as none; the pool says so before it forks */
};
extern const char *const at_fork_names[];
enum err at_fork_from_name(const char *name, enum at_fork *out) MUST_CHECK;

struct engine_options {
    int threads; /* 1: no thread at all, parts run inline in the caller; at most ENGINE_THREADS_MAX */
    enum at_fork at_fork;
};
enum { ENGINE_THREADS_MAX = 1024 };

/* Usable CPUs (sched_getaffinity(2)), at least 1. */
int engine_usable_cpus(void);

/* No thread is started yet. */
enum err engine_new(const struct engine_options *options, struct engine **out) MUST_CHECK;

/* Lets the threads end and joins them; the engine must be idle. In a forked child whose parent had started the threads,
 * nothing may be joined: there use _exit(2), as a worker does. */
void engine_free(struct engine *e);

int engine_threads(const struct engine *e);                                    /* the setting */
enum err engine_set_at_fork(struct engine *e, enum at_fork policy) MUST_CHECK; /* ERR_NOMEM: it is AT_FORK_NONE now */
enum at_fork engine_at_fork(const struct engine *e);

/* Runs part(arg, i) for each i < parts on the engine's threads and waits for all: the first error by i, or OK.
 * ERR_NOMEM if threads cannot be started. Parts may not call the engine. When it has returned, no thread of the engine
 * holds a lock or takes one before the next call: a fork then copies free locks and a queue that nobody serves. */
enum err engine_each(struct engine *e, size_t parts, enum err (*part)(void *arg, size_t i), void *arg) MUST_CHECK;

/* table_load on the engine's threads. */
enum err engine_load(struct engine *e, int fd, const struct table_options *options, struct table **out,
                     struct problem *problem) MUST_CHECK;

/* The rows whose key is `code`, byte for byte, over row ranges in parallel. `out` is empty before, and on error;
 * freed by the caller. */
enum err engine_filter(struct engine *e, const struct table *t, const char *code, size_t len, struct rows *out)
    MUST_CHECK;

/* All rows; the parts count them by reading them, so a file that changed is noticed. */
enum err engine_scan(struct engine *e, const struct table *t, struct rows *out) MUST_CHECK;

#endif
