/* SPDX-License-Identifier: MIT
 * The supervisor: a subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)) above the observer, so that what the observer leaves
 * behind when it is killed comes to us. Signals are taken one by one by sigwaitinfo(2): no handler, no race. */
#include "tui/cli/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/observer/kill_below.h"

enum { STATUS_OURS = 125 };

/* What is passed on. Those of the terminal reach the observer by themselves; a stop stops us too. */
static const int passed[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

/* Process 1 cannot be stopped from inside its PID namespace, and no shell waits for it: the observer alone stands. */
static void stop_with_it(pid_t observer)
{
    if (getpid() == 1)
        return;
    raise(SIGSTOP); /* the shell sees a stopped job; somebody lets us go on */
    kill(observer, SIGCONT);
}

static void end_tree(void)
{
    struct unkillable unkillable;
    char text[UNKILLABLE_TEXT];
    kill_all_below(&unkillable);
    if (unkillable.n > 0)
        fprintf(stderr, "poolscope: %s\n", unkillable_text(&unkillable, text));
}

/* An observer that came to its end has ended what was to be ended, and has said so in one byte. One that was killed, or
 * that ran out of time, has not. */
static bool ended_in_order(int ours)
{
    char byte;
    return recv(ours, &byte, 1, MSG_DONTWAIT) == 1;
}

/* True once the observer has ended; *status is what to exit with. */
static bool reap(pid_t observer, int ours, int *status)
{
    int how;
    pid_t pid;
    bool ended = false;
    while ((pid = waitpid(-1, &how, WNOHANG | WUNTRACED)) > 0) {
        if (pid != observer)
            continue;
        if (WIFSTOPPED(how)) {
            stop_with_it(observer);
        } else {
            ended = true;
            *status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
            if (!ended_in_order(ours))
                end_tree();
        }
    }
    return ended;
}

/* The observer is our child, and only reap() waits for it: until that says it has ended, its pid is its own. */
static int keep(pid_t observer, int ours, const sigset_t *set)
{
    int status = STATUS_OURS;
    siginfo_t info;
    while (!reap(observer, ours, &status)) {
        int sig = sigwaitinfo(set, &info);
        if (sig > 0 && sig != SIGCHLD && info.si_code != SI_KERNEL)
            kill(observer, sig);
    }
    return status;
}

int supervisor_run(int (*work)(void *arg, int supervisor_fd), void *arg)
{
    int ends[2]; /* ours, the observer's */
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        sigaddset(&set, passed[i]);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        fprintf(stderr, "poolscope: cannot keep a watch: %s\n", strerror(errno));
        return STATUS_OURS;
    }
    sigprocmask(SIG_BLOCK, &set, &before); /* nothing is lost between fork and the first wait */
    pid_t observer = fork();
    if (observer == 0) {
        close(ends[0]);
        sigaddset(&before, SIGTTOU); /* without a supervisor it still puts the terminal right: tcsetattr(3) */
        sigprocmask(SIG_SETMASK, &before, NULL);
        int status = work(arg, ends[1]);
        if (send(ends[1], "", 1, MSG_NOSIGNAL) < 0)
            return status; /* the supervisor is gone, and nobody is left to be told */
        return status;
    }
    close(ends[1]);
    if (observer < 0)
        fprintf(stderr, "poolscope: cannot fork: %s\n", strerror(errno));
    int status = observer < 0 ? STATUS_OURS : keep(observer, ends[0], &set);
    close(ends[0]);
    return status;
}
