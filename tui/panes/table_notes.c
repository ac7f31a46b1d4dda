/* SPDX-License-Identifier: MIT
 * What the head of the table pane says about the table, above the names of its columns. */
#include "tui/panes/private.h"

#include "core/base/text.h"

static void add_filters(struct pane *p, const struct table_view *table_view)
{
    char n[32], all[32];
    if (table_view_filters(table_view) == 0)
        return;
    lines_addf(&p->head, ROLE_WARN, "%s of %s rows ", text_count(table_view_extent(table_view).rows, n),
               text_count(table_rows(table_view_table(table_view)), all));
    for (size_t i = 0; i < table_view_filters(table_view); i++) {
        struct table_view_filter f = table_view_filter_at(table_view, i);
        lines_add(&p->head, ROLE_DIM, f.on ? "& " : "(off: ");
        lines_add(&p->head, f.on ? ROLE_TEXT : ROLE_DIM, f.words);
        lines_add(&p->head, ROLE_DIM, f.on ? " " : ") ");
    }
    lines_end(&p->head, (struct subject){0});
}

static void add_odd(struct pane *p, const struct table_view *table_view)
{
    char n[32], first[32];
    struct table_view_odd odd;
    for (size_t i = 0; table_view_odd_at(table_view, i, &odd); i++) {
        const struct column *c = table_column(table_view_table(table_view), odd.column);
        struct buf words;
        buf_init(&words, 1 << 20);
        if (!text_add_safe(&words, c->name, c->name_len < COLUMN_FIT ? c->name_len : COLUMN_FIT)) {
            buf_addf(&words, ": %s cell%s not %s, the first is in row %s", text_count(odd.cells, n),
                     odd.cells == 1 ? " is" : "s are", dtype_names[c->dtype], text_count(odd.first + 1, first));
            lines_wrap(&p->head, ROLE_WARN, 2, p->width, buf_text(&words), (struct subject){0});
        }
        buf_done(&words);
    }
}

static void add_ragged(struct pane *p, const char *what, uint64_t rows, uint64_t first)
{
    char n[32], at[32];
    if (rows == 0)
        return;
    lines_addf(&p->head, ROLE_WARN, "%s row%s too %s, the first is row %s", text_count(rows, n),
               rows == 1 ? " is" : "s are", what, text_count(first + 1, at));
    lines_end(&p->head, (struct subject){0});
}

void table_add_notes(struct pane *p, const struct table_view *table_view)
{
    struct table_ragged r = table_ragged(table_view_table(table_view));
    const char *fault = table_view_fault(table_view);
    add_filters(p, table_view);
    if (fault && p->height > 4)
        lines_wrap(&p->head, ROLE_BAD, 2, p->width, fault, (struct subject){0});
    add_ragged(p, "short", r.short_rows, r.first_short);
    add_ragged(p, "long", r.long_rows, r.first_long);
    add_odd(p, table_view);
}
