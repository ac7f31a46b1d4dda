/* SPDX-License-Identifier: MIT
 * Worker slots: each holds one worker, from the moment it is asked for until it is reaped. What a worker sends, and
 * what becomes of it, changes its worker slot here and nowhere else.
 *
 * When a call fails, no task, worker slot or fd is left over:
 *
 *  what fails                                      task                    worker slot         fds and processes
 *  wires of a new worker: calloc, socketpair,      pending again           free         closed; a forked child is
 *  memfd_create, mmap, the check for spare fds;                                         killed and reaped
 *  its set-up message; fork, posix_spawn,
 *  pidfd_open
 *  the same in the forkserver, and epoll_ctl or    pending again           free         closed on both sides; the child
 *  sendmsg of the pidfd there                                                           is killed and reaped there
 *  too few fds here for the forkserver's pidfd     pending again           free         closed; the worker is killed
 *  the socket to the forkserver is full            pending again, until    free         closed
 *                                                  the forkserver answers
 *  epoll_ctl for a new worker                      begun: lost; else       free         closed; the worker is killed
 *                                                  pending again
 *  memfd_create or sendmsg of a long code          fails                   as before    as before
 *  the socket to the worker is full                pending                 free soon    the worker is killed
 *  a worker's memfd_create or sendmsg of a result  fails                   as before    as before
 *  recvmsg of a result, or nonsense in it          lost, or tried again    free soon    the worker is killed
 *
 * A pending task is given to another worker. When several workers in a row cannot be started (POOL_TROUBLE_MAX), no
 * other is tried until one becomes ready or one that was ready ends; if no worker slot is occupied, all pending tasks
 * fail. */
#include "core/pool/private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static uint64_t slot_tag(const struct pool *p, const struct slot *s, int kind)
{
    return (uint64_t)(s - p->slots) * TAG_KINDS + (uint64_t)kind;
}

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

void slot_clear(struct pool *p, struct slot *s)
{
    free(s->last_words);
    free(s->given);
    message_done(&s->far);
    ring_close(&s->ring);
    child_close_watched(p->epoll, &s->sock);
    child_forget(&s->child);
    *s = SLOT_NONE;
}

/* The wires between host and worker: a socket, a ring, and what the host notes down of the ring. */
static enum err slot_wire(struct slot *s, struct worker_spec *spec, struct problem *problem)
{
    s->given = calloc(SLOT_DEPTH_MAX, sizeof *s->given);
    if (!s->given || child_socket(&s->sock, &spec->sock))
        return child_problem(problem, errno, "cannot make a socket for a worker");
    if (ring_new(&s->ring, &spec->ring_fd))
        return child_problem(problem, errno, "cannot make shared memory for a worker");
    if (!child_fds_left(s->sock))
        return child_problem(problem, errno, "cannot open the files of one more worker");
    spec->host_sock = s->sock;
    spec->ring = &s->ring;
    return OK;
}

/* Its first task lies there when it comes: who is forked looks for it at once, and would have to be woken. */
static void give_first(struct pool *p, struct slot *s)
{
    struct task *t = slot_room(p, s) > 0 ? task_take(p) : NULL;
    if (t && !slot_give(p, s, t))
        task_give_back(p, t);
}

enum err slot_launch(struct pool *p, struct slot *s, struct problem *problem)
{
    struct worker_handle handle = {.child = CHILD_NONE};
    struct worker_spec spec = {.pool = p, .sock = -1, .ring_fd = -1, .ticket = p->options.run << 32 | ++p->tickets};

    enum err err = slot_wire(s, &spec, problem);
    if (!err && p->options.method->prepare)
        err = p->options.method->prepare(&spec, problem);
    if (!err) {
        s->state = SLOT_LAUNCHED;
        s->ticket = spec.ticket;
        s->depth = 1;
        give_first(p, s);
        err = p->options.method->launch(&spec, &handle, problem);
    }
    io_close(&spec.sock);
    io_close(&spec.ring_fd);
    if (err) {
        slot_abandon(p, s);
        return err;
    }
    if (p->options.method->reaps)
        slot_on_worker_started(p, s, handle.child, getpid(), handle.parent_threads);
    return OK;
}

static enum err slot_watch(struct pool *p, struct slot *s)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.u64 = slot_tag(p, s, TAG_SOCK)};
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, s->sock, &interest) != 0)
        return err_from_errno(errno);
    return p->options.method->reaps ? child_watch(&s->child, p->epoll, slot_tag(p, s, TAG_PROCESS)) : OK;
}

