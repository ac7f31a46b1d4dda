/* SPDX-License-Identifier: MIT
 * Puts into a known state what a process inherits from its parent: closed standard descriptors, ignored and blocked
 * signals. Called first in main, before threads are started. */
#ifndef BASE_STARTUP_H
#define BASE_STARTUP_H

#include <signal.h>
#include <stdbool.h>

/* The signals as they were inherited, to be given to programs that are executed. */
struct inherited_signals {
    sigset_t ignored, blocked;
};

/* Opens /dev/null for each closed one of the descriptors 0, 1 and 2, so that no file or socket opened later gets its
 * number and is used in its place. Descriptor 0 is opened for writing and 1 for reading: reading a closed stdin or
 * writing results to a closed stdout is still an error (EBADF), here and in the children. Returns false and sets errno
 * if /dev/null cannot be opened. */
bool startup_open_standard(void);

/* Unblocks all signals, and restores the default action of those that this program relies on: SIGALRM, SIGWINCH,
 * SIGCONT and SIGCHLD, without which no child can be waited for (wait(2), "Linux notes"). Others that are ignored stay
 * ignored: nohup(1) ignores SIGHUP on purpose, and a shell ignores SIGINT for a background job. `out` may be NULL. */
void startup_signals(struct inherited_signals *out);

/* Undoes startup_signals in a child that is about to exec another program. Async-signal-safe. */
void startup_give_back(const struct inherited_signals *inherited);

/* Whether this process ignores the signal. An ignored signal should not be blocked and waited for: while it is blocked,
 * the kernel delivers it all the same (signal(7), signalfd(2)). */
bool signal_is_ignored(int number);

#endif
