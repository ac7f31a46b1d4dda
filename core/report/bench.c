/* SPDX-License-Identifier: MIT
 * The numbers of a comparison, and its verdict: each sentence follows from the measurements. */
#include "core/report/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

const char *const bench_state_names[] = {"waiting", "measured", "hung", "failed", NULL};

void bench_done(struct bench *b)
{
    for (int i = 0; i < b->nrows; i++) {
        finding_done(&b->rows[i].finding);
        free(b->rows[i].why);
    }
    free(b->path);
    free(b->problem);
    *b = (struct bench){0};
}

void bench_stat_add(struct bench_stat *s, double value)
{
    int at = s->n;
    if (s->n == BENCH_ROUNDS_MAX)
        return;
    for (; at > 0 && s->v[at - 1] > value; at--)
        s->v[at] = s->v[at - 1];
    s->v[at] = value;
    s->n++;
}

double bench_min(const struct bench_stat *s)
{
    return s->n ? s->v[0] : 0;
}

double bench_median(const struct bench_stat *s)
{
    return s->n ? (s->v[(s->n - 1) / 2] + s->v[s->n / 2]) / 2 : 0;
}

double bench_spread(const struct bench_stat *s)
{
    double median = bench_median(s);
    return median > 0 ? (s->v[s->n - 1] - s->v[0]) / median : 0;
}

const struct bench_row *bench_find(const struct bench *b, const char *method)
{
    for (int i = 0; i < b->nrows; i++)
        if (strcmp(b->rows[i].method, method) == 0 && b->rows[i].stats[MEASURE_TOTAL].n)
            return &b->rows[i];
    return NULL;
}

char *bench_seconds(double seconds, char out[24])
{
    if (seconds < 1e-3)
        snprintf(out, 24, "%.*f µs", seconds < 1e-5 ? 1 : 0, seconds * 1e6);
    else if (seconds < 1)
        snprintf(out, 24, "%.*f ms", seconds < 1e-2 ? 2 : seconds < 0.1 ? 1 : 0, seconds * 1e3);
    else
        snprintf(out, 24, "%.*f s", seconds < 10 ? 2 : 1, seconds);
    return out;
}

static double median_of(const struct bench_row *r, enum measure what)
{
    return r ? bench_median(&r->stats[what]) : 0;
}

/* A ratio of at least 1. */
static char *times(double ratio, char out[32])
{
    snprintf(out, 32, ratio < 10 ? "%.1f" : "%.0f", ratio);
    return out;
}

/* Whether all rounds of one were faster than all of the other. Only then one may be called faster. */
static bool differ(const struct bench_row *x, const struct bench_row *y, enum measure what)
{
    const struct bench_stat *a = &x->stats[what], *b = &y->stats[what];
    return a->n > 0 && b->n > 0 && (a->v[a->n - 1] < b->v[0] || b->v[b->n - 1] < a->v[0]);
}

static const struct bench_row *fastest_pool(const struct bench *b)
{
    const struct bench_row *best = NULL;
    for (int i = 0; i < b->nrows; i++) {
        const struct bench_row *r = &b->rows[i];
        if (r->is_pool && median_of(r, MEASURE_TOTAL) > 0 &&
            (!best || median_of(r, MEASURE_TOTAL) < median_of(best, MEASURE_TOTAL)))
            best = r;
    }
    return best;
}

/* What else than the queries a pool needs its time for. */
static void add_why_slower(const struct bench_row *pool, const struct bench_row *engine, struct buf *out)
{
    char start[24], total[24], noop[24], query[24], ratio[32];
    double startup = median_of(pool, MEASURE_FIRST) - median_of(pool, MEASURE_TRIP),
           rate = median_of(pool, MEASURE_RATE);
    double warm = median_of(engine, MEASURE_RATE) > 0 ? rate / median_of(engine, MEASURE_RATE) : 0;
    if (startup > 0.5 * (median_of(pool, MEASURE_TOTAL) - median_of(engine, MEASURE_TOTAL)))
        buf_addf(out, ", because starting the pool and its first worker takes %s of its %s",
                 bench_seconds(startup, start), bench_seconds(median_of(pool, MEASURE_TOTAL), total));
    else
        buf_addf(out, ", because a query takes %s in a worker and %s on the engine's threads",
                 bench_seconds(median_of(pool, MEASURE_TRIP), query),
                 bench_seconds(median_of(engine, MEASURE_TRIP), noop));
    buf_add_text(out, ".");
    if (!differ(pool, engine, MEASURE_RATE))
        buf_add_text(out, " Once its workers have started, it is about as fast.");
    else if (warm > 1)
        buf_addf(out,
                 " Once its workers have started, it does %s times as many tasks a second as the engine's threads.",
                 times(warm, ratio));
    else if (warm > 0)
        buf_addf(out, " Even once its workers have started, it does %s times fewer tasks a second.",
                 times(1 / warm, ratio));
}

