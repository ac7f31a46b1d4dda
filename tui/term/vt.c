/* SPDX-License-Identifier: MIT
 * libvterm keeps the screen. Rows that scroll off it are kept here, in a ring. */
#include "tui/term/vt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "core/base/buf.h"
#include "tui/term/vt_filter.h"

enum { SIZE_MIN = 2, SIZE_MAX_CELLS = 1000, REPLIES_MAX = 1 << 18 };

struct vt_row {
    struct vt_cell *cells; /* owned; trailing blanks are left out */
    size_t n;
};

struct vt {
    VTerm *vterm;
    VTermScreen *screen;
    struct vt_filter filter; /* everything the program writes goes through it */
    int columns, rows;
    VTermPos cursor;
    bool cursor_visible;
    struct vt_row history[VT_HISTORY_MAX]; /* a ring */
    size_t oldest, nhistory;
    uint64_t forgotten;
    struct vt_cell *line; /* what vt_line returns for a line of the screen */
    struct buf replies, taken;
};

static struct vt_cell cell_from(const VTermScreenCell *from)
{
    struct vt_cell cell = {.width = from->width > 1 ? 2 : 1,
                           .attrs = (from->attrs.bold ? VT_BOLD : 0) | (from->attrs.reverse ? VT_REVERSE : 0)};
    if (from->chars[0] == (uint32_t)-1) { /* the right half of a wide character */
        cell.width = 0;
        return cell;
    }
    for (size_t i = 0; i < VT_CHARS_MAX && from->chars[i]; i++)
        cell.chars[i] = from->chars[i];
    return cell;
}

static bool is_blank(const struct vt_cell *c)
{
    return c->width == 1 && (c->chars[0] == 0 || c->chars[0] == ' ') && !(c->attrs & VT_REVERSE);
}

/* History */

static int push_line(int columns, const VTermScreenCell *cells, void *user)
{
    struct vt *t = user;
    struct vt_row row = {.n = (size_t)columns};
    while (row.n > 0) {
        struct vt_cell last = cell_from(&cells[row.n - 1]);
        if (!is_blank(&last))
            break;
        row.n--;
    }
    if (row.n > 0 && !(row.cells = calloc(row.n, sizeof *row.cells)))
        return 0; /* the line is lost for lack of memory */
    for (size_t i = 0; i < row.n; i++)
        row.cells[i] = cell_from(&cells[i]);
    if (t->nhistory == VT_HISTORY_MAX) {
        free(t->history[t->oldest].cells);
        t->oldest = (t->oldest + 1) % VT_HISTORY_MAX;
        t->nhistory--;
        t->forgotten++;
    }
    t->history[(t->oldest + t->nhistory++) % VT_HISTORY_MAX] = row;
    return 1;
}

/* Called when the screen becomes higher: the newest line of the history returns to it. */
static int pop_line(int columns, VTermScreenCell *cells, void *user)
{
    struct vt *t = user;
    if (t->nhistory == 0)
        return 0;
    struct vt_row *row = &t->history[(t->oldest + --t->nhistory) % VT_HISTORY_MAX];
    memset(cells, 0, (size_t)columns * sizeof *cells);
    for (size_t i = 0; i < (size_t)columns; i++) {
        const struct vt_cell *from = i < row->n ? &row->cells[i] : NULL;
        bool is_cut = from && from->width == 2 && i + 1 == (size_t)columns; /* libvterm would write beyond the row */
        cells[i].width = from && from->width == 2 && !is_cut ? 2 : 1;
        if (!from || is_cut)
            continue;
        memcpy(cells[i].chars, from->chars, sizeof from->chars);
        cells[i].attrs.bold = (from->attrs & VT_BOLD) != 0;
        cells[i].attrs.reverse = (from->attrs & VT_REVERSE) != 0;
        if (from->width == 0)
            cells[i].chars[0] = (uint32_t)-1;
    }
    free(row->cells);
    *row = (struct vt_row){0};
    return 1;
}

