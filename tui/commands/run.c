/* SPDX-License-Identifier: MIT
 * Commands that choose what the next run does, start it and stop it, and kill a worker or read its stack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/engine.h"
#include "core/pool/pool.h"
#include "tui/commands/command_list.h"
#include "tui/app/comparison.h"
#include "tui/panes/words.h"

enum { WORKERS_MAX = 1024, AT_FORK_COUNT = 3 };

/* Codes */

static enum err toggle(struct app *a, const char *text, size_t len)
{
    if (!picks_has(&a->choices.picks, text, len))
        return picks_add(&a->choices.picks, text, len, false);
    picks_remove(&a->choices.picks, text, len);
    return OK;
}

static enum err pick_row(struct app *a, uint64_t number)
{
    struct table_reader *r;
    const struct row *row;
    const struct table *t = app_table(a);
    if (!t)
        return OK;
    enum err err = table_reader_at(t, number, &r, &row);
    if (!err && row) {
        const struct cell *key = &row->cells[table_key(t)];
        err = toggle(a, key->null ? "" : key->text, key->null ? 0 : key->len);
    }
    table_reader_free(r);
    if (!table_view_unread(err))
        return err;
    app_say(a, ROLE_BAD, "Not picked: %s", table_view_unread(err));
    return OK;
}

enum err do_pick(struct app *a)
{
    struct subject subject = pane_subject(app_active(a));
    struct picks *picks = &a->choices.picks;
    switch (subject.kind) {
    case SUBJECT_ROW: return pick_row(a, (uint64_t)subject.id);
    case SUBJECT_VALUE: return pick_value(a, subject.id);
    case SUBJECT_FILTER: return switch_filter(a, subject.id);
    case SUBJECT_METHOD: return choose_method(a, (size_t)subject.id);
    case SUBJECT_SETTING: return ask_setting(a, subject);
    case SUBJECT_CODE:
        if ((size_t)subject.id < picks->n)
            picks_remove(picks, picks->v[subject.id].text, picks->v[subject.id].len);
        return OK;
    default:
        app_say(a, ROLE_DIM, "There is nothing to pick under the cursor; pick codes in the table (pane %d)",
                PANE_TABLE + 1);
    }
    return OK;
}

enum err do_all(struct app *a)
{
    const struct choices *c = &a->choices;
    size_t missing = 0;
    enum err err = OK;
    for (size_t i = 0; i < c->known.n; i++)
        missing += !picks_has(&c->picks, c->known.v[i].text, c->known.v[i].len);
    if (missing == 0) {
        picks_clear(&a->choices.picks);
        return OK;
    }
    for (size_t i = 0; i < c->known.n && !err; i++)
        err = picks_add(&a->choices.picks, c->known.v[i].text, c->known.v[i].len, false);
    if (!c->known_all)
        app_say(a, ROLE_WARN, "Picked the first %zu codes only: the table has more", c->known.n);
    return err;
}

/* Codes that were typed and do not occur in the table stay picked. */
enum err do_invert(struct app *a)
{
    struct picks *picks = &a->choices.picks, next = {0};
    const struct picks *known = &a->choices.known;
    enum err err = OK;
    for (size_t i = 0; i < known->n && !err; i++)
        if (!picks_has(picks, known->v[i].text, known->v[i].len))
            err = picks_add(&next, known->v[i].text, known->v[i].len, false);
    for (size_t i = 0; i < picks->n && !err; i++)
        if (!picks_has(known, picks->v[i].text, picks->v[i].len))
            err = picks_add(&next, picks->v[i].text, picks->v[i].len, picks->v[i].typed);
    if (err) {
        picks_done(&next);
        return err;
    }
    picks_done(picks);
    *picks = next;
    return OK;
}

enum err do_add(struct app *a, const char *arg)
{
    if (!arg)
        return app_prompt(a, "add", "Code: ", "");
    if (!*arg)
        return OK;
    bool there = picks_has(&a->choices.picks, arg, strlen(arg));
    enum err err = picks_add(&a->choices.picks, arg, strlen(arg), true);
    if (!err)
        app_say(a, ROLE_TEXT, there ? "%s is already picked" : "Picked %s", arg);
    return err;
}

/* Settings */

enum err choose_method(struct app *a, size_t method)
{
    a->choices.method = method % start_method_count();
    app_say(a, ROLE_TEXT, "The next run starts its workers with %s; %s starts it",
            start_method_name(start_method_at(a->choices.method)), command_key(a->commands, "run"));
    return OK;
}

