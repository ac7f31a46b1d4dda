/* SPDX-License-Identifier: MIT
 * One worker slot: the worker's socket, and how the worker is told to quit or killed. */
#include "core/pool/slots.h"

#include <stdlib.h>

#include "core/pool/private.h"

struct event slot_event(const struct pool *p, enum event_type type, const struct slot *s)
{
    return (struct event){
        .type = type,
        .worker = {.run = p->options.run,
                   .worker = s->id,
                   .pid = s->pid,
                   .ppid = s->ppid,
                   .parent_threads = s->parent_threads,
                   .forked_without_exec = p->options.method->forks},
    };
}

struct slot_task *slot_task_at(const struct slot *s, uint32_t i)
{
    return &s->tasks[(s->first + i) % SLOT_TASKS_MAX];
}

void slot_clear(struct pool *p, struct slot *s)
{
    free(s->startup_error);
    free(s->tasks);
    message_done(&s->large);
    ring_close(&s->ring);
    child_close_watched(p->epoll, &s->sock);
    child_forget(&s->child);
    *s = SLOT_NONE;
}

void slot_disconnect(struct pool *p, struct slot *s, enum err why)
{
    s->state = SLOT_LEAVING;
    child_close_watched(p->epoll, &s->sock);
    if (why != ERR_CLOSED) {
        s->kill_when_started = s->distrusted = true;
        child_kill(&s->child);
    }
}

void slot_read_sock(struct pool *p, struct slot *s)
{
    struct message m;
    enum err err = OK;
    while (!err && s->sock >= 0 && s->large.type != MESSAGE_RESULT) {
        err = message_recv(s->sock, &m, NULL);
        if (err == ERR_AGAIN)
            return;
        if (!err && m.type == MESSAGE_READY && m.error && !s->was_ready && !s->startup_error) {
            s->state = SLOT_LEAVING;
            s->startup_error = m.error;
            m.error = NULL;
        } else if (!err && m.type == MESSAGE_RESULT) {
            s->large = m;
            return;
        } else if (!err) {
            err = ERR_PARSE; /* no worker of ours sends this now */
        }
        message_done(&m);
    }
    if (err)
        slot_disconnect(p, s, err);
}

void slot_quit(struct slot *s)
{
    s->state = SLOT_LEAVING;
    s->expected = s->quitting = true;
    if (!ring_has_room(&s->ring, 0)) {
        slot_kill(s); /* it does not read its ring at all */
        return;
    }
    ring_put(&s->ring, RING_QUIT, NULL, 0, false);
    s->needs_wake = true;
}

void slot_close_quitting(struct pool *p, struct slot *s)
{
    if (s->quitting)
        child_close_watched(p->epoll, &s->sock);
}

void slot_kill(struct slot *s)
{
    s->kill_when_started = s->expected = true;
    s->state = SLOT_LEAVING;
    child_kill(&s->child);
}
