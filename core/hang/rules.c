/* SPDX-License-Identifier: MIT
 * The table of rules, in the order of how much they explain, and the judge that asks them. */
#include "core/hang/private.h"

#include <stdlib.h>
#include <string.h>

const struct hang_rule hang_rules[] = {
    {"orphaned-lock", "a thread waits for a lock whose owner is not there to unlock it",
     "forked workers: spawn or forkserver; otherwise unlock on every way out of a thread", hang_match_orphaned_lock},
    {"lock-cycle", "threads wait for locks that they hold among each other",
     "take locks in one order everywhere, and hold none while waiting for a thread or a child to end",
     hang_match_lock_cycle},
    {"no-waker", "every thread waits in its own memory, without a timeout, for a wake-up that only they could give",
     "forked workers of a parent with threads: spawn or forkserver", hang_match_no_waker},
    {"pipe-cycle", "processes wait for each other through pipes or sockets",
     "read what a child writes before you wait for its end", hang_match_pipe_cycle},
    {"self-held-pipe", "the end of file never comes, as a waiter or an idle sibling holds the write end",
     "close the ends that a process does not use, right after the fork", hang_match_self_held_pipe},
    {"lost-worker", "a worker died, and its task or its lock is waited for",
     "use a pool that notices (concurrent.futures raises BrokenProcessPool), and look for what killed the worker",
     hang_match_lost_worker},
    {"spinning", "after a fork that cost it its threads, it burns its CPU and its stack does not change",
     "forked workers of a parent with threads: spawn or forkserver", hang_match_spinning},
    {"stalled", "somebody waits for it, and it has given no sign of life for long",
     "look at its stack to see what it waits for", hang_match_stalled},
};
const size_t hang_rule_count = sizeof hang_rules / sizeof *hang_rules;

const char *hang_rule_id(size_t i)
{
    return i < hang_rule_count ? hang_rules[i].id : NULL;
}

const char *hang_rule_title(size_t i)
{
    return i < hang_rule_count ? hang_rules[i].title : NULL;
}

const char *hang_rule_advice(size_t i)
{
    return i < hang_rule_count ? hang_rules[i].advice : NULL;
}

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

/* Who waits for it to end, and who waits for those; then all others that cannot go on before it does. */
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

static enum err apply(const struct hang_rule *rule, const struct hang_case *c, struct findings *out, bool *holds)
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
    for (size_t r = 0; r < hang_rule_count && !holds && !err; r++)
        err = apply(&hang_rules[r], c, out, &holds);
    return err;
}

static bool is_victim(const struct findings *f, int64_t pid)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].pid != pid && has(&f->v[i].victims, pid))
            return true;
    return false;
}

/* What only time says of a process is no news where it is known for whom it waits. */
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
