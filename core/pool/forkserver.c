/* SPDX-License-Identifier: MIT
 * Start method forkserver, the host's side: a helper process, started once, that has the table and a single thread and
 * forks a worker for each request. Its workers are not children of the host: it reports their pids and their ends. */
#include "core/pool/forkserver.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/pool/private.h"

struct forkserver {
    struct child child;
    int sock;                  /* -1: it does not run */
    int epoll;                 /* watches the process and its socket; kept when the forkserver is started again */
    const struct table *table; /* the table that this process has, or NULL */
    bool ended;                /* it was reaped, but there may be messages to read */
    struct child_end end;
};

enum err forkserver_new(struct forkserver **out)
{
    struct forkserver *f = calloc(1, sizeof *f);
    if (!f)
        return ERR_NOMEM;
    f->child = CHILD_NONE;
    f->sock = -1;
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (f->epoll < 0) {
        free(f);
        return err_from_errno(errno);
    }
    *out = f;
    return OK;
}

/* Back to the state before a start. */
static void forkserver_reset(struct forkserver *f)
{
    child_forget(&f->child);
    child_close_watched(f->epoll, &f->sock);
    f->table = NULL;
    f->ended = false;
}

static void forkserver_end(struct forkserver *f)
{
    if (f->child.pid != 0 && !child_reap(&f->child, 0, &f->end)) {
        child_kill(&f->child);
        child_reap(&f->child, REAP_MS, &f->end);
    }
    forkserver_reset(f);
}

void forkserver_free(struct forkserver *f)
{
    if (!f)
        return;
    struct message quit = {.type = MESSAGE_QUIT};
    if (f->sock >= 0 && !message_try_send(f->sock, &quit, NULL, 0) && f->child.pid != 0)
        child_reap(&f->child, REAP_MS, &f->end);
    forkserver_end(f);
    close(f->epoll);
    free(f);
}

int forkserver_fd(const struct forkserver *f)
{
    return f->epoll;
}

bool forkserver_running(const struct forkserver *f)
{
    return f->sock >= 0;
}

pid_t forkserver_pid(const struct forkserver *f)
{
    return f->child.pid;
}

static enum err forkserver_watch(struct forkserver *f)
{
    struct epoll_event interest = {.events = EPOLLIN};
    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->sock, &interest) != 0)
        return err_from_errno(errno);
    return child_watch(&f->child, f->epoll, 0);
}

enum err forkserver_start(struct forkserver *f, struct problem *problem)
{
    int theirs;
    if (f->sock >= 0)
        return OK;
    enum err err = child_socket(&f->sock, &theirs);
    if (err)
        return child_problem(problem, errno, "cannot make a socket for the forkserver");
    err = child_spawn("poolscope-forkserver", theirs, false, &f->child, problem);
    close(theirs);
    if (!err && forkserver_watch(f))
        err = child_problem(problem, errno, "cannot watch the forkserver");
    if (err)
        forkserver_end(f);
    return err;
}

enum err forkserver_preload(struct forkserver *f, const struct table *t, int threads)
{
    struct message setup = {.type = MESSAGE_PRELOAD, .threads = threads};
    int fds[TABLE_FDS];
    if (f->table)
        return OK;
    table_fds(t, fds);
    enum err err = message_try_send(f->sock, &setup, fds, TABLE_FDS); /* fits: the socket is empty */
    if (!err)
        f->table = t;
    return err;
}

/* The host is at its limit of open files. Gives up this worker, so that its pidfd is free for the next message. */
static enum err refuse_worker(struct message *m, int *pidfd)
{
    struct problem problem;
    int failed = errno;
    struct child worker = {.pidfd = *pidfd, .epoll = -1};
    child_kill(&worker);
    io_close(pidfd);
    m->pid = 0;
    enum err err = child_problem(&problem, failed, "cannot keep a pidfd of a worker of the forkserver");
    m->error = text_dup(problem.text);
    return m->error ? OK : err;
}

enum err forkserver_receive(struct forkserver *f, struct message *out, int *pidfd, struct child_end *end)
{
    int fds[MESSAGE_FDS];
    if (f->sock < 0)
        return ERR_AGAIN;
    if (!f->ended)
        f->ended = child_reap(&f->child, 0, &f->end);
    enum err err = message_recv(f->sock, out, fds);
    *pidfd = !err ? fds[0] : -1;
    if (*pidfd >= 0 && !child_fds_left(f->epoll))
        err = refuse_worker(out, pidfd);
    if (!err || (err == ERR_AGAIN && !f->ended))
        return err;
    forkserver_end(f);
    *end = f->end;
    return ERR_CLOSED;
}

void forkserver_discard(struct message *m, int *pidfd)
{
    struct child stray = {.pidfd = *pidfd, .epoll = -1};
    child_kill(&stray);
    io_close(pidfd);
    message_done(m);
}

bool forkserver_tend(struct forkserver *f, struct problem *end)
{
    struct message m;
    struct child_end how;
    int pidfd;
    char text[64];
    enum err err;
    while (!(err = forkserver_receive(f, &m, &pidfd, &how)))
        forkserver_discard(&m, &pidfd);
    if (err != ERR_CLOSED)
        return false;
    problem_set(end, OK, "the forkserver %s; another one is started when it is needed", child_end_text(&how, text));
    return true;
}

static enum err forkserver_launch(const struct worker_spec *spec, struct worker_handle *out, struct problem *problem)
{
    const struct pool_options *o = &spec->pool->options;
    struct message request = {.type = MESSAGE_FORK, .ticket = spec->ticket, .code = (char *)o->initializer};
    const int fds[] = {spec->sock, spec->ring_fd, spec->pool->bell};

    *out = (struct worker_handle){.child = CHILD_NONE}; /* MESSAGE_FORKED will bring it */
    enum err err = forkserver_start(o->forkserver, problem);
    if (err)
        return err;
    err = forkserver_preload(o->forkserver, o->table, engine_threads(o->engine));
    if (!err)
        err = message_try_send(o->forkserver->sock, &request, fds, 3);
    if (!err || err == ERR_AGAIN || err == ERR_CLOSED)
        return err;
    return child_problem(problem, errno, "cannot ask the forkserver for a worker");
}

const struct start_method start_method_forkserver = {
    .name = "forkserver",
    .inherits = "the memory of a clean helper process that has the table and no other thread",
    .forks = true,
    .launch = forkserver_launch,
};
