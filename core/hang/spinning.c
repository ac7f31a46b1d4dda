/* SPDX-License-Identifier: MIT
 * Rule spinning: a process that was forked without the threads of its parent uses the CPU all the time, never waits,
 * and its stack does not change: it keeps reading a word that one of the missing threads should have changed. This is
 * never proved, as a computation in registers looks the same. */
#include "core/hang/private.h"

#include "core/base/text.h"

enum err hang_match_spinning(const struct hang_case *c, struct finding *out, bool *holds)
{
    enum { LOOKS_LEAST = 8 };
    const double cpu_least = 0.2; /* seconds; on a busy machine the process gets little CPU time */
    const struct evidence *e = c->e;
    char spun[24], used[24];
    double seconds = c->scene->taken - e->spins_since;
    *holds = e->spins_since > 0 && hang_lost_threads(e) && seconds >= c->settings->hang_after &&
             e->spin_looks >= LOOKS_LEAST && e->spin_cpu >= cpu_least;
    if (!*holds)
        return OK;
    out->certainty = CERTAINTY_LIKELY;
    out->tid = evidence_telling_thread(e)->tid;
    text_seconds(seconds, spun);
    text_seconds(e->spin_cpu, used);
    enum err err = hang_say(&out->summary, "it spins: it has run for %s without changing anything on its stack", spun);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = texts_addf(&out->evidence,
                         "in %s it used %s of CPU time and never waited; its stack was the same at all %u looks", spun,
                         used, e->spin_looks);
    if (!err)
        err = texts_add(&out->evidence, "this is not proved: a computation that uses only registers looks the same");
    if (!err)
        err = hang_say_awaited(e, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "lost-threads");
    return err ? err : hang_say_cure(c, out);
}
