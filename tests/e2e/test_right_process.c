/* SPDX-License-Identifier: MIT
 * Every signal goes to the right process: after a pid was given to another process, as process 1 of a PID namespace,
 * and when a command ends by itself and leaves daemons running. Tests that need a PID namespace are skipped where it
 * may not be created. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/proc/identity.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"
#include "tui/term/guard.h"

/* The exit statuses of process 1. */
enum { PASSED = 0, FAILED = 1, TRY_AGAIN = 76, NO_NAMESPACE = 77 };

/* Replaces the assertions of cmocka in process 1 of a namespace, where they would jump into a copy of the test runner.
 */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition);                                        \
            return FAILED;                                                                                             \
        }                                                                                                              \
    } while (0)

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        _exit(NO_NAMESPACE);
    io_close(&fd);
}

/* An ordinary user may do this as root of a new user namespace, where those are allowed. */
static void unshare_pids(void)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWPID) < 0)
        _exit(NO_NAMESPACE);
    if (!uid)
        return;
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", (unsigned)uid);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", (unsigned)gid);
    write_text("/proc/self/gid_map", map);
}

_Noreturn static void be_process_one(int (*work)(void))
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, NULL) < 0)
        _exit(NO_NAMESPACE);
    _exit(work());
}

static int exit_code(int how)
{
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

/* Waits until the child has ended. False if that takes too long. */
static bool wait_child(pid_t pid, int *how)
{
    pid_t ended;
    double end = clock_now() + PROGRAM_BOUND;
    while ((ended = waitpid(pid, how, WNOHANG)) == 0 && clock_now() < end)
        nap();
    return ended == pid;
}

/* Starts `work` as process 1 of a new PID namespace with a /proc of its own. Returns a child of ours that exits as
 * process 1 does. */
static pid_t start_namespace(int (*work)(void))
{
    pid_t helper = fork();
    assert_true(helper >= 0);
    if (helper > 0)
        return helper;
    int how = 0;
    unshare_pids();
    pid_t one = fork();
    if (one == 0)
        be_process_one(work);
    while (one > 0 && waitpid(one, &how, 0) < 0 && errno == EINTR)
        continue;
    _exit(one > 0 ? exit_code(how) : NO_NAMESPACE);
}

/* The exit status of process 1. Skips the test if there can be no process 1. */
static int wait_namespace(pid_t helper)
{
    int how;
    if (!wait_child(helper, &how)) {
        kill(helper, SIGKILL); /* process 1 dies with it */
        waitpid(helper, NULL, 0);
        fail_msg("process 1 did not end in %d seconds", PROGRAM_BOUND);
    }
    if (exit_code(how) == NO_NAMESPACE)
        skip();
    return exit_code(how);
}

static void pass_in_namespace(int (*work)(void))
{
    enum { TRIES = 20 };
    int code = TRY_AGAIN;
    for (int i = 0; i < TRIES && code == TRY_AGAIN; i++)
        code = wait_namespace(start_namespace(work));
    assert_int_equal(code, PASSED);
}

/* Processes that only wait, in a namespace */

static bool is_there(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static bool wait_gone(pid_t pid)
{
    double end = clock_now() + PROGRAM_BOUND;
    while (is_there(pid) && clock_now() < end)
        nap();
    return !is_there(pid);
}

_Noreturn static void idle(void)
{
    for (;;)
        pause();
}

static pid_t fork_idle(void)
{
    pid_t pid = fork();
    if (pid == 0)
        idle();
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* A fork whose child has this pid, which must be free: clone3(2), set_tid. */
static pid_t fork_as(pid_t pid)
{
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/* A process that got the pid of another one. It sends each byte that it gets back. */
struct innocent {
    pid_t pid;
    int line; /* a socket to it */
};

_Noreturn static void echo(int line)
{
    for (char byte; read(line, &byte, 1) == 1;)
        if (write(line, &byte, 1) != 1)
            break;
    _exit(0);
}

/* A process that got SIGKILL may still exist for a moment, but it does not answer. */
static bool answers(const struct innocent *p)
{
    char byte = 'x';
    return send(p->line, &byte, 1, MSG_NOSIGNAL) == 1 && read(p->line, &byte, 1) == 1;
}

/* Gives the pid of a process that has ended and was reaped to a child of ours, in a later clock tick: only there pids
 * can really be reused. */
static int recycle(const struct identity *old, struct innocent *out)
{
    int pair[2];
    struct identity_stat now;
    for (double end = clock_now() + PROGRAM_BOUND; clock_now() < end;) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
        pid_t pid = fork_as(old->pid);
        int why = errno;
        if (pid == 0) {
            close(pair[0]);
            echo(pair[1]);
        }
        close(pair[1]);
        *out = (struct innocent){pid, pair[0]};
        if (pid > 0 && !identity_look(pid, &now) && now.is.started != old->started)
            return PASSED;
        close(pair[0]);
        if (pid < 0 && why == EEXIST) /* the kernel has not freed the pid yet */
            continue;
        if (pid < 0)
            _exit(NO_NAMESPACE);
        end_child(pid);
    }
    return FAILED;
}

static int signal_after_reuse(void)
{
    struct identity_stat first, second;
    struct innocent innocent;
    int how;
    CHECK(!identity_look(fork_idle(), &first));
    end_child(first.is.pid);
    CHECK(identity_signal(&first.is, SIGKILL) == ERR_GONE);
    CHECK(recycle(&first.is, &innocent) == PASSED);
    CHECK(identity_signal(&first.is, SIGKILL) == ERR_GONE);
    CHECK(answers(&innocent));
    CHECK(!identity_look(first.is.pid, &second));
    CHECK(!identity_signal(&second.is, SIGKILL));
    CHECK(wait_child(second.is.pid, &how) && WIFSIGNALED(how));
    return PASSED;
}

static void a_recycled_pid_is_not_signalled(void **state)
{
    (void)state;
    pass_in_namespace(signal_after_reuse);
}

static void pids_of_1_and_less_are_never_signalled(void **state)
{
    (void)state;
    static const pid_t pids[] = {1, 0, -1, -2};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
        assert_int_equal(identity_signal(&(struct identity){.pid = pids[i]}, 0), ERR_DENIED);
}

/* Another part of the program reaps the child, and its pid is given to another child of ours. */
static int end_after_reuse(void)
{
    struct held_child child;
    struct innocent innocent;
    struct identity is;
    held_child_take(fork_idle(), &child);
    is = child.is;
    CHECK(child.pidfd >= 0);
    end_child(is.pid);
    CHECK(recycle(&is, &innocent) == PASSED);
    held_child_end(&child);
    CHECK(answers(&innocent));
    return PASSED;
}

/* The same without pidfds, as on an old kernel or under a seccomp filter. */
static int end_after_reuse_by_start_time(void)
{
    struct held_child child;
    struct innocent innocent;
    struct identity is;
    held_child_take(fork_idle(), &child);
    is = child.is;
    io_close(&child.pidfd);
    end_child(is.pid);
    CHECK(recycle(&is, &innocent) == PASSED);
    held_child_end(&child);
    CHECK(answers(&innocent));
    return PASSED;
}

static void the_pid_of_a_child_that_was_reaped_elsewhere_is_not_killed(void **state)
{
    (void)state;
    pass_in_namespace(end_after_reuse);
    pass_in_namespace(end_after_reuse_by_start_time);
}

/* SIGCHLD is ignored, so the kernel reaps the guard when it is killed. */
static int free_guard_after_reuse(void)
{
    struct guard *g;
    struct term_restore r = {.nbytes = 0};
    struct identity_stat guard;
    struct innocent innocent;
    int master;
    signal(SIGCHLD, SIG_IGN);
    CHECK(openpty(&master, &r.fd, NULL, NULL, NULL) == 0 && tcgetattr(r.fd, &r.before) == 0);
    r.ours = r.before;
    CHECK(!guard_new(&g));
    guard_set(g, &r);
    CHECK(guard_pid(g) > 1 && !identity_look(guard_pid(g), &guard));
    kill(guard.is.pid, SIGKILL);
    CHECK(wait_gone(guard.is.pid));
    CHECK(recycle(&guard.is, &innocent) == PASSED);
    guard_free(g);
    CHECK(answers(&innocent));
    return PASSED;
}

static void the_pid_of_a_guard_that_was_reaped_is_not_killed(void **state)
{
    (void)state;
    pass_in_namespace(free_guard_after_reuse);
}

/* Attached to a tree */

enum { NIDLE = 3 };

/* A tree in which one process hangs for ever: a root that reaps its children, some idle processes, and one that waits
 * for a private futex that no thread can wake. */
struct tree {
    pid_t root, hung, idle[NIDLE];
};

/* removes the signal handlers of cmocka: one of them could wake it up */
_Noreturn static void hang(void)
{
    static uint32_t word;
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    for (;;)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

_Noreturn static void be_root(int pids)
{
    struct tree t = {.root = getpid(), .hung = fork()};
    if (t.hung == 0)
        hang();
    for (int i = 0; i < NIDLE; i++)
        t.idle[i] = fork_idle();
    if (write(pids, &t, sizeof t) < 0)
        _exit(1);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    _exit(0);
}

static bool start_tree(struct tree *t)
{
    int pids[2];
    if (pipe2(pids, O_CLOEXEC) < 0)
        return false;
    pid_t root = fork();
    if (root == 0)
        be_root(pids[1]);
    close(pids[1]);
    bool whole = read(pids[0], t, sizeof *t) == (ssize_t)sizeof *t;
    close(pids[0]);
    return whole;
}

/* Starts poolscope with a file in memory as its stderr. */
static pid_t start_poolscope(char *const *argv, int *err)
{
    *err = memfd_create("stderr", MFD_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(*err, STDERR_FILENO);
        execv(program_path(), argv);
        _exit(127);
    }
    return pid;
}

static bool wait_said(int err, const char *words)
{
    for (double end = clock_now() + PROGRAM_BOUND; clock_now() < end; nap()) {
        char text[8192];
        ssize_t n = pread(err, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, words))
            return true;
    }
    return false;
}

static bool wait_stopped(pid_t pid)
{
    int how;
    return waitpid(pid, &how, WUNTRACED) == pid && WIFSTOPPED(how);
}

/* The observer has found the hang, and is about to kill the tree. It is stopped, so it does not see that the idle
 * processes end and that other processes get their pids. */
static int kill_attached_tree_after_reuse(void)
{
    struct tree t;
    struct identity_stat was[NIDLE];
    struct innocent innocents[NIDLE];
    char pid[16];
    int err, how;
    CHECK(start_tree(&t));
    for (int i = 0; i < NIDLE; i++)
        CHECK(!identity_look(t.idle[i], &was[i]));
    snprintf(pid, sizeof pid, "%d", (int)t.root);
    char *argv[] = {"poolscope", "attach", "--headless", "--on-hang", "kill", pid, NULL};
    pid_t observer = start_poolscope(argv, &err);
    CHECK(wait_said(err, "no-waker"));
    kill(observer, SIGSTOP);
    if (!wait_stopped(observer) || !is_there(t.idle[NIDLE - 1]))
        return TRY_AGAIN; /* it has ended already */
    for (int i = 0; i < NIDLE; i++) {
        kill(t.idle[i], SIGKILL);
        CHECK(wait_gone(t.idle[i]));
        CHECK(recycle(&was[i].is, &innocents[i]) == PASSED);
    }
    sleep(2); /* longer than it waits for the tree to come to rest, so that it kills as soon as it goes on */
    kill(observer, SIGCONT);
    CHECK(wait_child(observer, &how));
    CHECK(wait_child(t.root, &how) && WIFSIGNALED(how)); /* it killed the root, which it had seen */
    for (int i = 0; i < NIDLE; i++)
        CHECK(answers(&innocents[i]));
    return PASSED;
}

static void an_observer_that_was_stopped_kills_only_processes_that_it_saw(void **state)
{
    (void)state;
    pass_in_namespace(kill_attached_tree_after_reuse);
}

static void attach_refuses_to_kill_process_1(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, "attach", "--headless", "--on-hang", "kill", "1");
    program_assert_status(&p, 2);
    assert_text_matches(buf_text(&p.err), "process 1 is init");
    program_done(&p);
}

/* Process 1 of a namespace */

static char *const watch_tree[] = {
    "poolscope", "watch", "--headless", "--", "sh", "-c", "sleep 1001 & (setsid sleep 1002 &); wait", NULL};

static int be_poolscope(void)
{
    execv(program_path(), watch_tree);
    return 127;
}

static pid_t find_below(pid_t root, const char *words)
{
    pid_t kin[KIN_MAX];
    size_t n = kin_below(root, kin);
    for (size_t i = 0; i < n; i++)
        if (kin_command_has(kin[i], words))
            return kin[i];
    return 0;
}

static pid_t wait_below(pid_t root, const char *words)
{
    pid_t found = 0;
    for (double end = clock_now() + PROGRAM_BOUND; !found && clock_now() < end; nap())
        found = find_below(root, words);
    return found;
}

/* The observer is the child of process 1, the supervisor, which is the helper's child. 0: the helper has ended. */
static pid_t wait_observer(pid_t helper)
{
    for (double end = clock_now() + PROGRAM_BOUND; clock_now() < end; nap()) {
        pid_t supervisor[KIN_MAX], observer[KIN_MAX];
        if (!kin_alive(helper))
            return 0;
        if (find_below(helper, "sleep 1001") && find_below(helper, "sleep 1002") &&
            kin_children(helper, supervisor) == 1 && kin_children(supervisor[0], observer) >= 1)
            return observer[0];
    }
    return 0;
}

static void as_process_1_a_watch_ends_when_its_observer_is_killed(void **state)
{
    (void)state;
    pid_t helper = start_namespace(be_poolscope), observer = wait_observer(helper);
    if (observer)
        kill(observer, SIGKILL);
    assert_int_equal(wait_namespace(helper), 128 + SIGKILL);
}

static int watch_below_process_one(void)
{
    int err, how;
    pid_t left[KIN_MAX], supervisor = start_poolscope(watch_tree, &err), observer[KIN_MAX];
    CHECK(wait_below(supervisor, "sleep 1001") && wait_below(supervisor, "sleep 1002"));
    CHECK(kin_children(supervisor, observer) == 1);
    kill(observer[0], SIGKILL);
    CHECK(wait_child(supervisor, &how) && exit_code(how) == 128 + SIGKILL);
    CHECK(kin_below(getpid(), left) == 0);
    return PASSED;
}

static void as_a_child_of_process_1_a_watch_ends_when_its_observer_is_killed(void **state)
{
    (void)state;
    pass_in_namespace(watch_below_process_one);
}

/* Daemons of a watched command */

static void a_command_that_ends_by_itself_leaves_its_daemons_running(void **state)
{
    (void)state;
    static const int statuses[] = {0, 3};
    for (size_t i = 0; i < 2; i++) {
        char script[64], said[128];
        struct program p;
        snprintf(script, sizeof script, "setsid sleep 1003 & exit %d", statuses[i]);
        PROGRAM_RUN(&p, "watch", "--headless", "--", "sh", "-c", script);
        program_assert_status(&p, statuses[i]);
        pid_t daemon = wait_below(getpid(), "sleep 1003");
        assert_true(daemon > 0);
        snprintf(said, sizeof said, "^poolscope: the command ended and left 1 process running: %d$", (int)daemon);
        assert_text_matches(buf_text(&p.err), said);
        kill(daemon, SIGKILL);
        program_done(&p);
        kin_wait_none();
    }
}

static void a_command_that_is_killed_leaves_nothing_running(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, "watch", "--headless", "--", "sh", "-c", "setsid sleep 1003 & kill -KILL $$");
    program_assert_status(&p, 128 + SIGKILL);
    assert_null(strstr(buf_text(&p.err), "left"));
    kin_wait_none();
    program_done(&p);
}

static void a_command_that_ends_on_request_leaves_nothing_running(void **state)
{
    (void)state;
    struct program p;
    program_start(&p,
                  (const char *const[]){"watch", "--headless", "--", "sh", "-c",
                                        "trap 'exit 0' TERM; setsid sleep 1003 & echo ready; wait", NULL},
                  NULL);
    for (program_look(&p); !strstr(buf_text(&p.out), "ready") && p.status < 0; program_look(&p))
        nap();
    kill(p.pid, SIGTERM);
    program_wait(&p);
    program_assert_status(&p, 0);
    assert_null(strstr(buf_text(&p.err), "left"));
    kin_wait_none();
    program_done(&p);
}

/* When the shell ends, its terminal sends SIGHUP, and the daemon may not have a session of its own yet. */
static struct pty *watch_daemon_on_a_screen(void)
{
    const char *const argv[] = {
        program_path(), "watch", "--", "sh", "-c", "trap '' HUP; setsid sleep 1003 & exit 0", NULL};
    struct pty *p = pty_open(30, 100, argv, NULL);
    assert_true(wait_below(pty_pid(p), "sleep 1003") > 0);
    pty_wait_text(p, "exited with status 0");
    return p;
}

static void on_a_screen_quitting_leaves_the_daemons_of_an_ended_command_running(void **state)
{
    (void)state;
    struct pty *p = watch_daemon_on_a_screen();
    pty_type(p, "q");
    assert_int_equal(exit_code(pty_wait_exit(p)), 0);
    pid_t daemon = wait_below(getpid(), "sleep 1003");
    assert_true(daemon > 0);
    kill(daemon, SIGKILL);
    kin_wait_none();
    pty_free(p);
}

static void on_a_screen_a_request_to_end_leaves_nothing_running(void **state)
{
    (void)state;
    struct pty *p = watch_daemon_on_a_screen();
    pty_signal(p, SIGTERM);
    pty_wait_exit(p);
    kin_wait_none();
    pty_free(p);
}

static int adopt(void **state)
{
    (void)state;
    kin_adopt();
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(a_recycled_pid_is_not_signalled),
        CASE(pids_of_1_and_less_are_never_signalled),
        CASE(the_pid_of_a_child_that_was_reaped_elsewhere_is_not_killed),
        CASE(the_pid_of_a_guard_that_was_reaped_is_not_killed),
        CASE(an_observer_that_was_stopped_kills_only_processes_that_it_saw),
        CASE(attach_refuses_to_kill_process_1),
        CASE(as_process_1_a_watch_ends_when_its_observer_is_killed),
        CASE(as_a_child_of_process_1_a_watch_ends_when_its_observer_is_killed),
        CASE(a_command_that_ends_by_itself_leaves_its_daemons_running),
        CASE(a_command_that_is_killed_leaves_nothing_running),
        CASE(a_command_that_ends_on_request_leaves_nothing_running),
        CASE(on_a_screen_quitting_leaves_the_daemons_of_an_ended_command_running),
        CASE(on_a_screen_a_request_to_end_leaves_nothing_running),
    };
    return cmocka_run_group_tests(tests, adopt, NULL);
}
