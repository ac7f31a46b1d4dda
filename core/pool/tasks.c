/* SPDX-License-Identifier: MIT
 * Tasks: where they live, the queue of pending ones, and the table of what can happen to a task in each stage. Tasks
 * live in slabs and are reused, so that only tasks that have not ended need memory. */
#include "core/pool/tasks.h"

#include <stdlib.h>
#include <string.h>

#include "core/pool/private.h"

/* The stage that follows a stage and an action. What is not in this table cannot happen. */
static const uint8_t next_stage[STAGES][ACTIONS] = {
    [STAGE_NONE][ACTION_SUBMIT] = STAGE_PENDING,       [STAGE_PENDING][ACTION_GIVE] = STAGE_GIVEN,
    [STAGE_PENDING][ACTION_CANCEL] = STAGE_CANCELLED,  [STAGE_PENDING][ACTION_FAIL] = STAGE_FAILED,
    [STAGE_GIVEN][ACTION_BEGIN] = STAGE_RUNNING,       [STAGE_GIVEN][ACTION_TAKE_BACK] = STAGE_PENDING,
    [STAGE_RUNNING][ACTION_TAKE_BACK] = STAGE_PENDING, /* its worker died before it began */
    [STAGE_RUNNING][ACTION_RETRY] = STAGE_PENDING,     [STAGE_RUNNING][ACTION_FINISH] = STAGE_FINISHED,
    [STAGE_RUNNING][ACTION_FAIL] = STAGE_FAILED,       [STAGE_RUNNING][ACTION_EXPIRE] = STAGE_FAILED,
    [STAGE_RUNNING][ACTION_CANCEL] = STAGE_CANCELLED,  [STAGE_RUNNING][ACTION_LOSE] = STAGE_LOST,
};

bool task_apply(struct task *t, enum task_action action)
{
    enum task_stage to = (enum task_stage)next_stage[t->stage][action];
    if (to == STAGE_NONE)
        return false;
    t->stage = (uint8_t)to;
    return true;
}

