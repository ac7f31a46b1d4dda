/* SPDX-License-Identifier: MIT
 * The explorer in a terminal that it shares with a shell: job control, pasted text, unknown keys. */
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

static void the_explorer_leaves_the_terminal_alone_in_the_background(void **state)
{
    (void)state;
    struct pty *p = shell_with_explorer();
    pty_type(p, "j");
    pty_wait_text(p, "▊\\[ \\] +0002");
    pty_type(p, "\x1a");
    pty_wait_text(p, "Stopped");
    /* the explorer stops itself again, and nothing else happens */
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

static void a_suspended_explorer_ends_on_sigterm(void **state)
{
    (void)state;
    struct pty *p = shell_with_explorer();
    pty_type(p, "\x1a");
    pty_wait_text(p, "Stopped");
    pty_type(p, "kill %1\r");
    for (int i = 0; i < 300 && !pty_shows(p, "Done|Exit"); i++) {
        pty_type(p, "\r"); /* the shell reports the end at its next prompt */
        pty_read_for(p, 0.1);
    }
    pty_wait_text(p, "Done"); /* with status 0 */
    assert_false(pty_modes(p).alternate);
    leave_shell(p);
}

static void pasted_text_never_acts_as_keys(void **state)
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

static void an_unknown_key_acts_as_no_other_key(void **state)
{
    (void)state;
    struct pty *p = pty_open(40, 120, (const char *const[]){program_path(), "-s", "spawn", sample, NULL}, NULL);
    pty_wait_text(p, "hoge");
    pty_type(p, "\x1b[1;5A\x1b[99;1q\x1bOz\x1bq"); /* C-Up, two that no terminal sends, M-q */
    pty_wait_text(p, "M-q does nothing here");
    pty_type(p, "\x1b");
    pty_wait_text(p, "Quit\\?");
    pty_type(p, "n");
    pty_wait_no_text(p, "Quit\\?");
    explorer_quit(p);
}

static void the_explorer_ends_with_its_terminal_even_without_sighup(void **state)
{
    (void)state;
    char command[9000];
    snprintf(command, sizeof command, "trap '' HUP; %s %s; exit 7", program_path(), sample);
    struct pty *p = pty_open(30, 100, (const char *const[]){"/bin/sh", "-c", command, NULL}, NULL);
    pid_t below[KIN_MAX], shell = pty_pid(p); /* the shell leads the session, so only it gets SIGHUP */
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
        CASE(the_explorer_leaves_the_terminal_alone_in_the_background),
        CASE(a_suspended_explorer_ends_on_sigterm),
        CASE(pasted_text_never_acts_as_keys),
        CASE(the_explorer_ends_with_its_terminal_even_without_sighup),
        CASE(an_unknown_key_acts_as_no_other_key),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
