/* SPDX-License-Identifier: MIT
 * The turn of things: gives pending tasks to workers, starts workers on demand up to the number asked for, reads what
 * they answer, looks after time limits, and gives up on a pool whose workers die at birth. */
#include "core/pool/private.h"

#include <errno.h>
#include <math.h> /* INFINITY: nothing that needs libm */
#include <sched.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"

/* --- giving ------------------------------------------------------------------------------------------------------- */

/* Each of `waiting` worker slots gets its share of what is pending, no more: the last ones are for who is done first.
 */
static void hand_out_share(struct pool *p, struct slot *s, int64_t share)
{
    for (int room = slot_room(p, s); room > 0 && share > 0 && p->pending.n > 0; room--, share--) {
        struct task *t = task_take(p);
        if (!slot_give(p, s, t)) {
            task_give_back(p, t);
            return;
        }
    }
}

static void hand_out(struct pool *p)
{
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++) {
        if (p->slots[i].n == 0)
            hand_out_share(p, &p->slots[i], 1);
    }
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++)
        hand_out_share(p, &p->slots[i], p->pending.n / (2 * p->options.workers) + 1);
}

/* Those that have nothing to do and are to go: the pool closes, or they have done their share of tasks. */
static void dismiss(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct slot *s = &p->slots[i];
        bool there = s->state == SLOT_READY || s->state == SLOT_STARTING || s->state == SLOT_LAUNCHED;
        bool done = p->options.max_tasks > 0 && s->taken >= p->options.max_tasks;
        if (there && s->n == 0 && (p->closing || done))
            slot_dismiss(s);
    }
}

/* False if no more workers can be started until the forkserver has answered, or its end has been noticed. */
static bool fill_slot(struct pool *p, struct slot *s)
{
    struct problem problem;
    while (s->state == SLOT_FREE && p->trouble < POOL_TROUBLE_MAX) {
        enum err err = slot_launch(p, s, &problem);
        if (err == ERR_CLOSED || err == ERR_AGAIN)
            return false;
        if (err)
            pool_unborn(p, problem.text);
    }
    return true;
}

/* One for each task that no worker has been given. Few requests are unanswered at any time, so that a forkserver that
 * cannot fork is not asked in vain for all of them. */
static void start_workers(struct pool *p)
{
    enum { UNANSWERED_MAX = 16 };
    int unanswered = 0;
    for (int i = 0; i < p->options.workers; i++)
        unanswered += p->slots[i].state == SLOT_LAUNCHED;
    for (int i = 0; i < p->options.workers && p->pending.n > 0 && unanswered < UNANSWERED_MAX; i++) {
        if (p->slots[i].state != SLOT_FREE)
            continue;
        if (!fill_slot(p, &p->slots[i]))
            return;
        unanswered += p->slots[i].state == SLOT_LAUNCHED;
    }
}

static void give_up(struct pool *p)
{
    struct problem words;
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            return;
    }
    if (!p->broken) {
        problem_set(&words, OK, "no worker could be started, tried %d times; the last time: %s", p->startup_failures,
                    p->why ? p->why : "unknown");
        pool_break(p, words.text);
    }
    task_settle_pending(p, TURN_FAIL, p->broken ? p->broken : "out of memory");
}

void pool_advance(struct pool *p)
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
        slot_wake(&p->slots[i]);
        p->slack |= p->slots[i].n == 0 && p->slots[i].state != SLOT_LEAVING;
    }
    for (int i = 0; i < p->options.workers; i++) /* while they go their way */
        slot_part(p, &p->slots[i]);
}

/* --- the turn ------------------------------------------------------------------------------------------- */

bool pool_read(struct pool *p)
{
    bool some = false;
    for (int i = 0; i < p->options.workers; i++)
        some |= p->slots[i].state != SLOT_FREE && slot_read(p, &p->slots[i]);
    return some;
}

