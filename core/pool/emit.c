/* SPDX-License-Identifier: MIT
 * The events about tasks. While there are few, each is sent by itself. Beyond a limit per window of time, tasks that
 * end are collected and sent in one event with the number of tasks in each state. So a reader gets a bounded number of
 * events per second and every result. Events keep their order. */
#include "core/pool/emitter.h"

#include <string.h>

#include "core/pool/private.h"

static const double window = 0.05; /* seconds */
enum { BATCH_BYTES = 24 * 1024 };  /* about, so that the event fits into a message of 32 KiB */

/* May the event of a single task be sent now? If so, merged events are sent first. */
static bool may_emit_single(struct pool *p)
{
    struct emitter *t = &p->emitter;
    if (p->options.burst < 0)
        return true;
    if (p->now >= t->window_end) {
        emit_flush(p);
        t->window_end = p->now + window;
        t->left = p->options.burst > 0 ? p->options.burst : POOL_BURST;
    }
    if (t->left <= 0)
        return false;
    t->left--;
    return true;
}

/* A task changes its state (from -1: it is new). Returns true if no event of its own may be sent for that. The change
 * is counted only after merged events were sent: those counts must not include a task whose end the reader has not got,
 * in case this process dies before it sends that end. */
static bool merge(struct pool *p, int from, int to)
{
    bool singly = may_emit_single(p);
    if (from >= 0)
        p->emitter.counts[from]--;
    p->emitter.counts[to]++;
    p->emitter.merged |= !singly;
    return !singly;
}

static struct event task_event(const struct pool *p, enum event_type type, const struct task *t, const struct slot *s)
{
    return (struct event){
        .type = type,
        .task =
            {.run = p->options.run, .task = t->id, .code = text_dup(task_code(t)), .worker = s ? s->id : 0, .rows = -1},
    };
}

void emit_submitted(struct pool *p, const struct task *t)
{
    if (!p->options.emit)
        return;
    if (merge(p, -1, TASK_PENDING))
        return;
    struct event e = task_event(p, EVENT_TASK_SUBMITTED, t, NULL);
    pool_emit(p, &e);
}

void emit_started(struct pool *p, const struct task *t, const struct slot *s)
{
    if (!p->options.emit)
        return;
    if (merge(p, TASK_PENDING, TASK_RUNNING))
        return;
    struct event e = task_event(p, EVENT_TASK_STARTED, t, s);
    e.task.state = TASK_RUNNING;
    pool_emit(p, &e);
}

void emit_returned(struct pool *p, const struct task *t, const struct slot *s, const char *why)
{
    if (!p->options.emit)
        return;
    if (merge(p, TASK_RUNNING, TASK_PENDING))
        return;
    struct event e = task_event(p, EVENT_TASK_RETURNED, t, s);
    e.task.state = TASK_PENDING;
    e.task.error = text_dup(why);
    pool_emit(p, &e);
}

static void emit_single_end(struct pool *p, struct event_task *borrowed)
{
    struct event e = {.type = EVENT_TASK_ENDED}, from = {.type = EVENT_TASK_ENDED, .task = *borrowed};
    if (event_copy(&from, &e)) {
        /* Without memory for the result the task counts as failed. It must not look like a finished one without rows.
         */
        p->emitter.counts[borrowed->state]--;
        p->emitter.counts[TASK_FAILED]++;
        e = (struct event){.type = EVENT_TASK_ENDED,
                           .task = {.run = borrowed->run,
                                    .task = borrowed->task,
                                    .worker = borrowed->worker,
                                    .state = TASK_FAILED,
                                    .rows = -1,
                                    .error = text_dup("out of memory")}};
    }
    pool_emit(p, &e);
}

static void add_to_batch(struct pool *p, const struct event_task *borrowed)
{
    struct emitter *t = &p->emitter;
    if (event_tasks_add(&t->batch, borrowed))
        pool_break(p, "out of memory");
    t->bytes += 64 + 8 * borrowed->ranges.n + (borrowed->code ? strlen(borrowed->code) : 0);
    if (t->bytes >= BATCH_BYTES)
        emit_flush(p);
}

void emit_ended(struct pool *p, const struct task *t, const struct slot *s, enum task_state state,
                const struct task_outcome *outcome)
{
    struct event_task e = {.run = p->options.run,
                           .task = t->id,
                           .code = (char *)task_code(t),
                           .worker = s ? s->id : 0,
                           .state = state,
                           .rows = outcome->rows,
                           .seconds = outcome->seconds,
                           .error = (char *)outcome->error,
                           .ranges = {.v = (int64_t *)outcome->ranges, .n = outcome->nranges}};
    if (p->options.on_task_ended) {
        struct pool_result r = {.task = t->id, .code = e.code, .state = state, .error = e.error};
        p->options.on_task_ended(p->options.ctx, &r);
    }
    if (!p->options.emit)
        return;
    if (merge(p, s ? TASK_RUNNING : TASK_PENDING, (int)state))
        add_to_batch(p, &e);
    else
        emit_single_end(p, &e);
}

/* Adds pairs of worker and task that run now: their start may have been merged. */
static enum err add_busy(const struct pool *p, struct ints *busy)
{
    enum err err = OK;
    for (int i = 0; i < p->options.workers && !err; i++) {
        const struct slot *s = &p->slots[i];
        const struct task *t = s->ntasks > 0 ? s->tasks[s->first % SLOT_TASKS_MAX].task : NULL;
        if (!t || t->stage != STAGE_RUNNING)
            continue;
        err = ints_add(busy, s->id);
        if (!err)
            err = ints_add(busy, t->id);
    }
    return err;
}

void emit_flush(struct pool *p)
{
    struct emitter *t = &p->emitter;
    if (!t->merged)
        return;
    struct event e = {.type = EVENT_TASKS, .tasks = t->batch};
    t->batch = (struct event_tasks){0};
    t->merged = false;
    t->bytes = 0;
    e.tasks.run = p->options.run;
    e.tasks.pending = t->counts[TASK_PENDING];
    e.tasks.running = t->counts[TASK_RUNNING];
    e.tasks.finished = t->counts[TASK_FINISHED];
    e.tasks.failed = t->counts[TASK_FAILED];
    e.tasks.cancelled = t->counts[TASK_CANCELLED];
    e.tasks.lost = t->counts[TASK_LOST];
    if (add_busy(p, &e.tasks.busy))
        pool_break(p, "out of memory");
    pool_emit(p, &e);
}

void emitter_done(struct pool *p)
{
    struct event e = {.type = EVENT_TASKS, .tasks = p->emitter.batch};
    event_done(&e);
}
