/* SPDX-License-Identifier: MIT
 * What the rules share. A rule is an entry of the table in hang_rules.c and a function in a file of its own. */
#ifndef HANG_PRIV_H
#define HANG_PRIV_H

#include "core/hang/hang.h"

/* What a rule looks at: one process, and the scene it stands in. */
struct hang_case {
    const struct scene *scene;
    const struct evidence *e;
    const struct hang_settings *settings;
};

struct hang_rule {
    const char *id, *title;
    const char *advice; /* what it means for the one who reads it */
    /* Whether it holds; if so, `out` has certainty, tid, summary, evidence, cause and fix. */
    enum err (*match)(const struct hang_case *c, struct finding *out, bool *holds);
};
extern const struct hang_rule hang_rules[];
extern const size_t hang_rule_count;

enum err hang_match_orphaned_lock(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_no_waker(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_stalled(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;

/* hang_closed.c: can anything but the process itself end its waits? */
enum closed {
    CLOSED_NOT,     /* somebody can, or one of its threads is awake or will wake up by itself */
    CLOSED_PERHAPS, /* nobody was seen who could, but not all could be seen or ruled out */
    CLOSED_PROVED   /* nobody, short of a signal or a tracer from outside */
};
enum closed hang_closed(const struct evidence *e);
/* The conditions that hold, in one line, and each doubt in a line of its own. */
enum err hang_say_closed(const struct evidence *e, struct texts *lines) MUST_CHECK;

/* hang_words.c: facts in words. */
size_t hang_living_threads(const struct evidence *e);
enum err hang_say(char **out, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
enum err hang_say_fork(const struct hang_case *c, struct texts *lines) MUST_CHECK;
enum err hang_say_thread(const struct hang_case *c, const struct thread_evidence *t, struct texts *lines) MUST_CHECK;
enum err hang_say_threads(const struct hang_case *c, struct texts *lines) MUST_CHECK;
enum err hang_say_awaited(const struct evidence *e, struct texts *lines) MUST_CHECK;

#endif
