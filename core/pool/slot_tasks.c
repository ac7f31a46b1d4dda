/* SPDX-License-Identifier: MIT
 * The tasks of a slot: giving them to the worker, taking its answers, and what happens to the tasks when the worker is
 * slow or dead. The worker works on the first of its tasks; the others wait in its ring. */
#include <errno.h>
#include <stdio.h>

#include "core/pool/private.h"

/* How much work, in seconds, a worker may have in its ring: enough that it never waits for the host, and so little that
 * no task waits long for a busy worker while another one is idle. */
static const double work_ahead = 200e-6;

int slot_room(const struct pool *p, const struct slot *s)
{
    int64_t room = s->depth - (int64_t)s->ntasks;
    if (s->state == SLOT_FREE || s->state == SLOT_LEAVING)
        return 0;
    if (p->options.max_tasks > 0 && p->options.max_tasks - s->given < room)
        room = p->options.max_tasks - s->given;
    return room > 0 ? (int)room : 0;
}

/* Sends a code that is too long for the ring over the socket, with the place that the task will have in the ring. */
static enum err send_code(struct slot *s, const struct task *t)
{
    struct message m = {.type = MESSAGE_TASK, .task = s->ring.tasks, .code = (char *)task_code(t)};
    return message_try_send(s->sock, &m, NULL, 0);
}

/* The code could not be sent. A worker that does not read its socket is replaced, and the task remains pending. For any
 * other reason the task fails, because another worker would not get the code either; returns true then. */
static bool on_send_failure(struct pool *p, struct slot *s, struct task *t, enum err err)
{
    int failed = errno;
    struct problem problem;
    if (err == ERR_AGAIN || err == ERR_CLOSED) {
        slot_disconnect(p, s, err);
        return false;
    }
    char what[80];
    snprintf(what, sizeof what, "cannot send a code of %u bytes to a worker", t->len);
    child_problem(&problem, err == ERR_TOO_BIG ? EMSGSIZE : failed, what);
    task_end(p, t, NULL, &(struct task_outcome){.action = ACTION_FAIL, .rows = -1, .error = problem.text});
    return true;
}

/* The worker works on the first of its tasks now, as far as the host knows. */
static void begin_first(struct pool *p, struct slot *s)
{
    if (!s->was_ready || s->ntasks == 0)
        return;
    struct task *t = slot_task_at(s, 0)->task;
    if (!task_apply(t, ACTION_BEGIN))
        return;
    s->begun_at = p->now;
    emit_started(p, t, s);
}

bool slot_give(struct pool *p, struct slot *s, struct task *t)
{
    struct slot_task *g = slot_task_at(s, s->ntasks);
    bool by_socket = t->len > RING_CODE_MAX;
    enum err err = OK;
    if (!ring_has_room(&s->ring, by_socket ? 0 : t->len) || (by_socket && s->ntasks > 0))
        return false; /* long codes go one at a time, so that they do not fill the socket */
    if (by_socket && (err = send_code(s, t)))
        return on_send_failure(p, s, t, err);
    g->place = ring_put(&s->ring, (enum ring_kind)t->kind, by_socket ? NULL : task_code(t), by_socket ? 0 : t->len,
                        by_socket);
    g->task = t;
    task_apply(t, ACTION_GIVE);
    s->ntasks++;
    s->given++;
    s->needs_wake = true;
    if (s->ntasks == 1)
        begin_first(p, s);
    return true;
}

void slot_wake(struct slot *s)
{
    if (s->needs_wake)
        ring_wake(&s->ring);
    s->needs_wake = false;
}

static void on_ready(struct pool *p, struct slot *s)
{
    struct event e = slot_event(p, EVENT_WORKER_READY, s);
    s->was_ready = true;
    p->startup_failures = p->failure_score = 0;
    if (s->state == SLOT_STARTING)
        s->state = SLOT_READY;
    pool_emit(p, &e);
    begin_first(p, s);
}

/* The shorter the tasks are, the more of them the worker may have at once. */
static void adapt_depth(struct slot *s, double seconds)
{
    s->mean_seconds += (seconds - s->mean_seconds) / 8;
    if (s->mean_seconds * s->depth * 2 <= work_ahead && s->depth < SLOT_TASKS_MAX)
        s->depth *= 2;
    else if (s->mean_seconds * s->depth > work_ahead && s->depth > 1)
        s->depth /= 2;
}

/* Reads the result that the worker sent over the socket before its answer. */
static enum err read_large(struct pool *p, struct slot *s, uint32_t place)
{
    if (s->large.type != MESSAGE_RESULT)
        slot_read_sock(p, s);
    return s->large.type == MESSAGE_RESULT && s->large.task == place ? OK : ERR_PARSE;
}

