/* SPDX-License-Identifier: MIT
 * Measures: a host of its own under an observer of its own, so that a method that hangs is seen to hang, with the
 * proof, and is ended. Rounds go from one to the next of those that are compared, so that what else the machine does
 * falls on all of them. Used on one thread; its caller's poll on bench_run_fd is the one place that waits. */
#ifndef OBSERVER_BENCH_RUN_H
#define OBSERVER_BENCH_RUN_H

#include "core/observer/observer.h"
#include "core/report/bench.h"

struct bench_run; /* opaque */

struct bench_settings {
    const char *path, *key;
    char *const *dtypes;
    size_t ndtypes;
    int workers, threads, rounds; /* 1 … BENCH_ROUNDS_MAX */
    double hang_after;
    const char *const *codes;
    size_t ncodes; /* none: the whole table */
};

/* Opens the file and starts the host; the settings' strings are borrowed until bench_run_free. */
enum err bench_run_new(const struct bench_settings *settings, struct bench_run **out, struct problem *problem)
    MUST_CHECK;
void bench_run_free(struct bench_run *r); /* nothing of it is left when it returns */

int bench_run_fd(const struct bench_run *r);

/* Does what is to be done now, without waiting. *changed: bench_run_result says something else. */
enum err bench_run_step(struct bench_run *r, bool *changed) MUST_CHECK;

/* Ends it; what was measured stays. */
void bench_run_cancel(struct bench_run *r);

const struct bench *bench_run_result(const struct bench_run *r); /* `over` when nothing more comes */

#endif