static void add_pool(const struct bench *b, struct buf *out)
{
    char ratio[32];
    const struct bench_row *pool = fastest_pool(b), *engine = bench_find(b, "engine");
    if (!pool || !engine)
        return;
    double slower = median_of(pool, MEASURE_TOTAL) / median_of(engine, MEASURE_TOTAL);
    buf_addf(out, "On this machine, for %zu task%s: the fastest pool (%s) ", b->codes ? b->codes : 1,
             b->codes > 1 ? "s" : "", pool->name);
    if (!differ(pool, engine, MEASURE_TOTAL)) {
        buf_addf(out, "is about as fast as the engine's own %d thread%s: they differ less than their rounds do.",
                 b->threads, b->threads == 1 ? "" : "s");
    } else if (slower > 1) {
        buf_addf(out, "is %s times slower than the engine's own %d thread%s", times(slower, ratio), b->threads,
                 b->threads == 1 ? "" : "s");
        add_why_slower(pool, engine, out);
    } else {
        buf_addf(out, "is %s times faster than the engine's own %d thread%s: its %d %s whole tasks in parallel.",
                 times(1 / slower, ratio), b->threads, b->threads == 1 ? "" : "s", b->workers,
                 b->workers == 1 ? "worker runs" : "workers run");
    }
    buf_add_char(out, '\n');
}

static void add_threads(const struct bench *b, struct buf *out)
{
    char ratio[32], query[24];
    const struct bench_row *engine = bench_find(b, "engine"), *one = bench_find(b, "inline");
    if (!engine || !one || b->threads < 2)
        return;
    double faster = median_of(one, MEASURE_TRIP) / median_of(engine, MEASURE_TRIP);
    if (!differ(one, engine, MEASURE_TRIP))
        buf_addf(out, "%d engine threads are about as fast as one.\n", b->threads);
    else if (faster > 1)
        buf_addf(out, "%d engine threads answer a query %s times faster than one.\n", b->threads, times(faster, ratio));
    else
        buf_addf(out,
                 "%d engine threads are %s times slower than one: a query takes only %s, less than it takes to wake "
                 "them.\n",
                 b->threads, times(1 / faster, ratio), bench_seconds(median_of(one, MEASURE_TRIP), query));
}

static void add_hung(const struct bench *b, struct buf *out)
{
    for (int i = 0; i < b->nrows; i++) {
        const struct bench_row *r = &b->rows[i];
        if (r->state == BENCH_HUNG) {
            buf_addf(out, "%s hangs, %s (%s): ", r->name, certainty_names[r->finding.certainty],
                     r->finding.rule ? r->finding.rule : "?");
            if (r->finding.summary && text_add_safe(out, r->finding.summary, strlen(r->finding.summary)))
                return;
            buf_add_text(out, ".");
            if (strcmp(r->method, "fork") == 0 && bench_find(b, "fork"))
                buf_add_text(out,
                             " Its numbers are from --at-fork reinit, where each child starts an engine of its own;"
                             " one engine thread (-t 1) would help as well.");
            buf_add_char(out, '\n');
        } else if (r->state == BENCH_FAILED) {
            buf_addf(out, "%s could not be measured: ", r->name);
            if (r->why && text_add_safe(out, r->why, strlen(r->why)))
                return;
            buf_add_text(out, "\n");
        }
    }
}

static void add_growth(const struct bench *b, struct buf *out)
{
    char words[24], before[24], size[24];
    if (b->ngrowth < 2)
        return;
    const struct bench_growth *first = &b->growth[0], *last = &b->growth[b->ngrowth - 1];
    double now = bench_median(&last->spawn), once = bench_median(&first->spawn);
    buf_addf(out, "If its parent has %s more memory, fork takes %s instead of %s to its first result; spawn ",
             text_bytes(last->mib * 1048576, size), bench_seconds(bench_median(&last->fork), words),
             bench_seconds(bench_median(&first->fork), before));
    if (now > 0.7 * once && now < 1.4 * once)
        buf_addf(out, "stays at about %s.\n", bench_seconds(once, words));
    else
        buf_addf(out, "takes %s instead of %s.\n", bench_seconds(now, words), bench_seconds(once, before));
}

enum err bench_verdict(const struct bench *b, struct buf *out)
{
    add_pool(b, out);
    add_threads(b, out);
    add_hung(b, out);
    add_growth(b, out);
    return out->err;
}