/* The state that the pool's owner sees. */
static enum task_state state_of(const struct task *t)
{
    static const uint8_t states[STAGES] = {
        [STAGE_NONE] = TASK_PENDING,        [STAGE_PENDING] = TASK_PENDING,   [STAGE_GIVEN] = TASK_PENDING,
        [STAGE_RUNNING] = TASK_RUNNING,     [STAGE_FINISHED] = TASK_FINISHED, [STAGE_FAILED] = TASK_FAILED,
        [STAGE_CANCELLED] = TASK_CANCELLED, [STAGE_LOST] = TASK_LOST,
    };
    return (enum task_state)states[t->stage];
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static void list_add(struct task_list *l, struct task *t)
{
    if (!l->first)
        l->last = &l->first;
    t->next = NULL;
    *l->last = t;
    l->last = &t->next;
    l->n++;
}

/* To the front. */
static void list_push(struct task_list *l, struct task *t)
{
    if (!l->first)
        l->last = &t->next;
    t->next = l->first;
    l->first = t;
    l->n++;
}

static struct task *list_pop(struct task_list *l)
{
    struct task *t = l->first;
    if (!t)
        return NULL;
    l->first = t->next;
    l->n--;
    return t;
}

/* Slabs grow: few tasks touch few pages, which a fork would have to copy, and many tasks need few slabs. */
static size_t slab_size(size_t nslabs)
{
    enum { FIRST = 32, DOUBLINGS = 9 };
    return (size_t)FIRST << (nslabs < DOUBLINGS ? nslabs : DOUBLINGS);
}

static enum err add_slab(struct pool *p)
{
    size_t n = slab_size(p->nslabs);
    struct task **more = realloc(p->slabs, (p->nslabs + 1) * sizeof *more);
    if (!more)
        return ERR_NOMEM;
    p->slabs = more;
    struct task *slab = calloc(n, sizeof *slab);
    if (!slab)
        return ERR_NOMEM;
    p->slabs[p->nslabs++] = slab;
    for (size_t i = n; i > 0; i--)
        list_push(&p->unused, &slab[i - 1]);
    return OK;
}

static enum err set_code(struct task *t, const struct pool_task *wanted)
{
    static const uint8_t kinds[] = {[POOL_FILTER] = RING_FILTER, [POOL_SCAN] = RING_SCAN, [POOL_NOOP] = RING_NOOP};
    t->kind = kinds[wanted->kind];
    t->len = 0;
    if (wanted->kind != POOL_FILTER)
        return OK;
    size_t len = strlen(wanted->code);
    if (len > UINT32_MAX)
        return ERR_TOO_BIG;
    t->len = (uint32_t)len;
    if (len < sizeof t->brief)
        memcpy(t->brief, wanted->code, len + 1);
    else if (!(t->text = text_dup(wanted->code)))
        return ERR_NOMEM;
    return OK;
}

enum err task_new(struct pool *p, const struct pool_task *wanted, struct task **out)
{
    enum err err = !p->unused.first ? add_slab(p) : OK;
    if (!err)
        err = set_code(p->unused.first, wanted);
    if (err)
        return err;
    struct task *t = list_pop(&p->unused);
    t->id = ++p->submitted;
    t->stage = STAGE_NONE;
    t->killed_for = 0;
    t->tries_left = (uint8_t)p->options.retries;
    t->timeout = (float)(wanted->timeout > 0 ? wanted->timeout : p->options.task_timeout);
    task_apply(t, ACTION_SUBMIT);
    list_add(&p->pending, t);
    *out = t;
    return OK;
}

static void task_free(struct pool *p, struct task *t)
{
    if (t->kind == RING_FILTER && t->len >= sizeof t->brief)
        free(t->text);
    t->stage = STAGE_NONE;
    t->kind = RING_NOOP;
    list_push(&p->unused, t);
}

void tasks_free(struct pool *p)
{
    for (size_t i = 0; i < p->nslabs; i++) {
        for (size_t n = 0; n < slab_size(i); n++) {
            struct task *t = &p->slabs[i][n];
            if (t->stage != STAGE_NONE && t->kind == RING_FILTER && t->len >= sizeof t->brief)
                free(t->text);
        }
        free(p->slabs[i]);
    }
    free(p->slabs);
}

struct task *task_find(struct pool *p, int64_t id)
{
    for (size_t i = 0; i < p->nslabs; i++) {
        for (size_t n = 0; n < slab_size(i); n++) {
            if (p->slabs[i][n].id == id && p->slabs[i][n].stage != STAGE_NONE)
                return &p->slabs[i][n];
        }
    }
    return NULL;
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

struct task *task_dequeue(struct pool *p)
{
    return list_pop(&p->pending);
}

void task_requeue(struct pool *p, struct task *t)
{
    list_push(&p->pending, t);
}

bool task_remove_queued(struct pool *p, struct task *t)
{
    for (struct task **at = &p->pending.first; *at; at = &(*at)->next) {
        if (*at != t)
            continue;
        *at = t->next;
        if (p->pending.last == &t->next)
            p->pending.last = at;
        p->pending.n--;
        return true;
    }
    return false;
}

void task_end(struct pool *p, struct task *t, const struct slot *s, const struct task_outcome *outcome)
{
    if (!task_apply(t, outcome->action))
        return;
    p->ended++;
    emit_ended(p, t, s, state_of(t), outcome);
    task_free(p, t);
}

void task_end_pending(struct pool *p, enum task_action action, const char *error)
{
    struct task *t;
    while ((t = task_dequeue(p)))
        task_end(p, t, NULL, &(struct task_outcome){.action = action, .rows = -1, .error = error});
}

bool pool_idle(const struct pool *p)
{
    return p->ended == p->submitted;
}
