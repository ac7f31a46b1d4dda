/* SPDX-License-Identifier: MIT
 * The details of one process: what each of its threads waits for, where it comes from, memory, files, signals. */
#include "tui/panes/pane.h"

#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum { INDENT = 9 };
/* Processes that started within this many seconds started together: the kernel counts in hundredths of a second. */
static const double same_moment = 0.03;

static void add_part(struct pane *p, const char *name, const char *text)
{
    lines_head(&p->lines, INDENT, name);
    lines_wrap(&p->lines, ROLE_TEXT, INDENT, p->width, text, (struct subject){0});
}

static void add_partf(struct pane *p, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void add_partf(struct pane *p, const char *name, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    add_part(p, name, text);
}

static void add_parts(struct pane *p, const char *name, const struct texts *texts)
{
    for (size_t i = 0; i < texts->n; i++)
        add_part(p, i == 0 ? name : "", texts->v[i]);
}

static void add_state(struct pane *p, const struct view *v, const struct model_process *process)
{
    char seconds[24];
    const struct event_process *s = &process->seen;
    const char *state = s->state ? s->state : "?";
    double asleep = s->asleep_seconds + (v->now - process->last);
    if (process->gone)
        add_part(p, "state", "gone");
    else if (strcmp(state, "sleeping") != 0)
        add_part(p, "state", state);
    else
        add_partf(p, "state", "sleeping for %s", text_seconds(asleep > 0 ? asleep : 0, seconds));
    if (!process->gone && strcmp(state, "sleeping") == 0)
        add_part(p, "wait", s->waits_for ? s->waits_for : "cannot be seen");
}

/* What the process got from its parent: a fork without exec copies its memory, an exec leaves nothing of it. */
static void add_origin(struct pane *p, const struct view *v, const struct model_process *process)
{
    const struct event_process *s = &process->seen;
    const struct model_process *parent = model_process(v->model, s->ppid);
    const char *name = parent && parent->seen.command ? parent->seen.command : "";
    add_partf(p, "parent", "%lld%s%.200s", (long long)s->ppid, *name ? "  " : "", name);
    if (!s->forked_without_exec)
        add_part(p, "origin", "started by exec: it shares no locks or threads with its parent");
    else if (s->parent_threads > 1)
        add_partf(p, "origin", "forked without exec: its parent had %lld threads, it got 1",
                  (long long)s->parent_threads);
    else
        add_part(p, "origin", "forked without exec: it has a copy of its parent's memory and locks");
}

static void add_costs(struct pane *p, const struct model_process *process)
{
    char bytes[24], cpu[24];
    const struct event_process *s = &process->seen;
    if (s->pss_kib >= 0)
        add_partf(p, "memory", "%s (proportional share, PSS)", text_bytes((double)s->pss_kib * 1024, bytes));
    else
        add_part(p, "memory", "cannot be read");
    add_partf(p, "CPU", "%s", text_seconds(s->cpu_seconds, cpu));
}

static void add_started(struct pane *p, double started)
{
    char seconds[24];
    text_seconds(fabs(started), seconds);
    if (fabs(started) < same_moment)
        add_part(p, "started", "when the watch began");
    else if (started < 0)
        add_partf(p, "started", "%s before the watch", seconds);
    else
        add_partf(p, "started", "%s after the watch began", seconds);
}

static void add_threads(struct pane *p, const struct event_inspection *i, int64_t all)
{
    struct lines *l = &p->lines;
    add_partf(p, "threads", "%lld", (long long)all);
    for (size_t n = 0; n < i->tids.n && n < i->names.n && n < i->waits.n; n++) {
        char head[128];
        snprintf(head, sizeof head, "%7lld %.64s  ", (long long)i->tids.v[n], i->names.v[n]);
        lines_add(l, ROLE_TEXT, head);
        lines_wrap(l, ROLE_DIM, INDENT, p->width, i->waits.v[n], (struct subject){0});
    }
}

static void add_details(struct pane *p, const struct event_inspection *i, const struct event_process *s)
{
    if (i->exe)
        add_part(p, "program", i->exe);
    add_started(p, i->started);
    add_threads(p, i, s->threads);
    if (i->ghost_stacks > 0)
        add_partf(p, "ghosts", "%lld stack%s of threads that it does not have", (long long)i->ghost_stacks,
                  i->ghost_stacks == 1 ? "" : "s");
    add_parts(p, "signals", &i->signals);
    if (i->fds_denied)
        add_part(p, "files", "may not be read: only its own user and root may do that");
    add_parts(p, "files", &i->fds);
}

static enum err inspector_sync(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    const struct model_process *process = model_process(m, v->inspect_pid);
    if (!process) {
        lines_wrap(&p->lines, ROLE_DIM, 0, p->width, "Details of the process under the cursor are shown here.",
                   (struct subject){0});
        return OK;
    }
    lines_wrap(&p->lines, ROLE_TITLE, 0, p->width, process->seen.command ? process->seen.command : "?",
               (struct subject){SUBJECT_PROCESS, process->seen.pid});
    add_state(p, v, process);
    add_origin(p, v, process);
    add_costs(p, process);
    if (m->inspection.pid == v->inspect_pid)
        add_details(p, &m->inspection, &process->seen);
    return OK;
}

static void inspector_status(const struct pane *p, const struct view *v, struct buf *out)
{
    (void)p;
    if (v->inspect_pid)
        buf_addf(out, "pid %lld", (long long)v->inspect_pid);
}

const struct pane_ops pane_inspector_ops = {
    .name = "inspector",
    .title = "Inspector",
    .brief = "Inspector",
    .hints = (const char *const[]){"stack", "search", "copy", NULL},
    .sync = inspector_sync,
    .status = inspector_status,
};
