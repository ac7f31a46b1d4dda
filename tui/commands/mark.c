/* SPDX-License-Identifier: MIT
 * Commands that mark rows of the table with a letter, and go to the row with a mark. The mark ' is the row that the
 * cursor was on before the last jump. */
#include "core/base/text.h"
#include "tui/commands/command_list.h"
#include "core/table_view/table_view.h"

static const char not_a_mark[] = "A mark is a letter from a to z";

static bool row_at_cursor(const struct app *a, uint64_t *out)
{
    struct subject subject = pane_subject(a->panes[PANE_TABLE]);
    *out = (uint64_t)subject.id;
    return subject.kind == SUBJECT_ROW;
}

static void set_mark(struct marks *m, int i, uint64_t row)
{
    m->rows[i] = row;
    m->set[i] = true;
}

void table_go(struct app *a, uint64_t place)
{
    struct pane *p = a->panes[PANE_TABLE];
    uint64_t row;
    if (row_at_cursor(a, &row))
        set_mark(&a->choices.marks, mark_by_name("'"), row);
    p->count = p->count > place ? p->count : place + 1;
    pane_go(p, place);
}

enum err ask_letter(struct app *a, const char *command, const char *label)
{
    enum err err = app_prompt(a, command, label, "");
    a->prompt.letter = true;
    return err;
}

bool find_mark(struct app *a, const char *name, uint64_t *out)
{
    int i = mark_by_name(name);
    if (i >= 0 && a->choices.marks.set[i]) {
        *out = a->choices.marks.rows[i];
        return true;
    }
    app_say(a, ROLE_WARN, i < 0 ? not_a_mark : "No row is marked %s", name);
    return false;
}

enum err do_mark(struct app *a, const char *arg)
{
    char n[32];
    uint64_t row;
    if (!row_at_cursor(a, &row)) {
        app_say(a, ROLE_DIM, "To mark a row, put the cursor of the table on it");
        return OK;
    }
    if (!arg)
        return ask_letter(a, "mark", "Mark this row with the letter: ");
    int i = mark_by_name(arg);
    if (i < 0) {
        app_say(a, ROLE_WARN, not_a_mark);
        return OK;
    }
    set_mark(&a->choices.marks, i, row);
    app_say(a, ROLE_TEXT, "Row %s is marked; %s%s goes to it", text_count(row + 1, n),
            command_key(a->commands, "go-to-mark"), arg);
    return OK;
}

static enum err go_to_row(struct app *a, uint64_t row)
{
    char n[32];
    uint64_t place;
    enum err err = table_view_place(a->table_view, row, &place);
    if (err)
        return err;
    app_focus(a, PANE_TABLE);
    if (place == UINT64_MAX)
        app_say(a, ROLE_WARN, "Row %s is not in view", text_count(row + 1, n));
    else
        table_go(a, place);
    return OK;
}

enum err table_go_on(struct app *a)
{
    if (!a->row_awaits_view || !table_view_view_ready(a->table_view))
        return OK;
    a->row_awaits_view = false;
    return go_to_row(a, a->awaited_row);
}

enum err do_go_to_mark(struct app *a, const char *arg)
{
    uint64_t row;
    if (!a->table_view || !app_table(a))
        return OK;
    if (!arg)
        return ask_letter(a, "go-to-mark", "Go to the row with the mark (' is the row you came from): ");
    if (!find_mark(a, arg, &row))
        return OK;
    a->awaited_row = row;
    a->row_awaits_view = true;
    return table_go_on(a);
}
