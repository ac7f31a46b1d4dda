/* SPDX-License-Identifier: MIT
 * The state of the engine, and the latch on which a query waits for the threads. For this room only. */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/engine/engine.h"

/* A counter; latch_wait returns when it is 0. `left` is a private futex. */
struct latch {
    _Atomic uint32_t left;
};

void latch_set(struct latch *l, uint32_t count); /* only while no thread waits on it */
void latch_count_down(struct latch *l);
void latch_wait(struct latch *l); /* without a timeout */

enum { ENGINE_PARTS_MAX = INT32_MAX }; /* the most that the latch and a semaphore can count */

/* The parts of one query: next … parts-1 are not taken yet. Guarded by the engine's lock. */
struct work {
    enum err (*part)(void *arg, size_t i);
    void *arg;
    size_t next, parts;
    size_t failed; /* the lowest part that failed; `err` is its error */
    enum err err;
};

struct engine_thread {
    struct engine *engine;
    int number;
    pthread_t id;
};

struct engine {
    struct engine_options options;
    bool started;
    struct engine_thread *loop; /* owned; options.threads of them once started */
    sem_t tokens;               /* one for each part on the queue; idle threads wait here without a lock */
    pthread_mutex_t lock;       /* guards `work`; never held while a part runs */
    struct work work;
    struct latch latch;  /* counts the parts that are not done yet */
    struct engine *next; /* in the list of engines that are restored in a forked child */
};

/* threads.c */
enum err engine_init_queue(struct engine *e) MUST_CHECK;
void engine_done_queue(struct engine *e);
void engine_stop(struct engine *e); /* ends and joins the threads */

#endif
