/* SPDX-License-Identifier: MIT
 * --timeout is an upper bound, whatever the program is waiting for, and even if a process cannot be ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

enum { NOBODY = 65534, STATUS_TIMEOUT = 124 };

static char *sample;

/* --- input that does not come, or never ends ---------------------------------------------------------------------- */

/* Its stdin is a pipe to which no process writes. */
static void run_on_silent_pipe(struct program *p, const char *const *args)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    program_start_fd(p, args, ends[0]);
    program_wait(p);
    close(ends[1]);
}
#define RUN_ON_SILENT_PIPE(p, ...) run_on_silent_pipe(p, (const char *const[]){__VA_ARGS__, NULL})

static void timeout_passes_while_waiting_for_a_table(void **state)
{
    struct program p;
    (void)state;
    RUN_ON_SILENT_PIPE(&p, "run", "--timeout", "0.2", "-");
    program_assert_status(&p, STATUS_TIMEOUT);
    assert_non_null(strstr(buf_text(&p.err), "stopped by --timeout"));
    assert_non_null(strstr(buf_text(&p.err), "exit 124"));
    program_done(&p);
    RUN_ON_SILENT_PIPE(&p, "run", "--timeout", "0.2", "--format", "json", "-");
    program_assert_status(&p, STATUS_TIMEOUT);
    assert_text_matches(buf_text(&p.out), "\"outcome\": *\"timeout\"");
    program_done(&p);
}

static void timeout_passes_while_reading_an_endless_table(void **state)
{
    struct program p;
    int ends[2];
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        dup2(ends[1], 1);
        execlp("yes", "yes", "a,b", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    program_start_fd(&p, (const char *const[]){"run", "--timeout", "0.2", "-", NULL}, ends[0]);
    program_wait(&p);
    program_assert_status(&p, STATUS_TIMEOUT);
    program_done(&p);
    waitpid(writer, NULL, 0); /* it ends, as no process reads any more */
}

static void timeout_passes_while_waiting_for_codes(void **state)
{
    struct program p;
    (void)state;
    RUN_ON_SILENT_PIPE(&p, "run", "--timeout", "0.2", "--codes-from", "-", sample);
    program_assert_status(&p, STATUS_TIMEOUT);
    assert_text_matches(buf_text(&p.err), "--codes-from -: .*--timeout passed");
    program_done(&p);
}

static void timeout_passes_while_no_process_writes_to_a_fifo_of_codes(void **state)
{
    struct program p;
    char *path = file_with("", 0);
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    PROGRAM_RUN(&p, "run", "--codes-from", path, "--timeout", "0.2", sample); /* the order of options does not matter */
    program_assert_status(&p, STATUS_TIMEOUT);
    program_done(&p);
    file_done(path);
}

static void codes_of_options_and_files_keep_their_order(void **state)
{
    struct program p;
    char *path = file_with("0002\n0003\n", 10);
    (void)state;
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-w", "1", "--format", "json", "-c", "0001", "--codes-from", path, "-c",
                "0004", sample);
    program_assert_status(&p, 0);
    const char *at = buf_text(&p.out);
    static const char *const wanted[] = {"\"0001\"", "\"0002\"", "\"0003\"", "\"0004\""};
    for (size_t i = 0; i < 4; i++) {
        at = strstr(at, wanted[i]);
        assert_non_null(at);
    }
    program_done(&p);
    file_done(path);
}

/* --- output that no process reads --------------------------------------------------------------------------------- */

static void timeout_passes_while_no_process_reads_the_output(void **state)
{
    enum { OUT = 9, CODES = 20000 };
    struct program p;
    struct buf codes;
    int ends[2];
    (void)state;
    buf_init(&codes, 1 << 20);
    for (int i = 0; i < CODES; i++)
        buf_addf(&codes, "%05d\n", i);
    char *path = file_with(codes.data, codes.len);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[1], OUT), OUT);
    program_start_argv(&p,
                       (const char *const[]){"/bin/sh", "-c", "exec \"$0\" \"$@\" >&9 9>&-", program_path(), "run",
                                             "--timeout", "0.2", "-s", "spawn", "-d", "code=str", "--codes-from", path,
                                             sample, NULL},
                       open("/dev/null", O_RDONLY | O_CLOEXEC));
    close(OUT);
    close(ends[1]);
    program_wait(&p);
    program_assert_status(&p, STATUS_TIMEOUT);
    program_done(&p);
    close(ends[0]);
    file_done(path);
    buf_done(&codes);
}

/* --- processes that cannot be ended ------------------------------------------------------------------------------- */

/* A copy of this test, which belongs to root and has the set-user-ID bit. It becomes the command: see become. */
static char *copy;

