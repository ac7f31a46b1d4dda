/* SPDX-License-Identifier: MIT
 * Commands that move the cursor, inspect something, or control poolscope itself. None of them changes what the next run
 * does, except for the values of settings that the cursor is on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/report.h"
#include "tui/commands/command_list.h"
#include "tui/panes/words.h"

enum err do_move(struct app *a, int how)
{
    pane_move(app_active(a), (enum motion)how);
    return OK;
}

/* Changes a setting's value if the cursor is on one; else moves to the next column, or scrolls sideways. */
enum err do_move_aside(struct app *a, int how)
{
    struct subject subject = pane_subject(app_active(a));
    if (subject.kind == SUBJECT_SETTING || subject.kind == SUBJECT_METHOD)
        return step_setting(a, subject, how);
    if (app_active(a) == a->panes[PANE_TABLE] && app_table(a))
        return columns_move(&a->choices.columns, app_table(a), how);
    return do_move(a, how < 0 ? MOVE_LEFT : MOVE_RIGHT);
}

enum err do_step_pane(struct app *a, int how)
{
    const struct pane_set *set = &pane_sets[a->scope];
    app_focus(a, set->v[(pane_number(a->scope, a->focus) - 1 + how + set->n) % set->n]);
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
    app_say(a, ROLE_WARN, "No pane is called %s; panes are 1 to %d, or %s", arg ? arg : "so", set->n, names);
    return OK;
}

enum err do_zoom(struct app *a)
{
    a->zoomed = !a->zoomed;
    return OK;
}

/* Moves the cursor of the process tree too, so that the inspector shows the same process as the diagnosis. */
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

enum err do_open(struct app *a)
{
    struct subject subject = pane_subject(app_active(a));
    switch (subject.kind) {
    case SUBJECT_ROW: {
        enum err err = app_show(a, &pane_record_ops);
        if (!err)
            record_show_row(a->overlay, subject.id);
        return err;
    }
    case SUBJECT_VALUE: return filter_by_value(a, subject.id);
    case SUBJECT_FILTER: return switch_filter(a, subject.id);
    case SUBJECT_METHOD: return choose_method(a, (size_t)subject.id);
    case SUBJECT_SETTING: return ask_setting(a, subject);
    case SUBJECT_WORKER:
    case SUBJECT_PROCESS: explain(a, pid_of(a, subject)); return OK;
    case SUBJECT_TASK: return do_zoom(a);
    default: app_say(a, ROLE_DIM, "There is nothing to open under the cursor"); return OK;
    }
}

enum err do_explain(struct app *a)
{
    struct subject subject = pane_subject(app_active(a));
    int64_t pid = subject.kind == SUBJECT_WORKER || subject.kind == SUBJECT_PROCESS ? pid_of(a, subject) : 0;
    if (a->scope != SCOPE_EXPLORE && !model_finding_of(a->model, pid) && model_worst_finding(a->model))
        pid = 0; /* a hang is more important than a healthy process under the cursor */
    explain(a, pid);
    if (!pid && !model_worst_finding(a->model))
        app_say(a, ROLE_DIM, "Nothing hangs. To have a %s explained, put the cursor on it",
                a->scope == SCOPE_EXPLORE ? "worker" : "process");
    return OK;
}

static void write_report(struct app *a, const char *path)
{
    struct buf json;
    struct problem problem = {""};
    buf_init(&json, 256 << 20);
    const char *mode = a->scope == SCOPE_EXPLORE ? "run" : a->scope == SCOPE_WATCH ? "watch" : "attach";
    enum err err = report_json(a->model, mode, &json);
    if (!err)
        err = report_write_file(path, json.data, json.len, &problem);
    if (err)
        app_say(a, ROLE_BAD, "The report was not written: %s", problem.text[0] ? problem.text : err_text(err));
    else
        app_say(a, ROLE_GOOD, "The report was written to %s (%zu bytes)", path, json.len);
    buf_done(&json);
}

enum err do_write(struct app *a, const char *arg)
{
    if (!arg)
        return app_prompt(a, "write", "Write the report to: ", "poolscope-report.json");
    if (!*arg || strcmp(arg, "-") == 0)
        app_say(a, ROLE_WARN, "The report was not written: it needs a file name");
    else if (a->table_view && table_view_reads(a->table_view, arg))
        app_say(a, ROLE_WARN, "%.100s is the open table. Choose another file", arg);
    else
        write_report(a, arg);
    return OK;
}

/* poolscope itself */

enum err do_help(struct app *a)
{
    return app_show(a, &pane_help_ops);
}

enum err do_palette(struct app *a)
{
    return app_prompt(a, "palette", ":", "");
}

enum err do_redraw(struct app *a)
{
    a->redraw = true;
    return OK;
}

enum err do_suspend(struct app *a)
{
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
    if (a->table_view && table_view_busy(a->table_view))
        table_view_cancel(a->table_view);
    else if (a->overlay)
        app_close_overlay(a);
    else if (a->zoomed && on_grid)
        a->zoomed = false;
    else
        return false;
    return true;
}

/* A program that was attached to keeps running after poolscope quits. */
static bool ends_something(const struct app *a)
{
    return a->scope != SCOPE_ATTACH && model_goes_on(a->model);
}

enum err do_leave(struct app *a, int how)
{
    if (close_something(a))
        return OK;
    bool ends = ends_something(a);
    if (ends || how == LEAVE_ASKING)
        app_ask(a, quit_now, 0, "%s",
                !ends                     ? "Quit?"
                : a->scope == SCOPE_WATCH ? "The program is still running. Quit and kill it?"
                                          : "A run is in progress. Quit and stop it?");
    else
        a->quit = true;
    return OK;
}
