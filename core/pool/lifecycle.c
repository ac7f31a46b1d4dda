/* SPDX-License-Identifier: MIT
 * A worker's start and end.
 *
 * When a call fails, no task, slot or fd is left over:
 *
 *  what fails                                      task                    worker slot  fds and processes
 *  connecting a new worker: calloc, socketpair,    pending again           free         closed; a forked child is
 *  memfd_create, mmap, the check for spare fds;                                         killed and reaped
 *  its set-up message; fork, posix_spawn,
 *  pidfd_open
 *  the same in the forkserver, and epoll_ctl or    pending again           free         closed on both sides; the child
 *  sendmsg of the pidfd there                                                           is killed and reaped there
 *  too few fds here for the forkserver's pidfd     pending again           free         closed; the worker is killed
 *  the socket to the forkserver is full            pending again, until    free         closed
 *                                                  the forkserver answers
 *  epoll_ctl for a new worker                      lost if begun, else     free         closed; the worker is killed
 *                                                  pending again
 *  memfd_create or sendmsg of a long code          fails                   unchanged    unchanged
 *  the socket to the worker is full                pending                 free soon    the worker is killed
 *  a worker's memfd_create or sendmsg of a result  fails                   unchanged    unchanged
 *  recvmsg of a result, or an invalid result       lost or tried again     free soon    the worker is killed
 *
 * A pending task is given to another worker. When several workers in a row cannot be started (FAILURE_SCORE_MAX), no
 * further one is tried until one becomes ready, or until one that was ready ends. If all slots are free then, all
 * pending tasks fail. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/pool/private.h"

/* Makes the connections between the host and a worker: a socket, a ring, and the host's list of the tasks in it. */
static enum err slot_connect(struct slot *s, struct worker_spec *spec, struct problem *problem)
{
    s->tasks = calloc(SLOT_TASKS_MAX, sizeof *s->tasks);
    if (!s->tasks || child_socket(&s->sock, &spec->sock))
        return child_problem(problem, errno, "cannot make a socket for a worker");
    if (ring_new(&s->ring, &spec->ring_fd))
        return child_problem(problem, errno, "cannot make shared memory for a worker");
    if (!child_fds_left(s->sock))
        return child_problem(problem, errno, "cannot open the files of one more worker");
    spec->host_sock = s->sock;
    spec->ring = &s->ring;
    return OK;
}

/* The first task is in the ring before the worker exists: a forked worker looks for it at once, and would otherwise
 * fall asleep and have to be woken. */
static void give_first(struct pool *p, struct slot *s)
{
    struct task *t = slot_room(p, s) > 0 ? task_dequeue(p) : NULL;
    if (t && !slot_give(p, s, t))
        task_requeue(p, t);
}

enum err slot_launch(struct pool *p, struct slot *s, struct problem *problem)
{
    struct worker_handle handle = {.child = CHILD_NONE};
    struct worker_spec spec = {.pool = p, .sock = -1, .ring_fd = -1, .ticket = p->options.run << 32 | ++p->tickets};

    enum err err = slot_connect(s, &spec, problem);
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
    uint64_t tag = (uint64_t)(s - p->slots) * TAG_KINDS;
    struct epoll_event interest = {.events = EPOLLIN, .data.u64 = tag + TAG_SOCK};
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, s->sock, &interest) != 0)
        return err_from_errno(errno);
    return p->options.method->reaps ? child_watch(&s->child, p->epoll, tag + TAG_PROCESS) : OK;
}

void slot_on_worker_started(struct pool *p, struct slot *s, struct child child, pid_t ppid, int64_t parent_threads)
{
    if (s->state == SLOT_LAUNCHED)
        s->state = SLOT_STARTING;
    s->id = ++p->workers_started;
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
            child_reap(&s->child, REAP_MS, &end);
        pool_note(p, NOTE_ERROR, "worker %lld cannot be watched, and was killed: %s", (long long)s->id, err_text(err));
        slot_on_worker_ended(p, s, &end);
    }
}

static void emit_worker_end(struct pool *p, const struct slot *s, const struct child_end *end)
{
    struct event e = slot_event(p, EVENT_WORKER_EXITED, s);
    e.worker.code = end->code;
    e.worker.signal = end->signal;
    e.worker.expected = s->expected;
    pool_emit(p, &e);
}

void slot_on_worker_ended(struct pool *p, struct slot *s, const struct child_end *end)
{
    char how[64], why[640];
    while (slot_read(p, s)) /* its last answers */
        continue;
    if (!s->startup_error)
        slot_read_sock(p, s);
    child_end_text(end, how);
    if (s->id > 0)
        emit_worker_end(p, s, end);
    snprintf(why, sizeof why, "worker %lld (pid %ld) %s", (long long)s->id, (long)s->pid, how);
    if (s->startup_error)
        snprintf(why, sizeof why, "worker %lld (pid %ld): %s", (long long)s->id, (long)s->pid, s->startup_error);
    else if (s->id == 0)
        snprintf(why, sizeof why, "the forkserver was gone before it reported its worker");
    if (s->was_ready && !p->broken)
        p->failure_score = 0; /* what this worker used is free: now a start may succeed where others failed */
    if (!s->was_ready && !s->expected)
        pool_on_startup_failure(p, why, end->signal == SIGKILL);
    slot_on_worker_death(p, s, why);
    if (s->startup_error && p->options.initializer)
        pool_break(p, why);
    slot_clear(p, s);
}
