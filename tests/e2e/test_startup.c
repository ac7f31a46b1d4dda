/* SPDX-License-Identifier: MIT
 * What poolscope inherits from the program that starts it: ignored or blocked signals, closed standard descriptors, and
 * limits under which it cannot work, for which it has an exit status of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/io.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

enum { SECCOMP_MISSING = 77 };

static const char self[] = "/proc/self/exe"; /* this test, which then becomes poolscope: see become */
static char *sample;

/* --- the program that starts another one ------------------------------------------------------------------------- */

static void ignore_all(void)
{
    for (int sig = 1; sig <= SIGRTMAX; sig++)
        signal(sig, SIG_IGN); /* not all of them can be ignored */
}

static void block_all(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

/* As nohup(1), with a parent that does not wait for its children, and one blocked signal. */
static void as_nohup(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
}

static void as_background_job(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
}

static void with_few_descriptors(void)
{
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){6, 6});
}

/* pidfd_open(2) is not permitted, as in a strict container. */
static void without_pidfds(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(SECCOMP_MISSING);
}

static const struct {
    const char *name;
    void (*prepare)(void);
} heritages[] = {
    {"ignored", ignore_all},
    {"blocked", block_all},
    {"nohup", as_nohup},
    {"background", as_background_job},
    {"few-descriptors", with_few_descriptors},
    {"no-pidfds", without_pidfds},
};

/* argv is this test, the name of what to inherit, and the program with its arguments. A name that the table does not
 * have is a list of descriptors to close. */
static int become(char **argv)
{
    bool found = false;
    for (size_t i = 0; i < sizeof heritages / sizeof *heritages; i++)
        if (strcmp(argv[1], heritages[i].name) == 0) {
            heritages[i].prepare();
            found = true;
        }
    for (const char *c = argv[1]; !found && *c; c++)
        close(*c - '0');
    execvp(argv[2], argv + 2);
    return 127;
}

/* --- the tests ---------------------------------------------------------------------------------------------------- */

#define START_WITH(p, fd, ...) program_start_argv(p, (const char *const[]){self, __VA_ARGS__, NULL}, fd)

static int empty(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void run_with(struct program *p, const char *const *argv)
{
    program_start_argv(p, argv, empty());
    program_wait(p);
}
#define RUN_WITH(p, ...) run_with(p, (const char *const[]){self, __VA_ARGS__, NULL})

static const char *const all_signals[] = {"ignored", "blocked"};

static void a_run_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    static const char *const methods[] = {"spawn", "forkserver"};
    struct program p;
    (void)state;
    for (int i = 0; i < 4; i++) {
        RUN_WITH(&p, all_signals[i / 2], program_path(), "run", "-s", methods[i % 2], "-c", "0001", sample);
        program_assert_status(&p, 0);
        assert_non_null(strstr(buf_text(&p.out), "hoge"));
        program_done(&p);
    }
}

static void a_hung_run_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    struct program p;
    (void)state;
    for (int i = 0; i < 2; i++) {
        RUN_WITH(&p, all_signals[i], program_path(), "run", "-s", "fork", "-t", "2", "-c", "0001", sample);
        program_assert_status(&p, 124);
        program_done(&p);
    }
}

static void a_watch_ends_with_its_command_whatever_signals_are_ignored_or_blocked(void **state)
{
    struct program p;
    (void)state;
    for (int i = 0; i < 2; i++) {
        RUN_WITH(&p, all_signals[i], program_path(), "watch", "--headless", "--", "sh", "-c", "exit 7");
        program_assert_status(&p, 7);
        program_done(&p);
        RUN_WITH(&p, all_signals[i], program_path(), "watch", "--headless", "--timeout", "0.3", "--", "sleep", "1000");
        program_assert_status(&p, 124);
        program_done(&p);
    }
}

