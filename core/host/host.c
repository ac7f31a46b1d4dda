/* SPDX-License-Identifier: MIT
 * The host process: loads the table, owns the engine and the pool, and answers the observer. One thread waits in one
 * place. It has no signal handler: a forked worker would inherit it, and with it somebody who might wake it. */
#include "core/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/event/request.h"
#include "core/event/wire.h"
#include "core/host/measure.h"
#include "core/child/child.h"

enum { RECORD_MAX = 1 << 30 };

struct host_self {
    int control, epoll;
    bool over; /* nobody is there any more */
    struct engine *engine;
    struct table *table;
    struct forkserver *forkserver;
    struct pool *pool; /* of the run that goes on, or NULL */
    int64_t run;
    bool more, asked; /* codes of this run are still to come; they were asked for */
    bool stopped;
    struct request measured; /* of a run that measures; codes are added until there are no more. type 0: none */
    bool measuring;
};

static void host_emit_with(struct host_self *h, struct event *e, const int *fds, int nfds)
{
    struct buf b;
    buf_init(&b, RECORD_MAX);
    enum err err = h->over ? ERR_CLOSED : event_encode(e, &b);
    if (!err)
        err = wire_send(h->control, b.data, b.len, fds, nfds);
    if (err) /* an event that is lost would make all that follow a lie */
        h->over = true;
    buf_done(&b);
    event_done(e);
}

static void host_emit(void *ctx, struct event *e)
{
    host_emit_with(ctx, e, NULL, 0);
}

static void host_note(struct host_self *h, enum note_level level, const char *text)
{
    struct event e;
    event_note(&e, level, "%s", text);
    e.time = clock_now();
    host_emit(h, &e);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

/* "COL=DTYPE": cut at the last '='; the strings stay the request's. */
static enum err parse_overrides(struct request *r, struct dtype_override *out, struct problem *problem)
{
    for (size_t i = 0; i < r->dtypes.n; i++) {
        char *text = r->dtypes.v[i], *equals = strrchr(text, '=');
        if (!equals || dtype_from_name(equals + 1, &out[i].dtype))
            return problem_set(problem, ERR_USAGE, "\"%s\" is not COL=DTYPE with a dtype of str, i64, f64, bool, date",
                               text);
        *equals = '\0';
        out[i].column = text;
    }
    return OK;
}

static enum err load_table(struct host_self *h, struct request *r, int fd, struct problem *problem)
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

/* What another process read is read once more, by the engine: a table that is not what it says is refused, and the
 * engine's threads are there as they are behind a load. */
static enum err take_table(struct host_self *h, const struct request *r, const int *fds, int nfds,
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

/* The forkserver first, if it is wanted: while there is no thread that it could lack. */
static enum err make_parts(struct host_self *h, const struct request *r, struct problem *problem)
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

static void on_load(struct host_self *h, struct request *r, const int *fds, int nfds)
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
        if (err == ERR_CLOSED) /* it died meanwhile, which is told in its place; the table is loaded all the same */
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
    host_emit_with(h, &e, own, TABLE_FDS);
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

static void emit_run(struct host_self *h, enum event_type type, const struct request *r)
{
    struct event e = {.type = type, .time = clock_now(), .run = {.run = h->run, .host_pid = getpid()}};
    e.run.stopped = h->stopped;
    if (r) {
        e.run.asked = r->asked;
        e.run.method = text_dup(r->method);
        e.run.at_fork = text_dup(r->at_fork);
        e.run.workers = r->workers;
        e.run.tasks = r->whole ? 1 : r->tasks > 0 ? r->tasks : (int64_t)r->codes.n;
        e.run.threads = h->engine ? engine_threads(h->engine) : 0;
    }
    host_emit(h, &e);
}

static enum err open_pool(struct host_self *h, const struct request *r, struct problem *problem)
{
    struct pool_options options = {.workers = (int)r->workers,
                                   .run = r->run,
                                   .engine = h->engine,
                                   .table = h->table,
                                   .forkserver = h->forkserver,
                                   .emit = host_emit,
                                   .ctx = h,
                                   .pending_max = INT64_MAX,
                                   .max_tasks = r->max_tasks,
                                   .task_timeout = r->task_timeout,
                                   .retries = (int)r->retries};
    struct epoll_event interest = {.events = EPOLLIN};
    enum at_fork at_fork = AT_FORK_NONE;

    if (!h->table)
        return problem_set(problem, ERR_USAGE, "there is no table to run over");
    if (r->at_fork && at_fork_from_name(r->at_fork, &at_fork))
        return problem_set(problem, ERR_USAGE, "\"%s\" is not none, reinit or warn", r->at_fork);
    enum err err = start_method_find(r->method ? r->method : "", &options.method, problem);
    if (err)
        return err;
    if ((err = engine_set_at_fork(h->engine, at_fork)))
        return problem_set(problem, err, "at-fork policy %s: %s", r->at_fork, err_text(err));
    if ((err = pool_new(&options, &h->pool, problem)))
        return err;
    if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, pool_fd(h->pool), &interest) != 0)
        return problem_errno(problem, "cannot watch the pool");
    return OK;
}

