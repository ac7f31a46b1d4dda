/* SPDX-License-Identifier: MIT
 * The order of the runs of a comparison, and what each of them has shown. */
#include "core/observer/bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

/* How long to wait for a finding to be proved, in seconds. */
static const double proof_patience = 2.0;

struct bench_run {
    struct bench_settings settings; /* strings borrowed */
    struct observer *observer;
    struct bench bench;
    int round, row; /* of the current run; round == settings.rounds: the growth is measured */
    int64_t runs;   /* started so far */
    bool running;
    double seen; /* clock_now() when a finding was first seen in this run; 0: none */
};

/* In the order in which they are measured. The first one hangs if the engine has threads. */
static const struct {
    const char *name, *method, *at_fork;
    bool is_pool;
} contenders[] = {
    {.name = "fork", .method = "fork", .at_fork = "none", .is_pool = true},
    {.name = "fork, at-fork reinit", .method = "fork", .at_fork = "reinit", .is_pool = true},
    {.name = "spawn", .method = "spawn", .is_pool = true},
    {.name = "forkserver", .method = "forkserver", .is_pool = true},
    {.name = "the engine's threads", .method = "engine"},
    {.name = "one thread", .method = "inline"},
};
static const char growth_name[] = "fork in a growing parent";

static void add_rows(struct bench_run *r)
{
    struct bench *b = &r->bench;
    for (size_t i = 0; i < sizeof contenders / sizeof *contenders; i++) {
        const char *at_fork = contenders[i].at_fork;
        bool needless = r->settings.threads == 1 && at_fork && strcmp(at_fork, "reinit") == 0;
        if (!needless)
            b->rows[b->nrows++] = (struct bench_row){.name = contenders[i].name,
                                                     .method = contenders[i].method,
                                                     .at_fork = at_fork,
                                                     .is_pool = contenders[i].is_pool};
    }
    b->steps = b->nrows * r->settings.rounds + 1;
}

static struct bench_growth *growth_at(struct bench *b, double mib)
{
    if (b->ngrowth > 0 && b->growth[b->ngrowth - 1].mib == mib)
        return &b->growth[b->ngrowth - 1];
    if (b->ngrowth == BENCH_GROWTH_MAX)
        return NULL;
    b->growth[b->ngrowth] = (struct bench_growth){.mib = mib};
    return &b->growth[b->ngrowth++];
}

static void on_measured(void *ctx, const struct event_measured *m)
{
    struct bench_run *r = ctx;
    if (m->run != r->runs || m->what < 0 || m->what >= MEASURES)
        return;
    if (r->round < r->settings.rounds) {
        bench_stat_add(&r->bench.rows[r->row].stats[m->what], m->value);
        return;
    }
    struct bench_growth *g = growth_at(&r->bench, m->at);
    if (g)
        bench_stat_add(m->what == MEASURE_GROWN_FORK ? &g->fork : &g->spawn, m->value);
}

enum err bench_run_new(const struct bench_settings *settings, struct bench_run **out, struct problem *problem)
{
    struct bench_run *r = calloc(1, sizeof *r);
    if (!r)
        return problem_set(problem, ERR_NOMEM, "out of memory");
    r->settings = *settings;
    r->row = -1;
    r->bench = (struct bench){.path = text_dup(settings->path),
                              .codes = settings->ncodes,
                              .workers = settings->workers,
                              .threads = settings->threads,
                              .rounds = settings->rounds,
                              .table_rows = -1};
    add_rows(r);
    struct observer_options options = {.path = settings->path,
                                       .key = settings->key,
                                       .dtypes = settings->dtypes,
                                       .ndtypes = settings->ndtypes,
                                       .threads = settings->threads,
                                       .forkserver = true,
                                       .hang_after = settings->hang_after,
                                       .on_hang = ON_HANG_REPORT,
                                       .on_measured = on_measured,
                                       .ctx = r};
    enum err err = r->bench.path ? observer_new(&options, &r->observer, problem)
                                 : problem_set(problem, ERR_NOMEM, "out of memory");
    if (!err)
        err = observer_load(r->observer, problem);
    if (err)
        bench_run_free(r);
    else
        *out = r;
    return err;
}

void bench_run_free(struct bench_run *r)
{
    if (!r)
        return;
    observer_free(r->observer);
    bench_done(&r->bench);
    free(r);
}

