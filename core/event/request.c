/* SPDX-License-Identifier: MIT
 * The fields of a request. All types share one list, because requests are small and rare. */
#include "core/event/request.h"

#include <assert.h>

static const char *const type_names[] = {"load", "run", "kill_worker", "stop", "table", "codes", "cancel_task", NULL};
static_assert(sizeof type_names / sizeof *type_names == REQUEST_TYPE_COUNT + 1, "a name for each, then NULL");

/* clang-format off */
#define FIELD(kind, member) {#member, kind, offsetof(struct request, member), NULL}
/* clang-format on */
const struct field request_fields[] = {
    {"type", FIELD_ENUM, offsetof(struct request, type), type_names},
    FIELD(FIELD_TEXT, path),
    FIELD(FIELD_TEXT, key),
    FIELD(FIELD_TEXTS, dtypes),
    FIELD(FIELD_INT, threads),
    FIELD(FIELD_BOOL, forkserver),
    FIELD(FIELD_INT, run),
    FIELD(FIELD_REAL, asked),
    FIELD(FIELD_TEXT, method),
    FIELD(FIELD_INT, workers),
    FIELD(FIELD_TEXT, at_fork),
    FIELD(FIELD_INT, tasks),
    FIELD(FIELD_INT, max_tasks),
    FIELD(FIELD_REAL, task_timeout),
    FIELD(FIELD_INT, retries),
    FIELD(FIELD_TEXTS, codes),
    FIELD(FIELD_BOOL, more),
    FIELD(FIELD_BOOL, measure),
    FIELD(FIELD_BOOL, whole),
    FIELD(FIELD_INT, worker),
    FIELD(FIELD_INT, task),
    {0},
};

void request_done(struct request *r)
{
    shape_done(request_fields, r);
}

enum err request_encode(const struct request *r, struct buf *out)
{
    return shape_encode(request_fields, r, out);
}

enum err request_decode(const void *data, size_t len, struct request *out)
{
    size_t used;
    *out = (struct request){0};
    enum err err = shape_decode(request_fields, data, len, out, &used);
    if (!err && used != len) {
        request_done(out);
        err = ERR_PARSE;
    }
    return err;
}
