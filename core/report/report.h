/* SPDX-License-Identifier: MIT
 * The model → text and JSON, events → a recording and back. Writes to buffers and fds it is given;
 * prints nothing itself. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "core/base/buf.h"
#include "core/model/model.h"

/* One JSON object, schema "poolscope.report/1", ends with a newline. `mode` is "run", "watch" or "attach". */
enum err report_json(const struct model *m, const char *mode, struct buf *out) MUST_CHECK;

/* In place of a signal: poolscope itself could not do all that was asked, so that its exit status is 125. */
enum { REPORT_WE_FAILED = -1 };

/* The report for a log that is read the next morning; lines end with a newline, nothing of the table's cells in it.
 * `signal` is what ended us, REPORT_WE_FAILED, or 0. */
enum err report_text(const struct model *m, int signal, struct buf *out) MUST_CHECK;

/* One finding in words, as it is said the moment it is made: who, why, evidence, cause, stack, cure. */
enum err report_finding(const struct model *m, const struct finding *f, struct buf *out) MUST_CHECK;

/* The last two lines of a watch whose findings were said as they came: the verdict, and how the command ended. */
enum err report_watch_end(const struct model *m, int signal, struct buf *out) MUST_CHECK;

/* The exit status that the model's outcome stands for: 0 finished, 1 a task failed or was lost, 3 the table cannot be
 * read, 124 hung or timed out, 125 the host died or there was no memory for the table;
 * of a watched command its own, or 128+N for signal N. */
int report_exit_status(const struct model *m);

/* The same where a signal ended us (0: none) or we failed: a hang that was found goes first in what is watched. */
int report_final_status(const struct model *m, int signal);

/* Writes all of `data` to `path` or nothing: a temporary file beside it, fsync, rename(2). "-" is stdout. */
enum err report_write_file(const char *path, const char *data, size_t len, struct problem *problem) MUST_CHECK;

/* A recording: a header line, then every event as one JSON object a line, with the time since the start. */
struct recorder;
enum err recorder_open(const char *path, struct recorder **out, struct problem *problem) MUST_CHECK;
enum err recorder_add(struct recorder *r, const struct event *e) MUST_CHECK; /* the first error sticks */
enum err recorder_flush(struct recorder *r) MUST_CHECK; /* what was added is in the file, come what may */
enum err recorder_close(struct recorder *r, struct problem *problem) MUST_CHECK; /* flushes; frees r also on error */

/* One line of a recording → event. ERR_PARSE with the problem saying what is wrong. */
enum err recording_parse(const char *line, size_t len, struct event *out, struct problem *problem) MUST_CHECK;

#endif
