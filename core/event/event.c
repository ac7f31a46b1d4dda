/* SPDX-License-Identifier: MIT
 * The names and fields of all event types. */
#include "core/event/event.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *const task_state_names[] = {"pending", "running", "finished", "failed", "cancelled", "lost", NULL};
static const char *const note_level_names[] = {"info", "warning", "error", NULL};
static_assert(sizeof task_state_names / sizeof *task_state_names == TASK_LOST + 2, "a name for each, then NULL");
static_assert(sizeof note_level_names / sizeof *note_level_names == NOTE_ERROR + 2, "a name for each, then NULL");

const char *const measure_names[] = {"first",     "total",     "rate",          "trip",        "trip_p99",
                                     "noop_rate", "noop_trip", "noop_trip_p99", "pss",         "uss",
                                     "fds",       "shutdown",  "grown_fork",    "grown_spawn", NULL};
static_assert(sizeof measure_names / sizeof *measure_names == MEASURES + 1, "a name for each, then NULL");

/* clang-format off */
#define FIELD(kind, part, member, names) {#member, kind, offsetof(struct event, part.member), names}
/* clang-format on */
#define INT(part, member)        FIELD(FIELD_INT, part, member, NULL)
#define BOOL(part, member)       FIELD(FIELD_BOOL, part, member, NULL)
#define REAL(part, member)       FIELD(FIELD_REAL, part, member, NULL)
#define TEXT(part, member)       FIELD(FIELD_TEXT, part, member, NULL)
#define TEXTS(part, member)      FIELD(FIELD_TEXTS, part, member, NULL)
#define INTS(part, member)       FIELD(FIELD_INTS, part, member, NULL)
#define ENUM(part, member, list) FIELD(FIELD_ENUM, part, member, list)

static const struct field none[] = {{0}};
static const struct field note[] = {ENUM(note, level, note_level_names), TEXT(note, text), {0}};
static const struct field host[] = {INT(host, pid), INT(host, code), INT(host, signal), {0}};
static const struct field table[] = {TEXT(table, path),  INT(table, rows),      INT(table, columns),
                                     TEXT(table, key),   INT(table, threads),   REAL(table, seconds),
                                     TEXT(table, error), BOOL(table, internal), {0}};
static const struct field run[] = {
    INT(run, run),      REAL(run, asked),   TEXT(run, method), INT(run, workers),  INT(run, threads),
    TEXT(run, at_fork), INT(run, host_pid), INT(run, tasks),   BOOL(run, stopped), {0}};
static const struct field task[] = {
    INT(task, run),  INT(task, task),     TEXT(task, code),  INT(task, worker),  ENUM(task, state, task_state_names),
    INT(task, rows), REAL(task, seconds), TEXT(task, error), INTS(task, ranges), {0}};
static const struct field tasks[] = {INT(tasks, run),      INT(tasks, pending),  INT(tasks, running),
                                     INT(tasks, finished), INT(tasks, failed),   INT(tasks, cancelled),
                                     INT(tasks, lost),     INTS(tasks, busy),    INTS(tasks, ended),
                                     TEXTS(tasks, codes),  TEXTS(tasks, errors), {0}};
static const struct field worker[] = {INT(worker, run),
                                      INT(worker, worker),
                                      INT(worker, pid),
                                      INT(worker, ppid),
                                      INT(worker, parent_threads),
                                      BOOL(worker, forked_without_exec),
                                      INT(worker, code),
                                      INT(worker, signal),
                                      BOOL(worker, expected),
                                      {0}};
static const struct field measured[] = {
    INT(measured, run), ENUM(measured, what, measure_names), REAL(measured, at), REAL(measured, value), {0}};
static const struct field process[] = {INT(process, pid),
                                       INT(process, ppid),
                                       INT(process, start_ticks),
                                       TEXT(process, command),
                                       TEXT(process, state),
                                       INT(process, threads),
                                       INT(process, parent_threads),
                                       BOOL(process, forked_without_exec),
                                       INT(process, fds),
                                       INT(process, pss_kib),
                                       REAL(process, cpu_seconds),
                                       REAL(process, asleep_seconds),
                                       TEXT(process, waits_for),
                                       {0}};
static const struct field command[] = {INT(command, pid),  TEXT(command, text),  BOOL(command, attached),
                                       INT(command, code), INT(command, signal), {0}};
static const struct field end[] = {INT(end, pid), TEXT(end, rule), {0}};
static const struct field inspection[] = {INT(inspection, pid),
                                          TEXT(inspection, name),
                                          TEXT(inspection, exe),
                                          REAL(inspection, started),
                                          INT(inspection, parent_threads_now),
                                          INTS(inspection, tids),
                                          TEXTS(inspection, names),
                                          TEXTS(inspection, waits),
                                          BOOL(inspection, fds_denied),
                                          TEXTS(inspection, fds),
                                          TEXTS(inspection, signals),
                                          INT(inspection, ghost_stacks),
                                          {0}};
