/* SPDX-License-Identifier: MIT
 * `poolscope watch` and `poolscope attach` in a pseudo-terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

static struct pty *watched(int rows, int cols, const char *script)
{
    return pty_open(rows, cols, (const char *const[]){program_path(), "watch", "--", "sh", "-c", script, NULL}, NULL);
}

/* Presses q once. Returns the exit status. */
static int quit(struct pty *p)
{
    pty_type(p, "q");
    int status = explorer_status(p);
    pty_wait_restored(p);
    pty_free(p);
    return status;
}

static void a_hanging_program_is_shown_typed_into_and_killed(void **state)
{
    (void)state;
    char script[4096];
    const char *top = getenv("builddir");
    snprintf(script, sizeof script, "echo your name; read -r name; echo \"hello, $name\"; exec %s/tests/hang_cases %s",
             top ? top : "build", "fork-latch");
    struct pty *p = watched(40, 120, script);
    pty_wait_text(p, "your name");
    pty_type(p, "i");
    pty_wait_text(p, "C-\\] ends typing");
    pty_type(p, "q x?\r"); /* while typing, these keys are no commands */
    pty_wait_text(p, "hello, q x\\?");
    pty_wait_text(p, "HUNG, proved");
    pty_type(p, "\x1d");
    pty_wait_text(p, "\\? help");
    pty_type(p, "e");
    pty_wait_text(p, "process [0-9]+  hung, proved");
    pty_type(p, "x");
    pty_wait_text(p, "Kill 2 processes \\(SIGKILL\\)\\?");
    pty_type(p, "n");
    pty_wait_no_text(p, "SIGKILL");
    pty_type(p, "xy");
    pty_wait_text(p, "ended by signal 9");
    pty_wait_text(p, "HUNG, proved");
    assert_int_equal(quit(p), 124);
}

static void the_status_of_the_command_is_passed_on(void **state)
{
    (void)state;
    struct pty *p = watched(24, 80, "echo over; exit 7");
    pty_wait_text(p, "exited with status 7");
    pty_type(p, "3");
    pty_wait_text(p, "^ ?>?over");
    assert_int_equal(quit(p), 7);
    p = pty_open(24, 80, (const char *const[]){program_path(), "watch", "--", "/no/such/command", NULL}, NULL);
    assert_int_equal(explorer_status(p), 127);
    pty_wait_restored(p);
    pty_free(p);
}

static void the_terminal_of_the_program_is_as_large_as_its_pane(void **state)
{
    (void)state;
    struct pty *p = watched(24, 80, "trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done");
    pty_type(p, "3");
    pty_wait_text(p, "18 78"); /* the size that the program finds at its start */
    pty_resize(p, 30, 90);
    pty_wait_text(p, "24 88");
    pty_type(p, "q");
    pty_wait_text(p, "Quit and kill it\\?");
    pty_type(p, "y");
    assert_int_equal(explorer_status(p), 128 + SIGKILL);
    pty_wait_restored(p);
    pty_free(p);
}

static void the_program_keeps_running_while_poolscope_is_suspended(void **state)
{
    (void)state;
    struct pty *p = watched(24, 80, "n=0; while :; do n=$((n+1)); echo \"[$n]\"; sleep 0.1; done");
    pty_type(p, "3");
    pty_wait_text(p, "\\[3\\]");
    pty_type(p, "\x1a");
    pty_wait_stopped(p);
    pty_read_for(p, 1.0);
    pty_signal(p, SIGCONT);
    pty_wait_text(p, "\\[1[0-9]\\]"); /* it kept counting, and its output was kept */
    pty_type(p, "X");
    pty_wait_text(p, "SIGTERM");
    pty_type(p, "y");
    pty_wait_text(p, "ended by signal 15");
    assert_int_equal(quit(p), 128 + SIGTERM);
}

static void a_program_that_ignores_sigterm_is_killed(void **state)
{
    (void)state;
    struct pty *p = watched(24, 80, "trap '' TERM; echo deaf; while :; do sleep 0.1; done");
    pty_type(p, "3");
    pty_wait_text(p, "deaf");
    pty_type(p, "Xy");
    pty_wait_text(p, "ended by signal 9");
    assert_int_equal(quit(p), 128 + SIGKILL);
}

/* Pastes more than all buffers between poolscope and the program can hold. */
static void typing_into_a_program_that_never_reads_does_not_block(void **state)
{
    (void)state;
    enum { PASTE = 60000 };
    char *paste = malloc(PASTE + 32);
    assert_non_null(paste);
    struct pty *p = watched(24, 80, "stty raw -echo; echo ready; exec sleep 1000");
    pty_type(p, "i");
    pty_wait_text(p, "ready");
    memcpy(paste, "\033[200~", 6);
    memset(paste + 6, 'x', PASTE);
    memcpy(paste + 6 + PASTE, "\033[201~", 7);
    pty_type(p, paste);
    pty_type(p, paste);
    pty_type(p, paste);
    pty_wait_text(p, "does not read");
    pty_type(p, "\x1d");
    pty_type(p, "xy");
    pty_wait_text(p, "ended by signal 9");
    assert_int_equal(quit(p), 128 + SIGKILL);
    free(paste);
}

static void attach_does_not_end_the_processes_that_it_watched(void **state)
{
    (void)state;
    char pid[24], line[48];
    pid_t children[KIN_MAX];
    struct program other;
    program_start(&other, (const char *const[]){"watch", "--headless", "--", "sleep", "1000", NULL}, NULL);
    double end = clock_now() + PROGRAM_BOUND;
    while ((kin_children(other.pid, children) == 0 || kin_children(children[0], children) == 0 ||
            !kin_command_has(children[0], "sleep")) &&
           clock_now() < end)
        usleep(1000); /* the child of the supervisor is the observer, and its child is the command */
    pid_t child = children[0];
    assert_true(kin_command_has(child, "sleep"));
    snprintf(pid, sizeof pid, "%d", (int)child);
    struct pty *p = pty_open(30, 100, (const char *const[]){program_path(), "attach", pid, NULL}, NULL);
    snprintf(line, sizeof line, "attached to %s", pid);
    pty_wait_text(p, line);
    pty_wait_text(p, "sleep 1000 +[0-9]+  sleeping");
    assert_int_equal(quit(p), 0);
    assert_true(kin_alive(child));
    kill(child, SIGKILL);
    program_wait(&other);
    program_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_hanging_program_is_shown_typed_into_and_killed, kin_none_left),
        cmocka_unit_test_teardown(the_status_of_the_command_is_passed_on, kin_none_left),
        cmocka_unit_test_teardown(the_terminal_of_the_program_is_as_large_as_its_pane, kin_none_left),
        cmocka_unit_test_teardown(the_program_keeps_running_while_poolscope_is_suspended, kin_none_left),
        cmocka_unit_test_teardown(a_program_that_ignores_sigterm_is_killed, kin_none_left),
        cmocka_unit_test_teardown(typing_into_a_program_that_never_reads_does_not_block, kin_none_left),
        cmocka_unit_test_teardown(attach_does_not_end_the_processes_that_it_watched, kin_none_left),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
