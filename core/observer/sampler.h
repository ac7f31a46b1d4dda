/* SPDX-License-Identifier: MIT
 * The sampler: a thread of the observer that looks at a process tree again and again, applies the rules to it, and
 * posts what has changed: EVENT_PROCESS, EVENT_PROCESS_GONE, EVENT_FINDING (once for a finding, and again when it has
 * become more certain or has got a cause), EVENT_FINDING_ENDED, and
 * EVENT_BLIND if there is no memory to look any more. Reading a sick process may block: that blocks this
 * thread and never the screen. Call all functions on one thread, the one that takes events from the queue. */
#ifndef OBSERVER_SAMPLER_H
#define OBSERVER_SAMPLER_H

#include <stdbool.h>

#include "core/event/event.h"
#include "core/event/queue.h"
#include "core/proc/proc.h"

struct sampler;

struct sampler_options {
    struct queue *queue; /* outlives the sampler */
    double epoch;        /* clock_now() time that the times of its events count from */
    double hang_after;   /* seconds */
    bool stacks;         /* take the stack of a process once when it gets a proved finding */
};

/* The thread starts with the first order, and sleeps while nothing is watched. */
enum err sampler_new(const struct sampler_options *options, struct sampler **out) MUST_CHECK;
void sampler_free(struct sampler *s); /* stops and joins the thread */

/* Watches the tree below `root` from now on; after_seconds of its findings counts from `started` (clock_now()). root 0:
 * watches nothing, and no event of the old watch is posted after this returns. Looks every 10 ms while processes
 * change, or while one seems to hang and that is not proved, and backs off to 1 s while nothing changes. */
enum err sampler_watch(struct sampler *s, pid_t root, bool include_root, double started) MUST_CHECK;

/* See scene_hint. Cheap. The sampler looks soon. */
void sampler_hint(struct sampler *s, pid_t pid, int64_t parent_threads, bool awaited);

/* Takes the stack of a process, which is stopped for a moment, on the sampler's thread. The answer is an EVENT_FINDING
 * with the stack if the process has a finding; otherwise, or if the stack cannot be read, an EVENT_NOTE. */
void sampler_ask_stack(struct sampler *s, pid_t pid);

/* From now on EVENT_INSPECTION describes this process in detail, at once and then once a second. 0: no process. */
void sampler_inspect(struct sampler *s, pid_t pid);

/* What the newest watch has cost so far. */
void sampler_count(struct sampler *s, struct event_sampling *out);

#endif
