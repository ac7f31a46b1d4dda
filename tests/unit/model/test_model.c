/* SPDX-License-Identifier: MIT
 * The model: how events change it. */
#include <math.h> /* HUGE_VAL, NAN: nothing that needs libm */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/kit/model_events.h"

static struct model *fresh(void)
{
    struct model *m;
    assert_int_equal(model_new(&m), OK);
    return m;
}

static void the_verdict_of_a_hung_run_names_workers_cause_and_cure(void **state)
{
    (void)state;
    struct model *m = fresh();
    struct verdict v;
    feed_hung_run(m);
    assert_int_equal(model_outcome(m), OUTCOME_HUNG);
    assert_true(model_verdict(m, &v));
    assert_string_equal(v.title, "HUNG, proved");
    assert_string_equal(v.who, "workers 1 and 2 wait for threads that fork did not copy");
    assert_non_null(strstr(v.cure, "spawn"));
    assert_int_equal(m->workers[0].state, WORKER_HUNG);
    assert_int_equal(model_count_tasks(m, TASK_PENDING), 1);
    model_free(m);
}

static void one_hung_worker_is_named_in_the_singular(void **state)
{
    (void)state;
    struct model *m = fresh();
    struct verdict v;
    feed_run(m, 0, 1, "fork", 1, 2);
    feed_worker(m, 0, 1, 14072, 3, true);
    feed_proved(m, 0.2, 14072);
    assert_true(model_verdict(m, &v));
    assert_string_equal(v.who, "worker 1 waits for threads that fork did not copy");
    model_free(m);
}

static void the_verdict_counts_hung_workers_when_they_are_many(void **state)
{
    (void)state;
    struct model *m = fresh();
    struct verdict v;
    feed_run(m, 0, 1, "fork", 9, 2);
    for (int64_t i = 1; i <= 9; i++) {
        feed_worker(m, 0, i, 14071 + i, 3, true);
        feed_proved(m, 0.2, 14071 + i);
    }
    assert_true(model_verdict(m, &v));
    assert_non_null(strstr(v.who, "workers 1, 2, 3 and 6 more wait"));
    model_free(m);
}

static void the_verdict_names_the_workers_that_still_exist_in_order(void **state)
{
    (void)state;
    struct model *m = fresh();
    struct verdict v;
    feed_run(m, 0, 1, "fork", 3, 2);
    for (int64_t i = 3; i >= 1; i--)
        feed_worker(m, 0, 4 - i, 14075 - i, 3, true);
    feed_proved(m, 0.2, 14074);
    feed_proved(m, 0.2, 14072);
    feed_proved(m, 0.2, 14073);
    assert_true(model_verdict(m, &v));
    assert_string_equal(v.who, "workers 1, 2 and 3 wait for threads that fork did not copy");
    feed_exit(m, 0.3, 2, 9, true);
    assert_true(model_verdict(m, &v));
    assert_string_equal(v.who, "workers 1 and 3 wait for threads that fork did not copy");
    feed_exit(m, 0.3, 1, 9, true);
    feed_exit(m, 0.3, 3, 9, true);
    assert_true(model_verdict(m, &v));
    assert_string_equal(v.who, "workers 1, 2 and 3 wait for threads that fork did not copy");
    model_free(m);
}

static void a_finished_run_keeps_results_in_task_order(void **state)
{
    (void)state;
    struct model *m = fresh();
    feed_run(m, 0, 1, "spawn", 2, 4);
    feed_submit(m, 0, 1, "0001");
    feed_submit(m, 0, 2, "00002");
    feed_worker(m, 0.1, 1, 14072, 1, false);
    feed_ready(m, 0.2, 1);
    feed_start(m, 0.2, 1, 1);
    feed_end(m, 0.3, 1, 1, TASK_FINISHED, 1);
    assert_int_equal(m->workers[0].state, WORKER_IDLE);
    feed_start(m, 0.3, 2, 1);
    feed_end(m, 0.4, 2, 1, TASK_FINISHED, 0);
    feed_exit(m, 0.5, 1, 0, true);
    assert_int_equal(model_outcome(m), OUTCOME_RUNNING);
    feed_run_end(m, 0.5, false);
    assert_int_equal(model_outcome(m), OUTCOME_FINISHED);
    assert_int_equal(m->tasks[0].result.total, 1);
    assert_int_equal(m->tasks[1].rows, 0);
    assert_int_equal(m->workers[0].nspans, 2);
    assert_int_equal(m->workers[0].state, WORKER_EXITED);
    model_free(m);
}

