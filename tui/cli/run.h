/* SPDX-License-Identifier: MIT
 * `poolscope run`: a run of the explorer without a screen. */
#ifndef TUI_CLI_RUN_H
#define TUI_CLI_RUN_H

#include "tui/cli/options.h"

/* Runs the pool over the codes, prints results and report, and returns the exit status of the program. */
int run_headless(const struct cli *cli);

#endif