static pid_t start_sleep(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execlp("sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void an_attached_watch_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    struct program p;
    char number[16];
    (void)state;
    for (int i = 0; i < 2; i++) {
        pid_t pid = start_sleep();
        snprintf(number, sizeof number, "%d", (int)pid);
        RUN_WITH(&p, all_signals[i], program_path(), "attach", "--headless", "--timeout", "0.3", number);
        program_assert_status(&p, 124);
        program_done(&p);
        START_WITH(&p, empty(), all_signals[i], program_path(), "attach", "--headless", number);
        end(pid);
        program_wait(&p); /* it was still running, or had ended already */
        assert_true(p.status == 0 || p.status == 3);
        program_done(&p);
    }
}

static void a_measurement_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    struct program p;
    (void)state;
    for (int i = 0; i < 2; i++) {
        RUN_WITH(&p, all_signals[i], program_path(), "bench", "--rounds", "1", "-w", "1", "-c", "0001", sample);
        program_assert_status(&p, 0);
        program_done(&p);
    }
}

static struct pty *on_terminal(const char *const *argv)
{
    return pty_open(30, 100, argv, NULL);
}
#define ON_TERMINAL(...) on_terminal((const char *const[]){self, __VA_ARGS__, NULL})

/* With a command that ends by itself, and with one that is killed when the user quits. */
static void a_watch_on_a_terminal_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pty *p = ON_TERMINAL(all_signals[i], program_path(), "watch", "--", "sh", "-c", "echo said; exit 7");
        pty_wait_text(p, "exited with status 7");
        pty_type(p, "q");
        assert_int_equal(explorer_status(p), 7);
        pty_wait_restored(p);
        pty_free(p);
        p = ON_TERMINAL(all_signals[i], program_path(), "watch", "--", "sleep", "1000");
        pty_wait_text(p, "sleep 1000");
        pty_type(p, "q");
        pty_wait_text(p, "\\?");
        pty_type(p, "y");
        assert_int_equal(explorer_status(p), 128 + SIGKILL);
        pty_wait_restored(p);
        pty_free(p);
    }
}

static void an_attached_screen_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    char number[16];
    (void)state;
    for (int i = 0; i < 2; i++) {
        pid_t pid = start_sleep();
        snprintf(number, sizeof number, "%d", (int)pid);
        struct pty *p = ON_TERMINAL(all_signals[i], program_path(), "attach", number);
        pty_wait_text(p, "sleep 1000");
        pty_type(p, "q");
        assert_int_equal(explorer_status(p), 0);
        pty_wait_restored(p);
        pty_free(p);
        end(pid);
    }
}

static void the_explorer_ends_whatever_signals_are_ignored_or_blocked(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pty *p = ON_TERMINAL(all_signals[i], program_path(), "-s", "spawn", "-c", "0001", sample);
        pty_wait_text(p, "hoge");
        pty_type(p, "r");
        pty_wait_text(p, "1 of 1");
        explorer_quit(p);
    }
}

static void a_command_gets_the_signals_as_they_were_inherited(void **state)
{
    struct program direct, watched;
    (void)state;
    RUN_WITH(&direct, "nohup", "/usr/bin/env", "grep", "-E", "^Sig(Ign|Blk):", "/proc/self/status");
    program_assert_status(&direct, 0);
    RUN_WITH(&watched, "nohup", program_path(), "watch", "--headless", "--", "grep", "-E",
             "^Sig(Ign|Blk):", "/proc/self/status");
    program_assert_status(&watched, 0);
    assert_string_equal(buf_text(&watched.out), buf_text(&direct.out));
    program_done(&direct);
    program_done(&watched);
}

/* A run that reads its table from a pipe continues after the signal, and ends once it has the whole table. */
static void assert_survives(const char *inherited, int sig)
{
    static const char table[] = "code,name\n0001,hoge\n";
    struct program p;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    START_WITH(&p, ends[0], inherited, program_path(), "run", "-s", "spawn", "-");
    assert_int_equal(io_write_all(ends[1], table, sizeof table - 1), OK);
    for (int unread = 1; unread != 0; nap()) /* it has started, and reads */
        assert_int_equal(ioctl(ends[1], FIONREAD, &unread), 0);
    assert_int_equal(kill(p.pid, sig), 0);
    close(ends[1]);
    program_wait(&p);
    program_assert_status(&p, 0);
    assert_non_null(strstr(buf_text(&p.out), "hoge"));
    program_done(&p);
}

