/* SPDX-License-Identifier: MIT
 * `poolscope watch` and `poolscope attach` without a screen. */
#ifndef TUI_WATCH_H
#define TUI_WATCH_H

#include "tui/cli.h"

/* Runs the command (or looks at the tree of a process) and returns the exit status of the program: 124 if a hang was found
 * or --timeout passed, else the command's own, 126 and 127 as a shell has them, 128+N for signal N. */
int watch_headless(const struct cli *cli);

#endif
