/* SPDX-License-Identifier: MIT
 * The log line of each event, made from the event and from the model before the event is applied. */
#include "core/model/private.h"

#include <string.h>

#include "core/base/text.h"

/* With more tasks than this, a line for each would push everything else out of the log. */
enum { TASKS_IN_WORDS = 200 };

typedef enum note_level describe_fn(const struct model *m, const struct event *e, struct buf *out);

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static const char *code_of(const struct model *m, int64_t task)
{
    const struct model_task *t = model_task(m, task);
    return t && t->code ? t->code : "the whole table";
}

static enum note_level on_host_started(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    buf_addf(out, "host %lld started", (long long)e->host.pid);
    return NOTE_INFO;
}

static enum note_level on_host_exited(const struct model *m, const struct event *e, struct buf *out)
{
    bool bad = e->host.signal || e->host.code || model_run_active(m);
    if (e->host.signal)
        buf_addf(out, "host %lld was killed by signal %lld%s", (long long)e->host.pid, (long long)e->host.signal,
                 model_run_active(m) ? "; its workers ended with it" : "");
    else
        buf_addf(out, "host %lld exited with status %lld", (long long)e->host.pid, (long long)e->host.code);
    return bad ? NOTE_ERROR : NOTE_INFO;
}

static enum note_level on_loaded(const struct model *m, const struct event *e, struct buf *out)
{
    char seconds[24];
    (void)m;
    buf_addf(out, "%s: %lld row%s, %lld column%s loaded in %s", e->table.path ? e->table.path : "",
             (long long)e->table.rows, plural(e->table.rows), (long long)e->table.columns, plural(e->table.columns),
             text_seconds(e->table.seconds, seconds));
    if (e->table.threads > 1)
        buf_addf(out, " with %lld engine threads", (long long)e->table.threads);
    else
        buf_add_text(out, " without engine threads");
    return NOTE_INFO;
}

static enum note_level on_load_failed(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    buf_add_text(out, e->table.error ? e->table.error : "the table cannot be loaded");
    return NOTE_ERROR;
}

static enum note_level on_run_started(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    buf_addf(out, "run %lld: %s, %lld worker%s, --at-fork %s", (long long)e->run.run,
             e->run.method ? e->run.method : "?", (long long)e->run.workers, plural(e->run.workers),
             e->run.at_fork ? e->run.at_fork : "?");
    return NOTE_INFO;
}

static enum note_level on_worker_started(const struct model *m, const struct event *e, struct buf *out)
{
    buf_addf(out, "%s → worker %lld (%lld)", m->method ? m->method : "", (long long)e->worker.worker,
             (long long)e->worker.pid);
    if (e->worker.forked_without_exec && e->worker.parent_threads > 1)
        buf_addf(out, ", forked from %lld: 1 of its %lld threads was copied", (long long)e->worker.ppid,
                 (long long)e->worker.parent_threads);
    return NOTE_INFO;
}

static enum note_level on_task_started(const struct model *m, const struct event *e, struct buf *out)
{
    if (m->total <= TASKS_IN_WORDS)
        buf_addf(out, "%s → worker %lld", code_of(m, e->task.task), (long long)e->task.worker);
    return NOTE_INFO;
}

static enum note_level on_task_ended(const struct model *m, const struct event *e, struct buf *out)
{
    char seconds[24];
    bool bad = e->task.state == TASK_FAILED || e->task.state == TASK_LOST;
    if (!bad && m->total > TASKS_IN_WORDS)
        return NOTE_INFO;
    buf_addf(out, "%s %s", code_of(m, e->task.task), task_state_names[e->task.state]);
    if (e->task.state == TASK_FINISHED)
        buf_addf(out, ": %lld row%s in %s", (long long)e->task.rows, plural(e->task.rows),
                 text_seconds(e->task.seconds, seconds));
    if (e->task.error)
        buf_addf(out, ": %s", e->task.error);
    return bad ? NOTE_ERROR : NOTE_INFO;
}

static enum note_level on_task_returned(const struct model *m, const struct event *e, struct buf *out)
{
    buf_addf(out, "%s is pending again: %s", e->task.code ? e->task.code : code_of(m, e->task.task),
             e->task.error ? e->task.error : "its worker has ended");
    return NOTE_WARNING;
}

static enum note_level on_worker_exited(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    buf_addf(out, "worker %lld (%lld) ", (long long)e->worker.worker, (long long)e->worker.pid);
    if (e->worker.signal)
        buf_addf(out, "was killed by signal %lld%s", (long long)e->worker.signal,
                 e->worker.expected ? ", as requested" : "");
    else
        buf_addf(out, "exited%s", e->worker.code ? " with an error" : "");
    return e->worker.expected ? NOTE_INFO : NOTE_ERROR;
}

