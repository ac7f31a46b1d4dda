/* SPDX-License-Identifier: MIT
 * Shown over the panes: one row of the table, with a line for each column. */
#include <string.h>

#include "core/table/table.h"
#include "tui/panes/pane.h"

enum { NAME_WIDTH = 20 };

struct record_state {
    int64_t row;
};

static void add_cell(struct pane *p, const struct column *c, const struct cell *cell)
{
    char name[256], value[4096];
    size_t name_len = c->name_len < sizeof name ? c->name_len : sizeof name - 1;
    size_t len = cell->len < sizeof value ? cell->len : sizeof value - 1;
    struct lines *l = &p->lines;
    memcpy(name, c->name, name_len);
    memcpy(value, cell->null ? "" : cell->text, cell->null ? 0 : len);
    value[cell->null ? 0 : len] = '\0';
    lines_add_left(l, ROLE_HEAD, NAME_WIDTH, name, name_len);
    lines_addf(l, ROLE_DIM, " %-5s ", dtype_names[c->dtype]);
    int indent = l->column;
    lines_wrap(l, cell->null ? ROLE_DIM : ROLE_TEXT, indent, p->width, cell->null ? "null" : value,
               (struct subject){0});
}

static enum err record_sync(struct pane *p, const struct view *v)
{
    const struct record_state *s = p->state;
    const struct table *t = view_table(v);
    struct table_reader *r;
    const struct row *row;
    if (!t)
        return OK;
    enum err err = table_reader_at(t, (uint64_t)s->row, &r, &row);
    for (size_t i = 0; !err && row && i < table_columns(t); i++)
        add_cell(p, table_column(t, i), &row->cells[i]);
    table_reader_free(r);
    if (!table_view_unread(err))
        return err;
    lines_put(&p->lines, ROLE_BAD, table_view_unread(err));
    return OK;
}

static void record_status(const struct pane *p, const struct view *v, struct buf *out)
{
    const struct record_state *s = p->state;
    (void)v;
    buf_addf(out, "row %lld", (long long)s->row + 1);
}

const struct pane_ops pane_record_ops = {
    .name = "record",
    .title = "Row",
    .brief = "Row",
    .hints = (const char *const[]){"down", "page-down", "search", "back", NULL},
    .state_size = sizeof(struct record_state),
    .sync = record_sync,
    .status = record_status,
};

void record_show_row(struct pane *p, int64_t row)
{
    ((struct record_state *)p->state)->row = row;
}
