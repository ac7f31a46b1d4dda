/* SPDX-License-Identifier: MIT
 * Runs the comparison of the start methods alongside the explorer. */
#include "tui/app/comparison.h"

#include <stdlib.h>

#include "core/observer/bench_run.h"

enum { ROUNDS = 5 };

struct comparison {
    struct bench_run *run;
    struct texts codes; /* that were picked when it was started */
};

void comparison_free(struct comparison *c)
{
    if (!c)
        return;
    bench_run_free(c->run);
    texts_done(&c->codes);
    free(c);
}

const struct bench *comparison_result(const struct comparison *c)
{
    return c ? bench_run_result(c->run) : NULL;
}

bool comparison_is_running(const struct app *a)
{
    return a->comparison && !comparison_result(a->comparison)->over;
}

int comparison_fd(const struct comparison *c)
{
    return c && !comparison_result(c)->over ? bench_run_fd(c->run) : -1;
}

enum err comparison_step(struct app *a)
{
    bool changed = false;
    if (!comparison_is_running(a))
        return OK;
    enum err err = bench_run_step(a->comparison->run, &changed);
    a->dirty |= changed;
    if (err && err != ERR_NOMEM) /* its fd may stay readable for ever */
        bench_run_cancel(a->comparison->run);
    if (!err && changed && !comparison_is_running(a))
        app_say(a, ROLE_TEXT, "The comparison has finished; %s shows it", command_key(a->commands, "compare"));
    return err;
}

void comparison_cancel(struct app *a)
{
    bench_run_cancel(a->comparison->run);
    app_say(a, ROLE_TEXT, "The comparison was cancelled; %s shows what was measured so far",
            command_key(a->commands, "compare"));
}

static enum err start(struct app *a, struct comparison *c)
{
    const struct picks *picks = &a->choices.picks;
    struct problem problem = {""};
    enum err err = OK;
    for (size_t i = 0; i < picks->n && !err; i++)
        err = texts_add(&c->codes, picks->v[i].text);
    if (err)
        return err;
    struct bench_settings settings = {.path = a->path,
                                      .key = a->source.key,
                                      .dtypes = a->source.dtypes,
                                      .ndtypes = a->source.ndtypes,
                                      .workers = a->choices.workers,
                                      .threads = a->choices.threads,
                                      .rounds = ROUNDS,
                                      .hang_after = a->source.hang_after,
                                      .codes = (const char *const *)c->codes.v,
                                      .ncodes = c->codes.n};
    if (bench_run_new(&settings, &c->run, &problem))
        app_say(a, ROLE_BAD, "The comparison cannot start: %s", problem.text);
    return OK;
}

enum err comparison_renew(struct app *a)
{
    struct comparison *c = calloc(1, sizeof *c);
    enum err err = c ? start(a, c) : ERR_NOMEM;
    if (err || !c->run) {
        comparison_free(c);
        return err;
    }
    comparison_free(a->comparison);
    a->comparison = c;
    return OK;
}
