/* SPDX-License-Identifier: MIT
 * What concurrent.futures promises, kept by real workers of each start method: results, waits, cancelling, shutting
 * down, initializers, recycling, time limits, another try after a death, and a queue that does not grow without bound. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/pool/host.h"
#include "tests/test_pool_kit.h"

static const char *const methods[] = { "spawn", "forkserver", "fork" }; /* fork has an inline engine, to go on */
enum { METHODS = 3 };

static void open_on(struct kit *k, const char *method, int workers, const char *csv, struct pool_options wanted)
{
    kit_init(k, csv, strcmp(method, "fork") == 0 ? 1 : 2, AT_FORK_NONE);
    k->wanted = wanted;
    kit_open(k, method, workers);
}

static void end_pool(struct kit *k)
{
    pool_close(k->pool);
    assert_int_equal(pool_join(k->pool, KIT_PATIENCE), OK);
    assert_true(pool_idle(k->pool));
    kit_done(k);
}

static pid_t pid_of(struct kit *k, int64_t worker)
{
    const struct event *e = story_worker(&k->story, EVENT_WORKER_STARTED, worker);
    assert_non_null(e);
    return (pid_t)e->worker.pid;
}

struct reading { pid_t pid; long long before; };

static bool is_at_work(void *arg)
{
    struct reading *r = arg;
    return proc_bytes_read(r->pid) > r->before + (1 << 20);
}

static bool is_stopped(void *arg)
{
    return proc_is_stopped(*(pid_t *)arg);
}

static bool first_is_idle(struct kit *k)
{
    return proc_waits_for_work(pid_of(k, 1));
}

/* The worker is stopped; false if it was done with the task before. */
static bool stopped_in_task(struct kit *k, int64_t task)
{
    pid_t pid = pid_of(k, 1);
    kill(pid, SIGSTOP);
    wait_until(is_stopped, &pid);
    assert_int_equal(pool_step(k->pool), OK);
    return story_task(&k->story, EVENT_TASK_ENDED, task) == NULL;
}

static void open_at_work(struct kit *k, const char *method, const char *csv, struct pool_options wanted)
{
    struct pool_task held = { .kind = POOL_FILTER, .code = "0002", .timeout = wanted.task_timeout };
    int64_t id;
    wanted.task_timeout = 0;
    open_on(k, method, 1, csv, wanted);
    kit_submit(k, "no such code");
    kit_until(k, kit_is_idle);
    kit_until(k, first_is_idle);
    struct reading reading = { pid_of(k, 1), proc_bytes_read(pid_of(k, 1)) };
    assert_int_equal(pool_submit_task(k->pool, &held, &id), OK);
    for (int i = 3; i <= 4; i++)
        kit_submit(k, "0002");
    wait_until(is_at_work, &reading);
}

/* A pool whose only worker is stopped in the middle of task 2, which so never ends (and may not take longer than
 * wanted.task_timeout); 3 and 4 wait. Where others keep the processors busy, a task may be done before we come to stop
 * its worker: then once more, from the start. */
static void open_held(struct kit *k, const char *method, struct pool_options wanted)
{
    char *csv = kit_big_csv();
    double end = clock_now() + KIT_PATIENCE;
    open_at_work(k, method, csv, wanted);
    while (!stopped_in_task(k, 2)) {
        assert_true(clock_now() < end);
        kit_done(k);
        open_at_work(k, method, csv, wanted);
    }
    free(csv);
}

/* --- results ------------------------------------------------------------------------------------------------------ */

static void a_result_is_taken_once(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool_result r;
        open_on(&k, methods[m], 2, NULL, (struct pool_options){ .keep = true });
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
        end_pool(&k); /* the result of 1 goes with the pool */
    }
}

static void results_come_as_they_are_completed(void **state)
{
    enum { TASKS = 500 };
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool_result r;
        bool seen[TASKS + 1] = { false };
        open_on(&k, methods[m], 2, NULL, (struct pool_options){ .keep = true });
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
        end_pool(&k);
    }
}

