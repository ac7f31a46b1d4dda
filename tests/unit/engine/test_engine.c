/* SPDX-License-Identifier: MIT
 * The engine on real threads: parts, errors, inline mode, queries, and forked children. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/engine/engine.h"
#include "core/engine/private.h"

enum { PATIENCE = 30 }; /* seconds */

/* Threads of this process: proc_pid_task(5). ThreadSanitizer may have one of its own. */
static int thread_count(void)
{
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks));)
        n += task->d_name[0] != '.';
    closedir(tasks);
    return n;
}

static struct engine *make_engine(int threads, enum at_fork at_fork)
{
    struct engine *e = NULL;
    assert_int_equal(engine_new(&(struct engine_options){.threads = threads, .at_fork = at_fork}, &e), OK);
    return e;
}

enum { PARTS = 1000 };

struct tally {
    atomic_int ran[PARTS];
    pid_t tid[PARTS];
    pthread_barrier_t *together;
    char name[PARTS][16];
    sigset_t mask[PARTS];
};

static enum err tally_part(void *arg, size_t i)
{
    struct tally *t = arg;
    atomic_fetch_add(&t->ran[i], 1);
    t->tid[i] = gettid();
    if (t->together)
        pthread_barrier_wait(t->together);
    return OK;
}

static enum err look_part(void *arg, size_t i)
{
    struct tally *t = arg;
    prctl(PR_GET_NAME, t->name[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &t->mask[i]);
    return OK;
}

static void runs_every_part_exactly_once(void **state)
{
    (void)state;
    struct engine *e = make_engine(4, AT_FORK_NONE);
    struct tally *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (int round = 1; round <= 100; round++) {
        assert_int_equal(engine_each(e, PARTS, tally_part, t), OK);
        for (int i = 0; i < PARTS; i++)
            assert_int_equal(t->ran[i], round);
    }
    engine_free(e);
    free(t);
}

static void runs_parts_on_its_threads_side_by_side(void **state)
{
    (void)state;
    enum { N = 4 };
    int before = thread_count();
    struct engine *e = make_engine(N, AT_FORK_NONE);
    struct tally *t = calloc(1, sizeof *t);
    pthread_barrier_t together;
    assert_non_null(t);
    pthread_barrier_init(&together, NULL, N);
    t->together = &together;                  /* returns only if N threads are in a part at once */
    assert_int_equal(thread_count(), before); /* none is started before its first use */
    assert_int_equal(engine_each(e, N, tally_part, t), OK);
    assert_int_equal(thread_count(), before + N);
    for (int i = 0; i < N; i++) {
        assert_int_not_equal(t->tid[i], getpid());
        for (int j = 0; j < i; j++)
            assert_int_not_equal(t->tid[i], t->tid[j]);
    }
    engine_free(e);
    pthread_barrier_destroy(&together);
    free(t);
}

static void names_its_threads_and_blocks_signals_in_them(void **state)
{
    (void)state;
    struct engine *e = make_engine(2, AT_FORK_NONE);
    struct tally *t = calloc(1, sizeof *t);
    sigset_t mine;
    assert_non_null(t);
    assert_int_equal(engine_each(e, 64, look_part, t), OK);
    for (int i = 0; i < 64; i++) {
        assert_true(strcmp(t->name[i], "engine-0") == 0 || strcmp(t->name[i], "engine-1") == 0);
        assert_true(sigismember(&t->mask[i], SIGTERM) && sigismember(&t->mask[i], SIGINT));
    }
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
    engine_free(e);
    free(t);
}

static void one_thread_runs_parts_inline(void **state)
{
    (void)state;
    int before = thread_count();
    struct engine *e = make_engine(1, AT_FORK_NONE);
    struct tally *t = calloc(1, sizeof *t);
    assert_non_null(t);
    assert_int_equal(engine_each(e, PARTS, tally_part, t), OK);
    for (int i = 0; i < PARTS; i++) {
        assert_int_equal(t->ran[i], 1);
        assert_int_equal(t->tid[i], gettid());
    }
    assert_int_equal(thread_count(), before);
    engine_free(e);
    free(t);
}

static enum err failing_part(void *arg, size_t i)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return i == 700 ? ERR_CHANGED : i == 30 ? ERR_DENIED : i == 31 ? ERR_GONE : OK;
}

