/* SPDX-License-Identifier: MIT
 * The verdict in words: one sentence for all processes that hang for the same cause. */
#include "core/model/model.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What a process that hangs does, and what several do, by the finding's cause. The last one is for any other cause. */
static const struct {
    const char *cause, *one, *several;
} predicates[] = {
    {"lost-threads", "waits for threads that fork did not copy", "wait for threads that fork did not copy"},
    {"lock-held-at-fork", "waits for a lock that a thread held at the fork",
     "wait for locks that threads held at the fork"},
    {"lock-order", "waits in a cycle of locks", "wait in a cycle of locks"},
    {"undrained-queue", "waits because a queue is not emptied", "wait because a queue is not emptied"},
    {"inherited-fd", "waits for an end of file that cannot come", "wait for an end of file that cannot come"},
    {"dead-worker", "waits for a worker that has died", "wait for a worker that has died"},
    {"unknown", "waits and shows no activity", "wait and show no activity"},
};

static const char *predicate(const char *cause, bool several)
{
    size_t last = sizeof predicates / sizeof *predicates - 1;
    for (size_t i = 0; i <= last; i++)
        if (cause && strcmp(predicates[i].cause, cause) == 0)
            return several ? predicates[i].several : predicates[i].one;
    return several ? predicates[last].several : predicates[last].one;
}

static bool is_gone(const struct model *m, int64_t pid)
{
    const struct model_worker *w = model_worker_by_pid(m, pid);
    return w && (w->state == WORKER_EXITED || w->state == WORKER_KILLED);
}

/* Whether the sentence names this finding's process: the cause and the certainty are those of the worst finding. With
 * `living`, workers that have ended are not named. */
static bool is_meant(const struct model *m, const struct finding *f, const struct finding *worst, bool living)
{
    return f->certainty == worst->certainty && f->cause && worst->cause && strcmp(f->cause, worst->cause) == 0 &&
           !(living && is_gone(m, f->pid));
}

/* The smallest worker id or pid above `above`, or INT64_MAX: walks the findings in rising order. */
static int64_t next_name(const struct model *m, const struct finding *worst, bool living, bool workers, int64_t above)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < m->nfindings; i++) {
        const struct finding *f = &m->findings[i];
        const struct model_worker *w = workers ? model_worker_by_pid(m, f->pid) : NULL;
        int64_t name = w ? w->id : f->pid;
        if (is_meant(m, f, worst, living) && name > above && name < next)
            next = name;
    }
    return next;
}

/* "worker 1", "workers 1 and 2", "workers 1, 2 and 5", "workers 1, 2, 3 and 37 more"; "process 4242" if the process is
 * not a worker. Workers that have ended are only named if all have. Returns how many are named or counted. */
static size_t name_them(const struct model *m, const struct finding *worst, char *out, size_t size)
{
    enum { SHOWN = 4 };
    size_t n = 0;
    bool workers = model_worker_by_pid(m, worst->pid) != NULL, living = false;
    for (size_t i = 0; i < m->nfindings; i++)
        living |= is_meant(m, &m->findings[i], worst, true);
    for (size_t i = 0; i < m->nfindings; i++)
        n += is_meant(m, &m->findings[i], worst, living);
    const char *noun = workers ? (n > 1 ? "workers" : "worker") : (n > 1 ? "processes" : "process");
    int at = snprintf(out, size, "%s", noun);
    size_t shown = n > SHOWN ? SHOWN - 1 : n;
    int64_t name = 0;
    for (size_t i = 0; i < shown; i++) {
        const char *glue = i == 0 ? " " : i + 1 == n ? " and " : ", ";
        name = next_name(m, worst, living, workers, name);
        at += snprintf(out + at, size - (size_t)at, "%s%lld", glue, (long long)name);
    }
    if (shown < n)
        snprintf(out + at, size - (size_t)at, " and %zu more", n - shown);
    return n;
}

bool model_verdict(const struct model *m, struct verdict *out)
{
    const struct finding *worst = model_worst_finding(m);
    if (!worst)
        return false;
    char names[128];
    size_t n = name_them(m, worst, names, sizeof names);
    snprintf(out->title, sizeof out->title, "HUNG, %s", certainty_names[worst->certainty]);
    snprintf(out->who, sizeof out->who, "%s %s", names, predicate(worst->cause, n > 1));
    bool ours = m->run > 0 && worst->cause && strcmp(worst->cause, "lost-threads") == 0;
    snprintf(out->cure, sizeof out->cure, "%s",
             ours         ? "spawn or forkserver; or one engine thread (-t 1)"
             : worst->fix ? worst->fix
                          : "none known");
    return true;
}
