/* SPDX-License-Identifier: MIT
 * A finding is a conclusion that one named rule draws from evidence, with a certainty. Plain data that owns its texts.
 */
#ifndef EVENT_FINDING_H
#define EVENT_FINDING_H

#include "core/event/shape.h"

enum certainty { CERTAINTY_POSSIBLE, CERTAINTY_LIKELY, CERTAINTY_PROVED };
extern const char *const certainty_names[]; /* "possible", "likely", "proved", NULL */

struct finding {
    char *rule;            /* its stable name: no-waker, orphaned-lock, lock-cycle, … */
    int64_t certainty;     /* enum certainty */
    int64_t pid, tid;      /* the process, and the thread whose wait is the evidence (or the main thread) */
    double after_seconds;  /* from the start of the run or watch to the finding */
    char *summary;         /* one sentence */
    struct texts evidence; /* one fact a line */
    char *cause;           /* stable name: lost-threads, lock-held-at-fork, …, unknown */
    struct texts stack;    /* innermost frame first; may be empty */
    char *fix;             /* one sentence */
    struct ints victims;   /* processes that only wait for this one */
};

extern const struct field finding_fields[];

void finding_done(struct finding *f);
enum err finding_copy(const struct finding *from, struct finding *to) MUST_CHECK;

#endif
