/* SPDX-License-Identifier: MIT
 * Seats: each holds one worker, from the moment it is asked for until it is reaped. What a worker sends, and what
 * becomes of it, changes its seat here and nowhere else. */
#include "core/pool/pool_priv.h"

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

static struct event worker_event(const struct pool *p, enum event_type type, const struct seat *s)
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
    child_close_watched(p->epoll, &s->sock);
    child_forget(&s->child);
    *s = SEAT_NONE;
}

enum err seat_launch(struct pool *p, struct seat *s, struct problem *problem)
{
    struct worker_handle handle = { .child = CHILD_NONE };
    struct worker_spec spec = { .pool = p, .ticket = p->options.run << 32 | ++p->tickets };

    enum err err = child_socket(&spec.host_sock, &spec.sock);
    if (err != OK)
        return problem_set(problem, err, "no socket for a worker: %s", err_text(err));
    err = p->options.method->launch(&spec, &handle, problem);
    close(spec.sock);
    if (err != OK) {
        close(spec.host_sock);
        return err;
    }
    *s = (struct seat){ .state = SEAT_LAUNCHED, .ticket = spec.ticket, .sock = spec.host_sock, .child = CHILD_NONE };
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
    struct event e = worker_event(p, EVENT_WORKER_STARTED, s);
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

static void seat_ready(struct pool *p, struct seat *s, struct message *m)
{
    if (m->error != NULL) {
        s->state = SEAT_LEAVING;
        s->last_words = m->error;
        m->error = NULL;
        return;
    }
    s->was_ready = true;
    p->stillborn = 0;
    if (s->state == SEAT_STARTING)
        s->state = SEAT_IDLE;
    struct event e = worker_event(p, EVENT_WORKER_READY, s);
    pool_emit(p, &e);
}

static void seat_result(struct pool *p, struct seat *s, struct message *m)
{
    struct task *t = s->task;
    s->task = NULL;
    if (s->state == SEAT_BUSY)
        s->state = SEAT_IDLE;
    task_finish(p, t, s, m);
}

/* No more is to be heard from it; its end will come, if need be by our hand. */
static void seat_cut(struct pool *p, struct seat *s, enum err why)
{
    s->state = SEAT_LEAVING;
    child_close_watched(p->epoll, &s->sock);
    if (why != ERR_CLOSED)
        child_kill(&s->child);
}

void seat_read(struct pool *p, struct seat *s)
{
    struct message m;
    enum err err = OK;
    while (err == OK && s->sock >= 0) {
        err = message_recv(s->sock, &m, NULL);
        if (err == ERR_AGAIN)
            return;
        if (err == OK && m.type == MESSAGE_READY && !s->was_ready && s->last_words == NULL)
            seat_ready(p, s, &m);
        else if (err == OK && m.type == MESSAGE_RESULT && s->task != NULL && m.task == s->task->id)
            seat_result(p, s, &m);
        else if (err == OK)
            err = ERR_PARSE; /* no worker of ours says that now */
        message_done(&m);
    }
    if (err != OK)
        seat_cut(p, s, err);
}

bool seat_give(struct pool *p, struct seat *s, struct task *t)
{
    struct message m = { .type = MESSAGE_TASK, .task = t->id, .code = t->code };
    enum err err = message_send(s->sock, &m, NULL, 0);
    if (err != OK) {
        s->state = SEAT_LEAVING;
        if (err != ERR_CLOSED)
            child_kill(&s->child);
        return false;
    }
    s->task = t;
    s->state = SEAT_BUSY;
    task_started(p, t, s);
    return true;
}

void seat_dismiss(struct seat *s)
{
    struct message quit = { .type = MESSAGE_QUIT };
    if (message_send(s->sock, &quit, NULL, 0) != OK)
        seat_kill(s); /* most likely it is gone already */
    s->state = SEAT_LEAVING;
    s->asked = true;
}

void seat_kill(struct seat *s)
{
    s->doomed = s->asked = true;
    s->state = SEAT_LEAVING;
    child_kill(&s->child);
}

void seat_ended(struct pool *p, struct seat *s, const struct child_end *end)
{
    char how[64], why[512];
    seat_read(p, s); /* what it sent before */
    child_end_text(end, how);
    if (s->id > 0) {
        struct event e = worker_event(p, EVENT_WORKER_EXITED, s);
        e.worker.code = end->code;
        e.worker.signal = end->signal;
        e.worker.expected = s->asked;
        pool_emit(p, &e);
    }
    snprintf(why, sizeof why, "worker %lld (pid %ld) %s", (long long)s->id, (long)s->pid, how);
    if (s->last_words != NULL)
        snprintf(why, sizeof why, "worker %lld (pid %ld): %s", (long long)s->id, (long)s->pid, s->last_words);
    else if (s->id == 0)
        snprintf(why, sizeof why, "the forkserver ended before it had forked it");
    if (!s->was_ready && !s->asked)
        pool_stillborn(p, why);
    if (s->task != NULL) {
        struct problem words;
        struct task *t = s->task;
        s->task = NULL;
        problem_set(&words, OK, "%s while it ran this task", why);
        task_settle(p, t, s, TASK_LOST, words.text);
    }
    seat_clear(p, s);
}
