/* SPDX-License-Identifier: MIT
 * Remembers what was posted of each process, and posts what has changed since. */
#include "core/observer/sampler_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/stack/stack.h"

/* A process that changes all the time is posted again after this many seconds. A change of its CPU time counts from
 * this step on. */
static const double least_pause = 0.1, cpu_step = 0.1;

enum { FRAMES_OF_FINDING = 16, FRAMES_ASKED = 256 };

static void process_done(struct event_process *p)
{
    struct event e = {.type = EVENT_PROCESS, .process = *p};
    event_done(&e);
    *p = (struct event_process){0};
}

static void forget(struct shown_process *p)
{
    process_done(&p->last);
    finding_done(&p->finding);
}

void shown_done(struct shown *s)
{
    for (size_t i = 0; i < s->n; i++)
        forget(&s->v[i]);
    free(s->v);
    s->v = NULL;
    s->n = 0;
}

/* One word for the state of all its threads. */
static const char *state_word(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].state == 'R')
            return "running";
    switch (e->state) {
    case 'D': return "disk";
    case 'T':
    case 't': return "stopped";
    case 'Z':
    case 'X': return "zombie";
    default: return "sleeping";
    }
}

static enum err describe(const struct evidence *e, double taken, struct event_process *out)
{
    enum { WORDS_MAX = 512 };
    struct buf words;
    buf_init(&words, WORDS_MAX);
    *out = (struct event_process){
        .pid = e->pid,
        .ppid = e->ppid,
        .start_ticks = (int64_t)e->started,
        .threads = (int64_t)e->nthreads,
        .parent_threads = e->parent_threads,
        .forked_without_exec = e->forked_without_exec,
        .fds = e->fds_seen == SEEN ? (int64_t)e->nfds : -1,
        .pss_kib = e->pss_seen == SEEN ? e->pss_kib : -1,
        .cpu_seconds = e->cpu_seconds,
        .asleep_seconds = taken - e->alive_at,
        .command = text_dup(e->command),
        .state = text_dup(state_word(e)),
    };
    enum err err = evidence_waits_for(e, &words);
    if (!err && !(out->waits_for = buf_take(&words)))
        err = ERR_NOMEM;
    if (!out->state || (e->command && !out->command))
        err = ERR_NOMEM;
    buf_done(&words);
    if (err)
        process_done(out);
    return err;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether they look the same on a screen. How long a process sleeps does not count: that always changes. */
static bool looks_the_same(const struct event_process *a, const struct event_process *b)
{
    return a->ppid == b->ppid && a->threads == b->threads && a->parent_threads == b->parent_threads &&
           a->forked_without_exec == b->forked_without_exec && a->fds == b->fds && a->pss_kib == b->pss_kib &&
           same_text(a->command, b->command) && same_text(a->state, b->state) &&
           same_text(a->waits_for, b->waits_for) && fabs(a->cpu_seconds - b->cpu_seconds) < cpu_step;
}

static enum err post_process(struct shown *s, struct shown_process *p, const struct evidence *e, double taken,
                             double pause, bool *moved)
{
    struct event event = {.type = EVENT_PROCESS, .time = taken - s->epoch}, copy = {0};
    enum err err = describe(e, taken, &event.process);
    if (err)
        return err;
    bool same = p->posted_at > 0 && looks_the_same(&p->last, &event.process);
    if (same || taken - p->posted_at < pause) {
        s->more |= !same;
        event_done(&event);
        return OK;
    }
    if ((err = event_copy(&event, &copy))) {
        event_done(&event);
        return err;
    }
    process_done(&p->last);
    p->last = copy.process;
    p->posted_at = taken;
    *moved = true;
    s->post(s->ctx, &event);
    return OK;
}

static void post_end(struct shown *s, enum event_type type, pid_t pid, const char *rule, double taken)
{
    struct event e = {.type = type, .time = taken - s->epoch, .end = {.pid = pid, .rule = text_dup(rule)}};
    s->post(s->ctx, &e);
}

static enum err post_finding(struct shown *s, const struct finding *f, double taken)
{
    struct event e = {.type = EVENT_FINDING, .time = taken - s->epoch};
    enum err err = finding_copy(f, &e.finding);
    if (!err)
        s->post(s->ctx, &e);
    return err;
}

/* Makes s->v match the processes of the scene: posts the end of those that are gone, and adds new ones. */
static enum err line_up(struct shown *s, const struct scene *scene, bool *moved)
{
    struct shown_process *v = calloc(scene->n ? scene->n : 1, sizeof *v);
    size_t old = 0;
    if (!v)
        return ERR_NOMEM;
    for (size_t i = 0; i <= scene->n; i++) {
        const struct evidence *e = i < scene->n ? &scene->procs[i] : NULL;
        for (; old < s->n &&
               (!e || s->v[old].pid < e->pid || (s->v[old].pid == e->pid && s->v[old].started != e->started));
             old++) {
            post_end(s, EVENT_PROCESS_GONE, s->v[old].pid, NULL, scene->taken);
            forget(&s->v[old]);
            *moved = true;
        }
        if (!e)
            break;
        if (old < s->n && s->v[old].pid == e->pid)
            v[i] = s->v[old++];
        else
            v[i] = (struct shown_process){.pid = e->pid, .started = e->started};
    }
    free(s->v);
    s->v = v;
    s->n = scene->n;
    return OK;
}

static int by_pid(const void *key, const void *at)
{
    pid_t a = *(const pid_t *)key, b = ((const struct shown_process *)at)->pid;
    return (a > b) - (a < b);
}

static struct shown_process *find(struct shown *s, pid_t pid)
{
    return s->n > 0 ? bsearch(&pid, s->v, s->n, sizeof *s->v, by_pid) : NULL;
}

/* A finding is posted without a stack if it cannot be read. */
static enum err take_stack(struct scene *scene, struct finding *f, size_t max)
{
    struct texts frames = {0};
    enum err err = stack_read((pid_t)f->pid, (pid_t)f->tid, max, &frames, NULL);
    scene_forgive(scene, (pid_t)f->pid);
    if (!err) {
        texts_done(&f->stack);
        f->stack = frames;
    } else {
        texts_done(&frames);
    }
    return err;
}

/* Whether a finding is to be posted: it is the first of its process, or differs from the one before. One that is not
 * proved never replaces one that is. */
static bool is_news(const struct finding *known, const struct finding *f)
{
    if (!known->rule || f->certainty > known->certainty)
        return true;
    if (f->certainty < known->certainty && known->certainty == CERTAINTY_PROVED)
        return false;
    return f->certainty != known->certainty || !same_text(f->rule, known->rule) || !same_text(f->cause, known->cause);
}

/* A stack needs a short stop, which would disturb a process that may be healthy. */
static bool deserves_stack(const struct shown *s, const struct finding *f)
{
    return s->stacks && f->certainty == CERTAINTY_PROVED;
}

static enum err take_finding(struct shown *s, struct scene *scene, const struct finding *f, bool *moved)
{
    struct shown_process *p = find(s, (pid_t)f->pid);
    struct finding news = {0};
    if (!p || !is_news(&p->finding, f))
        return OK;
    enum err err = finding_copy(f, &news);
    if (err)
        return err;
    if (p->finding.stack.n > 0) {
        news.stack = p->finding.stack;
        p->finding.stack = (struct texts){0};
    } else if (deserves_stack(s, f) && take_stack(scene, &news, FRAMES_OF_FINDING)) {
        /* it is posted without a stack */
    }
    if (p->finding.rule && !same_text(p->finding.rule, news.rule))
        post_end(s, EVENT_FINDING_ENDED, p->pid, p->finding.rule, scene->taken);
    finding_done(&p->finding);
    p->finding = news;
    *moved = true;
    err = post_process(s, p, scene_find(scene, p->pid), scene->taken, 0,
                       moved); /* the facts that it is based on come first */
    return err ? err : post_finding(s, &p->finding, scene->taken);
}

static bool still_holds(const struct findings *findings, const struct shown_process *p)
{
    for (size_t i = 0; i < findings->n; i++)
        if (findings->v[i].pid == p->pid)
            return true;
    return false;
}

/* Ends the findings that no longer hold, except for those that were proved: whatever happens to the process later, it
 * did hang. */
static void end_findings(struct shown *s, const struct scene *scene, const struct findings *findings, bool *moved)
{
    s->unproved = false;
    for (size_t i = 0; i < s->n; i++) {
        struct shown_process *p = &s->v[i];
        if (!p->finding.rule || p->finding.certainty == CERTAINTY_PROVED)
            continue;
        if (still_holds(findings, p)) {
            s->unproved = true;
            continue;
        }
        post_end(s, EVENT_FINDING_ENDED, p->pid, p->finding.rule, scene->taken);
        finding_done(&p->finding);
        *moved = true;
    }
}

static bool is_denied(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].syscall_seen == DENIED)
            return true;
    return false;
}

