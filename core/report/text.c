/* SPDX-License-Identifier: MIT
 * The report as text: the verdict first, then which processes hang, why, and what helps. */
#include "core/report/report.h"

#include <string.h>

#include "core/base/text.h"
#include "core/stack/stack.h"

static void add_safe(struct buf *out, const char *text)
{
    if (text && text_add_safe(out, text, strlen(text)))
        return; /* the error sticks in the buffer */
}

static void add_code(struct buf *out, const struct model_task *t)
{
    if (!t || !t->code)
        buf_add_text(out, t ? "the whole table" : "none");
    else
        add_safe(out, t->code);
}

/* The few frames that matter; the JSON report has all. */
static void add_stack(struct buf *out, const struct texts *stack)
{
    enum { LINE_MAX = 4096 };
    struct buf brief;
    buf_init(&brief, LINE_MAX);
    if (!stack_brief(stack, &brief))
        add_safe(out, buf_text(&brief));
    buf_done(&brief);
}

static bool same_words(const struct finding *a, const struct finding *b)
{
    return a && b && a->summary && b->summary && strcmp(a->summary, b->summary) == 0;
}

static void add_command(const struct model *m, int64_t pid, struct buf *out)
{
    for (size_t i = m->nprocesses; i-- > 0;)
        if (m->processes[i].seen.pid == pid) {
            add_safe(out, m->processes[i].seen.command);
            return;
        }
}

static void add_finding_line(const struct model *m, const struct finding *f, const struct finding *before,
                             struct buf *out)
{
    const struct model_worker *w = model_worker_by_pid(m, f->pid);
    if (w) {
        /* its last span tells which task it had, even if the worker has ended */
        const struct model_task *t = w->nspans ? model_task(m, w->spans[w->nspans - 1].task) : NULL;
        buf_addf(out, "  worker %lld  pid %lld  task ", (long long)w->id, (long long)w->pid);
        add_code(out, t);
    } else {
        buf_addf(out, "  process %lld  ", (long long)f->pid);
        add_command(m, f->pid, out);
    }
    if (same_words(f, before)) {
        buf_add_text(out, "  for the same reason\n");
        return;
    }
    buf_addf(out, "  %s: ", f->rule ? f->rule : "?");
    add_safe(out, f->summary);
    buf_add_char(out, '\n');
}

static void add_detail(const struct model *m, const struct finding *f, struct buf *out)
{
    for (size_t i = 0; i < f->evidence.n; i++) {
        buf_add_text(out, i ? "          " : "  seen    ");
        add_safe(out, f->evidence.v[i]);
        buf_add_char(out, '\n');
    }
    buf_addf(out, "  cause   %s\n", f->cause ? f->cause : "unknown");
    if (f->stack.n) {
        buf_add_text(out, "  at      ");
        add_stack(out, &f->stack);
        buf_add_char(out, '\n');
    }
    buf_add_text(out, "  cure    ");
    if (m->run > 0 && f->cause && strcmp(f->cause, "lost-threads") == 0)
        buf_add_text(out, "-s spawn, or -s forkserver, or -t 1");
    else
        add_safe(out, f->fix);
    buf_add_char(out, '\n');
}

static void add_findings(const struct model *m, struct buf *out)
{
    struct verdict v;
    char seconds[24];
    const struct finding *worst = model_worst_finding(m);
    if (!worst || !model_verdict(m, &v))
        return;
    buf_addf(out, "poolscope: HUNG after %s, %s: %s\n", text_seconds(worst->after_seconds, seconds),
             certainty_names[worst->certainty], v.who);
    for (size_t i = 0; i < m->nfindings; i++)
        add_finding_line(m, &m->findings[i], i ? &m->findings[i - 1] : NULL, out);
    add_detail(m, worst, out);
}

static void add_failures(const struct model *m, struct buf *out)
{
    for (size_t i = 0; i < m->ntasks; i++) {
        const struct model_task *t = &m->tasks[i];
        if (t->state != TASK_FAILED && t->state != TASK_LOST)
            continue;
        buf_addf(out, "  task %lld  ", (long long)t->id);
        add_code(out, t);
        buf_addf(out, "  %s", task_state_names[t->state]);
        if (t->error) {
            buf_add_text(out, ": ");
            add_safe(out, t->error);
        }
        buf_add_char(out, '\n');
    }
}

static bool never_started(const struct model_task *t)
{
    return t->started < 0 && t->state != TASK_FAILED;
}

/* Names the first few tasks that never started, and counts the others: a large run keeps no record of most tasks. */
static void add_never_started(const struct model *m, struct buf *out)
{
    enum { NAMED = 5 };
    size_t kept = 0, named = 0, all = m->total;
    for (size_t i = 0; i < m->ntasks; i++)
        kept += never_started(&m->tasks[i]);
    for (int state = TASK_RUNNING; state <= TASK_LOST; state++)
        all -= state == TASK_CANCELLED || m->counts[state] > all ? 0 : m->counts[state];
    if (m->ntasks >= m->total || all < kept)
        all = kept;
    for (size_t i = 0; i < m->ntasks && named < NAMED; i++) {
        if (!never_started(&m->tasks[i]))
            continue;
        buf_add_text(out, named++ ? ", " : "  never started: task ");
        add_code(out, &m->tasks[i]);
    }
    if (named && all > named)
        buf_addf(out, " and %zu more", all - named);
    else if (all && !named)
        buf_addf(out, "  never started: %zu task%s", all, all == 1 ? "" : "s");
    if (all)
        buf_add_char(out, '\n');
}

