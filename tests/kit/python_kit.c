/* SPDX-License-Identifier: MIT
 * Real Python processes for tests: see python_kit.h. */
#include "tests/kit/python_kit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/hang/hang.h"
#include "core/proc/proc.h"

static const double patience = 30;

static pid_t start(char *const argv[], int out)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* so that a failed test leaves no process */
        dup2(null, STDIN_FILENO);
        dup2(out >= 0 ? out : null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    setpgid(pid, pid);
    return pid;
}

static bool is_right(const char *program, int minor)
{
    char check[256];
    char *const argv[] = {(char *)program, "-c", check, NULL};
    int status;
    snprintf(check, sizeof check,
             "import sys; v = sys.version_info; n = sys.implementation.name == 'cpython'\n"
             "sys.exit(not (n and v[0] == 3 and (v[1] >= %d if %d > 0 else v[1] <= %d)))",
             minor, minor, -minor);
    pid_t pid = start(argv, -1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Writes the path to `out`. */
static bool find_program(int minor, char out[4096])
{
    static const char *const on_path[] = {"python3",    "python3.15", "python3.14",
                                          "python3.13", "python3.12", "python3.11"};
    const char *home = getenv("HOME");
    char pattern[4096];
    glob_t found = {0};
    bool right = false;
    for (size_t i = 0; i < sizeof on_path / sizeof *on_path && !right; i++) {
        snprintf(out, 4096, "%s", on_path[i]);
        right = is_right(out, minor);
    }
    snprintf(pattern, sizeof pattern, "%s/.pyenv/versions/3.*/bin/python3", home ? home : "");
    if (!right && glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = found.gl_pathc; i-- > 0 && !right;) { /* newer versions come last, more or less */
            snprintf(out, 4096, "%s", found.gl_pathv[i]);
            right = is_right(out, minor);
        }
        globfree(&found);
    }
    return right;
}

bool python_start(struct python *p, int minor, const char *script)
{
    char program[4096], byte;
    char *const argv[] = {program, "-c", (char *)script, NULL};
    int fds[2];
    if (!find_program(minor, program)) {
        print_message("no CPython 3.%d or %s here\n", abs(minor), minor > 0 ? "later" : "earlier");
        return false;
    }
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    *p = (struct python){.pid = start(argv, fds[1]), .out = fds[0]};
    close(fds[1]);
    assert_int_equal(read(p->out, &byte, 1), 1);
    return true;
}

/* A process of the tree whose hang is proved. */
static pid_t wait_for_hang(pid_t root)
{
    struct scene scene;
    struct hang_settings settings = {.started = clock_now(), .hang_after = 1000};
    struct findings findings = {0};
    pid_t hung = 0;
    assert_int_equal(scene_init(&scene, -1), OK);
    assert_int_equal(scene_watch(&scene, root, true), OK);
    for (double until = clock_now() + patience; hung == 0;) {
        assert_true(clock_now() < until);
        usleep(20 * 1000);
        assert_int_equal(scene_update(&scene, clock_now()), OK);
        findings_done(&findings);
        assert_int_equal(hang_judge(&scene, &settings, &findings), OK);
        for (size_t i = 0; i < findings.n && hung == 0; i++)
            hung = findings.v[i].certainty == CERTAINTY_PROVED ? (pid_t)findings.v[i].pid : 0;
    }
    findings_done(&findings);
    scene_done(&scene);
    return hung;
}

bool python_start_polars(struct python *p, pid_t *worker)
{
    const char *program = getenv("POLARS_NEW"), *srcdir = getenv("srcdir");
    char sample[4096], script[4096];
    if (!program || !*program)
        program = getenv("POLARS_OLD");
    if (!program || !*program) {
        print_message("neither POLARS_NEW nor POLARS_OLD names a Python with Polars\n");
        return false;
    }
    if (access("/dev/shm", W_OK) != 0) { /* multiprocessing has its locks there: sem_overview(7) */
        print_message("/dev/shm may not be written here: multiprocessing has no semaphores\n");
        return false;
    }
    snprintf(script, sizeof script, "%s/tests/programs/pool_filter.py", srcdir ? srcdir : ".");
    snprintf(sample, sizeof sample, "%s/assets/sample.csv", srcdir ? srcdir : ".");
    char *const argv[] = {(char *)program, script, "fork", sample, NULL};
    *p = (struct python){.pid = start(argv, -1), .out = -1};
    *worker = wait_for_hang(p->pid);
    return true;
}

pid_t python_other_thread(const struct python *p)
{
    char path[64];
    pid_t other = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)p->pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (const struct dirent *d; (d = readdir(tasks)) && other == 0;)
        other = atoi(d->d_name) > 0 && atoi(d->d_name) != p->pid ? atoi(d->d_name) : 0;
    closedir(tasks);
    assert_int_not_equal(other, 0);
    return other;
}

pid_t python_trace(const struct python *p)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t tracer = fork();
    assert_true(tracer >= 0);
    if (tracer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (ptrace(PTRACE_SEIZE, p->pid, NULL, NULL) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return tracer;
}

void python_stop(struct python *p)
{
    kill(-p->pid, SIGKILL);
    assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
    if (p->out >= 0)
        close(p->out);
}