enum err do_method(struct app *a, const char *arg)
{
    const struct start_method *m;
    struct problem problem = {""};
    if (!arg)
        return choose_method(a, a->choices.method + 1);
    if (start_method_find(arg, &m, &problem)) {
        app_say(a, ROLE_WARN, "%s", problem.text);
        return OK;
    }
    for (size_t i = 0; i < start_method_count(); i++)
        if (start_method_at(i) == m)
            return choose_method(a, i);
    return OK;
}

static enum err set_number(struct app *a, int *value, const char *arg, int most, const char *name)
{
    char *end;
    long n = strtol(arg, &end, 10);
    if (end == arg || *end || n < 1 || n > most)
        app_say(a, ROLE_WARN, "The number of %s must be between 1 and %d", name, most);
    else
        *value = (int)n;
    return OK;
}

static enum err ask_number(struct app *a, const char *command, const char *label, int value)
{
    char text[24];
    snprintf(text, sizeof text, "%d", value);
    return app_prompt(a, command, label, text);
}

enum err do_workers(struct app *a, const char *arg)
{
    return arg ? set_number(a, &a->choices.workers, arg, WORKERS_MAX, "workers")
               : ask_number(a, "workers", "Workers: ", a->choices.workers);
}

enum err do_threads(struct app *a, const char *arg)
{
    return arg ? set_number(a, &a->choices.threads, arg, ENGINE_THREADS_MAX, "engine threads")
               : ask_number(a, "threads",
                            "Engine threads (1: queries run in the calling thread): ", a->choices.threads);
}

enum err do_at_fork(struct app *a, const char *arg)
{
    enum at_fork policy = (enum at_fork)((a->choices.at_fork + 1) % AT_FORK_COUNT);
    if (arg && at_fork_from_name(arg, &policy))
        app_say(a, ROLE_WARN, "At a fork, the engine can do: none, reinit or warn");
    else
        a->choices.at_fork = policy;
    return OK;
}

static void step_number(int *value, int by, int most)
{
    if (*value + by >= 1 && *value + by <= most)
        *value += by;
}

enum err step_setting(struct app *a, struct subject subject, int by)
{
    struct choices *c = &a->choices;
    if (subject.kind == SUBJECT_METHOD)
        return choose_method(a, c->method + start_method_count() + (size_t)by);
    switch ((enum setting)subject.id) {
    case SETTING_WORKERS: step_number(&c->workers, by, WORKERS_MAX); break;
    case SETTING_THREADS: step_number(&c->threads, by, ENGINE_THREADS_MAX); break;
    default: c->at_fork = (c->at_fork + AT_FORK_COUNT + (size_t)by) % AT_FORK_COUNT;
    }
    return OK;
}

enum err ask_setting(struct app *a, struct subject subject)
{
    switch ((enum setting)subject.id) {
    case SETTING_WORKERS: return do_workers(a, NULL);
    case SETTING_THREADS: return do_threads(a, NULL);
    default: return do_at_fork(a, NULL);
    }
}

/* Running */

static enum err run_now(struct app *a, int64_t id)
{
    const struct choices *c = &a->choices;
    enum { CODES_MAX = 1 << 30 };
    struct buf codes;
    enum err err = OK;
    (void)id;
    buf_init(&codes, CODES_MAX);
    for (size_t i = 0; i < c->picks.n && !err; i++)
        err = buf_add(&codes, c->picks.v[i].text, strlen(c->picks.v[i].text) + 1);
    struct run_settings settings = {.method = start_method_name(start_method_at(c->method)),
                                    .workers = c->workers,
                                    .threads = c->threads,
                                    .at_fork = at_fork_names[c->at_fork],
                                    .packed = &codes,
                                    .ncodes = c->picks.n};
    if (!err)
        err = app_set_run_table(a);
    if (!err)
        err = observer_run(a->observer, &settings);
    buf_done(&codes);
    a->explain_pid = 0;
    if (err)
        app_say(a, ROLE_BAD, "The run cannot be started: %s", err_text(err));
    else if (a->model->rows < 0)
        app_say(a, ROLE_TEXT, "The run starts as soon as the table is loaded");
    else if (a->table_view && table_view_fault(a->table_view))
        app_say(a, ROLE_WARN, "This run covers only the rows that could be read");
    else if (c->picks.n == 0)
        app_say(a, ROLE_TEXT, "No code is picked, so one task returns the whole table");
    return OK;
}

