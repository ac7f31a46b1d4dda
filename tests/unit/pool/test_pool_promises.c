/* SPDX-License-Identifier: MIT
 * What a pool promises, tested with real workers of each start method: codes of any length, cancelling, shutting down,
 * and a queue whose memory is bounded. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

/* --- codes -------------------------------------------------------------------------------------------------------- */

static void check_one_row(const struct story *s, int64_t task, const char *code, size_t row)
{
    const struct event *e = story_task(s, EVENT_TASK_ENDED, task);
    assert_non_null(e);
    assert_int_equal(e->task.state, TASK_FINISHED);
    assert_string_equal(e->task.code, code);
    assert_int_equal(e->task.rows, 1);
    assert_int_equal(e->task.ranges.v[0], row);
}

/* Some lengths just fill a cell or the ring's limit; longer codes go over the socket. */
static void a_code_may_have_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 23, 24, 25, 51, 52, 53, 1023, 1024, 1025, 5000, 100000};
    enum { LENGTHS = sizeof lengths / sizeof lengths[0], ROUNDS = 40 };
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
        kit_open_on(&k, kit_methods[m], 2, buf_text(&csv), (struct pool_options){0});
        for (size_t i = 0; i < ROUNDS * LENGTHS; i++)
            kit_submit(&k, codes[i % LENGTHS]);
        kit_until(&k, kit_is_idle);
        for (size_t i = 0; i < ROUNDS * LENGTHS; i++)
            check_one_row(&k.story, (int64_t)i + 1, codes[i % LENGTHS], i % LENGTHS);
        kit_end(&k);
    }
    for (size_t i = 0; i < LENGTHS; i++)
        free(codes[i]);
    buf_done(&csv);
}

/* The first task is sent before its worker exists, whatever its size. The pool has a single worker. */
static void the_first_code_may_be_long_or_have_any_bytes(void **state)
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
        kit_open_on(&k, kit_methods[i % KIT_METHODS], 1, buf_text(&csv), (struct pool_options){0});
        kit_submit(&k, codes[i / KIT_METHODS]);
        kit_until(&k, kit_is_idle);
        check_one_row(&k.story, 1, codes[i / KIT_METHODS], i / KIT_METHODS);
        assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 1);
        kit_end(&k);
    }
    buf_done(&csv);
    free(big);
}

/* --- cancelling and ending ---------------------------------------------------------------------------------------- */

static void cancels_a_pending_task_and_a_running_one_only_by_killing_its_worker(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_held(&k, kit_methods[m], (struct pool_options){.retries = 5});
        assert_int_equal(pool_cancel(k.pool, 1, true), ERR_NOT_FOUND);
        assert_int_equal(pool_cancel(k.pool, 3, false), OK);
        assert_int_equal(pool_cancel(k.pool, 3, false), ERR_NOT_FOUND);
        assert_int_equal(pool_cancel(k.pool, 2, false), ERR_DENIED);
        assert_int_equal(pool_cancel(k.pool, 2, true), OK);
        kit_until(&k, kit_is_idle);
        for (int64_t task = 2; task <= 4; task++) {
            const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, task);
            assert_int_equal(e->task.state, task == 4 ? TASK_FINISHED : TASK_CANCELLED);
        }
        assert_true(proc_is_gone(kit_worker_pid(&k, 1)));
        assert_int_equal(story_count(&k.story, EVENT_TASK_RETURNED), 0); /* a cancelled task is not tried again */
        kit_end(&k);
    }
}

static void a_closed_pool_finishes_its_tasks_and_accepts_no_more(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        int64_t id;
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){0});
        for (int i = 0; i < 100; i++)
            kit_submit(&k, "0001");
        pool_close(k.pool);
        assert_int_equal(pool_submit(k.pool, "0001", &id), ERR_CLOSED);
        kit_until(&k, kit_is_ended);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 100));
        kit_done(&k);
    }
}

static void a_pool_that_is_shut_down_finishes_running_tasks_and_cancels_pending_ones(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_held(&k, kit_methods[m], (struct pool_options){0});
        pool_shutdown(k.pool);
        assert_int_equal(pool_step(k.pool), OK);
        assert_true(proc_is_stopped(kit_worker_pid(&k, 1))); /* not killed */
        kill(kit_worker_pid(&k, 1), SIGCONT);
        kit_until(&k, kit_is_ended);
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
        kit_until(&k, kit_is_ended);
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

static void a_million_tasks_need_bounded_memory(void **state)
{
    enum { TASKS = 1000000 };
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        struct pool *p;
        struct problem problem;
        int64_t id, done = 0, refused = 0;
        kit_init(&k, NULL, 1, AT_FORK_NONE);
        struct pool_options o = {
            .workers = 2, .engine = k.engine, .table = k.table, .on_task_ended = count, .ctx = &done};
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

static void refuses_a_task_when_the_queue_is_full(void **state)
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

static void refuses_invalid_options_with_a_message(void **state)
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
        cmocka_unit_test(a_code_may_have_any_length),
        cmocka_unit_test(the_first_code_may_be_long_or_have_any_bytes),
        cmocka_unit_test(cancels_a_pending_task_and_a_running_one_only_by_killing_its_worker),
        cmocka_unit_test(a_closed_pool_finishes_its_tasks_and_accepts_no_more),
        cmocka_unit_test(a_pool_that_is_shut_down_finishes_running_tasks_and_cancels_pending_ones),
        cmocka_unit_test(a_terminated_pool_ends_at_once),
        cmocka_unit_test(a_million_tasks_need_bounded_memory),
        cmocka_unit_test(refuses_a_task_when_the_queue_is_full),
        cmocka_unit_test(refuses_invalid_options_with_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