static void a_killed_worker_loses_only_its_own_task(void **state)
{
    (void)state;
    struct model *m = fresh();
    feed_run(m, 0, 1, "spawn", 1, 4);
    feed_submit(m, 0, 1, "0001");
    feed_submit(m, 0, 2, "0005");
    feed_worker(m, 0.1, 1, 14072, 1, false);
    feed_start(m, 0.2, 1, 1);
    feed_exit(m, 0.3, 1, 9, false);
    feed_end(m, 0.3, 1, 1, TASK_LOST, -1);
    assert_int_equal(m->workers[0].state, WORKER_KILLED);
    assert_int_equal(m->tasks[0].state, TASK_LOST);
    assert_int_equal(m->tasks[1].state, TASK_PENDING);
    feed_worker(m, 0.4, 2, 14073, 1, false);
    feed_start(m, 0.5, 2, 2);
    feed_end(m, 0.6, 2, 2, TASK_FINISHED, 1);
    feed_run_end(m, 0.7, false);
    assert_int_equal(model_outcome(m), OUTCOME_FAILED);
    model_free(m);
}

/* One worker, which has the only task. */
static struct model *with_a_task_at_work(void)
{
    struct model *m = fresh();
    feed_run(m, 0, 1, "spawn", 1, 4);
    feed_submit(m, 0, 1, "0001");
    feed_worker(m, 0.1, 1, 14072, 1, false);
    feed_start(m, 0.2, 1, 1);
    return m;
}

static void a_dead_host_ends_the_run_and_loses_its_unsettled_tasks(void **state)
{
    (void)state;
    struct model *m = with_a_task_at_work();
    feed_host_exit(m, 0.3, 14065, 9);
    assert_true(m->host_died);
    assert_false(model_run_active(m));
    assert_int_equal(m->tasks[0].state, TASK_LOST);
    assert_int_equal(m->workers[0].state, WORKER_KILLED);
    assert_int_equal(model_outcome(m), OUTCOME_FAILED);
    model_free(m);
}

static void a_worker_is_busy_again_when_its_finding_ends(void **state)
{
    (void)state;
    struct model *m = with_a_task_at_work();
    feed_proved(m, 5, 14072);
    struct event e = {.type = EVENT_FINDING_ENDED, .time = 6, .end = {.pid = 14072, .rule = text_dup("no-waker")}};
    assert_int_equal(model_apply(m, &e), OK);
    assert_int_equal(m->nfindings, 0);
    assert_int_equal(m->workers[0].state, WORKER_BUSY);
    assert_int_equal(model_outcome(m), OUTCOME_RUNNING);
    model_free(m);
}

static void a_new_run_forgets_the_old_one_but_not_the_log(void **state)
{
    (void)state;
    struct model *m = fresh();
    feed_hung_run(m);
    size_t lines = m->nlog;
    feed_run(m, 0, 2, "spawn", 2, 4);
    assert_int_equal(m->ntasks, 0);
    assert_int_equal(m->nworkers, 0);
    assert_int_equal(m->nfindings, 0);
    assert_true(m->nlog > lines);
    assert_int_equal(m->rows, 5);
    model_free(m);
}

static void events_about_unknown_things_are_ignored(void **state)
{
    (void)state;
    struct model *m = fresh();
    feed_start(m, 0, 7, 3);
    feed_end(m, 0, 7, 3, TASK_FINISHED, 1);
    feed_exit(m, 0, 3, 9, false);
    feed_ready(m, 0, -1);
    feed_submit(m, 0, 99, "out of order");
    assert_int_equal(m->ntasks, 0);
    struct event e = {.type = 9999};
    assert_int_equal(model_apply(m, &e), OK);
    model_free(m);
}

/* Many tasks in one event. */
static struct event many_ended(int64_t run, int64_t first, int64_t n, int64_t total)
{
    struct event e = {.type = EVENT_TASKS,
                      .time = 1,
                      .tasks = {.run = run, .pending = total - first - n + 1, .finished = first + n - 1}};
    for (int64_t id = first; id < first + n; id++) {
        struct event_task t = {.task = id,
                               .code = id % 2 ? (char *)"odd" : NULL,
                               .worker = 1,
                               .seconds = 0.25,
                               .state = TASK_FINISHED,
                               .rows = 0};
        assert_int_equal(event_tasks_add(&e.tasks, &t), OK);
    }
    return e;
}

