/* SPDX-License-Identifier: MIT
 * The executor: gives pending tasks to idle workers, starts workers on demand up to the number asked for, replaces
 * those that die, and gives up on a pool whose workers die at birth. It never waits. */
#include "core/pool/pool_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/clock.h"

enum { WORKERS_MAX = 4096 };

void pool_emit(struct pool *p, struct event *e)
{
    e->time = clock_now();
    p->options.emit(p->options.ctx, e);
}

void pool_note(struct pool *p, enum note_level level, const char *fmt, ...)
{
    struct event e = { .type = EVENT_NOTE, .note.level = level };
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&e.note.text, fmt, ap) < 0)
        e.note.text = NULL;
    va_end(ap);
    pool_emit(p, &e);
}

void pool_stillborn(struct pool *p, const char *why)
{
    p->stillborn++;
    free(p->why);
    p->why = text_dup(why);
}

enum err pool_new(const struct pool_options *options, struct pool **out, struct problem *problem)
{
    if (options->workers < 1 || options->workers > WORKERS_MAX)
        return problem_set(problem, ERR_USAGE, "a pool has 1 to %d workers", WORKERS_MAX);
    if (!options->method->reaps && options->forkserver == NULL)
        return problem_set(problem, ERR_USAGE, "start method %s needs a forkserver", options->method->name);
    struct pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return problem_set(problem, ERR_NOMEM, "no pool: %s", err_text(ERR_NOMEM));
    *p = (struct pool){ .options = *options, .last = &p->first, .epoll = epoll_create1(EPOLL_CLOEXEC) };
    p->seats = calloc((size_t)options->workers, sizeof *p->seats);
    for (int i = 0; i < options->workers && p->seats != NULL; i++)
        p->seats[i] = SEAT_NONE;
    struct epoll_event interest = { .events = EPOLLIN, .data.u64 = TAG_FORKSERVER };
    bool ok = p->seats != NULL && p->epoll >= 0;
    if (ok && options->forkserver != NULL)
        ok = epoll_ctl(p->epoll, EPOLL_CTL_ADD, forkserver_fd(options->forkserver), &interest) == 0;
    if (!ok) {
        enum err err = problem_errno(problem, "no pool");
        pool_free(p);
        return err;
    }
    *out = p;
    return OK;
}

void pool_free(struct pool *p)
{
    struct child_end end;
    if (p == NULL)
        return;
    for (int i = 0; i < p->options.workers && p->seats != NULL; i++)
        child_kill(&p->seats[i].child);
    for (int i = 0; i < p->options.workers && p->seats != NULL; i++) {
        struct seat *s = &p->seats[i];
        if (s->child.pidfd >= 0 && child_ended(&s->child, POOL_PATIENCE_MS) && p->options.method->reaps)
            child_reap(&s->child, 0, &end);
        if (s->task != NULL)
            task_give_back(p, s->task);
        seat_clear(p, s);
    }
    for (struct task *t; (t = task_take(p)) != NULL;)
        task_free(t);
    io_close(&p->epoll);
    free(p->seats);
    free(p->why);
    free(p);
}

static void hand_out(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct seat *s = &p->seats[i];
        struct task *t;
        if (s->state != SEAT_IDLE)
            continue;
        if ((t = task_take(p)) == NULL && !p->closing)
            return;
        if (t == NULL)
            seat_dismiss(s);
        else if (!seat_give(p, s, t))
            task_give_back(p, t);
    }
}

static bool fill_seat(struct pool *p, struct seat *s)
{
    struct problem problem;
    while (s->state == SEAT_FREE && p->stillborn < POOL_STILLBORN_MAX) {
        if (seat_launch(p, s, &problem) != OK)
            pool_stillborn(p, problem.text);
    }
    return s->state != SEAT_FREE;
}

/* As many more as there are pending tasks that nobody who is on its way will take, while there are free seats. */
static void start_workers(struct pool *p)
{
    int64_t wanted = p->pending;
    for (int i = 0; i < p->options.workers; i++)
        wanted -= p->seats[i].state == SEAT_LAUNCHED || p->seats[i].state == SEAT_STARTING;
    for (int i = 0; i < p->options.workers && wanted > 0; i++) {
        if (p->seats[i].state == SEAT_FREE)
            wanted -= fill_seat(p, &p->seats[i]);
    }
}

static void give_up(struct pool *p)
{
    struct problem words;
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].state != SEAT_FREE)
            return;
    }
    problem_set(&words, OK, "no worker could be started: %d in a row ended before they were ready; the last: %s",
                p->stillborn, p->why != NULL ? p->why : "unknown");
    task_settle_pending(p, TASK_FAILED, words.text);
}

static void pool_advance(struct pool *p)
{
    hand_out(p);
    if (!p->closing)
        start_workers(p);
    if (p->pending > 0 && p->stillborn >= POOL_STILLBORN_MAX)
        give_up(p);
}

enum err pool_submit(struct pool *p, const char *code, int64_t *id)
{
    if (p->closing)
        return ERR_CLOSED;
    enum err err = task_queue(p, code, id);
    if (err == OK)
        pool_advance(p);
    return err;
}

int pool_fd(const struct pool *p)
{
    return p->epoll;
}

static void on_seat(struct pool *p, struct seat *s, int kind)
{
    struct child_end end;
    if (kind == TAG_SOCK)
        seat_read(p, s);
    else if (child_reap(&s->child, 0, &end))
        seat_ended(p, s, &end);
}

enum err pool_step(struct pool *p)
{
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    int n = epoll_wait(p->epoll, events, BATCH, 0);
    if (n < 0 && errno != EINTR)
        return err_from_errno(errno);
    for (int i = 0; i < n; i++) {
        uint64_t tag = events[i].data.u64;
        if (tag == TAG_FORKSERVER)
            pool_read_forkserver(p);
        else
            on_seat(p, &p->seats[tag / TAG_KINDS], (int)(tag % TAG_KINDS));
    }
    pool_advance(p);
    return OK;
}

bool pool_idle(const struct pool *p)
{
    return p->settled == p->submitted;
}

void pool_shutdown(struct pool *p)
{
    if (p->closing)
        return;
    p->closing = true;
    task_settle_pending(p, TASK_CANCELLED, NULL);
    for (int i = 0; i < p->options.workers; i++) {
        enum seat_state state = p->seats[i].state;
        if (state == SEAT_LAUNCHED || state == SEAT_STARTING || state == SEAT_IDLE)
            seat_dismiss(&p->seats[i]);
    }
}

bool pool_ended(const struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].state != SEAT_FREE)
            return false;
    }
    return true;
}

enum err pool_kill_worker(struct pool *p, int64_t worker)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (worker > 0 && p->seats[i].id == worker) {
            seat_kill(&p->seats[i]);
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

void pool_terminate(struct pool *p)
{
    p->closing = true;
    task_settle_pending(p, TASK_CANCELLED, NULL);
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].state != SEAT_FREE)
            seat_kill(&p->seats[i]);
    }
}
