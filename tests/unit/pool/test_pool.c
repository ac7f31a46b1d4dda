/* SPDX-License-Identifier: MIT
 * A pool with real processes: each start method gives the right rows, or hangs where it must; events come in order; no
 * process and no fd is left over. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

static void check_three(const struct story *s)
{
    static const struct {
        int64_t task, rows, first;
    } wanted[] = {{1, 1, 0}, {2, 0, -1}, {3, 1, 4}};
    for (size_t i = 0; i < 3; i++) {
        const struct event *e = story_task(s, EVENT_TASK_ENDED, wanted[i].task);
        assert_non_null(e);
        assert_int_equal(e->task.state, TASK_FINISHED);
        assert_null(e->task.error);
        assert_int_equal(e->task.rows, wanted[i].rows);
        assert_int_equal(e->task.ranges.n, 2 * wanted[i].rows);
        if (wanted[i].rows > 0) {
            assert_int_equal(e->task.ranges.v[0], wanted[i].first);
            assert_int_equal(e->task.ranges.v[1], 1);
        }
        assert_true(e->task.seconds >= 0 && e->task.worker > 0);
    }
}

static void end_without_failure(struct kit *k)
{
    kit_until(k, kit_is_idle);
    pool_shutdown(k->pool);
    kit_until(k, kit_is_ended);
    for (size_t i = 0; i < k->story.n; i++) {
        const struct event *e = &k->story.events[i];
        if (e->type == EVENT_WORKER_EXITED)
            assert_true(e->worker.expected && e->worker.code == 0 && e->worker.signal == 0);
    }
    assert_int_equal(story_count(&k->story, EVENT_WORKER_STARTED), story_count(&k->story, EVENT_WORKER_EXITED));
}

static const struct {
    const char *method;
    int threads;
    enum at_fork at_fork;
} healthy[] = {
    {"spawn", 2, AT_FORK_NONE},      {"spawn", 1, AT_FORK_NONE}, {"forkserver", 2, AT_FORK_NONE},
    {"forkserver", 1, AT_FORK_NONE}, {"fork", 1, AT_FORK_NONE},  {"fork", 3, AT_FORK_REINIT},
};

static void gives_the_rows_of_each_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
        struct kit k;
        int before = open_fds();
        kit_init(&k, NULL, healthy[i].threads, healthy[i].at_fork);
        kit_open(&k, healthy[i].method, 2);
        kit_submit_three(&k);
        end_without_failure(&k);
        check_three(&k.story);
        kit_done(&k);
        assert_int_equal(open_fds(), before);
    }
}

static size_t place(const struct story *s, const struct event *e)
{
    assert_non_null(e);
    return (size_t)(e - s->events);
}

static void emits_events_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
        struct kit k;
        kit_init(&k, NULL, healthy[i].threads, healthy[i].at_fork);
        kit_open(&k, healthy[i].method, 2);
        kit_submit_three(&k);
        end_without_failure(&k);
        const struct story *s = &k.story;
        for (size_t n = 1; n < s->n; n++)
            assert_true(s->events[n].time >= s->events[n - 1].time);
        for (int64_t task = 1; task <= 3; task++) {
            const struct event *started = story_task(s, EVENT_TASK_STARTED, task);
            assert_true(place(s, story_task(s, EVENT_TASK_SUBMITTED, task)) < place(s, started));
            assert_true(place(s, started) < place(s, story_task(s, EVENT_TASK_ENDED, task)));
            assert_true(place(s, story_worker(s, EVENT_WORKER_READY, started->task.worker)) < place(s, started));
        }
        for (int64_t id = 1; id <= story_count(s, EVENT_WORKER_STARTED); id++) {
            size_t started_at = place(s, story_worker(s, EVENT_WORKER_STARTED, id));
            assert_true(started_at < place(s, story_worker(s, EVENT_WORKER_READY, id)));
            assert_true(place(s, story_worker(s, EVENT_WORKER_READY, id)) <
                        place(s, story_worker(s, EVENT_WORKER_EXITED, id)));
            assert_true(id == 1 || place(s, story_worker(s, EVENT_WORKER_STARTED, id - 1)) < started_at);
        }
        kit_done(&k);
    }
}

static void reports_the_parent_of_a_worker(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
        struct kit k;
        const char *method = healthy[i].method;
        kit_init(&k, NULL, healthy[i].threads, healthy[i].at_fork);
        int threads = proc_threads(getpid());
        kit_open(&k, method, 1);
        kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        const struct event *e = story_worker(&k.story, EVENT_WORKER_STARTED, 1);
        assert_non_null(e);
        assert_int_equal(e->worker.forked_without_exec, strcmp(method, "spawn") != 0);
        assert_int_equal(e->worker.ppid, proc_parent((pid_t)e->worker.pid));
        if (strcmp(method, "forkserver") == 0)
            assert_int_equal(e->worker.parent_threads, 1);
        else
            assert_int_equal(e->worker.parent_threads, threads);
        assert_int_equal(e->worker.ppid == getpid(), strcmp(method, "forkserver") != 0);
        end_without_failure(&k);
        kit_done(&k);
    }
}

static bool has_a_result(struct kit *k)
{
    return story_count(&k->story, EVENT_TASK_ENDED) >= 1;
}

static void starts_workers_on_demand_and_reuses_them(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, NULL, 2, AT_FORK_NONE);
    kit_open(&k, "spawn", 4);
    kit_submit(&k, "0001");
    kit_until(&k, kit_is_idle);
    kit_submit(&k, "0002");
    kit_until(&k, kit_is_idle);
    assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 1);
    end_without_failure(&k);
    kit_done(&k);
    kit_init(&k, NULL, 2, AT_FORK_NONE);
    kit_open(&k, "spawn", 2);
    for (int i = 0; i < 10; i++)
        kit_submit(&k, "0001");
    kit_until(&k, has_a_result);
    end_without_failure(&k);
    assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 2);
    kit_done(&k);
}

static void returns_the_whole_table(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, NULL, 2, AT_FORK_NONE);
    kit_open(&k, "forkserver", 2);
    kit_submit(&k, NULL);
    end_without_failure(&k);
    const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 1);
    assert_null(e->task.code);
    assert_int_equal(e->task.rows, 5);
    assert_int_equal(e->task.ranges.n, 2);
    assert_int_equal(e->task.ranges.v[0], 0);
    assert_int_equal(e->task.ranges.v[1], 5);
    kit_done(&k);
}

static void runs_many_tasks_on_few_workers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof healthy / sizeof healthy[0]; i++) {
        struct kit k;
        kit_init(&k, NULL, healthy[i].threads, healthy[i].at_fork);
        kit_open(&k, healthy[i].method, 4);
        for (int n = 0; n < 200; n++) {
            char code[8];
            snprintf(code, sizeof code, "%04d", n % 10);
            assert_int_equal(kit_submit(&k, code), n + 1);
        }
        end_without_failure(&k);
        assert_int_equal(story_count(&k.story, EVENT_TASK_SUBMITTED), 200);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 200));
        for (int n = 0; n < 200; n++)
            assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, n + 1)->task.rows, n % 10 >= 1 && n % 10 <= 5);
        kit_done(&k);
    }
}

static void carries_a_large_result(void **state)
{
    (void)state;
    enum { RANGES = 100000 };
    struct buf csv;
    struct kit k;
    buf_init(&csv, 16 << 20);
    buf_add_text(&csv, "code,n\n");
    for (int i = 0; i < 2 * RANGES; i++)
        buf_addf(&csv, "%s,%d\n", i % 2 ? "odd" : "even", i);
    int before = open_fds();
    kit_init(&k, buf_text(&csv), 2, AT_FORK_NONE);
    kit_open(&k, "spawn", 1);
    kit_submit(&k, "odd");
    end_without_failure(&k);
    const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 1);
    assert_int_equal(e->task.rows, RANGES);
    assert_int_equal(e->task.ranges.n, 2 * RANGES);
    for (int i = 0; i < RANGES; i++)
        assert_true(e->task.ranges.v[2 * i] == 2 * i + 1 && e->task.ranges.v[2 * i + 1] == 1);
    kit_done(&k);
    assert_int_equal(open_fds(), before);
    buf_done(&csv);
}

/* --- the hang ----------------------------------------------------------------------------------------------------- */