static void of_many_tasks_all_are_counted_and_some_recorded(void **state)
{
    enum { TOTAL = 200000, EACH = 500 };
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct model *m = fresh();
        struct event run = {.type = EVENT_RUN_STARTED, .run = {.run = 1, .workers = 1, .tasks = TOTAL}};
        if (all)
            model_keep_tasks(m);
        assert_int_equal(model_apply(m, &run), OK);
        assert_int_equal(model_count_tasks(m, TASK_PENDING), TOTAL);
        feed_worker(m, 0.1, 1, 14072, 1, false);
        feed_ready(m, 0.1, 1);
        feed_submit(m, 0.2, 1, "odd");
        feed_start(m, 0.2, 1, 1);
        assert_int_equal(model_count_tasks(m, TASK_RUNNING), 1);
        for (int64_t id = 1; id < TOTAL; id += EACH) {
            struct event e = many_ended(1, id, EACH, TOTAL);
            assert_int_equal(model_apply(m, &e), OK);
            assert_int_equal(model_settled_tasks(m), id + EACH - 1);
        }
        assert_int_equal(m->total, TOTAL);
        assert_int_equal(model_count_tasks(m, TASK_FINISHED), TOTAL);
        assert_true(all ? m->ntasks == TOTAL : m->ntasks <= MODEL_TASKS_MAX);
        assert_int_equal(m->workers[0].tasks_done, TOTAL);
        assert_true(m->workers[0].busy_seconds == TOTAL / 4.0);
        assert_int_equal(m->workers[0].state, WORKER_IDLE);
        const struct model_task *last = model_task(m, TOTAL);
        assert_non_null(last);
        assert_int_equal(last->state, TASK_FINISHED);
        for (size_t i = 0; i < m->ntasks; i++)
            assert_ptr_equal(model_task(m, m->tasks[i].id), &m->tasks[i]);
        feed_run_end(m, 2, false);
        assert_int_equal(model_outcome(m), OUTCOME_FINISHED);
        model_free(m);
    }
}

static void of_many_tasks_those_that_failed_are_recorded(void **state)
{
    enum { TOTAL = 50000 };
    (void)state;
    struct model *m = fresh();
    struct event run = {.type = EVENT_RUN_STARTED, .run = {.run = 1, .workers = 1, .tasks = TOTAL}};
    assert_int_equal(model_apply(m, &run), OK);
    for (int64_t id = 1; id <= TOTAL; id++) {
        struct event e = {
            .type = EVENT_TASKS,
            .tasks = {.pending = TOTAL - id, .finished = id - 1 - id / 1000, .failed = (id + 999) / 1000}};
        struct event_task t = {.task = id,
                               .state = id % 1000 == 7 ? TASK_FAILED : TASK_FINISHED,
                               .worker = 1,
                               .rows = -1,
                               .error = id % 1000 == 7 ? (char *)"sample.csv: it changed" : NULL};
        assert_int_equal(event_tasks_add(&e.tasks, &t), OK);
        assert_int_equal(model_apply(m, &e), OK);
    }
    for (int64_t id = 7; id <= TOTAL; id += 1000) {
        const struct model_task *t = model_task(m, id);
        assert_non_null(t);
        assert_string_equal(t->error, "sample.csv: it changed");
    }
    assert_true(m->ntasks <= MODEL_TASKS_MAX);
    model_free(m);
}

static void a_returned_task_is_pending_again(void **state)
{
    (void)state;
    struct model *m = with_a_task_at_work();
    struct event e = {.type = EVENT_TASK_RETURNED, .time = 0.3, .task = {.run = 1, .task = 1, .worker = 1}};
    assert_int_equal(model_apply(m, &e), OK);
    assert_int_equal(m->tasks[0].state, TASK_PENDING);
    assert_int_equal(model_count_tasks(m, TASK_PENDING), 1);
    assert_int_equal(model_count_tasks(m, TASK_RUNNING), 0);
    assert_int_equal(m->workers[0].task, 0);
    feed_worker(m, 0.4, 2, 14073, 1, false);
    feed_start(m, 0.5, 1, 2);
    feed_end(m, 0.6, 1, 2, TASK_FINISHED, 1);
    feed_run_end(m, 0.7, false);
    assert_int_equal(model_outcome(m), OUTCOME_FINISHED);
    model_free(m);
}

