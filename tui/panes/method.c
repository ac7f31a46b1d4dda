/* SPDX-License-Identifier: MIT
 * The start method and the settings of the next run. */
#include "tui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "core/engine/engine.h"
#include "core/pool/pool.h"

enum { NAME_WIDTH = 15 };

static const char *const at_fork_words[] = {
    [AT_FORK_NONE] = "the child gets what fork copies",
    [AT_FORK_REINIT] = "the child starts a fresh engine",
    [AT_FORK_WARN] = "as none, with a warning",
};

/* A start method with the first words about what its workers inherit. For the chosen one the rest is shown below. */
static void add_method(struct pane *p, const struct view *v, size_t i)
{
    const struct start_method *m = start_method_at(i);
    bool chosen = v->choices->method == i;
    enum role role = chosen ? ROLE_PICK : ROLE_TEXT;
    const char *inherits = start_method_inherits(m);
    lines_add(&p->lines, role, chosen ? "(•) " : "( ) ");
    lines_add(&p->lines, role, start_method_name(m));
    lines_pad(&p->lines, NAME_WIDTH);
    lines_add_left(&p->lines, ROLE_DIM, p->width - NAME_WIDTH, inherits, strcspn(inherits, ",:;"));
    lines_end(&p->lines, (struct subject){SUBJECT_METHOD, (int64_t)i});
}

static void add_setting(struct pane *p, enum setting id, const char *name, const char *value, const char *words)
{
    struct lines *l = &p->lines;
    lines_add(l, ROLE_TEXT, name);
    lines_pad(l, NAME_WIDTH);
    lines_add(l, ROLE_PICK, value);
    if (words && l->column + 3 + (int)strlen(words) <= p->width)
        lines_addf(l, ROLE_DIM, "   %s", words);
    lines_end(l, (struct subject){SUBJECT_SETTING, id});
}

static enum err method_sync(struct pane *p, const struct view *v)
{
    char workers[24], threads[24];
    const struct choices *c = v->choices;
    snprintf(workers, sizeof workers, "%d", c->workers);
    snprintf(threads, sizeof threads, "%d", c->threads);
    for (size_t i = 0; i < start_method_count(); i++)
        add_method(p, v, i);
    add_setting(p, SETTING_WORKERS, "workers", workers, NULL);
    add_setting(p, SETTING_THREADS, "engine threads", threads, c->threads == 1 ? "none: queries run inline" : NULL);
    add_setting(p, SETTING_AT_FORK, "at fork", at_fork_names[c->at_fork], at_fork_words[c->at_fork]);
    lines_add(&p->lines, ROLE_DIM, "inherits: ");
    const char *inherits = start_method_inherits(start_method_at(c->method));
    lines_wrap(&p->lines, ROLE_TEXT, 0, p->width, inherits, (struct subject){0});
    if (c->method_reason && c->method == c->first_method)
        lines_wrap(&p->lines, ROLE_DIM, 0, p->width, c->method_reason, (struct subject){0});
    return OK;
}

static void method_status(const struct pane *p, const struct view *v, struct buf *out)
{
    const char *running = v->model->method, *chosen = start_method_name(start_method_at(v->choices->method));
    (void)p;
    if (v->model->run > 0 && running && strcmp(running, chosen) != 0)
        buf_addf(out, "next run: %s", chosen);
}

const struct pane_ops pane_method_ops = {
    .name = "method",
    .title = "Start method",
    .brief = "Method",
    .hints = (const char *const[]){"open", "left", "right", NULL},
    .sync = method_sync,
    .status = method_status,
};
