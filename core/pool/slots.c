/* SPDX-License-Identifier: MIT
 * Seats: each holds one worker, from the moment it is asked for until it is reaped. What a worker sends, and what
 * becomes of it, changes its seat here and nowhere else.
 *
 * When a call fails, no task, seat or fd is left over:
 *
 *  what fails                                      task                    seat         fds and processes
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
 * other is tried until one becomes ready or one that was ready ends; if no seat is occupied, all pending tasks fail. */
#include "core/pool/private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static uint64_t seat_tag(const struct pool *p, const struct seat *s, int kind)
{
    return (uint64_t)(s - p->seats) * TAG_KINDS + (uint64_t)kind;
}

struct event seat_event(const struct pool *p, enum event_type type, const struct seat *s)
{
    return (struct event){
        .type = type,
        .worker = { .run = p->options.run, .worker = s->id, .pid = s->pid, .ppid = s->ppid,
                    .parent_threads = s->parent_threads, .forked_without_exec = p->options.method->forks },
    };
}

void seat_clear(struct pool *p, struct seat *s)
{
    free(s->last_words);
    free(s->given);
    message_done(&s->far);
    ring_close(&s->ring);
    child_close_watched(p->epoll, &s->sock);
    child_forget(&s->child);
    *s = SEAT_NONE;
}

/* The wires between host and worker: a socket, a ring, and what the host notes down of the ring. */
static enum err seat_wire(struct seat *s, struct worker_spec *spec, struct problem *problem)
{
    s->given = calloc(SEAT_DEPTH_MAX, sizeof *s->given);
    if (s->given == NULL || child_socket(&s->sock, &spec->sock) != OK)
        return child_problem(problem, errno, "cannot make a socket for a worker");
    if (ring_new(&s->ring, &spec->ring_fd) != OK)
        return child_problem(problem, errno, "cannot make shared memory for a worker");
    if (!child_fds_left(s->sock))
        return child_problem(problem, errno, "cannot open the files of one more worker");
    spec->host_sock = s->sock;
    spec->ring = &s->ring;
    return OK;
}

/* Its first task lies there when it comes: who is forked looks for it at once, and would have to be woken. */
static void give_first(struct pool *p, struct seat *s)
{
    struct task *t = seat_room(p, s) > 0 ? task_take(p) : NULL;
    if (t != NULL && !seat_give(p, s, t))
        task_give_back(p, t);
}

enum err seat_launch(struct pool *p, struct seat *s, struct problem *problem)
{
    struct worker_handle handle = { .child = CHILD_NONE };
    struct worker_spec spec = { .pool = p, .sock = -1, .ring_fd = -1, .ticket = p->options.run << 32 | ++p->tickets };

    enum err err = seat_wire(s, &spec, problem);
    if (err == OK && p->options.method->prepare != NULL)
        err = p->options.method->prepare(&spec, problem);
    if (err == OK) {
        s->state = SEAT_LAUNCHED;
        s->ticket = spec.ticket;
        s->depth = 1;
        give_first(p, s);
        err = p->options.method->launch(&spec, &handle, problem);
    }
    io_close(&spec.sock);
    io_close(&spec.ring_fd);
    if (err != OK) {
        seat_abandon(p, s);
        return err;
    }
    if (p->options.method->reaps)
        seat_born(p, s, handle.child, getpid(), handle.parent_threads);
    return OK;
}

static enum err seat_watch(struct pool *p, struct seat *s)
{
    struct epoll_event interest = { .events = EPOLLIN, .data.u64 = seat_tag(p, s, TAG_SOCK) };
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, s->sock, &interest) != 0)
        return err_from_errno(errno);
    return p->options.method->reaps ? child_watch(&s->child, p->epoll, seat_tag(p, s, TAG_PROCESS)) : OK;
}