/* Posted for the first process only: the reason is mostly the same for all. */
static void post_denied(struct shown *s, const struct scene *scene)
{
    enum { WORDS_MAX = 1024 };
    struct denial denial;
    struct buf words;
    size_t i = 0;
    while (i < scene->n && !is_denied(&scene->procs[i]))
        i++;
    if (s->denied || i == scene->n || proc_denial_look(scene->procs[i].pid, &denial))
        return;
    struct event e = {.type = EVENT_DENIED,
                      .time = scene->taken - s->epoch,
                      .denied = {.pid = scene->procs[i].pid, .name = text_dup(scene->procs[i].name)}};
    buf_init(&words, WORDS_MAX);
    if (!denial_words(&denial, &words) && (e.denied.why = buf_take(&words))) {
        s->denied = true;
        s->post(s->ctx, &e);
    } else {
        event_done(&e);
    }
    buf_done(&words);
}

enum err shown_update(struct shown *s, struct scene *scene, const struct findings *findings, bool *moved)
{
    enum err err = line_up(s, scene, moved);
    s->more = false;
    for (size_t i = 0; i < s->n && !err; i++)
        err = post_process(s, &s->v[i], &scene->procs[i], scene->taken, least_pause, moved);
    for (size_t i = 0; i < findings->n && !err; i++)
        err = take_finding(s, scene, &findings->v[i], moved);
    if (!err) {
        end_findings(s, scene, findings, moved);
        post_denied(s, scene);
    }
    return err;
}

