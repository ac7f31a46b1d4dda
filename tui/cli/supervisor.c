/* SPDX-License-Identifier: MIT
 * The supervisor is a subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)) above the observer: if the observer is killed, the
 * processes that it started become our children. Signals are taken one by one with sigwaitinfo(2), so there are no
 * handlers and no races. */
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

/* Signals to pass on to the observer. Those from the terminal reach it by themselves. */
static const int passed[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

/* Stops ourselves when the observer was stopped. Process 1 cannot be stopped from inside its PID namespace
 * (pid_namespaces(7)), and no shell waits for it: then only the observer is stopped. */
static void stop_with_it(pid_t observer)
{
    if (getpid() == 1)
        return;
    raise(SIGSTOP); /* the shell sees a stopped job; we go on here once it continues us */
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

/* An observer that ends in order ends its processes first, and then sends one byte. One that was killed, or that ran
 * out of time, sends none. */
static bool ended_in_order(int ours)
{
    char byte;
    return recv(ours, &byte, 1, MSG_DONTWAIT) == 1;
}

/* Collects ended and stopped children. True once the observer has ended; *status is then the exit status for us. */
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

/* Waits until the observer has ended. Only reap() collects it, so its pid cannot be reused while we send signals to it.
 */
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
        fprintf(stderr, "poolscope: cannot start the supervisor: %s\n", strerror(errno));
        return STATUS_OURS;
    }
    sigprocmask(SIG_BLOCK, &set, &before); /* so that no signal is lost between fork and the first wait */
    pid_t observer = fork();
    if (observer == 0) {
        close(ends[0]);
        sigaddset(&before, SIGTTOU); /* if the supervisor is killed, it must still restore the terminal: tcsetattr(3) */
        sigprocmask(SIG_SETMASK, &before, NULL);
        int status = work(arg, ends[1]);
        ssize_t sent = send(ends[1], "", 1, MSG_NOSIGNAL);
        (void)sent; /* it fails if the supervisor is gone, and then nobody needs the byte */
        return status;
    }
    close(ends[1]);
    if (observer < 0)
        fprintf(stderr, "poolscope: cannot start the observer: %s\n", strerror(errno));
    int status = observer < 0 ? STATUS_OURS : keep(observer, ends[0], &set);
    close(ends[0]);
    return status;
}
