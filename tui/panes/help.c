/* SPDX-License-Identifier: MIT
 * What is shown over the panes: the help, made of the command table, and a row of the table as a record. */
#include <stdio.h>
#include <string.h>

#include "core/table/table.h"
#include "tui/commands/command_list.h"

enum { KEYS_WIDTH = 15, NAME_WIDTH = 18, RECORD_NAME_WIDTH = 20 };

static void add_command(struct lines *l, const struct command *c, int width)
{
    lines_add(l, ROLE_KEY, c->key);
    if (c->also)
        lines_addf(l, ROLE_KEY, " %s", c->also);
    lines_pad(l, l->column < KEYS_WIDTH ? KEYS_WIDTH : l->column + 1);
    int indent = width >= 60 ? KEYS_WIDTH + NAME_WIDTH : KEYS_WIDTH;
    if (width >= 60) {
        lines_add(l, ROLE_TEXT, c->name);
        if (c->args)
            lines_addf(l, ROLE_DIM, " %s", c->args);
        lines_pad(l, indent);
    }
    lines_wrap(l, ROLE_TEXT, indent, width, c->summary, (struct subject){0});
}

static void add_title(struct lines *l, const char *title)
{
    lines_put(l, ROLE_TEXT, "");
    lines_put(l, ROLE_TITLE, title);
}

static enum err help_sync(struct pane *p, const struct view *v)
{
    struct lines *l = &p->lines;
    lines_addf(l, ROLE_DIM, "Every command can also be typed by its name: press ");
    lines_add(l, ROLE_KEY, command_key("palette"));
    lines_end(l, (struct subject){0});
    for (int group = 0; group < COMMAND_GROUPS; group++) {
        bool titled = false;
        for (size_t i = 0; command_at(i); i++) {
            const struct command *c = command_at(i);
            if ((int)c->group != group || !command_is_in(c, v->scope))
                continue;
            if (!titled)
                add_title(l, command_groups[group].title);
            titled = true;
            add_command(l, c, p->width);
        }
    }
    return OK;
}

static const char *const hints[] = {"down", "page-down", "search", "back", NULL};

const struct pane_ops pane_help_ops = {
    .name = "help", .title = "Help", .brief = "Help", .hints = hints, .sync = help_sync,
};

enum err help_open(struct app *a)
{
    struct pane *p;
    enum err e = pane_new(&pane_help_ops, &p);
    if (!e)
        app_show(a, p);
    return e;
}

/* A record */

struct record_state { int64_t row; };

static void add_cell(struct pane *p, const struct column *c, const struct cell *cell)
{
    char name[256], value[4096];
    size_t name_len = c->name_len < sizeof name ? c->name_len : sizeof name - 1;
    size_t len = cell->len < sizeof value ? cell->len : sizeof value - 1;
    struct lines *l = &p->lines;
    memcpy(name, c->name, name_len);
    memcpy(value, cell->null ? "" : cell->text, cell->null ? 0 : len);
    value[cell->null ? 0 : len] = '\0';
    lines_add_left(l, ROLE_HEAD, RECORD_NAME_WIDTH, name, name_len);
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
    enum err e = table_reader_at(t, (uint64_t)s->row, &r, &row);
    for (size_t i = 0; !e && row && i < table_columns(t); i++)
        add_cell(p, table_column(t, i), &row->cells[i]);
    table_reader_free(r);
    if (!table_view_unread(e))
        return e;
    lines_put(&p->lines, ROLE_BAD, table_view_unread(e));
    return OK;
}

static void record_status(const struct pane *p, const struct view *v, struct buf *out)
{
    const struct record_state *s = p->state;
    (void)v;
    buf_addf(out, "row %lld", (long long)s->row + 1);
}

const struct pane_ops pane_record_ops = {
    .name = "record", .title = "Row", .brief = "Row", .hints = hints, .state_size = sizeof(struct record_state),
    .sync = record_sync, .status = record_status,
};

enum err record_open(struct app *a, int64_t row)
{
    struct pane *p;
    enum err e = pane_new(&pane_record_ops, &p);
    if (e)
        return e;
    ((struct record_state *)p->state)->row = row;
    app_show(a, p);
    return OK;
}