enum err do_run(struct app *a)
{
    if (a->model->table_error && !app_table(a)) {
        app_say(a, ROLE_BAD, "A run needs a table, and none is open");
        return OK;
    }
    if (comparison_is_running(a)) {
        app_say(a, ROLE_WARN, "A comparison is in progress, and a run would distort it: wait, or cancel it with %s",
                command_key(a->commands, "stop"));
        return OK;
    }
    if (!model_run_active(a->model) || model_worst_finding(a->model))
        return run_now(a, 0);
    app_ask(a, run_now, 0, "Run %lld is in progress. Stop it and start another?", (long long)a->model->run);
    return OK;
}

/* The worker under the cursor; if the cursor is on none, the one that hangs; else NULL. */
static const struct model_worker *worker_meant(struct app *a)
{
    struct subject subject = pane_subject(app_active(a));
    const struct finding *f = model_worst_finding(a->model);
    if (subject.kind == SUBJECT_WORKER)
        return model_worker(a->model, subject.id);
    if (subject.kind == SUBJECT_PROCESS && model_worker_by_pid(a->model, subject.id))
        return model_worker_by_pid(a->model, subject.id);
    return f ? model_worker_by_pid(a->model, f->pid) : NULL;
}

static enum err kill_now(struct app *a, int64_t id)
{
    enum err err = observer_kill_worker(a->observer, id);
    if (err)
        app_say(a, ROLE_BAD, "Worker %lld cannot be killed: %s", (long long)id, err_text(err));
    return OK;
}

static enum err cancel_now(struct app *a, int64_t id)
{
    enum err err = observer_cancel_task(a->observer, id);
    if (err)
        app_say(a, ROLE_BAD, "Task %.40s cannot be cancelled: %s", words_task(a->model, id), err_text(err));
    return OK;
}

/* The task under the cursor if it is pending, else NULL. */
static const struct model_task *pending_task_meant(struct app *a)
{
    struct subject subject = pane_subject(app_active(a));
    const struct model_task *t = subject.kind == SUBJECT_TASK ? model_task(a->model, subject.id) : NULL;
    return t && t->state == TASK_PENDING && model_run_active(a->model) ? t : NULL;
}

enum err do_kill(struct app *a)
{
    const struct model_task *t = pending_task_meant(a);
    const struct model_worker *w = worker_meant(a);
    if (t)
        app_ask(a, cancel_now, t->id, "Cancel the pending task %.40s?", words_task(a->model, t->id));
    else if (!w || w->ended >= 0)
        app_say(a, ROLE_WARN, w ? "That worker has already ended" : "To kill a worker, put the cursor on it (pane %d)",
                PANE_WORKERS + 1);
    else if (w->task)
        app_ask(a, kill_now, w->id, "Kill worker %lld (pid %lld)? Its task %.40s will be lost.", (long long)w->id,
                (long long)w->pid, words_task(a->model, w->task));
    else
        app_ask(a, kill_now, w->id, "Kill worker %lld (pid %lld)?", (long long)w->id, (long long)w->pid);
    return OK;
}

static enum err stop_now(struct app *a, int64_t id)
{
    (void)id;
    observer_stop(a->observer);
    return OK;
}

enum err do_stop(struct app *a)
{
    if (comparison_is_running(a))
        comparison_cancel(a);
    else if (model_run_active(a->model))
        app_ask(a, stop_now, 0, "Stop run %lld? Its workers will be killed and pending tasks cancelled.",
                (long long)a->model->run);
    else
        app_say(a, ROLE_DIM, "Nothing is running");
    return OK;
}

enum err do_stack(struct app *a)
{
    if (a->scope != SCOPE_EXPLORE)
        return stack_of_process(a);
    const struct model_worker *w = worker_meant(a);
    if (!w || w->ended >= 0) {
        app_say(a, ROLE_WARN, "To see a stack, put the cursor on a worker that is still running");
        return OK;
    }
    enum err err = observer_ask_stack(a->observer, w->pid);
    if (err)
        app_say(a, ROLE_BAD, "The stack of worker %lld cannot be read: %s", (long long)w->id, err_text(err));
    else
        app_say(a, ROLE_TEXT, "Reading the stack of worker %lld; it will be shown in the log and the diagnosis",
                (long long)w->id);
    return OK;
}
