/* SPDX-License-Identifier: MIT
 * The keeper: a subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)) above the observer, so that what the observer leaves
 * behind when it is killed comes to us. Signals are taken one by one by sigwaitinfo(2): no handler, no race. */
#include "tui/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/observer/command.h"

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

/* An observer that ended by itself has killed what it could and said what it could not, unless its time was over. */
static void end_tree(bool say)
{
    struct kill_left left;
    char text[KILL_LEFT_TEXT];
    command_kill_below(&left);
    if (say && left.denied > 0)
        fprintf(stderr, "poolscope: %s\n", kill_left_text(&left, text));
}

/* True once the observer has ended; *status is what to exit with. */
static bool reap(pid_t observer, int *status)
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
            end_tree(WIFSIGNALED(how));
        }
    }
    return ended;
}

/* The observer is our child, and only reap() waits for it: until that says it has ended, its pid is its own. */
static int keep(pid_t observer, const sigset_t *set)
{
    int status = STATUS_OURS;
    siginfo_t info;
    while (!reap(observer, &status)) {
        int sig = sigwaitinfo(set, &info);
        if (sig > 0 && sig != SIGCHLD && info.si_code != SI_KERNEL)
            kill(observer, sig);
    }
    return status;
}

int keeper_run(int (*work)(void *arg, int keeper_fd), void *arg)
{
    int alive[2];
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        sigaddset(&set, passed[i]);
    if (pipe2(alive, O_CLOEXEC) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        fprintf(stderr, "poolscope: cannot keep a watch: %s\n", strerror(errno));
        return STATUS_OURS;
    }
    sigprocmask(SIG_BLOCK, &set, &before); /* nothing is lost between fork and the first wait */
    pid_t observer = fork();
    if (observer == 0) {
        close(alive[1]);
        sigaddset(&before, SIGTTOU); /* without a keeper it still puts the terminal right: tcsetattr(3) */
        sigprocmask(SIG_SETMASK, &before, NULL);
        return work(arg, alive[0]);
    }
    close(alive[0]);
    if (observer < 0)
        fprintf(stderr, "poolscope: cannot fork: %s\n", strerror(errno));
    int status = observer < 0 ? STATUS_OURS : keep(observer, &set);
    close(alive[1]);
    return status;
}
