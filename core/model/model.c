/* SPDX-License-Identifier: MIT
 * The model's only writer: one function for each type of event, in one table. */
#include "core/model/private.h"

#include <stdlib.h>
#include <string.h>

const char *const worker_state_names[] = {"starting", "idle", "busy", "slow", "hung", "exited", "killed", NULL};
const char *const outcome_names[] = {"running", "finished", "failed", "hung", "timeout", NULL};

void *model_list_add(void *list, size_t *n, size_t size)
{
    void **at = list;
    if ((*n & (*n - 1)) == 0) {
        void *v = realloc(*at, (*n ? *n * 2 : 1) * size);
        if (!v)
            return NULL;
        *at = v;
    }
    return memset((char *)*at + (*n)++ * size, 0, size);
}

void model_take_text(char **to, char **from)
{
    free(*to);
    *to = *from;
    *from = NULL;
}

static void clear_workers(struct model *m)
{
    for (size_t i = 0; i < m->nworkers; i++) {
        free(m->workers[i].waits_for);
        free(m->workers[i].spans);
    }
    free(m->workers);
    m->workers = NULL;
    m->nworkers = 0;
}

static void process_done(struct model_process *p)
{
    free(p->seen.command);
    free(p->seen.state);
    free(p->seen.waits_for);
}

static void clear_watch(struct model *m)
{
    for (size_t i = 0; i < m->nprocesses; i++)
        process_done(&m->processes[i]);
    free(m->processes);
    m->processes = NULL;
    m->nprocesses = 0;
    for (size_t i = 0; i < m->nfindings; i++)
        finding_done(&m->findings[i]);
    free(m->findings);
    m->findings = NULL;
    m->nfindings = 0;
}

struct model_worker *model_worker_by_id(struct model *m, int64_t id)
{
    return id >= 1 && (uint64_t)id <= m->nworkers ? &m->workers[id - 1] : NULL;
}

static struct model_worker *worker_by_pid(struct model *m, int64_t pid)
{
    for (size_t i = m->nworkers; i-- > 0;)
        if (m->workers[i].pid == pid)
            return &m->workers[i];
    return NULL;
}

void model_enter(struct model_worker *w, enum worker_state state, double now)
{
    if (w->state != state) {
        w->state = state;
        w->since = now;
    }
}

bool model_gone(const struct model_worker *w)
{
    return w->state == WORKER_EXITED || w->state == WORKER_KILLED;
}

void model_close_span(struct model_worker *w, double now)
{
    if (w->nspans && w->spans[w->nspans - 1].to < 0)
        w->spans[w->nspans - 1].to = now;
    w->task = 0;
}

/* The older half goes when there are too many: what is shown of them is the newest. */
enum err model_open_span(struct model_worker *w, int64_t task, double now)
{
    model_close_span(w, now);
    if (w->nspans == MODEL_SPANS_MAX) {
        w->nspans /= 2;
        memmove(w->spans, w->spans + w->nspans, w->nspans * sizeof *w->spans);
        w->spans[w->nspans++] = (struct model_span){.task = task, .from = now, .to = -1};
        return OK;
    }
    struct model_span *span = model_list_add(&w->spans, &w->nspans, sizeof *span);
    if (!span)
        return ERR_NOMEM;
    *span = (struct model_span){.task = task, .from = now, .to = -1};
    return OK;
}

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

/* What was running can never end now; what is left of the workers goes with the host. */
static enum err on_host_exited(struct model *m, struct event *e)
{
    m->host_pid = 0;
    m->host_died = model_run_active(m) || (m->rows < 0 && !m->table_error); /* an idle one is just replaced */
    if (!model_run_active(m))
        return OK;
    m->run_ended = e->time;
    model_settle_rest(m, TASK_LOST, e->time);
    for (size_t i = 0; i < m->nworkers; i++) {
        if (model_gone(&m->workers[i]))
            continue;
        model_close_span(&m->workers[i], e->time);
        model_enter(&m->workers[i], WORKER_KILLED, e->time);
        m->workers[i].ended = e->time;
    }
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
    return e->type == EVENT_TABLE_FAILED && !m->table_error ? ERR_NOMEM : OK; /* the line got lost on its way */
}

