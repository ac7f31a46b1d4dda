/* SPDX-License-Identifier: MIT
 * Commands that copy to the terminal's clipboard (OSC 52): a cell, a row, rows up to a mark, or the lines of a pane. */
#include "core/base/text.h"
#include "tui/commands/command_list.h"
#include "core/table_view/table_view.h"
#include "tui/term/term.h"

enum { COPY_BYTES_MAX = 1 << 20, COPY_ROWS_MAX = 100000 };

static void add_cells(const struct table *t, const struct row *row, struct buf *out)
{
    for (size_t i = 0; i < table_columns(t); i++) {
        if (i)
            buf_add_char(out, '\t');
        buf_add(out, row->cells[i].text, row->cells[i].null ? 0 : row->cells[i].len);
    }
}

/* Appends the row with this number, or only its cell in `column` (SIZE_MAX: all cells). */
static enum err add_row(const struct table *t, uint64_t number, size_t column, struct buf *out)
{
    struct table_reader *r;
    const struct row *row;
    enum err err = table_reader_at(t, number, &r, &row);
    if (err)
        return err;
    if (row && column == SIZE_MAX)
        add_cells(t, row, out);
    else if (row && !row->cells[column].null)
        buf_add(out, row->cells[column].text, row->cells[column].len);
    table_reader_free(r);
    return out->err;
}

/* Appends the line under the cursor; if that is about a task, all lines around it about the same task. */
static enum err add_lines(const struct pane *p, struct buf *out)
{
    size_t at = (size_t)(p->cursor - p->first), from = at, to = at + 1;
    struct subject subject = pane_subject(p);
    if (p->cursor < p->first || at >= p->lines.n)
        return OK;
    while (subject.kind == SUBJECT_TASK && from > 0 && p->lines.v[from - 1].subject.kind == SUBJECT_TASK &&
           p->lines.v[from - 1].subject.id == subject.id)
        from--;
    while (subject.kind == SUBJECT_TASK && to < p->lines.n && p->lines.v[to].subject.kind == SUBJECT_TASK &&
           p->lines.v[to].subject.id == subject.id)
        to++;
    enum err err = OK;
    for (size_t i = from; i < to && !err; i++) {
        err = lines_text(&p->lines, i, out);
        if (!err && to - from > 1)
            err = buf_add_char(out, '\n');
    }
    return err;
}

/* Sends the text to the clipboard, or says why not, and frees it. */
static enum err copy(struct app *a, enum err err, struct buf *text)
{
    if (err)
        app_say(a, ROLE_BAD, "Nothing was copied: %s", err_text(err));
    else if (a->term && text->len > 0 && term_copy(a->term, text->data, text->len))
        app_say(a, ROLE_GOOD, "Sent %zu bytes to the terminal's clipboard (OSC 52)", text->len);
    else
        app_say(a, ROLE_WARN,
                text->len > 0 ? "Nothing was copied: this terminal has no clipboard, or the text is too long for it"
                              : "There is nothing to copy under the cursor");
    buf_done(text);
    return OK;
}

enum err do_copy(struct app *a)
{
    struct buf text;
    const struct pane *p = app_active(a);
    struct subject subject = pane_subject(p);
    buf_init(&text, COPY_BYTES_MAX);
    enum err err;
    if (subject.kind == SUBJECT_ROW && app_table(a))
        err = add_row(app_table(a), (uint64_t)subject.id, SIZE_MAX, &text);
    else if (subject.kind == SUBJECT_CODE && (size_t)subject.id < a->choices.picks.n)
        err = buf_add_text(&text, a->choices.picks.v[subject.id].text);
    else
        err = add_lines(p, &text);
    return copy(a, err, &text);
}

enum err do_copy_cell(struct app *a)
{
    struct buf text;
    struct subject subject = pane_subject(a->panes[PANE_TABLE]);
    if (subject.kind != SUBJECT_ROW || !app_table(a)) {
        app_say(a, ROLE_DIM, "To copy a cell, put the cursor of the table on its row");
        return OK;
    }
    buf_init(&text, COPY_BYTES_MAX);
    return copy(a, add_row(app_table(a), (uint64_t)subject.id, a->choices.columns.at, &text), &text);
}

struct copied {
    const struct table *t;
    struct buf text;
};

static void add_seen_row(void *ctx, uint64_t i, const struct row *row)
{
    struct copied *c = ctx;
    (void)i;
    add_cells(c->t, row, &c->text);
    buf_add_char(&c->text, '\n');
}

/* Copies the rows at places from … to of the view. */
static enum err copy_between(struct app *a, uint64_t from, uint64_t to)
{
    struct copied c = {.t = app_table(a)};
    buf_init(&c.text, COPY_BYTES_MAX);
    enum err err = to - from < COPY_ROWS_MAX ? table_view_read(a->table_view, from, to - from + 1, add_seen_row, &c)
                                             : ERR_TOO_BIG;
    return copy(a, err ? err : c.text.err, &c.text);
}

enum err do_copy_rows(struct app *a, const char *arg)
{
    uint64_t row, place, cursor = a->panes[PANE_TABLE]->cursor;
    if (!a->table_view || !app_table(a) || cursor >= table_view_extent(a->table_view).rows) {
        app_say(a, ROLE_DIM, "To copy rows, put the cursor of the table on the first or the last of them");
        return OK;
    }
    if (!arg)
        return ask_letter(a, "copy-rows", "Copy the rows from here to the mark: ");
    if (!find_mark(a, arg, &row))
        return OK;
    enum err err = table_view_place(a->table_view, row, &place);
    if (err)
        return err;
    if (place == UINT64_MAX) {
        app_say(a, ROLE_WARN, "The row with that mark is not in view");
        return OK;
    }
    return place < cursor ? copy_between(a, place, cursor) : copy_between(a, cursor, place);
}