static enum note_level on_run_ended(const struct model *m, const struct event *e, struct buf *out)
{
    buf_addf(out, "run %lld %s: %zu of %zu task%s finished", (long long)m->run,
             e->run.stopped ? "was stopped" : "ended", model_count_tasks(m, TASK_FINISHED), m->total,
             plural((int64_t)m->total));
    return NOTE_INFO;
}

/* The same finding again, with the same certainty, brings a stack that was asked for. */
static void add_stack(const char *noun, int64_t name, const struct texts *stack, struct buf *out)
{
    if (stack->n == 0)
        return;
    buf_addf(out, "stack of %s %lld: ", noun, (long long)name);
    for (size_t i = 0; i < stack->n; i++)
        buf_addf(out, "%s%s", i ? " ← " : "", stack->v[i]);
}

static enum note_level on_finding(const struct model *m, const struct event *e, struct buf *out)
{
    const struct finding *f = &e->finding, *before = model_finding_of(m, f->pid);
    const struct model_worker *w = model_worker_by_pid(m, f->pid);
    if (before && before->certainty == f->certainty && before->rule && f->rule && strcmp(before->rule, f->rule) == 0) {
        add_stack(w ? "worker" : "process", w ? w->id : f->pid, &f->stack, out);
        return NOTE_INFO;
    }
    buf_addf(out, "%s %lld hangs: %s, %s", w ? "worker" : "process", (long long)(w ? w->id : f->pid),
             f->rule ? f->rule : "?", certainty_names[f->certainty]);
    return f->certainty >= CERTAINTY_LIKELY ? NOTE_ERROR : NOTE_WARNING;
}

static enum note_level on_finding_ended(const struct model *m, const struct event *e, struct buf *out)
{
    const struct model_worker *w = model_worker_by_pid(m, e->end.pid);
    buf_addf(out, "%s %lld no longer hangs: %s does not hold any more", w ? "worker" : "process",
             (long long)(w ? w->id : e->end.pid), e->end.rule ? e->end.rule : "the finding");
    return NOTE_INFO;
}

static enum note_level on_denied(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    buf_addf(out, "cannot read what process %lld (%s) waits for: %s", (long long)e->denied.pid,
             e->denied.name ? e->denied.name : "?", e->denied.why ? e->denied.why : "?");
    return NOTE_WARNING;
}

static enum note_level on_command_started(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    const char *verb = e->command.attached ? "attached to" : "started";
    if (e->command.text)
        buf_addf(out, "%s %s (%lld)", verb, e->command.text, (long long)e->command.pid);
    else
        buf_addf(out, "%s process %lld", verb, (long long)e->command.pid);
    return NOTE_INFO;
}

static enum note_level on_command_exited(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    if (e->command.signal)
        buf_addf(out, "the command was killed by signal %lld", (long long)e->command.signal);
    else if (e->command.code < 0)
        buf_add_text(out, "the command ended");
    else
        buf_addf(out, "the command exited with status %lld", (long long)e->command.code);
    return e->command.signal || e->command.code > 0 ? NOTE_WARNING : NOTE_INFO;
}

static enum note_level on_timeout(const struct model *m, const struct event *e, struct buf *out)
{
    (void)m;
    (void)e;
    buf_add_text(out, "the time of --timeout has passed");
    return NOTE_ERROR;
}

static describe_fn *const describers[EVENT_TYPE_COUNT] = {
    [EVENT_HOST_STARTED] = on_host_started,
    [EVENT_HOST_EXITED] = on_host_exited,
    [EVENT_TABLE_LOADED] = on_loaded,
    [EVENT_TABLE_FAILED] = on_load_failed,
    [EVENT_RUN_STARTED] = on_run_started,
    [EVENT_WORKER_STARTED] = on_worker_started,
    [EVENT_TASK_STARTED] = on_task_started,
    [EVENT_TASK_ENDED] = on_task_ended,
    [EVENT_TASK_RETURNED] = on_task_returned,
    [EVENT_WORKER_EXITED] = on_worker_exited,
    [EVENT_RUN_ENDED] = on_run_ended,
    [EVENT_FINDING] = on_finding,
    [EVENT_FINDING_ENDED] = on_finding_ended,
    [EVENT_TIMEOUT] = on_timeout,
    [EVENT_DENIED] = on_denied,
    [EVENT_COMMAND_STARTED] = on_command_started,
    [EVENT_COMMAND_EXITED] = on_command_exited,
};

void model_describe(const struct model *m, const struct event *e, struct event *note)
{
    struct buf words;
    enum { LINE_MAX = 4096 };
    *note = (struct event){.type = EVENT_NOTE, .time = e->time};
    if (e->type < 0 || e->type >= EVENT_TYPE_COUNT || !describers[e->type])
        return;
    buf_init(&words, LINE_MAX);
    note->note.level = describers[e->type](m, e, &words);
    if (words.len > 0)
        note->note.text = buf_take(&words);
    buf_done(&words);
}
