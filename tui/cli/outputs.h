/* SPDX-License-Identifier: MIT
 * The files that the command line names for writing (-o, --record). They are opened before anything runs, so that a
 * name that cannot be written is known before there is evidence to lose. */
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
    struct recorder *recorder; /* NULL: none, or taken by the observer */
    int stop;                  /* see outputs_stop_on */
};

/* Opens what `c` names. ERR_USAGE for a name that is no file to write, and for a file that is read as the table or by
 * --codes-from: by device and inode, so also through links. On failure *out needs no outputs_done. */
enum err outputs_open(const struct cli *c, struct outputs *out, struct problem *problem) MUST_CHECK;

/* Where a stream takes no bytes, it is waited for only until this fd is readable: a signalfd. */
void outputs_stop_on(struct outputs *o, int stop);

/* Writes the report to its file, or to stderr if it has none. If the file cannot be written, says so;
 * then `lost` tells the caller to write a report once more, which goes to stderr. ERR_CANCELLED: it was stopped. */
enum err outputs_write_report(struct outputs *o, const struct buf *report) MUST_CHECK;

/* A report that was not written leaves no file. */
void outputs_done(struct outputs *o);

#endif
