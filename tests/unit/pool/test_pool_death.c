/* SPDX-License-Identifier: MIT
 * Workers and the forkserver are killed, at known and at random moments. A task that was running is lost, with an error
 * that says why; no other task is affected; the pool goes on. A pool whose workers cannot start gives up. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

static void open_method(struct kit *k, const char *method, int workers)
{
    kit_open_on(k, method, workers, NULL, (struct pool_options){0});
}

static void end_pool(struct kit *k)
{
    kit_until(k, kit_is_idle);
    pool_shutdown(k->pool);
    kit_until(k, kit_is_ended);
}

static void loses_only_the_task_on_which_a_killed_worker_worked(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIT_METHODS; i++) {
        struct kit k = {0};
        char words[128];
        int before = open_fds();
        kit_open_held(&k, kit_methods[i], (struct pool_options){0});
        pid_t pid = kit_worker_pid(&k, 1);
        assert_non_null(story_task(&k.story, EVENT_TASK_STARTED, 2));
        kill(pid, SIGKILL);
        end_pool(&k);
        const struct event *lost = story_task(&k.story, EVENT_TASK_ENDED, 2);
        assert_int_equal(lost->task.state, TASK_LOST);
        assert_int_equal(lost->task.rows, -1);
        snprintf(words, sizeof words, "worker 1 (pid %d) was killed by signal 9 while it ran this task", (int)pid);
        assert_string_equal(lost->task.error, words);
        const struct event *exited = story_worker(&k.story, EVENT_WORKER_EXITED, 1);
        assert_true(exited->worker.signal == SIGKILL && !exited->worker.expected && exited < lost);
        const struct event *next = story_task(&k.story, EVENT_TASK_ENDED, 3);
        assert_true(next->task.state == TASK_FINISHED && next->task.worker == 2 && next->task.rows == KIT_BIG_EACH);
        kit_done(&k);
        assert_int_equal(open_fds(), before);
    }
}

static void another_worker_does_a_task_that_a_killed_worker_had_not_begun(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIT_METHODS; i++) {
        struct kit k;
        open_method(&k, kit_methods[i], 1);
        kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        kit_until(&k, kit_first_is_idle);
        kill(kit_worker_pid(&k, 1), SIGSTOP); /* so that it certainly does not begin the next tasks */
        kit_submit(&k, "0002");
        kit_submit(&k, "0003");
        kill(kit_worker_pid(&k, 1), SIGKILL);
        end_pool(&k);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 3));
        const struct event *back = story_task(&k.story, EVENT_TASK_RETURNED, 2);
        assert_non_null(back);
        assert_non_null(strstr(back->task.error, "was killed by signal 9"));
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 2)->task.worker, 2);
        kit_done(&k);
    }
}

static bool first_hangs(struct kit *k)
{
    return story_task(&k->story, EVENT_TASK_STARTED, 1) != NULL && proc_waits_for_good(kit_worker_pid(k, 1));
}

static bool task_two_runs(struct kit *k)
{
    return story_task(&k->story, EVENT_TASK_STARTED, 2) != NULL;
}

static void kills_a_single_hung_worker(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, NULL, 2, AT_FORK_NONE);
    kit_open(&k, "fork", 1);
    kit_submit(&k, "0001");
    kit_submit(&k, "0002");
    kit_until(&k, first_hangs);
    assert_int_equal(pool_kill_worker(k.pool, 5), ERR_NOT_FOUND);
    assert_int_equal(pool_kill_worker(k.pool, 1), OK);
    kit_until(&k, task_two_runs); /* on another worker, which hangs as well */
    assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 1)->task.state, TASK_LOST);
    assert_int_equal(story_task(&k.story, EVENT_TASK_STARTED, 2)->task.worker, 2);
    assert_int_equal(pool_kill_worker(k.pool, 1), ERR_NOT_FOUND);
    kit_done(&k);
}

static bool first_is_reaped(struct kit *k)
{
    return story_worker(&k->story, EVENT_WORKER_EXITED, 1) != NULL;
}

static void replaces_an_idle_worker_that_died_when_there_is_a_task(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIT_METHODS; i++) {
        struct kit k;
        open_method(&k, kit_methods[i], 1);
        kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        kill(kit_worker_pid(&k, 1), SIGTERM);
        kit_until(&k, first_is_reaped);
        assert_int_equal(story_worker(&k.story, EVENT_WORKER_EXITED, 1)->worker.signal, SIGTERM);
        assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 1);
        kit_submit(&k, "0002");
        end_pool(&k);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, 2));
        kit_done(&k);
    }
}

