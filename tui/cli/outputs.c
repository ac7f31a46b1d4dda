/* SPDX-License-Identifier: MIT
 * Opens the files of -o and --record, but only after a check that none of them is an input: --record empties its file.
 */
#include "tui/cli/outputs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "tui/cli/options.h"

/* The files that the options name, as far as they were found. */
struct named {
    struct target report, recording;
    bool has_report, has_recording;
};

/* Where the report goes: "-" is stdout, NULL is stderr. */
static const char *report_path(const struct cli *c)
{
    bool reports = c->mode == CLI_RUN || c->mode == CLI_WATCH || c->mode == CLI_ATTACH || c->mode == CLI_BENCH;
    return c->output ? c->output : reports && (c->json || c->mode == CLI_BENCH) ? "-" : NULL;
}

static bool reads_from(const char *path, const struct target *t)
{
    struct stat st;
    int failed = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);
    return failed == 0 && target_is_file(t, &st);
}

static enum err refuse_inputs(const struct cli *c, const char *option, const struct target *t, struct problem *problem)
{
    if (c->file && reads_from(c->file, t))
        return problem_set(problem, ERR_USAGE, "%s %s: the table is read from this file; choose another file", option,
                           t->name);
    for (size_t i = 0; i < c->ncode_files; i++)
        if (reads_from(c->code_files[i].path, t))
            return problem_set(problem, ERR_USAGE, "%s %s: the codes are read from this file; choose another file",
                               option, t->name);
    return OK;
}

static enum err find(const struct cli *c, struct named *n, struct problem *problem)
{
    const char *report = report_path(c);
    enum err err = OK;
    if (report && !(err = target_find(report, &n->report, problem)))
        n->has_report = true;
    if (!err && c->record && !(err = target_find(c->record, &n->recording, problem)))
        n->has_recording = true;
    if (!err && n->has_report)
        err = refuse_inputs(c, "-o", &n->report, problem);
    if (!err && n->has_recording)
        err = refuse_inputs(c, "--record", &n->recording, problem);
    if (!err && n->has_report && n->has_recording && target_same(&n->report, &n->recording))
        err = problem_set(problem, ERR_USAGE, "-o %s: --record writes to this file; choose another file",
                          n->report.name);
    return err;
}

/* Opens the report first, because that does not change an existing file. */
static enum err open_named(struct named *n, struct outputs *o, struct problem *problem)
{
    enum err err = OK;
    if (n->has_report) {
        n->has_report = false;
        err = new_file_begin_at(&n->report, NEW_FILE_PRIVATE | NEW_FILE_STREAM, &o->report, problem);
        o->to_stderr = err != OK;
    }
    if (!err && n->has_recording) {
        n->has_recording = false;
        err = recorder_open(&n->recording, &o->recorder, problem);
    }
    return err;
}

enum err outputs_open(const struct cli *c, struct outputs *out, struct problem *problem)
{
    struct named n = {0};
    struct outputs o = {.to_stderr = true, .stop = -1};
    enum err err = find(c, &n, problem);
    if (!err)
        err = open_named(&n, &o, problem);
    if (n.has_report)
        target_done(&n.report);
    if (n.has_recording)
        target_done(&n.recording);
    if (err)
        outputs_done(&o);
    else
        *out = o;
    return err;
}

void outputs_stop_on(struct outputs *o, int stop)
{
    o->stop = stop;
    if (o->recorder)
        recorder_stop_on(o->recorder, stop);
}

static enum err write_file(struct outputs *o, const struct buf *report, struct problem *problem)
{
    o->to_stderr = true; /* whatever happens, this file is not written again */
    enum err err = new_file_write(&o->report, report->data, report->len, o->stop, problem);
    if (!err)
        return new_file_commit(&o->report, true, problem);
    if (err == ERR_CLOSED && strcmp(o->report.target.path, "-") == 0)
        raise(SIGPIPE); /* nobody reads stdout any more: end silently, as other programs do, unless the signal is
                           ignored */
    new_file_drop(&o->report);
    return err;
}

enum err outputs_write_report(struct outputs *o, const struct buf *report)
{
    struct problem problem = {""};
    if (o->to_stderr)
        return io_write_all(STDERR_FILENO, report->data, report->len);
    enum err err = write_file(o, report, &problem);
    o->lost = err && err != ERR_CANCELLED;
    if (err)
        fprintf(stderr, "poolscope: %s%s\n", problem.text, o->lost ? "; the report follows" : "");
    return err;
}

void outputs_done(struct outputs *o)
{
    if (!o->to_stderr)
        new_file_drop(&o->report);
    if (o->recorder && recorder_close(o->recorder, NULL)) {
        /* nothing was observed, so nothing is missing from the recording */
    }
    *o = (struct outputs){.to_stderr = true, .stop = -1};
}