static void a_map_keeps_the_order_and_runs_only_so_far_ahead(void **state)
{
    enum { TASKS = 1000, AHEAD = 16 };
    (void)state;
    static const char *codes[TASKS];
    for (int i = 0; i < TASKS; i++)
        codes[i] = i % 3 ? "0002" : "nobody";
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool_map map = { 0 };
        struct pool_result r;
        open_on(&k, methods[m], 2, NULL, (struct pool_options){ .keep = true });
        for (size_t i = 0; i < TASKS; i++) {
            assert_int_equal(pool_map_next(k.pool, &map, codes, TASKS, AHEAD, KIT_PATIENCE, &r), OK);
            assert_string_equal(r.code, codes[i]);
            assert_int_equal(r.rows, i % 3 != 0);
            assert_true(map.submitted.n - i <= AHEAD);
            pool_result_done(&r);
        }
        assert_int_equal(pool_map_next(k.pool, &map, codes, TASKS, AHEAD, -1, &r), ERR_NOT_FOUND);
        pool_map_done(&map);
        end_pool(&k);
    }
}

static void waits_for_the_first_the_first_bad_one_or_all(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        size_t settled;
        const int64_t all[] = { 2, 3, 4 }, first[] = { 1, 2 };
        open_held(&k, methods[m], (struct pool_options){ .keep = true });
        assert_int_equal(pool_wait(k.pool, first, 2, POOL_FIRST_COMPLETED, -1, &settled), OK);
        assert_int_equal(settled, 1);
        assert_int_equal(pool_wait(k.pool, all, 3, POOL_FIRST_EXCEPTION, 0.01, &settled), ERR_AGAIN);
        assert_int_equal(settled, 0);
        kill(pid_of(&k, 1), SIGKILL);
        assert_int_equal(pool_wait(k.pool, all, 3, POOL_FIRST_EXCEPTION, KIT_PATIENCE, &settled), OK);
        assert_true(settled >= 1);
        assert_int_equal(pool_wait(k.pool, all, 3, POOL_ALL_COMPLETED, KIT_PATIENCE, &settled), OK);
        assert_int_equal(settled, 3);
        end_pool(&k);
    }
}

static void a_result_that_does_not_come_is_waited_for_so_long(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool_result r;
        open_held(&k, methods[m], (struct pool_options){ .keep = true });
        double from = clock_now();
        assert_int_equal(pool_take(k.pool, 2, 0.05, &r), ERR_AGAIN);
        assert_true(clock_now() - from >= 0.05);
        kill(pid_of(&k, 1), SIGCONT);
        assert_int_equal(pool_take(k.pool, 2, KIT_PATIENCE, &r), OK);
        assert_int_equal(r.rows, 60);
        pool_result_done(&r);
        end_pool(&k);
    }
}

/* Longer than what travels in the ring, by little and by far; and as long as it takes for its last cell to be full. */
static void a_code_may_have_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 23, 24, 25, 51, 52, 53, 1023, 1024, 1025, 5000, 100000 };
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
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool_result r;
        open_on(&k, methods[m], 2, buf_text(&csv), (struct pool_options){ .keep = true });
        for (int round = 0; round < 40; round++) {
            for (size_t i = 0; i < LENGTHS; i++)
                kit_submit(&k, codes[i]);
        }
        while (pool_next(k.pool, KIT_PATIENCE, &r) == OK) {
            size_t i = (size_t)(r.task - 1) % LENGTHS;
            assert_string_equal(r.code, codes[i]);
            assert_int_equal(r.rows, 1);
            assert_int_equal(r.ranges.v[0], i);
            pool_result_done(&r);
        }
        end_pool(&k);
    }
    for (size_t i = 0; i < LENGTHS; i++)
        free(codes[i]);
    buf_done(&csv);
}

/* --- cancelling and ending ---------------------------------------------------------------------------------------- */

static void what_is_pending_can_be_cancelled_what_runs_only_by_killing(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool_result r;
        open_held(&k, methods[m], (struct pool_options){ .keep = true, .retries = 5 });
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
        assert_true(proc_is_gone(pid_of(&k, 1)));
        assert_int_equal(story_count(&k.story, EVENT_TASK_RETURNED), 0); /* asked for: no other try */
        end_pool(&k);
    }
}