/* Takes all three user ids of root, so that the user who started the process may not signal it (kill(2)). */
static int become_immortal(const char *how)
{
    if (setresuid(0, 0, 0) < 0)
        return 1;
    if (strcmp(how, "try") == 0)
        return 0;
    if (strcmp(how, "orphan") == 0 && fork() > 0)
        return 7;
    if (write(STDOUT_FILENO, "ready\n", 6) != 6)
        return 1;
    for (;;)
        pause();
}

static int as_nobody(char **argv)
{
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return 126;
    execv(argv[0], argv);
    return 127;
}

/* Runs the rest of the arguments as the user nobody. */
#define AS_NOBODY(...)                                                                                                 \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        "/proc/self/exe", "as-nobody", __VA_ARGS__, NULL                                                               \
    }

static int status_of(const char *const *argv)
{
    struct program p;
    program_start_argv(&p, argv, open("/dev/null", O_RDONLY | O_CLOEXEC));
    program_wait(&p);
    int status = p.status;
    program_done(&p);
    return status;
}

static void copy_this_program(const char *to)
{
    struct buf b;
    buf_init(&b, (size_t)256 << 20);
    file_read("/proc/self/exe", &b);
    int fd = open(to, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, b.data, b.len), OK);
    assert_int_equal(fchmod(fd, 04755), 0);
    close(fd);
    buf_done(&b);
}

static int make_immortal(void **state)
{
    (void)state;
    copy = file_with("", 0);
    if (geteuid() == 0)
        copy_this_program(copy);
    return 0;
}

/* Skips the test without root, or if the file system ignores the bit, or if the user nobody may not run the program. */
static void need_immortal(void)
{
    if (geteuid() != 0 || status_of(AS_NOBODY(copy, "immortal", "try")) != 0 ||
        status_of(AS_NOBODY(program_path(), "--version")) != 0)
        skip();
}

static int bury_immortals(void **state)
{
    pid_t kin[KIN_MAX];
    size_t n = kin_below(getpid(), kin);
    for (size_t i = 0; i < n; i++)
        if (kin_command_has(kin[i], "immortal"))
            kill(kin[i], SIGKILL);
    return kin_none_left(state);
}

static int forget_immortal(void **state)
{
    int failed = bury_immortals(state);
    file_done(copy);
    return failed;
}