static void the_log_keeps_only_the_newest_lines(void **state)
{
    (void)state;
    struct model *m = fresh();
    for (int i = 0; i < MODEL_LOG_MAX + 10; i++) {
        struct event e;
        event_note(&e, NOTE_INFO, "line %d", i);
        assert_int_equal(model_apply(m, &e), OK);
    }
    assert_int_equal(m->nlog, MODEL_LOG_MAX);
    assert_int_equal(m->log_dropped, 10);
    assert_string_equal(m->log[0].text, "line 10");
    model_free(m);
}

static void a_load_has_a_fixed_size_however_long_the_run(void **state)
{
    struct load l = {0};
    (void)state;
    assert_true(load_rate(&l, 0, 1) == 0);
    for (int i = 0; i < 100000; i++) /* 1000 a second for 100 s */
        load_add(&l, i / 1000.0, (i + 1) / 1000.0, 1);
    double rate = load_rate(&l, 10, 90), all = load_rate(&l, 0, l.width * LOAD_BINS) * l.width * LOAD_BINS;
    assert_true(rate > 990 && rate < 1010);
    assert_true(all > 99990 && all < 100010);
    assert_true(load_rate(&l, 150, 200) == 0);
    load_add(&l, 0, 1e12, 1); /* far too long for a run */
    load_add(&l, 5, 4, 1);
    assert_true(load_rate(&l, -5, 0) == 0);
}

static void durations_give_quantiles(void **state)
{
    struct durations d = {0};
    (void)state;
    assert_true(durations_quantile(&d, 0.5) == 0);
    for (int i = 1; i <= 1000; i++)
        durations_add(&d, i * 1e-6);
    double half = durations_quantile(&d, 0.5), most = durations_quantile(&d, 0.95);
    assert_true(half >= 500e-6 && half < 620e-6);
    assert_true(most >= 950e-6 && most < 1200e-6);
    durations_add(&d, 0);
    durations_add(&d, -1);
    durations_add(&d, 1e30);
    assert_true(durations_quantile(&d, 1) > 1e4);
    durations_add(&d, HUGE_VAL);
    durations_add(&d, -HUGE_VAL);
    durations_add(&d, NAN);
    assert_int_equal(d.n, 1006);
    int64_t sum = 0;
    for (int i = 0; i < DURATION_CLASSES; i++)
        sum += d.v[i];
    assert_int_equal(sum, 1006);
}

static void a_task_is_slow_compared_with_those_that_finished(void **state)
{
    struct model *m;
    (void)state;
    assert_int_equal(model_new(&m), OK);
    feed_run(m, 0, 1, "spawn", 1, 4);
    feed_worker(m, 0.001, 1, 14072, 5, false);
    for (int i = 1; i <= 21; i++) {
        feed_submit(m, 0.002, i, "a");
        assert_true(model_slow_after(m) == 0);
    }
    for (int i = 1; i <= 20; i++) {
        feed_start(m, i, i, 1);
        feed_end(m, i + 0.5, i, 1, TASK_FINISHED, 1);
    }
    feed_start(m, 30, 21, 1);
    const struct model_worker *w = model_worker(m, 1);
    double after = model_slow_after(m);
    assert_true(after >= 0.1);
    assert_false(model_is_slow(m, w, 30 + after * 0.9));
    assert_true(model_is_slow(m, w, 30 + after * 1.1));
    assert_true(load_rate(&m->settled, 0, 21) > 0.9);
    feed_end(m, 40, 21, 1, TASK_FINISHED, 1);
    assert_false(model_is_slow(m, model_worker(m, 1), 50));
    model_free(m);
}

/* A thousand tasks in one event still show when their worker was busy. */
static void tasks_reported_together_count_as_busy_time_of_their_worker(void **state)
{
    struct model *m;
    (void)state;
    assert_int_equal(model_new(&m), OK);
    feed_run(m, 0, 1, "spawn", 1, 4);
    feed_worker(m, 0, 1, 14072, 5, false);
    for (int window = 1; window <= 20; window++) {
        struct event e = {.type = EVENT_TASKS, .time = window * 0.05, .tasks = {.run = 1, .finished = 1000 * window}};
        struct event_task ended = {.worker = 1, .state = TASK_FINISHED, .seconds = 25e-6};
        for (int i = 0; i < 1000; i++) {
            ended.task = (window - 1) * 1000 + i + 1;
            assert_int_equal(event_tasks_add(&e.tasks, &ended), OK);
        }
        assert_int_equal(model_apply(m, &e), OK);
    }
    double share = load_rate(&model_worker(m, 1)->busy, 0.1, 0.9), rate = load_rate(&m->settled, 0.1, 0.9);
    assert_true(share > 0.45 && share < 0.55);
    assert_true(rate > 19000 && rate < 21000);
    model_free(m);
}

