/* SPDX-License-Identifier: MIT
 * The files of -o and --record. They are opened before anything runs, so that a file that cannot be written is reported
 * before there is evidence to lose. */
#ifndef TUI_CLI_OUTPUTS_H
#define TUI_CLI_OUTPUTS_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/new_file.h"
#include "core/report/report.h"

struct cli;

struct outputs {
    bool to_stderr;            /* the report has no file */
    bool lost;                 /* its file could not be written */
    struct new_file report;    /* unless to_stderr */
    struct recorder *recorder; /* NULL: none, or the observer has taken it */
    int stop;                  /* see outputs_stop_on */
};

/* Opens the files that `c` names. ERR_USAGE if one of them cannot be a file to write, or is also an input (the table or
 * --codes-from). Files are compared by device and inode, so links are noticed. After an error *out needs no
 * outputs_done. */
enum err outputs_open(const struct cli *c, struct outputs *out, struct problem *problem) MUST_CHECK;

/* While an output accepts no bytes, wait for it only until `stop` is readable: a signalfd(2). */
void outputs_stop_on(struct outputs *o, int stop);

/* Writes the report to its file, or to stderr if it has none. If the file cannot be written, says so;
 * then `lost` tells the caller to write a report once more, which goes to stderr. ERR_CANCELLED: it was stopped. */
enum err outputs_write_report(struct outputs *o, const struct buf *report) MUST_CHECK;

/* Closes everything. If no report was written, its file is not created. */
void outputs_done(struct outputs *o);

#endif