static enum err submit_all(struct host_self *h, const struct request *r, struct problem *problem)
{
    int64_t id;
    enum err err = r->whole ? pool_submit(h->pool, NULL, &id) : OK;
    for (size_t i = 0; i < r->codes.n && !err; i++)
        err = pool_submit(h->pool, r->codes.v[i], &id);
    h->more = r->more;
    h->asked = false;
    return !err ? OK : problem_set(problem, err, "not every task could be submitted: %s", err_text(err));
}

/* What cannot be gone on with. */
static void fail_run(struct host_self *h, const char *why)
{
    host_note(h, NOTE_ERROR, why);
    h->stopped = true;
    h->more = false;
    pool_terminate(h->pool);
}

static void end_run(struct host_self *h)
{
    if (h->pool) {
        pool_flush(h->pool);
        epoll_ctl(h->epoll, EPOLL_CTL_DEL, pool_fd(h->pool), NULL);
    }
    pool_free(h->pool);
    h->pool = NULL;
    emit_run(h, EVENT_RUN_ENDED, NULL);
}

/* --- a run that measures: one round, in one go ------------------------------------------------------------------- */

static void ask_for_more(struct host_self *h)
{
    h->asked = true;
    emit_run(h, EVENT_CODES_WANTED, NULL);
}

/* With all its codes: it goes on until it is done, or until something else is wanted. */
static void measure(struct host_self *h)
{
    struct problem problem = {""};
    enum at_fork at_fork = AT_FORK_NONE;
    struct measure_job job = {.request = &h->measured,
                              .codes = &h->measured.codes,
                              .engine = h->engine,
                              .table = h->table,
                              .forkserver = h->forkserver,
                              .control = h->control,
                              .emit = host_emit,
                              .ctx = h};
    enum err err = !h->table || !h->measured.method ? problem_set(&problem, ERR_USAGE, "there is nothing to measure")
                                                    : OK;
    if (!err && h->measured.at_fork && at_fork_from_name(h->measured.at_fork, &at_fork))
        err = problem_set(&problem, ERR_USAGE, "\"%s\" is not none, reinit or warn", h->measured.at_fork);
    if (!err && (err = engine_set_at_fork(h->engine, at_fork)))
        problem_set(&problem, err, "at-fork policy: %s", err_text(err));
    if (!err)
        err = measure_round(&job, &problem);
    if (err && err != ERR_AGAIN)
        host_note(h, NOTE_ERROR, problem.text);
    h->stopped = err != OK;
    h->measuring = false;
    request_done(&h->measured);
    emit_run(h, EVENT_RUN_ENDED, NULL);
}

static void begin_measuring(struct host_self *h, struct request *r)
{
    h->measured = *r;
    *r = (struct request){0};
    h->measuring = true;
    if (h->measured.more)
        ask_for_more(h);
    else
        measure(h);
}

static void add_measured_codes(struct host_self *h, struct request *r)
{
    enum err err = OK;
    for (size_t i = 0; i < r->codes.n && !err; i++)
        err = texts_add(&h->measured.codes, r->codes.v[i]);
    if (!err && r->more)
        ask_for_more(h);
    else if (!err)
        measure(h);
    else
        h->over = true; /* without memory there is nothing to be said about it */
}

static void on_run(struct host_self *h, struct request *r, const int *fds, int nfds)
{
    struct problem problem;
    (void)fds;
    (void)nfds;
    if (h->pool || h->measuring) {
        host_note(h, NOTE_ERROR, "a run is going on: stop it first");
        return;
    }
    h->run = r->run;
    h->stopped = h->more = false;
    emit_run(h, EVENT_RUN_STARTED, r);
    if (r->measure) {
        begin_measuring(h, r);
        return;
    }
    enum err err = open_pool(h, r, &problem);
    bool opened = !err;
    if (opened)
        err = submit_all(h, r, &problem);
    if (!err)
        return;
    if (opened) {
        fail_run(h, problem.text);
        return;
    }
    host_note(h, NOTE_ERROR, problem.text);
    h->stopped = true;
    end_run(h);
}