static void watch_as_nobody(struct program *p, const char *timeout, const char *how)
{
    program_start_argv(
        p, AS_NOBODY(program_path(), "watch", "--headless", "--timeout", timeout, "--", copy, "immortal", how),
        open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static void wait_until_ready(struct program *p)
{
    double end = clock_now() + PROGRAM_BOUND;
    for (program_look(p); !strstr(buf_text(&p->out), "ready"); program_look(p)) {
        if (p->status >= 0 || clock_now() > end)
            fail_msg("the command is not ready: %s", buf_text(&p->err));
        nap();
    }
}

static const char unkillable_line[] =
    "^poolscope: process [0-9]+ \\(poolscope-test-\\) could not be ended and still runs";

static void a_watch_does_not_wait_for_a_command_that_may_not_be_killed(void **state)
{
    static const char *const times[] = {"0.5", "4", "30"};
    struct program p;
    bool was_ready = false;
    (void)state;
    need_immortal();
    for (size_t i = 0; i < 3 && !was_ready; i++) { /* try again if the command was ended before it was ready */
        watch_as_nobody(&p, times[i], "command");
        program_wait(&p);
        program_assert_status(&p, STATUS_TIMEOUT);
        was_ready = strstr(buf_text(&p.out), "ready");
        if (was_ready)
            assert_text_matches(buf_text(&p.err), unkillable_line);
        program_done(&p);
    }
    assert_true(was_ready);
}

static void an_orphan_that_may_not_be_killed_is_not_waited_for(void **state)
{
    struct program p;
    (void)state;
    need_immortal();
    watch_as_nobody(&p, "1000", "orphan");
    program_wait(&p);
    program_assert_status(&p, 7);
    assert_text_matches(buf_text(&p.err), "^poolscope: the command ended and left 1 process running: [0-9]+$");
    program_done(&p);
}

static void a_watch_ends_by_a_signal_that_its_command_may_not_be_sent(void **state)
{
    struct program p;
    (void)state;
    need_immortal();
    watch_as_nobody(&p, "1000", "command");
    wait_until_ready(&p);
    kill(p.pid, SIGTERM);
    program_wait(&p);
    program_assert_status(&p, 128 + SIGTERM);
    assert_text_matches(buf_text(&p.err), unkillable_line);
    program_done(&p);
}

static void a_supervisor_does_not_wait_for_an_orphan_that_may_not_be_killed(void **state)
{
    struct program p;
    pid_t kin[KIN_MAX];
    (void)state;
    need_immortal();
    watch_as_nobody(&p, "1000", "command");
    wait_until_ready(&p);
    assert_int_equal(kin_children(p.pid, kin), 1);
    kill(kin[0], SIGKILL);
    program_wait(&p);
    program_assert_status(&p, 128 + SIGKILL);
    assert_text_matches(buf_text(&p.err), unkillable_line);
    program_done(&p);
}

static void the_screen_can_be_quit_though_its_command_may_not_be_killed(void **state)
{
    (void)state;
    need_immortal();
    struct pty *p = pty_open(30, 100, AS_NOBODY(program_path(), "watch", "--", copy, "immortal", "command"), NULL);
    pty_wait_text(p, "ready");
    pty_type(p, "q");
    pty_wait_text(p, "y/n");
    pty_type(p, "y");
    assert_int_equal(explorer_status(p), 125);
    assert_true(pty_raw_has(p, "could not be ended and still runs"));
    pty_free(p);
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static void assert_refused(const char *command, const char *option, const char *value, const char *last)
{
    struct program p;
    PROGRAM_RUN(&p, command, option, value, last);
    if (p.status != 2 || !strstr(buf_text(&p.err), option) || !strstr(buf_text(&p.err), "expected "))
        fail_msg("%s %s %s: status %d: %s", command, option, value, p.status, buf_text(&p.err));
    program_done(&p);
}

static void invalid_numbers_are_refused(void **state)
{
    static const char *const values[] = {"nan", "-nan",  "inf",    "-inf", "infinity", "-1", "0",
                                         "-0",  "1e300", "1e-320", "",     "x",        "1s", "99999999999999999999"};
    static const struct {
        const char *command, *option, *last;
    } options[] = {
        {"run", "--timeout", "-"},      {"watch", "--timeout", "true"},    {"attach", "--timeout", "1"},
        {"run", "--hang-after", "-"},   {"watch", "--hang-after", "true"}, {"bench", "--hang-after", "-"},
        {"run", "--task-timeout", "-"}, {"run", "--workers", "-"},         {"run", "--threads", "-"},
        {"run", "--max-tasks", "-"},    {"run", "--retries", "-"},         {"bench", "--rounds", "-"},
        {"bench", "--workers", "-"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            assert_refused(options[i].command, options[i].option, values[k], options[i].last);
}

/* A timeout of nearly zero seconds passes at once, and one of nearly infinitely many never does. */
static void tiny_and_huge_numbers_of_seconds_are_accepted(void **state)
{
    struct program p;
    (void)state;
    RUN_ON_SILENT_PIPE(&p, "run", "--timeout", "1e-300", "-");
    program_assert_status(&p, STATUS_TIMEOUT);
    program_done(&p);
    PROGRAM_RUN(&p, "run", "--timeout", "1e9", "--hang-after", "1e9", "--task-timeout", "1e9", "-s", "spawn", sample);
    program_assert_status(&p, 0);
    program_done(&p);
    PROGRAM_RUN(&p, "watch", "--headless", "--timeout", "1e9", "--hang-after", "1e9", "--", "sh", "-c", "exit 7");
    program_assert_status(&p, 7);
    program_done(&p);
}

int main(int argc, char **argv)
{
#define CASE(name)     cmocka_unit_test_teardown(name, kin_none_left)
#define IMMORTAL(name) cmocka_unit_test_teardown(name, bury_immortals)
    const struct CMUnitTest tests[] = {
        CASE(timeout_passes_while_waiting_for_a_table),
        CASE(timeout_passes_while_reading_an_endless_table),
        CASE(timeout_passes_while_waiting_for_codes),
        CASE(timeout_passes_while_no_process_writes_to_a_fifo_of_codes),
        CASE(codes_of_options_and_files_keep_their_order),
        CASE(timeout_passes_while_no_process_reads_the_output),
        IMMORTAL(a_watch_does_not_wait_for_a_command_that_may_not_be_killed),
        IMMORTAL(an_orphan_that_may_not_be_killed_is_not_waited_for),
        IMMORTAL(a_watch_ends_by_a_signal_that_its_command_may_not_be_sent),
        IMMORTAL(a_supervisor_does_not_wait_for_an_orphan_that_may_not_be_killed),
        IMMORTAL(the_screen_can_be_quit_though_its_command_may_not_be_killed),
        CASE(invalid_numbers_are_refused),
        CASE(tiny_and_huge_numbers_of_seconds_are_accepted),
    };
    if (argc == 3 && strcmp(argv[1], "immortal") == 0)
        return become_immortal(argv[2]);
    if (argc > 2 && strcmp(argv[1], "as-nobody") == 0)
        return as_nobody(argv + 2);
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, make_immortal, forget_immortal);
    free(sample);
    return failed;
}
