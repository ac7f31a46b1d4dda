/* SPDX-License-Identifier: MIT
 * A recording: the same facts as events, one JSON object a line, with the time since the start; and back. */
#include "core/report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/report_priv.h"

enum { LINE_MAX_BYTES = 1 << 30 };

struct recorder {
    FILE *file;
    char *path;
    enum err err; /* the first one */
    int errnum;
    struct buf line;
};

static enum err remember(struct recorder *r, enum err e)
{
    if (e && !r->err) {
        r->err = e;
        r->errnum = errno;
    }
    return r->err;
}

enum err recorder_open(const char *path, struct recorder **out, struct problem *problem)
{
    struct recorder *r = calloc(1, sizeof *r);
    if (!r || !(r->path = strdup(path))) {
        free(r);
        return problem_set(problem, ERR_NOMEM, "%s: out of memory", path);
    }
    buf_init(&r->line, LINE_MAX_BYTES);
    r->file = fopen(path, "we");
    if (!r->file || fputs("{\"schema\": \"poolscope.recording/1\"}\n", r->file) < 0) {
        enum err e = problem_errno(problem, "%s: cannot record", path);
        if (r->file)
            fclose(r->file);
        free(r->path);
        free(r);
        return e;
    }
    *out = r;
    return OK;
}

enum err recorder_add(struct recorder *r, const struct event *e)
{
    if (r->err)
        return r->err;
    buf_clear(&r->line);
    enum err err = report_add_line(&r->line, e->time, event_name((enum event_type)e->type),
                                   event_fields((enum event_type)e->type), e);
    if (!err && fwrite(r->line.data, 1, r->line.len, r->file) != r->line.len)
        err = err_from_errno(errno);
    return remember(r, err);
}

enum err recorder_flush(struct recorder *r)
{
    if (!r->err && fflush(r->file) == EOF)
        return remember(r, err_from_errno(errno));
    return r->err;
}

enum err recorder_close(struct recorder *r, struct problem *problem)
{
    if (fclose(r->file) == EOF)
        remember(r, err_from_errno(errno));
    enum err e = r->err;
    if (e) {
        errno = r->errnum;
        problem_errno(problem, "%s: the recording is not complete", r->path);
    }
    buf_done(&r->line);
    free(r->path);
    free(r);
    return e;
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
    enum err e = OK;
    int64_t type = type_by_name(json_string_value(json_object_get(object, "event")));
    if (type < 0) {
        e = problem_set(problem, ERR_PARSE, "no known event is named here");
    } else {
        out->type = type;
        out->time = json_number_value(json_object_get(object, "t"));
        e = shape_from_json(event_fields((enum event_type)type), object, out, &wrong);
        if (e)
            problem_set(problem, e, "\"%s\" is not what a %s has there", wrong, event_name((enum event_type)type));
    }
    json_decref(object);
    return e;
}
