/* SPDX-License-Identifier: MIT
 * A parallel loop: a few workers, each with resources of its own (a buffer, a reader), take items until none is left or
 * one failed. A runner runs the workers, on the engine's threads or in the calling thread. */
#ifndef TABLE_PARALLEL_FOR_H
#define TABLE_PARALLEL_FOR_H

#include <stddef.h>

#include "core/base/err.h"

/* `each` runs part(arg, 0 … parts-1), in any order and on any threads, and returns when all are done: the first error,
 * or OK. engine_runner makes one of the engine; NULL in place of a runner is the calling thread. */
struct table_runner {
    enum err (*each)(void *ctx, size_t parts, enum err (*part)(void *arg, size_t i), void *arg);
    void *ctx;
    size_t width; /* how many parts can run at the same time */
};

struct table_loop {
    size_t items;
    void *arg;
    enum err (*begin)(void *arg, void **own);          /* makes the resources of a worker; NULL: none */
    enum err (*item)(void *arg, void *own, size_t i);  /* items are taken in rising order */
    enum err (*end)(void *arg, void *own, enum err e); /* called after each begin that succeeded, with the error of the
                                                          worker's items; returns the final error. NULL: none */
};

/* Returns the error of a failed item (of any, if several failed), or OK. Uses the runner even if there is no item. */
enum err table_parallel_for(const struct table_loop *loop, const struct table_runner *runner) MUST_CHECK;

#endif