static bool both_hang(struct kit *k)
{
    const struct event *a = story_worker(&k->story, EVENT_WORKER_STARTED, 1);
    const struct event *b = story_worker(&k->story, EVENT_WORKER_STARTED, 2);
    return story_count(&k->story, EVENT_TASK_STARTED) == 2 && proc_waits_for_good((pid_t)a->worker.pid) &&
           proc_waits_for_good((pid_t)b->worker.pid);
}

static void forked_workers_hang_if_the_host_has_engine_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct kit k;
        int before = open_fds();
        kit_init(&k, NULL, 2 + round % 3, round % 2 ? AT_FORK_NONE : AT_FORK_WARN);
        int threads = proc_threads(getpid());
        kit_open(&k, "fork", 2);
        kit_submit_three(&k);
        kit_until(&k, both_hang);
        const struct event *e = story_worker(&k.story, EVENT_WORKER_STARTED, 1);
        assert_int_equal(e->worker.parent_threads, threads);
        assert_int_equal(story_count(&k.story, EVENT_TASK_ENDED), 0);
        assert_false(pool_idle(k.pool));
        assert_int_equal(story_note(&k.story, "forking a process with") != NULL, round % 2 == 0);
        pool_terminate(k.pool);
        kit_until(&k, kit_is_ended);
        assert_true(pool_idle(k.pool));
        assert_true(story_ends_tell(&k.story, TASK_LOST, 2));
        assert_true(story_ends_tell(&k.story, TASK_CANCELLED, 1));
        e = story_worker(&k.story, EVENT_WORKER_EXITED, 1);
        assert_true(e->worker.expected && e->worker.signal == SIGKILL);
        kit_done(&k);
        assert_int_equal(open_fds(), before);
    }
}

