/* SPDX-License-Identifier: MIT
 * The state of a pool, and the functions that work on all of it. For this room only. The files of this room, from the
 * bottom up:
 *
 *   ring, wire         what travels between the host and a worker
 *   notes, emit        events to the pool's owner
 *   tasks              tasks and their states
 *   slots              one worker slot
 *   slot_tasks         the tasks of a slot
 *   lifecycle          a worker's start and end
 *   turn               one turn of the event loop: everything that is to be done now
 *   pool               the public functions
 *
 * start_methods, fork, spawn and forkserver start workers; worker and forkserver_main run in the other processes. */
#ifndef POOL_PRIVATE_H
#define POOL_PRIVATE_H

#include <stdint.h>

#include "core/pool/emitter.h"
#include "core/pool/pool.h"
#include "core/pool/slots.h"
#include "core/pool/start_method.h"
#include "core/pool/tasks.h"

struct pool {
    struct pool_options options;
    int epoll, bell, timer;
    struct slot *slots; /* owned; options.workers of them */
    struct task_list pending, unused;
    struct task **slabs; /* owned: where tasks live */
    size_t nslabs;
    int64_t submitted, ended;         /* tasks */
    int64_t workers_started, tickets; /* the last id and the last ticket */
    double now;                       /* the time when the clock was last read */
    double timer_at;                  /* when the timer fires; 0: never */
    int unattended;                   /* submissions since the pool last looked at its workers */
    bool wants_tasks;                 /* a worker waits for a task, or could be started */
    int startup_failures;             /* workers in a row that ended before they were ready */
    int failure_score;                /* the same, weighted: at FAILURE_SCORE_MAX the pool starts no more workers */
    char *last_failure;               /* owned: what happened to the last of these workers, or NULL */
    char *broken;                     /* owned: why no task can be done any more, or NULL */
    bool warned;                      /* the user has been told that a worker could not be started */
    bool closing;                     /* no more workers are started */
    bool draining;                    /* no more tasks are accepted; the accepted ones are still done */
    struct emitter emitter;
};

/* Tags of the fds in the pool's epoll set: two for each slot, and three more. */
enum { TAG_SOCK, TAG_PROCESS, TAG_KINDS };
#define TAG_FORKSERVER UINT64_MAX
#define TAG_BELL       (UINT64_MAX - 1)
#define TAG_TIMER      (UINT64_MAX - 2)

enum {
    REAP_MS = 1000, /* a killed process is waited for no longer than this */
    FAILURE_SCORE_MAX = 60
};

/* notes.c: whether the pool can still do its work. */

/* A worker ended before it was ready. One that was killed counts less: that says little about the next worker. */
void pool_on_startup_failure(struct pool *p, const char *why, bool killed);

/* A worker could not be started. Counts as a start-up failure; the user is told the first time. */
void pool_on_launch_failure(struct pool *p, const char *why);

/* From now on every task fails, with `why` as its error. */
void pool_break(struct pool *p, const char *why);

/* turn.c */

/* Takes what the workers have answered; true if there was anything. */
bool pool_read(struct pool *p);

/* Gives out pending tasks, starts workers, and tells idle workers to quit when they should. */
void pool_advance(struct pool *p);

/* Waits up to `timeout_ms` (-1: without limit) until there is something to do, and does it. */
enum err pool_turn(struct pool *p, int timeout_ms) MUST_CHECK;

#endif
