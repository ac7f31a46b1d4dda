/* SPDX-License-Identifier: MIT
 * A host that dies, or ends its run early, has not sent the events of everything that it was asked for: the run itself,
 * or tasks that it had not submitted yet. They are added here, so that the report lacks nothing. */
#include <string.h>

#include "core/base/clock.h"
#include "core/observer/private.h"

/* The run that the host has been asked for and did not begin, or would have been asked for once it had the table. */
static struct request *missing_run(struct observer *o)
{
    return o->sent.run > 0 || host_has_table(o->host) ? &o->sent : &o->wanted;
}

static enum err add_run(struct observer *o, const struct request *r)
{
    o->codes_of = r->run;
    struct event e = {.type = EVENT_RUN_STARTED,
                      .time = clock_now() - o->epoch,
                      .run = {.run = r->run,
                              .asked = r->asked - o->epoch,
                              .method = text_dup(r->method),
                              .at_fork = text_dup(r->at_fork),
                              .workers = r->workers,
                              .threads = o->threads,
                              .host_pid = o->model->host_pid,
                              .tasks = r->whole ? 1 : r->tasks}};
    return observer_apply(o, &e);
}

static enum err add_task(struct observer *o, int64_t id, const char *code)
{
    if (model_task(o->model, id))
        return OK;
    struct event e = {.type = EVENT_TASK_SUBMITTED,
                      .time = clock_now() - o->epoch,
                      .task = {.run = o->model->run, .task = id, .code = text_dup(code), .rows = -1}};
    return observer_apply(o, &e);
}

/* Tasks are numbered in the order of their codes; without a code there is one task, for the whole table. */
static enum err add_tasks(struct observer *o)
{
    enum err err = o->codes.len == 0 && o->model->total == 1 ? add_task(o, 1, NULL) : OK;
    int64_t id = 0;
    for (size_t at = 0; at < o->codes.len && !err; at += strlen(o->codes.data + at) + 1)
        err = add_task(o, ++id, o->codes.data + at);
    return err;
}

enum err run_add_missing(struct observer *o, enum event_type type)
{
    const struct model *m = o->model;
    enum err err = OK;
    if (type == EVENT_HOST_EXITED) {
        struct request *r = missing_run(o);
        if (r->run > 0)
            err = add_run(o, r);
        request_done(r);
    }
    if (type == EVENT_RUN_STARTED)
        request_done(&o->sent);
    bool last = type == EVENT_HOST_EXITED || type == EVENT_RUN_ENDED;
    if (!err && last && o->options.keep_tasks && model_run_active(m) && m->run == o->codes_of &&
        model_settled_tasks(m) < m->total)
        err = add_tasks(o);
    return err;
}