static enum err on_run_started(struct model *m, struct event *e)
{
    model_clear_tasks(m);
    clear_workers(m);
    clear_watch(m);
    m->run = e->run.run;
    model_expect_tasks(m, e->run.tasks);
    model_take_text(&m->method, &e->run.method);
    model_take_text(&m->at_fork, &e->run.at_fork);
    m->workers_wanted = e->run.workers;
    m->threads = e->run.threads;
    m->host_pid = e->run.host_pid;
    m->run_asked = m->told_until = e->run.asked;
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
    model_settle_rest(m, TASK_CANCELLED, e->time); /* what never came so far as to be submitted */
    return OK;
}

static enum err on_worker_started(struct model *m, struct event *e)
{
    if (e->worker.worker != (int64_t)m->nworkers + 1)
        return OK;
    struct model_worker *w = model_list_add(&m->workers, &m->nworkers, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    *w = (struct model_worker){.id = e->worker.worker,
                               .pid = e->worker.pid,
                               .ppid = e->worker.ppid,
                               .state = WORKER_STARTING,
                               .since = e->time,
                               .started = e->time,
                               .ended = -1,
                               .threads = -1,
                               .parent_threads = e->worker.parent_threads,
                               .fds = -1,
                               .pss_kib = -1,
                               .forked_without_exec = e->worker.forked_without_exec};
    return OK;
}

static enum err on_worker_ready(struct model *m, struct event *e)
{
    struct model_worker *w = model_worker_by_id(m, e->worker.worker);
    if (w && w->state == WORKER_STARTING)
        model_enter(w, WORKER_IDLE, e->time);
    return OK;
}

static enum err on_worker_exited(struct model *m, struct event *e)
{
    struct model_worker *w = model_worker_by_id(m, e->worker.worker);
    if (!w || model_gone(w))
        return OK;
    model_close_span(w, e->time);
    model_enter(w, e->worker.signal ? WORKER_KILLED : WORKER_EXITED, e->time);
    w->ended = e->time;
    w->code = e->worker.code;
    w->signal = e->worker.signal;
    return OK;
}

static struct model_process *process_by_pid(struct model *m, int64_t pid)
{
    for (size_t i = m->nprocesses; i-- > 0;)
        if (m->processes[i].seen.pid == pid && !m->processes[i].gone)
            return &m->processes[i];
    return NULL;
}

static enum err copy_to_worker(struct model_worker *w, const struct event_process *seen)
{
    char *waits = text_dup(seen->waits_for);
    if (seen->waits_for && !waits)
        return ERR_NOMEM;
    free(w->waits_for);
    w->waits_for = waits;
    w->threads = seen->threads;
    w->ppid = seen->ppid;
    w->cpu_seconds = seen->cpu_seconds;
    if (seen->fds >= 0)
        w->fds = seen->fds;
    if (seen->pss_kib >= 0)
        w->pss_kib = seen->pss_kib;
    return OK;
}

static enum err on_process(struct model *m, struct event *e)
{
    struct model_process *p = process_by_pid(m, e->process.pid);
    struct model_worker *w = worker_by_pid(m, e->process.pid);
    if (w && !model_gone(w) && copy_to_worker(w, &e->process))
        return ERR_NOMEM;
    if (!p) {
        if (!(p = model_list_add(&m->processes, &m->nprocesses, sizeof *p)))
            return ERR_NOMEM;
        p->first = e->time;
    }
    process_done(p);
    p->seen = e->process;
    p->last = e->time;
    e->process = (struct event_process){0};
    return OK;
}

static enum err on_process_gone(struct model *m, struct event *e)
{
    struct model_process *p = process_by_pid(m, e->end.pid);
    if (p) {
        p->gone = true;
        p->last = e->time;
    }
    return OK;
}

/* One finding a process: the newer one says more, or is as sure as the old one was not. */
static enum err on_finding(struct model *m, struct event *e)
{
    struct finding *f = NULL;
    for (size_t i = 0; i < m->nfindings && !f; i++)
        if (m->findings[i].pid == e->finding.pid)
            f = &m->findings[i];
    if (!f && !(f = model_list_add(&m->findings, &m->nfindings, sizeof *f)))
        return ERR_NOMEM;
    finding_done(f);
    *f = e->finding;
    e->finding = (struct finding){0};
    struct model_worker *w = worker_by_pid(m, f->pid);
    if (w && !model_gone(w) && f->certainty >= CERTAINTY_LIKELY)
        model_enter(w, WORKER_HUNG, e->time);
    return OK;
}

static enum err on_finding_ended(struct model *m, struct event *e)
{
    for (size_t i = 0; i < m->nfindings; i++) {
        struct finding *f = &m->findings[i];
        if (f->pid != e->end.pid || !f->rule || !e->end.rule || strcmp(f->rule, e->end.rule) != 0)
            continue;
        finding_done(f);
        memmove(f, f + 1, (m->nfindings - i - 1) * sizeof *f);
        m->nfindings--;
        break;
    }
    struct model_worker *w = worker_by_pid(m, e->end.pid);
    if (w && w->state == WORKER_HUNG)
        model_enter(w, w->task ? WORKER_BUSY : WORKER_IDLE, e->time);
    return OK;
}

static enum err on_command_started(struct model *m, struct event *e)
{
    m->root = e->command.pid;
    m->attached = e->command.attached;
    model_take_text(&m->command, &e->command.text);
    return OK;
}

static enum err on_command_exited(struct model *m, struct event *e)
{
    m->command_ended = true;
    m->command_code = e->command.code;
    m->command_signal = e->command.signal;
    m->run_ended = e->time;
    return OK;
}

/* Kept until there is twice of what is wanted, then cut: so a byte is moved only once. */
static enum err on_output(struct model *m, struct event *e)
{
    const char *text = e->note.text ? e->note.text : "";
    size_t all = strlen(text), len = all < MODEL_OUTPUT_MAX ? all : MODEL_OUTPUT_MAX;
    if (!m->output && !(m->output = malloc(2 * MODEL_OUTPUT_MAX)))
        return ERR_NOMEM;
    if (m->noutput + len > 2 * MODEL_OUTPUT_MAX) {
        size_t kept = MODEL_OUTPUT_MAX - len;
        memmove(m->output, m->output + m->noutput - kept, kept);
        m->noutput = kept;
    }
    memcpy(m->output + m->noutput, text + all - len, len);
    m->noutput += len;
    m->output_end += all;
    m->output_at = e->time;
    return OK;
}

static void inspection_done(struct event_inspection *i)
{
    struct event e = {.type = EVENT_INSPECTION, .inspection = *i};
    event_done(&e);
    *i = (struct event_inspection){0};
}

static enum err on_inspection(struct model *m, struct event *e)
{
    inspection_done(&m->inspection);
    m->inspection = e->inspection;
    e->inspection = (struct event_inspection){0};
    return OK;
}

static enum err on_sampled(struct model *m, struct event *e)
{
    m->sampling = e->sampling;
    return OK;
}

static enum err on_denied(struct model *m, struct event *e)
{
    m->denied.pid = e->denied.pid;
    model_take_text(&m->denied.name, &e->denied.name);
    model_take_text(&m->denied.why, &e->denied.why);
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
    [EVENT_WORKER_STARTED] = on_worker_started,
    [EVENT_WORKER_READY] = on_worker_ready,
    [EVENT_WORKER_EXITED] = on_worker_exited,
    [EVENT_RUN_ENDED] = on_run_ended,
    [EVENT_PROCESS] = on_process,
    [EVENT_PROCESS_GONE] = on_process_gone,
    [EVENT_FINDING] = on_finding,
    [EVENT_FINDING_ENDED] = on_finding_ended,
    [EVENT_TIMEOUT] = on_timeout,
    [EVENT_COMMAND_STARTED] = on_command_started,
    [EVENT_COMMAND_EXITED] = on_command_exited,
    [EVENT_OUTPUT] = on_output,
    [EVENT_INSPECTION] = on_inspection,
    [EVENT_SAMPLED] = on_sampled,
    [EVENT_DENIED] = on_denied,
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
    clear_workers(m);
    clear_watch(m);
    for (size_t i = 0; i < m->nlog; i++)
        free(m->log[i].text);
    free(m->log);
    free(m->command);
    free(m->output);
    inspection_done(&m->inspection);
    free(m->denied.name);
    free(m->denied.why);
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
