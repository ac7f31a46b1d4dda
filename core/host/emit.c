/* SPDX-License-Identifier: MIT
 * Events from the host process to its observer. */
#include <unistd.h>

#include "core/base/clock.h"
#include "core/event/wire.h"
#include "core/host/private.h"

void host_emit_fds(struct host_process *h, struct event *e, const int *fds, int nfds)
{
    struct buf b;
    buf_init(&b, HOST_RECORD_MAX);
    enum err err = h->over ? ERR_CLOSED : event_encode(e, &b);
    if (!err)
        err = wire_send(h->control, b.data, b.len, fds, nfds);
    if (err)
        h->over = true;
    buf_done(&b);
    event_done(e);
}

void host_emit(void *ctx, struct event *e)
{
    host_emit_fds(ctx, e, NULL, 0);
}

void host_note(struct host_process *h, enum note_level level, const char *text)
{
    struct event e;
    event_note(&e, level, "%s", text);
    e.time = clock_now();
    host_emit(h, &e);
}

void host_emit_run(struct host_process *h, enum event_type type, const struct request *r)
{
    struct event e = {.type = type, .time = clock_now(), .run = {.run = h->run, .host_pid = getpid()}};
    e.run.stopped = h->stopped;
    if (r) {
        e.run.asked = r->asked;
        e.run.method = text_dup(r->method);
        e.run.at_fork = text_dup(r->at_fork);
        e.run.workers = r->workers;
        e.run.tasks = r->whole ? 1 : r->tasks > 0 ? r->tasks : (int64_t)r->codes.n;
        e.run.threads = h->engine ? engine_threads(h->engine) : 0;
    }
    host_emit(h, &e);
}
