/* SPDX-License-Identifier: MIT
 * `poolscope bench`: the comparison without a screen. */
#ifndef TUI_CLI_BENCH_H
#define TUI_CLI_BENCH_H

#include "tui/cli/options.h"

/* Returns the exit status. A method that hangs is a result, not a failure. */
int bench_headless(const struct cli *cli);

#endif
