/* SPDX-License-Identifier: MIT
 * The worker: it claims a task, asks the engine, and answers with the rows. It is the same for every start method,
 * except that a forked worker uses the engine that it inherited and all others make their own. */
#include "core/pool/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/child/child.h"
#include "core/pool/pool.h"

/* A sleeping host is notified after this many answers, or when so much time has passed, or when the worker has nothing
 * more to do. */
enum { UNNOTIFIED_MAX = 64 };
static const double unnotified_seconds = 50e-6;

/* --- initializers: run before the first task ---------------------------------------------------------------------- */

static enum err do_nothing(void *arg, size_t i)
{
    (void)arg;
    (void)i;
    return OK;
}

static enum err init_threads(struct engine *e, const struct table *t)
{
    (void)t;
    return engine_each(e, (size_t)engine_threads(e), do_nothing, NULL);
}

static enum err init_scan(struct engine *e, const struct table *t)
{
    struct rows rows = {0};
    enum err err = engine_scan(e, t, &rows);
    rows_done(&rows);
    return err;
}

static const struct {
    const char *name;
    enum err (*run)(struct engine *e, const struct table *t);
} initializers[] = {
    {"threads", init_threads},
    {"scan", init_scan},
};
enum { INITIALIZERS = sizeof initializers / sizeof initializers[0] };

bool worker_has_initializer(const char *name)
{
    for (size_t i = 0; i < INITIALIZERS; i++) {
        if (strcmp(initializers[i].name, name) == 0)
            return true;
    }
    return false;
}