static int move_cursor(VTermPos pos, VTermPos before, int visible, void *user)
{
    struct vt *t = user;
    (void)before;
    (void)visible; /* set_property is called for it, too */
    t->cursor = pos;
    return 1;
}

static int set_property(VTermProp property, VTermValue *value, void *user)
{
    struct vt *t = user;
    if (property == VTERM_PROP_CURSORVISIBLE)
        t->cursor_visible = value->boolean;
    return 1;
}

static void add_reply(const char *bytes, size_t len, void *user)
{
    struct vt *t = user;
    buf_add(&t->replies, bytes, len); /* a program that asks and never reads gets no more answers at REPLIES_MAX */
}

static void add_piece(void *user, const char *piece, size_t len)
{
    struct vt *t = user;
    vterm_input_write(t->vterm, piece, len);
}

static const VTermScreenCallbacks callbacks = {
    .movecursor = move_cursor,
    .settermprop = set_property,
    .sb_pushline = push_line,
    .sb_popline = pop_line,
};

static int bounded(int n)
{
    return n < SIZE_MIN ? SIZE_MIN : n > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : n;
}

enum err vt_new(int columns, int rows, struct vt **out)
{
    struct vt *t = calloc(1, sizeof *t);
    if (!t)
        return ERR_NOMEM;
    buf_init(&t->replies, REPLIES_MAX);
    buf_init(&t->taken, REPLIES_MAX);
    t->columns = bounded(columns);
    t->rows = bounded(rows);
    t->cursor_visible = true;
    t->vterm = vterm_new(t->rows, t->columns);
    t->line = calloc(SIZE_MAX_CELLS, sizeof *t->line);
    if (!t->vterm || !t->line) {
        vt_free(t);
        return ERR_NOMEM;
    }
    vt_filter_init(&t->filter, add_piece, t);
    vterm_set_utf8(t->vterm, 1);
    vterm_output_set_callback(t->vterm, add_reply, t);
    t->screen = vterm_obtain_screen(t->vterm);
    vterm_screen_set_callbacks(t->screen, &callbacks, t);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_set_damage_merge(t->screen, VTERM_DAMAGE_SCROLL);
    vterm_screen_reset(t->screen, 1);
    *out = t;
    return OK;
}

void vt_free(struct vt *t)
{
    if (!t)
        return;
    if (t->vterm)
        vterm_free(t->vterm);
    for (size_t i = 0; i < VT_HISTORY_MAX; i++)
        free(t->history[i].cells);
    free(t->line);
    buf_done(&t->replies);
    buf_done(&t->taken);
    free(t);
}

/* After the screen became smaller, libvterm may keep a scroll region below it (it corrupts the heap when that scrolls),
 * a cursor above it, and a saved cursor anywhere outside. The region becomes the whole screen, the cursor is put
 * inside, and it is saved in place of the saved one. libvterm is never within a sequence here, as the filter passes on
 * whole ones only, and there are no left and right margins, as the filter passes on none. */
static void keep_inside(struct vt *t)
{
    char text[64];
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(t->vterm), &at);
    int row = at.row < 0 ? 0 : at.row, column = at.col < 0 ? 0 : at.col;
    int n = snprintf(text, sizeof text, "\033[r\033[%d;%dH\0337", row + 1, column + 1);
    vterm_input_write(t->vterm, text, (size_t)n);
}

void vt_resize(struct vt *t, int columns, int rows)
{
    columns = bounded(columns);
    rows = bounded(rows);
    if (columns == t->columns && rows == t->rows)
        return;
    bool smaller = columns < t->columns || rows < t->rows;
    t->columns = columns;
    t->rows = rows;
    vterm_set_size(t->vterm, rows, columns);
    if (smaller)
        keep_inside(t);
}

void vt_size(const struct vt *t, int *columns, int *rows)
{
    *columns = t->columns;
    *rows = t->rows;
}

void vt_write(struct vt *t, const char *bytes, size_t len)
{
    vt_filter_write(&t->filter, bytes, len);
    vterm_screen_flush_damage(t->screen);
}