static void a_task_given_to_a_dying_worker_is_lost_or_finished(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIT_METHODS; i++) {
        struct kit k;
        open_method(&k, kit_methods[i], 1);
        kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        kill(kit_worker_pid(&k, 1), SIGKILL); /* the pool does not know that yet */
        kit_submit(&k, "0002");
        end_pool(&k);
        enum task_state end = (enum task_state)story_task(&k.story, EVENT_TASK_ENDED, 2)->task.state;
        assert_true(end == TASK_FINISHED || end == TASK_LOST);
        kit_done(&k);
    }
}

/* --- the forkserver ----------------------------------------------------------------------------------------------- */

static bool both_are_ready(struct kit *k)
{
    return pool_idle(k->pool) && story_count(&k->story, EVENT_WORKER_READY) == 2;
}

static bool both_at_work(struct kit *k)
{
    return story_task(&k->story, EVENT_TASK_STARTED, 4) != NULL;
}

/* Stops two workers while they work. They may have finished their tasks just before the signal comes. */
static void stop_two_at_work(struct kit *k, const char *csv, int more)
{
    kit_open_on(k, "forkserver", 2, csv, (struct pool_options){0});
    kit_submit(k, "0001");
    kit_submit(k, "0001");
    kit_until(k, both_are_ready);
    struct kit_reading workers[] = {kit_reading_of(kit_worker_pid(k, 1)), kit_reading_of(kit_worker_pid(k, 2))};
    for (int i = 0; i < more; i++)
        kit_submit(k, "0002");
    kit_until(k, both_at_work);
    for (int i = 0; i < 2; i++) {
        wait_until(kit_is_at_work, &workers[i]);
        kill(workers[i].pid, SIGSTOP);
    }
}

/* Returns how many tasks the two workers lost. */
static int kill_forkserver_of_two(const char *csv)
{
    enum { MORE = 8 };
    struct kit k;
    int before = open_fds(), lost = 0;
    stop_two_at_work(&k, csv, MORE);
    pid_t server = (pid_t)story_worker(&k.story, EVENT_WORKER_STARTED, 1)->worker.ppid;
    kill(server, SIGKILL);
    end_pool(&k);
    assert_non_null(story_note(&k.story, "the forkserver was killed by signal 9"));
    for (int64_t id = 3; id <= 2 + MORE; id++) {
        enum task_state end = (enum task_state)story_task(&k.story, EVENT_TASK_ENDED, id)->task.state;
        assert_true(end == TASK_LOST || end == TASK_FINISHED);
        lost += end == TASK_LOST;
    }
    for (int64_t id = 1; id <= 2; id++)
        assert_true(proc_is_gone(kit_worker_pid(&k, id)));
    int64_t last = story_count(&k.story, EVENT_WORKER_STARTED);
    assert_true(last == 2 || story_worker(&k.story, EVENT_WORKER_STARTED, last)->worker.ppid != server);
    assert_int_equal(story_count(&k.story, EVENT_WORKER_EXITED), last);
    kit_done(&k);
    assert_int_equal(open_fds(), before);
    return lost;
}

static void the_pool_goes_on_after_its_forkserver_was_killed(void **state)
{
    (void)state;
    char *csv = kit_big_csv();
    double end = clock_now() + KIT_PATIENCE;
    for (int caught = 0; caught < 3;) { /* on a busy machine a round may lose none */
        int lost = kill_forkserver_of_two(csv);
        assert_in_range(lost, 0, 2);
        caught += lost > 0;
        assert_true(clock_now() < end);
    }
    free(csv);
}

static void notices_a_forkserver_that_was_killed_between_two_pools(void **state)
{
    (void)state;
    struct kit k;
    struct problem words;
    open_method(&k, "forkserver", 2);
    kit_submit(&k, "0001");
    end_pool(&k);
    pid_t server = (pid_t)story_worker(&k.story, EVENT_WORKER_STARTED, 1)->worker.ppid;
    pool_free(k.pool);
    k.pool = NULL;
    story_done(&k.story);
    kill(server, SIGKILL);
    double end = clock_now() + KIT_PATIENCE;
    while (!forkserver_tend(k.forkserver, &words))
        assert_true(clock_now() < end);
    assert_non_null(strstr(words.text, "killed by signal 9"));
    assert_false(forkserver_running(k.forkserver));
    kit_open(&k, "forkserver", 2);
    kit_submit(&k, "0001");
    end_pool(&k);
    assert_true(story_ends_tell(&k.story, TASK_FINISHED, 1));
    kit_done(&k);
}