static enum err end(struct bench_run *r, const char *problem, bool internal)
{
    r->bench.internal = internal;
    r->bench.over = true;
    r->bench.doing = NULL;
    if (!problem || r->bench.problem)
        return OK;
    r->bench.problem = strdup(problem);
    return r->bench.problem ? OK : ERR_NOMEM;
}

/* Goes on to the next row, the next round, or at last the growth. Skips rows that hung or failed. */
static bool go_on(struct bench_run *r)
{
    do {
        if (r->round == r->settings.rounds)
            return false;
        if (++r->row == r->bench.nrows) {
            r->row = 0;
            r->round++;
        }
        r->bench.done = r->round * r->bench.nrows + r->row;
    } while (r->round < r->settings.rounds && r->bench.rows[r->row].state > BENCH_MEASURED);
    return true;
}

static enum err start_next(struct bench_run *r)
{
    if (!go_on(r)) {
        r->bench.done = r->bench.steps;
        return end(r, NULL, false);
    }
    bool growth = r->round == r->settings.rounds;
    const struct bench_row *row = &r->bench.rows[r->row];
    struct run_settings run = {.method = growth ? "growth" : row->method,
                               .measure = true,
                               .workers = r->settings.workers,
                               .threads = r->settings.threads,
                               .at_fork = !growth && row->at_fork ? row->at_fork : "none",
                               .codes = growth ? NULL : r->settings.codes,
                               .ncodes = growth ? 0 : r->settings.ncodes};
    r->bench.doing = growth ? growth_name : row->name;
    r->running = true;
    r->seen = 0;
    r->runs++;
    return observer_run(r->observer, &run);
}

/* Stops a run that hangs as soon as the hang is proved, or when the time for a proof has passed. */
static enum err look_for_hang(struct bench_run *r, const struct model *m)
{
    const struct finding *f = model_worst_finding(m);
    struct bench_row *row = &r->bench.rows[r->row];
    if (!f || r->round == r->settings.rounds || row->state == BENCH_HUNG)
        return OK;
    if (r->seen == 0)
        r->seen = clock_now();
    if (f->certainty != CERTAINTY_PROVED && clock_now() < r->seen + proof_patience)
        return OK;
    row->state = BENCH_HUNG;
    observer_stop(r->observer);
    return finding_copy(f, &row->finding);
}

static const char *last_error(const struct model *m)
{
    for (size_t i = m->nlog; i-- > 0;)
        if (m->log[i].level == NOTE_ERROR && m->log[i].text)
            return m->log[i].text;
    return "it was stopped";
}

static enum err close_run(struct bench_run *r, const struct model *m)
{
    struct bench_row *row = &r->bench.rows[r->row];
    r->running = false;
    if (r->round == r->settings.rounds || row->state == BENCH_HUNG)
        return OK;
    row->state = m->stopped ? BENCH_FAILED : BENCH_MEASURED;
    if (!m->stopped)
        return OK;
    row->why = strdup(last_error(m));
    return row->why ? OK : ERR_NOMEM;
}

enum err bench_run_step(struct bench_run *r, bool *changed)
{
    const struct model *m = observer_model(r->observer);
    int done = r->bench.done;
    bool over = r->bench.over;
    enum err err = over ? OK : observer_step(r->observer, changed);
    *changed = false;
    if (err || over)
        return err;
    if (m->table_error || m->host_died)
        err = end(r, m->table_error ? m->table_error : "the host process died", !m->table_error || m->table_internal);
    else if (m->rows >= 0) {
        r->bench.table_rows = m->rows;
        bool ended = r->running && m->run == r->runs && !model_run_active(m);
        if (ended)
            err = close_run(r, m);
        else if (r->running && m->run == r->runs)
            err = look_for_hang(r, m);
        if (!err && !r->running)
            err = start_next(r);
    }
    *changed = done != r->bench.done || r->bench.over;
    return err;
}

int bench_run_fd(const struct bench_run *r)
{
    return observer_fd(r->observer);
}

void bench_run_cancel(struct bench_run *r)
{
    if (r->bench.over)
        return;
    r->bench.cancelled = r->bench.over = true;
    r->bench.doing = NULL;
    observer_stop(r->observer);
}

const struct bench *bench_run_result(const struct bench_run *r)
{
    return &r->bench;
}
