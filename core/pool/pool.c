/* SPDX-License-Identifier: MIT
 * The public functions of a pool. Only pool_await waits, and pool_free for a moment. */
#include "core/pool/pool.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/pool/forkserver.h"
#include "core/pool/private.h"
#include "core/pool/worker.h"

enum { WORKERS_MAX = 4096 };

const char *pool_broken(const struct pool *p)
{
    return p->broken;
}

/* --- making and freeing a pool ------------------------------------------------------------------------------------ */

static enum err check_options(const struct pool_options *o, struct problem *problem)
{
    if (o->workers < 1 || o->workers > WORKERS_MAX)
        return problem_set(problem, ERR_USAGE, "a pool must have 1 to %d workers", WORKERS_MAX);
    if (!o->method->reaps && !o->forkserver)
        return problem_set(problem, ERR_USAGE, "start method %s needs a forkserver", o->method->name);
    if (o->initializer && !worker_has_initializer(o->initializer))
        return problem_set(problem, ERR_USAGE, "there is no initializer \"%s\"", o->initializer);
    if (o->retries < 0 || o->retries > UINT8_MAX)
        return problem_set(problem, ERR_USAGE, "a lost task can be tried again 0 to %d times", UINT8_MAX);
    return OK;
}

static bool watch(struct pool *p, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event interest = {.events = events, .data.u64 = tag};
    return fd >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &interest) == 0;
}

/* The bell and the timer are edge-triggered, so that they need not be read. */
static bool pool_open(struct pool *p)
{
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    p->slots = calloc((size_t)p->options.workers, sizeof *p->slots);
    for (int i = 0; i < p->options.workers && p->slots; i++)
        p->slots[i] = SLOT_NONE;
    struct forkserver *f = p->options.forkserver;
    return p->epoll >= 0 && p->slots && watch(p, p->bell, EPOLLIN | EPOLLET, TAG_BELL) &&
           watch(p, p->timer, EPOLLIN | EPOLLET, TAG_TIMER) &&
           (!f || watch(p, forkserver_fd(f), EPOLLIN, TAG_FORKSERVER));
}

enum err pool_new(const struct pool_options *options, struct pool **out, struct problem *problem)
{
    enum err err = check_options(options, problem);
    if (err)
        return err;
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return problem_set(problem, ERR_NOMEM, "cannot make a pool: %s", err_text(ERR_NOMEM));
    *p = (struct pool){
        .options = *options, .epoll = -1, .bell = -1, .timer = -1, .now = clock_now(), .wants_tasks = true};
    if (p->options.pending_max <= 0)
        p->options.pending_max = POOL_PENDING_MAX;
    if (!pool_open(p)) {
        err = problem_errno(problem, "cannot make a pool");
        pool_free(p);
        return err;
    }
    *out = p;
    return OK;
}

void pool_free(struct pool *p)
{
    struct child_end end;
    if (!p)
        return;
    for (int i = 0; i < p->options.workers && p->slots; i++)
        child_kill(&p->slots[i].child);
    for (int i = 0; i < p->options.workers && p->slots; i++) {
        struct slot *s = &p->slots[i];
        if (s->child.pidfd >= 0 && child_ended(&s->child, REAP_MS) && p->options.method->reaps)
            child_reap(&s->child, 0, &end);
        slot_clear(p, s);
    }
    tasks_free(p);
    emitter_done(p);
    io_close(&p->epoll);
    io_close(&p->bell);
    io_close(&p->timer);
    free(p->slots);
    free(p->last_failure);
    free(p->broken);
    free(p);
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

enum err pool_submit_task(struct pool *p, const struct pool_task *wanted, int64_t *id)
{
    enum { UNATTENDED_MAX = 64 }; /* while all workers are busy, the pool looks at them after so many submissions */
    struct task *t;
    if (p->closing || p->draining)
        return ERR_CLOSED;
    if (p->pending.n >= p->options.pending_max) {
        p->now = clock_now();
        pool_read(p);
        pool_advance(p);
    }
    if (p->pending.n >= p->options.pending_max)
        return ERR_AGAIN;
    enum err err = task_new(p, wanted, &t);
    if (err)
        return err;
    *id = t->id;
    emit_submitted(p, t);
    if (!p->wants_tasks && ++p->unattended < UNATTENDED_MAX)
        return OK;
    p->now = clock_now();
    if (!p->wants_tasks)
        pool_read(p);
    pool_advance(p);
    return OK;
}

enum err pool_submit(struct pool *p, const char *code, int64_t *id)
{
    struct pool_task t = {.kind = code ? POOL_FILTER : POOL_SCAN, .code = code};
    return pool_submit_task(p, &t, id);
}

int pool_fd(const struct pool *p)
{
    return p->epoll;
}

enum err pool_step(struct pool *p)
{
    return pool_turn(p, 0);
}

enum err pool_await(struct pool *p, double timeout)
{
    return pool_turn(p, timeout < 0 ? -1 : (int)(timeout < 1e6 ? timeout * 1000 + 1 : 1e9));
}

void pool_flush(struct pool *p)
{
    emit_flush(p);
}

int64_t pool_pending(const struct pool *p)
{
    int64_t n = p->pending.n;
    for (int i = 0; i < p->options.workers; i++)
        n += p->slots[i].ntasks > 1 ? p->slots[i].ntasks - 1 : 0;
    return n;
}

/* --- cancelling and ending
 * ----------------------------------------------------------------------------------------------------- */

/* Every task that no worker has claimed is pending again. */
static void take_back_all(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            slot_take_back(p, &p->slots[i]);
    }
}

static struct slot *slot_working_on(struct pool *p, const struct task *t)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct slot *s = &p->slots[i];
        if (s->ntasks > 0 && slot_task_at(s, 0)->task == t)
            return s;
    }
    return NULL;
}

enum err pool_cancel(struct pool *p, int64_t id, bool kill_worker)
{
    p->now = clock_now();
    pool_read(p);
    struct task *t = task_find(p, id);
    if (!t)
        return ERR_NOT_FOUND;
    if (t->stage == STAGE_GIVEN)
        take_back_all(p);
    if (t->stage == STAGE_PENDING && task_remove_queued(p, t)) {
        task_end(p, t, NULL, &(struct task_outcome){.action = ACTION_CANCEL, .rows = -1});
        return OK;
    }
    struct slot *s = slot_working_on(p, t);
    if (!kill_worker || !s)
        return ERR_DENIED;
    return slot_kill_for_task(p, s, ACTION_CANCEL) ? OK : ERR_NOT_FOUND;
}

void pool_shutdown(struct pool *p)
{
    p->closing = true;
    p->draining = false;
    p->now = clock_now();
    take_back_all(p);
    pool_advance(p);
}

void pool_close(struct pool *p)
{
    p->draining = true;
    p->now = clock_now();
    pool_advance(p);
}

enum err pool_kill_worker(struct pool *p, int64_t worker)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (worker > 0 && p->slots[i].id == worker) {
            slot_kill(&p->slots[i]);
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

void pool_terminate(struct pool *p)
{
    p->closing = true;
    p->draining = false;
    p->now = clock_now();
    take_back_all(p);
    task_end_pending(p, ACTION_CANCEL, NULL);
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            slot_kill(&p->slots[i]);
    }
}