/* --- failing to start --------------------------------------------------------------------------------------------- */

static const char fail_to_start[] = "TEST_POOL_FAIL_TO_START";

static void gives_up_if_no_worker_can_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct kit k;
        int before = open_fds();
        setenv(fail_to_start, "1", 1);
        open_method(&k, kit_methods[i], 2);
        for (int n = 0; n < 5; n++)
            kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        assert_true(story_ends_tell(&k.story, TASK_FAILED, 5));
        const char *error = story_task(&k.story, EVENT_TASK_ENDED, 1)->task.error;
        assert_non_null(strstr(error, "no worker could be started"));
        assert_true(story_count(&k.story, EVENT_WORKER_STARTED) <= 4);
        kit_submit(&k, "0001"); /* a later task does not wait forever either */
        kit_until(&k, kit_is_idle);
        assert_true(story_ends_tell(&k.story, TASK_FAILED, 6));
        unsetenv(fail_to_start);
        end_pool(&k);
        kit_done(&k);
        assert_int_equal(open_fds(), before);
    }
}

/* --- random moments ----------------------------------------------------------------------------------------------- */

static void check_each_ended_once(const struct story *s, int64_t tasks)
{
    int *ended = calloc((size_t)tasks + 1, sizeof *ended);
    assert_non_null(ended);
    for (size_t i = 0; i < s->n; i++) {
        if (s->events[i].type == EVENT_TASK_ENDED)
            ended[s->events[i].task.task]++;
    }
    for (int64_t t = 1; t <= tasks; t++)
        assert_int_equal(ended[t], 1);
    free(ended);
}

/* Kills a random worker, or now and then the forkserver, whatever it does at this moment. */
static void kill_one(struct kit *k, unsigned *seed, bool server)
{
    int64_t started = story_count(&k->story, EVENT_WORKER_STARTED);
    if (started == 0)
        return;
    const struct event *e = story_worker(&k->story, EVENT_WORKER_STARTED, 1 + rand_r(seed) % started);
    if (story_worker(&k->story, EVENT_WORKER_EXITED, e->worker.worker))
        return;
    if (server && rand_r(seed) % 8 == 0)
        kill((pid_t)e->worker.ppid, SIGKILL);
    else
        kill((pid_t)e->worker.pid, SIGKILL);
}

static void every_task_ends_once_whichever_process_dies(void **state)
{
    enum { TASKS = 60 };
    (void)state;
    for (int round = 0; round < 30; round++) {
        const char *method = kit_methods[round % KIT_METHODS];
        unsigned seed = (unsigned)round;
        struct kit k;
        int before = open_fds();
        open_method(&k, method, 3);
        for (int i = 0; i < TASKS; i++) {
            kit_submit(&k, "0004");
            if (rand_r(&seed) % 4 == 0)
                kill_one(&k, &seed, round % 3 == 1);
            assert_int_equal(pool_step(k.pool), OK);
        }
        end_pool(&k);
        check_each_ended_once(&k.story, TASKS);
        assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), story_count(&k.story, EVENT_WORKER_EXITED));
        kit_done(&k);
        assert_int_equal(open_fds(), before);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
    }
}

int main(int argc, char **argv)
{
    int status;
    bool starts_worker = argc > 1 && !strstr(argv[1], "host");
    if (starts_worker && getenv(fail_to_start))
        return 1;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_only_the_task_on_which_a_killed_worker_worked),
        cmocka_unit_test(another_worker_does_a_task_that_a_killed_worker_had_not_begun),
        cmocka_unit_test(kills_a_single_hung_worker),
        cmocka_unit_test(replaces_an_idle_worker_that_died_when_there_is_a_task),
        cmocka_unit_test(a_task_given_to_a_dying_worker_is_lost_or_finished),
        cmocka_unit_test(the_pool_goes_on_after_its_forkserver_was_killed),
        cmocka_unit_test(notices_a_forkserver_that_was_killed_between_two_pools),
        cmocka_unit_test(gives_up_if_no_worker_can_start),
        cmocka_unit_test(every_task_ends_once_whichever_process_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
