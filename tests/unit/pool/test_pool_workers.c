/* SPDX-License-Identifier: MIT
 * Workers of each start method: what they inherit, initializers, replacing them after a number of tasks, time limits,
 * and trying a task again. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

static void runs_the_initializer_in_each_worker(void **state)
{
    (void)state;
    static const char *const names[] = {"threads", "scan"};
    for (int m = 0; m < KIT_METHODS; m++) {
        for (int i = 0; i < 2; i++) {
            struct kit k;
            kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){.initializer = names[i]});
            kit_submit(&k, "0001");
            kit_until(&k, kit_is_idle);
            assert_true(story_ends_tell(&k.story, TASK_FINISHED, 1));
            if (i == 0) /* no query has run; only spawn and forkserver have an engine of two threads here */
                assert_int_equal(proc_engine_threads(kit_worker_pid(&k, 1)), m == 2 ? 0 : 2);
            kit_end(&k);
        }
    }
}

/* Opens a pool over a file that can be truncated through *fd. Task 1 is done. */
static void open_on_file(struct kit *k, const char *method, int *fd, struct pool_options wanted)
{
    char path[] = "/tmp/poolscope-test-XXXXXX";
    struct problem problem = {""};
    *fd = mkstemp(path);
    assert_true(*fd >= 0 && write(*fd, "code,n\n1,2\n3,4\n", 15) == 15);
    unlink(path);
    *k = (struct kit){.wanted = wanted};
    struct table_options options = {.path = "shrunk.csv"};
    assert_int_equal(engine_new(&(struct engine_options){.threads = 1}, &k->engine), OK);
    assert_int_equal(engine_load(k->engine, *fd, &options, &k->table, &problem), OK);
    kit_open(k, method, 1);
    kit_submit(k, "1");
    kit_until(k, kit_is_idle);
    assert_true(story_ends_tell(&k->story, TASK_FINISHED, 1));
}

static void an_initializer_that_fails_breaks_the_pool(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        int fd;
        open_on_file(&k, kit_methods[m], &fd, (struct pool_options){.initializer = "scan"});
        assert_int_equal(ftruncate(fd, 9), 0);
        kill(kit_worker_pid(&k, 1), SIGKILL);
        for (int i = 0; i < 10; i++)
            kit_submit(&k, "1");
        kit_until(&k, kit_is_idle);
        assert_non_null(pool_broken(k.pool));
        /* a spawned worker fails earlier: it cannot even open the table */
        assert_non_null(strstr(pool_broken(k.pool), m > 0 ? "initializer scan: shrunk.csv" : "shrunk.csv"));
        assert_non_null(strstr(story_task(&k.story, EVENT_TASK_ENDED, 7)->task.error, "shrunk.csv"));
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 7)->task.state, TASK_FAILED);
        assert_non_null(story_note(&k.story, "the pool is broken"));
        assert_true(story_count(&k.story, EVENT_WORKER_STARTED) <= 4);
        close(fd);
        kit_end(&k);
    }
}

static void the_error_of_a_task_names_the_file(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        int fd;
        open_on_file(&k, kit_methods[m], &fd, (struct pool_options){0});
        assert_int_equal(ftruncate(fd, 9), 0);
        kit_submit(&k, "1");
        kit_until(&k, kit_is_idle);
        const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_int_equal(e->task.state, TASK_FAILED);
        assert_int_equal(e->task.rows, -1);
        assert_non_null(strstr(e->task.error, "shrunk.csv: "));
        assert_null(pool_broken(k.pool)); /* the task has failed, not its worker */
        close(fd);
        kit_end(&k);
    }
}

static void replaces_a_worker_after_max_tasks(void **state)
{
    enum { TASKS = 100, EACH = 7 };
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        int64_t done[TASKS + 1] = {0};
        int before = open_fds();
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){.max_tasks = EACH});
        for (int i = 0; i < TASKS; i++)
            kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, TASKS));
        for (int64_t t = 1; t <= TASKS; t++)
            done[story_task(&k.story, EVENT_TASK_ENDED, t)->task.worker]++;
        for (int w = 1; w <= TASKS; w++)
            assert_true(done[w] <= EACH);
        assert_true(story_count(&k.story, EVENT_WORKER_STARTED) >= TASKS / EACH);
        kit_end(&k);
        assert_int_equal(open_fds(), before);
    }
}

