/* SPDX-License-Identifier: MIT
 * Runs of our own: starting and ending the host process, and the runs in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/observer/private.h"

/* Seconds that a host may take to end a run that it was asked to stop, before it is killed. */
static const double stop_patience = 2.0;

static void unwatch(struct observer *o)
{
    struct event e;
    if (sampler_watch(o->sampler, 0, false, 0)) {
        /* cannot fail: watching nothing needs no memory */
    }
    while (!queue_take(o->queue, &e))
        event_done(&e); /* of a run that has ended */
}

static void end_run(struct observer *o)
{
    o->stopping = false;
    observer_look_at(o, 0);
    unwatch(o);
}

static void run_stop(struct observer *o)
{
    struct request r = {.type = REQUEST_STOP};
    if (!model_run_active(o->model) || o->stopping || !o->host)
        return;
    o->stopping = true;
    observer_look_at(o, clock_now() + stop_patience);
    if (host_send(o->host, &r, -1)) {
        /* the host is gone, which host_receive reports */
    }
}

/* A pool that hangs is stopped when nothing in it can continue: no worker starts or works, and no worker is left for
 * the pending tasks. Until then results still come, and evidence about other workers is still collected. */
static bool stuck_for_good(const struct model *m)
{
    size_t hung = 0;
    if (m->nfindings == 0)
        return false;
    for (size_t i = 0; i < m->nworkers; i++) {
        enum worker_state s = m->workers[i].state;
        if (s == WORKER_STARTING || s == WORKER_BUSY || s == WORKER_SLOW)
            return false;
        hung += s == WORKER_HUNG;
    }
    return hung > 0 && (model_count_tasks(m, TASK_PENDING) == 0 || (int64_t)hung >= m->workers_wanted);
}

/* Tells the sampler what only the events say about a worker: how many threads its parent had when it was forked, and
 * that a task waits for it. */
static void hint(struct observer *o, const struct model_worker *w)
{
    if (w)
        sampler_hint(o->sampler, (pid_t)w->pid, w->forked_without_exec ? w->parent_threads : -1, w->task != 0);
}

/* Adds the next codes to the request, as many as the host takes at a time. */
static enum err take_codes(struct observer *o, struct request *r)
{
    enum { CHUNK = 8192 };
    enum err err = OK;
    for (int n = 0; n < CHUNK && o->codes_sent < o->codes.len && !err; n++) {
        const char *code = o->codes.data + o->codes_sent;
        err = texts_add(&r->codes, code);
        o->codes_sent += strlen(code) + 1;
    }
    r->more = o->codes_sent < o->codes.len;
    return err;
}

static enum err run_send_codes(struct observer *o, int64_t run)
{
    struct request r = {.type = REQUEST_CODES, .run = run};
    if (run != o->codes_of || !o->host)
        return OK; /* the run has ended */
    enum err err = take_codes(o, &r);
    if (!err && host_send(o->host, &r, -1)) {
        /* the host is gone, which host_receive reports */
    }
    request_done(&r);
    return err;
}

static enum err send_run(struct observer *o)
{
    o->codes_of = o->wanted.run;
    enum err err = take_codes(o, &o->wanted);
    if (!err)
        err = host_send(o->host, &o->wanted, -1);
    texts_done(&o->wanted.codes);
    request_done(&o->sent);
    o->sent = o->wanted;
    o->wanted = (struct request){0};
    return err == ERR_CLOSED ? OK : err; /* the host is gone, which host_receive reports */
}

enum err run_fail_table(struct observer *o, const char *text, bool internal)
{
    struct event failed = {.type = EVENT_TABLE_FAILED,
                           .time = clock_now() - o->epoch,
                           .table = {.path = text_dup(o->options.path),
                                     .rows = -1,
                                     .columns = -1,
                                     .error = text_dup(text),
                                     .internal = internal}};
    return observer_apply(o, &failed);
}

static void drop_host(struct observer *o)
{
    if (!o->host)
        return;
    observer_unwatch_fd(o, host_fd(o->host));
    host_free(o->host);
    o->host = NULL;
    request_done(&o->sent);
}

/* Starts a host for the wanted run, and logs why it cannot be started. */
static enum err start_host(struct observer *o)
{
    struct problem problem;
    enum err err = run_start_host(o, &problem);
    if (err)
        observer_say(o, NOTE_ERROR, problem.text);
    return err;
}

static enum err on_host_gone(struct observer *o)
{
    drop_host(o);
    end_run(o);
    if (!o->table && !o->model->table_error)
        return run_fail_table(o, "the host process died while it loaded the table", true);
    return o->wanted.run > 0 && o->table ? start_host(o) : OK;
}

