/* SPDX-License-Identifier: MIT
 * The executor as it is seen from outside: its birth and end, and what may be asked of it. It never waits, but for
 * pool_await. */
#include "core/pool/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"

enum { WORKERS_MAX = 4096 };

void pool_emit(struct pool *p, struct event *e)
{
    e->time = clock_now();
    if (p->options.emit)
        p->options.emit(p->options.ctx, e);
    else
        event_done(e);
}

void pool_note(struct pool *p, enum note_level level, const char *fmt, ...)
{
    struct event e = {.type = EVENT_NOTE, .note.level = level};
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&e.note.text, fmt, ap) < 0)
        e.note.text = NULL;
    va_end(ap);
    pool_emit(p, &e);
}

void pool_on_startup_failure(struct pool *p, const char *why, bool killed)
{
    p->startup_failures++;
    p->trouble += killed ? 1 : POOL_TROUBLE_MAX / 3;
    free(p->why);
    p->why = text_dup(why);
}

void pool_unborn(struct pool *p, const char *why)
{
    pool_on_startup_failure(p, why, false);
    if (!p->warned)
        pool_note(p, NOTE_WARNING, "a worker could not be started; the run goes on with those that could: %s", why);
    p->warned = true;
}

void pool_break(struct pool *p, const char *why)
{
    if (!p->broken && (p->broken = text_dup(why)))
        pool_note(p, NOTE_ERROR, "the pool is broken: %s", why);
    p->trouble = POOL_TROUBLE_MAX;
}

const char *pool_broken(const struct pool *p)
{
    return p->broken;
}

/* --- birth and end ------------------------------------------------------------------------------------------------ */

static enum err check_options(const struct pool_options *o, struct problem *problem)
{
    if (o->workers < 1 || o->workers > WORKERS_MAX)
        return problem_set(problem, ERR_USAGE, "a pool has 1 to %d workers", WORKERS_MAX);
    if (!o->method->reaps && !o->forkserver)
        return problem_set(problem, ERR_USAGE, "start method %s needs a forkserver", o->method->name);
    if (o->initializer && !worker_knows_initializer(o->initializer))
        return problem_set(problem, ERR_USAGE, "no initializer \"%s\"", o->initializer);
    if (o->retries < 0 || o->retries > UINT8_MAX)
        return problem_set(problem, ERR_USAGE, "a lost task is tried again 0 to %d times", UINT8_MAX);
    return OK;
}

static bool watch(struct pool *p, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event interest = {.events = events, .data.u64 = tag};
    return fd >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &interest) == 0;
}

/* The bell is edge-triggered: nobody has to read it. */
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
        return problem_set(problem, ERR_NOMEM, "no pool: %s", err_text(ERR_NOMEM));
    *p = (struct pool){.options = *options, .epoll = -1, .bell = -1, .timer = -1, .now = clock_now(), .slack = true};
    if (p->options.pending_max <= 0)
        p->options.pending_max = POOL_PENDING_MAX;
    if (!pool_open(p)) {
        err = problem_errno(problem, "no pool");
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
        if (s->child.pidfd >= 0 && child_ended(&s->child, POOL_PATIENCE_MS) && p->options.method->reaps)
            child_reap(&s->child, 0, &end);
        slot_clear(p, s);
    }
    tasks_free(p);
    futures_done(p);
    emitter_done(p);
    io_close(&p->epoll);
    io_close(&p->bell);
    io_close(&p->timer);
    free(p->slots);
    free(p->why);
    free(p->broken);
    free(p);
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

enum err pool_submit_task(struct pool *p, const struct pool_task *wanted, int64_t *id)
{
    enum { ATTEND = 64 }; /* submissions in a row that go by without a look at busy workers */
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
    if (!p->slack && ++p->unattended < ATTEND)
        return OK;
    p->now = clock_now();
    if (!p->slack)
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

bool pool_idle(const struct pool *p)
{
    return p->settled == p->submitted;
}

int64_t pool_pending(const struct pool *p)
{
    int64_t n = p->pending.n;
    for (int i = 0; i < p->options.workers; i++)
        n += p->slots[i].n > 1 ? p->slots[i].n - 1 : 0;
    return n;
}

/* --- intents ------------------------------------------------------------------------------------------------------ */

/* Everything that no worker has claimed is pending again. */
static void relieve_all(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            slot_relieve(p, &p->slots[i]);
    }
}

static struct slot *slot_at_work_on(struct pool *p, const struct task *t)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct slot *s = &p->slots[i];
        if (s->n > 0 && s->given[s->first % SLOT_DEPTH_MAX].task == t)
            return s;
    }
    return NULL;
}

enum err pool_cancel(struct pool *p, int64_t id, bool kill)
{
    p->now = clock_now();
    pool_read(p);
    struct task *t = task_find(p, id);
    if (!t)
        return ERR_NOT_FOUND;
    if (t->stage == STAGE_GIVEN)
        relieve_all(p);
    if (t->stage == STAGE_PENDING && task_unlist(p, t)) {
        task_settle(p, t, NULL, &(struct task_end){.turn = TURN_CANCEL, .rows = -1});
        return OK;
    }
    struct slot *s = slot_at_work_on(p, t);
    if (!kill || !s)
        return ERR_DENIED;
    return slot_kill_for_task(p, s, TURN_CANCEL) ? OK : ERR_NOT_FOUND;
}

void pool_shutdown(struct pool *p)
{
    p->closing = true;
    p->draining = false;
    p->now = clock_now();
    relieve_all(p);
    pool_advance(p);
}

void pool_close(struct pool *p)
{
    p->draining = true;
    p->now = clock_now();
    pool_advance(p);
}

bool pool_ended(const struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            return false;
    }
    return true;
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
    relieve_all(p);
    task_settle_pending(p, TURN_CANCEL, NULL);
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            slot_kill(&p->slots[i]);
    }
}