static void on_slot(struct pool *p, struct slot *s, int kind)
{
    struct child_end end;
    if (kind == TAG_SOCK) {
        slot_read(p, s);
        slot_read_sock(p, s);
    } else if (child_reap(&s->child, 0, &end)) {
        slot_ended(p, s, &end);
    }
}

static void on_event(struct pool *p, uint64_t tag)
{
    if (tag == TAG_FORKSERVER)
        pool_read_forkserver(p);
    else if (tag == TAG_TIMER)
        p->timer_at = 0;
    else if (tag != TAG_BELL)
        on_slot(p, &p->slots[tag / TAG_KINDS], (int)(tag % TAG_KINDS));
}

/* Looks that are due: tasks that take too long, tasks that wait behind a slow one. Returns when the next one is. */
static double look(struct pool *p)
{
    static const double stuck = 1e-3; /* seconds; what was given ahead is taken back after that */
    double next = p->emitter.merged ? p->emitter.window_end : INFINITY;
    if (p->emitter.merged && p->now >= next) {
        emit_flush(p);
        next = INFINITY;
    }
    for (int i = 0; i < p->options.workers; i++) {
        struct slot *s = &p->slots[i];
        if (s->n == 0 || s->state != SLOT_READY)
            continue;
        double timeout = (double)s->given[s->first % SLOT_DEPTH_MAX].task->timeout;
        if (timeout > 0 && p->now >= s->since + timeout && slot_kill_for_task(p, s, TURN_EXPIRE))
            continue;
        if (s->n > 1 && p->now >= s->since + stuck) {
            slot_relieve(p, s);
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
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
    timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL);
    p->timer_at = at;
}

/* From now on who answers rings the bell. True if somebody has done so just before. */
static bool doze(struct pool *p)
{
    bool some = false;
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].ring.shared)
            ring_doze(&p->slots[i].ring);
    }
    for (int i = 0; i < p->options.workers; i++) {
        const struct slot *s = &p->slots[i];
        if (s->ring.shared && !s->deaf)
            some |= s->was_ready ? ring_has_answer(&s->ring) : s->id > 0 && !s->last_words && ring_is_ready(&s->ring);
    }
    return some;
}

static void rise(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].ring.shared)
            ring_rise(&p->slots[i].ring);
    }
}

/* As long as there is something to do, but not for ever: who called has other things to do, and comes back at once. */
static void work(struct pool *p)
{
    enum { ROUNDS = 64 };
    uint64_t one = 1;
    for (int i = 0; i < ROUNDS; i++) {
        p->now = clock_now();
        bool some = pool_read(p);
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

/* Is a forked worker coming up to its first answer, or one on its way out? Either takes about as long as it takes to
 * put us to sleep and to wake us again. */
static bool expects_soon(const struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        const struct slot *s = &p->slots[i];
        bool comes = p->options.method->forks && (s->state == SLOT_STARTING || (s->n > 0 && s->first == 0));
        if (comes || (s->state == SLOT_LEAVING && s->asked))
            return true;
    }
    return false;
}

/* Waits for that without sleep, for a moment, and gives way to whoever wants the processor. */
static int wait_briefly(const struct pool *p, struct epoll_event *events, int max)
{
    static const double moment = 200e-6; /* seconds */
    double until = clock_now() + moment;
    int n;
    while ((n = epoll_wait(p->epoll, events, max, 0)) == 0 && clock_now() < until)
        sched_yield();
    return n;
}

enum err pool_turn(struct pool *p, int patience_ms)
{
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    int n = patience_ms != 0 && expects_soon(p) ? wait_briefly(p, events, BATCH) : 0;
    if (n == 0)
        n = epoll_wait(p->epoll, events, BATCH, patience_ms);
    if (n < 0 && errno != EINTR)
        return err_from_errno(errno);
    rise(p);
    p->now = clock_now();
    for (int i = 0; i < n; i++)
        on_event(p, events[i].data.u64);
    work(p);
    return OK;
}
