/* SPDX-License-Identifier: MIT
 * The worker: takes a task, asks the engine, sends the rows. It is the same for every start method; what it was born
 * with (an inherited engine or one of its own) is all that differs. */
#include "core/pool/pool_priv.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

static enum err add_ranges(struct message *result, const struct rows *rows)
{
    if (rows->n == 0)
        return OK;
    int64_t *v = calloc(rows->n, 2 * sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < rows->n; i++) {
        v[2 * i] = (int64_t)rows->ranges[i].first;
        v[2 * i + 1] = (int64_t)rows->ranges[i].count;
    }
    result->ranges = (struct ints){ .v = v, .n = 2 * rows->n };
    return OK;
}

static enum err worker_query(struct engine *e, const struct table *t, const struct message *task, struct rows *out)
{
    return task->code != NULL ? engine_filter(e, t, task->code, strlen(task->code), out) : engine_scan(e, t, out);
}

/* What went wrong, and where: the line that the user reads. */
static char *failure_text(const struct table *t, enum err err)
{
    struct problem p;
    problem_set(&p, err, "%s: %s", table_path(t), err_text(err));
    return text_dup(p.text);
}

static enum err worker_run_task(int sock, struct engine *e, const struct table *t, const struct message *task)
{
    struct message result = { .type = MESSAGE_RESULT, .task = task->task };
    struct rows rows = { 0 };
    double started = clock_now();

    enum err err = worker_query(e, t, task, &rows);
    result.seconds = clock_now() - started;
    result.rows = (int64_t)rows.total;
    if (err == OK)
        err = add_ranges(&result, &rows);
    rows_done(&rows);
    if (err != OK && (result.error = failure_text(t, err)) == NULL)
        return ERR_NOMEM; /* cannot even say so: our exit will */
    err = message_send(sock, &result, NULL, 0);
    message_done(&result);
    return err;
}

int worker_serve(int sock, struct engine *e, const struct table *t)
{
    struct message ready = { .type = MESSAGE_READY }, task;
    enum err err = message_send(sock, &ready, NULL, 0);
    while (err == OK) {
        err = message_recv(sock, &task, NULL);
        if (err != OK)
            break;
        bool quit = task.type != MESSAGE_TASK;
        if (!quit)
            err = worker_run_task(sock, e, t, &task);
        message_done(&task);
        if (quit)
            return EXIT_SUCCESS;
    }
    return err == ERR_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE; /* nobody there any more is no fault of ours */
}

static int unfit(int sock, const char *why)
{
    struct message m = { .type = MESSAGE_READY, .error = (char *)why };
    if (message_send(sock, &m, NULL, 0) != OK)
        return EXIT_FAILURE + 1; /* nobody hears it: the status is all that remains */
    return EXIT_FAILURE;
}

int worker_serve_alone(int sock, int threads, const struct table *t)
{
    struct engine *e;
    enum err err = engine_new(&(struct engine_options){ .threads = threads }, &e);
    if (err != OK)
        return unfit(sock, err_text(err));
    int status = worker_serve(sock, e, t);
    engine_free(e);
    return status;
}

enum err worker_receive_setup(int sock, struct table **t, int *threads, struct problem *problem)
{
    struct message m;
    int fds[MESSAGE_FDS];
    enum err err = message_recv(sock, &m, fds);
    if (err != OK)
        return problem_set(problem, err, "no table was sent: %s", err_text(err));
    if (m.type == MESSAGE_SETUP) {
        *threads = (int)m.threads;
        err = table_import(fds, t, problem);
    } else {
        for (int i = 0; i < MESSAGE_FDS; i++)
            io_close(&fds[i]);
        err = problem_set(problem, ERR_CANCELLED, "told to end before the table was sent");
    }
    message_done(&m);
    return err;
}

int worker_process_main(int sock)
{
    struct table *t = NULL;
    int threads = 0;
    struct problem problem;
    enum err err = worker_receive_setup(sock, &t, &threads, &problem);
    if (err == ERR_CANCELLED || err == ERR_CLOSED)
        return EXIT_SUCCESS;
    if (err != OK)
        return unfit(sock, problem.text);
    int status = worker_serve_alone(sock, threads, t);
    table_free(t);
    return status;
}
