/* SPDX-License-Identifier: MIT
 * The sampler: a thread of the observer that looks at a process tree again and again, lets the rules judge it, and
 * posts what changed: EVENT_PROCESS, EVENT_PROCESS_GONE, EVENT_FINDING (once a finding, again when it became more
 * certain or its cause is known by then), EVENT_FINDING_ENDED. Reads of a sick process may block: they block this
 * thread and never the screen's. All functions are for one thread, the one that takes from the queue. */
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

/* The thread begins with the first order. It does not wake up while nothing is watched. */
enum err sampler_new(const struct sampler_options *options, struct sampler **out) MUST_CHECK;
void sampler_free(struct sampler *s); /* stops and joins the thread */

/* From now on the tree below `root`; after_seconds of its findings counts from `started` (clock_now()). root 0:
 * nothing; then no event of the old watch is posted any more after this returns. Samples at 10 ms while things move or
 * a process looks hung and is not proved yet, and backs off to 1 s while nothing changes. */
enum err sampler_watch(struct sampler *s, pid_t root, bool include_root, double started) MUST_CHECK;

/* See scene_hint. Cheap; also makes the sampler look soon. */
void sampler_hint(struct sampler *s, pid_t pid, int64_t parent_threads, bool awaited);

/* Takes the stack of a process once more (it stops for a moment) on the sampler's thread: answered by EVENT_FINDING
 * with the stack in it if the process has a finding, and by a NOTE with its frames otherwise or where it cannot be
 * had. */
void sampler_ask_stack(struct sampler *s, pid_t pid);

/* From now on EVENT_INSPECTION tells of this process in detail: at once, then once a second. 0: of none. */
void sampler_inspect(struct sampler *s, pid_t pid);

/* What the newest watch has cost so far. */
void sampler_count(struct sampler *s, struct event_sampling *out);

#endif
