/* SPDX-License-Identifier: MIT
 * The model → text and JSON, events → a recording and back. Writes to buffers and fds it is given;
 * prints nothing itself. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "core/base/buf.h"
#include "core/base/target.h"
#include "core/model/model.h"

/* One JSON object, schema "poolscope.report/1", ends with a newline. `mode` is "run", "watch" or "attach". */
enum err report_json(const struct model *m, const char *mode, struct buf *out) MUST_CHECK;

/* What the program's exit status depends on beside the model. */
struct report_end {
    int signal;  /* that ended us; 0: none */
    bool failed; /* something of ours did: a result or the recording could not be written */
    bool unread; /* the rows of a result could not be read any more */
};

/* The report for a log that is read the next morning; lines end with a newline, nothing of the table's cells in it. */
enum err report_text(const struct model *m, struct report_end end, struct buf *out) MUST_CHECK;

/* One finding in words, as it is said the moment it is made: who, why, evidence, cause, stack, cure. */
enum err report_finding(const struct model *m, const struct finding *f, struct buf *out) MUST_CHECK;

/* The last two lines of a watch whose findings were said as they came: the verdict, and how the command ended. */
enum err report_watch_end(const struct model *m, struct report_end end, struct buf *out) MUST_CHECK;

/* The exit status that the model's outcome stands for: 0 finished, 1 a task failed or was lost, 3 the table cannot be
 * read, 124 hung or timed out, 125 poolscope failed, as where the host died;
 * of a watched command its own, or 128+N for signal N. */
int report_exit_status(const struct model *m);

/* The status that the program exits with: 128 + N if signal N ended it, but a hang that was found in what is watched
 * goes first; else 125 if something of ours failed, 3 if rows could not be read; else that of the outcome. */
int report_final_status(const struct model *m, struct report_end end);

/* Writes all of `data` to the regular file `path` or nothing (new_file.h). A file that is made is for its owner alone:
 * a report shows what was in the memory of processes. */
enum err report_write_file(const char *path, const char *data, size_t len, struct problem *problem) MUST_CHECK;

/* A recording: a header line, then every event as one JSON object a line, with the time since the start. It is written
 * in place while events come, so that it is there however we end. A file that is made is for its owner alone. */
struct recorder;
enum err recorder_open(const char *path, struct recorder **out, struct problem *problem) MUST_CHECK;

/* The same for a target that was found before, which is taken (also on failure). */
enum err recorder_open_at(struct target *target, struct recorder **out, struct problem *problem) MUST_CHECK;

/* A stream that takes no bytes is waited for only until the fd `stop` is readable; then the recording ends. */
void recorder_stop_on(struct recorder *r, int stop);
enum err recorder_add(struct recorder *r, const struct event *e) MUST_CHECK; /* the first error sticks */
enum err recorder_flush(struct recorder *r) MUST_CHECK; /* what was added is in the file, come what may */
enum err recorder_close(struct recorder *r, struct problem *problem) MUST_CHECK; /* flushes; frees r also on error */

/* One line of a recording → event. ERR_PARSE with the problem saying what is wrong. */
enum err recording_parse(const char *line, size_t len, struct event *out, struct problem *problem) MUST_CHECK;

#endif
