/* SPDX-License-Identifier: MIT
 * Worker slots. A slot is the place of one worker in the pool, from the moment the worker is asked for until its end
 * is known. For this room only. */
#ifndef POOL_SLOTS_H
#define POOL_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/child/child.h"
#include "core/event/event.h"
#include "core/pool/ring.h"
#include "core/pool/tasks.h"
#include "core/pool/wire.h"

enum slot_state {
    SLOT_FREE,
    SLOT_LAUNCHED, /* a worker was asked for; its pid is not known yet */
    SLOT_STARTING, /* the process exists */
    SLOT_READY,    /* it has said that it can take tasks */
    SLOT_LEAVING   /* it was told to quit, was killed or disconnected: its end is near */
};

enum { SLOT_TASKS_MAX = 256 }; /* tasks that one worker may have at once */

/* A task in a worker's ring. */
struct slot_task {
    struct task *task;
    uint32_t place;
};

struct slot {
    enum slot_state state;
    int64_t ticket; /* names the worker before it has a pid; never used twice */
    int64_t id;     /* of the worker, counted from 1 as they start; 0: not started yet */
    pid_t pid, ppid;
    int64_t parent_threads; /* threads of the worker's parent when it was started */
    struct child child;
    int sock; /* -1: none */
    struct ring_end ring;
    struct slot_task *tasks; /* owned; a circular buffer of SLOT_TASKS_MAX. The worker works on the first one */
    uint32_t first, ntasks;
    int depth;            /* tasks that the worker may have now */
    double mean_seconds;  /* moving average of the time that its tasks take */
    double begun_at;      /* when the first task was begun, as far as the host knows */
    int64_t given;        /* tasks given and not taken back, for max_tasks */
    bool needs_wake;      /* the ring was written or read since the worker was last woken */
    struct message large; /* owned; a result that came over the socket before its answer in the ring */
    char *startup_error;  /* owned: why the worker cannot work, in its own words; NULL: none */
    bool was_ready;
    bool expected;          /* the pool has told the worker to end */
    bool quitting;          /* RING_QUIT was put into its ring */
    bool kill_when_started; /* it is to be killed as soon as its pid is known */
    bool distrusted;        /* it sent what no worker of ours sends; its answers are ignored */
};
#define SLOT_NONE ((struct slot){.sock = -1, .child = CHILD_NONE})

/* slots.c: one slot and the worker in it. */

struct event slot_event(const struct pool *p, enum event_type type, const struct slot *s);

struct slot_task *slot_task_at(const struct slot *s, uint32_t i); /* 0: the one that the worker works on */

/* Frees the slot; nothing is reported. */
void slot_clear(struct pool *p, struct slot *s);

/* Closes the socket, so that nothing more is read from it. Kills the worker unless `why` is ERR_CLOSED: it has ended
 * then, or is about to. */
void slot_disconnect(struct pool *p, struct slot *s, enum err why);

/* Reads the socket: a start-up error, one large result, or the end of the worker. */
void slot_read_sock(struct pool *p, struct slot *s);

/* Puts RING_QUIT into the worker's ring. The worker sees it when it is woken. */
void slot_quit(struct slot *s);

/* Closes the socket of a worker that was told to quit. What it might still send does not matter, and so only the end of
 * the process wakes the host, not the end of the socket before it. */
void slot_close_quitting(struct pool *p, struct slot *s);

void slot_kill(struct slot *s);

/* slot_tasks.c: the tasks of a slot. */

int slot_room(const struct pool *p, const struct slot *s); /* tasks that the slot may be given now */

/* True: the task was given, or has failed because its code cannot be sent. False: there is no room or the worker
 * cannot be reached; the task remains the caller's. */
bool slot_give(struct pool *p, struct slot *s, struct task *t);

/* To be called after all that was given or read. */
void slot_wake(struct slot *s);

bool slot_read(struct pool *p, struct slot *s);      /* takes the worker's answers; true if there was any */
void slot_take_back(struct pool *p, struct slot *s); /* all tasks that the worker has not begun */

/* Kills the worker because of the task that it works on; `action` is how that task will end. Returns false if the
 * task has ended meanwhile. */
bool slot_kill_for_task(struct pool *p, struct slot *s, enum task_action action);

/* The worker is dead: tasks that it had not begun are pending again; the one that it had begun is tried again or
 * lost. */
void slot_on_worker_death(struct pool *p, struct slot *s, const char *why);

/* Frees the slot of a worker that was never started. All its tasks are pending again. */
void slot_abandon(struct pool *p, struct slot *s);

/* lifecycle.c: a worker's start and end. */

/* Starts a worker in a free slot, with its first task in its ring. Errors are those of start_method.launch. */
enum err slot_launch(struct pool *p, struct slot *s, struct problem *problem) MUST_CHECK;

/* The process exists. Takes `child`. */
void slot_on_worker_started(struct pool *p, struct slot *s, struct child child, pid_t ppid, int64_t parent_threads);

/* The process has ended. Takes its last answers, reports its end, and frees the slot. */
void slot_on_worker_ended(struct pool *p, struct slot *s, const struct child_end *end);

/* forkserver_children.c: handles all messages of the forkserver, and its end. */
void pool_read_forkserver(struct pool *p);

#endif
