/* SPDX-License-Identifier: MIT
 * `poolscope watch` and `poolscope attach`, without a screen and with one. */
#ifndef TUI_CLI_WATCH_H
#define TUI_CLI_WATCH_H

#include "core/observer/observer.h"
#include "tui/cli/options.h"

/* Runs the command (or looks at the tree of a process) and returns the exit status of the program: 124 if a hang was
 * found or --timeout passed, else the command's own, 126 and 127 as a shell has them, 128+N for signal N. */
int watch_headless(const struct cli *cli, int supervisor);

/* The same on a terminal (watch_screen.c); returns when the user quits. 0 if they leave an attached tree in order. */
int watch_screen(const struct cli *cli, int supervisor);

/* Call it when the watch is over. Lets the processes go that a command left running when it ended by itself, and says
 * on stderr how many there are; ends them in all other cases. See observer_leave_running. */
void watch_leave(struct observer *o);

/* Complains; the exit status for a command or a process that cannot be watched. */
int watch_cannot_start(const struct cli *c, enum err e, const struct problem *p);

#endif
