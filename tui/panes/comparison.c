/* SPDX-License-Identifier: MIT
 * Shown over the panes: the progress of the comparison of the start methods, then its result, as `poolscope bench`
 * prints it. */
#include <string.h>

#include "tui/panes/pane.h"

enum { TEXT_MAX = 1 << 20 };

static void add_progress(struct lines *l, const struct view *v)
{
    enum { BAR = 30 };
    const struct bench *b = v->bench;
    int filled = b->steps > 0 ? b->done * BAR / b->steps : 0;
    lines_add(l, ROLE_TITLE, "Measuring ");
    for (int i = 0; i < BAR; i++)
        lines_add(l, i < filled ? ROLE_BUSY : ROLE_DIM, i < filled ? "█" : "·");
    lines_addf(l, ROLE_TEXT, " %d of %d  %s  ", b->done, b->steps, b->doing ? b->doing : "loading the table");
    lines_add(l, ROLE_KEY, command_key(v->commands, "stop"));
    lines_add(l, ROLE_DIM, " cancel");
    lines_end(l, (struct subject){0});
}

/* A line about a hang is a warning. In tables and plots, which follow the sentences, a title is not indented. */
static enum role role_of(const char *line, size_t len, bool below_words)
{
    if (memmem(line, len, "hung, ", 6) || memmem(line, len, "hangs, ", 7))
        return ROLE_BAD;
    return below_words && len > 0 && line[0] != ' ' ? ROLE_HEAD : ROLE_TEXT;
}

static void add_text(struct lines *l, const char *text)
{
    bool below_words = false;
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        below_words |= strncmp(line, "From nothing", 12) == 0;
        lines_add_bytes(l, role_of(line, len, below_words), line, len);
        lines_end(l, (struct subject){0});
        line += len + (line[len] == '\n');
    }
}

static enum err compare_sync(struct pane *p, const struct view *v)
{
    struct buf text;
    if (!v->bench)
        return OK;
    if (!v->bench->over)
        add_progress(&p->lines, v);
    buf_init(&text, TEXT_MAX);
    enum err err = bench_text(v->bench, p->width - 1, &text);
    if (!err)
        add_text(&p->lines, buf_text(&text));
    buf_done(&text);
    return err;
}

static void compare_status(const struct pane *p, const struct view *v, struct buf *out)
{
    (void)p;
    if (v->bench && !v->bench->over)
        buf_addf(out, "%d of %d", v->bench->done, v->bench->steps);
    else if (v->bench && v->bench->cancelled)
        buf_add_text(out, "cancelled");
}

const struct pane_ops pane_comparison_ops = {
    .name = "comparison",
    .title = "Comparison",
    .brief = "Compare",
    .hints = (const char *const[]){"compare", "stop", "search", "copy", "back", NULL},
    .sync = compare_sync,
    .status = compare_status,
};
