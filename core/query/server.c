/* SPDX-License-Identifier: MIT
 * The process of the query server: waits for a query, answers it, and ends when its socket is closed. */
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/event/wire.h"
#include "core/query/private.h"

enum { RECORD_MAX = 1 << 20 };

static enum err send_answer(struct query_server_state *d, struct query_answer *a, const int *fds, int nfds)
{
    struct buf b;
    buf_init(&b, RECORD_MAX);
    enum err err = shape_encode(query_answer_fields, a, &b);
    if (!err)
        err = wire_send(d->control, b.data, b.len, fds, nfds);
    buf_done(&b);
    return err;
}

static enum err answer(struct query_server_state *d, const struct query *a, const int *fds, int nfds)
{
    int out_fds[QUERY_ANSWER_FDS], n = 0;
    struct problem problem = {""};
    struct query_answer out = {.type = a->type, .id = a->id};
    double from = clock_now();
    enum err err = query_perform(d, a, fds, nfds, &out, out_fds, &n, &problem);
    out.seconds = clock_now() - from;
    if (err == ERR_IO && !problem.text[0] && d->table)
        problem_set(&problem, err, "%s: cannot read it: %s", table_path(d->table), err_text(err));
    if (err) {
        out.error = err;
        out.problem = text_dup(problem.text[0] ? problem.text : err_text(err));
    }
    enum err sent = a->type == QUERY_TABLE && !err ? OK : send_answer(d, &out, out_fds, n);
    while (n > 0)
        close(out_fds[--n]);
    query_answer_done(&out);
    return sent;
}

static enum err serve_query(struct query_server_state *d)
{
    struct buf b;
    struct query a = {0};
    int fds[WIRE_FDS_MAX], nfds = 0;
    size_t used;
    buf_init(&b, RECORD_MAX);
    enum err err = wire_recv(d->control, &b, fds, &nfds);
    if (!err)
        err = shape_decode(query_fields, b.data, b.len, &a, &used);
    if (!err)
        err = answer(d, &a, fds, nfds);
    shape_done(query_fields, &a);
    while (nfds > 0)
        close(fds[--nfds]);
    buf_done(&b);
    return err;
}

int query_process_main(int sock)
{
    struct query_server_state d = {.control = sock};
    struct engine_options options = {.threads = engine_usable_cpus()};
    mallopt(M_MMAP_THRESHOLD, 64 * 1024); /* large blocks are returned to the system at once */
    if (engine_new(&options, &d.engine))
        return 1;
    while (!serve_query(&d))
        ;
    engine_free(d.engine);
    table_free(d.table);
    table_progress_unmap(d.progress);
    return 0;
}
