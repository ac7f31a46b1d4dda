/* SPDX-License-Identifier: MIT
 * Commands that move about and look closer; none of them changes what the next run does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/report.h"
#include "tui/commands/command_list.h"
#include "tui/panes/words.h"

static enum err move(struct app *a, enum motion motion)
{
    pane_move(app_active(a), motion);
    return OK;
}

enum err do_up(struct app *a, const char *arg)
{
    (void)arg;
    return move(a, MOVE_UP);
}

enum err do_down(struct app *a, const char *arg)
{
    (void)arg;
    return move(a, MOVE_DOWN);
}

enum err do_page_up(struct app *a, const char *arg)
{
    (void)arg;
    return move(a, MOVE_PAGE_UP);
}

enum err do_page_down(struct app *a, const char *arg)
{
    (void)arg;
    return move(a, MOVE_PAGE_DOWN);
}

enum err do_first(struct app *a, const char *arg)
{
    (void)arg;
    return move(a, MOVE_FIRST);
}

enum err do_last(struct app *a, const char *arg)
{
    (void)arg;
    return move(a, MOVE_LAST);
}

/* To the side: a setting's value where there is one, else what is hidden there. */
static enum err aside(struct app *a, int by)
{
    struct subject subject = pane_subject(app_active(a));
    if (subject.kind == SUBJECT_SETTING || subject.kind == SUBJECT_METHOD)
        return step_setting(a, subject, by);
    if (app_active(a) == a->panes[PANE_TABLE] && app_table(a))
        return columns_move(&a->choices.columns, app_table(a), by);
    return move(a, by < 0 ? MOVE_LEFT : MOVE_RIGHT);
}

enum err do_left(struct app *a, const char *arg)
{
    (void)arg;
    return aside(a, -1);
}

enum err do_right(struct app *a, const char *arg)
{
    (void)arg;
    return aside(a, 1);
}

static void step_pane(struct app *a, int by)
{
    const struct pane_set *set = &pane_sets[a->scope];
    app_focus(a, set->v[(pane_number(a->scope, a->focus) - 1 + by + set->n) % set->n]);
}

enum err do_next_pane(struct app *a, const char *arg)
{
    (void)arg;
    step_pane(a, 1);
    return OK;
}

enum err do_previous_pane(struct app *a, const char *arg)
{
    (void)arg;
    step_pane(a, -1);
    return OK;
}

enum err do_pane(struct app *a, const char *arg)
{
    char names[160] = "";
    const struct pane_set *set = &pane_sets[a->scope];
    for (int i = 0; i < set->n; i++) {
        const char *name = pane_ops[set->v[i]]->name;
        if (arg && (atoi(arg) == i + 1 || strcmp(arg, name) == 0)) {
            app_focus(a, set->v[i]);
            return OK;
        }
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "", name);
    }
    app_say(a, ROLE_WARN, "There is no pane %s: 1 to %d, or %s", arg ? arg : "", set->n, names);
    return OK;
}

enum err do_zoom(struct app *a, const char *arg)
{
    (void)arg;
    a->zoomed = !a->zoomed;
    return OK;
}

/* The tree's cursor goes along, so that the inspector shows the same process. */
static void go_to_process(struct app *a, int64_t pid)
{
    const struct finding *f = model_worst_finding(a->model);
    processes_choose(a->panes[PANE_PROCESSES], pid ? pid : f ? f->pid : 0);
    a->cursor_pid = processes_pid(a->panes[PANE_PROCESSES]);
}

static void explain(struct app *a, int64_t pid)
{
    a->explain_pid = pid;
    if (a->scope != SCOPE_EXPLORE)
        go_to_process(a, pid);
    a->panes[PANE_DIAGNOSIS]->cursor = a->panes[PANE_DIAGNOSIS]->top = 0;
    app_focus(a, PANE_DIAGNOSIS);
}

int64_t pid_of(const struct app *a, struct subject subject)
{
    const struct model_task *t = subject.kind == SUBJECT_TASK ? model_task(a->model, subject.id) : NULL;
    int64_t worker = subject.kind == SUBJECT_WORKER ? subject.id : t ? t->worker : 0;
    const struct model_worker *w = model_worker(a->model, worker);
    return subject.kind == SUBJECT_PROCESS ? subject.id : w ? w->pid : 0;
}

