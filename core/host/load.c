/* SPDX-License-Identifier: MIT
 * The table of the host process: from a file, or from another process that has read it already. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/host/private.h"

/* Cuts each "COL=DTYPE" of the request at its '='; the names of the columns stay the request's. */
static enum err parse_overrides(struct request *r, struct dtype_override *out, struct problem *problem)
{
    for (size_t i = 0; i < r->dtypes.n; i++) {
        char *text = r->dtypes.v[i];
        size_t len;
        if (dtype_override_parse(text, &len, &out[i].dtype))
            return problem_set(problem, ERR_USAGE, "\"%s\" is not COL=DTYPE with a dtype of str, i64, f64, bool, date",
                               text);
        text[len] = '\0';
        out[i].column = text;
    }
    return OK;
}

static enum err load_table(struct host_process *h, struct request *r, int fd, struct problem *problem)
{
    struct dtype_override *overrides = calloc(r->dtypes.n + 1, sizeof *overrides);
    struct table_options options = {.path = r->path, .key = r->key, .overrides = overrides, .noverrides = r->dtypes.n};
    if (!overrides)
        return problem_set(problem, ERR_NOMEM, "%s: %s", r->path, err_text(ERR_NOMEM));
    enum err err = parse_overrides(r, overrides, problem);
    if (!err)
        err = engine_load(h->engine, fd, &options, &h->table, problem);
    free(overrides);
    return err;
}

/* A table that another process has indexed. The engine reads all its rows once: that finds a table that is not what its
 * index says, and starts the engine's threads, as loading a file does. */
static enum err take_table(struct host_process *h, const struct request *r, const int *fds, int nfds,
                           struct problem *problem)
{
    int own[TABLE_FDS];
    struct rows rows = {0};
    if (nfds != TABLE_FDS)
        return problem_set(problem, ERR_USAGE, "no table was given");
    enum err err = io_dup_all(fds, TABLE_FDS, own);
    if (err)
        return problem_set(problem, err, "%s: %s", r->path, err_text(err));
    err = table_import(own, &h->table, problem);
    if (!err && (err = engine_scan(h->engine, h->table, &rows)))
        problem_set(problem, err, "%s: %s", r->path, err_text(err));
    rows_done(&rows);
    return err;
}

/* A forkserver is started before the engine, so that it is forked from a process without threads. */
static enum err make_parts(struct host_process *h, const struct request *r, struct problem *problem)
{
    struct engine_options options = {.threads = (int)r->threads};
    enum err err = forkserver_new(&h->forkserver);
    if (!err) {
        struct epoll_event interest = {.events = EPOLLIN};
        if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, forkserver_fd(h->forkserver), &interest) != 0)
            err = err_from_errno(errno);
    }
    if (!err)
        err = engine_new(&options, &h->engine);
    if (err)
        return problem_set(problem, err, "no engine with %lld threads: %s", (long long)r->threads, err_text(err));
    return r->forkserver ? forkserver_start(h->forkserver, problem) : OK;
}

void host_on_load(struct host_process *h, struct request *r, const int *fds, int nfds)
{
    struct problem problem = {""};
    struct event e = {.type = EVENT_TABLE_LOADED, .table = {.path = text_dup(r->path), .threads = r->threads}};
    int own[TABLE_FDS];
    double started = clock_now();

    enum err err = h->engine ? problem_set(&problem, ERR_USAGE, "a host loads one table") : OK;
    if (!err && (!r->path || nfds < 1))
        err = problem_set(&problem, ERR_USAGE, "no file was given to load");
    if (!err)
        err = make_parts(h, r, &problem);
    bool made = !err;
    if (!err)
        err = r->type == REQUEST_TABLE ? take_table(h, r, fds, nfds, &problem) : load_table(h, r, fds[0], &problem);
    if (!err && forkserver_running(h->forkserver)) {
        err = forkserver_preload(h->forkserver, h->table, engine_threads(h->engine));
        if (err ==
            ERR_CLOSED) /* the forkserver died, which forkserver_tend reports; the table is loaded all the same */
            err = OK;
    }
    e.time = clock_now();
    if (err) {
        e.type = EVENT_TABLE_FAILED;
        e.table.internal = !made || err == ERR_NOMEM || err == ERR_LIMIT || err == ERR_AGAIN;
        e.table.error = text_dup(problem.text[0] != '\0' ? problem.text : err_text(err));
        host_emit(h, &e);
        return;
    }
    const struct column *key = table_column(h->table, table_key(h->table));
    e.table.rows = (int64_t)table_rows(h->table);
    e.table.columns = (int64_t)table_columns(h->table);
    e.table.key = strndup(key->name, key->name_len);
    e.table.seconds = e.time - started;
    table_fds(h->table, own);
    host_emit_fds(h, &e, own, TABLE_FDS);
}