void slot_on_worker_started(struct pool *p, struct slot *s, struct child child, pid_t ppid, int64_t parent_threads)
{
    if (s->state == SLOT_LAUNCHED)
        s->state = SLOT_STARTING;
    s->id = ++p->born;
    s->pid = child.pid;
    s->ppid = ppid;
    s->parent_threads = parent_threads;
    s->child = child;
    struct event e = slot_event(p, EVENT_WORKER_STARTED, s);
    pool_emit(p, &e);
    if (s->kill_when_started)
        child_kill(&s->child);
    enum err err = slot_watch(p, s);
    if (err) {
        struct child_end end = {.signal = SIGKILL};
        child_kill(&s->child);
        if (p->options.method->reaps)
            child_reap(&s->child, POOL_PATIENCE_MS, &end);
        pool_note(p, NOTE_ERROR, "worker %lld cannot be watched: %s", (long long)s->id, err_text(err));
        slot_ended(p, s, &end);
    }
}

void slot_cut(struct pool *p, struct slot *s, enum err why)
{
    s->state = SLOT_LEAVING;
    child_close_watched(p->epoll, &s->sock);
    if (why != ERR_CLOSED) {
        s->kill_when_started = s->deaf = true;
        child_kill(&s->child);
    }
}

/* Its last words, what is too large for the ring, or the end. */
void slot_read_sock(struct pool *p, struct slot *s)
{
    struct message m;
    enum err err = OK;
    while (!err && s->sock >= 0 && s->far.type != MESSAGE_RESULT) {
        err = message_recv(s->sock, &m, NULL);
        if (err == ERR_AGAIN)
            return;
        if (!err && m.type == MESSAGE_READY && m.error && !s->was_ready && !s->last_words) {
            s->state = SLOT_LEAVING;
            s->last_words = m.error;
            m.error = NULL;
        } else if (!err && m.type == MESSAGE_RESULT) {
            s->far = m;
            return;
        } else if (!err) {
            err = ERR_PARSE; /* no worker of ours says that now */
        }
        message_done(&m);
    }
    if (err)
        slot_cut(p, s, err);
}

void slot_dismiss(struct slot *s)
{
    s->state = SLOT_LEAVING;
    s->asked = s->dismissed = true;
    if (!ring_has_room(&s->ring, 0)) {
        slot_kill(s); /* it does not read at all */
        return;
    }
    ring_put(&s->ring, RING_QUIT, NULL, 0, false);
    s->written = true;
}

void slot_part(struct pool *p, struct slot *s)
{
    if (s->dismissed)
        child_close_watched(p->epoll, &s->sock);
}

void slot_kill(struct slot *s)
{
    s->kill_when_started = s->asked = true;
    s->state = SLOT_LEAVING;
    child_kill(&s->child);
}

static void report_end(struct pool *p, const struct slot *s, const struct child_end *end)
{
    struct event e = slot_event(p, EVENT_WORKER_EXITED, s);
    e.worker.code = end->code;
    e.worker.signal = end->signal;
    e.worker.expected = s->asked;
    pool_emit(p, &e);
}

void slot_ended(struct pool *p, struct slot *s, const struct child_end *end)
{
    char how[64], why[640];
    while (slot_read(p, s)) /* what it answered before */
        continue;
    if (!s->last_words)
        slot_read_sock(p, s);
    child_end_text(end, how);
    if (s->id > 0)
        report_end(p, s, end);
    snprintf(why, sizeof why, "worker %lld (pid %ld) %s", (long long)s->id, (long)s->pid, how);
    if (s->last_words)
        snprintf(why, sizeof why, "worker %lld (pid %ld): %s", (long long)s->id, (long)s->pid, s->last_words);
    else if (s->id == 0)
        snprintf(why, sizeof why, "the forkserver was gone before it told of its worker");
    if (s->was_ready && !p->broken)
        p->trouble = 0; /* what it held is free: a worker may be started where others failed before */
    if (!s->was_ready && !s->asked)
        pool_on_startup_failure(p, why, end->signal == SIGKILL);
    slot_on_worker_death(p, s, why);
    if (s->last_words && p->options.initializer)
        pool_break(p, why);
    slot_clear(p, s);
}
