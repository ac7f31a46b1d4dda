/* SPDX-License-Identifier: MIT
 * Makes a report of the model, as text or JSON, and a recording of events, which can be read back. Prints nothing:
 * writes to the buffers, files and fds that it is given. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "core/base/buf.h"
#include "core/base/target.h"
#include "core/model/model.h"

/* One JSON object, schema "poolscope.report/1", ends with a newline. `mode` is "run", "watch" or "attach". */
enum err report_json(const struct model *m, const char *mode, struct buf *out) MUST_CHECK;

/* What the exit status of poolscope depends on, apart from the model. */
struct report_end {
    int signal;  /* the signal that ended poolscope; 0: none */
    bool failed; /* poolscope failed: a result, the recording or the report could not be written */
    bool unread; /* the rows of a result could not be read */
};

/* The report as text, in lines, for a log. It shows codes, but no other cells of the table. */
enum err report_text(const struct model *m, struct report_end end, struct buf *out) MUST_CHECK;

/* One finding as text, to be printed as soon as it is made: process, reason, evidence, cause, stack, cure. */
enum err report_finding(const struct model *m, const struct finding *f, struct buf *out) MUST_CHECK;

/* The last lines of a watch whose findings were printed as they were made: the verdict, and how the command ended. */
enum err report_watch_end(const struct model *m, struct report_end end, struct buf *out) MUST_CHECK;

/* The exit status of poolscope: 128+N if signal N ended it, unless a watch has found a hang; else 125 if poolscope
 * failed, for instance because the host died; else 3 if the table or the rows of a result cannot be read; 124 hung or
 * timed out; 1 a task failed or was lost; 0 finished. A watched command that ended gives its own status, or 128+N for
 * signal N. */
int report_final_status(const struct model *m, struct report_end end);

/* Writes `data` to the regular file `path`, all of it or nothing (new_file.h). Only the owner may read a new file: a
 * report shows what was in the memory of processes. */
enum err report_write_file(const char *path, const char *data, size_t len, struct problem *problem) MUST_CHECK;

/* A recording: a header line, then one JSON object a line for each event, with the time since the start. It is written
 * as events come, so that it is there however poolscope ends. Only the owner may read a new file. */
struct recorder;

/* Opens a target that target_find has found, and takes it, also on failure. */
enum err recorder_open(struct target *target, struct recorder **out, struct problem *problem) MUST_CHECK;

/* If the recording goes to a stream that takes no bytes, it waits only until the fd `stop` is readable, and then ends.
 */
void recorder_stop_on(struct recorder *r, int stop);
enum err recorder_add(struct recorder *r, const struct event *e) MUST_CHECK; /* the first error sticks */
enum err recorder_flush(struct recorder *r) MUST_CHECK;                      /* writes all that was added to the file */
enum err recorder_close(struct recorder *r, struct problem *problem) MUST_CHECK; /* flushes; frees r also on error */

/* Makes the event of one line of a recording. ERR_PARSE: the problem says what is wrong. */
enum err recording_parse(const char *line, size_t len, struct event *out, struct problem *problem) MUST_CHECK;

#endif
