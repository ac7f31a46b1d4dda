/* SPDX-License-Identifier: MIT
 * Tasks: a queue of those that are pending, and the events of each from its submission to its end. */
#include "core/pool/pool_priv.h"

#include <stdlib.h>

static struct event task_event(const struct pool *p, enum event_type type, const struct task *t, const struct seat *s)
{
    return (struct event){
        .type = type,
        .task = { .run = p->options.run, .task = t->id, .code = text_dup(t->code), .worker = s != NULL ? s->id : 0,
                  .rows = -1 },
    };
}

void task_free(struct task *t)
{
    free(t->code);
    free(t);
}

enum err task_queue(struct pool *p, const char *code, int64_t *id)
{
    struct task *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    if (code != NULL && (t->code = text_dup(code)) == NULL) {
        free(t);
        return ERR_NOMEM;
    }
    *id = t->id = ++p->submitted;
    *p->last = t;
    p->last = &t->next;
    p->pending++;
    struct event e = task_event(p, EVENT_TASK_SUBMITTED, t, NULL);
    pool_emit(p, &e);
    return OK;
}

struct task *task_take(struct pool *p)
{
    struct task *t = p->first;
    if (t == NULL)
        return NULL;
    p->first = t->next;
    if (p->first == NULL)
        p->last = &p->first;
    t->next = NULL;
    p->pending--;
    return t;
}

void task_give_back(struct pool *p, struct task *t)
{
    if (p->first == NULL)
        p->last = &t->next;
    t->next = p->first;
    p->first = t;
    p->pending++;
}

void task_started(struct pool *p, const struct task *t, const struct seat *s)
{
    struct event e = task_event(p, EVENT_TASK_STARTED, t, s);
    e.task.state = TASK_RUNNING;
    pool_emit(p, &e);
}

static void task_end(struct pool *p, struct task *t, struct event *e)
{
    p->settled++;
    task_free(t);
    pool_emit(p, e);
}

void task_settle(struct pool *p, struct task *t, const struct seat *s, enum task_state state, const char *error)
{
    struct event e = task_event(p, EVENT_TASK_ENDED, t, s);
    e.task.state = state;
    e.task.error = text_dup(error);
    task_end(p, t, &e);
}

/* Finished, or failed if the worker says so. What the result owns moves into the event. */
void task_finish(struct pool *p, struct task *t, const struct seat *s, struct message *result)
{
    struct event e = task_event(p, EVENT_TASK_ENDED, t, s);
    bool failed = result->error != NULL;
    e.task.state = failed ? TASK_FAILED : TASK_FINISHED;
    e.task.rows = failed ? -1 : result->rows;
    e.task.seconds = result->seconds;
    e.task.error = result->error;
    e.task.ranges = result->ranges;
    result->error = NULL;
    result->ranges = (struct ints){ 0 };
    task_end(p, t, &e);
}

void task_settle_pending(struct pool *p, enum task_state state, const char *error)
{
    struct task *t;
    while ((t = task_take(p)) != NULL)
        task_settle(p, t, NULL, state, error);
}
