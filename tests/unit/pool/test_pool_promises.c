/* SPDX-License-Identifier: MIT
 * What concurrent.futures promises, kept by real workers of each start method: results, waits, cancelling, shutting
 * down, and a queue that does not grow without bound. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

/* --- results ------------------------------------------------------------------------------------------------------ */

static void a_result_is_taken_once(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool_result r;
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){.keep = true});
        kit_submit_three(&k);
        assert_int_equal(pool_take(k.pool, 3, -1, &r), OK);
        assert_int_equal(r.task, 3);
        assert_string_equal(r.code, "0005");
        assert_int_equal(r.state, TASK_FINISHED);
        assert_true(r.rows == 1 && r.ranges.n == 2 && r.ranges.v[0] == 4 && r.worker > 0);
        pool_result_done(&r);
        assert_int_equal(pool_take(k.pool, 3, -1, &r), ERR_NOT_FOUND);
        assert_int_equal(pool_take(k.pool, 99, -1, &r), ERR_NOT_FOUND);
        assert_int_equal(pool_take(k.pool, 2, KIT_PATIENCE, &r), OK);
        assert_int_equal(r.rows, 0);
        pool_result_done(&r);
        kit_end(&k); /* the result of 1 goes with the pool */
    }
}

static void results_come_as_they_are_completed(void **state)
{
    enum { TASKS = 500 };
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool_result r;
        bool seen[TASKS + 1] = {false};
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){.keep = true});
        for (int i = 0; i < TASKS; i++)
            kit_submit(&k, i % 2 ? "0001" : "0009");
        for (int i = 0; i < TASKS; i++) {
            assert_int_equal(pool_next(k.pool, KIT_PATIENCE, &r), OK);
            assert_false(seen[r.task]);
            assert_int_equal(r.rows, (r.task - 1) % 2);
            seen[r.task] = true;
            pool_result_done(&r);
        }
        assert_int_equal(pool_next(k.pool, -1, &r), ERR_NOT_FOUND);
        kit_end(&k);
    }
}

static void a_map_keeps_the_order_and_runs_only_so_far_ahead(void **state)
{
    enum { TASKS = 1000, AHEAD = 16 };
    (void)state;
    static const char *codes[TASKS];
    for (int i = 0; i < TASKS; i++)
        codes[i] = i % 3 ? "0002" : "nobody";
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool_map map = {0};
        struct pool_result r;
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){.keep = true});
        for (size_t i = 0; i < TASKS; i++) {
            assert_int_equal(pool_map_next(k.pool, &map, codes, TASKS, AHEAD, KIT_PATIENCE, &r), OK);
            assert_string_equal(r.code, codes[i]);
            assert_int_equal(r.rows, i % 3 != 0);
            assert_true(map.submitted.n - i <= AHEAD);
            pool_result_done(&r);
        }
        assert_int_equal(pool_map_next(k.pool, &map, codes, TASKS, AHEAD, -1, &r), ERR_NOT_FOUND);
        pool_map_done(&map);
        kit_end(&k);
    }
}

static void waits_for_the_first_the_first_bad_one_or_all(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        size_t settled;
        const int64_t all[] = {2, 3, 4}, first[] = {1, 2};
        kit_open_held(&k, kit_methods[m], (struct pool_options){.keep = true});
        assert_int_equal(pool_wait(k.pool, first, 2, POOL_FIRST_COMPLETED, -1, &settled), OK);
        assert_int_equal(settled, 1);
        assert_int_equal(pool_wait(k.pool, all, 3, POOL_FIRST_EXCEPTION, 0.01, &settled), ERR_AGAIN);
        assert_int_equal(settled, 0);
        kill(kit_worker_pid(&k, 1), SIGKILL);
        assert_int_equal(pool_wait(k.pool, all, 3, POOL_FIRST_EXCEPTION, KIT_PATIENCE, &settled), OK);
        assert_true(settled >= 1);
        assert_int_equal(pool_wait(k.pool, all, 3, POOL_ALL_COMPLETED, KIT_PATIENCE, &settled), OK);
        assert_int_equal(settled, 3);
        kit_end(&k);
    }
}

static void a_result_that_does_not_come_is_waited_for_so_long(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool_result r;
        kit_open_held(&k, kit_methods[m], (struct pool_options){.keep = true});
        double from = clock_now();
        assert_int_equal(pool_take(k.pool, 2, 0.05, &r), ERR_AGAIN);
        assert_true(clock_now() - from >= 0.05);
        kill(kit_worker_pid(&k, 1), SIGCONT);
        assert_int_equal(pool_take(k.pool, 2, KIT_PATIENCE, &r), OK);
        assert_int_equal(r.rows, KIT_BIG_EACH);
        pool_result_done(&r);
        kit_end(&k);
    }
}

