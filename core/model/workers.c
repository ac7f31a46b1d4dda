/* SPDX-License-Identifier: MIT
 * The workers of a run: their states, and the tasks that each of them ran. */
#include <stdlib.h>
#include <string.h>

#include "core/model/private.h"

const char *const worker_state_names[] = {"starting", "idle", "busy", "slow", "hung", "exited", "killed", NULL};

const struct model_worker *model_worker(const struct model *m, int64_t id)
{
    return id >= 1 && (uint64_t)id <= m->nworkers ? &m->workers[id - 1] : NULL;
}

const struct model_worker *model_worker_by_pid(const struct model *m, int64_t pid)
{
    for (size_t i = m->nworkers; i-- > 0;)
        if (m->workers[i].pid == pid)
            return &m->workers[i];
    return NULL;
}

void model_clear_workers(struct model *m)
{
    for (size_t i = 0; i < m->nworkers; i++) {
        free(m->workers[i].waits_for);
        free(m->workers[i].spans);
    }
    free(m->workers);
    m->workers = NULL;
    m->nworkers = 0;
}

bool model_gone(const struct model_worker *w)
{
    return w->state == WORKER_EXITED || w->state == WORKER_KILLED;
}

void model_enter(struct model_worker *w, enum worker_state state, double now)
{
    if (w->state != state) {
        w->state = state;
        w->since = now;
    }
}

void model_close_span(struct model_worker *w, double now)
{
    if (w->nspans && w->spans[w->nspans - 1].to < 0)
        w->spans[w->nspans - 1].to = now;
    w->task = 0;
}

/* When there are too many, the older half is dropped: the newest are the ones that are shown. */
enum err model_open_span(struct model_worker *w, int64_t task, double now)
{
    model_close_span(w, now);
    if (w->nspans == MODEL_SPANS_MAX) {
        w->nspans /= 2;
        memmove(w->spans, w->spans + w->nspans, w->nspans * sizeof *w->spans);
    }
    struct model_span *span = model_list_add(&w->spans, &w->nspans, sizeof *span);
    if (!span)
        return ERR_NOMEM;
    *span = (struct model_span){.task = task, .from = now, .to = -1};
    return OK;
}

static void end_worker(struct model_worker *w, enum worker_state state, double now)
{
    model_close_span(w, now);
    model_enter(w, state, now);
    w->ended = now;
}

void model_kill_workers(struct model *m, double now)
{
    for (size_t i = 0; i < m->nworkers; i++)
        if (!model_gone(&m->workers[i]))
            end_worker(&m->workers[i], WORKER_KILLED, now);
}

enum err model_on_worker_started(struct model *m, struct event *e)
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

enum err model_on_worker_ready(struct model *m, struct event *e)
{
    struct model_worker *w = model_worker_by_id(m, e->worker.worker);
    if (w && w->state == WORKER_STARTING)
        model_enter(w, WORKER_IDLE, e->time);
    return OK;
}

enum err model_on_worker_exited(struct model *m, struct event *e)
{
    struct model_worker *w = model_worker_by_id(m, e->worker.worker);
    if (!w || model_gone(w))
        return OK;
    end_worker(w, e->worker.signal ? WORKER_KILLED : WORKER_EXITED, e->time);
    w->code = e->worker.code;
    w->signal = e->worker.signal;
    return OK;
}
