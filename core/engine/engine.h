/* SPDX-License-Identifier: MIT
 * The multi-threaded table engine. It starts its threads on first use and keeps them until it is freed. A query puts
 * its parts on a queue and waits on a latch until the threads have done all of them. The engine does not check whether
 * it is in a forked child: there the queue is a copy, and no thread takes parts from it. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/table/table.h"

struct engine; /* opaque; one thread makes it, calls it, frees it and forks */

enum at_fork {
    AT_FORK_NONE,   /* like Polars: the child has a copy of the engine without its threads */
    AT_FORK_REINIT, /* by pthread_atfork(3) the child has an engine whose threads are not started yet */
    AT_FORK_WARN    /* like none, but the pool warns before it forks */
};
extern const char *const at_fork_names[];
enum err at_fork_from_name(const char *name, enum at_fork *out) MUST_CHECK;

struct engine_options {
    int threads; /* 1: no threads, parts run in the calling thread; at most ENGINE_THREADS_MAX */
    enum at_fork at_fork;
};
enum { ENGINE_THREADS_MAX = 1024 };

/* The number of CPUs that this process may use (sched_getaffinity(2)), at least 1. */
int engine_usable_cpus(void);

/* Starts no thread yet. */
enum err engine_new(const struct engine_options *options, struct engine **out) MUST_CHECK;

/* Ends and joins the threads; the engine must be idle. Must not be called in a forked child if the parent had started
 * the threads, because they cannot be joined there; end such a child with _exit(2), as a worker does. */
void engine_free(struct engine *e);

int engine_threads(const struct engine *e);                                    /* the setting */
enum err engine_set_at_fork(struct engine *e, enum at_fork policy) MUST_CHECK; /* ERR_NOMEM: it is AT_FORK_NONE now */
enum at_fork engine_at_fork(const struct engine *e);

/* Runs part(arg, i) for each i < parts on the engine's threads, and waits for all of them. Returns the error of the
 * first i that failed, or OK; ERR_NOMEM if threads cannot be started. Parts must not call the engine. After it has
 * returned, no thread of the engine holds or takes a lock until the next call, so that a fork copies free locks. */
enum err engine_each(struct engine *e, size_t parts, enum err (*part)(void *arg, size_t i), void *arg) MUST_CHECK;

/* table_load on the engine's threads. */
enum err engine_load(struct engine *e, int fd, const struct table_options *options, struct table **out,
                     struct problem *problem) MUST_CHECK;

/* Finds the rows whose key is `code`, byte for byte. `out` must be empty, and is empty on error; the caller frees it.
 */
enum err engine_filter(struct engine *e, const struct table *t, const char *code, size_t len, struct rows *out)
    MUST_CHECK;

/* Returns all rows, after reading them, so that a changed file is noticed (ERR_CHANGED). */
enum err engine_scan(struct engine *e, const struct table *t, struct rows *out) MUST_CHECK;

#endif
