/* SPDX-License-Identifier: MIT
 * The model's only writer: one function for each type of event, in one table. */
#include "core/model/private.h"

#include <stdlib.h>
#include <string.h>

static enum err on_note(struct model *m, struct event *e)
{
    if (m->nlog == MODEL_LOG_MAX) {
        free(m->log[0].text);
        memmove(m->log, m->log + 1, (MODEL_LOG_MAX - 1) * sizeof *m->log);
        m->nlog--;
        m->log_dropped++;
    } else if (!m->log && !(m->log = calloc(MODEL_LOG_MAX, sizeof *m->log))) {
        return ERR_NOMEM;
    }
    struct model_log *line = &m->log[m->nlog++];
    *line = (struct model_log){.time = e->time, .level = (enum note_level)e->note.level};
    model_take_text(&line->text, &e->note.text);
    return OK;
}

static enum err on_host_started(struct model *m, struct event *e)
{
    m->host_pid = e->host.pid;
    return OK;
}

/* The tasks that were running are lost, and the workers die with the host. */
static enum err on_host_exited(struct model *m, struct event *e)
{
    m->host_pid = 0;
    m->host_died = model_run_active(m) || (m->rows < 0 && !m->table_error); /* an idle host is just replaced */
    if (!model_run_active(m))
        return OK;
    m->run_ended = e->time;
    model_settle_rest(m, TASK_LOST, e->time);
    model_kill_workers(m, e->time);
    return OK;
}

static enum err on_table(struct model *m, struct event *e)
{
    model_take_text(&m->path, &e->table.path);
    model_take_text(&m->key, &e->table.key);
    model_take_text(&m->table_error, &e->table.error);
    m->table_internal = e->table.internal;
    m->rows = e->table.rows;
    m->columns = e->table.columns;
    m->threads = e->table.threads;
    m->load_seconds = e->table.seconds;
    return e->type == EVENT_TABLE_FAILED && !m->table_error ? ERR_NOMEM
                                                            : OK; /* the error text got lost for lack of memory */
}

static enum err on_run_started(struct model *m, struct event *e)
{
    model_clear_tasks(m);
    model_clear_workers(m);
    model_clear_processes(m);
    m->run = e->run.run;
    model_expect_tasks(m, e->run.tasks);
    model_take_text(&m->method, &e->run.method);
    model_take_text(&m->at_fork, &e->run.at_fork);
    m->workers_wanted = e->run.workers;
    m->threads = e->run.threads;
    m->host_pid = e->run.host_pid;
    m->run_asked = m->reported_until = e->run.asked;
    m->run_started = e->time;
    m->run_ended = -1;
    m->stopped = m->timed_out = m->host_died = false;
    return OK;
}

static enum err on_run_ended(struct model *m, struct event *e)
{
    if (m->run_ended < 0)
        m->run_ended = e->time;
    m->stopped = e->run.stopped;
    model_settle_rest(m, TASK_CANCELLED, e->time); /* those that were never submitted */
    return OK;
}

static enum err on_timeout(struct model *m, struct event *e)
{
    (void)e;
    m->timed_out = true;
    return OK;
}

static enum err (*const appliers[EVENT_TYPE_COUNT])(struct model *, struct event *) = {
    [EVENT_NOTE] = on_note,
    [EVENT_HOST_STARTED] = on_host_started,
    [EVENT_HOST_EXITED] = on_host_exited,
    [EVENT_TABLE_LOADED] = on_table,
    [EVENT_TABLE_FAILED] = on_table,
    [EVENT_RUN_STARTED] = on_run_started,
    [EVENT_TASK_SUBMITTED] = model_on_task_submitted,
    [EVENT_TASK_STARTED] = model_on_task_started,
    [EVENT_TASK_RETURNED] = model_on_task_returned,
    [EVENT_TASK_ENDED] = model_on_task_ended,
    [EVENT_TASKS] = model_on_tasks,
    [EVENT_WORKER_STARTED] = model_on_worker_started,
    [EVENT_WORKER_READY] = model_on_worker_ready,
    [EVENT_WORKER_EXITED] = model_on_worker_exited,
    [EVENT_RUN_ENDED] = on_run_ended,
    [EVENT_PROCESS] = model_on_process,
    [EVENT_PROCESS_GONE] = model_on_process_gone,
    [EVENT_FINDING] = model_on_finding,
    [EVENT_FINDING_ENDED] = model_on_finding_ended,
    [EVENT_TIMEOUT] = on_timeout,
    [EVENT_COMMAND_STARTED] = model_on_command_started,
    [EVENT_COMMAND_EXITED] = model_on_command_exited,
    [EVENT_OUTPUT] = model_on_output,
    [EVENT_INSPECTION] = model_on_inspection,
    [EVENT_SAMPLED] = model_on_sampled,
    [EVENT_DENIED] = model_on_denied,
};

enum err model_new(struct model **out)
{
    struct model *m = calloc(1, sizeof *m);
    if (!m)
        return ERR_NOMEM;
    m->rows = m->columns = -1;
    m->run_ended = m->output_at = -1;
    *out = m;
    return OK;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    model_clear_tasks(m);
    model_clear_workers(m);
    model_clear_processes(m);
    for (size_t i = 0; i < m->nlog; i++)
        free(m->log[i].text);
    free(m->log);
    model_clear_command(m);
    free(m->path);
    free(m->key);
    free(m->table_error);
    free(m->method);
    free(m->at_fork);
    free(m);
}

enum err model_apply(struct model *m, struct event *e)
{
    struct event words;
    enum err err = OK;
    model_describe(m, e, &words);
    if (e->type >= 0 && e->type < EVENT_TYPE_COUNT && appliers[e->type])
        err = appliers[e->type](m, e);
    event_done(e);
    if (words.note.text && !err)
        err = on_note(m, &words);
    event_done(&words);
    m->version++;
    return err;
}

void model_keep_tasks(struct model *m)
{
    m->keep_tasks = true;
}