static void gives_the_first_error_by_index(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = make_engine(threads, AT_FORK_NONE);
        for (int round = 0; round < 50; round++) {
            atomic_int ran = 0;
            assert_int_equal(engine_each(e, PARTS, failing_part, &ran), ERR_DENIED);
            assert_int_equal(ran, PARTS);
        }
        atomic_int ran = 0;
        assert_int_equal(engine_each(e, 20, failing_part, &ran), OK); /* the error of the last query is gone */
        assert_int_equal(engine_each(e, 0, failing_part, &ran), OK);
        assert_int_equal(ran, 20);
        engine_free(e);
    }
}

static void refuses_settings_out_of_range(void **state)
{
    (void)state;
    struct engine *e;
    enum at_fork policy;
    assert_int_equal(engine_new(&(struct engine_options){.threads = 0}, &e), ERR_USAGE);
    assert_int_equal(engine_new(&(struct engine_options){.threads = ENGINE_THREADS_MAX + 1}, &e), ERR_USAGE);
    assert_int_equal(at_fork_from_name("reinit", &policy), OK);
    assert_int_equal(policy, AT_FORK_REINIT);
    assert_int_equal(at_fork_from_name("perhaps", &policy), ERR_NOT_FOUND);
    assert_true(engine_usable_cpus() >= 1);
}

/* --- forks -------------------------------------------------------------------------------------------------------- */

static pid_t fork_asker(struct engine *e, size_t parts)
{
    static atomic_int ran;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ran = 0;
        _exit(!engine_each(e, parts, failing_part, &ran) && ran == (int)parts ? 0 : 1);
    }
    return pid;
}