static enum err take_answer(struct pool *p, struct slot *s, const struct ring_answer *a)
{
    struct slot_task *g = slot_task_at(s, 0);
    struct task_outcome end = {.action = a->failed ? ACTION_FAIL : ACTION_FINISH,
                               .rows = a->failed ? -1 : a->rows,
                               .seconds = a->seconds,
                               .error = a->failed ? a->text : NULL};
    if (s->ntasks == 0 || g->place != a->place || a->rows < 0)
        return ERR_PARSE;
    if (a->by_socket && read_large(p, s, a->place))
        return ERR_PARSE;
    if (!a->failed) {
        end.ranges = a->by_socket ? s->large.ranges.v : a->ranges;
        end.nranges = a->by_socket ? s->large.ranges.n : a->len;
    }
    struct task *t = g->task;
    s->first++;
    s->ntasks--;
    task_end(p, t, s, &end);
    if (a->by_socket) {
        message_done(&s->large);
        s->large = (struct message){0};
    }
    return OK;
}

bool slot_read(struct pool *p, struct slot *s)
{
    struct ring_answer a;
    enum err err = OK;
    int n = 0;
    if (!s->ring.shared || s->distrusted)
        return false;
    if (!s->was_ready && s->id > 0 && !s->startup_error && ring_is_ready(&s->ring)) {
        on_ready(p, s);
        n++;
    }
    while (s->was_ready && n < SLOT_TASKS_MAX && !(err = ring_get(&s->ring, &a))) {
        if ((err = take_answer(p, s, &a)))
            break;
        adapt_depth(s, a.seconds);
        begin_first(p, s);
        s->needs_wake = true; /* there is room again, for which the worker may wait */
        n++;
    }
    if (err == ERR_PARSE) /* no worker of ours answers this */
        slot_disconnect(p, s, err);
    return n > 0;
}

void slot_take_back(struct pool *p, struct slot *s)
{
    while (s->ntasks > 0) {
        struct slot_task *g = slot_task_at(s, s->ntasks - 1);
        struct task *t = g->task;
        if (t->stage != STAGE_GIVEN || !ring_take_back(&s->ring, g->place))
            return;
        task_apply(t, ACTION_TAKE_BACK);
        task_requeue(p, t);
        s->ntasks--;
        s->given--;
    }
}

bool slot_kill_for_task(struct pool *p, struct slot *s, enum task_action action)
{
    struct task *t = s->ntasks > 0 ? slot_task_at(s, 0)->task : NULL;
    int64_t id = t ? t->id : 0;
    slot_take_back(p, s);
    slot_read(p, s);
    if (s->ntasks != 1 || slot_task_at(s, 0)->task != t || t->id != id || t->stage != STAGE_RUNNING)
        return false; /* it has ended meanwhile, and the worker works on another task now */
    t->killed_for = (uint8_t)action;
    slot_kill(s);
    return true;
}

/* The worker died while it ran this task. */
static void on_task_interrupted(struct pool *p, struct slot *s, struct task *t, const char *why)
{
    struct problem problem;
    enum task_action action = t->killed_for != 0 ? (enum task_action)t->killed_for : ACTION_LOSE;
    if (task_apply(t, ACTION_BEGIN)) { /* the host did not know yet that it was begun */
        s->begun_at = p->now;
        emit_started(p, t, s);
    }
    problem_set(&problem, OK, "%s while it ran this task", why);
    if (action == ACTION_EXPIRE)
        problem_set(&problem, OK, "it ran longer than %g s, so worker %lld was killed", (double)t->timeout,
                    (long long)s->id);
    if (action == ACTION_LOSE && t->tries_left > 0 && !p->closing && !p->broken && task_apply(t, ACTION_RETRY)) {
        t->tries_left--;
        emit_returned(p, t, s, problem.text);
        task_requeue(p, t);
        return;
    }
    const char *error = action == ACTION_CANCEL ? NULL : problem.text;
    task_end(p, t, s, &(struct task_outcome){.action = action, .rows = -1, .error = error});
}

void slot_abandon(struct pool *p, struct slot *s)
{
    while (s->ntasks > 0) { /* the last one first, so that the queue keeps its order */
        struct task *t = slot_task_at(s, --s->ntasks)->task;
        task_apply(t, ACTION_TAKE_BACK);
        task_requeue(p, t);
    }
    slot_clear(p, s);
}

void slot_on_worker_death(struct pool *p, struct slot *s, const char *why)
{
    while (s->ntasks > 0) { /* the last one first, so that the queue keeps its order */
        struct slot_task *g = slot_task_at(s, --s->ntasks);
        struct task *t = g->task;
        bool begun = !ring_take_back(&s->ring, g->place);
        if (begun) {
            on_task_interrupted(p, s, t, why);
            continue;
        }
        bool was_running = t->stage == STAGE_RUNNING;
        if (was_running && t->killed_for == ACTION_CANCEL) {
            task_end(p, t, s, &(struct task_outcome){.action = ACTION_CANCEL, .rows = -1});
            continue;
        }
        task_apply(t, ACTION_TAKE_BACK);
        t->killed_for = 0;
        if (was_running)
            emit_returned(p, t, s, why);
        task_requeue(p, t);
    }
}
