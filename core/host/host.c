/* SPDX-License-Identifier: MIT
 * The host process: loads the table, owns the engine and the pool, and answers the observer's requests. One thread
 * waits in one place. The host has no signal handler, because a forked worker would inherit it and a signal could then
 * wake a worker that hangs. */
#include "core/host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/event/wire.h"
#include "core/host/measure.h"
#include "core/host/private.h"

/* --- runs --------------------------------------------------------------------------------------------------------- */

static enum err open_pool(struct host_process *h, const struct request *r, struct problem *problem)
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

static enum err submit_all(struct host_process *h, const struct request *r, struct problem *problem)
{
    int64_t id;
    enum err err = r->whole ? pool_submit(h->pool, NULL, &id) : OK;
    for (size_t i = 0; i < r->codes.n && !err; i++)
        err = pool_submit(h->pool, r->codes.v[i], &id);
    h->more = r->more;
    h->asked = false;
    return !err ? OK : problem_set(problem, err, "not every task could be submitted: %s", err_text(err));
}

/* Stops a run that cannot go on. */
static void fail_run(struct host_process *h, const char *why)
{
    host_note(h, NOTE_ERROR, why);
    h->stopped = true;
    h->more = false;
    pool_terminate(h->pool);
}

static void end_run(struct host_process *h)
{
    if (h->pool) {
        pool_flush(h->pool);
        epoll_ctl(h->epoll, EPOLL_CTL_DEL, pool_fd(h->pool), NULL);
    }
    pool_free(h->pool);
    h->pool = NULL;
    host_emit_run(h, EVENT_RUN_ENDED, NULL);
}

/* --- a run that measures ------------------------------------------------------------------------------------------ */

static void ask_for_more(struct host_process *h)
{
    h->asked = true;
    host_emit_run(h, EVENT_CODES_WANTED, NULL);
}

/* Blocks until the round is done, or until another request arrives. */
static void measure(struct host_process *h)
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
    host_emit_run(h, EVENT_RUN_ENDED, NULL);
}

static void begin_measuring(struct host_process *h, struct request *r)
{
    h->measured = *r;
    *r = (struct request){0};
    h->measuring = true;
    if (h->measured.more)
        ask_for_more(h);
    else
        measure(h);
}

static void add_measured_codes(struct host_process *h, struct request *r)
{
    enum err err = OK;
    for (size_t i = 0; i < r->codes.n && !err; i++)
        err = texts_add(&h->measured.codes, r->codes.v[i]);
    if (!err && r->more)
        ask_for_more(h);
    else if (!err)
        measure(h);
    else
        h->over = true; /* out of memory: not even an event can be sent */
}

static void on_run(struct host_process *h, struct request *r, const int *fds, int nfds)
{
    struct problem problem;
    (void)fds;
    (void)nfds;
    if (h->pool || h->measuring) {
        host_note(h, NOTE_ERROR, "a run is going on; stop it first");
        return;
    }
    h->run = r->run;
    h->stopped = h->more = false;
    host_emit_run(h, EVENT_RUN_STARTED, r);
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

static void on_codes(struct host_process *h, struct request *r, const int *fds, int nfds)
{
    struct problem problem;
    (void)fds;
    (void)nfds;
    if (h->measuring && r->run == h->run)
        add_measured_codes(h, r);
    else if (h->pool && h->more && r->run == h->run && submit_all(h, r, &problem))
        fail_run(h, problem.text);
}

static void on_kill_worker(struct host_process *h, struct request *r, const int *fds, int nfds)
{
    (void)fds;
    (void)nfds;
    if (!h->pool || pool_kill_worker(h->pool, r->worker))
        host_note(h, NOTE_INFO, "this worker has already ended");
}

static void on_cancel_task(struct host_process *h, struct request *r, const int *fds, int nfds)
{
    (void)fds;
    (void)nfds;
    enum err err = h->pool ? pool_cancel(h->pool, r->task, false) : ERR_NOT_FOUND;
    if (err == ERR_DENIED)
        host_note(h, NOTE_WARNING, "the task runs already and was not cancelled; kill its worker to end it");
    else if (err)
        host_note(h, NOTE_INFO, "the task has ended already and was not cancelled");
}

static void on_stop(struct host_process *h, struct request *r, const int *fds, int nfds)
{
    (void)r;
    (void)fds;
    (void)nfds;
    if (h->measuring) {
        h->measuring = false;
        h->stopped = true;
        request_done(&h->measured);
        host_emit_run(h, EVENT_RUN_ENDED, NULL);
    }
    if (!h->pool)
        return;
    h->stopped = true;
    h->more = false;
    pool_terminate(h->pool);
}

/* Keeps enough tasks pending that the workers never wait for the observer to send more. */
static void ask_for_codes(struct host_process *h)
{
    enum { ENOUGH = 16384 };
    if (!h->more || h->asked || pool_pending(h->pool) >= ENOUGH)
        return;
    h->asked = true;
    host_emit_run(h, EVENT_CODES_WANTED, NULL);
}

/* Shuts the pool down when every task is settled, and ends the run when no worker is left. */
static void tend_pool(struct host_process *h)
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

static void (*const answers[REQUEST_TYPE_COUNT])(struct host_process *h, struct request *r, const int *fds,
                                                 int nfds) = {
    [REQUEST_LOAD] = host_on_load,          [REQUEST_TABLE] = host_on_load, [REQUEST_RUN] = on_run,
    [REQUEST_KILL_WORKER] = on_kill_worker, [REQUEST_STOP] = on_stop,       [REQUEST_CODES] = on_codes,
    [REQUEST_CANCEL_TASK] = on_cancel_task,
};

static void take_request(struct host_process *h)
{
    struct buf b;
    struct request r;
    int fds[WIRE_FDS_MAX], nfds = 0;
    buf_init(&b, HOST_RECORD_MAX);
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

static void host_serve(struct host_process *h)
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
    struct host_process h = {.control = sock, .epoll = epoll_create1(EPOLL_CLOEXEC)};
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
