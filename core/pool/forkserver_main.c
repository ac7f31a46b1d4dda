/* SPDX-License-Identifier: MIT
 * The forkserver itself: a fresh program without a thread. It takes the table once, forks a worker for each request,
 * and tells the host which pid it got and how it ended. Its workers die with it. */
#include "core/pool/private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

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

enum { PATIENCE_MS = 1000, SOCK_TAG = 0 }; /* in the epoll set; a child's tag is its pid */

/* In a worker: nothing of the server stays open in it but the table. */
static void server_leave(struct server *s)
{
    for (size_t i = 0; i < s->n; i++)
        close(s->children[i].child.pidfd);
    close(s->epoll);
    close(s->sock);
}

static void brood_drop(struct server *s, struct forkserver_child *b)
{
    *b = s->children[--s->n];
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

/* What a new worker does with the fds that came for it: socket, ring, bell. */
static int serve_as_worker(struct server *s, const int fds[3], const char *initializer)
{
    struct worker_post post = {.sock = fds[0], .bell = fds[2], .initializer = initializer};
    server_leave(s);
    if (ring_open(fds[1], &post.ring))
        return worker_unfit(&post, "cannot map the memory that it shares with the host");
    close(fds[1]);
    return worker_serve_alone(&post, s->threads, s->table);
}

static void end_worker(struct child *c)
{
    struct child_end end;
    child_kill(c);
    child_reap(c, PATIENCE_MS, &end);
}

/* While the request's own three fds are open, one more is opened for good; so the next request can be received too. */
static enum err fork_worker(struct server *s, const struct message *m, const int fds[3], struct child *out,
                            struct problem *problem)
{
    pid_t parent = getpid();
    if (children_grow(s))
        return child_problem(problem, ENOMEM, "cannot note down a worker");
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
    struct problem problem, words;
    enum err err = fork_worker(s, m, fds, &child, &problem);
    if (!err) {
        answer.pid = child.pid;
        err = message_send(s->sock, &answer, &child.pidfd, 1);
        if (!err || err == ERR_CLOSED)
            return err;
        err = child_problem(&problem, errno, "cannot send the pidfd of a worker");
        end_worker(&s->children[s->n - 1].child);
        brood_drop(s, &s->children[s->n - 1]);
        answer.pid = 0;
    }
    problem_set(&words, err, "the forkserver %s", problem.text);
    answer.error = words.text; /* borrowed */
    return message_send(s->sock, &answer, NULL, 0);
}

static enum err report_end(struct server *s, pid_t pid)
{
    for (size_t i = 0; i < s->n; i++) {
        struct forkserver_child *b = &s->children[i];
        struct child_end end;
        if (b->child.pid != pid || !child_reap(&b->child, 0, &end))
            continue;
        struct message m = {.type = MESSAGE_EXITED, .ticket = b->ticket, .exit_code = end.code, .signal = end.signal};
        brood_drop(s, b);
        return message_send(s->sock, &m, NULL, 0);
    }
    return OK;
}

/* ERR_CLOSED: told to end, or nobody is there any more. */
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
