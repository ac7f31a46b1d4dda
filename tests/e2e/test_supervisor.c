/* SPDX-License-Identifier: MIT
 * If the supervisor or the observer of a watch is killed, the other one ends all processes that were started: children,
 * orphans and those with a session of their own, with and without a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

/* sleep 1001 is a child, 1002 is an orphan, and 1003 has a parent with a session of its own. */
static const char tree[] = "sleep 1001 & (sleep 1002 &); (setsid sh -c 'sleep 1003 & wait' &); wait";

/* Waits for a process below `root` whose command contains these words. */
static pid_t wait_for(pid_t root, const char *words)
{
    pid_t kin[KIN_MAX];
    for (double end = clock_now() + PROGRAM_BOUND; clock_now() < end; usleep(2000)) {
        size_t n = kin_below(root, kin);
        for (size_t i = 0; i < n; i++)
            if (kin_command_has(kin[i], words))
                return kin[i];
    }
    fail_msg("no %s below %d", words, (int)root);
    return 0;
}

static void wait_for_tree(pid_t root)
{
    static const char *const all[] = {"sleep 1001", "sleep 1002", "sleep 1003"};
    char words[32];
    for (size_t i = 0; i < 3; i++) {
        snprintf(words, sizeof words, "%s", all[i]);
        wait_for(root, words);
    }
}

static int adopt(void **state)
{
    (void)state;
    kin_adopt();
    return 0;
}

static void start(struct program *p)
{
    program_start(p, (const char *const[]){"watch", "--headless", "--", "sh", "-c", tree, NULL}, NULL);
    wait_for_tree(p->pid);
}

static void everything_ends_when_the_supervisor_is_killed(void **state)
{
    struct program p;
    (void)state;
    start(&p);
    kill(p.pid, SIGKILL);
    program_wait(&p);
    assert_int_equal(p.status, 128 + SIGKILL);
    kin_wait_none();
    program_done(&p);
}

static void everything_ends_when_the_observer_is_killed(void **state)
{
    struct program p;
    (void)state;
    start(&p);
    kill(wait_for(p.pid, "watch"), SIGKILL);
    program_wait(&p);
    assert_int_equal(p.status, 128 + SIGKILL);
    kin_wait_none();
    program_done(&p);
}

static void a_signal_for_the_supervisor_reaches_the_command(void **state)
{
    struct program p;
    (void)state;
    program_start(&p, (const char *const[]){"watch", "--headless", "--", "sleep", "1000", NULL}, NULL);
    wait_for(p.pid, "sleep 1000");
    pid_t command = wait_for(wait_for(p.pid, "watch"), "sleep");
    kill(p.pid, SIGTERM);
    program_wait(&p);
    assert_int_equal(p.status, 128 + SIGTERM);
    assert_false(kin_alive(command));
    program_done(&p);
}

static struct pty *on_a_screen(void)
{
    struct pty *p = pty_open(30, 100, (const char *const[]){program_path(), "watch", "--", "sh", "-c", tree, NULL},
                             NULL);
    pty_wait_text(p, "sleep 1003");
    wait_for_tree(pty_pid(p));
    return p;
}

static void on_a_screen_everything_ends_when_the_supervisor_is_killed(void **state)
{
    (void)state;
    struct pty *p = on_a_screen();
    kill(pty_pid(p), SIGKILL);
    pty_wait_exit(p);
    kin_wait_none();
    pty_free(p);
}

static void on_a_screen_the_terminal_is_restored_when_the_observer_is_killed(void **state)
{
    (void)state;
    struct pty *p = on_a_screen();
    kill(wait_for(pty_pid(p), "watch"), SIGKILL);
    int how = pty_wait_exit(p);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 128 + SIGKILL);
    pty_wait_restored(p);
    kin_wait_none();
    pty_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(everything_ends_when_the_supervisor_is_killed, kin_none_left),
        cmocka_unit_test_teardown(everything_ends_when_the_observer_is_killed, kin_none_left),
        cmocka_unit_test_teardown(a_signal_for_the_supervisor_reaches_the_command, kin_none_left),
        cmocka_unit_test_teardown(on_a_screen_everything_ends_when_the_supervisor_is_killed, kin_none_left),
        cmocka_unit_test_teardown(on_a_screen_the_terminal_is_restored_when_the_observer_is_killed, kin_none_left),
    };
    return cmocka_run_group_tests(tests, adopt, NULL);
}
