/* SPDX-License-Identifier: MIT
 * The asking side of a query server: starts it, sends queries, receives answers, ends it. */
#include <stdlib.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/event/wire.h"
#include "core/query/private.h"
#include "core/child/child.h"

enum { RECORD_MAX = 1 << 20, PATIENCE_MS = 500 };

struct query_server {
    struct child child;
    int sock;
    struct table_progress *progress;
    int progress_fd; /* owned; sent with the first table */
};

enum err query_server_start(struct query_server **out, struct problem *problem)
{
    int theirs = -1;
    struct query_server *d = calloc(1, sizeof *d);
    if (!d)
        return problem_set(problem, ERR_NOMEM, "cannot start the process that reads the table: %s",
                           err_text(ERR_NOMEM));
    *d = (struct query_server){.child = CHILD_NONE, .sock = -1, .progress_fd = -1};
    enum err err = table_progress_share(&d->progress, &d->progress_fd);
    if (!err)
        err = child_socket(&d->sock, &theirs);
    if (err)
        problem_set(problem, err, "cannot start the process that reads the table: %s", err_text(err));
    else
        err = child_spawn("poolscope-query", theirs, true, &d->child, problem);
    io_close(&theirs);
    if (err) {
        query_server_free(d);
        return err;
    }
    *out = d;
    return OK;
}

void query_server_free(struct query_server *d)
{
    struct child_end end;
    if (!d)
        return;
    io_close(&d->sock);
    if (d->child.pid != 0) {
        child_kill(&d->child);
        child_reap(&d->child, PATIENCE_MS, &end);
    }
    child_forget(&d->child);
    table_progress_unmap(d->progress);
    io_close(&d->progress_fd);
    free(d);
}

int query_server_fd(const struct query_server *d)
{
    return d->sock;
}

/* The memory that shows progress is sent after the fds of a table. */
static enum err send_with(struct query_server *d, const struct buf *b, const struct query *a, const int *fds, int nfds)
{
    int all[TABLE_FDS + 1];
    if (a->type != QUERY_TABLE || nfds != TABLE_FDS)
        return wire_send(d->sock, b->data, b->len, fds, nfds);
    for (int i = 0; i < TABLE_FDS; i++)
        all[i] = fds[i];
    all[TABLE_FDS] = d->progress_fd;
    return wire_send(d->sock, b->data, b->len, all, TABLE_FDS + 1);
}

enum err query_server_send(struct query_server *d, const struct query *a, const int *fds, int nfds)
{
    struct buf b;
    buf_init(&b, RECORD_MAX);
    atomic_store(&d->progress->stop, 0);
    atomic_store(&d->progress->done, 0);
    enum err err = shape_encode(query_fields, a, &b);
    if (!err)
        err = send_with(d, &b, a, fds, nfds);
    buf_done(&b);
    return err;
}

enum err query_server_receive(struct query_server *d, struct query_answer *out, int fds[QUERY_ANSWER_FDS], int *nfds)
{
    struct buf b;
    int all[WIRE_FDS_MAX], n = 0;
    size_t used;
    *nfds = 0;
    buf_init(&b, RECORD_MAX);
    enum err err = wire_recv(d->sock, &b, all, &n);
    if (!err)
        err = shape_decode(query_answer_fields, b.data, b.len, out, &used);
    for (int i = 0; i < n; i++) {
        if (!err && i < QUERY_ANSWER_FDS)
            fds[(*nfds)++] = all[i];
        else
            close(all[i]);
    }
    buf_done(&b);
    return err == ERR_PARSE ? ERR_CLOSED : err;
}

double query_server_progress(const struct query_server *d)
{
    uint64_t total = atomic_load(&d->progress->total), done = atomic_load(&d->progress->done);
    return total && done < total ? (double)done / (double)total : total ? 1 : 0;
}

void query_server_cancel(struct query_server *d)
{
    table_progress_stop(d->progress);
}