static void frees_a_hung_pool_at_once(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, NULL, 2, AT_FORK_NONE);
    kit_open(&k, "fork", 2);
    kit_submit_three(&k);
    kit_until(&k, both_hang);
    pid_t pid = (pid_t)story_worker(&k.story, EVENT_WORKER_STARTED, 1)->worker.pid;
    pool_free(k.pool);
    k.pool = NULL;
    assert_true(proc_is_gone(pid));
    kit_done(&k);
}

static void frees_a_pool_at_any_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof healthy / sizeof healthy[0]; i++) {
        struct kit k;
        int before = open_fds();
        kit_init(&k, NULL, healthy[i / 2].threads, healthy[i / 2].at_fork);
        kit_open(&k, healthy[i / 2].method, 3);
        kit_submit_three(&k);
        if (i % 2)
            assert_int_equal(pool_step(k.pool), OK);
        kit_done(&k);
        assert_int_equal(open_fds(), before);
    }
}

static void shuts_down_at_any_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof healthy / sizeof healthy[0]; i++) {
        struct kit k;
        int64_t id;
        kit_init(&k, NULL, healthy[i / 2].threads, healthy[i / 2].at_fork);
        kit_open(&k, healthy[i / 2].method, 2);
        kit_submit_three(&k);
        if (i % 2)
            pool_terminate(k.pool);
        else
            pool_shutdown(k.pool);
        assert_int_equal(pool_submit(k.pool, "0001", &id), ERR_CLOSED);
        kit_until(&k, kit_is_ended);
        assert_true(pool_idle(k.pool));
        assert_int_equal(story_count(&k.story, EVENT_TASK_ENDED), 3);
        kit_done(&k);
    }
}

