/* SPDX-License-Identifier: MIT
 * The tasks of a worker slot: what its worker is given ahead, the answers that come, and what becomes of the rest when
 * it is slow or dead. The first of a worker slot's tasks is what its worker works at; the others wait in its ring. */
#include "core/pool/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As much work as a worker may have before it, in seconds: enough that it never waits for us, so little that nobody
 * waits for it. */
static const double work_ahead = 200e-6;

static struct given *given_at(const struct slot *s, uint32_t i)
{
    return &s->given[(s->first + i) % SLOT_DEPTH_MAX];
}

int slot_room(const struct pool *p, const struct slot *s)
{
    int64_t room = s->depth - (int64_t)s->n;
    if (s->state == SLOT_FREE || s->state == SLOT_LEAVING)
        return 0;
    if (p->options.max_tasks > 0 && p->options.max_tasks - s->taken < room)
        room = p->options.max_tasks - s->taken;
    return room > 0 ? (int)room : 0;
}

/* A code too long for the ring goes first, over the socket, with the place that the task will have. */
static enum err send_far(struct slot *s, const struct task *t)
{
    struct message m = {.type = MESSAGE_TASK, .task = s->ring.tasks, .code = (char *)task_code(t)};
    return message_try_send(s->sock, &m, NULL, 0);
}

/* A worker that does not read its socket is replaced, and the task stays pending. If the code could not be sent for
 * another reason, the task fails, since the next worker would not get it either. True if it is settled. */
static bool cannot_send(struct pool *p, struct slot *s, struct task *t, enum err err)
{
    int failed = errno;
    struct problem words;
    if (err == ERR_AGAIN || err == ERR_CLOSED) {
        slot_cut(p, s, err);
        return false;
    }
    char what[80];
    snprintf(what, sizeof what, "cannot send a code of %u bytes to a worker", t->len);
    child_problem(&words, err == ERR_TOO_BIG ? EMSGSIZE : failed, what);
    task_settle(p, t, NULL, &(struct task_end){.turn = TURN_FAIL, .rows = -1, .error = words.text});
    return true;
}

static void front_begins(struct pool *p, struct slot *s)
{
    if (!s->was_ready || s->n == 0)
        return;
    struct task *t = given_at(s, 0)->task;
    if (!task_turn(t, TURN_BEGIN))
        return;
    s->since = p->now;
    emit_started(p, t, s);
}

bool slot_give(struct pool *p, struct slot *s, struct task *t)
{
    struct given *g = given_at(s, s->n);
    bool far = t->len > RING_CODE_MAX;
    enum err err = OK;
    if (!ring_has_room(&s->ring, far ? 0 : t->len) || (far && s->n > 0))
        return false; /* one at a time: their messages must not fill the socket */
    if (far && (err = send_far(s, t)))
        return cannot_send(p, s, t, err);
    g->place = ring_put(&s->ring, (enum ring_kind)t->kind, far ? NULL : task_code(t), far ? 0 : t->len, far);
    g->task = t;
    task_turn(t, TURN_GIVE);
    s->n++;
    s->taken++;
    s->written = true;
    if (s->n == 1)
        front_begins(p, s);
    return true;
}

void slot_wake(struct slot *s)
{
    if (s->written)
        ring_wake(&s->ring);
    s->written = false;
}

void slot_ready(struct pool *p, struct slot *s)
{
    struct event e = slot_event(p, EVENT_WORKER_READY, s);
    s->was_ready = true;
    p->startup_failures = p->trouble = 0;
    if (s->state == SLOT_STARTING)
        s->state = SLOT_READY;
    pool_emit(p, &e);
    front_begins(p, s);
}

/* Short tasks go many at a time, long ones one by one. */
static void adapt(struct slot *s, double seconds)
{
    s->mean += (seconds - s->mean) / 8;
    if (s->mean * s->depth * 2 <= work_ahead && s->depth < SLOT_DEPTH_MAX)
        s->depth *= 2;
    else if (s->mean * s->depth > work_ahead && s->depth > 1)
        s->depth /= 2;
}

/* What the worker sent over the socket before its answer. */
static enum err take_far(struct pool *p, struct slot *s, uint32_t place)
{
    if (s->far.type != MESSAGE_RESULT)
        slot_read_sock(p, s);
    return s->far.type == MESSAGE_RESULT && s->far.task == place ? OK : ERR_PARSE;
}

