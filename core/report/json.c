/* SPDX-License-Identifier: MIT
 * The model as one JSON object, schema poolscope.report/1. Keys are only ever added. */
#include "core/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "core/report/private.h"

/* An unknown number is null, never a made-up one. */
static json_t *known(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static json_t *task_seconds(const struct model_task *t)
{
    if (t->state == TASK_FINISHED || t->state == TASK_FAILED)
        return json_real(t->seconds);
    return t->started >= 0 && t->ended >= 0 ? json_real(t->ended - t->started) : json_null();
}

static json_t *task_json(const struct model_task *t)
{
    json_t *o = json_pack("{s:I, s:o, s:s, s:o, s:o, s:o}", "id", (json_int_t)t->id, "code", report_json_text(t->code),
                          "state", task_state_names[t->state], "worker",
                          t->worker ? json_integer(t->worker) : json_null(), "rows", known(t->rows), "seconds",
                          task_seconds(t));
    if (o && t->error)
        json_object_set_new(o, "error", report_json_text(t->error));
    return o;
}

/* A hung worker is reported as "hung" even if it was killed afterwards. */
static const char *worker_state(const struct model *m, const struct model_worker *w)
{
    const struct finding *f = model_finding_of(m, w->pid);
    return worker_state_names[f && f->certainty >= CERTAINTY_LIKELY ? WORKER_HUNG : w->state];
}

static json_t *worker_json(const struct model *m, const struct model_worker *w)
{
    return json_pack("{s:I, s:I, s:I, s:s, s:o, s:o, s:b, s:o, s:o}", "id", (json_int_t)w->id, "pid",
                     (json_int_t)w->pid, "ppid", (json_int_t)w->ppid, "state", worker_state(m, w), "threads",
                     known(w->threads), "parent_threads", known(w->parent_threads), "forked_without_exec",
                     (int)w->forked_without_exec, "fds", known(w->fds), "pss_kib", known(w->pss_kib));
}

/* Of a watch, all processes of the tree, the root included, are listed as workers. */
static json_t *process_json(const struct model *m, const struct model_process *p, json_int_t id)
{
    const struct finding *f = model_finding_of(m, p->seen.pid);
    bool is_hung = f && f->certainty >= CERTAINTY_LIKELY;
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "id", id, "pid", (json_int_t)p->seen.pid,
                     "ppid", (json_int_t)p->seen.ppid, "state",
                     is_hung   ? json_string("hung")
                     : p->gone ? json_string("exited")
                               : report_json_text(p->seen.state),
                     "threads", known(p->seen.threads), "parent_threads", known(p->seen.parent_threads),
                     "forked_without_exec", (int)p->seen.forked_without_exec, "fds", known(p->seen.fds), "pss_kib",
                     known(p->seen.pss_kib), "command", report_json_text(p->seen.command));
}

/* Appends `item` (taken) to `list`. */
static void append(json_t *list, json_t *item, enum err *e)
{
    if (!*e && json_array_append_new(list, item) < 0)
        *e = ERR_NOMEM;
    else if (*e)
        json_decref(item);
}

static enum err add_lists(const struct model *m, json_t *root)
{
    enum err err = OK;
    json_t *workers = json_array(), *findings = json_array();
    for (size_t i = 0; i < m->nworkers && !err; i++)
        append(workers, worker_json(m, &m->workers[i]), &err);
    for (size_t i = 0; m->root && i < m->nprocesses && !err; i++)
        append(workers, process_json(m, &m->processes[i], (json_int_t)i + 1), &err);
    for (size_t i = 0; i < m->nfindings && !err; i++)
        append(findings, shape_new_json(finding_fields, &m->findings[i]), &err);
    /* set_new takes the list in every case, NULL included */
    int failed = json_object_set_new(root, "workers", workers) | json_object_set_new(root, "findings", findings);
    return failed ? ERR_NOMEM : err;
}

static int add_to_buf(const char *data, size_t len, void *out)
{
    return buf_add(out, data, len) ? -1 : 0;
}

static int by_id(const void *a, const void *b)
{
    const struct model_task *x = *(const struct model_task *const *)a, *y = *(const struct model_task *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

/* There may be millions of tasks, so each is converted and written separately, one a line. */
static enum err add_tasks(const struct model *m, struct buf *out)
{
    const struct model_task **tasks = calloc(m->ntasks + 1, sizeof *tasks);
    enum err err = tasks ? OK : ERR_NOMEM;
    for (size_t i = 0; i < m->ntasks && !err; i++)
        tasks[i] = &m->tasks[i];
    if (!err)
        qsort(tasks, m->ntasks, sizeof *tasks, by_id);
    for (size_t i = 0; i < m->ntasks && !err; i++) {
        json_t *task = task_json(tasks[i]);
        buf_add_text(out, i ? ",\n  " : "\n  ");
        if (!task || json_dump_callback(task, add_to_buf, out, JSON_REAL_PRECISION(9)) < 0)
            err = out->err ? out->err : ERR_NOMEM;
        json_decref(task);
    }
    free(tasks);
    return err;
}

/* What the sampling cost. The processes and threads are the sums over all looks. */
static enum err add_sampling(const struct model *m, json_t *root)
{
    const struct event_sampling *s = &m->sampling;
    json_t *o = json_pack("{s:I, s:I, s:I, s:f}", "looks", (json_int_t)s->looks, "processes", (json_int_t)s->processes,
                          "threads", (json_int_t)s->threads, "cpu_seconds", s->cpu_seconds);
    return json_object_set_new(root, "sampling", o) < 0 ? ERR_NOMEM : OK;
}

enum err report_json(const struct model *m, const char *mode, struct buf *out)
{
    json_t *root = json_pack("{s:s, s:s, s:o, s:o, s:s}", "schema", "poolscope.report/1", "mode", mode, "start_method",
                             report_json_text(m->method), "threads",
                             m->threads > 0 ? json_integer(m->threads) : json_null(), "outcome",
                             outcome_names[m->table_error ? OUTCOME_FAILED : model_outcome(m)]);
    enum err err = root ? add_lists(m, root) : ERR_NOMEM;
    if (!err && m->denied.why && json_object_set_new(root, "denied", report_json_text(m->denied.why)) < 0)
        err = ERR_NOMEM;
    if (!err && m->sampling.looks > 0)
        err = add_sampling(m, root);
    if (!err && m->table_error && json_object_set_new(root, "error", report_json_text(m->table_error)) < 0)
        err = ERR_NOMEM;
    if (!err && json_dump_callback(root, add_to_buf, out, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) < 0)
        err = out->err ? out->err : ERR_NOMEM;
    json_decref(root);
    if (err)
        return err;
    out->len -= strlen("\n}"); /* the object is not at its end yet */
    buf_add_text(out, ",\n \"tasks\": [");
    err = add_tasks(m, out);
    return err ? err : buf_add_text(out, m->ntasks ? "\n ]\n}\n" : "]\n}\n");
}
