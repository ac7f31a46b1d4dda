/* SPDX-License-Identifier: MIT
 * What the commands without a screen share: signals as an fd, errors, and writing the report. */
#ifndef TUI_CLI_HEADLESS_H
#define TUI_CLI_HEADLESS_H

#include "core/model/model.h"
#include "core/report/report.h"
#include "tui/cli/options.h"

/* Blocks those of SIGINT, SIGTERM and SIGHUP that are not ignored, and returns a signalfd(2) for them. After an error,
 * which it prints, -1. */
int headless_signals(void);

/* Prints the problem on stderr, as one line. */
void headless_complain(const struct problem *p);

/* Writes the report where the command line says: JSON to -o or stdout, text to -o or stderr. If its file cannot be
 * written, the report goes to stderr, with the exit status that follows from that. Reports errors itself, on stderr,
 * and sets end->failed, except for ERR_CANCELLED. */
enum err headless_report(const struct cli *c, const struct model *m, const char *mode, struct report_end *end)
    MUST_CHECK;

#endif
