/* SPDX-License-Identifier: MIT
 * The log: a line for each thing that happened, the newest last. */
#include "tui/panes/pane.h"

#include <stdio.h>

enum { TIME_WIDTH = 10 };

static const struct {
    enum role role;
    const char *word;
} levels[] = {
    [NOTE_INFO] = {ROLE_TEXT, ""},
    [NOTE_WARNING] = {ROLE_WARN, "warning: "},
    [NOTE_ERROR] = {ROLE_BAD, "! "},
};

/* mm:ss.mmm, because much happens in the first milliseconds. */
static char *stamp(double seconds, char out[32])
{
    long ms = seconds > 0 ? (long)(seconds * 1000 + 0.5) : 0;
    snprintf(out, 32, "%02ld:%02ld.%03ld", ms / 60000, ms / 1000 % 60, ms % 1000);
    return out;
}

static void add_entry(struct pane *p, const struct model_log *entry)
{
    char time[32];
    struct lines *l = &p->lines;
    size_t level = entry->level <= NOTE_ERROR ? entry->level : NOTE_INFO;
    lines_add(l, ROLE_DIM, stamp(entry->time, time));
    lines_pad(l, TIME_WIDTH);
    lines_add(l, levels[level].role, levels[level].word);
    lines_wrap(l, levels[level].role, TIME_WIDTH, p->width, entry->text ? entry->text : "", (struct subject){0});
}

static enum err log_sync(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    if (m->log_dropped > 0)
        lines_addf(&p->lines, ROLE_DIM, "(older lines that were dropped: %lld)", (long long)m->log_dropped);
    if (m->log_dropped > 0)
        lines_end(&p->lines, (struct subject){0});
    for (size_t i = 0; i < m->nlog; i++)
        add_entry(p, &m->log[i]);
    if (m->nlog == 0)
        lines_put(&p->lines, ROLE_DIM, "Nothing has happened yet.");
    return OK;
}

const struct pane_ops pane_log_ops = {.name = "log", .title = "Log", .brief = "Log", .follow = true, .sync = log_sync};
