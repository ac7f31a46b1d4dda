/* SPDX-License-Identifier: MIT
 * One turn of the event loop: takes what the workers have answered, gives out pending tasks, starts workers on demand,
 * enforces time limits, and gives up when workers cannot be started. */
#include <errno.h>
#include <math.h> /* INFINITY; nothing that needs libm */
#include <sched.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/pool/private.h"

/* --- giving out tasks and starting workers ------------------------------------------------------------------------ */

/* Gives a slot up to `share` tasks, as far as it has room. */
static void give_share(struct pool *p, struct slot *s, int64_t share)
{
    for (int room = slot_room(p, s); room > 0 && share > 0 && p->pending.n > 0; room--, share--) {
        struct task *t = task_dequeue(p);
        if (!slot_give(p, s, t)) {
            task_requeue(p, t);
            return;
        }
    }
}

/* First one task for each idle worker. Then each worker gets a share that leaves at least half of the queue: it is for
 * those that finish first. */
static void give_tasks(struct pool *p)
{
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++) {
        if (p->slots[i].ntasks == 0)
            give_share(p, &p->slots[i], 1);
    }
    for (int i = 0; i < p->options.workers && p->pending.n > 0; i++)
        give_share(p, &p->slots[i], p->pending.n / (2 * p->options.workers) + 1);
}

/* Tells idle workers to quit if the pool closes or they have done max_tasks. */
static void quit_idle_workers(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        struct slot *s = &p->slots[i];
        bool alive = s->state == SLOT_READY || s->state == SLOT_STARTING || s->state == SLOT_LAUNCHED;
        bool used_up = p->options.max_tasks > 0 && s->given >= p->options.max_tasks;
        if (alive && s->ntasks == 0 && (p->closing || used_up))
            slot_quit(s);
    }
}

/* False if no worker can be started before the forkserver has answered or its end was noticed. */
static bool fill_slot(struct pool *p, struct slot *s)
{
    struct problem problem;
    while (s->state == SLOT_FREE && p->failure_score < FAILURE_SCORE_MAX) {
        enum err err = slot_launch(p, s, &problem);
        if (err == ERR_CLOSED || err == ERR_AGAIN)
            return false;
        if (err)
            pool_on_launch_failure(p, problem.text);
    }
    return true;
}

/* Starts one worker for each task that could not be given to one. Only a few requests may be unanswered at any time,
 * so that a forkserver that cannot fork is not asked in vain for all workers. */
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

/* Fails all pending tasks unless a worker is left that can still do them. */
static void give_up(struct pool *p)
{
    struct problem problem;
    if (!pool_ended(p))
        return;
    if (!p->broken) {
        problem_set(&problem, OK, "no worker could be started after %d tries; the last one failed because: %s",
                    p->startup_failures, p->last_failure ? p->last_failure : "unknown");
        pool_break(p, problem.text);
    }
    task_end_pending(p, ACTION_FAIL, p->broken ? p->broken : "out of memory");
}

