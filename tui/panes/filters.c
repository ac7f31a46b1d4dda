/* SPDX-License-Identifier: MIT
 * Shown over the panes: the filters of the table. Each can be switched off and on. */
#include "core/base/text.h"
#include "tui/panes/pane.h"
#include "core/table_view/table_view.h"

static enum err filters_sync(struct pane *p, const struct view *v)
{
    char n[32];
    struct lines *l = &p->lines;
    size_t filters = v->table_view ? table_view_filters(v->table_view) : 0;
    for (size_t i = 0; i < filters; i++) {
        struct table_view_filter f = table_view_filter_at(v->table_view, i);
        lines_add(l, f.on ? ROLE_PICK : ROLE_DIM, f.on ? "[x] " : "[ ] ");
        lines_add(l, f.on ? ROLE_TEXT : ROLE_DIM, f.words);
        if (f.on && f.ready)
            lines_addf(l, ROLE_DIM, "  leaves %s row%s", text_count(f.rows, n), f.rows == 1 ? "" : "s");
        lines_end(l, (struct subject){SUBJECT_FILTER, (int64_t)i});
    }
    if (filters == 0)
        lines_put(l, ROLE_DIM, "No filter is set.");
    return OK;
}

static void filters_status(const struct pane *p, const struct view *v, struct buf *out)
{
    char n[32], all[32];
    (void)p;
    if (v->table_view && table_view_table(v->table_view))
        buf_addf(out, "%s of %s rows", text_count(table_view_extent(v->table_view).rows, n),
                 text_count(table_rows(table_view_table(v->table_view)), all));
}

const struct pane_ops pane_filters_ops = {
    .name = "filters",
    .title = "Filters",
    .brief = "Filters",
    .hints = (const char *const[]){"pick", "remove", "undo", "filter", "back", NULL},
    .sync = filters_sync,
    .status = filters_status,
};
