/* SPDX-License-Identifier: MIT
 * Writes a recording, one JSON object a line for each event, and reads its lines back. */
#include "core/report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/report/private.h"

enum { LINES_MAX_BYTES = 1 << 30, PIECE = 64 * 1024 };

struct recorder {
    int fd, stop;
    char *name;   /* as the user wrote it */
    enum err err; /* the first one */
    int errnum;
    struct buf lines; /* not written yet */
};

static enum err remember(struct recorder *r, enum err err)
{
    if (err && !r->err) {
        r->err = err;
        r->errnum = errno;
    }
    return r->err;
}

/* A regular file is created or emptied; a stream is open already. The flags prevent that a symbolic link, put there
 * since the target was found, is followed. */
static int open_target(struct target *t)
{
    int fd = t->fd;
    t->fd = -1;
    if (fd >= 0)
        return fd;
    if (!t->exists)
        return open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    fd = open(t->path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, 0) < 0)
        io_close(&fd);
    return fd;
}

enum err recorder_open(struct target *t, struct recorder **out, struct problem *problem)
{
    struct recorder *r = calloc(1, sizeof *r);
    enum err err = r ? OK : problem_set(problem, ERR_NOMEM, "%s: out of memory", t->name);
    if (!err && (r->fd = open_target(t)) < 0)
        err = problem_errno(problem, "%s: cannot record", t->name);
    if (err) {
        free(r);
    } else {
        r->stop = -1;
        r->name = t->name;
        t->name = NULL;
        buf_init(&r->lines, LINES_MAX_BYTES);
        buf_add_text(&r->lines, "{\"schema\": \"poolscope.recording/1\"}\n");
    }
    target_done(t);
    if (!err && recorder_flush(r)) /* at once, so that a fork does not copy bytes that are still to be written */
        return recorder_close(r, problem);
    if (!err)
        *out = r;
    return err;
}

void recorder_stop_on(struct recorder *r, int stop)
{
    r->stop = stop;
}

enum err recorder_add(struct recorder *r, const struct event *e)
{
    if (r->err)
        return r->err;
    enum err err = report_add_line(&r->lines, e->time, event_name((enum event_type)e->type),
                                   event_fields((enum event_type)e->type), e);
    if (err || r->lines.len < PIECE)
        return remember(r, err);
    return recorder_flush(r);
}

enum err recorder_flush(struct recorder *r)
{
    if (r->err)
        return r->err;
    enum err err = io_write_until(r->fd, r->lines.data, r->lines.len, r->stop);
    buf_clear(&r->lines);
    return remember(r, err);
}

enum err recorder_close(struct recorder *r, struct problem *problem)
{
    enum err err = recorder_flush(r);
    if (close(r->fd) < 0)
        err = remember(r, err_from_errno(errno));
    if (err == ERR_CANCELLED) {
        problem_set(problem, err, "%s: the recording is not complete: it was stopped", r->name);
    } else if (err) {
        errno = r->errnum;
        problem_errno(problem, "%s: the recording is not complete", r->name);
    }
    buf_done(&r->lines);
    free(r->name);
    free(r);
    return err;
}

static int64_t type_by_name(const char *name)
{
    for (int64_t i = 0; name && i < EVENT_TYPE_COUNT; i++)
        if (strcmp(event_name((enum event_type)i), name) == 0)
            return i;
    return -1;
}

enum err recording_parse(const char *line, size_t len, struct event *out, struct problem *problem)
{
    json_error_t where;
    const char *wrong = "";
    *out = (struct event){0};
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
    if (!json_is_object(object)) {
        json_decref(object);
        return problem_set(problem, ERR_PARSE, "column %d: %s", object ? 1 : where.column,
                           object ? "not an object" : where.text);
    }
    enum err err = OK;
    int64_t type = type_by_name(json_string_value(json_object_get(object, "event")));
    if (type < 0) {
        err = problem_set(problem, ERR_PARSE, "no known event is named here");
    } else {
        out->type = type;
        out->time = json_number_value(json_object_get(object, "t"));
        err = shape_from_json(event_fields((enum event_type)type), object, out, &wrong);
        if (err)
            problem_set(problem, err, "\"%s\" is not what a %s has there", wrong, event_name((enum event_type)type));
    }
    json_decref(object);
    return err;
}
