/* SPDX-License-Identifier: MIT
 * The engine's threads, and the queue from which they take parts. A thread waits on a semaphore that has one token for
 * each part. It takes the lock only after it got a token, and releases it before the part runs. So when the latch of a
 * query has opened, no thread holds a lock or will take one, and a fork copies free locks. */
#include "core/engine/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/thread.h"

enum err engine_init_queue(struct engine *e)
{
    e->work = (struct work){0};
    if (pthread_mutex_init(&e->lock, NULL) != 0 || sem_init(&e->tokens, 0, 0) != 0)
        return ERR_SYS;
    return OK;
}

void engine_done_queue(struct engine *e)
{
    sem_destroy(&e->tokens);
    pthread_mutex_destroy(&e->lock);
}

/* Takes the next part. False: there is a token but no part, which tells the thread to end. */
static bool work_take(struct engine *e, struct work *mine)
{
    pthread_mutex_lock(&e->lock);
    *mine = e->work;
    bool some = e->work.next < e->work.parts;
    if (some)
        e->work.next++;
    pthread_mutex_unlock(&e->lock);
    return some;
}

static void work_fail(struct work *w, size_t i, enum err err)
{
    if (err && (!w->err || i < w->failed)) {
        w->failed = i;
        w->err = err;
    }
}

static void *thread_main(void *arg)
{
    struct engine_thread *self = arg;
    struct engine *e = self->engine;
    char name[16];
    snprintf(name, sizeof name, "engine-%d", self->number);
    pthread_setname_np(pthread_self(), name);
    latch_count_down(&e->latch);
    for (;;) {
        struct work mine;
        while (sem_wait(&e->tokens) != 0 && errno == EINTR)
            continue;
        if (!work_take(e, &mine))
            return NULL;
        enum err err = mine.part(mine.arg, mine.next);
        if (err) {
            pthread_mutex_lock(&e->lock);
            work_fail(&e->work, mine.next, err);
            pthread_mutex_unlock(&e->lock);
        }
        latch_count_down(&e->latch);
    }
}

static void threads_end(struct engine *e, int count)
{
    for (int i = 0; i < count; i++)
        sem_post(&e->tokens);
    for (int i = 0; i < count; i++)
        pthread_join(e->loop[i].id, NULL);
}

/* Starts all threads or none. Waits until each is running, so that none is still being set up at a later fork. */
static enum err threads_start(struct engine *e)
{
    int n = e->options.threads, made = 0;
    enum err err = OK;

    if (!e->loop && !(e->loop = calloc((size_t)n, sizeof *e->loop)))
        return ERR_NOMEM;
    latch_set(&e->latch, (uint32_t)n);
    for (; made < n && !err; made += !err) {
        e->loop[made] = (struct engine_thread){.engine = e, .number = made};
        err = thread_start(&e->loop[made].id, thread_main, &e->loop[made]);
    }
    for (int i = made; i < n; i++)
        latch_count_down(&e->latch);
    latch_wait(&e->latch);
    e->started = !err;
    if (!e->started)
        threads_end(e, made);
    return err;
}

void engine_stop(struct engine *e)
{
    if (e->started)
        threads_end(e, e->options.threads);
    e->started = false;
}

static enum err run_inline(size_t parts, enum err (*part)(void *arg, size_t i), void *arg)
{
    struct work w = {0};
    for (size_t i = 0; i < parts; i++)
        work_fail(&w, i, part(arg, i));
    return w.err;
}

enum err engine_each(struct engine *e, size_t parts, enum err (*part)(void *arg, size_t i), void *arg)
{
    if (parts == 0)
        return OK;
    if (parts > ENGINE_PARTS_MAX)
        return ERR_TOO_BIG;
    if (e->options.threads == 1)
        return run_inline(parts, part, arg);
    if (!e->started) {
        enum err err = threads_start(e);
        if (err)
            return err;
    }
    latch_set(&e->latch, (uint32_t)parts);
    pthread_mutex_lock(&e->lock);
    e->work = (struct work){.part = part, .arg = arg, .parts = parts};
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < parts; i++)
        sem_post(&e->tokens);
    latch_wait(&e->latch);
    return e->work.err;
}