static enum err on_loaded(struct observer *o)
{
    if (!o->table)
        o->table = host_take_table(o->host);
    return o->wanted.run > 0 ? send_run(o) : OK;
}

/* clock_now() when the current run was asked for. */
static double asked_at(const struct observer *o)
{
    return o->epoch + o->model->run_asked;
}

static enum err follow(struct observer *o, enum event_type type, const struct model_worker *w)
{
    switch (type) {
    case EVENT_TABLE_LOADED: return on_loaded(o);
    case EVENT_TABLE_FAILED: drop_host(o); break; /* a host loads one table, and cannot run without it */
    case EVENT_RUN_STARTED: return sampler_watch(o->sampler, host_pid(o->host), false, asked_at(o));
    case EVENT_WORKER_STARTED: hint(o, o->model->nworkers ? &o->model->workers[o->model->nworkers - 1] : NULL); break;
    case EVENT_TASK_STARTED:
    case EVENT_TASK_RETURNED:
    case EVENT_TASK_ENDED: hint(o, w); break;
    case EVENT_TASKS:
        for (size_t i = 0; i < o->model->nworkers; i++)
            if (o->model->workers[i].ended < 0)
                hint(o, &o->model->workers[i]);
        break;
    case EVENT_RUN_ENDED: end_run(o); return o->wanted.run > 0 && host_has_table(o->host) ? send_run(o) : OK;
    case EVENT_HOST_EXITED: return on_host_gone(o);
    default: break;
    }
    return OK;
}

static enum err run_react(struct observer *o, enum event_type type, const struct model_worker *w)
{
    enum err err = follow(o, type, w);
    if (o->options.on_hang == ON_HANG_KILL && stuck_for_good(o->model))
        run_stop(o);
    return err;
}

/* Times in an event from the host are those of clock_now(). */
static void to_session(const struct observer *o, struct event *e)
{
    e->time -= o->epoch;
    if (e->type == EVENT_RUN_STARTED)
        e->run.asked -= o->epoch;
}

static enum err run_step(struct observer *o, int *budget, bool *changed)
{
    struct event e;
    enum err err = source_step(o, changed);
    while (o->host && *budget > 0 && !err) {
        err = host_receive(o->host, &e);
        if (err == ERR_AGAIN || err == ERR_CLOSED)
            return OK;
        if (err)
            return err;
        to_session(o, &e);
        err = observer_handle(o, &e);
        *changed = true;
        --*budget;
    }
    return err;
}

/* Kills a host that did not end its run when asked; its pool ends with it. */
static enum err kill_host(struct observer *o)
{
    struct event gone = {
        .type = EVENT_HOST_EXITED, .time = clock_now() - o->epoch, .host = {.pid = host_pid(o->host), .signal = 9}};
    observer_say(o, NOTE_ERROR, "the host did not stop the run in time; it was killed");
    return observer_handle(o, &gone);
}

static enum err run_look(struct observer *o, double now, bool *changed)
{
    (void)now;
    if (!o->host || !o->stopping)
        return OK;
    *changed = true;
    return kill_host(o);
}

static enum err load_request(const struct observer *o, struct request *r)
{
    *r = (struct request){.type = o->table ? REQUEST_TABLE : REQUEST_LOAD,
                          .threads = o->threads,
                          .forkserver = o->options.forkserver,
                          .path = text_dup(o->options.path),
                          .key = text_dup(o->options.key)};
    enum err err = r->path ? OK : ERR_NOMEM;
    for (size_t i = 0; i < o->options.ndtypes && !err; i++)
        err = texts_add(&r->dtypes, o->options.dtypes[i]);
    return err;
}

static enum err send_table(struct observer *o, const struct request *load)
{
    int fds[TABLE_FDS];
    if (!o->table)
        return host_send(o->host, load, table_input_fd(&o->input));
    table_fds(o->table, fds);
    return host_send_fds(o->host, load, fds, TABLE_FDS);
}

enum err run_start_host(struct observer *o, struct problem *problem)
{
    struct request load = {0};
    enum err err = host_start(&o->host, problem);
    if (err)
        return err;
    struct event started = {.type = EVENT_HOST_STARTED, .time = clock_now() - o->epoch, .host.pid = host_pid(o->host)};
    err = observer_apply(o, &started);
    if (!err)
        err = observer_watch_fd(o, host_fd(o->host));
    if (!err)
        err = load_request(o, &load);
    if (!err)
        err = send_table(o, &load);
    if (err == ERR_CLOSED)
        err = OK; /* the host is gone, which host_receive reports */
    if (err)
        problem_set(problem, err, "cannot send the table to the host process: %s", err_text(err));
    request_done(&load);
    return err;
}