static int outcome_status(const struct model *m)
{
    if (m->table_error)
        return m->table_internal ? 125 : 3;
    switch (model_outcome(m)) {
    case OUTCOME_HUNG:
    case OUTCOME_TIMEOUT: return 124;
    case OUTCOME_FINISHED: return 0;
    case OUTCOME_FAILED:
        if (m->root)
            return m->command_signal ? 128 + (int)m->command_signal : (int)m->command_code;
        return m->host_died ? 125 : 1;
    default: return m->root ? 0 : 125; /* an attached tree that still runs */
    }
}

int report_final_status(const struct model *m, struct report_end end)
{
    int status = outcome_status(m);
    if (end.signal && !(m->root && status == 124))
        return 128 + end.signal;
    return end.failed ? 125 : end.unread ? 3 : status;
}

static void add_exit(const struct model *m, struct report_end end, struct buf *out)
{
    int status = report_final_status(m, end);
    if (end.signal && status == 128 + end.signal)
        buf_addf(out, "; ended by signal %d", end.signal);
    buf_addf(out, "; exit %d\n", status);
}

static void add_watch_end(const struct model *m, struct report_end end, struct buf *out)
{
    char seconds[24];
    buf_add_text(out, "poolscope: ");
    add_safe(out, m->command ? m->command : "the process");
    if (!m->command_ended)
        buf_add_text(out, m->timed_out ? " was watched until --timeout" : " still runs");
    else if (m->command_signal)
        buf_addf(out, " was killed by signal %lld", (long long)m->command_signal);
    else if (m->command_code >= 0)
        buf_addf(out, " exited with status %lld", (long long)m->command_code);
    else
        buf_add_text(out, " ended");
    if (m->run_ended >= 0)
        buf_addf(out, " after %s", text_seconds(model_run_seconds(m, m->run_ended), seconds));
    buf_addf(out, "; %zu process%s seen, %zu finding%s", m->nprocesses, m->nprocesses == 1 ? "" : "es", m->nfindings,
             m->nfindings == 1 ? "" : "s");
    add_exit(m, end, out);
}

static void add_last_line(const struct model *m, struct report_end end, struct buf *out)
{
    char seconds[24];
    const enum outcome outcome = model_outcome(m);
    buf_add_text(out, "poolscope: ");
    if (m->host_died)
        buf_add_text(out, "the host process died");
    else if (outcome == OUTCOME_HUNG && m->stopped)
        buf_add_text(out, "pool killed (--on-hang kill)");
    else if (outcome == OUTCOME_TIMEOUT)
        buf_add_text(out, "stopped by --timeout");
    else
        buf_addf(out, "%s%s", outcome_names[outcome], m->stopped ? " (stopped)" : "");
    buf_addf(out, "; %zu of %zu task%s finished", model_count_tasks(m, TASK_FINISHED), m->total,
             m->total == 1 ? "" : "s");
    if (m->run_ended >= 0)
        buf_addf(out, " in %s", text_seconds(model_run_seconds(m, m->run_ended), seconds));
    if (m->method)
        buf_addf(out, "; %s, %lld worker%s, %lld engine thread%s", m->method, (long long)m->workers_wanted,
                 m->workers_wanted == 1 ? "" : "s", (long long)m->threads, m->threads == 1 ? "" : "s");
    add_exit(m, end, out);
}

enum err report_text(const struct model *m, struct report_end end, struct buf *out)
{
    if (m->table_error) {
        buf_add_text(out, "poolscope: ");
        add_safe(out, m->table_error);
        return buf_add_char(out, '\n');
    }
    add_findings(m, out);
    if (m->root) {
        add_watch_end(m, end, out);
        return out->err;
    }
    add_failures(m, out);
    add_never_started(m, out);
    add_last_line(m, end, out);
    return out->err;
}

enum err report_watch_end(const struct model *m, struct report_end end, struct buf *out)
{
    struct verdict v;
    if (model_verdict(m, &v))
        buf_addf(out, "poolscope: %s: %s\n", v.title, v.who);
    add_watch_end(m, end, out);
    return out->err;
}

enum err report_finding(const struct model *m, const struct finding *f, struct buf *out)
{
    char seconds[24];
    buf_addf(out, "poolscope: HUNG after %s, %s: process %lld  ", text_seconds(f->after_seconds, seconds),
             certainty_names[f->certainty], (long long)f->pid);
    add_command(m, f->pid, out);
    buf_addf(out, "\n  %s: ", f->rule ? f->rule : "?");
    add_safe(out, f->summary);
    buf_add_char(out, '\n');
    add_detail(m, f, out);
    return out->err;
}
