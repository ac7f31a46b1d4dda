/* SPDX-License-Identifier: MIT
 * The diagnosis of one process: the finding, its cause, the cure, the evidence and the stack. */
#include "tui/panes/pane.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/stack/stack.h"
#include "tui/keys/keymap.h"
#include "tui/panes/words.h"

enum { INDENT = 7 };

static const struct {
    const char *name, *words;
} causes[] = {
    {"lost-threads", "fork copied only one thread, not the threads it waits for"},
    {"lock-held-at-fork", "fork copied a locked lock, but not the thread that would unlock it"},
    {"lock-order", "two threads took two locks in opposite orders"},
    {"undrained-queue", "a queue is full, and the process that should empty it waits for this process"},
    {"inherited-fd", "a process that waits or is idle keeps the other end open"},
    {"dead-worker", "a worker died while it had a task or held a lock"},
};

static const struct finding *chosen_finding(const struct view *v)
{
    return v->explain_pid ? model_finding_of(v->model, v->explain_pid) : model_worst_finding(v->model);
}

static void add_part(struct pane *p, const char *name, enum role role, const char *text)
{
    if (!text || !*text)
        return;
    lines_head(&p->lines, INDENT, name);
    lines_wrap(&p->lines, role, INDENT, p->width, text, (struct subject){0});
}

/* The most telling frames of the stack, on one line. */
static void add_place(struct pane *p, const struct texts *stack)
{
    struct buf line;
    buf_init(&line, 1 << 16);
    if (!stack_brief(stack, &line))
        add_part(p, "at", ROLE_TITLE, buf_text(&line));
    buf_done(&line);
}

/* The whole stack, unless it is so short that the line above has it all. */
static void add_stack(struct pane *p, const struct texts *stack)
{
    enum { IN_A_LINE = 4 };
    for (size_t i = 0; stack->n > IN_A_LINE && i < stack->n; i++)
        add_part(p, i == 0 ? "stack" : "", ROLE_TEXT, stack->v[i]);
}

static void add_cause(struct pane *p, const char *cause)
{
    for (size_t i = 0; cause && i < sizeof causes / sizeof *causes; i++)
        if (strcmp(causes[i].name, cause) == 0)
            cause = causes[i].words;
    add_part(p, "cause", ROLE_TEXT, cause);
}

static void add_others(struct pane *p, const struct view *v, const struct finding *f)
{
    char name[64];
    const struct model *m = v->model;
    for (size_t i = 0; i < m->nfindings; i++) {
        const struct finding *other = &m->findings[i];
        if (other == f)
            continue;
        lines_head(&p->lines, INDENT, "also");
        lines_addf(&p->lines, ROLE_TEXT, "%s", words_process(m, other->pid, name));
        if (model_worker_by_pid(m, other->pid))
            lines_addf(&p->lines, ROLE_TEXT, " (%lld)", (long long)other->pid);
        lines_addf(&p->lines, ROLE_TEXT, "  %s, %s", other->rule ? other->rule : "?",
                   certainty_names[other->certainty]);
        lines_end(&p->lines, (struct subject){SUBJECT_PROCESS, other->pid});
    }
    for (size_t i = 0; i < f->victims.n; i++) {
        lines_head(&p->lines, INDENT, "also");
        lines_addf(&p->lines, ROLE_TEXT, "%s waits for this process", words_process(m, f->victims.v[i], name));
        lines_end(&p->lines, (struct subject){SUBJECT_PROCESS, f->victims.v[i]});
    }
}

/* Starts the summary with a capital letter. */
static void add_summary(struct pane *p, const char *summary)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    if (summary && !buf_add_text(&text, summary) && text.len > 0) {
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        lines_wrap(&p->lines, ROLE_TITLE, 0, p->width, text.data, (struct subject){0});
    }
    buf_done(&text);
}