static int wait_exit(pid_t pid)
{
    int status = -1;
    for (double until = clock_now() + PATIENCE; clock_now() < until; usleep(1000)) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

/* Whether the process waits on the private futex `word` without a timeout. */
static bool waits_on(pid_t pid, const void *word)
{
    char path[64], text[256];
    long number;
    unsigned long address, op, value, timeout;
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return sscanf(text, "%ld %lx %lx %lx %lx", &number, &address, &op, &value, &timeout) == 5 && number == SYS_futex &&
           address == (unsigned long)word && op == FUTEX_WAIT_PRIVATE && timeout == 0;
}

static void a_forked_child_waits_on_the_latch_each_time(void **state)
{
    (void)state;
    struct engine *e = make_engine(2, AT_FORK_NONE);
    atomic_int ran = 0;
    for (int round = 0; round < 50; round++) {
        assert_int_equal(engine_each(e, 20, failing_part, &ran), OK);
        pid_t pid = fork_asker(e, 3); /* at once after a query, when no lock is held */
        bool there = false;
        for (double until = clock_now() + PATIENCE; !there && clock_now() < until; usleep(200))
            there = waits_on(pid, &e->latch.left);
        assert_true(there);
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    engine_free(e);
}

static void reinit_restores_the_engine_in_a_forked_child(void **state)
{
    (void)state;
    struct engine *e = make_engine(2, AT_FORK_REINIT), *other = make_engine(3, AT_FORK_REINIT);
    atomic_int ran = 0;
    assert_int_equal(engine_each(e, 20, failing_part, &ran), OK);
    assert_int_equal(engine_each(other, 20, failing_part, &ran), OK);
    for (int round = 0; round < 10; round++) {
        assert_int_equal(wait_exit(fork_asker(e, 25)), 0);
        assert_int_equal(wait_exit(fork_asker(other, 25)), 0);
        assert_int_equal(engine_each(e, 20, failing_part, &ran), OK); /* the parent's engine still works */
    }
    engine_free(other);
    engine_free(e);
}

static void the_policy_can_be_changed_back(void **state)
{
    (void)state;
    struct engine *e = make_engine(2, AT_FORK_REINIT);
    atomic_int ran = 0;
    assert_int_equal(engine_each(e, 20, failing_part, &ran), OK);
    assert_int_equal(engine_set_at_fork(e, AT_FORK_WARN), OK);
    assert_int_equal(engine_at_fork(e), AT_FORK_WARN);
    pid_t pid = fork_asker(e, 3);
    bool there = false;
    for (double until = clock_now() + PATIENCE; !there && clock_now() < until; usleep(200))
        there = waits_on(pid, &e->latch.left);
    assert_true(there);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(engine_set_at_fork(e, AT_FORK_REINIT), OK);
    assert_int_equal(engine_set_at_fork(e, AT_FORK_REINIT), OK);
    assert_int_equal(wait_exit(fork_asker(e, 25)), 0);
    engine_free(e);
}

static void a_child_forked_before_first_use_starts_its_own_threads(void **state)
{
    (void)state;
    struct engine *e = make_engine(2, AT_FORK_NONE);
    assert_int_equal(wait_exit(fork_asker(e, 25)), 0);
    engine_free(e);
}

/* --- queries ------------------------------------------------------------------------------------------------------ */

/* A memory file with a header and `n` rows; code is i modulo `codes` with leading zeros. */
static int make_csv(int n, int codes)
{
    int fd = memfd_create("test.csv", MFD_CLOEXEC);
    assert_true(fd >= 0);
    FILE *f = fdopen(dup(fd), "w");
    assert_non_null(f);
    fputs("code,name\n", f);
    for (int i = 0; i < n; i++)
        fprintf(f, "%04d,n%d\n", i % codes, i);
    assert_int_equal(fclose(f), 0);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static struct table *load(struct engine *e, int fd)
{
    struct table *t = NULL;
    struct problem problem = {""};
    enum err err = engine_load(e, fd, &(struct table_options){.path = "test.csv"}, &t, &problem);
    if (err)
        fail_msg("%s", problem.text);
    return t;
}

static void filters_and_scans_at_every_size(void **state)
{
    (void)state;
    static const int sizes[] = {0, 1, 2, 3, 7, 8, 9, 100, 20011};
    for (int threads = 1; threads <= 3; threads++) {
        struct engine *e = make_engine(threads, AT_FORK_NONE);
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            int n = sizes[k], fd = make_csv(n, 5);
            struct table *t = load(e, fd);
            struct rows found = {0}, all = {0}, none = {0};
            assert_int_equal(table_rows(t), n);
            assert_int_equal(engine_filter(e, t, "0003", 4, &found), OK);
            assert_int_equal(engine_filter(e, t, "3", 1, &none), OK);
            assert_int_equal(engine_scan(e, t, &all), OK);
            assert_int_equal(found.total, (n + 1) / 5);
            for (uint64_t i = 0; i < found.total; i++)
                assert_int_equal(rows_at(&found, i), 3 + 5 * i);
            assert_int_equal(none.total, 0);
            assert_int_equal(all.total, n);
            assert_int_equal(all.n, n > 0);
            rows_done(&found);
            rows_done(&all);
            table_free(t);
            close(fd);
        }
        engine_free(e);
    }
}

static void notices_a_file_that_shrank(void **state)
{
    (void)state;
    char path[] = "/tmp/poolscope-test-XXXXXX";
    struct engine *e = make_engine(2, AT_FORK_NONE);
    int memory = make_csv(20000, 5), fd = mkstemp(path);
    static char bytes[1 << 20];
    ssize_t n = read(memory, bytes, sizeof bytes);
    assert_true(fd >= 0 && n > 0 && write(fd, bytes, (size_t)n) == n);
    unlink(path);
    lseek(fd, 0, SEEK_SET);
    struct table *t = load(e, fd);
    struct rows rows = {0};
    assert_int_equal(ftruncate(fd, 1000), 0);
    assert_int_equal(engine_scan(e, t, &rows), ERR_CHANGED);
    assert_int_equal(rows.total, 0);
    table_free(t);
    close(fd);
    close(memory);
    engine_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_part_exactly_once),
        cmocka_unit_test(runs_parts_on_its_threads_side_by_side),
        cmocka_unit_test(names_its_threads_and_blocks_signals_in_them),
        cmocka_unit_test(one_thread_runs_parts_inline),
        cmocka_unit_test(gives_the_first_error_by_index),
        cmocka_unit_test(refuses_settings_out_of_range),
        cmocka_unit_test(a_forked_child_waits_on_the_latch_each_time),
        cmocka_unit_test(reinit_restores_the_engine_in_a_forked_child),
        cmocka_unit_test(the_policy_can_be_changed_back),
        cmocka_unit_test(a_child_forked_before_first_use_starts_its_own_threads),
        cmocka_unit_test(filters_and_scans_at_every_size),
        cmocka_unit_test(notices_a_file_that_shrank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