/* Lines */

size_t vt_lines(const struct vt *t)
{
    return t->nhistory + (size_t)t->rows;
}

uint64_t vt_forgotten(const struct vt *t)
{
    return t->forgotten;
}

const struct vt_cell *vt_line(struct vt *t, size_t line, size_t *ncells)
{
    *ncells = 0;
    if (line < t->nhistory) {
        const struct vt_row *row = &t->history[(t->oldest + line) % VT_HISTORY_MAX];
        *ncells = row->n;
        return row->cells;
    }
    VTermScreenCell cell;
    VTermPos at = {.row = (int)(line - t->nhistory)};
    for (at.col = 0; at.row < t->rows && at.col < t->columns; at.col++) {
        t->line[at.col] = (struct vt_cell){.width = 1};
        if (vterm_screen_get_cell(t->screen, at, &cell))
            t->line[at.col] = cell_from(&cell);
        if (!is_blank(&t->line[at.col]))
            *ncells = (size_t)at.col + 1;
    }
    return t->line;
}

bool vt_cursor(const struct vt *t, size_t *line, int *column)
{
    *line = t->nhistory + (size_t)t->cursor.row;
    *column = t->cursor.col;
    return t->cursor_visible;
}

/* Keys */

static const struct {
    key_code key;
    VTermKey code;
    VTermModifier modifier;
} keys[] = {
    {PRESS_UP, VTERM_KEY_UP, 0},
    {PRESS_DOWN, VTERM_KEY_DOWN, 0},
    {PRESS_LEFT, VTERM_KEY_LEFT, 0},
    {PRESS_RIGHT, VTERM_KEY_RIGHT, 0},
    {PRESS_PGUP, VTERM_KEY_PAGEUP, 0},
    {PRESS_PGDN, VTERM_KEY_PAGEDOWN, 0},
    {PRESS_HOME, VTERM_KEY_HOME, 0},
    {PRESS_END, VTERM_KEY_END, 0},
    {PRESS_TAB, VTERM_KEY_TAB, 0},
    {PRESS_BACKTAB, VTERM_KEY_TAB, VTERM_MOD_SHIFT},
    {PRESS_ENTER, VTERM_KEY_ENTER, 0},
    {PRESS_ESC, VTERM_KEY_ESCAPE, 0},
    {PRESS_BACKSPACE, VTERM_KEY_BACKSPACE, 0},
    {PRESS_DELETE, VTERM_KEY_DEL, 0},
    {PRESS_INSERT, VTERM_KEY_INS, 0},
};

void vt_key(struct vt *t, key_code key)
{
    char text[5];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].key == key) {
            vterm_keyboard_key(t->vterm, keys[i].code, keys[i].modifier);
            return;
        }
    if (key >= PRESS_F1 && key <= PRESS_F12) {
        vterm_keyboard_key(t->vterm, VTERM_KEY_FUNCTION((int)(key - PRESS_F1) + 1), VTERM_MOD_NONE);
        return;
    }
    if (key & PRESS_CTRL) {
        buf_add_char(&t->replies, (char)(key & 0x1f));
        return;
    }
    size_t n = key_utf8(key & ~(key_code)PRESS_ALT, text);
    if (n > 0 && key & PRESS_ALT)
        buf_add_char(&t->replies, '\033');
    buf_add(&t->replies, text, n);
}

void vt_paste(struct vt *t, const char *text, size_t len)
{
    vterm_keyboard_start_paste(t->vterm);
    for (size_t i = 0; i < len; i++)
        buf_add_char(&t->replies, text[i] == '\n' ? '\r' : text[i]); /* terminals paste newlines as CR */
    vterm_keyboard_end_paste(t->vterm);
}

const char *vt_take(struct vt *t, size_t *len)
{
    struct buf taken = t->replies;
    t->replies = t->taken;
    t->taken = taken;
    buf_clear(&t->replies);
    *len = taken.len;
    return buf_text(&t->taken);
}
