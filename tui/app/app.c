/* SPDX-License-Identifier: MIT
 * The state of the screen's program: how it begins and ends, and what commands do to it. Nothing here waits or draws.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/engine.h"
#include "core/pool/pool.h"
#include "tui/app/app.h"
#include "tui/app/comparison.h"

static enum err init_choices(struct choices *c, const struct app_options *options)
{
    const struct run_settings *initial = &options->initial;
    enum at_fork policy = AT_FORK_NONE;
    *c = (struct choices){.workers = initial->workers > 0 ? initial->workers : 1,
                          .threads = initial->threads > 0 ? initial->threads : 1,
                          .method_reason = options->method_reason};
    for (size_t i = 0; initial->method && i < start_method_count(); i++)
        if (strcmp(start_method_name(start_method_at(i)), initial->method) == 0)
            c->method = c->first_method = i;
    if (initial->at_fork && !at_fork_from_name(initial->at_fork, &policy))
        c->at_fork = policy;
    for (size_t i = 0; i < initial->ncodes; i++)
        if (picks_add_borrowed(&c->picks, initial->codes[i], strlen(initial->codes[i]), true))
            return ERR_NOMEM;
    return OK;
}

enum err app_init(struct app *a, const struct app_options *options, const struct command_table *commands)
{
    const struct watch_settings *watch = options->watch;
    *a = (struct app){.commands = commands,
                      .path = options->observer.path,
                      .source = options->observer,
                      .dirty = true,
                      .scope = !watch        ? SCOPE_EXPLORE
                               : watch->argv ? SCOPE_WATCH
                                             : SCOPE_ATTACH};
    const struct pane_set *set = &pane_sets[a->scope];
    a->focus = set->v[0];
    prompt_init(&a->prompt);
    enum err err = init_choices(&a->choices, options);
    for (int i = 0; i < set->n && !err; i++)
        err = pane_new(pane_ops[set->v[i]], &a->panes[set->v[i]]);
    return err;
}

void app_done(struct app *a)
{
    for (int i = 0; i < PANE_COUNT; i++)
        pane_free(a->panes[i]);
    pane_free(a->overlay);
    comparison_free(a->comparison);
    picks_done(&a->choices.picks);
    picks_done(&a->choices.known);
    prompt_done(&a->prompt);
    canvas_done(&a->canvas);
    columns_done(&a->choices.columns);
    table_view_free(a->table_view);
    free(a->search.text);
    free(a->save_path);
}

const struct table *app_table(struct app *a)
{
    const struct table *t = a->table_view ? table_view_table(a->table_view) : NULL;
    return t && !columns_fit(&a->choices.columns, t) ? t : NULL;
}

struct pane *app_active(struct app *a)
{
    return a->overlay ? a->overlay : a->panes[a->focus];
}

struct view app_view(const struct app *a, double now)
{
    struct view v = {.model = a->model,
                     .table_view = a->table_view,
                     .run_table = a->observer     ? observer_table(a->observer)
                                  : a->table_view ? table_view_table(a->table_view)
                                                  : NULL,
                     .choices = &a->choices,
                     .commands = a->commands,
                     .scope = a->scope,
                     .now = now,
                     .explain_pid = a->explain_pid,
                     .typing = a->typing,
                     .search = a->search.text,
                     .bench = comparison_result(a->comparison)};
    if (a->scope != SCOPE_EXPLORE)
        v.inspect_pid = processes_pid(a->panes[PANE_PROCESSES]);
    if (!v.explain_pid && (model_finding_of(a->model, v.inspect_pid) || !model_worst_finding(a->model)))
        v.explain_pid = v.inspect_pid; /* else 0: the worst finding is more important than a healthy process */
    return v;
}

double app_now(const struct app *a)
{
    const struct model *m = a->model;
    return m->run_ended >= 0 ? m->run_ended : model_goes_on(m) && a->observer ? observer_now(a->observer) : 0;
}

enum err app_learn_codes(struct app *a, const struct table *t)
{
    struct choices *c = &a->choices;
    enum err err = OK;
    picks_clear(&c->known);
    c->known_all = table_codes_complete(t);
    for (size_t i = 0; i < table_codes(t) && !err; i++) {
        const struct table_code *code = table_code(t, i);
        err = picks_add(&c->known, code->text, code->len, false);
    }
    return err;
}

void app_say(struct app *a, enum role role, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->message, sizeof a->message, fmt, ap);
    va_end(ap);
    a->message_role = role;
    a->dirty = true;
}

enum err app_go_on(struct app *a, const char *what, enum err err)
{
    if (!err || err == ERR_NOMEM)
        return err;
    app_say(a, ROLE_BAD, "%s failed: %s", what, err_text(err));
    return OK;
}

void app_ask(struct app *a, enum err (*yes)(struct app *, int64_t id), int64_t id, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->question.text, sizeof a->question.text, fmt, ap);
    va_end(ap);
    a->question.open = true;
    a->question.yes = yes;
    a->question.id = id;
}

void app_focus(struct app *a, enum pane_id pane)
{
    app_close_overlay(a);
    a->focus = pane;
}

void app_close_overlay(struct app *a)
{
    pane_free(a->overlay);
    a->overlay = NULL;
}

enum err app_show(struct app *a, const struct pane_ops *ops)
{
    struct pane *overlay;
    enum err err = pane_new(ops, &overlay);
    if (err)
        return err;
    app_close_overlay(a);
    a->overlay = overlay;
    return OK;
}

enum err app_prompt(struct app *a, const char *command, const char *label, const char *text)
{
    prompt_open(&a->prompt, command_by_name(a->commands, command), label, text);
    return OK;
}

enum err app_command(struct app *a, const struct command *c, const char *arg)
{
    a->stepped |= c->steps;
    a->dirty |= !c->steps;
    return app_go_on(a, c->name, c->run ? c->run(a) : c->run_how ? c->run_how(a, c->how) : c->run_arg(a, arg));
}