static void a_task_that_runs_longer_than_its_timeout_fails_and_its_worker_is_killed(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_held(&k, kit_methods[m], (struct pool_options){.task_timeout = 2, .retries = 3});
        kit_until(&k, kit_is_idle);
        const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_int_equal(e->task.state, TASK_FAILED);
        assert_string_equal(e->task.error, "it ran longer than 2 s, so worker 1 was killed");
        assert_int_equal(story_worker(&k.story, EVENT_WORKER_EXITED, 1)->worker.signal, SIGKILL);
        kit_end(&k);
    }
}

static bool task_two_returned(struct kit *k)
{
    return story_task(&k->story, EVENT_TASK_RETURNED, 2) != NULL;
}

static void tries_a_lost_task_again(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_held(&k, kit_methods[m], (struct pool_options){.retries = 1});
        kill(kit_worker_pid(&k, 1), SIGKILL);
        kit_until(&k, task_two_returned);
        assert_non_null(strstr(story_task(&k.story, EVENT_TASK_RETURNED, 2)->task.error, "was killed by signal 9"));
        kit_until(&k, kit_is_idle);
        const struct event *e = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_true(e->task.state == TASK_FINISHED && e->task.worker == 2);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 4));
        kit_end(&k);
    }
}

static void other_workers_do_the_tasks_given_to_a_stopped_worker(void **state)
{
    (void)state;
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        kit_open_on(&k, kit_methods[m], 2, NULL, (struct pool_options){0});
        for (int i = 0; i < 2000; i++) /* short tasks, so that a worker is given many at once */
            kit_submit(&k, "0001");
        while (story_count(&k.story, EVENT_WORKER_READY) < 2)
            assert_int_equal(pool_await(k.pool, 1), OK);
        kill(kit_worker_pid(&k, 1), SIGSTOP);
        double end = clock_now() + KIT_PATIENCE;
        while (story_count(&k.story, EVENT_TASK_ENDED) < 1999 && clock_now() < end)
            assert_int_equal(pool_await(k.pool, 0.05), OK);
        assert_true(story_count(&k.story, EVENT_TASK_ENDED) >= 1999);
        kill(kit_worker_pid(&k, 1), SIGCONT);
        kit_until(&k, kit_is_idle);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 2000));
        kit_end(&k);
    }
}

/* --- what a worker inherits --------------------------------------------------------------------------------------- */

static unsigned long long signals_of(pid_t pid, const char *field)
{
    char path[64], line[256];
    unsigned long long mask = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
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

/* Only a forked worker inherits a blocked signal, an ignored one, one with a handler, and an open file. */
static void a_worker_inherits_what_pool_h_says(void **state)
{
    (void)state;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, handler = {.sa_handler = handle}, usr1, usr2;
    sigset_t blocked, mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    sigaction(SIGUSR1, &ignore, &usr1);
    sigaction(SIGUSR2, &handler, &usr2);
    int stray = fcntl(STDERR_FILENO, F_DUPFD, 100); /* not close-on-exec */
    for (int m = 0; m < KIT_METHODS; m++) {
        struct kit k;
        bool forked = strcmp(kit_methods[m], "fork") == 0;
        kit_open_on(&k, kit_methods[m], 1, NULL, (struct pool_options){0});
        kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        pid_t pid = kit_worker_pid(&k, 1);
        assert_int_equal(!!(signals_of(pid, "SigBlk") & 1ULL << (SIGALRM - 1)), forked);
        assert_int_equal(!!(signals_of(pid, "SigIgn") & 1ULL << (SIGUSR1 - 1)), forked);
        assert_int_equal(!!(signals_of(pid, "SigCgt") & 1ULL << (SIGUSR2 - 1)), forked);
        assert_int_equal(has_fd(pid, stray), forked);
        if (forked)
            assert_true(fds_of(pid) > 3 + 2 + TABLE_FDS);
        else /* stdin, stdout, stderr; socket and bell; the table */
            assert_int_equal(fds_of(pid), 3 + 2 + TABLE_FDS);
        kit_end(&k);
    }
    close(stray);
    sigaction(SIGUSR2, &usr2, NULL);
    sigaction(SIGUSR1, &usr1, NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_the_initializer_in_each_worker),
        cmocka_unit_test(an_initializer_that_fails_breaks_the_pool),
        cmocka_unit_test(the_error_of_a_task_names_the_file),
        cmocka_unit_test(replaces_a_worker_after_max_tasks),
        cmocka_unit_test(a_task_that_runs_longer_than_its_timeout_fails_and_its_worker_is_killed),
        cmocka_unit_test(tries_a_lost_task_again),
        cmocka_unit_test(other_workers_do_the_tasks_given_to_a_stopped_worker),
        cmocka_unit_test(a_worker_inherits_what_pool_h_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