static const struct field sampling[] = {
    INT(sampling, looks), INT(sampling, processes), INT(sampling, threads), REAL(sampling, cpu_seconds), {0}};
static const struct field denied[] = {INT(denied, pid), TEXT(denied, name), TEXT(denied, why), {0}};
static const struct field finding[] = {TEXT(finding, rule),
                                       ENUM(finding, certainty, certainty_names),
                                       INT(finding, pid),
                                       INT(finding, tid),
                                       REAL(finding, after_seconds),
                                       TEXT(finding, summary),
                                       TEXTS(finding, evidence),
                                       TEXT(finding, cause),
                                       TEXTS(finding, stack),
                                       TEXT(finding, fix),
                                       INTS(finding, victims),
                                       {0}};

static const struct {
    const char *name;
    const struct field *fields;
} types[EVENT_TYPE_COUNT] = {
    [EVENT_NOTE] = {"note", note},
    [EVENT_HOST_STARTED] = {"host_started", host},
    [EVENT_HOST_EXITED] = {"host_exited", host},
    [EVENT_TABLE_LOADED] = {"table_loaded", table},
    [EVENT_TABLE_FAILED] = {"table_failed", table},
    [EVENT_RUN_STARTED] = {"run_started", run},
    [EVENT_TASK_SUBMITTED] = {"task_submitted", task},
    [EVENT_TASK_STARTED] = {"task_started", task},
    [EVENT_TASK_ENDED] = {"task_ended", task},
    [EVENT_WORKER_STARTED] = {"worker_started", worker},
    [EVENT_WORKER_READY] = {"worker_ready", worker},
    [EVENT_WORKER_EXITED] = {"worker_exited", worker},
    [EVENT_RUN_ENDED] = {"run_ended", run},
    [EVENT_PROCESS] = {"process", process},
    [EVENT_PROCESS_GONE] = {"process_gone", end},
    [EVENT_FINDING] = {"finding", finding},
    [EVENT_FINDING_ENDED] = {"finding_ended", end},
    [EVENT_TIMEOUT] = {"timeout", none},
    [EVENT_OUTPUT] = {"output", note},
    [EVENT_COMMAND_STARTED] = {"command_started", command},
    [EVENT_COMMAND_EXITED] = {"command_exited", command},
    [EVENT_TASK_RETURNED] = {"task_returned", task},
    [EVENT_TASKS] = {"tasks", tasks},
    [EVENT_MEASURED] = {"measured", measured},
    [EVENT_BLIND] = {"blind", none},
    [EVENT_CODES_WANTED] = {"codes_wanted", run},
    [EVENT_INSPECTION] = {"inspection", inspection},
    [EVENT_SAMPLED] = {"sampled", sampling},
    [EVENT_DENIED] = {"denied", denied},
};

static bool known(int64_t type)
{
    return type >= 0 && type < EVENT_TYPE_COUNT;
}

const char *event_name(enum event_type type)
{
    return known((int64_t)type) ? types[type].name : "unknown";
}

const struct field *event_fields(enum event_type type)
{
    return known((int64_t)type) ? types[type].fields : none;
}

void event_done(struct event *e)
{
    shape_done(event_fields((enum event_type)e->type), e);
    *e = (struct event){0};
}

enum err event_copy(const struct event *from, struct event *to)
{
    *to = (struct event){.type = from->type, .time = from->time};
    return shape_copy(event_fields((enum event_type)from->type), from, to);
}

enum err event_encode(const struct event *e, struct buf *out)
{
    if (!known(e->type))
        return ERR_USAGE;
    buf_add(out, &e->type, sizeof e->type);
    buf_add(out, &e->time, sizeof e->time);
    return shape_encode(event_fields((enum event_type)e->type), e, out);
}

enum err event_decode(const void *data, size_t len, struct event *out)
{
    enum { HEAD = sizeof out->type + sizeof out->time };
    *out = (struct event){0};
    int64_t type;
    if (len < HEAD)
        return ERR_PARSE;
    memcpy(&type, data, sizeof type);
    if (!known(type))
        return ERR_PARSE;
    out->type = type;
    memcpy(&out->time, (const char *)data + sizeof type, sizeof out->time);
    size_t used;
    enum err err = shape_decode(event_fields((enum event_type)type), (const char *)data + HEAD, len - HEAD, out, &used);
    if (!err && used != len - HEAD) {
        event_done(out);
        err = ERR_PARSE;
    }
    return err;
}

void event_note(struct event *out, enum note_level level, const char *fmt, ...)
{
    va_list ap;
    *out = (struct event){.type = EVENT_NOTE, .note.level = level};
    va_start(ap, fmt);
    if (vasprintf(&out->note.text, fmt, ap) < 0)
        out->note.text = NULL;
    va_end(ap);
}
