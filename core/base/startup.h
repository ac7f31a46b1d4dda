/* SPDX-License-Identifier: MIT
 * What a process inherits from the one that started it and must not depend on: standard descriptors that are closed,
 * signals that are ignored or blocked. Called first thing in main, before any thread exists. */
#ifndef BASE_STARTUP_H
#define BASE_STARTUP_H

#include <signal.h>
#include <stdbool.h>

/* The signals as they were inherited. */
struct inherited_signals {
    sigset_t ignored, blocked;
};

/* Opens /dev/null for each of the descriptors 0, 1 and 2 that is closed, so that no file or socket that is opened later
 * gets the number of one of them and is taken for it. What is opened for 0 and 1 cannot be read or written: reading
 * from a closed stdin, or losing results to a closed stdout, stays an error (EBADF), here and in the children. False
 * with errno if /dev/null cannot be opened. */
bool startup_open_standard(void);

/* Unblocks all signals, and gives the default action to those that we rely on: SIGCHLD, without which no child can be
 * waited for (wait(2), "Linux notes"), SIGALRM, SIGWINCH, SIGCONT. A signal that somebody had ignored to protect us
 * from it stays ignored: SIGHUP as nohup(1) does, SIGINT as a shell does for a job in the background. `out` may be
 * NULL. */
void startup_signals(struct inherited_signals *out);

/* Undoes startup_signals, for a child that is about to exec a program that is not ours. Async-signal-safe. */
void startup_give_back(const struct inherited_signals *inherited);

/* Whether this process ignores the signal. A signal that is ignored must not be waited for: while it is blocked the
 * kernel queues it all the same (signal(7), signalfd(2)). */
bool signal_is_ignored(int signal);

#endif
