/* SPDX-License-Identifier: MIT
 * The tasks of a pool: where they live, the queue of pending ones, and their states. For this room only. */
#ifndef POOL_TASKS_H
#define POOL_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/pool/ring.h"

struct pool;
struct pool_task;
struct slot;

/* The state of a task inside the pool. It is finer than enum task_state, which the pool's owner sees. */
enum task_stage {
    STAGE_NONE, /* not in use */
    STAGE_PENDING,
    STAGE_GIVEN, /* in a worker's ring, not begun as far as the host knows */
    STAGE_RUNNING,
    STAGE_FINISHED,
    STAGE_FAILED,
    STAGE_CANCELLED,
    STAGE_LOST,
    STAGES
};

/* What can happen to a task. A table in tasks.c says which stage follows. */
enum task_action {
    ACTION_SUBMIT,
    ACTION_GIVE,
    ACTION_BEGIN,
    ACTION_TAKE_BACK, /* its worker never began it */
    ACTION_RETRY,     /* its worker died, and the task is tried again */
    ACTION_FINISH,
    ACTION_FAIL,   /* its worker says so, or no worker can be started */
    ACTION_EXPIRE, /* it ran longer than its timeout */
    ACTION_CANCEL,
    ACTION_LOSE, /* its worker died */
    ACTIONS
};

struct task {
    int64_t id;
    union {
        char brief[24]; /* the code if it fits, NUL-terminated */
        char *text;     /* owned; a longer code */
    };
    uint32_t len;  /* of the code */
    uint8_t stage; /* enum task_stage */
    uint8_t kind;  /* enum ring_kind */
    uint8_t tries_left;
    uint8_t killed_for; /* the enum task_action for which its worker was killed; 0: none */
    float timeout;      /* seconds; 0: none */
    struct task *next;  /* in a list */
};

struct task_list {
    struct task *first, **last;
    int64_t n;
};

/* How a task ended; all borrowed. */
struct task_outcome {
    enum task_action action;
    int64_t rows;
    double seconds;
    const int64_t *ranges;
    size_t nranges; /* numbers in `ranges` */
    const char *error;
};

/* NULL: the task has no code. */
static inline const char *task_code(const struct task *t)
{
    if (t->kind != RING_FILTER)
        return NULL;
    return t->len < sizeof t->brief ? t->brief : t->text;
}

/* Moves the task to its next stage. Returns false and changes nothing if `action` is impossible in its stage. */
bool task_apply(struct task *t, enum task_action action);

/* A new task, pending at the end of the queue. */
enum err task_new(struct pool *p, const struct pool_task *wanted, struct task **out) MUST_CHECK;

struct task *task_find(struct pool *p, int64_t id);      /* a task that has not ended, or NULL */
struct task *task_dequeue(struct pool *p);               /* the first pending task, or NULL */
void task_requeue(struct pool *p, struct task *t);       /* to the front of the queue */
bool task_remove_queued(struct pool *p, struct task *t); /* false: it is not in the queue */

/* Ends a task: its outcome is reported once, and the task is freed. `s` is where it ran, or NULL. */
void task_end(struct pool *p, struct task *t, const struct slot *s, const struct task_outcome *outcome);
void task_end_pending(struct pool *p, enum task_action action, const char *error); /* all of the queue */

/* Frees all tasks without reporting anything. */
void tasks_free(struct pool *p);

#endif