static enum err run_before(struct observer *o, struct event *e, bool *dropped)
{
    *dropped = e->type == EVENT_CODES_WANTED || e->type == EVENT_MEASURED;
    if (e->type == EVENT_MEASURED && o->options.on_measured)
        o->options.on_measured(o->options.ctx, &e->measured);
    if (e->type == EVENT_CODES_WANTED)
        return run_send_codes(o, e->run.run);
    return *dropped ? OK : run_add_missing(o, (enum event_type)e->type);
}

static void run_done(struct observer *o)
{
    host_free(o->host);
    request_done(&o->wanted);
    request_done(&o->sent);
    buf_done(&o->codes);
    table_input_close(&o->input);
    table_free(o->table);
}

static const struct observed run_kind = {
    .step = run_step, .before = run_before, .after = run_react, .look = run_look, .stop = run_stop, .done = run_done};

enum err observer_new(const struct observer_options *options, struct observer **out, struct problem *problem)
{
    return observer_open(options, &run_kind, out, problem);
}

static enum err run_request(const struct run_settings *s, int64_t run, struct request *r)
{
    *r = (struct request){.type = REQUEST_RUN,
                          .run = run,
                          .asked = clock_now(),
                          .workers = s->workers,
                          .method = text_dup(s->method),
                          .at_fork = text_dup(s->at_fork),
                          .whole = s->ncodes == 0,
                          .tasks = (int64_t)s->ncodes,
                          .max_tasks = s->max_tasks,
                          .task_timeout = s->task_timeout,
                          .retries = s->retries,
                          .measure = s->measure};
    enum err err = r->method && r->at_fork ? OK : ERR_NOMEM;
    if (err)
        request_done(r);
    return err;
}

enum err observer_run(struct observer *o, const struct run_settings *settings)
{
    request_done(&o->wanted);
    enum err err = run_request(settings, ++o->runs, &o->wanted);
    buf_clear(&o->codes);
    o->codes_sent = 0;
    o->codes_of = 0;
    if (settings->packed) {
        buf_done(&o->codes);
        o->codes = *settings->packed;
        buf_init(settings->packed, settings->packed->max);
    }
    for (size_t i = 0; i < settings->ncodes && !settings->packed && !err; i++)
        err = buf_add(&o->codes, settings->codes[i], strlen(settings->codes[i]) + 1);
    if (err)
        return err;
    if (!o->table && table_input_fd(&o->input) < 0) {
        o->threads = settings->threads;
        return OK; /* the run starts when there is a table */
    }
    if (!o->host || settings->threads != o->threads) { /* another number of engine threads needs another host */
        if (model_run_active(o->model))
            end_run(o);
        drop_host(o);
        o->threads = settings->threads;
        return start_host(o); /* the run starts when this host has the table */
    }
    if (model_run_active(o->model)) {
        run_stop(o);
        return OK; /* the run starts when the one before it has ended */
    }
    return host_has_table(o->host) ? send_run(o) : OK; /* else it starts when the host has the table */
}

/* Reports a table that was set as the host reports one that it has loaded. */
static enum err tell_table(struct observer *o, const struct table *t)
{
    const struct column *key = table_column(t, table_key(t));
    struct event loaded = {.type = EVENT_TABLE_LOADED,
                           .time = clock_now() - o->epoch,
                           .table = {.path = text_dup(o->options.path),
                                     .rows = (int64_t)table_rows(t),
                                     .columns = (int64_t)table_columns(t),
                                     .key = strndup(key->name, key->name_len),
                                     .threads = o->threads,
                                     .seconds = clock_now() - o->epoch}};
    return observer_apply(o, &loaded);
}

enum err observer_set_table(struct observer *o, const struct table *t)
{
    int fds[TABLE_FDS], own[TABLE_FDS];
    struct table *copy;
    struct problem problem;
    table_fds(t, fds);
    enum err err = io_dup_all(fds, TABLE_FDS, own);
    if (!err)
        err = table_import(own, &copy, &problem);
    if (err)
        return err;
    if (model_run_active(o->model))
        end_run(o);
    drop_host(o);
    table_free(o->table);
    o->table = copy;
    err = tell_table(o, t);
    return !err && o->wanted.run > 0 ? start_host(o) : err;
}

enum err observer_refuse_table(struct observer *o, const char *why)
{
    return run_fail_table(o, why, false);
}

const struct table *observer_table(const struct observer *o)
{
    return o->table;
}

enum err observer_kill_worker(struct observer *o, int64_t worker)
{
    struct request r = {.type = REQUEST_KILL_WORKER, .worker = worker};
    return o->host ? host_send(o->host, &r, -1) : ERR_GONE;
}

enum err observer_cancel_task(struct observer *o, int64_t task)
{
    struct request r = {.type = REQUEST_CANCEL_TASK, .task = task};
    return o->host ? host_send(o->host, &r, -1) : ERR_GONE;
}
