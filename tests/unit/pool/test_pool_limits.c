/* SPDX-License-Identifier: MIT
 * A pool at a limit of the machine: no more processes, no more open files, a full socket. Every task is finished by
 * another worker or fails with an error that names the limit, and nothing waits forever. */
#include <dirent.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

enum { BOUND = 240 }; /* seconds; SIGALRM ends a test that blocks in a system call */

static int bound(void **state)
{
    (void)state;
    alarm(BOUND);
    return 0;
}

static rlim_t limit_soft(pid_t pid, int resource, rlim_t to)
{
    struct rlimit limit;
    assert_int_equal(prlimit(pid, resource, NULL, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = to;
    assert_int_equal(prlimit(pid, resource, &limit, NULL), 0);
    return before;
}

/* From now on the process can open only `spare` more fds. Returns its previous limit. */
static rlim_t limit_fds(pid_t pid, int spare)
{
    enum { MOST = 4096 };
    bool used[MOST] = {false};
    char path[64];
    rlim_t limit = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        int fd = e->d_name[0] == '.' ? -1 : atoi(e->d_name);
        assert_true(fd < MOST);
        if (fd >= 0 && (fd != dirfd(d) || pid != getpid()))
            used[fd] = true;
    }
    closedir(d);
    for (int left = spare; limit < MOST && (used[limit] || left > 0); limit++)
        left -= !used[limit];
    return limit_soft(pid, RLIMIT_NOFILE, limit);
}

static void check_failed(struct kit *k, int64_t task, const char *words)
{
    const struct event *e = story_task(&k->story, EVENT_TASK_ENDED, task);
    assert_non_null(e);
    assert_int_equal(e->task.state, TASK_FAILED);
    assert_non_null(e->task.error);
    if (!strstr(e->task.error, words))
        fail_msg("\"%s\" does not contain \"%s\"", e->task.error, words);
}

static bool one_has_ended(struct kit *k)
{
    return story_count(&k->story, EVENT_WORKER_EXITED) == 1;
}

/* Opens a pool whose first worker has done task 1 and has ended. */
static void open_used(struct kit *k, const char *method, int workers)
{
    kit_open_on(k, method, workers, NULL, (struct pool_options){.max_tasks = 1});
    kit_submit(k, "0001");
    kit_until(k, kit_is_idle);
    kit_until(k, one_has_ended);
}

static pid_t forkserver_of(const struct kit *k)
{
    return (pid_t)story_worker(&k->story, EVENT_WORKER_STARTED, 1)->worker.ppid;
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

static void tasks_fail_with_an_error_if_no_process_can_be_forked(void **state)
{
    (void)state;
    for (int i = 0; i < KIT_METHODS; i++) {
        struct kit k;
        int before = open_fds();
        open_used(&k, kit_methods[i], 2);
        bool server = strcmp(kit_methods[i], "forkserver") == 0;
        pid_t parent = server ? forkserver_of(&k) : getpid();
        rlim_t limit = limit_soft(parent, RLIMIT_NPROC, 1);
        for (int n = 0; n < 3; n++)
            kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        limit_soft(parent, RLIMIT_NPROC, limit);
        for (int n = 2; n <= 4; n++)
            check_failed(&k, n, "raise the limit of processes");
        assert_non_null(story_note(&k.story, "a worker could not be started"));
        kit_end(&k);
        assert_int_equal(open_fds(), before);
    }
}

/* As an ordinary user, because root may exceed the limit of processes. */
static void survives_the_limit_of_processes_of_an_ordinary_user(void **state)
{
    (void)state;
    static const struct CMUnitTest inner[] = {
        cmocka_unit_test(tasks_fail_with_an_error_if_no_process_can_be_forked),
    };
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        uid_t nobody = 65534;
        bool dropped = getuid() != 0 || (setgroups(0, NULL) == 0 && setgid(nobody) == 0 && setuid(nobody) == 0);
        _exit(dropped ? cmocka_run_group_tests(inner, NULL, NULL) : 99);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* --- open files --------------------------------------------------------------------------------------------------- */

/* The forkserver has closed the fds of its last request, and waits for the next one in epoll_wait(2). */
static bool is_waiting(void *pid)
{
    char path[64];
    long number = -1;
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)*(pid_t *)pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    if (fscanf(f, "%ld", &number) != 1) /* "running" */
        number = -1;
    fclose(f);
#ifdef SYS_epoll_wait
    if (number == SYS_epoll_wait)
        return true;
#endif
    return number == SYS_epoll_pwait;
}

/* The forkserver receives the request with its three fds, forks, and then cannot open a pidfd. */
static void another_worker_does_a_task_if_the_forkserver_cannot_start_one(void **state)
{
    (void)state;
    struct kit k;
    kit_open_on(&k, "forkserver", 2, NULL, (struct pool_options){0});
    kit_submit(&k, "0001");
    kit_until(&k, kit_is_idle);
    kit_until(&k, kit_first_is_idle);
    pid_t server = forkserver_of(&k), worker = kit_worker_pid(&k, 1);
    wait_until(is_waiting, &server);
    limit_fds(server, 3);
    kill(worker, SIGSTOP);
    kit_submit(&k, "0001");
    kit_submit(&k, "00002");
    double tried = 0;
    while (!story_note(&k.story, "a worker could not be started") && tried++ < 100 * KIT_PATIENCE)
        assert_int_equal(pool_await(k.pool, 0.01), OK);
    kill(worker, SIGCONT);
    kit_until(&k, kit_is_idle);
    assert_true(story_ends_tell(&k.story, TASK_FINISHED, 3));
    assert_non_null(story_note(&k.story, "raise the limit of open files"));
    assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 1);
    kit_end(&k);
}

static void tasks_fail_with_an_error_if_the_forkserver_has_no_fds_left(void **state)
{
    (void)state;
    struct kit k;
    open_used(&k, "forkserver", 2);
    pid_t server = forkserver_of(&k);
    wait_until(is_waiting, &server);
    limit_fds(server, 3);
    kit_submit(&k, "0001");
    kit_submit(&k, "0001");
    kit_until(&k, kit_is_idle);
    check_failed(&k, 2, "the forkserver");
    check_failed(&k, 3, "raise the limit of open files");
    kit_end(&k);
}

/* Allows one more fd in each round, until there are enough, so that every call that needs an fd fails once. */
static void tasks_fail_with_an_error_if_the_host_has_no_fds_left(void **state)
{
    enum { ENOUGH = 32 };
    (void)state;
    for (int i = 0; i < KIT_METHODS; i++) {
        bool finished = false;
        for (int spare = 0; spare < ENOUGH && !finished; spare++) {
            struct kit k;
            int before = open_fds();
            open_used(&k, kit_methods[i], 1);
            rlim_t limit = limit_fds(getpid(), spare);
            kit_submit(&k, "00002");
            kit_until(&k, kit_is_idle);
            limit_soft(0, RLIMIT_NOFILE, limit);
            finished = story_ends_tell(&k.story, TASK_FINISHED, 2);
            if (!finished)
                check_failed(&k, 2, "raise the limit of open files");
            kit_end(&k);
            assert_int_equal(open_fds(), before);
        }
        assert_true(finished);
    }
}

/* Four workers are asked for, and there are fds for one. Each worker does one task and ends; then the next one fits. */
static void goes_on_with_as_many_workers_as_there_are_fds_for(void **state)
{
    enum { TASKS = 12, FOR_ONE = 8 };
    (void)state;
    for (int i = 0; i < KIT_METHODS; i++) {
        struct kit k;
        open_used(&k, kit_methods[i], 4);
        rlim_t limit = limit_fds(getpid(), FOR_ONE);
        for (int n = 0; n < TASKS; n++)
            kit_submit(&k, "0001");
        kit_until(&k, kit_is_idle);
        limit_soft(0, RLIMIT_NOFILE, limit);
        assert_true(story_ends_tell(&k.story, TASK_FINISHED, TASKS + 1));
        assert_non_null(story_note(&k.story, "a worker could not be started"));
        kit_end(&k);
    }
}

/* A result with so many ranges is sent in a memfd, which the worker cannot make. */
static void fails_a_task_whose_result_cannot_be_sent_and_goes_on_with_its_worker(void **state)
{
    enum { RANGES = 4000 };
    (void)state;
    struct buf csv;
    buf_init(&csv, 1 << 20);
    buf_add_text(&csv, "code,n\n");
    for (int i = 0; i < 2 * RANGES; i++)
        buf_addf(&csv, "%s,%d\n", i == 0 ? "first" : i % 2 ? "odd" : "even", i);
    for (int i = 0; i < KIT_METHODS; i++) {
        struct kit k;
        kit_open_on(&k, kit_methods[i], 1, buf_text(&csv), (struct pool_options){0});
        kit_submit(&k, "first");
        kit_until(&k, kit_is_idle);
        limit_fds(kit_worker_pid(&k, 1), 0);
        kit_submit(&k, "odd");
        kit_submit(&k, "first");
        kit_until(&k, kit_is_idle);
        check_failed(&k, 2, "raise the limit of open files");
        assert_int_equal(story_task(&k.story, EVENT_TASK_ENDED, 3)->task.state, TASK_FINISHED);
        assert_int_equal(story_count(&k.story, EVENT_WORKER_STARTED), 1);
        kit_end(&k);
    }
    buf_done(&csv);
}

/* --- sockets ------------------------------------------------------------------------------------------------------ */

/* The host makes more requests than fit into the socket, and the forkserver does not read them. */
static void a_stopped_forkserver_never_blocks_the_host(void **state)
{
    enum { WORKERS = 600 };
    (void)state;
    struct kit k;
    open_used(&k, "forkserver", WORKERS);
    pid_t server = forkserver_of(&k);
    kill(server, SIGSTOP);
    for (int i = 0; i < WORKERS; i++)
        kit_submit(&k, "0001");
    assert_int_equal(pool_step(k.pool), OK);
    kill(server, SIGCONT);
    kit_until(&k, kit_is_idle);
    assert_true(story_ends_tell(&k.story, TASK_FINISHED, WORKERS + 1));
    kit_end(&k);
}

/* Each cancelled task leaves its long code in the socket of a worker that has not started yet. */
static void long_codes_that_are_cancelled_never_block_the_host(void **state)
{
    enum { LONG = 30000, TIMES = 100 };
    (void)state;
    struct kit k;
    char *code = malloc(LONG + 1);
    assert_non_null(code);
    memset(code, 'a', LONG);
    code[LONG] = '\0';
    open_used(&k, "forkserver", 1);
    pid_t server = forkserver_of(&k);
    kill(server, SIGSTOP);
    for (int i = 0; i < TIMES; i++) {
        int64_t id = kit_submit(&k, code);
        assert_int_equal(pool_step(k.pool), OK); /* gives the task to the worker */
        assert_int_equal(pool_cancel(k.pool, id, false), OK);
    }
    kit_submit(&k, code);
    kill(server, SIGCONT);
    kit_until(&k, kit_is_idle);
    assert_true(story_ends_tell(&k.story, TASK_CANCELLED, TIMES));
    assert_true(story_ends_tell(&k.story, TASK_FINISHED, 2));
    kit_end(&k);
    free(code);
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(survives_the_limit_of_processes_of_an_ordinary_user, bound),
        cmocka_unit_test_setup(another_worker_does_a_task_if_the_forkserver_cannot_start_one, bound),
        cmocka_unit_test_setup(tasks_fail_with_an_error_if_the_forkserver_has_no_fds_left, bound),
        cmocka_unit_test_setup(tasks_fail_with_an_error_if_the_host_has_no_fds_left, bound),
        cmocka_unit_test_setup(goes_on_with_as_many_workers_as_there_are_fds_for, bound),
        cmocka_unit_test_setup(fails_a_task_whose_result_cannot_be_sent_and_goes_on_with_its_worker, bound),
        cmocka_unit_test_setup(a_stopped_forkserver_never_blocks_the_host, bound),
        cmocka_unit_test_setup(long_codes_that_are_cancelled_never_block_the_host, bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