static enum err initialize(const char *name, struct engine *e, const struct table *t)
{
    for (size_t i = 0; i < INITIALIZERS && name; i++) {
        if (strcmp(initializers[i].name, name) == 0)
            return initializers[i].run(e, t);
    }
    return !name ? OK : ERR_NOT_FOUND;
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */

/* Sends a result that does not fit into the ring over the socket. The answer in the ring follows. */
static enum err send_large(int sock, struct ring_answer *a, const struct rows *rows)
{
    struct message m = {.type = MESSAGE_RESULT, .task = a->place};
    enum err err = OK;
    if (!(m.ranges.v = calloc(rows->n, 2 * sizeof *m.ranges.v)))
        return ERR_NOMEM;
    for (size_t i = 0; i < rows->n; i++) {
        m.ranges.v[m.ranges.n++] = (int64_t)rows->ranges[i].first;
        m.ranges.v[m.ranges.n++] = (int64_t)rows->ranges[i].count;
    }
    err = message_send(sock, &m, NULL, 0);
    free(m.ranges.v);
    a->by_socket = !err;
    return err;
}

static enum err answer_rows(int sock, struct ring_answer *a, const struct rows *rows)
{
    a->rows = (int64_t)rows->total;
    if (rows->n > RING_RANGES_MAX)
        return send_large(sock, a, rows);
    for (size_t i = 0; i < rows->n; i++) {
        a->ranges[2 * i] = (int64_t)rows->ranges[i].first;
        a->ranges[2 * i + 1] = (int64_t)rows->ranges[i].count;
    }
    a->len = (uint32_t)(2 * rows->n);
    return OK;
}

static void answer_failure(struct ring_answer *a, const struct problem *p)
{
    a->failed = true;
    a->len = (uint32_t)strlen(p->text);
    if (a->len > RING_TEXT_MAX)
        a->len = RING_TEXT_MAX;
    memcpy(a->text, p->text, a->len);
}

static enum err query(struct engine *e, const struct table *t, enum ring_kind kind, const char *code, size_t len,
                      struct rows *out)
{
    return kind == RING_FILTER ? engine_filter(e, t, code, len, out) : engine_scan(e, t, out);
}

/* Receives a code that is too long for the ring. Codes of tasks that were taken back may come before it. */
static enum err query_by_socket(int sock, struct engine *e, const struct table *t, const struct ring_task *task,
                                struct rows *out)
{
    struct message m = {0};
    enum err err;
    do {
        message_done(&m);
        err = message_recv(sock, &m, NULL);
        if (err)
            return err;
    } while (m.type != MESSAGE_TASK || m.task != task->place || !m.code);
    err = query(e, t, task->kind, m.code, strlen(m.code), out);
    message_done(&m);
    return err;
}

static enum err run_task(const struct worker_link *w, struct engine *e, const struct table *t,
                         const struct ring_task *task, struct ring_answer *a)
{
    struct rows rows = {0};
    struct problem p;
    enum err err;
    a->place = task->place;
    a->by_socket = a->failed = false;
    a->rows = a->len = 0;
    if (task->kind == RING_NOOP)
        return OK;
    if (task->by_socket)
        err = query_by_socket(w->sock, e, t, task, &rows);
    else
        err = query(e, t, task->kind, task->code, task->len, &rows);
    if (err)
        problem_set(&p, err, "%s: %s", table_path(t), err_text(err));
    else if ((err = answer_rows(w->sock, a, &rows)))
        child_problem(&p, err == ERR_TOO_BIG ? EMSGSIZE : errno, "a worker cannot send its result");
    rows_done(&rows);
    if (err == ERR_CLOSED)
        return err;
    if (err)
        answer_failure(a, &p);
    return OK;
}

static int serve(struct worker_link *w, struct engine *e, const struct table *t)
{
    struct ring_task task;
    struct ring_answer answer;
    double before = clock_now(), notified = before;
    int unnotified = 0;
    for (;;) {
        if (ring_next(&w->ring, w->bell, &task)) {
            before = notified = clock_now();
            unnotified = 0;
        }
        if (task.kind == RING_QUIT)
            return EXIT_SUCCESS;
        if (run_task(w, e, t, &task, &answer))
            return EXIT_SUCCESS; /* the host is gone */
        double now = clock_now();
        answer.seconds = now - before;
        before = now;
        ring_answer(&w->ring, w->bell, &answer);
        if (++unnotified >= UNNOTIFIED_MAX || now - notified > unnotified_seconds) {
            ring_notify_host(&w->ring, w->bell);
            notified = now;
            unnotified = 0;
        }
    }
}

int worker_report_startup_error(const struct worker_link *w, const char *why)
{
    struct message m = {.type = MESSAGE_READY, .error = (char *)why};
    if (message_send(w->sock, &m, NULL, 0))
        return EXIT_FAILURE + 1; /* the message could not be sent; the exit status has to do */
    return EXIT_FAILURE;
}

int worker_serve(struct worker_link *w, struct engine *e, const struct table *t)
{
    enum err err = initialize(w->initializer, e, t);
    if (err) {
        struct problem p;
        problem_set(&p, err, "initializer %s: %s: %s", w->initializer, table_path(t), err_text(err));
        return worker_report_startup_error(w, p.text);
    }
    ring_set_ready(&w->ring, w->bell);
    return serve(w, e, t);
}

int worker_serve_with_new_engine(struct worker_link *w, int threads, const struct table *t)
{
    struct engine *e;
    enum err err = engine_new(&(struct engine_options){.threads = threads}, &e);
    if (err)
        return worker_report_startup_error(w, err_text(err));
    int status = worker_serve(w, e, t);
    engine_free(e);
    return status;
}

/* --- the main function of a spawned worker ------------------------------------------------------------------------ */

static void close_all(int *fds, int n)
{
    for (int i = 0; i < n; i++)
        io_close(&fds[i]);
}

enum err worker_receive_table(int sock, enum message_type type, struct message *m, int fds[MESSAGE_FDS],
                              struct table **t, struct problem *problem)
{
    enum err err = message_recv(sock, m, fds);
    if (err)
        return problem_set(problem, err, "cannot receive the table: %s", err_text(err));
    if (m->type == type)
        return table_import(fds, t, problem);
    close_all(fds, MESSAGE_FDS);
    message_done(m);
    return problem_set(problem, ERR_CANCELLED, "the host asked for the end before it sent the table");
}

int worker_process_main(int sock)
{
    struct worker_link w = {.sock = sock};
    struct message setup = {0};
    struct table *t = NULL;
    struct problem problem;
    int fds[MESSAGE_FDS];
    int status;
    enum err err = worker_receive_table(sock, MESSAGE_SETUP, &setup, fds, &t, &problem);
    if (err == ERR_CANCELLED || err == ERR_CLOSED)
        return EXIT_SUCCESS;
    if (!err && (err = ring_open(fds[TABLE_FDS], &w.ring)))
        problem_set(&problem, err, "cannot map the memory shared with the host: %s", err_text(err));
    if (!err) {
        w.bell = fds[TABLE_FDS + 1];
        w.initializer = setup.code;
        io_close(&fds[TABLE_FDS]);
        status = worker_serve_with_new_engine(&w, (int)setup.threads, t);
    } else {
        status = worker_report_startup_error(&w, problem.text);
    }
    ring_close(&w.ring);
    table_free(t);
    message_done(&setup);
    return status;
}
