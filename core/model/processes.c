/* SPDX-License-Identifier: MIT
 * The processes of the observed tree, and what was found out about them. */
#include <stdlib.h>
#include <string.h>

#include "core/model/private.h"

static void process_done(struct model_process *p)
{
    free(p->seen.command);
    free(p->seen.state);
    free(p->seen.waits_for);
}

void model_clear_processes(struct model *m)
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

static struct model_worker *mutable_worker(struct model *m, int64_t pid)
{
    return (struct model_worker *)model_worker_by_pid(m, pid);
}

/* The process of that pid that has not ended. */
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

enum err model_on_process(struct model *m, struct event *e)
{
    struct model_process *p = process_by_pid(m, e->process.pid);
    struct model_worker *w = mutable_worker(m, e->process.pid);
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

enum err model_on_process_gone(struct model *m, struct event *e)
{
    struct model_process *p = process_by_pid(m, e->end.pid);
    if (p) {
        p->gone = true;
        p->last = e->time;
    }
    return OK;
}

/* A process has one finding: a newer one replaces it. */
enum err model_on_finding(struct model *m, struct event *e)
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
    struct model_worker *w = mutable_worker(m, f->pid);
    if (w && !model_gone(w) && f->certainty >= CERTAINTY_LIKELY)
        model_enter(w, WORKER_HUNG, e->time);
    return OK;
}

enum err model_on_finding_ended(struct model *m, struct event *e)
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
    struct model_worker *w = mutable_worker(m, e->end.pid);
    if (w && w->state == WORKER_HUNG)
        model_enter(w, w->task ? WORKER_BUSY : WORKER_IDLE, e->time);
    return OK;
}
