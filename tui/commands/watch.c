/* SPDX-License-Identifier: MIT
 * Commands for a watched program: typing into it, ending it, reading the stack of a process. */
#include "tui/commands/command_list.h"

#include "tui/panes/words.h"

enum err do_type(struct app *a)
{
    if (a->model->command_ended) {
        app_say(a, ROLE_WARN, "The program has ended, so it reads no input any more");
        return OK;
    }
    app_focus(a, PANE_OUTPUT);
    pane_move(a->panes[PANE_OUTPUT], MOVE_LAST);
    a->typing = true;
    return OK;
}

enum err do_stop_typing(struct app *a)
{
    a->typing = false;
    return OK;
}

static size_t count_living(const struct model *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->nprocesses; i++)
        n += !m->processes[i].gone;
    return n;
}

static enum err kill_all_now(struct app *a, int64_t id)
{
    (void)id;
    observer_kill_all(a->observer);
    return OK;
}

enum err do_kill_all(struct app *a)
{
    const struct model *m = a->model;
    size_t living = count_living(m);
    if (m->root == 1)
        app_say(a, ROLE_WARN, "Process 1 is init: poolscope kills neither it nor its descendants");
    else if (living == 0)
        app_say(a, ROLE_DIM, "All processes of the program have ended");
    else
        app_ask(a, kill_all_now, 0, "Kill %zu process%s%s (SIGKILL)?", living, living == 1 ? "" : "es",
                m->attached ? ", which poolscope did not start" : "");
    return OK;
}

static enum err stop_all_now(struct app *a, int64_t id)
{
    (void)id;
    observer_stop(a->observer);
    app_say(a, ROLE_TEXT, "Asked the program to end (SIGTERM)");
    return OK;
}

enum err do_stop_all(struct app *a)
{
    if (a->model->command_ended)
        app_say(a, ROLE_DIM, "The program has ended; %s kills processes that it left behind",
                command_key(a->commands, "kill-all"));
    else
        app_ask(a, stop_all_now, 0, "Ask the program to end (SIGTERM), and kill what is left after two seconds?");
    return OK;
}

int64_t pid_of(const struct app *a, struct subject subject)
{
    const struct model_task *t = subject.kind == SUBJECT_TASK ? model_task(a->model, subject.id) : NULL;
    int64_t worker = subject.kind == SUBJECT_WORKER ? subject.id : t ? t->worker : 0;
    const struct model_worker *w = model_worker(a->model, worker);
    return subject.kind == SUBJECT_PROCESS ? subject.id : w ? w->pid : 0;
}

/* The process under the cursor; if the cursor is on none, the one that hangs; else the one chosen in the tree. */
static int64_t pid_meant(struct app *a)
{
    int64_t pid = pid_of(a, pane_subject(app_active(a)));
    const struct finding *f = model_worst_finding(a->model);
    return pid ? pid : f ? f->pid : processes_pid(a->panes[PANE_PROCESSES]);
}

enum err stack_of_process(struct app *a)
{
    int64_t pid = pid_meant(a);
    const struct model_process *p = model_process(a->model, pid);
    if (!p || p->gone) {
        app_say(a, ROLE_WARN, "To see a stack, put the cursor on a process that is still running");
        return OK;
    }
    bool hangs = model_finding_of(a->model, pid) != NULL;
    enum err err = observer_ask_stack(a->observer, pid);
    if (err)
        app_say(a, ROLE_BAD, "The stack of process %lld cannot be read: %s", (long long)pid, err_text(err));
    else
        app_say(a, ROLE_TEXT, "Reading the stack of process %lld; it will be shown in the %s (%d)", (long long)pid,
                hangs ? "diagnosis" : "log", pane_number(a->scope, hangs ? PANE_DIAGNOSIS : PANE_LOG));
    return OK;
}
