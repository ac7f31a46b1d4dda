/* SPDX-License-Identifier: MIT
 * Applies events to a model, for tests. */
#include "tests/kit/model_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void apply(struct model *m, struct event e)
{
    assert_int_equal(model_apply(m, &e), OK);
}

void feed_table(struct model *m, double t, const char *path, int64_t rows, int64_t columns)
{
    apply(m, (struct event){.type = EVENT_TABLE_LOADED,
                            .time = t,
                            .table = {.path = text_dup(path),
                                      .rows = rows,
                                      .columns = columns,
                                      .key = text_dup("code"),
                                      .threads = 4,
                                      .seconds = 0.0004}});
}

void feed_run(struct model *m, double t, int64_t run, const char *method, int64_t workers, int64_t threads)
{
    feed_asked_run(m, 0, t, run, method, workers, threads);
}

void feed_asked_run(struct model *m, double asked, double t, int64_t run, const char *method, int64_t workers,
                    int64_t threads)
{
    apply(m, (struct event){.type = EVENT_RUN_STARTED,
                            .time = t,
                            .run = {.run = run,
                                    .asked = asked,
                                    .method = text_dup(method),
                                    .workers = workers,
                                    .threads = threads,
                                    .at_fork = text_dup("none"),
                                    .host_pid = 14065}});
}

void feed_submit(struct model *m, double t, int64_t task, const char *code)
{
    apply(m, (struct event){.type = EVENT_TASK_SUBMITTED, .time = t, .task = {.task = task, .code = text_dup(code)}});
}

void feed_worker(struct model *m, double t, int64_t worker, int64_t pid, int64_t parent_threads, bool forked)
{
    apply(m, (struct event){.type = EVENT_WORKER_STARTED,
                            .time = t,
                            .worker = {.worker = worker,
                                       .pid = pid,
                                       .ppid = 14065,
                                       .parent_threads = parent_threads,
                                       .forked_without_exec = forked}});
}

void feed_ready(struct model *m, double t, int64_t worker)
{
    apply(m, (struct event){.type = EVENT_WORKER_READY, .time = t, .worker.worker = worker});
}

void feed_start(struct model *m, double t, int64_t task, int64_t worker)
{
    apply(m, (struct event){.type = EVENT_TASK_STARTED, .time = t, .task = {.task = task, .worker = worker}});
}

void feed_end(struct model *m, double t, int64_t task, int64_t worker, enum task_state state, int64_t rows)
{
    struct event e = {.type = EVENT_TASK_ENDED,
                      .time = t,
                      .task = {.task = task, .worker = worker, .state = state, .rows = rows, .seconds = 0.0004}};
    if (rows > 0) {
        assert_int_equal(ints_add(&e.task.ranges, 0), OK);
        assert_int_equal(ints_add(&e.task.ranges, rows), OK);
    }
    if (state == TASK_LOST)
        e.task.error = text_dup("worker 1 (pid 14072) was killed by signal 9 while it ran this task");
    apply(m, e);
}

void feed_exit(struct model *m, double t, int64_t worker, int64_t signal, bool expected)
{
    apply(m,
          (struct event){.type = EVENT_WORKER_EXITED,
                         .time = t,
                         .worker = {.worker = worker, .pid = 14071 + worker, .signal = signal, .expected = expected}});
}

void feed_run_end(struct model *m, double t, bool stopped)
{
    apply(m, (struct event){.type = EVENT_RUN_ENDED, .time = t, .run = {.run = m->run, .stopped = stopped}});
}

void feed_proved(struct model *m, double t, int64_t pid)
{
    struct event e = {.type = EVENT_FINDING,
                      .time = t,
                      .finding = {.rule = text_dup("no-waker"),
                                  .certainty = CERTAINTY_PROVED,
                                  .pid = pid,
                                  .tid = pid,
                                  .after_seconds = t,
                                  .cause = text_dup("lost-threads"),
                                  .summary = text_dup("one thread, in a private futex without a timeout; nobody can "
                                                      "wake it"),
                                  .fix = text_dup("start the workers with spawn or forkserver")}};
    static const char *const frames[] = {"latch_wait", "engine_each", "engine_filter", "worker_main"};
    assert_int_equal(texts_add(&e.finding.evidence, "forked from 14065 when it had 5 threads; this child has 1"), OK);
    assert_int_equal(texts_add(&e.finding.evidence, "only thread: futex 0x7f3a000c8, private, no timeout"), OK);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        assert_int_equal(texts_add(&e.finding.stack, frames[i]), OK);
    apply(m, e);
}

void feed_host_exit(struct model *m, double t, int64_t pid, int64_t signal)
{
    apply(m, (struct event){.type = EVENT_HOST_EXITED, .time = t, .host = {.pid = pid, .signal = signal}});
}

void feed_hung_run(struct model *m)
{
    feed_table(m, 0.001, "sample.csv", 5, 3);
    feed_run(m, 0.002, 1, "fork", 2, 4);
    feed_submit(m, 0.003, 1, "0001");
    feed_submit(m, 0.003, 2, "00002");
    feed_submit(m, 0.003, 3, "0005");
    feed_worker(m, 0.004, 1, 14072, 5, true);
    feed_worker(m, 0.005, 2, 14073, 5, true);
    feed_ready(m, 0.006, 1);
    feed_ready(m, 0.006, 2);
    feed_start(m, 0.007, 1, 1);
    feed_start(m, 0.007, 2, 2);
    feed_proved(m, 0.3, 14072);
    feed_proved(m, 0.31, 14073);
}
