/* SPDX-License-Identifier: MIT
 * The observer's side of a host process: starts it, sends requests, receives events, reaps it. */
#include "core/host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/event/wire.h"
#include "core/child/child.h"

enum { EVENT_MAX = 1 << 30, PATIENCE_MS = 500 };

struct host {
    struct child child; /* CHILD_NONE once it is reaped */
    pid_t pid;
    int sock, epoll;
    bool ended; /* it is reaped; its last events may still be in the socket */
    bool said;  /* EVENT_HOST_EXITED was returned */
    struct child_end end;
    struct table *table; /* owned until taken */
    bool has_table;      /* EVENT_TABLE_LOADED was received */
    struct buf record;
};

static enum err host_watch(struct host *h)
{
    struct epoll_event interest = {.events = EPOLLIN};
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (h->epoll < 0 || epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->sock, &interest) != 0)
        return err_from_errno(errno);
    return child_watch(&h->child, h->epoll, 0);
}

enum err host_start(struct host **out, struct problem *problem)
{
    int theirs = -1;
    struct host *h = calloc(1, sizeof *h);
    if (!h)
        return problem_set(problem, ERR_NOMEM, "no host process: %s", err_text(ERR_NOMEM));
    *h = (struct host){.child = CHILD_NONE, .sock = -1, .epoll = -1};
    buf_init(&h->record, EVENT_MAX);
    enum err err = child_socket(&h->sock, &theirs);
    if (err)
        problem_set(problem, err, "no socket for the host process: %s", err_text(err));
    else
        err = child_spawn("poolscope-host", theirs, true, &h->child, problem);
    io_close(&theirs);
    if (!err && (err = host_watch(h)))
        problem_set(problem, err, "cannot watch the host process: %s", err_text(err));
    if (err) {
        host_free(h);
        return err;
    }
    h->pid = h->child.pid;
    *out = h;
    return OK;
}

void host_free(struct host *h)
{
    if (!h)
        return;
    child_close_watched(h->epoll, &h->sock);
    if (h->child.pid != 0 && !child_reap(&h->child, PATIENCE_MS, &h->end)) {
        child_kill(&h->child);
        child_reap(&h->child, PATIENCE_MS, &h->end);
    }
    child_forget(&h->child);
    io_close(&h->epoll);
    table_free(h->table);
    buf_done(&h->record);
    free(h);
}

pid_t host_pid(const struct host *h)
{
    return h->pid;
}

int host_fd(const struct host *h)
{
    return h->epoll;
}

enum err host_send(struct host *h, const struct request *r, int fd)
{
    return host_send_fds(h, r, &fd, fd >= 0 ? 1 : 0);
}

enum err host_send_fds(struct host *h, const struct request *r, const int *fds, int nfds)
{
    struct buf b;
    buf_init(&b, EVENT_MAX);
    enum err err = h->sock < 0 ? ERR_CLOSED : request_encode(r, &b);
    if (!err)
        err = wire_send(h->sock, b.data, b.len, fds, nfds);
    buf_done(&b);
    return err;
}

/* The last event. It does not wait for the end of the socket, which forked workers may hold open for a moment. */
static enum err host_exited(struct host *h, struct event *out)
{
    child_close_watched(h->epoll, &h->sock);
    if (h->said)
        return ERR_CLOSED;
    h->said = true;
    *out = (struct event){.type = EVENT_HOST_EXITED,
                          .time = clock_now(),
                          .host = {.pid = h->pid, .code = h->end.code, .signal = h->end.signal}};
    return OK;
}

static enum err take_event(struct host *h, const int *fds, int nfds, struct event *out)
{
    enum err err = event_decode(h->record.data, h->record.len, out);
    bool table = !err && out->type == EVENT_TABLE_LOADED && nfds == TABLE_FDS && !h->has_table;
    for (int i = 0; i < nfds && !table; i++)
        close(fds[i]);
    if (!table)
        return err;
    struct problem problem;
    err = table_import(fds, &h->table, &problem);
    if (err) { /* the observer treats it as a table that could not be loaded */
        out->type = EVENT_TABLE_FAILED;
        out->table.internal = err == ERR_NOMEM || err == ERR_LIMIT;
        free(out->table.error);
        out->table.error = text_dup(problem.text);
    }
    h->has_table = !err;
    return OK;
}

enum err host_receive(struct host *h, struct event *out)
{
    int fds[WIRE_FDS_MAX], nfds = 0;
    if (!h->ended && child_reap(&h->child, 0, &h->end))
        h->ended = true;
    if (h->sock < 0)
        return h->ended ? host_exited(h, out) : ERR_AGAIN;
    enum err err = wire_recv(h->sock, &h->record, fds, &nfds);
    if (!err)
        err = take_event(h, fds, nfds, out);
    if (!err || (err == ERR_AGAIN && !h->ended))
        return err;
    if (h->ended)
        return host_exited(h, out);
    child_close_watched(h->epoll, &h->sock); /* closed, or what comes cannot be decoded: the host is ended */
    child_kill(&h->child);
    return ERR_AGAIN;
}

bool host_has_table(const struct host *h)
{
    return h->has_table;
}

struct table *host_take_table(struct host *h)
{
    struct table *t = h->table;
    h->table = NULL;
    return t;
}