static enum err take_answer(struct pool *p, struct slot *s, const struct ring_answer *a)
{
    struct given *g = given_at(s, 0);
    struct task_end end = {.turn = a->failed ? TURN_FAIL : TURN_FINISH,
                           .rows = a->failed ? -1 : a->rows,
                           .seconds = a->seconds,
                           .error = a->failed ? a->text : NULL};
    if (s->n == 0 || g->place != a->place || a->rows < 0)
        return ERR_PARSE;
    if (a->far && take_far(p, s, a->place))
        return ERR_PARSE;
    if (!a->failed) {
        end.ranges = a->far ? s->far.ranges.v : a->ranges;
        end.nranges = a->far ? s->far.ranges.n : a->len;
    }
    struct task *t = g->task;
    s->first++;
    s->n--;
    task_settle(p, t, s, &end);
    if (a->far) {
        message_done(&s->far);
        s->far = (struct message){0};
    }
    return OK;
}

bool slot_read(struct pool *p, struct slot *s)
{
    struct ring_answer a;
    enum err err = OK;
    int n = 0;
    if (!s->ring.shared || s->deaf)
        return false;
    if (!s->was_ready && s->id > 0 && !s->last_words && ring_is_ready(&s->ring)) {
        slot_ready(p, s);
        n++;
    }
    while (s->was_ready && n < SLOT_DEPTH_MAX && !(err = ring_get(&s->ring, &a))) {
        if ((err = take_answer(p, s, &a)))
            break;
        adapt(s, a.seconds);
        front_begins(p, s);
        s->written = true; /* there is room again: it may wait for that */
        n++;
    }
    if (err == ERR_PARSE) /* no worker of ours says that */
        slot_cut(p, s, err);
    return n > 0;
}

/* Nothing stays with it but what its worker has claimed, or is about to. */
void slot_relieve(struct pool *p, struct slot *s)
{
    while (s->n > 0) {
        struct given *g = given_at(s, s->n - 1);
        struct task *t = g->task;
        if (t->stage != STAGE_GIVEN || !ring_take_back(&s->ring, g->place))
            return;
        task_turn(t, TURN_TAKE_BACK);
        task_give_back(p, t);
        s->n--;
        s->taken--;
    }
}

bool slot_kill_for_task(struct pool *p, struct slot *s, enum task_turn turn)
{
    struct task *t = s->n > 0 ? given_at(s, 0)->task : NULL;
    int64_t id = t ? t->id : 0;
    slot_relieve(p, s);
    slot_read(p, s);
    if (s->n != 1 || given_at(s, 0)->task != t || t->id != id || t->stage != STAGE_RUNNING)
        return false; /* it came to its end meanwhile: who is at work now is innocent */
    t->killed_for = (uint8_t)turn;
    slot_kill(s);
    return true;
}

static void lose(struct pool *p, struct slot *s, struct task *t, const char *why)
{
    struct problem words;
    enum task_turn turn = t->killed_for != 0 ? (enum task_turn)t->killed_for : TURN_LOSE;
    if (task_turn(t, TURN_BEGIN)) { /* which nobody knew yet */
        s->since = p->now;
        emit_started(p, t, s);
    }
    problem_set(&words, OK, "%s while it ran this task", why);
    if (turn == TURN_EXPIRE)
        problem_set(&words, OK, "it ran longer than %g s, and worker %lld was killed for it", (double)t->timeout,
                    (long long)s->id);
    if (turn == TURN_LOSE && t->tries_left > 0 && !p->closing && !p->broken && task_turn(t, TURN_RETRY)) {
        t->tries_left--;
        emit_returned(p, t, s, words.text);
        task_give_back(p, t);
        return;
    }
    const char *error = turn == TURN_CANCEL ? NULL : words.text;
    task_settle(p, t, s, &(struct task_end){.turn = turn, .rows = -1, .error = error});
}

void slot_abandon(struct pool *p, struct slot *s)
{
    while (s->n > 0) { /* the last first: what goes back keeps its order */
        struct task *t = given_at(s, --s->n)->task;
        task_turn(t, TURN_TAKE_BACK);
        task_give_back(p, t);
    }
    slot_clear(p, s);
}

void slot_on_worker_death(struct pool *p, struct slot *s, const char *why)
{
    while (s->n > 0) { /* the last first: what goes back keeps its order */
        struct given *g = given_at(s, --s->n);
        struct task *t = g->task;
        bool begun = !ring_take_back(&s->ring, g->place);
        if (begun) {
            lose(p, s, t, why);
            continue;
        }
        bool was_running = t->stage == STAGE_RUNNING;
        if (was_running && t->killed_for == TURN_CANCEL) {
            task_settle(p, t, s, &(struct task_end){.turn = TURN_CANCEL, .rows = -1});
            continue;
        }
        task_turn(t, TURN_TAKE_BACK);
        t->killed_for = 0;
        if (was_running)
            emit_returned(p, t, s, why);
        task_give_back(p, t);
    }
}