static void a_closed_pool_does_what_it_has_and_takes_no_more(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        int64_t id;
        open_on(&k, methods[m], 2, NULL, (struct pool_options){ .keep = true });
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
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        open_held(&k, methods[m], (struct pool_options){ 0 });
        pool_shutdown(k.pool);
        assert_int_equal(pool_join(k.pool, 0.02), ERR_AGAIN); /* it is not killed */
        kill(pid_of(&k, 1), SIGCONT);
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
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        open_held(&k, methods[m], (struct pool_options){ .retries = 3 });
        pool_terminate(k.pool);
        assert_int_equal(pool_join(k.pool, KIT_PATIENCE), OK);
        assert_true(pool_idle(k.pool));
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 2)->task.state, TASK_LOST);
        assert_true(story_ends_tell(&k.story, TASK_CANCELLED, 2));
        kit_done(&k);
    }
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

static void an_initializer_is_run_in_each_worker(void **state)
{
    (void)state;
    static const char *const names[] = { "threads", "scan" };
    for (int m = 0; m < METHODS; m++) {
        for (int i = 0; i < 2; i++) {
            struct kit k;
            open_on(&k, methods[m], 2, NULL, (struct pool_options){ .initializer = names[i] });
            kit_submit(&k, "0001");
            kit_until(&k, kit_is_idle);
            assert_true(story_ends_tell(&k.story, TASK_FINISHED, 1));
            if (i == 0) /* the engine's threads are there though no query has run: spawn's and forkserver's own */
                assert_int_equal(proc_threads(pid_of(&k, 1)), m == 2 ? 1 : 3);
            end_pool(&k);
        }
    }
}

/* A pool over a file that can be shrunk through *fd; it has done task 1. */
static void open_on_file(struct kit *k, const char *method, int *fd, struct pool_options wanted)
{
    char path[] = "/tmp/poolscope-test-XXXXXX";
    struct problem problem = { "" };
    *fd = mkstemp(path);
    assert_true(*fd >= 0 && write(*fd, "code,n\n1,2\n3,4\n", 15) == 15);
    unlink(path);
    *k = (struct kit){ .wanted = wanted };
    struct table_options options = { .path = "shrunk.csv" };
    assert_int_equal(engine_new(&(struct engine_options){ .threads = 1 }, &k->engine), OK);
    assert_int_equal(engine_load(k->engine, *fd, &options, &k->table, &problem), OK);
    kit_open(k, method, 1);
    kit_submit(k, "1");
    kit_until(k, kit_is_idle);
    assert_true(story_ends_tell(&k->story, TASK_FINISHED, 1));
}

static void an_initializer_that_fails_breaks_the_pool_with_words(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        int fd;
        open_on_file(&k, methods[m], &fd, (struct pool_options){ .initializer = "scan" });
        assert_int_equal(ftruncate(fd, 9), 0);
        kill(pid_of(&k, 1), SIGKILL);
        for (int i = 0; i < 10; i++)
            kit_submit(&k, "1");
        kit_until(&k, kit_is_idle);
        assert_non_null(pool_broken(k.pool));
        /* a spawned worker does not come so far: it cannot even open the table */
        assert_non_null(strstr(pool_broken(k.pool), m > 0 ? "initializer scan: shrunk.csv" : "shrunk.csv"));
        assert_non_null(strstr(story_task(&k.story, EVENT_TASK_ENDED, 7)->task.error, "shrunk.csv"));
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 7)->task.state, TASK_FAILED);
        assert_non_null(story_note(&k.story, "the pool is broken"));
        assert_true(story_count(&k.story, EVENT_WORKER_STARTED) <= 4);
        close(fd);
        end_pool(&k);
    }
}

static void a_failure_carries_message_and_place(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        int fd;
        open_on_file(&k, methods[m], &fd, (struct pool_options){ 0 });
        assert_int_equal(ftruncate(fd, 9), 0);
        kit_submit(&k, "1");
        kit_until(&k, kit_is_idle);
        const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_int_equal(e->task.state, TASK_FAILED);
        assert_int_equal(e->task.rows, -1);
        assert_non_null(strstr(e->task.error, "shrunk.csv: "));
        assert_null(pool_broken(k.pool)); /* it is the task's matter, not the worker's */
        close(fd);
        end_pool(&k);
    }
}

static void workers_go_after_so_many_tasks_under_every_method(void **state)
{
    enum { TASKS = 100, EACH = 7 };
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        int64_t done[TASKS + 1] = { 0 };
        int before = open_fds();
        open_on(&k, methods[m], 2, NULL, (struct pool_options){ .max_tasks = EACH });
        for (int i = 0; i < TASKS; i++)
            kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, TASKS));
        for (int64_t t = 1; t <= TASKS; t++)
            done[story_task(&k.story, EVENT_TASK_ENDED, t)->task.worker]++;
        for (int w = 1; w <= TASKS; w++)
            assert_true(done[w] <= EACH);
        assert_true(story_count(&k.story, EVENT_WORKER_STARTED) >= TASKS / EACH);
        end_pool(&k);
        assert_int_equal(open_fds(), before);
    }
}

