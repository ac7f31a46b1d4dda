/* SPDX-License-Identifier: MIT
 * The file of a run of our own. The host reads plain files alone: what comes through a pipe or is packed is spooled
 * here first, piece by piece as it comes and without ever waiting for it, and handed over once all of it is there. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/observer/private.h"

/* What a step takes of a packed file. Of a pipe it takes what is there, and no more: it would be waited for. */
enum { PUMP = 1 << 20 };

static bool is_internal(enum err err)
{
    return err == ERR_NOMEM || err == ERR_LIMIT;
}

/* Opens the file, and the stream if it is one; else the host can read it as it is. */
static enum err open_input(struct observer *o, struct problem *problem)
{
    const char *path = o->options.path;
    bool stream;
    bool standard_input = strcmp(path, "-") == 0;
    o->source = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                               : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (o->source < 0)
        return problem_errno(problem, "%s: cannot open", path);
    enum err err = table_stream_needed(o->source, &stream);
    if (err)
        return problem_set(problem, err, "%s: %s", path, err_text(err));
    if (!stream)
        return OK;
    err = table_stream_open(o->source, path, &table_unpacker, &o->stream, problem);
    io_close(&o->source);
    return err;
}

enum err source_open(struct observer *o, struct problem *problem)
{
    enum err err = open_input(o, problem);
    if (err && !is_internal(err)) {
        io_close(&o->source);
        return run_fail_table(o, problem->text, false);
    }
    if (err || !o->stream)
        return err ? err : run_start_host(o, problem);
    o->input = await_none(o->epoll);
    err = await_input(&o->input, table_stream_input(o->stream));
    return err ? problem_set(problem, err, "%s: cannot wait for it: %s", o->options.path, err_text(err)) : OK;
}

void source_close(struct observer *o)
{
    await_end(&o->input);
    table_stream_free(o->stream);
    o->stream = NULL;
}

/* All of it is there: from now on it is a file like any other. */
static enum err take_spool(struct observer *o, struct problem *problem)
{
    o->source = fcntl(table_stream_spool(o->stream).fd, F_DUPFD_CLOEXEC, 3);
    source_close(o);
    return o->source < 0 ? problem_errno(problem, "%s", o->options.path) : run_start_host(o, problem);
}

static enum err pump(struct observer *o, bool *done, struct problem *problem)
{
    enum err err = table_stream_pump(o->stream, await_is_file(&o->input) ? PUMP : 1, done, problem);
    if (err == ERR_AGAIN)
        err = OK;
    if (!err && !*done && (err = await_input(&o->input, table_stream_input(o->stream)))) /* it may be another fd now */
        problem_set(problem, err, "%s: cannot wait for it: %s", o->options.path, err_text(err));
    return err;
}

enum err source_step(struct observer *o, bool *changed)
{
    struct problem problem;
    bool done = false;
    if (!o->stream || !await_is_ready(&o->input))
        return OK;
    enum err err = pump(o, &done, &problem);
    bool internal = is_internal(err);
    if (!err && done && (err = take_spool(o, &problem)))
        internal = true;
    if (!err)
        return OK;
    source_close(o);
    *changed = true;
    return run_fail_table(o, problem.text, internal);
}