static void add_finding(struct pane *p, const struct view *v, const struct finding *f)
{
    char name[64], after[24];
    enum role role = f->certainty == CERTAINTY_PROVED ? ROLE_BAD : ROLE_WARN;
    lines_addf(&p->lines, ROLE_TITLE, "%s", words_process(v->model, f->pid, name));
    if (model_worker_by_pid(v->model, f->pid))
        lines_addf(&p->lines, ROLE_TEXT, " (pid %lld)", (long long)f->pid);
    lines_add(&p->lines, ROLE_TEXT, "  ");
    lines_addf(&p->lines, role, "hung, %s", certainty_names[f->certainty]);
    lines_addf(&p->lines, ROLE_DIM, "  rule %s, after %s", f->rule ? f->rule : "?",
               text_seconds(f->after_seconds, after));
    lines_end(&p->lines, (struct subject){SUBJECT_PROCESS, f->pid});
    add_summary(p, f->summary);
    add_cause(p, f->cause);
    add_part(p, "cure", ROLE_GOOD, f->fix);
    add_place(p, &f->stack);
    for (size_t i = 0; i < f->evidence.n; i++)
        add_part(p, i == 0 ? "facts" : "", ROLE_TEXT, f->evidence.v[i]);
    add_others(p, v, f);
    add_stack(p, &f->stack);
}

static void add_process(struct pane *p, const struct model_process *process)
{
    char text[512];
    const struct event_process *s = &process->seen;
    bool sleeps = s->state && strcmp(s->state, "sleeping") == 0;
    if (process->gone)
        snprintf(text, sizeof text, "It has ended.");
    else if (sleeps && s->waits_for)
        snprintf(text, sizeof text, "It is sleeping. It waits for: %s.", s->waits_for);
    else
        snprintf(text, sizeof text, "Its state: %s.", s->state ? s->state : "unknown");
    lines_wrap(&p->lines, ROLE_TEXT, 0, p->width, text, (struct subject){0});
}

/* A process that does not hang, with the facts that are known about it. */
static void add_healthy(struct pane *p, const struct view *v)
{
    char name[64], text[512];
    const struct model *m = v->model;
    const struct model_worker *w = model_worker_by_pid(m, v->explain_pid);
    words_process(m, v->explain_pid, name);
    if (w)
        snprintf(text, sizeof text, "No hang was found in %s (pid %lld).", name, (long long)v->explain_pid);
    else
        snprintf(text, sizeof text, "No hang was found in %s.", name);
    lines_wrap(&p->lines, ROLE_TITLE, 0, p->width, text, (struct subject){SUBJECT_PROCESS, v->explain_pid});
    if (!w && model_process(m, v->explain_pid)) {
        add_process(p, model_process(m, v->explain_pid));
    } else if (w) {
        snprintf(text, sizeof text, w->waits_for ? "It is %s. It waits for: %s." : "It is %s.",
                 worker_state_names[w->state], w->waits_for);
        lines_wrap(&p->lines, ROLE_TEXT, 0, p->width, text, (struct subject){0});
    }
}

static void add_nothing(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    const char *text = "When a worker hangs, this pane explains what it waits for, why nothing will wake it, and "
                       "how to cure it.";
    if (v->scope != SCOPE_EXPLORE && !m->command_ended)
        text = "When a process hangs, this pane explains what it waits for, why nothing will wake it, and how to "
               "cure it.";
    else if (v->scope != SCOPE_EXPLORE)
        text = "No process hung.";
    else if (m->run > 0 && model_run_active(m))
        text = "No worker hangs. Workers that compute, sleep for a limited time or have no task are healthy.";
    else if (m->run > 0)
        text = "No worker hung in this run.";
    lines_wrap(&p->lines, ROLE_DIM, 0, p->width, text, (struct subject){0});
}

static enum err diagnosis_sync(struct pane *p, const struct view *v)
{
    const struct finding *f = chosen_finding(v);
    if (f)
        add_finding(p, v, f);
    else if (v->explain_pid)
        add_healthy(p, v);
    else
        add_nothing(p, v);
    return OK;
}

static void diagnosis_status(const struct pane *p, const struct view *v, struct buf *out)
{
    const struct finding *f = chosen_finding(v);
    (void)p;
    if (f)
        buf_addf(out, "certainty: %s", certainty_names[f->certainty]);
}

const struct pane_ops pane_diagnosis_ops = {
    .name = "diagnosis",
    .title = "Diagnosis",
    .brief = "Diagnosis",
    .hints = (const char *const[]){"stack", "copy", "write", NULL},
    .sync = diagnosis_sync,
    .status = diagnosis_status,
};