static void a_task_that_takes_too_long_fails_and_its_worker_goes(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        open_held(&k, methods[m], (struct pool_options){ .task_timeout = 2, .retries = 3 });
        kit_until(&k, kit_is_idle);
        const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_int_equal(e->task.state, TASK_FAILED);
        assert_string_equal(e->task.error, "it ran longer than 2 s, and worker 1 was killed for it");
        assert_int_equal(story_worker(&k.story, EVENT_WORKER_EXITED, 1)->worker.signal, SIGKILL);
        end_pool(&k);
    }
}

static bool second_try_began(struct kit *k)
{
    return story_task(&k->story, EVENT_TASK_RETURNED, 2) != NULL;
}

static void a_lost_task_is_tried_again_as_often_as_asked(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        open_held(&k, methods[m], (struct pool_options){ .retries = 1 });
        kill(pid_of(&k, 1), SIGKILL);
        kit_until(&k, second_try_began);
        assert_non_null(strstr(story_task(&k.story, EVENT_TASK_RETURNED, 2)->task.error, "was killed by signal 9"));
        kit_until(&k, kit_is_idle);
        const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_true(e->task.state == TASK_FINISHED && e->task.worker == 2);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 4));
        end_pool(&k);
    }
}

/* Tasks that were given ahead to a worker that stands still are done by others. */
static void nobody_waits_behind_a_worker_that_stands_still(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        open_on(&k, methods[m], 2, NULL, (struct pool_options){ 0 });
        for (int i = 0; i < 2000; i++) /* short ones: many are given ahead */
            kit_submit(&k, "0001");
        while (story_count(&k.story, EVENT_WORKER_READY) < 2)
            assert_int_equal(pool_await(k.pool, 1), OK);
        kill(pid_of(&k, 1), SIGSTOP);
        double end = clock_now() + KIT_PATIENCE;
        while (story_count(&k.story, EVENT_TASK_ENDED) < 1999 && clock_now() < end)
            assert_int_equal(pool_await(k.pool, 0.05), OK);
        assert_true(story_count(&k.story, EVENT_TASK_ENDED) >= 1999);
        kill(pid_of(&k, 1), SIGCONT);
        kit_until(&k, kit_is_idle);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 2000));
        end_pool(&k);
    }
}

/* --- what a worker begins with ------------------------------------------------------------------------------------ */

static unsigned long long signals_of(pid_t pid, const char *field)
{
    char path[64], line[256];
    unsigned long long mask = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0)
            mask = strtoull(line + strlen(field) + 1, NULL, 16);
    }
    fclose(f);
    return mask;
}

static bool has_fd(pid_t pid, int fd)
{
    char path[64], target[8];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
    return readlink(path, target, sizeof target) > 0;
}

static int fds_of(pid_t pid)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += has_fd(pid, fd);
    return n;
}

static void handle(int sig)
{
    (void)sig;
}

