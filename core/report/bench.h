/* SPDX-License-Identifier: MIT
 * A comparison of the start methods, the engine's own threads and one thread, over one table: the measurements, and
 * their report as text, as JSON and as a verdict. Plain data, filled in by core/observer/bench_run.c. */
#ifndef REPORT_BENCH_H
#define REPORT_BENCH_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/event/event.h"

enum { BENCH_ROUNDS_MAX = 100, BENCH_ROWS_MAX = 6, BENCH_GROWTH_MAX = 8 };

struct bench_stat {
    double v[BENCH_ROUNDS_MAX];
    int n;
}; /* one value for each round, in rising order */

enum bench_state { BENCH_WAITING, BENCH_MEASURED, BENCH_HUNG, BENCH_FAILED };
extern const char *const bench_state_names[];

/* One of the ways to run the queries that are compared. */
struct bench_row {
    const char *name;             /* "fork", "fork, reinit", … static */
    const char *method, *at_fork; /* of the runs that measure it; static */
    bool is_pool;
    enum bench_state state; /* once it has hung or failed, it is not tried again */
    struct bench_stat stats[MEASURES];
    struct finding finding; /* owned; why it hung */
    char *why;              /* owned; why it failed, or NULL */
};

struct bench_growth {
    double mib;
    struct bench_stat fork, spawn;
};

struct bench {
    char *path; /* owned; as the user wrote it */
    int64_t table_rows;
    size_t codes; /* 0: the whole table */
    int workers, threads, rounds;
    struct bench_row rows[BENCH_ROWS_MAX];
    int nrows;
    struct bench_growth growth[BENCH_GROWTH_MAX];
    int ngrowth;       /* by MiB, rising */
    int done, steps;   /* runs */
    const char *doing; /* name of what is being measured; NULL: nothing */
    bool over, cancelled;
    char *problem; /* owned; why it could not be done, or NULL */
    bool internal; /* the problem is that poolscope failed, not the table */
};

void bench_done(struct bench *b);
void bench_stat_add(struct bench_stat *s, double value);
double bench_min(const struct bench_stat *s); /* these three return 0 if nothing was measured */
double bench_median(const struct bench_stat *s);
double bench_spread(const struct bench_stat *s); /* (largest - smallest) / median */

/* The first row of a method that was measured, or NULL. */
const struct bench_row *bench_find(const struct bench *b, const char *method);

/* Sentences, one a line: what is faster and why, what hangs, how fork slows down with the memory of its parent. */
enum err bench_verdict(const struct bench *b, struct buf *out) MUST_CHECK;

/* The whole report, in lines of at most `width` columns (at least 80): the verdict, tables, plots. Cells that have not
 * been measured yet are blank. */
enum err bench_text(const struct bench *b, int width, struct buf *out) MUST_CHECK;

/* One object, schema "poolscope.bench/1", ends with a newline. */
enum err bench_json(const struct bench *b, struct buf *out) MUST_CHECK;

/* A duration in words: "41 µs", "0.52 ms", "3.9 s". Returns out. */
char *bench_seconds(double seconds, char out[24]);

#endif
