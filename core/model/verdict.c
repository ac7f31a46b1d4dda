/* SPDX-License-Identifier: MIT
 * The verdict in plain words. One cause for many workers is one sentence. */
#include "core/model/model.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What the hung ones do, for one and for several; by the finding's cause. */
static const struct {
    const char *cause, *one, *several;
} deeds[] = {
    {"lost-threads", "waits for threads that fork did not copy", "wait for threads that fork did not copy"},
    {"lock-held-at-fork", "waits for a lock that a thread held when it was forked",
     "wait for locks that threads held when they were forked"},
    {"lock-order", "waits in a circle of locks", "wait in a circle of locks"},
    {"undrained-queue", "waits for a queue that nobody empties", "wait for a queue that nobody empties"},
    {"inherited-fd", "waits for an end of file that cannot come", "wait for an end of file that cannot come"},
    {"dead-worker", "waits for a worker that is dead", "wait for a worker that is dead"},
    {"unknown", "waits and gives no sign of life", "wait and give no sign of life"},
};

static const char *deed(const char *cause, bool several)
{
    size_t last = sizeof deeds / sizeof *deeds - 1;
    for (size_t i = 0; i <= last; i++)
        if (cause && strcmp(deeds[i].cause, cause) == 0)
            return several ? deeds[i].several : deeds[i].one;
    return several ? deeds[last].several : deeds[last].one;
}

static bool is_gone(const struct model *m, int64_t pid)
{
    const struct model_worker *w = model_worker_by_pid(m, pid);
    return w && (w->state == WORKER_EXITED || w->state == WORKER_KILLED);
}

/* Whom a sentence is about: those with the same cause and certainty as the worst, and of these the ones that are still
 * there, if any is. */
static bool is_meant(const struct model *m, const struct finding *f, const struct finding *worst, bool living)
{
    return f->certainty == worst->certainty && f->cause && worst->cause && strcmp(f->cause, worst->cause) == 0 &&
           !(living && is_gone(m, f->pid));
}

/* The smallest name (worker id or pid) above `above`, or INT64_MAX: walks the findings in rising order. */
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

/* "worker 1", "workers 1 and 2", "workers 1, 2 and 5", "workers 1, 2, 3 and 37 more"; "process 4242" where the process
 * is no worker of ours. Returns how many they are. */
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
    snprintf(out->who, sizeof out->who, "%s %s", names, deed(worst->cause, n > 1));
    bool ours = m->run > 0 && worst->cause && strcmp(worst->cause, "lost-threads") == 0;
    snprintf(out->cure, sizeof out->cure, "%s",
             ours         ? "spawn or forkserver; or one engine thread (-t 1)"
             : worst->fix ? worst->fix
                          : "none known");
    return true;
}
