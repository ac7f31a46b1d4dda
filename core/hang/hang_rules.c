/* SPDX-License-Identifier: MIT
 * The table of rules, in the order of how much they explain, and the judge that asks them. */
#include "core/hang/hang_priv.h"

#include <stdlib.h>

const struct hang_rule hang_rules[] = {
    {"orphaned-lock", "a thread waits for a lock whose owner is not there to unlock it",
     "forked workers: spawn or forkserver; otherwise unlock on every way out of a thread", hang_match_orphaned_lock},
    {"no-waker", "every thread waits in its own memory, without a timeout, for a wake-up that only they could give",
     "forked workers of a parent with threads: spawn or forkserver", hang_match_no_waker},
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

/* Who waits for it to end, and who waits for those: it is the finding of them all. */
static enum err add_victims(const struct hang_case *c, struct finding *f)
{
    const struct evidence *e = c->e;
    enum err err = OK;
    for (size_t i = 0; e && e->parent_waits && i < c->scene->n && !err; i++) {
        err = ints_add(&f->victims, e->ppid);
        e = scene_find(c->scene, e->ppid);
    }
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

enum err hang_judge(const struct scene *s, const struct hang_settings *settings, struct findings *out)
{
    enum err err = OK;
    for (size_t i = 0; i < s->n && !err; i++) {
        const struct hang_case c = {.scene = s, .e = &s->procs[i], .settings = settings};
        bool holds = false;
        for (size_t r = 0; r < hang_rule_count && !holds && !err; r++)
            err = apply(&hang_rules[r], &c, out, &holds);
    }
    if (err)
        findings_done(out);
    return err;
}
