/* SPDX-License-Identifier: MIT
 * The terminal guard, on a real pseudo-terminal. Started as `test_tui_guard guarded HOW`, this program is the process
 * that the guard protects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/proc/proc.h"
#include "tui/term/guard.h"

static const double bound = 30; /* seconds that any wait may take */
static const char restoring[] = "\033[?1049l\033[?25h";

/* Takes over the terminal on fd 0 and writes the pid of the guard to it. If `how` is gives-back, gives the terminal
 * back. Then replaces a guard that dies, until it is killed. */
static int guarded_main(const char *how)
{
    struct guard *g;
    struct term_restore r = {.fd = 0, .nbytes = sizeof restoring - 1};
    memcpy(r.bytes, restoring, r.nbytes);
    if (guard_new(&g) || tcgetattr(0, &r.before))
        return 1;
    r.ours = r.before;
    cfmakeraw(&r.ours);
    tcsetattr(0, TCSANOW, &r.ours);
    if (tcgetattr(0, &r.ours))
        return 1;
    guard_set(g, &r);
    dprintf(0, "guard %d\n", (int)guard_pid(g));
    if (strcmp(how, "gives-back") == 0) {
        tcsetattr(0, TCSANOW, &r.before);
        guard_set(g, NULL);
        dprintf(0, "given\n");
    }
    for (;;) {
        struct pollfd fd = {guard_fd(g), POLLIN, 0};
        if (poll(&fd, 1, -1) > 0) {
            guard_revive(g);
            dprintf(0, "guard %d\n", (int)guard_pid(g));
        }
    }
}

struct stage {
    int master, slave;
    pid_t guarded;
    struct termios before;
    char seen[8192];
    size_t nseen;
};

/* Reads what comes within a second, if anything. */
static void read_more(struct stage *s)
{
    struct pollfd fd = {s->master, POLLIN, 0};
    if (poll(&fd, 1, 1000) <= 0 || s->nseen + 1 >= sizeof s->seen)
        return;
    ssize_t n = read(s->master, s->seen + s->nseen, sizeof s->seen - 1 - s->nseen);
    s->nseen += n > 0 ? (size_t)n : 0;
    s->seen[s->nseen] = '\0';
}

static void read_until(struct stage *s, const char *what)
{
    double end = clock_now() + bound;
    while (!strstr(s->seen, what)) {
        if (clock_now() > end)
            fail_msg("never saw \"%s\" in \"%s\"", what, s->seen);
        read_more(s);
    }
}

static pid_t guard_named(struct stage *s, int nth)
{
    char *at = s->seen;
    for (int i = 0; i <= nth; i++)
        at = at ? strstr(i ? at + 1 : at, "guard ") : NULL;
    return at && strchr(at, '\n') ? (pid_t)atoi(at + 6) : 0;
}

/* Waits for the pid of the nth guard, from 0. */
static pid_t wait_guard(struct stage *s, int nth)
{
    double end = clock_now() + bound;
    while (guard_named(s, nth) == 0) {
        assert_true(clock_now() < end);
        read_more(s);
    }
    return guard_named(s, nth);
}

