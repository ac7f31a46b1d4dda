/* SPDX-License-Identifier: MIT
 * Shared by the files of the sampler: sampler.c has the thread and its orders, sampler_shown.c knows what was posted.
 */
#ifndef OBSERVER_SAMPLER_PRIV_H
#define OBSERVER_SAMPLER_PRIV_H

#include "core/event/event.h"
#include "core/hang/hang.h"
#include "core/proc/proc.h"

/* Takes the event. */
typedef void sampler_post_fn(void *ctx, struct event *e);

/* What was posted of one process. */
struct shown_process {
    pid_t pid;
    uint64_t started;
    double posted_at;          /* clock_now(); 0: not yet */
    struct event_process last; /* as posted */
    struct finding finding;    /* as posted; rule NULL: none */
};

struct shown {
    struct shown_process *v;
    size_t n;       /* by pid, rising; owned */
    double epoch;   /* clock_now() time that event times count from */
    double started; /* clock_now() time that after_seconds counts from */
    bool stacks;    /* take a stack when a finding is proved */
    bool more;      /* a change was held back, so as not to flood the queue */
    bool denied;    /* EVENT_DENIED was posted */
    bool unproved;  /* there is a finding that is not proved */
    sampler_post_fn *post;
    void *ctx;
};

void shown_done(struct shown *s);

/* Posts what differs between the scene and what was posted. *moved says whether anything was posted. The scene is only
 * written to for scene_forgive, after a stack was taken. */
enum err shown_update(struct shown *s, struct scene *scene, const struct findings *findings, bool *moved) MUST_CHECK;

/* Takes the stack of a process and posts it. */
enum err shown_post_stack(struct shown *s, struct scene *scene, pid_t pid) MUST_CHECK;

/* sampler_inspect.c: makes an EVENT_INSPECTION of what is known of a process. */
enum err inspection_describe(const struct scene *s, const struct evidence *e, double epoch, struct event *out)
    MUST_CHECK;

#endif
