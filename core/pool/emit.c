/* SPDX-License-Identifier: MIT
 * What is told of tasks: each event by itself as long as they are few; beyond that the tasks that end are collected and
 * told together with the counts of all, so that no reader has more than a bounded number of events a second to take,
 * and none misses a result. Events keep their order. */
#include "core/pool/private.h"

#include <stdlib.h>
#include <string.h>

static const double window = 0.05; /* seconds */
enum { BATCH_BYTES = 24 * 1024 };  /* about; a message of the wire takes 32 KiB */

/* May a single event be told now? If so, what is merged goes before it. */
static bool told_singly(struct pool *p)
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

/* A task goes from one state to another. True if that was all: it waits in the batch. What is told before it does not
 * count it yet: whoever dies between the two has told nothing that did not come. */
static bool merged(struct pool *p, int from, int to)
{
    bool singly = told_singly(p);
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
    if (merged(p, -1, TASK_PENDING))
        return;
    struct event e = task_event(p, EVENT_TASK_SUBMITTED, t, NULL);
    pool_emit(p, &e);
}

void emit_started(struct pool *p, const struct task *t, const struct slot *s)
{
    if (!p->options.emit)
        return;
    if (merged(p, TASK_PENDING, TASK_RUNNING))
        return;
    struct event e = task_event(p, EVENT_TASK_STARTED, t, s);
    e.task.state = TASK_RUNNING;
    pool_emit(p, &e);
}

void emit_returned(struct pool *p, const struct task *t, const struct slot *s, const char *why)
{
    if (!p->options.emit)
        return;
    if (merged(p, TASK_RUNNING, TASK_PENDING))
        return;
    struct event e = task_event(p, EVENT_TASK_RETURNED, t, s);
    e.task.state = TASK_PENDING;
    e.task.error = text_dup(why);
    pool_emit(p, &e);
}

static void emit_end(struct pool *p, struct event_task *borrowed)
{
    struct event e = {.type = EVENT_TASK_ENDED}, from = {.type = EVENT_TASK_ENDED, .task = *borrowed};
    if (event_copy(&from, &e)) {
        /* Without memory for the result the task counts as failed: it must not look finished with no rows. */
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
                const struct task_end *end)
{
    struct event_task e = {.run = p->options.run,
                           .task = t->id,
                           .code = (char *)task_code(t),
                           .worker = s ? s->id : 0,
                           .state = state,
                           .rows = end->rows,
                           .seconds = end->seconds,
                           .error = (char *)end->error,
                           .ranges = {.v = (int64_t *)end->ranges, .n = end->nranges}};
    if (p->options.settled) {
        struct pool_result r = {.task = t->id,
                                .code = e.code,
                                .state = state,
                                .worker = e.worker,
                                .rows = end->rows,
                                .seconds = end->seconds,
                                .ranges = e.ranges,
                                .error = e.error};
        p->options.settled(p->options.ctx, &r);
    }
    if (!p->options.emit)
        return;
    if (merged(p, s ? TASK_RUNNING : TASK_PENDING, (int)state))
        add_to_batch(p, &e);
    else
        emit_end(p, &e);
}

/* What runs now, for those who heard only of the end of tasks. */
static enum err add_busy(const struct pool *p, struct ints *busy)
{
    enum err err = OK;
    for (int i = 0; i < p->options.workers && !err; i++) {
        const struct slot *s = &p->slots[i];
        if (s->n == 0 || s->given[s->first % SLOT_DEPTH_MAX].task->stage != STAGE_RUNNING)
            continue;
        err = ints_add(busy, s->id);
        if (!err)
            err = ints_add(busy, s->given[s->first % SLOT_DEPTH_MAX].task->id);
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
