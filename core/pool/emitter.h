/* SPDX-License-Identifier: MIT
 * The events that a pool sends to its owner. For this room only. */
#ifndef POOL_EMITTER_H
#define POOL_EMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/event.h"

struct pool;
struct slot;
struct task;
struct task_outcome;

/* Limits how many events are sent: task events beyond the limit are merged into one EVENT_TASKS per window of time. */
struct emitter {
    double window_end;
    int left;                      /* events of single tasks that may still be sent in this window */
    bool merged;                   /* something waits to be sent as an EVENT_TASKS */
    size_t bytes;                  /* about the size of `batch` */
    struct event_tasks batch;      /* owned; tasks that ended and whose events were merged */
    int64_t counts[TASK_LOST + 1]; /* tasks by state, counting merged events too */
};

/* notes.c */
void pool_emit(struct pool *p, struct event *e); /* sets the time and takes the event */
void pool_note(struct pool *p, enum note_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* emit.c: one function for each change of a task's state. */
void emit_submitted(struct pool *p, const struct task *t);
void emit_started(struct pool *p, const struct task *t, const struct slot *s);
void emit_returned(struct pool *p, const struct task *t, const struct slot *s, const char *why); /* pending again */

/* Also calls the owner's on_task_ended. `s` is where the task ran last, or NULL. */
void emit_ended(struct pool *p, const struct task *t, const struct slot *s, enum task_state state,
                const struct task_outcome *outcome);

/* Sends what was merged so far. */
void emit_flush(struct pool *p);
void emitter_done(struct pool *p);

#endif
