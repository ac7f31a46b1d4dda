/* SPDX-License-Identifier: MIT
 * Whoever of a watch is killed, its supervisor or its observer, the other one ends all that was started: children,
 * orphans and those with a session of their own, without a screen and on one. */
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

/* sleep 1001 is a child, 1002 an orphan, 1003 below one with a session of its own. */
static const char tree[] = "sleep 1001 & (sleep 1002 &); (setsid sh -c 'sleep 1003 & wait' &); wait";

/* The process below `root` whose command has these words; waits for it. */
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

static void a_killed_supervisor_takes_everything_with_it(void **state)
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

static void a_killed_observer_takes_everything_with_it(void **state)
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

static void on_a_screen_the_killed_supervisor_takes_everything_with_it(void **state)
{
    (void)state;
    struct pty *p = on_a_screen();
    kill(pty_pid(p), SIGKILL);
    pty_wait_exit(p);
    kin_wait_none();
    pty_free(p);
}

static void on_a_screen_the_killed_observer_leaves_the_terminal_as_it_was(void **state)
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
        cmocka_unit_test_teardown(a_killed_supervisor_takes_everything_with_it, kin_none_left),
        cmocka_unit_test_teardown(a_killed_observer_takes_everything_with_it, kin_none_left),
        cmocka_unit_test_teardown(a_signal_for_the_supervisor_reaches_the_command, kin_none_left),
        cmocka_unit_test_teardown(on_a_screen_the_killed_supervisor_takes_everything_with_it, kin_none_left),
        cmocka_unit_test_teardown(on_a_screen_the_killed_observer_leaves_the_terminal_as_it_was, kin_none_left),
    };
    return cmocka_run_group_tests(tests, adopt, NULL);
}