/* Longer than what travels in the ring, by little and by far; and as long as it takes for its last cell to be full. */
static void a_code_may_have_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 23, 24, 25, 51, 52, 53, 1023, 1024, 1025, 5000, 100000};
    enum { LENGTHS = sizeof lengths / sizeof lengths[0] };
    struct buf csv;
    buf_init(&csv, 1 << 20);
    buf_add_text(&csv, "code,n\n");
    char *codes[LENGTHS];
    for (size_t i = 0; i < LENGTHS; i++) {
        assert_non_null(codes[i] = malloc(lengths[i] + 1));
        memset(codes[i], 'a' + (int)i, lengths[i]);
        codes[i][lengths[i]] = '\0';
        buf_addf(&csv, "%s,%zu\n", lengths[i] > 0 ? codes[i] : "\"\"", i);
    }
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool_result r;
        kit_open_on(&k, kit_methods[m], 2, buf_text(&csv), (struct pool_options){.keep = true});
        for (int round = 0; round < 40; round++) {
            for (size_t i = 0; i < LENGTHS; i++)
                kit_submit(&k, codes[i]);
        }
        while (!pool_next(k.pool, KIT_PATIENCE, &r)) {
            size_t i = (size_t)(r.task - 1) % LENGTHS;
            assert_string_equal(r.code, codes[i]);
            assert_int_equal(r.rows, 1);
            assert_int_equal(r.ranges.v[0], i);
            pool_result_done(&r);
        }
        kit_end(&k);
    }
    for (size_t i = 0; i < LENGTHS; i++)
        free(codes[i]);
    buf_done(&csv);
}

/* The first task is sent before its worker exists, whatever its size. Only one worker is there to try. */
static void the_first_code_may_be_long_or_strange(void **state)
{
    enum { LONG = 1 << 20 };
    (void)state;
    char *big = malloc(LONG + 1);
    assert_non_null(big);
    memset(big, 'a', LONG);
    big[LONG] = '\0';
    const char *const codes[] = {big, big + LONG - 1025, big + LONG - 2000, "two\nlines", "\xff\xfe\x80"};
    enum { CODES = sizeof codes / sizeof codes[0] };
    struct buf csv;
    buf_init(&csv, 4 << 20);
    buf_add_text(&csv, "code,n\n");
    for (size_t i = 0; i < CODES; i++)
        buf_addf(&csv, "\"%s\",%zu\n", codes[i], i);
    for (size_t i = 0; i < CODES * KIT_METHODS; i++) {
        struct kit k;
        struct pool_result r;
        kit_open_on(&k, kit_methods[i % KIT_METHODS], 1, buf_text(&csv), (struct pool_options){.keep = true});
        kit_submit(&k, codes[i / KIT_METHODS]);
        assert_int_equal(pool_next(k.pool, KIT_PATIENCE, &r), OK);
        assert_int_equal(r.state, TASK_FINISHED);
        assert_string_equal(r.code, codes[i / KIT_METHODS]);
        assert_int_equal(r.rows, 1);
        assert_int_equal(r.ranges.v[0], i / KIT_METHODS);
        pool_result_done(&r);
        assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 1);
        kit_end(&k);
    }
    buf_done(&csv);
    free(big);
}

/* --- cancelling and ending ---------------------------------------------------------------------------------------- */

static void what_is_pending_can_be_cancelled_what_runs_only_by_killing(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool_result r;
        kit_open_held(&k, kit_methods[m], (struct pool_options){.keep = true, .retries = 5});
        assert_int_equal(pool_cancel(k.pool, 1, true), ERR_NOT_FOUND);
        assert_int_equal(pool_cancel(k.pool, 3, false), OK);
        assert_int_equal(pool_cancel(k.pool, 3, false), ERR_NOT_FOUND);
        assert_int_equal(pool_cancel(k.pool, 2, false), ERR_DENIED);
        assert_int_equal(pool_cancel(k.pool, 2, true), OK);
        for (int64_t task = 2; task <= 4; task++) {
            assert_int_equal(pool_take(k.pool, task, KIT_PATIENCE, &r), OK);
            assert_int_equal(r.state, task == 4 ? TASK_FINISHED : TASK_CANCELLED);
            pool_result_done(&r);
        }
        assert_true(proc_is_gone(kit_worker_pid(&k, 1)));
        assert_int_equal(story_count(&k.story, EVENT_TASK_RETURNED), 0); /* asked for: no other try */
        kit_end(&k);
    }
}

static void a_closed_pool_does_what_it_has_and_takes_no_more(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        int64_t id;
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){.keep = true});
        for (int i = 0; i < 100; i++)
            kit_submit(&k, "0001");
        pool_close(k.pool);
        assert_int_equal(pool_submit(k.pool, "0001", &id), ERR_CLOSED);
        assert_int_equal(pool_join(k.pool, KIT_PATIENCE), OK);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 100));
        kit_done(&k);
    }
}

