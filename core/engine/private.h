/* SPDX-License-Identifier: MIT
 * Inside the engine: its state, and the latch by which an asker waits for its threads. For this room only. */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/engine/engine.h"

/* Opens when it has been counted down to 0. The word is a private futex. */
struct latch {
    _Atomic uint32_t left;
};

void latch_set(struct latch *l, uint32_t count); /* nobody may wait on it at this moment */
void latch_count_down(struct latch *l);
void latch_wait(struct latch *l); /* without a timeout: until it opens */

enum { ENGINE_PARTS_MAX = INT32_MAX }; /* what the latch and a semaphore can count */

/* The parts of one query that nobody has taken yet. Under the engine's lock. */
struct work {
    enum err (*part)(void *arg, size_t i);
    void *arg;
    size_t next, parts;
    size_t failed; /* the lowest part that failed, with its error */
    enum err err;
};

struct engine_thread {
    struct engine *engine;
    int index;
    pthread_t id;
};

struct engine {
    struct engine_options options;
    bool started;
    struct engine_thread *loop; /* owned; options.threads of them once started */
    sem_t tokens;               /* one for each part on the queue: idle threads sleep here and hold no lock */
    pthread_mutex_t lock;       /* over `work`, never held while a part runs */
    struct work work;
    struct latch latch;  /* counts the parts that are not done */
    struct engine *next; /* in the list of those that a forked child begins anew */
};

/* engine_threads.c */
enum err engine_init_queue(struct engine *e) MUST_CHECK;
void engine_done_queue(struct engine *e);
void engine_stop(struct engine *e); /* lets the threads end and joins them */

#endif
