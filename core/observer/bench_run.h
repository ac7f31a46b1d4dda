/* SPDX-License-Identifier: MIT
 * Runs a comparison (core/report/bench.h) in a host and an observer of its own, so that a method that hangs is found to
 * hang, with the proof, and is stopped. Each round measures all methods in turn, so that other load on the machine
 * affects all of them. Used on one thread. It never waits: its caller polls bench_run_fd. */
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
    size_t ncodes; /* 0: the whole table */
};

/* Opens the file and starts the host. The strings of the settings are borrowed until bench_run_free. */
enum err bench_run_new(const struct bench_settings *settings, struct bench_run **out, struct problem *problem)
    MUST_CHECK;
void bench_run_free(struct bench_run *r); /* no process of it is left when it returns */

int bench_run_fd(const struct bench_run *r);

/* Does what can be done now, without waiting. *changed says whether bench_run_result has changed. */
enum err bench_run_step(struct bench_run *r, bool *changed) MUST_CHECK;

/* Ends it, and keeps what was measured. */
void bench_run_cancel(struct bench_run *r);

const struct bench *bench_run_result(const struct bench_run *r); /* complete when `over` is set */

#endif
