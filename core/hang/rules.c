/* SPDX-License-Identifier: MIT
 * The table of rules, and the judge that applies them. */
#include "core/hang/private.h"

#include <stdlib.h>
#include <string.h>

void findings_done(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        finding_done(&f->v[i]);
    free(f->v);
    *f = (struct findings){0};
}

static enum err keep(struct findings *f, struct finding *finding)
{
    struct finding *v = realloc(f->v, (f->n + 1) * sizeof *v);
    if (!v)
        return ERR_NOMEM;
    f->v = v;
    f->v[f->n++] = *finding;
    *finding = (struct finding){0};
    return OK;
}

static bool has(const struct ints *list, int64_t n)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i] == n)
            return true;
    return false;
}

/* The victims: processes that wait for it to end, those that wait for them, and all others that need it to continue. */
static enum err add_victims(const struct hang_case *c, struct finding *f)
{
    const struct evidence *e = c->e;
    struct ints others = {0};
    enum err err = OK;
    for (size_t i = 0; e && e->parent_waits && i < c->scene->n && !err; i++) {
        if (e->ppid != f->pid && !has(&f->victims, e->ppid))
            err = ints_add(&f->victims, e->ppid);
        e = scene_find(c->scene, e->ppid);
    }
    if (!err)
        err = hang_graph_victims(c->graph, c->e, &others);
    for (size_t i = 0; i < others.n && !err; i++)
        if (!has(&f->victims, others.v[i]))
            err = ints_add(&f->victims, others.v[i]);
    ints_done(&others);
    return err;
}

struct rule {
    const char *id;
    enum err (*match)(const struct hang_case *c, struct finding *out, bool *holds);
};

/* In the order of how much they explain. */
static const struct rule rules[] = {
    {"orphaned-lock", hang_match_orphaned_lock},
    {"lock-cycle", hang_match_lock_cycle},
    {"no-waker", hang_match_no_waker},
    {"pipe-cycle", hang_match_pipe_cycle},
    {"self-held-pipe", hang_match_self_held_pipe},
    {"lost-worker", hang_match_lost_worker},
    {"spinning", hang_match_spinning},
    {"stalled", hang_match_stalled},
};

/* Adds a finding to `out` if the rule holds. */
static enum err apply(const struct rule *rule, const struct hang_case *c, struct findings *out, bool *holds)
{
    struct finding f = {.pid = c->e->pid, .after_seconds = c->scene->taken - c->settings->started};
    enum err err = rule->match(c, &f, holds);
    if (!err && *holds && !(f.rule = text_dup(rule->id)))
        err = ERR_NOMEM;
    if (!err && *holds)
        err = add_victims(c, &f);
    if (!err && *holds)
        err = keep(out, &f);
    finding_done(&f);
    return err;
}

static enum err judge_process(const struct hang_case *c, struct findings *out)
{
    bool holds = false;
    enum err err = OK;
    for (size_t r = 0; r < sizeof rules / sizeof *rules && !holds && !err; r++)
        err = apply(&rules[r], c, out, &holds);
    return err;
}

static bool is_victim(const struct findings *f, int64_t pid)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].pid != pid && has(&f->v[i].victims, pid))
            return true;
    return false;
}

/* Drops "stalled" findings about processes that are known to wait for another process with a finding. */
static void drop_explained(struct findings *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->v[i].rule, "stalled") == 0 && is_victim(f, f->v[i].pid))
            finding_done(&f->v[i]);
        else
            f->v[kept++] = f->v[i];
    }
    f->n = kept;
}

enum err hang_judge(const struct scene *s, const struct hang_settings *settings, struct findings *out)
{
    struct hang_graph *graph = NULL;
    enum err err = hang_graph_new(s, &graph);
    for (size_t i = 0; i < s->n && !err; i++) {
        const struct hang_case c = {.scene = s, .e = &s->procs[i], .settings = settings, .graph = graph};
        err = judge_process(&c, out);
    }
    hang_graph_free(graph);
    if (err)
        findings_done(out);
    else
        drop_explained(out);
    return err;
}
