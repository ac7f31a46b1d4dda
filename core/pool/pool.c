/* SPDX-License-Identifier: MIT
 * The executor: gives pending tasks to idle workers, starts workers on demand up to the number asked for, replaces
 * those that die, and gives up on a pool whose workers die at birth. It never waits. */
#include "core/pool/pool_priv.h"

#include <errno.h>
#include <math.h> /* INFINITY: nothing that needs libm */
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
    if (p->options.emit != NULL)
        p->options.emit(p->options.ctx, e);
    else
        event_done(e);
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

void pool_stillborn(struct pool *p, const char *why, bool killed)
{
    p->stillborn++;
    p->trouble += killed ? 1 : POOL_TROUBLE_MAX / 3;
    free(p->why);
    p->why = text_dup(why);
}

void pool_break(struct pool *p, const char *why)
{
    if (p->broken == NULL && (p->broken = text_dup(why)) != NULL)
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
    if (!o->method->reaps && o->forkserver == NULL)
        return problem_set(problem, ERR_USAGE, "start method %s needs a forkserver", o->method->name);
    if (o->initializer != NULL && !worker_knows_initializer(o->initializer))
        return problem_set(problem, ERR_USAGE, "no initializer \"%s\"", o->initializer);
    if (o->retries < 0 || o->retries > UINT8_MAX)
        return problem_set(problem, ERR_USAGE, "a lost task is tried again 0 to %d times", UINT8_MAX);
    return OK;
}

static bool watch(struct pool *p, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event interest = { .events = events, .data.u64 = tag };
    return fd >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &interest) == 0;
}

/* The bell is edge-triggered: nobody has to read it. */
static bool pool_open(struct pool *p)
{
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    p->seats = calloc((size_t)p->options.workers, sizeof *p->seats);
    for (int i = 0; i < p->options.workers && p->seats != NULL; i++)
        p->seats[i] = SEAT_NONE;
    struct forkserver *f = p->options.forkserver;
    return p->epoll >= 0 && p->seats != NULL && watch(p, p->bell, EPOLLIN | EPOLLET, TAG_BELL) &&
           watch(p, p->timer, EPOLLIN | EPOLLET, TAG_TIMER) &&
           (f == NULL || watch(p, forkserver_fd(f), EPOLLIN, TAG_FORKSERVER));
}

enum err pool_new(const struct pool_options *options, struct pool **out, struct problem *problem)
{
    enum err err = check_options(options, problem);
    if (err != OK)
        return err;
    struct pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return problem_set(problem, ERR_NOMEM, "no pool: %s", err_text(ERR_NOMEM));
    *p = (struct pool){ .options = *options, .epoll = -1, .bell = -1, .timer = -1, .now = clock_now(), .slack = true };
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
    if (p == NULL)
        return;
    for (int i = 0; i < p->options.workers && p->seats != NULL; i++)
        child_kill(&p->seats[i].child);
    for (int i = 0; i < p->options.workers && p->seats != NULL; i++) {
        struct seat *s = &p->seats[i];
        if (s->child.pidfd >= 0 && child_ended(&s->child, POOL_PATIENCE_MS) && p->options.method->reaps)
            child_reap(&s->child, 0, &end);
        seat_clear(p, s);
    }
    tasks_free(p);
    futures_done(p);
    tell_done(p);
    io_close(&p->epoll);
    io_close(&p->bell);
    io_close(&p->timer);
    free(p->seats);
    free(p->why);
    free(p->broken);
    free(p);
}

/* --- giving ------------------------------------------------------------------------------------------------------- */

/* Each of `waiting` seats gets its share of what is pending, no more: the last ones are for who is done first. */
static void hand_out_share(struct pool *p, struct seat *s, int64_t share)
{
    for (int room = seat_room(p, s); room > 0 && share > 0 && p->pending.n > 0; room--, share--) {
        struct task *t = task_take(p);
        if (!seat_give(p, s, t)) {
            task_give_back(p, t);
            return;
        }
    }
}

static void hand_out(struct pool *p)
{
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++) {
        if (p->seats[i].n == 0)
            hand_out_share(p, &p->seats[i], 1);
    }
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++)
        hand_out_share(p, &p->seats[i], p->pending.n / (2 * p->options.workers) + 1);
}

/* Those that have nothing to do and are to go: the pool closes, or they have done their share of tasks. */
static void dismiss(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct seat *s = &p->seats[i];
        bool there = s->state == SEAT_READY || s->state == SEAT_STARTING || s->state == SEAT_LAUNCHED;
        bool done = p->options.max_tasks > 0 && s->taken >= p->options.max_tasks;
        if (there && s->n == 0 && (p->closing || done))
            seat_dismiss(s);
    }
}

