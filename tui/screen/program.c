/* SPDX-License-Identifier: MIT
 * Carries bytes between the watched program and its terminal emulator, and keeps the size of both in step. */
#include "tui/screen/program.h"

#include "tui/term/vt.h"

/* Sends what the terminal has for the program: keys that were typed, and answers to its queries. */
static void send_input(struct app *a)
{
    size_t len;
    const char *bytes = vt_take(output_terminal(a->panes[PANE_OUTPUT]), &len);
    if (len > 0 && a->observer && !a->model->command_ended && observer_type(a->observer, bytes, len) == ERR_AGAIN)
        app_say(a, ROLE_WARN, "The program does not read its input: some of what you typed was dropped");
}

void program_feed(struct app *a)
{
    size_t len;
    if (a->scope == SCOPE_ATTACH && a->model->timed_out)
        a->quit = true;
    if (a->scope != SCOPE_WATCH)
        return;
    const char *bytes = model_output(a->model, &a->fed, &len);
    if (len > 0)
        vt_write(output_terminal(a->panes[PANE_OUTPUT]), bytes, len);
    a->fed += len;
    send_input(a);
    if (a->model->command_ended)
        a->typing = false;
}

void program_type_key(struct app *a, key_code key)
{
    pane_move(a->panes[PANE_OUTPUT], MOVE_LAST);
    vt_key(output_terminal(a->panes[PANE_OUTPUT]), key);
    send_input(a);
}

void program_type_paste(struct app *a, const char *text, size_t len)
{
    pane_move(a->panes[PANE_OUTPUT], MOVE_LAST);
    vt_paste(output_terminal(a->panes[PANE_OUTPUT]), text, len);
    send_input(a);
}

static void report_size(struct app *a)
{
    int columns, rows;
    vt_size(output_terminal(a->panes[PANE_OUTPUT]), &columns, &rows);
    if (columns == a->told_columns && rows == a->told_rows)
        return;
    a->told_columns = columns;
    a->told_rows = rows;
    if (a->observer)
        observer_resize(a->observer, columns, rows);
}

void program_drawn(struct app *a)
{
    const struct pane *tree = a->panes[PANE_PROCESSES];
    if (a->scope == SCOPE_EXPLORE)
        return;
    if (a->scope == SCOPE_WATCH && a->layout.panes[PANE_OUTPUT].height > 0)
        report_size(a);
    if (processes_pid(tree) != a->cursor_pid) {
        a->cursor_pid = processes_pid(tree);
        a->explain_pid = 0; /* the diagnosis follows the cursor */
        a->dirty = true;
    }
    bool inspecting = a->layout.screen != SCREEN_STATUS && a->layout.panes[PANE_INSPECTOR].height > 0;
    if (a->observer)
        observer_inspect(a->observer, inspecting ? a->cursor_pid : 0);
}

void program_cursor(const struct app *a, int *x, int *y)
{
    const struct pane *p = a->panes[PANE_OUTPUT];
    struct rect inside = layout_inside(&a->layout, a->layout.panes[PANE_OUTPUT]);
    size_t line;
    int column;
    if (!vt_cursor(output_terminal(p), &line, &column) || line < p->top || line - p->top >= (uint64_t)pane_rows(p))
        return;
    if (column - p->left < 0 || column - p->left >= p->width || inside.height < 1)
        return;
    *x = inside.x + PANE_GUTTER + column - p->left;
    *y = inside.y + (int)(line - p->top);
}