static void one_forkserver_serves_pool_after_pool(void **state)
{
    (void)state;
    struct kit k;
    struct problem problem;
    kit_init(&k, NULL, 2, AT_FORK_NONE);
    assert_int_equal(forkserver_new(&k.forkserver), OK);
    assert_false(forkserver_running(k.forkserver));
    assert_int_equal(forkserver_start(k.forkserver, &problem), OK);
    assert_int_equal(forkserver_preload(k.forkserver, k.table, 2), OK);
    int64_t parent = 0;
    for (int round = 0; round < 3; round++) {
        kit_open(&k, "forkserver", 2);
        kit_submit_three(&k);
        end_without_failure(&k);
        check_three(&k.story);
        const struct event *e = story_worker(&k.story, EVENT_WORKER_STARTED, 1);
        assert_true(parent == 0 || parent == e->worker.ppid);
        parent = e->worker.ppid;
        pool_free(k.pool);
        k.pool = NULL;
        story_done(&k.story);
        assert_false(forkserver_tend(k.forkserver, &problem));
    }
    kit_done(&k);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static void finds_start_methods_and_python_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *name, *method;
    } cases[] = {
        {"fork", "fork"},
        {"spawn", "spawn"},
        {"forkserver", "forkserver"},
        {"python3.7/macos", "fork"},
        {"python3.8/macos", "spawn"},
        {"python3.14/macos", "spawn"},
        {"python3.7/linux", "fork"},
        {"python3.13/linux", "fork"},
        {"python3.14/linux", "forkserver"},
        {"python3.15/linux", "forkserver"},
        {"python3.12/windows", "spawn"},
    };
    static const char *const wrong[] = {"",
                                        "Fork",
                                        "python3.14",
                                        "python3/linux",
                                        "python3.x/linux",
                                        "python3.14/beos",
                                        "python3.14/linux ",
                                        "python2.7/linux"};
    const struct start_method *m;
    struct problem problem;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(start_method_find(cases[i].name, &m, &problem), OK);
        assert_string_equal(start_method_name(m), cases[i].method);
        assert_true(strlen(start_method_inherits(m)) > 0);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(start_method_find(wrong[i], &m, &problem), ERR_NOT_FOUND);
        assert_non_null(strstr(problem.text, "forkserver"));
    }
    assert_int_equal(start_method_count(), 3);
    assert_string_equal(start_method_name(start_method_at(0)), "fork");
}

static void check_counts(void *ctx, struct event *e)
{
    struct event_tasks_at at = {0};
    struct event_task one;
    int64_t *ended = ctx;
    *ended += e->type == EVENT_TASK_ENDED;
    while (e->type == EVENT_TASKS && !event_tasks_next(&e->tasks, &at, &one))
        ++*ended;
    if (e->type == EVENT_TASKS)
        assert_int_equal(e->tasks.finished, *ended);
    event_done(e);
}

/* Goes on for a second, so that single events follow merged ones many times. */
static void counts_no_task_whose_end_was_not_emitted(void **state)
{
    (void)state;
    struct kit k;
    struct pool *p;
    struct problem problem;
    int64_t id, ended = 0, n = 0;
    kit_init(&k, NULL, 1, AT_FORK_NONE);
    struct pool_options o = {
        .workers = 2, .engine = k.engine, .table = k.table, .emit = check_counts, .ctx = &ended, .burst = 3};
    assert_int_equal(start_method_find("spawn", &o.method, &problem), OK);
    assert_int_equal(pool_new(&o, &p, &problem), OK);
    for (double end = clock_now() + 1; clock_now() < end; n++) {
        assert_int_equal(pool_submit(p, "0001", &id), OK);
        while (!pool_idle(p))
            assert_int_equal(pool_await(p, 1), OK);
    }
    pool_flush(p);
    assert_int_equal(ended, n);
    pool_free(p);
    kit_done(&k);
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_rows_of_each_code),
        cmocka_unit_test(emits_events_in_order),
        cmocka_unit_test(reports_the_parent_of_a_worker),
        cmocka_unit_test(starts_workers_on_demand_and_reuses_them),
        cmocka_unit_test(returns_the_whole_table),
        cmocka_unit_test(runs_many_tasks_on_few_workers),
        cmocka_unit_test(carries_a_large_result),
        cmocka_unit_test(forked_workers_hang_if_the_host_has_engine_threads),
        cmocka_unit_test(frees_a_hung_pool_at_once),
        cmocka_unit_test(frees_a_pool_at_any_moment),
        cmocka_unit_test(shuts_down_at_any_moment),
        cmocka_unit_test(one_forkserver_serves_pool_after_pool),
        cmocka_unit_test(finds_start_methods_and_python_defaults),
        cmocka_unit_test(counts_no_task_whose_end_was_not_emitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
