/* SPDX-License-Identifier: MIT
 * Many items of work for few workers: each worker sets itself up once (a buffer, a reader) and takes the next item
 * until none is left or one failed. Runs on whatever runs parts: the engine's threads, or none. */
#ifndef TABLE_PARALLEL_FOR_H
#define TABLE_PARALLEL_FOR_H

#include <stddef.h>

#include "core/base/err.h"

/* Runs part(arg, 0 … parts-1), in any order and on any threads, and returns when all are done: the first error, or OK.
 * The engine has one (engine_each); NULL stands for a plain loop. */
struct table_runner {
    enum err (*each)(void *ctx, size_t parts, enum err (*part)(void *arg, size_t i), void *arg);
    void *ctx;
    size_t width; /* how many parts can really run side by side */
};

struct table_loop {
    size_t items;
    void *arg;
    enum err (*begin)(void *arg, void **own);          /* a worker's own things; NULL: it needs none */
    enum err (*item)(void *arg, void *own, size_t i);  /* items are taken in rising order */
    enum err (*end)(void *arg, void *own, enum err e); /* behind each begin that went well, with what came of the
                                                          worker's items; what it returns counts. NULL: no end */
};

/* The error of one failed item (any, if several failed), or OK. Always asks the runner, even for no item at all. */
enum err table_parallel_for(const struct table_loop *loop, const struct table_runner *runner) MUST_CHECK;

#endif