static void set_scene(struct stage *s, const char *how)
{
    char *argv[] = {"test_tui_guard", "guarded", (char *)how, NULL};
    posix_spawn_file_actions_t files;
    memset(s, 0, sizeof *s);
    assert_int_equal(openpty(&s->master, &s->slave, NULL, NULL, NULL), 0);
    fcntl(s->master, F_SETFD, FD_CLOEXEC);
    assert_int_equal(tcgetattr(s->slave, &s->before), 0);
    assert_int_equal(posix_spawn_file_actions_init(&files), 0);
    posix_spawn_file_actions_adddup2(&files, s->slave, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    assert_int_equal(posix_spawn(&s->guarded, "/proc/self/exe", &files, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
}

/* This process is the subreaper of all others, so it can wait for a guard. */
static void wait_gone(pid_t pid)
{
    double end = clock_now() + bound;
    while (waitpid(pid, NULL, WNOHANG) != pid && clock_now() < end)
        usleep(2000);
    assert_int_equal(kill(pid, 0), -1);
}

static void kill_guarded(struct stage *s)
{
    kill(s->guarded, SIGKILL);
    assert_int_equal(waitpid(s->guarded, NULL, 0), s->guarded);
}

static bool is_restored(const struct stage *s)
{
    struct termios now;
    assert_int_equal(tcgetattr(s->slave, &now), 0);
    return now.c_lflag == s->before.c_lflag && now.c_iflag == s->before.c_iflag && now.c_oflag == s->before.c_oflag;
}

static void clear_scene(struct stage *s)
{
    close(s->master);
    close(s->slave);
}

static void restores_the_terminal_of_a_killed_explorer(void **state)
{
    (void)state;
    struct stage s;
    set_scene(&s, "stays");
    pid_t guard = wait_guard(&s, 0);
    assert_false(is_restored(&s));
    kill_guarded(&s);
    wait_gone(guard);
    read_until(&s, restoring);
    assert_true(is_restored(&s));
    clear_scene(&s);
}

static void is_replaced_when_it_dies_and_the_next_one_restores_the_terminal(void **state)
{
    (void)state;
    struct stage s;
    set_scene(&s, "stays");
    pid_t first = wait_guard(&s, 0);
    kill(first, SIGKILL);
    pid_t second = wait_guard(&s, 1);
    assert_int_not_equal(first, second);
    kill_guarded(&s);
    wait_gone(second);
    read_until(&s, restoring);
    assert_true(is_restored(&s));
    clear_scene(&s);
}

static void keeps_the_settings_of_a_shell_that_took_over(void **state)
{
    (void)state;
    struct stage s;
    struct termios shell;
    set_scene(&s, "stays");
    pid_t guard = wait_guard(&s, 0);
    kill(guard, SIGSTOP); /* so that the shell is first */
    kill_guarded(&s);
    shell = s.before;
    shell.c_lflag &= ~(tcflag_t)ICANON;
    assert_int_equal(tcsetattr(s.slave, TCSANOW, &shell), 0);
    kill(guard, SIGCONT);
    wait_gone(guard);
    read_until(&s, restoring); /* the screen is still restored */
    struct termios now;
    assert_int_equal(tcgetattr(s.slave, &now), 0);
    assert_int_equal(now.c_lflag, shell.c_lflag);
    clear_scene(&s);
}

static void leaves_a_terminal_alone_that_was_given_back(void **state)
{
    (void)state;
    struct stage s;
    set_scene(&s, "gives-back");
    pid_t guard = wait_guard(&s, 0);
    read_until(&s, "given");
    kill_guarded(&s);
    wait_gone(guard);
    dprintf(s.slave, "the end\n"); /* comes after anything that the guard wrote */
    read_until(&s, "the end");
    assert_null(strstr(s.seen, restoring));
    clear_scene(&s);
}

static void ignores_signals_of_the_terminal(void **state)
{
    (void)state;
    struct stage s;
    static const int signals[] = {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGTSTP, SIGTTOU, SIGTTIN, SIGPIPE};
    set_scene(&s, "stays");
    pid_t guard = wait_guard(&s, 0);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        assert_int_equal(kill(guard, signals[i]), 0);
    kill_guarded(&s);
    wait_gone(guard);
    read_until(&s, restoring);
    clear_scene(&s);
}

/* Reads the name that pkill(1) matches. */
static void is_not_found_by_the_name_of_the_program(void **state)
{
    (void)state;
    struct stage s;
    char path[64], name[64] = "";
    set_scene(&s, "stays");
    pid_t guard = wait_guard(&s, 0);
    snprintf(path, sizeof path, "/proc/%d/comm", (int)guard);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(name, sizeof name, f));
    fclose(f);
    assert_null(strstr(name, "poolscope"));
    assert_true(proc_is_guard(guard));
    kill_guarded(&s);
    wait_gone(guard);
    clear_scene(&s);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "guarded") == 0)
        return guarded_main(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restores_the_terminal_of_a_killed_explorer),
        cmocka_unit_test(is_replaced_when_it_dies_and_the_next_one_restores_the_terminal),
        cmocka_unit_test(keeps_the_settings_of_a_shell_that_took_over),
        cmocka_unit_test(leaves_a_terminal_alone_that_was_given_back),
        cmocka_unit_test(ignores_signals_of_the_terminal),
        cmocka_unit_test(is_not_found_by_the_name_of_the_program),
    };
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