static void a_shut_down_pool_ends_what_runs_and_cancels_the_rest(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_held(&k, kit_methods[m], (struct pool_options){0});
        pool_shutdown(k.pool);
        assert_int_equal(pool_join(k.pool, 0.02), ERR_AGAIN); /* it is not killed */
        kill(kit_worker_pid(&k, 1), SIGCONT);
        assert_int_equal(pool_join(k.pool, KIT_PATIENCE), OK);
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 2)->task.state, TASK_FINISHED);
        assert_true(story_ends_tell(&k.story, TASK_CANCELLED, 2));
        assert_true(story_worker(&k.story, EVENT_WORKER_EXITED, 1)->worker.expected);
        kit_done(&k);
    }
}

static void a_terminated_pool_ends_at_once(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_held(&k, kit_methods[m], (struct pool_options){.retries = 3});
        pool_terminate(k.pool);
        assert_int_equal(pool_join(k.pool, KIT_PATIENCE), OK);
        assert_true(pool_idle(k.pool));
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 2)->task.state, TASK_LOST);
        assert_true(story_ends_tell(&k.story, TASK_CANCELLED, 2));
        kit_done(&k);
    }
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

static long own_memory_kib(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void count(void *ctx, const struct pool_result *r)
{
    assert_int_equal(r->state, TASK_FINISHED);
    ++*(int64_t *)ctx;
}

static void a_million_tasks_wait_in_bounded_memory(void **state)
{
    enum { TASKS = 1000000 };
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool *p;
        struct problem problem;
        int64_t id, done = 0, refused = 0;
        kit_init(&k, NULL, 1, AT_FORK_NONE);
        struct pool_options o = {.workers = 2, .engine = k.engine, .table = k.table, .settled = count, .ctx = &done};
        assert_int_equal(forkserver_new(&k.forkserver), OK);
        o.forkserver = k.forkserver;
        assert_int_equal(start_method_find(kit_methods[m], &o.method, &problem), OK);
        assert_int_equal(pool_new(&o, &p, &problem), OK);
        long before = own_memory_kib();
        for (int i = 0; i < TASKS; i++) {
            enum err err;
            while ((err = pool_submit_task(p, &(struct pool_task){.kind = POOL_NOOP}, &id)) == ERR_AGAIN) {
                refused++;
                assert_int_equal(pool_await(p, 1), OK);
            }
            assert_int_equal(err, OK);
            assert_true(pool_pending(p) <= POOL_PENDING_MAX + 2 * 256);
        }
        while (!pool_idle(p))
            assert_int_equal(pool_await(p, 1), OK);
        assert_int_equal(done, TASKS);
        assert_true(own_memory_kib() - before < 32 * 1024);
        pool_free(p);
        kit_done(&k);
    }
}

static void a_full_queue_says_so(void **state)
{
    (void)state;
    struct kit k;
    int64_t id;
    kit_open_held(&k, "spawn", (struct pool_options){.pending_max = 5});
    for (int i = 0; i < 3; i++)
        kit_submit(&k, "0001");
    assert_int_equal(pool_submit(k.pool, "0001", &id), ERR_AGAIN);
    assert_int_equal(pool_pending(k.pool), 5);
    kill(kit_worker_pid(&k, 1), SIGCONT);
    kit_until(&k, kit_is_idle);
    assert_int_equal(kit_submit(&k, "0001"), 8);
    kit_end(&k);
}

static void options_that_cannot_be_are_refused_with_words(void **state)
{
    (void)state;
    struct kit k;
    struct pool *p;
    struct problem problem;
    kit_init(&k, NULL, 1, AT_FORK_NONE);
    struct pool_options o = {.workers = 1, .engine = k.engine, .table = k.table, .initializer = "magic"};
    assert_int_equal(start_method_find("fork", &o.method, &problem), OK);
    assert_int_equal(pool_new(&o, &p, &problem), ERR_USAGE);
    assert_non_null(strstr(problem.text, "magic"));
    o.initializer = NULL;
    o.workers = 10000;
    assert_int_equal(pool_new(&o, &p, &problem), ERR_USAGE);
    assert_non_null(strstr(problem.text, "1 to 4096 workers"));
    o.workers = 1;
    o.retries = 1000;
    assert_int_equal(pool_new(&o, &p, &problem), ERR_USAGE);
    kit_done(&k);
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_taken_once),
        cmocka_unit_test(results_come_as_they_are_completed),
        cmocka_unit_test(a_map_keeps_the_order_and_runs_only_so_far_ahead),
        cmocka_unit_test(waits_for_the_first_the_first_bad_one_or_all),
        cmocka_unit_test(a_result_that_does_not_come_is_waited_for_so_long),
        cmocka_unit_test(a_code_may_have_any_length),
        cmocka_unit_test(the_first_code_may_be_long_or_strange),
        cmocka_unit_test(what_is_pending_can_be_cancelled_what_runs_only_by_killing),
        cmocka_unit_test(a_closed_pool_does_what_it_has_and_takes_no_more),
        cmocka_unit_test(a_shut_down_pool_ends_what_runs_and_cancels_the_rest),
        cmocka_unit_test(a_terminated_pool_ends_at_once),
        cmocka_unit_test(a_million_tasks_wait_in_bounded_memory),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(options_that_cannot_be_are_refused_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