static bool fill_seat(struct pool *p, struct seat *s)
{
    struct problem problem;
    while (s->state == SEAT_FREE && p->trouble < POOL_TROUBLE_MAX) {
        enum err err = seat_launch(p, s, &problem);
        if (err == ERR_CLOSED)
            return false; /* the forkserver has just ended: that comes as an event, and then another one is started */
        if (err != OK)
            pool_stillborn(p, problem.text, false);
    }
    return s->state != SEAT_FREE;
}

/* One for each task that nobody who is there has taken; its first task lies there when it comes. */
static void start_workers(struct pool *p)
{
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++) {
        if (p->seats[i].state == SEAT_FREE && fill_seat(p, &p->seats[i]))
            hand_out_share(p, &p->seats[i], 1);
    }
}

static void give_up(struct pool *p)
{
    struct problem words;
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].state != SEAT_FREE)
            return;
    }
    if (p->broken == NULL) {
        problem_set(&words, OK, "no worker could be started: %d in a row ended before they were ready; the last: %s",
                    p->stillborn, p->why != NULL ? p->why : "unknown");
        pool_break(p, words.text);
    }
    task_settle_pending(p, TURN_FAIL, p->broken != NULL ? p->broken : "out of memory");
}

static void pool_advance(struct pool *p)
{
    p->unattended = 0;
    if (p->draining && pool_idle(p))
        p->closing = true;
    if (p->closing) {
        task_settle_pending(p, TURN_CANCEL, NULL);
    } else {
        hand_out(p);
        start_workers(p);
    }
    dismiss(p);
    if (p->pending.n > 0 && p->trouble >= POOL_TROUBLE_MAX)
        give_up(p);
    p->slack = false;
    for (int i = 0; i < p->options.workers; i++) {
        seat_wake(&p->seats[i]);
        p->slack |= p->seats[i].n == 0 && p->seats[i].state != SEAT_LEAVING;
    }
}

/* --- the turn of things ------------------------------------------------------------------------------------------- */

static bool read_all(struct pool *p)
{
    bool some = false;
    for (int i = 0; i < p->options.workers; i++)
        some |= p->seats[i].state != SEAT_FREE && seat_read(p, &p->seats[i]);
    return some;
}

enum err pool_submit_task(struct pool *p, const struct pool_task *wanted, int64_t *id)
{
    enum { ATTEND = 64 }; /* submissions in a row that go by without a look at busy workers */
    struct task *t;
    if (p->closing || p->draining)
        return ERR_CLOSED;
    if (p->pending.n >= p->options.pending_max) {
        p->now = clock_now();
        read_all(p);
        pool_advance(p);
    }
    if (p->pending.n >= p->options.pending_max)
        return ERR_AGAIN;
    enum err err = task_new(p, wanted, &t);
    if (err != OK)
        return err;
    *id = t->id;
    tell_submitted(p, t);
    if (!p->slack && ++p->unattended < ATTEND)
        return OK;
    p->now = clock_now();
    if (!p->slack)
        read_all(p);
    pool_advance(p);
    return OK;
}

enum err pool_submit(struct pool *p, const char *code, int64_t *id)
{
    struct pool_task t = { .kind = code != NULL ? POOL_FILTER : POOL_SCAN, .code = code };
    return pool_submit_task(p, &t, id);
}

int pool_fd(const struct pool *p)
{
    return p->epoll;
}

static void on_seat(struct pool *p, struct seat *s, int kind)
{
    struct child_end end;
    if (kind == TAG_SOCK) {
        seat_read(p, s);
        seat_read_sock(p, s);
    } else if (child_reap(&s->child, 0, &end)) {
        seat_ended(p, s, &end);
    }
}

static void on_event(struct pool *p, uint64_t tag)
{
    if (tag == TAG_FORKSERVER)
        pool_read_forkserver(p);
    else if (tag == TAG_TIMER)
        p->timer_at = 0;
    else if (tag != TAG_BELL)
        on_seat(p, &p->seats[tag / TAG_KINDS], (int)(tag % TAG_KINDS));
}