void seat_born(struct pool *p, struct seat *s, struct child child, pid_t ppid, int64_t parent_threads)
{
    if (s->state == SEAT_LAUNCHED)
        s->state = SEAT_STARTING;
    s->id = ++p->born;
    s->pid = child.pid;
    s->ppid = ppid;
    s->parent_threads = parent_threads;
    s->child = child;
    struct event e = seat_event(p, EVENT_WORKER_STARTED, s);
    pool_emit(p, &e);
    if (s->doomed)
        child_kill(&s->child);
    enum err err = seat_watch(p, s);
    if (err != OK) {
        struct child_end end = { .signal = SIGKILL };
        child_kill(&s->child);
        if (p->options.method->reaps)
            child_reap(&s->child, POOL_PATIENCE_MS, &end);
        pool_note(p, NOTE_ERROR, "worker %lld cannot be watched: %s", (long long)s->id, err_text(err));
        seat_ended(p, s, &end);
    }
}

void seat_cut(struct pool *p, struct seat *s, enum err why)
{
    s->state = SEAT_LEAVING;
    child_close_watched(p->epoll, &s->sock);
    if (why != ERR_CLOSED) {
        s->doomed = s->deaf = true;
        child_kill(&s->child);
    }
}

/* Its last words, what is too large for the ring, or the end. */
void seat_read_sock(struct pool *p, struct seat *s)
{
    struct message m;
    enum err err = OK;
    while (err == OK && s->sock >= 0 && s->far.type != MESSAGE_RESULT) {
        err = message_recv(s->sock, &m, NULL);
        if (err == ERR_AGAIN)
            return;
        if (err == OK && m.type == MESSAGE_READY && m.error != NULL && !s->was_ready && s->last_words == NULL) {
            s->state = SEAT_LEAVING;
            s->last_words = m.error;
            m.error = NULL;
        } else if (err == OK && m.type == MESSAGE_RESULT) {
            s->far = m;
            return;
        } else if (err == OK) {
            err = ERR_PARSE; /* no worker of ours says that now */
        }
        message_done(&m);
    }
    if (err != OK)
        seat_cut(p, s, err);
}

void seat_dismiss(struct seat *s)
{
    s->state = SEAT_LEAVING;
    s->asked = s->dismissed = true;
    if (!ring_has_room(&s->ring, 0)) {
        seat_kill(s); /* it does not read at all */
        return;
    }
    ring_put(&s->ring, RING_QUIT, NULL, 0, false);
    s->written = true;
}

void seat_part(struct pool *p, struct seat *s)
{
    if (s->dismissed)
        child_close_watched(p->epoll, &s->sock);
}

void seat_kill(struct seat *s)
{
    s->doomed = s->asked = true;
    s->state = SEAT_LEAVING;
    child_kill(&s->child);
}

static void tell_end(struct pool *p, const struct seat *s, const struct child_end *end)
{
    struct event e = seat_event(p, EVENT_WORKER_EXITED, s);
    e.worker.code = end->code;
    e.worker.signal = end->signal;
    e.worker.expected = s->asked;
    pool_emit(p, &e);
}

void seat_ended(struct pool *p, struct seat *s, const struct child_end *end)
{
    char how[64], why[640];
    while (seat_read(p, s)) /* what it answered before */
        continue;
    if (s->last_words == NULL)
        seat_read_sock(p, s);
    child_end_text(end, how);
    if (s->id > 0)
        tell_end(p, s, end);
    snprintf(why, sizeof why, "worker %lld (pid %ld) %s", (long long)s->id, (long)s->pid, how);
    if (s->last_words != NULL)
        snprintf(why, sizeof why, "worker %lld (pid %ld): %s", (long long)s->id, (long)s->pid, s->last_words);
    else if (s->id == 0)
        snprintf(why, sizeof why, "the forkserver was gone before it told of its worker");
    if (s->was_ready && p->broken == NULL)
        p->trouble = 0; /* what it held is free: a worker may be started where others failed before */
    if (!s->was_ready && !s->asked)
        pool_stillborn(p, why, end->signal == SIGKILL);
    seat_bereave(p, s, why);
    if (s->last_words != NULL && p->options.initializer != NULL)
        pool_break(p, why);
    seat_clear(p, s);
}
