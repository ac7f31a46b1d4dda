/* SPDX-License-Identifier: MIT
 * The watched command: started as timeout(1) and env(1) would, with the observer as the subreaper
 * (PR_SET_CHILD_SUBREAPER, prctl(2)), so that its orphans come to us and can be seen and killed. Used on one thread. */
#ifndef OBSERVER_COMMAND_H
#define OBSERVER_COMMAND_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/startup.h"
#include "core/observer/kill_below.h"

struct command; /* opaque */

/* Starts argv (NULL-terminated, found by PATH) with the caller's stdin, stdout and stderr; with a `terminal` on a
 * pseudo-terminal of that size instead, as a session leader. It gets the signals as they were `inherited`; NULL: none
 * is blocked. ERR_NOT_FOUND or ERR_DENIED only where exec fails, as a shell's 127 and 126. */
enum err command_start(char *const argv[], const struct winsize *terminal, const struct inherited_signals *inherited,
                       struct command **out, struct problem *problem) MUST_CHECK;

/* Kills the rest of its tree (command_kill_tree), unless command_leave_running was called, and frees. */
void command_free(struct command *c);

/* The processes that the command left running when it ended go on: command_free kills none. */
void command_leave_running(struct command *c);

pid_t command_pid(const struct command *c);
int command_tty(const struct command *c);   /* the terminal's master side, non-blocking, or -1 */
int command_pidfd(const struct command *c); /* readable when the command has ended */

/* Reaps the children that have ended: the command (then *ended is true, once, with its exit code or signal) and orphans
 * that came to us. Never blocks. */
void command_reap(struct command *c, bool *ended, int *code, int *signal);

/* Sends a signal to the command; on a terminal to its foreground process group. ERR_DENIED if we may not. */
enum err command_signal(struct command *c, int signal);

/* The terminal's new size. */
void command_resize(struct command *c, int columns, int rows);

/* Kills all processes below us (kill_below.h) and reaps them. If the command still runs afterwards, we cannot end it:
 * see command_unkillable. */
void command_kill_tree(struct command *c);

/* The processes that the last command_kill_tree may not signal; none before the first one. */
const struct unkillable *command_unkillable(const struct command *c);
bool command_runs(const struct command *c); /* it has not been reaped */

#endif
