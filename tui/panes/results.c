/* SPDX-License-Identifier: MIT
 * The results: each task that finished, failed or was lost, in the order in which they ended, with the frame that it
 * returned. */
#include "tui/panes/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table/table.h"
#include "tui/keys/keymap.h"
#include "tui/panes/words.h"

enum { FRAMES_MAX = 300, FRAME_BYTES_MAX = 1 << 20 };

struct results_state {
    int64_t run;
    size_t settled; /* number of tasks that had ended when the list was built */
    struct entry {
        int64_t task;
        char *frame;
    } entries[FRAMES_MAX]; /* frame: owned, NULL if there is none */
    size_t nentries;
};

static void forget(struct results_state *s)
{
    for (size_t i = 0; i < s->nentries; i++)
        free(s->entries[i].frame);
    s->nentries = s->settled = 0;
}

static void results_close(struct pane *p)
{
    forget(p->state);
}

static bool is_settled(const struct model_task *t)
{
    return t->state == TASK_FINISHED || t->state == TASK_FAILED || t->state == TASK_LOST;
}

static bool is_listed(const struct results_state *s, int64_t task)
{
    for (size_t i = 0; i < s->nentries; i++)
        if (s->entries[i].task == task)
            return true;
    return false;
}

static enum err add_task(struct results_state *s, const struct table *table, const struct model_task *t)
{
    struct buf frame;
    struct entry entry = {.task = t->id};
    buf_init(&frame, FRAME_BYTES_MAX);
    enum err err = OK;
    if (t->state == TASK_FINISHED && table) {
        err = table_print(table, &t->result, &frame);
        if (err)
            buf_clear(&frame);
        if (err && err != ERR_NOMEM) /* the file changed, or the frame is too large: show that in its place */
            err = buf_addf(&frame, "(the frame cannot be shown: %s)", err_text(err));
        if (!err)
            entry.frame = buf_take(&frame);
    }
    buf_done(&frame);
    if (!err)
        s->entries[s->nentries++] = entry;
    return err;
}

/* Of the tasks that have ended and are not listed yet, the one that ended first; NULL: there is none. */
static const struct model_task *next_settled(const struct results_state *s, const struct model *m)
{
    const struct model_task *next = NULL;
    for (size_t i = 0; i < m->ntasks; i++) {
        const struct model_task *t = &m->tasks[i];
        if (is_settled(t) && (!next || t->ended < next->ended) && !is_listed(s, t->id))
            next = t;
    }
    return next;
}

static enum err list_settled(struct results_state *s, const struct model *m, const struct table *table)
{
    size_t settled = model_settled_tasks(m);
    if (s->run != m->run || settled < s->settled)
        forget(s);
    s->run = m->run;
    while (s->settled < settled && s->nentries < FRAMES_MAX) {
        const struct model_task *t = next_settled(s, m);
        enum err err = t ? add_task(s, table, t) : OK;
        if (err)
            return err;
        if (!t)
            break;
    }
    s->settled = settled;
    return OK;
}

static void add_frame(struct lines *l, const char *frame, struct subject subject)
{
    while (frame && *frame) {
        size_t n = strcspn(frame, "\n");
        lines_add_bytes(l, ROLE_TEXT, frame, n);
        lines_end(l, subject);
        frame += n + (frame[n] == '\n');
    }
}

static void add_entry(struct pane *p, const struct model *m, const struct entry *entry)
{
    char seconds[24];
    struct lines *l = &p->lines;
    const struct model_task *t = model_task(m, entry->task);
    struct subject subject = {SUBJECT_TASK, entry->task};
    if (!t)
        return;
    lines_add(l, ROLE_TITLE, words_task(m, t->id));
    if (t->state == TASK_FINISHED)
        lines_addf(l, ROLE_GOOD, "  %lld row%s in %s, worker %lld", (long long)t->rows, t->rows == 1 ? "" : "s",
                   text_seconds(t->seconds, seconds), (long long)t->worker);
    else
        lines_addf(l, ROLE_BAD, "  %s", task_state_names[t->state]);
    lines_end(l, subject);
    if (t->error)
        lines_wrap(l, ROLE_TEXT, 0, p->width, t->error, subject);
    add_frame(l, entry->frame, subject);
}

static void add_empty(struct pane *p, const struct view *v)
{
    char text[256];
    bool hung = model_worst_finding(v->model) != NULL;
    if (hung)
        snprintf(text, sizeof text,
                 "No task finished. To try the same codes with another start method, press %s, then %s.",
                 command_key(v->commands, "method"), command_key(v->commands, "run"));
    else if (model_run_active(v->model))
        snprintf(text, sizeof text, "No task has finished yet.");
    else
        snprintf(text, sizeof text, "The frame that each task returns is shown here. To run, press %s.",
                 command_key(v->commands, "run"));
    lines_wrap(&p->lines, ROLE_DIM, 0, p->width, text, (struct subject){0});
}

static enum err results_sync(struct pane *p, const struct view *v)
{
    struct results_state *s = p->state;
    enum err err = list_settled(s, v->model, v->run_table);
    if (s->nentries == 0)
        add_empty(p, v);
    for (size_t i = 0; i < s->nentries; i++)
        add_entry(p, v->model, &s->entries[i]);
    if (s->settled > s->nentries && s->nentries == FRAMES_MAX) {
        lines_addf(&p->lines, ROLE_DIM, "(more tasks that are not shown: %zu)", s->settled - s->nentries);
        lines_end(&p->lines, (struct subject){0});
    }
    return err;
}

static void results_status(const struct pane *p, const struct view *v, struct buf *out)
{
    size_t frames = model_count_tasks(v->model, TASK_FINISHED), failed = model_count_tasks(v->model, TASK_FAILED);
    size_t lost = model_count_tasks(v->model, TASK_LOST);
    (void)p;
    buf_addf(out, "%zu frame%s", frames, frames == 1 ? "" : "s");
    if (failed)
        buf_addf(out, ", %zu failed", failed);
    if (lost)
        buf_addf(out, ", %zu lost", lost);
}

const struct pane_ops pane_results_ops = {
    .name = "results",
    .title = "Results",
    .brief = "Results",
    .hints = (const char *const[]){"zoom", "search", "copy", NULL},
    .state_size = sizeof(struct results_state),
    .close = results_close,
    .sync = results_sync,
    .status = results_status,
};
