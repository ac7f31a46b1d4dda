/* SPDX-License-Identifier: MIT
 * `poolscope watch` and `poolscope attach`, with and without a screen. */
#ifndef TUI_CLI_WATCH_H
#define TUI_CLI_WATCH_H

#include "core/observer/observer.h"
#include "tui/cli/options.h"

/* Runs the command, or observes a running process tree, and returns the exit status of the program: 124 if a hang was
 * found or --timeout passed, else that of the command: 126 and 127 as in a shell, 128+N for signal N. `supervisor`: the
 * fd from supervisor_run, 0 for attach. */
int watch_headless(const struct cli *cli, int supervisor);

/* The same on a terminal; returns when the user quits. Quitting from an attached tree that does not hang returns 0. */
int watch_screen(const struct cli *cli, int supervisor);

/* To be called when the watch is over. If the command ended by itself, the processes that it left running go on, and
 * stderr says how many there are; in all other cases they are ended. See observer_leave_running. */
void watch_leave(struct observer *o);

/* Prints why the command or the process cannot be watched, and returns the exit status. */
int watch_cannot_start(const struct cli *c, enum err e, const struct problem *p);

#endif
