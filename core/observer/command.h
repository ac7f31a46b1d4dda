/* SPDX-License-Identifier: MIT
 * The watched command: started as timeout(1) and env(1) would, with the observer as subreaper of all below it
 * (PR_SET_CHILD_SUBREAPER, prctl(2)), so that orphans stay ours to see and to end. Used on one thread. */
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

/* Kills what is left of its tree (command_kill_tree), unless command_leave was called, and frees. */
void command_free(struct command *c);

/* What the command left running when it ended is not ours to end: command_free leaves it alone. */
void command_leave(struct command *c);

pid_t command_pid(const struct command *c);
int command_tty(const struct command *c);   /* the terminal's master side, non-blocking, or -1 */
int command_pidfd(const struct command *c); /* readable when the command has ended */

/* Reaps what has ended: the command (then *ended is true, once, with its exit code or signal) and orphans that came to
 * us. Never blocks. */
void command_reap(struct command *c, bool *ended, int *code, int *signal);

/* Passes a signal on to the command (to its foreground process group on a terminal). ERR_DENIED if we may not. */
enum err command_signal(struct command *c, int signal);

/* The terminal's new size. */
void command_resize(struct command *c, int columns, int rows);

/* The end of all below us (kill_below.h); what has ended is reaped. Afterwards the command has ended or never will by
 * us: see command_left. */
void command_kill_tree(struct command *c);

/* What the last command_kill_tree could not end; before the first one, nothing. */
const struct kill_left *command_left(const struct command *c);
bool command_runs(const struct command *c); /* it has not been reaped */

/* The same for a process that has no command of its own: its children are reaped. A terminal guard of ours is spared:
 * it puts the terminal right, and then ends by itself; it is waited for, 15 seconds at most. */
void command_kill_below(struct kill_left *left);

#endif