void pool_advance(struct pool *p)
{
    p->unattended = 0;
    if (p->draining && pool_idle(p))
        p->closing = true;
    if (p->closing) {
        task_end_pending(p, ACTION_CANCEL, NULL);
    } else {
        give_tasks(p);
        start_workers(p);
    }
    quit_idle_workers(p);
    if (p->pending.n > 0 && p->failure_score >= FAILURE_SCORE_MAX)
        give_up(p);
    p->wants_tasks = false;
    for (int i = 0; i < p->options.workers; i++) {
        slot_wake(&p->slots[i]);
        p->wants_tasks |= p->slots[i].ntasks == 0 && p->slots[i].state != SLOT_LEAVING;
    }
    for (int i = 0; i < p->options.workers; i++) /* after the wakes: this takes time while the workers end already */
        slot_close_quitting(p, &p->slots[i]);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

bool pool_read(struct pool *p)
{
    bool any = false;
    for (int i = 0; i < p->options.workers; i++)
        any |= p->slots[i].state != SLOT_FREE && slot_read(p, &p->slots[i]);
    return any;
}

static void on_slot(struct pool *p, struct slot *s, int kind)
{
    struct child_end end;
    if (kind == TAG_SOCK) {
        slot_read(p, s);
        slot_read_sock(p, s);
    } else if (child_reap(&s->child, 0, &end)) {
        slot_on_worker_ended(p, s, &end);
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

/* Does what is due: sends merged events, ends tasks that have run too long, and takes tasks back from a worker whose
 * current task takes long. Returns the time when something is due next. */
static double check_deadlines(struct pool *p)
{
    static const double slow = 1e-3; /* seconds; a worker at one task for longer than this has no other tasks */
    double next = p->emitter.merged ? p->emitter.window_end : INFINITY;
    if (p->emitter.merged && p->now >= next) {
        emit_flush(p);
        next = INFINITY;
    }
    for (int i = 0; i < p->options.workers; i++) {
        struct slot *s = &p->slots[i];
        if (s->ntasks == 0 || s->state != SLOT_READY)
            continue;
        double timeout = (double)slot_task_at(s, 0)->task->timeout;
        if (timeout > 0 && p->now >= s->begun_at + timeout && slot_kill_for_task(p, s, ACTION_EXPIRE))
            continue;
        if (s->ntasks > 1 && p->now >= s->begun_at + slow) {
            slot_take_back(p, s);
            s->depth = 1;
        }
        if (timeout > 0 && s->begun_at + timeout < next)
            next = s->begun_at + timeout;
        if (s->ntasks > 1 && p->now + slow < next)
            next = p->now + slow;
    }
    return next;
}

static void arm_timer(struct pool *p, double at)
{
    if (at == INFINITY || (p->timer_at > 0 && p->timer_at <= at))
        return;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
    timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL);
    p->timer_at = at;
}

/* Turns the bell on for all workers. Returns true if one has answered just before, and so will not ring it. */
static bool bells_on(struct pool *p)
{
    bool any = false;
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].ring.shared)
            ring_bell_on(&p->slots[i].ring);
    }
    for (int i = 0; i < p->options.workers; i++) {
        const struct slot *s = &p->slots[i];
        if (!s->ring.shared || s->distrusted)
            continue;
        any |= s->was_ready ? ring_has_answer(&s->ring) : s->id > 0 && !s->startup_error && ring_is_ready(&s->ring);
    }
    return any;
}

static void bells_off(struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].ring.shared)
            ring_bell_off(&p->slots[i].ring);
    }
}

/* Works as long as there is something to do, but for a limited number of rounds: the caller has other things to do and
 * comes back at once, because the bell was rung. */
static void do_work(struct pool *p)
{
    enum { ROUNDS = 64 };
    uint64_t one = 1;
    for (int i = 0; i < ROUNDS; i++) {
        p->now = clock_now();
        bool any = pool_read(p);
        double next = check_deadlines(p);
        pool_advance(p);
        if (!any && !bells_on(p)) {
            arm_timer(p, next);
            return;
        }
    }
    if (write(p->bell, &one, sizeof one) < 0) {
        /* A write fails only if the counter is full, and then the bell has been rung already. */
    }
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

/* Will a forked worker give its first answer soon, or will a worker end soon? Both take about as long as it takes to
 * put this process to sleep and to wake it again. */
static bool expects_event_soon(const struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        const struct slot *s = &p->slots[i];
        bool starts = p->options.method->forks && (s->state == SLOT_STARTING || (s->ntasks > 0 && s->first == 0));
        if (starts || (s->state == SLOT_LEAVING && s->expected))
            return true;
    }
    return false;
}

/* Waits for a moment without sleeping, and lets any other process have the processor. */
static int wait_briefly(const struct pool *p, struct epoll_event *events, int max)
{
    static const double moment = 200e-6; /* seconds */
    double until = clock_now() + moment;
    int n;
    while ((n = epoll_wait(p->epoll, events, max, 0)) == 0 && clock_now() < until)
        sched_yield();
    return n;
}

enum err pool_turn(struct pool *p, int timeout_ms)
{
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    int n = timeout_ms != 0 && expects_event_soon(p) ? wait_briefly(p, events, BATCH) : 0;
    if (n == 0)
        n = epoll_wait(p->epoll, events, BATCH, timeout_ms);
    if (n < 0 && errno != EINTR)
        return err_from_errno(errno);
    bells_off(p);
    p->now = clock_now();
    for (int i = 0; i < n; i++)
        on_event(p, events[i].data.u64);
    do_work(p);
    return OK;
}

bool pool_ended(const struct pool *p)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE)
            return false;
    }
    return true;
}