static void post_frames(struct shown *s, pid_t pid, const struct texts *frames, double taken)
{
    enum { LINE_MAX = 16 * 1024 };
    struct event note;
    struct buf line;
    buf_init(&line, LINE_MAX);
    for (size_t i = 0; i < frames->n; i++)
        buf_addf(&line, "%s%s", i ? " ← " : "", frames->v[i]);
    event_note(&note, NOTE_INFO, "stack of process %d: %s", (int)pid, buf_text(&line));
    note.time = taken - s->epoch;
    s->post(s->ctx, &note);
    buf_done(&line);
}

enum err shown_post_stack(struct shown *s, struct scene *scene, pid_t pid)
{
    struct shown_process *p = find(s, pid);
    bool has_finding = p && p->finding.rule;
    struct finding asked = {.pid = pid};
    struct finding *f = has_finding ? &p->finding : &asked;
    enum err err = take_stack(scene, f, FRAMES_ASKED), posted = OK;
    struct event note;
    if (err) {
        event_note(&note, NOTE_WARNING, "cannot read the stack of process %d: %s", (int)pid, err_text(err));
        note.time = scene->taken - s->epoch;
        s->post(s->ctx, &note);
    } else if (has_finding) {
        posted = post_finding(s, f, scene->taken);
    } else {
        post_frames(s, pid, &f->stack, scene->taken);
    }
    finding_done(&asked);
    return posted;
}