static void on_codes(struct host_self *h, struct request *r, const int *fds, int nfds)
{
    struct problem problem;
    (void)fds;
    (void)nfds;
    if (h->measuring && r->run == h->run)
        add_measured_codes(h, r);
    else if (h->pool && h->more && r->run == h->run && submit_all(h, r, &problem))
        fail_run(h, problem.text);
}

static void on_kill_worker(struct host_self *h, struct request *r, const int *fds, int nfds)
{
    (void)fds;
    (void)nfds;
    if (!h->pool || pool_kill_worker(h->pool, r->worker))
        host_note(h, NOTE_INFO, "there is no such worker any more");
}

static void on_cancel_task(struct host_self *h, struct request *r, const int *fds, int nfds)
{
    (void)fds;
    (void)nfds;
    enum err err = h->pool ? pool_cancel(h->pool, r->task, false) : ERR_NOT_FOUND;
    if (err == ERR_DENIED)
        host_note(h, NOTE_WARNING, "the task runs already and was not cancelled; kill its worker to end it");
    else if (err)
        host_note(h, NOTE_INFO, "the task has ended already and was not cancelled");
}

static void on_stop(struct host_self *h, struct request *r, const int *fds, int nfds)
{
    (void)r;
    (void)fds;
    (void)nfds;
    if (h->measuring) {
        h->measuring = false;
        h->stopped = true;
        request_done(&h->measured);
        emit_run(h, EVENT_RUN_ENDED, NULL);
    }
    if (!h->pool)
        return;
    h->stopped = true;
    h->more = false;
    pool_terminate(h->pool);
}

/* So many tasks that the workers never wait for the next ones, and no more. */
static void ask_for_codes(struct host_self *h)
{
    enum { ENOUGH = 16384 };
    if (!h->more || h->asked || pool_pending(h->pool) >= ENOUGH)
        return;
    h->asked = true;
    emit_run(h, EVENT_CODES_WANTED, NULL);
}

/* A run ends by itself when every task is settled; it is over when no worker is left. */
static void tend_pool(struct host_self *h)
{
    enum err err = pool_step(h->pool);
    if (err)
        fail_run(h, err_text(err));
    ask_for_codes(h);
    if (!h->more && pool_idle(h->pool))
        pool_shutdown(h->pool);
    if (!h->more && pool_idle(h->pool) && pool_ended(h->pool))
        end_run(h);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void (*const answers[REQUEST_TYPE_COUNT])(struct host_self *h, struct request *r, const int *fds, int nfds) = {
    [REQUEST_LOAD] = on_load,
    [REQUEST_TABLE] = on_load,
    [REQUEST_RUN] = on_run,
    [REQUEST_KILL_WORKER] = on_kill_worker,
    [REQUEST_STOP] = on_stop,
    [REQUEST_CODES] = on_codes,
    [REQUEST_CANCEL_TASK] = on_cancel_task,
};

static void take_request(struct host_self *h)
{
    struct buf b;
    struct request r;
    int fds[WIRE_FDS_MAX], nfds = 0;
    buf_init(&b, RECORD_MAX);
    enum err err = wire_recv(h->control, &b, fds, &nfds);
    if (!err && !(err = request_decode(b.data, b.len, &r))) {
        if (r.type >= 0 && r.type < REQUEST_TYPE_COUNT)
            answers[r.type](h, &r, fds, nfds);
        request_done(&r);
    }
    while (nfds > 0)
        close(fds[--nfds]);
    buf_done(&b);
    if (err && err != ERR_AGAIN)
        h->over = true;
}

static bool is_readable(const struct epoll_event *events, int n, int fd)
{
    for (int i = 0; i < n; i++) {
        if (events[i].data.fd == fd)
            return true;
    }
    return false;
}

static void host_serve(struct host_self *h)
{
    struct epoll_event events[4];
    while (!h->over) {
        int n = epoll_wait(h->epoll, events, 4, -1);
        if (n < 0 && errno != EINTR)
            return;
        if (is_readable(events, n, h->control))
            take_request(h);
        struct problem ended;
        if (h->pool)
            tend_pool(h);
        else if (h->forkserver && forkserver_tend(h->forkserver, &ended))
            host_note(h, NOTE_WARNING, ended.text);
    }
}

int host_process_main(int sock)
{
    struct host_self h = {.control = sock, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = sock};
    bool ok = h.epoll >= 0 && epoll_ctl(h.epoll, EPOLL_CTL_ADD, sock, &interest) == 0;
    if (ok)
        host_serve(&h);
    pool_free(h.pool);
    request_done(&h.measured);
    forkserver_free(h.forkserver);
    table_free(h.table);
    engine_free(h.engine);
    io_close(&h.epoll);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
