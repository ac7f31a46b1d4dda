/* SPDX-License-Identifier: MIT
 * From evidence to findings, by a table of pure rules: no I/O, no clock, no globals. The time is the scene's. If the
 * kernel denies a rule its evidence, the finding is less certain. Any thread may judge a scene that nobody changes. */
#ifndef HANG_HANG_H
#define HANG_HANG_H

#include "core/base/err.h"
#include "core/event/finding.h"
#include "core/proc/proc.h"

struct hang_settings {
    double started;    /* clock_now() when the watch began; finding.after_seconds counts from it */
    double hang_after; /* seconds: a wait this long may give a finding without proof */
};

struct findings {
    struct finding *v;
    size_t n; /* owned */
};
void findings_done(struct findings *f);

/* Tries the rules on each process of the scene. A process has at most one finding: that of the first rule that holds,
 * as the rules are in the order of how much they explain. `out` must be empty; on error, ERR_NOMEM, it is again. Free
 * it with findings_done. */
enum err hang_judge(const struct scene *s, const struct hang_settings *settings, struct findings *out) MUST_CHECK;

#endif