static void a_run_under_nohup_survives_a_hangup(void **state)
{
    (void)state;
    assert_survives("nohup", SIGHUP);
}

static void a_run_in_the_background_survives_an_interrupt(void **state)
{
    (void)state;
    assert_survives("background", SIGINT);
}

/* Otherwise tests that interrupt a program would fail when a shell runs them as a background job. */
static void programs_under_test_do_not_inherit_ignored_interrupts(void **state)
{
    struct program p;
    (void)state;
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    PROGRAM_RUN(&p, "watch", "--headless", "--", "sh", "-c", "grep SigIgn /proc/self/status");
    signal(SIGINT, before);
    program_assert_status(&p, 0);
    unsigned long long ignored = strtoull(buf_text(&p.out) + strlen("SigIgn:"), NULL, 16);
    assert_false(ignored & 1ull << (SIGINT - 1));
    program_done(&p);
}

/* Every line of a recording is a JSON object. */
static void assert_is_recording(const char *path)
{
    struct buf b;
    buf_init(&b, (size_t)64 << 20);
    file_read(path, &b);
    const char *line = buf_text(&b);
    assert_true(*line == '{');
    while ((line = strchr(line, '\n')) && *++line)
        if (*line != '{')
            fail_msg("this is in the recording: %s", line);
    buf_done(&b);
}

static void closed_descriptors_do_not_end_up_as_the_recording(void **state)
{
    static const struct {
        const char *closed;
        int status;
    } cases[] = {{"0", 0}, {"1", 125}, {"2", 0}, {"01", 125}, {"02", 0}, {"12", 125}, {"012", 125}};
    struct program p;
    char *recording = file_with("", 0);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RUN_WITH(&p, cases[i].closed, program_path(), "run", "-s", "spawn", "--record", recording, sample);
        program_assert_status(&p, cases[i].status);
        assert_is_recording(recording);
        program_done(&p);
        RUN_WITH(&p, cases[i].closed, program_path(), "watch", "--headless", "--record", recording, "--", "sh", "-c",
                 "echo said; echo said too >&2; read -r line; exit 7");
        program_assert_status(&p, 7);
        assert_is_recording(recording);
        program_done(&p);
    }
    file_done(recording);
}

static void a_table_cannot_be_read_from_a_closed_stdin(void **state)
{
    struct program p;
    (void)state;
    RUN_WITH(&p, "0", program_path(), "run", "-");
    program_assert_status(&p, 3);
    assert_non_null(strstr(buf_text(&p.err), "Bad file descriptor"));
    program_done(&p);
}

/* --- failures of poolscope itself have the status 125 ------------------------------------------------------------- */

static void assert_own_failure(const char *const *argv)
{
    struct program p;
    run_with(&p, argv);
    if (p.status == SECCOMP_MISSING) {
        program_done(&p);
        skip();
    }
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "^poolscope: ");
    program_done(&p);
}
#define ASSERT_OWN_FAILURE(...) assert_own_failure((const char *const[]){self, __VA_ARGS__, NULL})

static void too_few_descriptors_are_not_blamed_on_the_input(void **state)
{
    (void)state;
    ASSERT_OWN_FAILURE("few-descriptors", program_path(), "run", sample);
    ASSERT_OWN_FAILURE("few-descriptors", program_path(), "bench", sample);
    ASSERT_OWN_FAILURE("few-descriptors", program_path(), "attach", "--headless", "1");
    ASSERT_OWN_FAILURE("few-descriptors", program_path(), "watch", "--headless", "--", "true");
}

static void a_missing_system_call_is_not_blamed_on_the_command_or_the_input(void **state)
{
    (void)state;
    ASSERT_OWN_FAILURE("no-pidfds", program_path(), "watch", "--headless", "--", "sh", "-c", "exit 7");
    ASSERT_OWN_FAILURE("no-pidfds", program_path(), "run", sample);
    ASSERT_OWN_FAILURE("no-pidfds", program_path(), "bench", sample);
}

