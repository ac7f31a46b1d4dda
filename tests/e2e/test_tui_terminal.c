/* SPDX-License-Identifier: MIT
 * The explorer and the terminal it shares with a shell: job control from outside, pasted text, keys it
 * does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

static char *sample;

static struct pty *shell_with_explorer(void)
{
    char command[9000];
    struct pty *p = pty_open(30, 100, (const char *const[]){"/bin/bash", "--norc", "--noprofile", "-i", NULL},
                             (const char *const[]){"PS1=ready> ", "HISTFILE=", NULL});
    pty_wait_text(p, "^ready> ?$");
    snprintf(command, sizeof command, "%s -s spawn -c 0001 %s\r", program_path(), sample);
    pty_type(p, command);
    pty_wait_text(p, "\\[x\\] +0001 +hoge");
    return p;
}

static void leave_shell(struct pty *p)
{
    pty_type(p, "exit\r");
    pty_wait_exit(p);
    pty_free(p);
}

static void in_the_background_it_leaves_the_terminal_alone(void **state)
{
    (void)state;
    struct pty *p = shell_with_explorer();
    pty_type(p, "j");
    pty_wait_text(p, "▊\\[ \\] +0002");
    pty_type(p, "\x1a");
    pty_wait_text(p, "Stopped");
    /* it stops itself again, and nothing else happens */
    pty_type(p, "bg; until jobs %1 | grep -q Stopped; do :; done; echo a$((1+1))b\r");
    pty_wait_text(p, "^a2b$");
    assert_false(pty_modes(p).alternate);
    pty_type(p, "fg\r");
    pty_wait_text(p, "\\[x\\] +0001 +hoge");
    pty_wait_text(p, "▊\\[ \\] +0002");
    pty_type(p, "q");
    pty_wait_text(p, "^ready> ?$");
    leave_shell(p);
}

static void a_stopped_one_can_be_told_to_end(void **state)
{
    (void)state;
    struct pty *p = shell_with_explorer();
    pty_type(p, "\x1a");
    pty_wait_text(p, "Stopped");
    pty_type(p, "kill %1\r");
    for (int i = 0; i < 300 && !pty_shows(p, "Done|Exit"); i++) {
        pty_type(p, "\r"); /* the shell tells of it at a prompt */
        pty_read_for(p, 0.1);
    }
    pty_wait_text(p, "Done"); /* with status 0 */
    assert_false(pty_modes(p).alternate);
    leave_shell(p);
}

static void a_paste_is_text_and_no_keys(void **state)
{
    (void)state;
    struct pty *p = pty_open(40, 120, (const char *const[]){program_path(), "-s", "spawn", sample, NULL}, NULL);
    pty_wait_text(p, "hoge");
    pty_type(p, "\x1b[200~qqX\rq\x1b[201~");
    pty_wait_text(p, "Text can be pasted into a prompt only");
    pty_type(p, "+\x1b[200~00\n03\x1b[201~\r");
    pty_wait_text(p, "\\[x\\] +00 03 +\\(typed; matches no row\\)");
    pty_type(p, "+日本\x7f語\r");
    pty_wait_text(p, "日語 +\\(typed; matches no row\\)");
    explorer_quit(p);
}

static void a_key_it_does_not_know_is_no_other_key(void **state)
{
    (void)state;
    struct pty *p = pty_open(40, 120, (const char *const[]){program_path(), "-s", "spawn", sample, NULL}, NULL);
    pty_wait_text(p, "hoge");
    pty_type(p, "\x1b[1;5A\x1b[99;1q\x1bOz\x1bq"); /* C-Up, two that nobody sends, M-q */
    pty_wait_text(p, "M-q does nothing here");
    pty_type(p, "\x1b");
    pty_wait_text(p, "Quit\\?");
    pty_type(p, "n");
    pty_wait_no_text(p, "Quit\\?");
    explorer_quit(p);
}

static void without_a_terminal_it_ends_even_if_nobody_says_so(void **state)
{
    (void)state;
    char command[9000];
    snprintf(command, sizeof command, "trap '' HUP; %s %s; exit 7", program_path(), sample);
    struct pty *p = pty_open(30, 100, (const char *const[]){"/bin/sh", "-c", command, NULL}, NULL);
    pid_t below[KIN_MAX], shell = pty_pid(p); /* leads the session, so that it alone is sent the signal */
    pty_wait_text(p, "hoge");
    pty_hang_up(p);
    double end = clock_now() + PTY_BOUND;
    while (kin_children(shell, below) > 0) {
        assert_true(clock_now() < end);
        usleep(20000);
    }
    pty_free(p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(in_the_background_it_leaves_the_terminal_alone),
        CASE(a_stopped_one_can_be_told_to_end),
        CASE(a_paste_is_text_and_no_keys),
        CASE(without_a_terminal_it_ends_even_if_nobody_says_so),
        CASE(a_key_it_does_not_know_is_no_other_key),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