/* Looks that are due: tasks that take too long, tasks that wait behind a slow one. Returns when the next one is. */
static double look(struct pool *p)
{
    static const double stuck = 1e-3; /* seconds; what was given ahead is taken back after that */
    double next = p->tell.merged ? p->tell.window_end : INFINITY;
    if (p->tell.merged && p->now >= next) {
        tell_flush(p);
        next = INFINITY;
    }
    for (int i = 0; i < p->options.workers; i++) {
        struct seat *s = &p->seats[i];
        if (s->n == 0 || s->state != SEAT_READY)
            continue;
        double timeout = (double)s->given[s->first % SEAT_DEPTH_MAX].task->timeout;
        if (timeout > 0 && p->now >= s->since + timeout && seat_doom(p, s, TURN_EXPIRE))
            continue;
        if (s->n > 1 && p->now >= s->since + stuck) {
            seat_relieve(p, s);
            s->depth = 1;
        }
        if (timeout > 0 && s->since + timeout < next)
            next = s->since + timeout;
        if (s->n > 1 && p->now + stuck < next)
            next = p->now + stuck;
    }
    return next;
}

static void arm(struct pool *p, double at)
{
    if (at == INFINITY || (p->timer_at > 0 && p->timer_at <= at))
        return;
    struct itimerspec when = { .it_value = { .tv_sec = (time_t)at,
                                             .tv_nsec = (long)((at - (double)(time_t)at) * 1e9) } };
    timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL);
    p->timer_at = at;
}

/* From now on who answers rings the bell. True if somebody has done so just before. */
static bool doze(struct pool *p)
{
    bool some = false;
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].ring.shared != NULL)
            ring_doze(&p->seats[i].ring);
    }
    atomic_thread_fence(memory_order_seq_cst);
    for (int i = 0; i < p->options.workers; i++) {
        const struct seat *s = &p->seats[i];
        if (s->ring.shared != NULL && !s->deaf)
            some |= s->was_ready ? ring_has_answer(&s->ring) : s->id > 0 && s->last_words == NULL &&
                                                              ring_is_ready(&s->ring);
    }
    return some;
}

static void rise(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].ring.shared != NULL)
            ring_rise(&p->seats[i].ring);
    }
}

/* As long as there is something to do, but not for ever: who called has other things to do, and comes back at once. */
static void work(struct pool *p)
{
    enum { ROUNDS = 64 };
    uint64_t one = 1;
    for (int i = 0; i < ROUNDS; i++) {
        p->now = clock_now();
        bool some = read_all(p);
        double next = look(p);
        pool_advance(p);
        if (!some && !doze(p)) {
            arm(p, next);
            return;
        }
    }
    if (write(p->bell, &one, sizeof one) < 0) {
        /* only a counter that is full refuses, and then the bell rings already */
    }
}

enum err pool_turn(struct pool *p, int patience_ms)
{
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    int n = epoll_wait(p->epoll, events, BATCH, patience_ms);
    if (n < 0 && errno != EINTR)
        return err_from_errno(errno);
    rise(p);
    p->now = clock_now();
    for (int i = 0; i < n; i++)
        on_event(p, events[i].data.u64);
    work(p);
    return OK;
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
    tell_flush(p);
}

bool pool_idle(const struct pool *p)
{
    return p->settled == p->submitted;
}

int64_t pool_pending(const struct pool *p)
{
    int64_t n = p->pending.n;
    for (int i = 0; i < p->options.workers; i++)
        n += p->seats[i].n > 1 ? p->seats[i].n - 1 : 0;
    return n;
}

/* --- intents ------------------------------------------------------------------------------------------------------ */

/* Everything that no worker has claimed is pending again. */
static void relieve_all(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].state != SEAT_FREE)
            seat_relieve(p, &p->seats[i]);
    }
}

static struct seat *seat_at_work_on(struct pool *p, const struct task *t)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct seat *s = &p->seats[i];
        if (s->n > 0 && s->given[s->first % SEAT_DEPTH_MAX].task == t)
            return s;
    }
    return NULL;
}

enum err pool_cancel(struct pool *p, int64_t id, bool kill)
{
    p->now = clock_now();
    read_all(p);
    struct task *t = task_find(p, id);
    if (t == NULL)
        return ERR_NOT_FOUND;
    if (t->stage == STAGE_GIVEN)
        relieve_all(p);
    if (t->stage == STAGE_PENDING && task_unlist(p, t)) {
        task_settle(p, t, NULL, &(struct task_end){ .turn = TURN_CANCEL, .rows = -1 });
        return OK;
    }
    struct seat *s = seat_at_work_on(p, t);
    if (!kill || s == NULL)
        return ERR_DENIED;
    return seat_doom(p, s, TURN_CANCEL) ? OK : ERR_NOT_FOUND;
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
    p->draining = false;
    p->now = clock_now();
    relieve_all(p);
    task_settle_pending(p, TURN_CANCEL, NULL);
    for (int i = 0; i < p->options.workers; i++) {
        if (p->seats[i].state != SEAT_FREE)
            seat_kill(&p->seats[i]);
    }
}
