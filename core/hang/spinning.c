/* SPDX-License-Identifier: MIT
 * Rule spinning: forked without the threads of its parent, it uses the CPU all the time, never waits for anything, and
 * its stack stays as it is: it looks again and again at a word that a lost thread was to change. Never proved: a
 * computation in registers looks alike. */
#include "core/hang/private.h"

#include "core/base/text.h"

enum err hang_match_spinning(const struct hang_case *c, struct finding *out, bool *holds)
{
    enum { LOOKS_LEAST = 8 };
    const double cpu_least = 0.2; /* seconds; on a busy machine it gets but little */
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
    enum err err = hang_say(&out->summary, "it spins: for %s it has used its CPU and changed nothing on its stack",
                            spun);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = texts_addf(&out->evidence, "in %s it used %s of CPU and never waited; its stack was the same at %u looks",
                         spun, used, e->spin_looks);
    if (!err)
        err = texts_add(&out->evidence, "not proved: who computes in registers alone looks the same");
    if (!err)
        err = hang_say_awaited(e, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "lost-threads");
    return err ? err : hang_say_cure(c, out);
}
