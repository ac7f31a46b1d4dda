/* SPDX-License-Identifier: MIT
 * The events and notes of a pool, and whether the pool can still do its work: failed starts of workers are counted
 * here. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/pool/private.h"

void pool_emit(struct pool *p, struct event *e)
{
    e->time = clock_now();
    if (p->options.emit)
        p->options.emit(p->options.ctx, e);
    else
        event_done(e);
}

void pool_note(struct pool *p, enum note_level level, const char *fmt, ...)
{
    struct event e = {.type = EVENT_NOTE, .note.level = level};
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&e.note.text, fmt, ap) < 0)
        e.note.text = NULL;
    va_end(ap);
    pool_emit(p, &e);
}

void pool_on_startup_failure(struct pool *p, const char *why, bool killed)
{
    p->startup_failures++;
    p->failure_score += killed ? 1 : FAILURE_SCORE_MAX / 3;
    free(p->last_failure);
    p->last_failure = text_dup(why);
}

void pool_on_launch_failure(struct pool *p, const char *why)
{
    pool_on_startup_failure(p, why, false);
    if (!p->warned)
        pool_note(p, NOTE_WARNING, "a worker could not be started; the run continues with the other workers: %s", why);
    p->warned = true;
}

void pool_break(struct pool *p, const char *why)
{
    if (!p->broken && (p->broken = text_dup(why)))
        pool_note(p, NOTE_ERROR, "the pool is broken: %s", why);
    p->failure_score = FAILURE_SCORE_MAX;
}
