/* SPDX-License-Identifier: MIT
 * A comparison of the start methods, the engine's own threads and one thread, over one table: what was measured, and
 * how it reads as text, as JSON and as a verdict. Plain data; whoever measures fills it in. */
#ifndef REPORT_BENCH_H
#define REPORT_BENCH_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/event/event.h"

enum { BENCH_ROUNDS_MAX = 100, BENCH_ROWS_MAX = 6, BENCH_GROWTH_MAX = 8 };

struct bench_stat {
    double v[BENCH_ROUNDS_MAX];
    int n;
}; /* one of each round; rising */

enum bench_state { BENCH_WAITING, BENCH_MEASURED, BENCH_HUNG, BENCH_FAILED };
extern const char *const bench_state_names[];

/* One of those that are compared. */
struct bench_row {
    const char *name;             /* "fork", "fork, reinit", … static */
    const char *method, *at_fork; /* what a run that measures is asked for; static */
    bool is_pool;
    enum bench_state state; /* hung and failed say it of the first time; no more is tried then */
    struct bench_stat stats[MEASURES];
    struct finding finding; /* owned; of a hung one: the proof */
    char *why;              /* owned; of a failed one */
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
    int done, steps;   /* how far it is */
    const char *doing; /* name of what is measured now; NULL: nothing */
    bool over, cancelled;
    char *problem; /* owned; why it could not be done, or NULL */
    bool internal; /* the same: because poolscope failed, not because of the table */
};

void bench_done(struct bench *b);
void bench_stat_add(struct bench_stat *s, double value);
double bench_min(const struct bench_stat *s); /* these three: 0 if nothing was measured */
double bench_median(const struct bench_stat *s);
double bench_spread(const struct bench_stat *s); /* (largest - smallest) / median */

/* The row of a method whose numbers count, or NULL: the first that was measured. */
const struct bench_row *bench_find(const struct bench *b, const char *method);

/* Sentences, one a line: who is faster than whom and why, who hangs, how fork grows. */
enum err bench_verdict(const struct bench *b, struct buf *out) MUST_CHECK;

/* Everything, in lines of at most `width` columns (80 are needed): the verdict, tables, plots. What has not been
 * measured yet is left blank. */
enum err bench_text(const struct bench *b, int width, struct buf *out) MUST_CHECK;

/* One object, schema "poolscope.bench/1", ends with a newline. */
enum err bench_json(const struct bench *b, struct buf *out) MUST_CHECK;

/* For these files: seconds from microseconds on, "41 µs", "0.52 ms", "3.9 s". Returns out. */
char *bench_seconds(double seconds, char out[24]);

#endif
