/* SPDX-License-Identifier: MIT
 * One round of measuring. A new pool does every code once, then codes and empty tasks for a fixed time; the memory of
 * its idle workers is read, and it is shut down. The engine alone does the same queries without a pool. */
#include "core/host/measure.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/clock.h"

enum { TRIPS_MAX = 2000, WORKERS_SEEN = 256 };

static const double slice = 0.1; /* seconds for each measurement that is repeated */

struct round {
    const struct measure_job *job;
    struct pool *pool;
    double began, first; /* clock_now(); 0: not yet */
    int64_t asked, settled, bad;
    bool quiet; /* events of tasks are not passed on */
    pid_t workers[WORKERS_SEEN];
    int nworkers;
    double looked; /* clock_now() when the control socket was last polled */
    double trips[TRIPS_MAX];
    struct problem *problem;
};

/* --- results ------------------------------------------------------------------------------------------------------ */

static void say_at(const struct round *r, enum measure what, double at, double value)
{
    struct event e = {.type = EVENT_MEASURED,
                      .time = clock_now(),
                      .measured = {.run = r->job->request->run, .what = what, .at = at, .value = value}};
    r->job->emit(r->job->ctx, &e);
}

static void say(const struct round *r, enum measure what, double value)
{
    say_at(r, what, 0, value);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A 99th percentile needs at least a hundred measurements. */
static void say_trips(struct round *r, enum measure median, enum measure p99, size_t n)
{
    if (n == 0)
        return;
    qsort(r->trips, n, sizeof *r->trips, by_size);
    say(r, median, r->trips[n / 2]);
    if (n >= 100)
        say(r, p99, r->trips[n * 99 / 100]);
}

static bool is_of_task(int64_t type)
{
    return type == EVENT_TASK_SUBMITTED || type == EVENT_TASK_STARTED || type == EVENT_TASK_ENDED ||
           type == EVENT_TASK_RETURNED || type == EVENT_TASKS;
}

static void on_event(void *ctx, struct event *e)
{
    struct round *r = ctx;
    if (e->type == EVENT_WORKER_STARTED && r->nworkers < WORKERS_SEEN)
        r->workers[r->nworkers++] = (pid_t)e->worker.pid;
    if (r->quiet && is_of_task(e->type))
        event_done(e);
    else
        r->job->emit(r->job->ctx, e);
}

static void on_settled(void *ctx, const struct pool_result *result)
{
    struct round *r = ctx;
    r->settled++;
    if (r->first == 0)
        r->first = clock_now();
    if (result->state != TASK_FINISHED && r->bad++ == 0)
        problem_set(r->problem, ERR_SYS, "task %s: %s", result->code ? result->code : "over the whole table",
                    result->error != NULL ? result->error : task_state_names[result->state]);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static bool is_unwanted(struct round *r)
{
    double now = clock_now();
    if (now < r->looked + 0.02)
        return false;
    r->looked = now;
    struct pollfd control = {.fd = r->job->control, .events = POLLIN};
    return poll(&control, 1, 0) != 0;
}

static enum err until_settled(struct round *r, int64_t n)
{
    while (r->settled < n) {
        enum err err = pool_await(r->pool, 0.05);
        if (err)
            return problem_set(r->problem, err, "the pool: %s", err_text(err));
        if (r->bad > 0)
            return ERR_SYS;
        if (r->settled < n && is_unwanted(r))
            return ERR_AGAIN;
    }
    return r->bad > 0 ? ERR_SYS : OK;
}

static enum err submit(struct round *r, enum pool_kind kind, const char *code)
{
    struct pool_task task = {.kind = kind, .code = code};
    int64_t id;
    enum err err = pool_submit_task(r->pool, &task, &id);
    r->asked += !err;
    return !err ? OK : problem_set(r->problem, err, "a task could not be submitted: %s", err_text(err));
}

/* The i-th code of the request, or the whole table if it has none. */
static enum err submit_code(struct round *r, size_t i)
{
    const struct texts *codes = r->job->codes;
    return codes->n == 0 ? submit(r, POOL_SCAN, NULL) : submit(r, POOL_FILTER, codes->v[i % codes->n]);
}

static enum err submit_noop(struct round *r, size_t i)
{
    (void)i;
    return submit(r, POOL_NOOP, NULL);
}

typedef enum err submit_fn(struct round *r, size_t i);

static size_t count_codes(const struct round *r)
{
    return r->job->codes->n > 0 ? r->job->codes->n : 1;
}

/* --- a pool ------------------------------------------------------------------------------------------------------- */

static enum err open_pool(struct round *r, const char *method, int workers)
{
    struct pool_options options = {.workers = workers,
                                   .run = r->job->request->run,
                                   .engine = r->job->engine,
                                   .table = r->job->table,
                                   .forkserver = r->job->forkserver,
                                   .emit = on_event,
                                   .on_task_ended = on_settled,
                                   .ctx = r,
                                   .pending_max = INT64_MAX};
    enum err err = start_method_find(method, &options.method, r->problem);
    r->first = 0;
    r->asked = r->settled = 0;
    r->nworkers = 0;
    r->began = clock_now();
    return !err ? pool_new(&options, &r->pool, r->problem) : err;
}

static enum err shut_down(struct round *r)
{
    pool_close(r->pool);
    while (!pool_ended(r->pool)) {
        enum err err = pool_await(r->pool, 0.05);
        if (err)
            return problem_set(r->problem, err, "the pool: %s", err_text(err));
        if (!pool_ended(r->pool) && is_unwanted(r))
            return ERR_AGAIN;
    }
    pool_free(r->pool);
    r->pool = NULL;
    return OK;
}

/* Starts the pool and does every code once. */
static enum err do_all(struct round *r)
{
    enum err err = open_pool(r, r->job->request->method, (int)r->job->request->workers);
    for (size_t i = 0; !err && i < count_codes(r); i++)
        err = submit_code(r, i);
    if (!err)
        err = until_settled(r, r->asked);
    if (err)
        return err;
    say(r, MEASURE_FIRST, r->first - r->began);
    say(r, MEASURE_TOTAL, clock_now() - r->began);
    return OK;
}

/* Submits `chunk` tasks at a time for one slice. */
static enum err do_rate(struct round *r, submit_fn *one, size_t chunk, enum measure what)
{
    int64_t before = r->settled;
    double from = clock_now(), now = from;
    enum err err = OK;
    while (!err && now < from + slice) {
        for (size_t i = 0; !err && i < chunk; i++)
            err = one(r, i);
        if (!err)
            err = until_settled(r, r->asked);
        now = clock_now();
    }
    if (!err)
        say(r, what, (double)(r->settled - before) / (now - from));
    return err;
}

static enum err do_trips(struct round *r, submit_fn *one, enum measure median, enum measure p99)
{
    double until = clock_now() + slice;
    size_t n = 0;
    enum err err = OK;
    while (!err && n < TRIPS_MAX && (n == 0 || clock_now() < until)) {
        double from = clock_now();
        err = one(r, n);
        if (!err)
            err = until_settled(r, r->asked);
        r->trips[n++] = clock_now() - from;
    }
    if (!err)
        say_trips(r, median, p99, n);
    return err;
}

/* The mean over the workers whose memory the kernel lets us read. */
static void say_memory(struct round *r)
{
    struct worker_memory sum = {0};
    int n = 0;
    for (int i = 0; i < r->nworkers; i++) {
        struct worker_memory one = measure_memory(r->workers[i]);
        if (one.pss < 0 || one.uss < 0 || one.fds < 0)
            continue;
        sum.pss += one.pss;
        sum.uss += one.uss;
        sum.fds += one.fds;
        n++;
    }
    if (n == 0)
        return;
    say(r, MEASURE_PSS, (double)sum.pss / n);
    say(r, MEASURE_USS, (double)sum.uss / n);
    say(r, MEASURE_FDS, (double)sum.fds / n);
}

static enum err measure_pool(struct round *r)
{
    enum { NOOPS = 20000 };
    enum err err = do_all(r);
    r->quiet = true;
    if (!err)
        err = do_rate(r, submit_code, count_codes(r), MEASURE_RATE);
    if (!err)
        err = do_trips(r, submit_code, MEASURE_TRIP, MEASURE_TRIP_P99);
    if (!err)
        err = do_rate(r, submit_noop, NOOPS, MEASURE_NOOP_RATE);
    if (!err)
        err = do_trips(r, submit_noop, MEASURE_NOOP_TRIP, MEASURE_NOOP_TRIP_P99);
    if (err)
        return err;
    say_memory(r);
    double from = clock_now();
    err = shut_down(r);
    if (!err)
        say(r, MEASURE_SHUTDOWN, clock_now() - from);
    return err;
}

/* --- the engine alone --------------------------------------------------------------------------------------------- */

static enum err query(struct round *r, struct engine *e, size_t i)
{
    struct rows rows = {0};
    const struct texts *codes = r->job->codes;
    const char *code = codes->n > 0 ? codes->v[i % codes->n] : NULL;
    enum err err = code ? engine_filter(e, r->job->table, code, strlen(code), &rows)
                        : engine_scan(e, r->job->table, &rows);
    rows_done(&rows);
    if (err)
        return problem_set(r->problem, err, "a query: %s", err_text(err));
    return is_unwanted(r) ? ERR_AGAIN : OK;
}

static enum err measure_engine(struct round *r, struct engine *e)
{
    size_t n = 0;
    double from = clock_now(), last = from;
    enum err err = OK;
    for (; !err && n < count_codes(r); n++) {
        err = query(r, e, n);
        last = clock_now();
        if (n == 0 && !err)
            say(r, MEASURE_FIRST, last - from);
    }
    if (err)
        return err;
    say(r, MEASURE_TOTAL, last - from);
    from = last;
    for (n = 0; !err && n < TRIPS_MAX && (n == 0 || last < from + slice); n++) {
        double before = last;
        err = query(r, e, n);
        last = clock_now();
        r->trips[n] = last - before;
    }
    if (err)
        return err;
    say(r, MEASURE_RATE, (double)n / (last - from));
    say_trips(r, MEASURE_TRIP, MEASURE_TRIP_P99, n);
    return OK;
}

static enum err measure_inline(struct round *r)
{
    struct engine *e;
    enum err err = engine_new(&(struct engine_options){.threads = 1}, &e);
    if (err)
        return problem_set(r->problem, err, "no engine: %s", err_text(err));
    err = measure_engine(r, e);
    engine_free(e);
    return err;
}

/* --- how the cost of a start method grows with the memory of its parent ------------------------------------------- */

/* The shortest of a few tries, which other processes disturbed least. */
static enum err measure_start(struct round *r, const char *method, enum measure what, double mib)
{
    enum { TIMES = 5 };
    double best = 0;
    enum err err = OK;
    for (int i = 0; i < TIMES && !err; i++) {
        err = open_pool(r, method, 1);
        if (!err)
            err = submit_noop(r, 0);
        if (!err)
            err = until_settled(r, 1);
        double took = r->first - r->began;
        best = i == 0 || took < best ? took : best;
        if (!err)
            err = shut_down(r);
    }
    if (!err)
        say_at(r, what, mib, best);
    return err;
}

/* The host gets private pages, each written to, as a program has that has created many objects. */
static enum err measure_growth(struct round *r)
{
    static const int sizes[] = {0, 64, 256, 1024};
    int64_t free_memory = measure_free_memory();
    enum err err = OK;
    r->quiet = true;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !err; i++) {
        size_t bytes = (size_t)sizes[i] << 20;
        if (i > 0 && (int64_t)bytes > free_memory / 4)
            break; /* leave the memory to other processes */
        void *ballast = NULL;
        if (bytes > 0)
            ballast = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (ballast == MAP_FAILED)
            break;
        if (ballast)
            memset(ballast, 1, bytes);
        err = measure_start(r, "fork", MEASURE_GROWN_FORK, sizes[i]);
        if (!err)
            err = measure_start(r, "spawn", MEASURE_GROWN_SPAWN, sizes[i]);
        if (ballast)
            munmap(ballast, bytes);
    }
    return err;
}

enum err measure_round(const struct measure_job *job, struct problem *problem)
{
    struct round *r = calloc(1, sizeof *r);
    if (!r)
        return problem_set(problem, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    *r = (struct round){.job = job, .problem = problem};
    const char *method = job->request->method;
    enum err err;
    if (strcmp(method, "engine") == 0)
        err = measure_engine(r, job->engine);
    else if (strcmp(method, "inline") == 0)
        err = measure_inline(r);
    else if (strcmp(method, "growth") == 0)
        err = measure_growth(r);
    else
        err = measure_pool(r);
    pool_free(r->pool);
    free(r);
    return err;
}