/* A host that cannot be started, and one that dies at once. */
static void a_host_that_cannot_work_is_not_blamed_on_the_input(void **state)
{
    static const char *const hosts[] = {"POOLSCOPE_POOL=/dev/null", "POOLSCOPE_POOL=/bin/false"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ASSERT_OWN_FAILURE("", "env", hosts[i], program_path(), "run", sample);
        ASSERT_OWN_FAILURE("", "env", hosts[i], program_path(), "bench", sample);
        ASSERT_OWN_FAILURE("", "env", hosts[i], program_path(), "bench", "--format", "json", sample);
    }
}

/* The same with a table from a pipe: the host is only started once the table is complete. */
static void a_host_that_cannot_be_started_for_a_stream_is_not_blamed_on_it(void **state)
{
    struct program p;
    int ends[2];
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    START_WITH(&p, ends[0], "", "env", "POOLSCOPE_POOL=/dev/null", program_path(), "run", "-");
    assert_int_equal(io_write_all(ends[1], "a\n1\n", 4), OK);
    close(ends[1]);
    program_wait(&p);
    program_assert_status(&p, 125);
    program_done(&p);
}

static void a_recording_that_cannot_be_opened_is_not_blamed_on_the_input(void **state)
{
    static const char missing[] = "/nonexistent/recording";
    (void)state;
    ASSERT_OWN_FAILURE("", program_path(), "run", "--record", missing, sample);
    ASSERT_OWN_FAILURE("", program_path(), "attach", "--headless", "--record", missing, "1");
    ASSERT_OWN_FAILURE("", program_path(), "watch", "--headless", "--record", missing, "--", "true");
}

static void an_input_that_cannot_be_opened_is_blamed(void **state)
{
    struct program p;
    (void)state;
    static const char *const commands[] = {"run", "bench"};
    for (size_t i = 0; i < 2; i++) {
        PROGRAM_RUN(&p, commands[i], "/nonexistent/table.csv");
        program_assert_status(&p, 3);
        assert_text_matches(buf_text(&p.err), "^poolscope: /nonexistent/table.csv: .*No such file");
        program_done(&p);
    }
}

static void the_report_says_the_status_that_the_program_exits_with(void **state)
{
    struct program p;
    (void)state;
    RUN_WITH(&p, "1", program_path(), "run", "-s", "spawn", sample);
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "exit 125$");
    program_done(&p);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "--record", "/dev/full", sample);
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "/dev/full: the recording is not complete");
    program_done(&p);
    PROGRAM_RUN(&p, "watch", "--headless", "--record", "/dev/full", "--", "true");
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "/dev/full: the recording is not complete");
    program_done(&p);
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(a_run_ends_whatever_signals_are_ignored_or_blocked),
        CASE(a_hung_run_ends_whatever_signals_are_ignored_or_blocked),
        CASE(a_watch_ends_with_its_command_whatever_signals_are_ignored_or_blocked),
        CASE(an_attached_watch_ends_whatever_signals_are_ignored_or_blocked),
        CASE(a_measurement_ends_whatever_signals_are_ignored_or_blocked),
        CASE(a_watch_on_a_terminal_ends_whatever_signals_are_ignored_or_blocked),
        CASE(an_attached_screen_ends_whatever_signals_are_ignored_or_blocked),
        CASE(the_explorer_ends_whatever_signals_are_ignored_or_blocked),
        CASE(a_command_gets_the_signals_as_they_were_inherited),
        CASE(a_run_under_nohup_survives_a_hangup),
        CASE(a_run_in_the_background_survives_an_interrupt),
        CASE(programs_under_test_do_not_inherit_ignored_interrupts),
        CASE(closed_descriptors_do_not_end_up_as_the_recording),
        CASE(a_table_cannot_be_read_from_a_closed_stdin),
        CASE(too_few_descriptors_are_not_blamed_on_the_input),
        CASE(a_missing_system_call_is_not_blamed_on_the_command_or_the_input),
        CASE(a_host_that_cannot_work_is_not_blamed_on_the_input),
        CASE(a_host_that_cannot_be_started_for_a_stream_is_not_blamed_on_it),
        CASE(a_recording_that_cannot_be_opened_is_not_blamed_on_the_input),
        CASE(an_input_that_cannot_be_opened_is_blamed),
        CASE(the_report_says_the_status_that_the_program_exits_with),
    };
    if (argc > 2)
        return become(argv);
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