enum err do_open(struct app *a, const char *arg)
{
    (void)arg;
    struct subject subject = pane_subject(app_active(a));
    switch (subject.kind) {
    case SUBJECT_ROW: return record_open(a, subject.id);
    case SUBJECT_VALUE: return filter_by_value(a, subject.id);
    case SUBJECT_FILTER: return switch_filter(a, subject.id);
    case SUBJECT_METHOD: return choose_method(a, (size_t)subject.id);
    case SUBJECT_SETTING: return ask_setting(a, subject);
    case SUBJECT_WORKER:
    case SUBJECT_PROCESS: explain(a, pid_of(a, subject)); return OK;
    case SUBJECT_TASK: return do_zoom(a, NULL);
    default: app_say(a, ROLE_DIM, "Nothing to open here"); return OK;
    }
}

enum err do_explain(struct app *a, const char *arg)
{
    (void)arg;
    struct subject subject = pane_subject(app_active(a));
    int64_t pid = subject.kind == SUBJECT_WORKER || subject.kind == SUBJECT_PROCESS ? pid_of(a, subject) : 0;
    if (a->scope != SCOPE_EXPLORE && !model_finding_of(a->model, pid) && model_worst_finding(a->model))
        pid = 0; /* what is in order needs no explanation while something hangs */
    explain(a, pid);
    if (!pid && !model_worst_finding(a->model))
        app_say(a, ROLE_DIM, "Nothing hangs; put the cursor on a %s to have it explained",
                a->scope == SCOPE_EXPLORE ? "worker" : "process");
    return OK;
}

enum err do_write(struct app *a, const char *arg)
{
    if (!arg) {
        prompt_open(&a->prompt, command_by_name(a->commands, "write"),
                    "Write the report to: ", "poolscope-report.json");
        return OK;
    }
    struct buf json;
    struct problem problem = {""};
    if (!*arg || strcmp(arg, "-") == 0) {
        app_say(a, ROLE_WARN, "A file name is needed");
        return OK;
    }
    if (a->table_view && table_view_reads(a->table_view, arg)) {
        app_say(a, ROLE_WARN, "%.100s is the open table itself. Write the report to another file", arg);
        return OK;
    }
    buf_init(&json, 256 << 20);
    const char *mode = a->scope == SCOPE_EXPLORE ? "run" : a->scope == SCOPE_WATCH ? "watch" : "attach";
    enum err err = report_json(a->model, mode, &json);
    if (!err)
        err = report_write_file(arg, json.data, json.len, &problem);
    if (err)
        app_say(a, ROLE_BAD, "Not written: %s", problem.text[0] ? problem.text : err_text(err));
    else
        app_say(a, ROLE_GOOD, "Written: %s, %zu bytes", arg, json.len);
    buf_done(&json);
    return OK;
}

/* The program */

enum err do_help(struct app *a, const char *arg)
{
    (void)arg;
    return help_open(a);
}

enum err do_palette(struct app *a, const char *arg)
{
    (void)arg;
    prompt_open(&a->prompt, command_by_name(a->commands, "palette"), ":", "");
    return OK;
}

enum err do_redraw(struct app *a, const char *arg)
{
    (void)arg;
    a->redraw = true;
    return OK;
}

enum err do_suspend(struct app *a, const char *arg)
{
    (void)arg;
    a->suspend = true;
    return OK;
}

static enum err quit_now(struct app *a, int64_t id)
{
    (void)id;
    a->quit = true;
    return OK;
}

/* True if something was open and is closed now. */
static bool close_something(struct app *a)
{
    bool on_grid = a->layout.screen == SCREEN_GRID;
    if (a->search.running)
        a->search.running = false;
    else if (a->table_view && table_view_busy(a->table_view))
        table_view_cancel(a->table_view);
    else if (a->overlay)
        app_close_overlay(a);
    else if (a->zoomed && on_grid)
        a->zoomed = false;
    else
        return false;
    return true;
}

/* What is only looked at goes on without us. */
static bool ends_something(const struct app *a)
{
    return a->scope != SCOPE_ATTACH && model_goes_on(a->model);
}

static const char *end_question(const struct app *a)
{
    return a->scope == SCOPE_WATCH ? "The program is still running. Quit and kill it?"
                                   : "A run is going on. Quit and end it?";
}

enum err do_back(struct app *a, const char *arg)
{
    (void)arg;
    if (!close_something(a))
        app_ask(a, quit_now, 0, "%s", ends_something(a) ? end_question(a) : "Quit?");
    return OK;
}

enum err do_quit(struct app *a, const char *arg)
{
    (void)arg;
    if (close_something(a))
        return OK;
    if (ends_something(a))
        app_ask(a, quit_now, 0, "%s", end_question(a));
    else
        a->quit = true;
    return OK;
}
