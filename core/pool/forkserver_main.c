/* SPDX-License-Identifier: MIT
 * The forkserver process: a program with a single thread. It receives the table once, forks a worker for each request,
 * and reports to the host each worker's pid and later its end. Its workers die with it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/child/child.h"
#include "core/pool/pool.h"
#include "core/pool/worker.h"

struct forkserver_child {
    int64_t ticket;
    struct child child;
};

struct server {
    int sock, epoll;
    struct table *table;
    int threads;                       /* of each worker's engine */
    struct forkserver_child *children; /* owned */
    size_t n, cap;
};

enum { REAP_MS = 1000, SOCK_TAG = 0 }; /* the socket's tag in the epoll set; a child's tag is its pid */

/* In a new worker: closes everything that belongs to the forkserver except the table. */
static void close_server_fds(struct server *s)
{
    for (size_t i = 0; i < s->n; i++)
        close(s->children[i].child.pidfd);
    close(s->epoll);
    close(s->sock);
}

static void child_drop(struct server *s, struct forkserver_child *c)
{
    *c = s->children[--s->n];
}

static enum err children_grow(struct server *s)
{
    if (s->n < s->cap)
        return OK;
    size_t cap = s->cap * 2 + 8;
    struct forkserver_child *bigger = realloc(s->children, cap * sizeof *bigger);
    if (!bigger)
        return ERR_NOMEM;
    s->children = bigger;
    s->cap = cap;
    return OK;
}

/* Runs in a new worker. `fds` came with the request: the worker's socket, its ring, and the bell. */
static int serve_as_worker(struct server *s, const int fds[3], const char *initializer)
{
    struct worker_link to_host = {.sock = fds[0], .bell = fds[2], .initializer = initializer};
    close_server_fds(s);
    if (ring_open(fds[1], &to_host.ring))
        return worker_report_startup_error(&to_host, "cannot map the memory shared with the host");
    close(fds[1]);
    return worker_serve_with_new_engine(&to_host, s->threads, s->table);
}

static void end_worker(struct child *c)
{
    struct child_end end;
    child_kill(c);
    child_reap(c, REAP_MS, &end);
}

/* Opens one fd that stays open, while the three fds of the request are still open. So there is room for the fds of the
 * next request, too. */
static enum err fork_worker(struct server *s, const struct message *m, const int fds[3], struct child *out,
                            struct problem *problem)
{
    pid_t parent = getpid();
    if (children_grow(s))
        return child_problem(problem, ENOMEM, "cannot remember one more worker");
    pid_t pid = fork();
    if (pid < 0)
        return child_problem(problem, errno, "cannot fork a worker");
    if (pid == 0) {
        child_die_with(parent);
        _exit(serve_as_worker(s, fds, m->code));
    }
    enum err err = child_adopt(pid, out, problem);
    if (err)
        return err;
    if (child_watch(out, s->epoll, (uint64_t)pid)) {
        err = child_problem(problem, errno, "cannot watch a worker");
        end_worker(out);
        return err;
    }
    s->children[s->n++] = (struct forkserver_child){.ticket = m->ticket, .child = *out};
    return OK;
}

static enum err answer_fork(struct server *s, const struct message *m, const int fds[3])
{
    struct message answer = {.type = MESSAGE_FORKED, .ticket = m->ticket, .threads = child_own_threads()};
    struct child child = CHILD_NONE;
    struct problem problem, prefixed;
    enum err err = fork_worker(s, m, fds, &child, &problem);
    if (!err) {
        answer.pid = child.pid;
        err = message_send(s->sock, &answer, &child.pidfd, 1);
        if (!err || err == ERR_CLOSED)
            return err;
        err = child_problem(&problem, errno, "cannot send the pidfd of a worker");
        end_worker(&s->children[s->n - 1].child);
        child_drop(s, &s->children[s->n - 1]);
        answer.pid = 0;
    }
    problem_set(&prefixed, err, "the forkserver %s", problem.text);
    answer.error = prefixed.text; /* borrowed */
    return message_send(s->sock, &answer, NULL, 0);
}

static enum err report_end(struct server *s, pid_t pid)
{
    for (size_t i = 0; i < s->n; i++) {
        struct forkserver_child *c = &s->children[i];
        struct child_end end;
        if (c->child.pid != pid || !child_reap(&c->child, 0, &end))
            continue;
        struct message m = {.type = MESSAGE_EXITED, .ticket = c->ticket, .exit_code = end.code, .signal = end.signal};
        child_drop(s, c);
        return message_send(s->sock, &m, NULL, 0);
    }
    return OK;
}

/* ERR_CLOSED: the host has asked for the end, or is gone. */
static enum err serve_request(struct server *s)
{
    struct message m;
    int fds[MESSAGE_FDS];
    enum err err = message_recv(s->sock, &m, fds);
    if (err)
        return err;
    if (m.type == MESSAGE_QUIT)
        err = ERR_CLOSED;
    else if (m.type == MESSAGE_FORK)
        err = answer_fork(s, &m, fds);
    for (int i = 0; i < MESSAGE_FDS; i++)
        io_close(&fds[i]);
    message_done(&m);
    return err;
}

static enum err serve(struct server *s)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.u64 = SOCK_TAG}, event;
    enum err err = OK;
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->sock, &interest) != 0)
        return err_from_errno(errno);
    while (!err) {
        int n = epoll_wait(s->epoll, &event, 1, -1);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        if (n > 0)
            err = event.data.u64 == SOCK_TAG ? serve_request(s) : report_end(s, (pid_t)event.data.u64);
    }
    return err;
}

int forkserver_process_main(int sock)
{
    struct server s = {.sock = sock};
    struct message preload;
    struct problem problem;
    int fds[MESSAGE_FDS];
    enum err err = worker_receive_table(sock, MESSAGE_PRELOAD, &preload, fds, &s.table, &problem);
    if (!err)
        s.threads = (int)preload.threads;
    if (err)
        return err == ERR_CANCELLED || err == ERR_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    err = s.epoll >= 0 ? serve(&s) : err_from_errno(errno);
    for (size_t i = 0; i < s.n; i++)
        child_forget(&s.children[i].child);
    free(s.children);
    io_close(&s.epoll);
    table_free(s.table);
    return err == ERR_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
