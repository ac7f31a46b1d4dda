/* SPDX-License-Identifier: MIT
 * The comparison in the explorer: one key starts it over the picked codes, shows how far it is, and in the end what
 * `poolscope bench` prints. */
#include "tui/commands/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/observer/bench_run.h"
#include "tui/commands/command_list.h"

enum { ROUNDS = 5, TEXT_MAX = 1 << 20 };

struct compare {
    struct bench_run *run;
    struct texts codes; /* as they were picked then */
};

void compare_free(struct compare *c)
{
    if (!c)
        return;
    bench_run_free(c->run);
    texts_done(&c->codes);
    free(c);
}

const struct bench *compare_result(const struct compare *c)
{
    return c ? bench_run_result(c->run) : NULL;
}

bool compare_goes_on(const struct app *a)
{
    return a->compare && !compare_result(a->compare)->over;
}

int compare_fd(const struct compare *c)
{
    return c && !compare_result(c)->over ? bench_run_fd(c->run) : -1;
}

enum err compare_step(struct app *a)
{
    bool changed = false;
    if (!compare_goes_on(a))
        return OK;
    enum err e = bench_run_step(a->compare->run, &changed);
    a->dirty |= changed;
    if (e && e != ERR_NOMEM) /* it would be tried again and again */
        bench_run_cancel(a->compare->run);
    if (!e && changed && !compare_goes_on(a))
        app_say(a, ROLE_TEXT, "The comparison is done; %s shows it", command_key("compare"));
    return e;
}

void compare_cancel(struct app *a)
{
    bench_run_cancel(a->compare->run);
    app_say(a, ROLE_TEXT, "The comparison was cancelled; %s shows what was measured", command_key("compare"));
}

/* --- the pane ----------------------------------------------------------------------------------------------------- */

static void add_progress(struct lines *l, const struct bench *b)
{
    enum { BAR = 30 };
    int filled = b->steps > 0 ? b->done * BAR / b->steps : 0;
    lines_add(l, ROLE_TITLE, "Measuring ");
    for (int i = 0; i < BAR; i++)
        lines_add(l, i < filled ? ROLE_BUSY : ROLE_DIM, i < filled ? "█" : "·");
    lines_addf(l, ROLE_TEXT, " %d of %d  %s  ", b->done, b->steps, b->doing ? b->doing : "loading the table");
    lines_add(l, ROLE_KEY, command_key("stop"));
    lines_add(l, ROLE_DIM, " cancel");
    lines_end(l, (struct subject){0});
}

/* A line of a table or plot is indented, its title is not; what hangs is a warning. */
static enum role role_of(const char *line, size_t len, bool below_words)
{
    if (memmem(line, len, "hung, ", 6) || memmem(line, len, "hangs, ", 7))
        return ROLE_BAD;
    return below_words && len > 0 && line[0] != ' ' ? ROLE_HEAD : ROLE_TEXT;
}

static void add_text(struct lines *l, const char *text)
{
    bool below_words = false;
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        below_words |= strncmp(line, "From nothing", 12) == 0;
        lines_add_bytes(l, role_of(line, len, below_words), line, len);
        lines_end(l, (struct subject){0});
        line += len + (line[len] == '\n');
    }
}

static enum err compare_sync(struct pane *p, const struct view *v)
{
    struct buf text;
    if (!v->bench)
        return OK;
    if (!v->bench->over)
        add_progress(&p->lines, v->bench);
    buf_init(&text, TEXT_MAX);
    enum err e = bench_text(v->bench, p->width - 1, &text);
    if (!e)
        add_text(&p->lines, buf_text(&text));
    buf_done(&text);
    return e;
}

static void compare_status(const struct pane *p, const struct view *v, struct buf *out)
{
    (void)p;
    if (v->bench && !v->bench->over)
        buf_addf(out, "%d of %d", v->bench->done, v->bench->steps);
    else if (v->bench && v->bench->cancelled)
        buf_add_text(out, "cancelled");
}

static const char *const hints[] = {"compare", "stop", "search", "copy", "back", NULL};

const struct pane_ops pane_compare_ops = {
    .name = "comparison", .title = "Comparison", .brief = "Compare", .hints = hints, .sync = compare_sync,
    .status = compare_status,
};

/* --- the command -------------------------------------------------------------------------------------------------- */

static enum err show(struct app *a)
{
    struct pane *p;
    enum err e = pane_new(&pane_compare_ops, &p);
    if (!e)
        app_show(a, p);
    return e;
}

static enum err start(struct app *a, struct compare *c)
{
    const struct picks *picks = &a->choices.picks;
    struct problem problem = {""};
    enum err e = OK;
    for (size_t i = 0; i < picks->n && !e; i++)
        e = texts_add(&c->codes, picks->v[i].text);
    if (e)
        return e;
    struct bench_settings settings = {
        .path = a->path, .key = a->source.key, .dtypes = a->source.dtypes, .ndtypes = a->source.ndtypes,
        .workers = a->choices.workers, .threads = a->choices.threads, .rounds = ROUNDS,
        .hang_after = a->source.hang_after, .codes = (const char *const *)c->codes.v, .ncodes = c->codes.n};
    if (bench_run_new(&settings, &c->run, &problem))
        app_say(a, ROLE_BAD, "Nothing can be measured: %s", problem.text);
    return OK;
}

static enum err renew(struct app *a)
{
    struct compare *c = calloc(1, sizeof *c);
    enum err e = c ? start(a, c) : ERR_NOMEM;
    if (e || !c->run) {
        compare_free(c);
        return e;
    }
    compare_free(a->compare);
    a->compare = c;
    return show(a);
}

/* Shows what there is; measures anew where that is seen already. */
enum err do_compare(struct app *a, const char *arg)
{
    bool shown = a->overlay && a->overlay->ops == &pane_compare_ops;
    (void)arg;
    if (a->compare && !shown)
        return show(a);
    if (compare_goes_on(a))
        return OK;
    if (a->model->table_error || !a->model->table)
        app_say(a, ROLE_WARN, "There is no table to measure with%s", a->model->table_error ? "" : " yet");
    else if (strcmp(a->path, "-") == 0)
        app_say(a, ROLE_WARN, "A comparison reads the file once more, which stdin cannot be: save it first");
    else if (model_run_active(a->model) && !model_worst_finding(a->model))
        app_say(a, ROLE_WARN, "A run is going on, and would be measured with it: wait, or %s stops it",
                command_key("stop"));
    else
        return renew(a);
    return OK;
}