/* The start of the last task was only counted, in an event about many. */
static void a_task_may_end_whose_start_was_only_counted(void **state)
{
    struct model *m;
    (void)state;
    assert_int_equal(model_new(&m), OK);
    struct event events[] = {
        {.type = EVENT_RUN_STARTED, .run = {.run = 1, .workers = 1, .tasks = 1}},
        {.type = EVENT_WORKER_STARTED, .worker = {.run = 1, .worker = 1, .pid = 10}},
        {.type = EVENT_TASK_SUBMITTED, .task = {.run = 1, .task = 1, .rows = -1}},
        {.type = EVENT_TASKS, .tasks = {.run = 1, .running = 1}},
        {.type = EVENT_TASK_ENDED, .task = {.run = 1, .task = 1, .worker = 1, .state = TASK_FINISHED}},
        {.type = EVENT_RUN_ENDED, .run = {.run = 1}},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        assert_int_equal(model_apply(m, &events[i]), OK);
    assert_int_equal(model_count_tasks(m, TASK_FINISHED), 1);
    assert_int_equal(model_outcome(m), OUTCOME_FINISHED);
    model_free(m);
}

/* The session has one clock, and its second run begins at 100. */
static void seconds_of_a_run_count_from_the_request(void **state)
{
    (void)state;
    struct model *m;
    assert_int_equal(model_new(&m), OK);
    feed_table(m, 0.001, "sample.csv", 5, 3);
    feed_run(m, 0.002, 1, "fork", 1, 4);
    feed_run_end(m, 0.5, true);
    feed_asked_run(m, 100, 100.25, 2, "spawn", 1, 4);
    feed_submit(m, 100.25, 1, "0001");
    feed_worker(m, 100.5, 1, 14072, 5, false);
    feed_start(m, 101, 1, 1);
    feed_end(m, 101.5, 1, 1, TASK_FINISHED, 1);
    feed_run_end(m, 102, false);
    assert_true(model_run_seconds(m, m->run_ended) == 2);
    assert_true(model_run_seconds(m, m->tasks[0].started) == 1);
    assert_true(load_rate(&m->settled, 0, 2) > 0.49);
    for (size_t i = 1; i < m->nlog; i++)
        assert_true(m->log[i].time >= m->log[i - 1].time);
    assert_true(m->log[m->nlog - 1].time == 102);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_of_a_run_count_from_the_request),
        cmocka_unit_test(a_load_has_a_fixed_size_however_long_the_run),
        cmocka_unit_test(durations_give_quantiles),
        cmocka_unit_test(a_task_is_slow_compared_with_those_that_finished),
        cmocka_unit_test(tasks_reported_together_count_as_busy_time_of_their_worker),
        cmocka_unit_test(the_verdict_of_a_hung_run_names_workers_cause_and_cure),
        cmocka_unit_test(one_hung_worker_is_named_in_the_singular),
        cmocka_unit_test(the_verdict_counts_hung_workers_when_they_are_many),
        cmocka_unit_test(the_verdict_names_the_workers_that_still_exist_in_order),
        cmocka_unit_test(a_finished_run_keeps_results_in_task_order),
        cmocka_unit_test(a_killed_worker_loses_only_its_own_task),
        cmocka_unit_test(a_dead_host_ends_the_run_and_loses_its_unsettled_tasks),
        cmocka_unit_test(a_worker_is_busy_again_when_its_finding_ends),
        cmocka_unit_test(a_new_run_forgets_the_old_one_but_not_the_log),
        cmocka_unit_test(events_about_unknown_things_are_ignored),
        cmocka_unit_test(of_many_tasks_all_are_counted_and_some_recorded),
        cmocka_unit_test(of_many_tasks_those_that_failed_are_recorded),
        cmocka_unit_test(a_returned_task_is_pending_again),
        cmocka_unit_test(the_log_keeps_only_the_newest_lines),
        cmocka_unit_test(a_task_may_end_whose_start_was_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