/* A signal that is blocked, one that is ignored, one with a handler, and an open file: fork inherits them, no other. */
static void a_worker_begins_with_what_its_method_says(void **state)
{
    (void)state;
    struct sigaction ignore = { .sa_handler = SIG_IGN }, handler = { .sa_handler = handle }, usr1, usr2;
    sigset_t blocked, mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    sigaction(SIGUSR1, &ignore, &usr1);
    sigaction(SIGUSR2, &handler, &usr2);
    int stray = fcntl(STDERR_FILENO, F_DUPFD, 100); /* not close-on-exec */
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        bool forked = strcmp(methods[m], "fork") == 0;
        open_on(&k, methods[m], 1, NULL, (struct pool_options){ 0 });
        kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        pid_t pid = pid_of(&k, 1);
        assert_int_equal(!!(signals_of(pid, "SigBlk") & 1ULL << (SIGALRM - 1)), forked);
        assert_int_equal(!!(signals_of(pid, "SigIgn") & 1ULL << (SIGUSR1 - 1)), forked);
        assert_int_equal(!!(signals_of(pid, "SigCgt") & 1ULL << (SIGUSR2 - 1)), forked);
        assert_int_equal(has_fd(pid, stray), forked);
        if (forked)
            assert_true(fds_of(pid) > 3 + 2 + TABLE_FDS);
        else /* stdin, stdout, stderr; socket and bell; the table */
            assert_int_equal(fds_of(pid), 3 + 2 + TABLE_FDS);
        end_pool(&k);
    }
    close(stray);
    sigaction(SIGUSR2, &usr2, NULL);
    sigaction(SIGUSR1, &usr1, NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
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
    for (int m = 0; m < METHODS; m++) {
        struct kit k;
        struct pool *p;
        struct problem problem;
        int64_t id, done = 0, refused = 0;
        kit_init(&k, NULL, 1, AT_FORK_NONE);
        struct pool_options o = { .workers = 2, .engine = k.engine, .table = k.table, .settled = count, .ctx = &done };
        assert_int_equal(forkserver_new(&k.forkserver), OK);
        o.forkserver = k.forkserver;
        assert_int_equal(start_method_find(methods[m], &o.method, &problem), OK);
        assert_int_equal(pool_new(&o, &p, &problem), OK);
        long before = own_memory_kib();
        for (int i = 0; i < TASKS; i++) {
            enum err err;
            while ((err = pool_submit_task(p, &(struct pool_task){ .kind = POOL_NOOP }, &id)) == ERR_AGAIN) {
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
    open_held(&k, "spawn", (struct pool_options){ .pending_max = 5 });
    for (int i = 0; i < 3; i++)
        kit_submit(&k, "0001");
    assert_int_equal(pool_submit(k.pool, "0001", &id), ERR_AGAIN);
    assert_int_equal(pool_pending(k.pool), 5);
    kill(pid_of(&k, 1), SIGCONT);
    kit_until(&k, kit_is_idle);
    assert_int_equal(kit_submit(&k, "0001"), 8);
    end_pool(&k);
}

static void options_that_cannot_be_are_refused_with_words(void **state)
{
    (void)state;
    struct kit k;
    struct pool *p;
    struct problem problem;
    kit_init(&k, NULL, 1, AT_FORK_NONE);
    struct pool_options o = { .workers = 1, .engine = k.engine, .table = k.table, .initializer = "magic" };
    assert_int_equal(start_method_find("fork", &o.method, &problem), OK);
    assert_int_equal(pool_new(&o, &p, &problem), ERR_USAGE);
    assert_non_null(strstr(problem.text, "magic"));
    o.initializer = NULL;
    o.retries = 1000;
    assert_int_equal(pool_new(&o, &p, &problem), ERR_USAGE);
    kit_done(&k);
}

int main(int argc, char **argv)
{
    int status;
    if (pool_process_main(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_taken_once),
        cmocka_unit_test(results_come_as_they_are_completed),
        cmocka_unit_test(a_map_keeps_the_order_and_runs_only_so_far_ahead),
        cmocka_unit_test(waits_for_the_first_the_first_bad_one_or_all),
        cmocka_unit_test(a_result_that_does_not_come_is_waited_for_so_long),
        cmocka_unit_test(a_code_may_have_any_length),
        cmocka_unit_test(what_is_pending_can_be_cancelled_what_runs_only_by_killing),
        cmocka_unit_test(a_closed_pool_does_what_it_has_and_takes_no_more),
        cmocka_unit_test(a_shut_down_pool_ends_what_runs_and_cancels_the_rest),
        cmocka_unit_test(a_terminated_pool_ends_at_once),
        cmocka_unit_test(an_initializer_is_run_in_each_worker),
        cmocka_unit_test(an_initializer_that_fails_breaks_the_pool_with_words),
        cmocka_unit_test(a_failure_carries_message_and_place),
        cmocka_unit_test(workers_go_after_so_many_tasks_under_every_method),
        cmocka_unit_test(a_task_that_takes_too_long_fails_and_its_worker_goes),
        cmocka_unit_test(a_lost_task_is_tried_again_as_often_as_asked),
        cmocka_unit_test(nobody_waits_behind_a_worker_that_stands_still),
        cmocka_unit_test(a_worker_begins_with_what_its_method_says),
        cmocka_unit_test(a_million_tasks_wait_in_bounded_memory),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(options_that_cannot_be_are_refused_with_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
