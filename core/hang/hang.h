/* SPDX-License-Identifier: MIT
 * Evidence → findings: one const table of pure rules. No I/O, no clock, no globals: the scene says what time it is.
 * A rule whose evidence is denied finds nothing more certain than what it could see. */
#ifndef HANG_HANG_H
#define HANG_HANG_H

#include "core/base/err.h"
#include "core/event/finding.h"
#include "core/proc/proc.h"

struct hang_settings {
    double started;    /* clock_now() time that finding.after_seconds counts from */
    double hang_after; /* seconds: a wait this long speaks even without proof */
};

struct findings {
    struct finding *v;
    size_t n; /* owned */
};
void findings_done(struct findings *f);

/* Every process of the scene against every rule; at most one finding a process: where two rules hold, the one that
 * explains more (earlier in the table) speaks. `out` is empty before. */
enum err hang_judge(const struct scene *s, const struct hang_settings *settings, struct findings *out) MUST_CHECK;

#endif
