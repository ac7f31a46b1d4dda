/* SPDX-License-Identifier: MIT
 * Draws a frame: column widths by the rules of the table library that Polars uses (its "dynamic arrangement" within
 * bounds that Polars sets), text wrapped at spaces, and lines. Knows nothing of a struct table. */
#include <string.h>

#include "core/base/text.h"
#include "core/table/output/frame.h"

enum {
    PADDING = 2,     /* a space at each side */
    MIN_WIDTH = 5,   /* of a column with padding, unless its content is narrower */
    MAX_TEXT = 31,   /* 30 characters and the ellipsis */
    FREE_ENOUGH = 2, /* a line with at most this room is full */
};

/* Bounds of a column, with padding. */
struct bounds {
    size_t lower, upper;
    bool exact; /* lower and upper are equal, independent of the content */
};

struct arrangement {
    struct frame *frame;
    struct bounds bounds[FRAME_COLUMNS];
    size_t content[FRAME_COLUMNS]; /* width of the longest line */
    bool settled[FRAME_COLUMNS];
    size_t width, columns; /* remaining for columns whose width is not settled */
};

/* A part of a cell's text. */
struct line {
    const char *at;
    size_t len;
};

static size_t minus(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

static size_t content_of(size_t padded)
{
    return padded > PADDING ? padded - PADDING : 1;
}

static size_t columns_of(const char *text, size_t len)
{
    return (size_t)text_columns(text, len);
}

/* The next line of a text with newlines; false after the last one. line->at is NULL before the first. */
static bool next_line(const struct frame_cell *cell, struct line *line)
{
    const char *end = cell->text + cell->len;
    const char *from = line->at ? line->at + line->len + 1 : cell->text;
    if (from > end)
        return false;
    const char *newline = memchr(from, '\n', (size_t)(end - from));
    *line = (struct line){from, (size_t)((newline ? newline : end) - from)};
    return true;
}

/* --- wrapping --- */

/* Wraps one line to `width`: each call of next_part returns one piece, with as many words as fit. */
struct wrap {
    const char *at, *end; /* the rest of the line, from the next word on; NULL: none */
    size_t width;
};

/* The length in bytes of the clusters that fit into `width`; at least one code point if `any`. */
static size_t bytes_that_fit(const char *text, size_t len, size_t width, bool any)
{
    size_t i = 0, used = 0;
    while (i < len) {
        int columns;
        size_t n = text_cluster(text + i, len - i, &columns);
        if (used + (size_t)columns > width)
            break;
        used += (size_t)columns;
        i += n;
    }
    if (i == 0 && any)
        for (i = 1; i < len && ((unsigned char)text[i] & 0xc0) == 0x80;)
            i++;
    return i;
}

/* Moves to the word after `word`, or to the end. */
static void go_past(struct wrap *w, struct line word)
{
    const char *stop = word.at + word.len;
    w->at = stop < w->end ? stop + 1 : NULL;
}

static bool next_part(struct wrap *w, struct line *out)
{
    struct line part = {w->at, 0};
    while (w->at) {
        const char *space = memchr(w->at, ' ', (size_t)(w->end - w->at));
        struct line word = {w->at, (size_t)((space ? space : w->end) - w->at)};
        size_t have = columns_of(part.at, part.len), need = columns_of(word.at, word.len);
        size_t room = minus(minus(w->width, have), part.len > 0);
        if (need + have + (part.len > 0) <= w->width) {
            part = part.len ? (struct line){part.at, (size_t)(word.at + word.len - part.at)} : word;
            go_past(w, word);
            if (columns_of(part.at, part.len) > minus(w->width, FREE_ENOUGH))
                break; /* full */
            continue;
        }
        if (part.len > 0 && (room <= FREE_ENOUGH || need <= w->width))
            break; /* the word begins the next piece */
        size_t fits = bytes_that_fit(word.at, word.len, room, part.len == 0);
        part = (struct line){part.len ? part.at : word.at, 0};
        part.len = (size_t)(word.at + fits - part.at);
        w->at = word.at + fits;
        break;
    }
    *out = part;
    return part.len > 0;
}

/* --- widths --- */

static void find_bounds(struct arrangement *a, size_t column)
{
    struct frame *f = a->frame;
    size_t content = 0, values = 0;
    for (size_t r = 0; r < f->nrows; r++) {
        const struct frame_cell *cell = &f->cells[r][column];
        bool dots = f->cut && r == FRAME_ROWS / 2;
        if (r > 0 && !dots && cell->estimate + PADDING > values)
            values = cell->estimate + PADDING;
        for (struct line line = {NULL, 0}; next_line(cell, &line);)
            if (columns_of(line.at, line.len) > content)
                content = columns_of(line.at, line.len);
    }
    size_t wish = f->cells[0][column].estimate;
    bool omitted =
        wish == 1; /* the ellipsis column, whose header counts without padding; other names have at least 3 columns */
    wish += omitted ? 0 : PADDING;
    wish = values > wish ? values : wish;
    wish = wish < MAX_TEXT + PADDING ? wish : MAX_TEXT + PADDING;
    a->content[column] = content;
    if (wish > MIN_WIDTH)
        a->bounds[column] = (struct bounds){MIN_WIDTH, wish, false};
    else
        a->bounds[column] = (struct bounds){wish, f->cut ? MIN_WIDTH : wish, !f->cut};
}

static void settle(struct arrangement *a, size_t column, size_t width)
{
    a->frame->width[column] = width;
    a->settled[column] = true;
    a->width = minus(a->width, width);
    a->columns--;
}

/* Settles columns whose width does not depend on the others. */
static void settle_fixed(struct arrangement *a)
{
    for (size_t i = 0; i < a->frame->ncolumns; i++) {
        const struct bounds *b = &a->bounds[i];
        if (b->exact || a->content[i] + PADDING <= b->lower)
            settle(a, i, content_of(b->lower));
    }
}

static void settle_lower_bounds(struct arrangement *a)
{
    bool again = a->columns > 0;
    while (again && a->columns > 0) {
        again = false;
        for (size_t i = 0; i < a->frame->ncolumns && a->columns > 0; i++) {
            if (!a->settled[i] && a->width / a->columns < a->bounds[i].lower) {
                settle(a, i, content_of(a->bounds[i].lower));
                again = true;
            }
        }
    }
}

/* Settles columns that need no more than the average; what they do not use raises the average of the others. */
static void settle_small(struct arrangement *a)
{
    bool again = true;
    while (again && a->columns > 0 && a->width / a->columns > 0) {
        again = false;
        for (size_t i = 0; i < a->frame->ncolumns && a->columns > 0; i++) {
            size_t average = a->width / a->columns, upper = a->bounds[i].upper;
            if (a->settled[i])
                continue;
            bool capped = upper <= average + PADDING && a->content[i] + PADDING >= upper;
            if (!capped && a->content[i] > average)
                continue;
            settle(a, i, capped ? content_of(upper) : a->content[i]);
            again = true;
        }
    }
}

/* The longest piece of the column when wrapped to `width`; in bytes, as the library measures it here. */
static size_t longest_piece(const struct frame *f, size_t column, size_t width)
{
    size_t longest = 0;
    for (size_t r = 0; r < f->nrows; r++) {
        for (struct line line = {NULL, 0}; next_line(&f->cells[r][column], &line);) {
            struct wrap w = {line.at, line.at + line.len, width};
            struct line piece = line;
            bool wide = columns_of(line.at, line.len) > width;
            while (!wide || next_part(&w, &piece)) {
                longest = piece.len > longest ? piece.len : longest;
                if (!wide)
                    break;
            }
        }
    }
    return longest;
}

/* Settles columns that need less than the average after wrapping. */
static void settle_wrapped(struct arrangement *a)
{
    size_t average = a->columns ? a->width / a->columns : 0;
    bool again = true;
    while (again && a->columns > 0) {
        again = false;
        for (size_t i = 0; i < a->frame->ncolumns && a->columns > 0; i++) {
            size_t longest = a->settled[i] ? 0 : longest_piece(a->frame, i, average);
            if (a->settled[i] || minus(average, longest) < 3)
                continue;
            settle(a, i, longest);
            average = a->columns ? a->width / a->columns : 0;
            again = true;
        }
    }
}

static void share_rest(struct arrangement *a)
{
    if (a->columns == 0)
        return;
    if (a->width < a->columns)
        a->width = a->columns;
    size_t each = a->width / a->columns, excess = a->width % a->columns;
    for (size_t i = 0; i < a->frame->ncolumns; i++) {
        if (a->settled[i])
            continue;
        a->frame->width[i] = each + (excess > 0);
        excess -= excess > 0;
    }
}

void frame_arrange(struct frame *f)
{
    size_t lines = f->ncolumns + 1;
    struct arrangement a = {.frame = f, .columns = f->ncolumns};
    a.width = minus(FRAME_WIDTH, lines + f->ncolumns * PADDING);
    for (size_t i = 0; i < f->ncolumns; i++)
        find_bounds(&a, i);
    settle_fixed(&a);
    settle_lower_bounds(&a);
    settle_small(&a);
    settle_wrapped(&a);
    share_rest(&a);
}

/* --- drawing --- */

static void add_times(struct buf *out, const char *text, size_t n)
{
    while (n-- > 0)
        buf_add_text(out, text);
}

static void add_rule(const struct frame *f, struct buf *out, const char *left, const char *line, const char *cross,
                     const char *right)
{
    buf_add_text(out, left);
    for (size_t i = 0; i < f->ncolumns; i++) {
        buf_add_text(out, i ? cross : "");
        add_times(out, line, f->width[i] + PADDING);
    }
    buf_add_text(out, right);
    buf_add_char(out, '\n');
}

/* How much of a cell is drawn: the current line of its text, and the rest of that line if it is wrapped. */
struct progress {
    struct line line;
    struct wrap rest;
    bool wrapping, over;
};

static struct line next_piece(const struct frame_cell *cell, size_t width, struct progress *p)
{
    struct line piece;
    while (!p->over) {
        if (p->wrapping && next_part(&p->rest, &piece))
            return piece;
        p->wrapping = false;
        if (!next_line(cell, &p->line))
            break;
        if (columns_of(p->line.at, p->line.len) <= width)
            return p->line;
        p->rest = (struct wrap){p->line.at, p->line.at + p->line.len, width};
        p->wrapping = true;
    }
    p->over = true;
    return (struct line){"", 0};
}

static void add_piece(struct buf *out, struct line piece, size_t width, bool last)
{
    buf_add_char(out, ' ');
    buf_add(out, piece.at, piece.len);
    add_times(out, " ", minus(width, columns_of(piece.at, piece.len)) + 1);
    buf_add_text(out, last ? "│\n" : "┆");
}

/* Adds lines until all cells of the row are drawn. */
static void add_row(const struct frame *f, size_t row, struct buf *out)
{
    struct progress progress[FRAME_COLUMNS] = {0};
    struct line pieces[FRAME_COLUMNS];
    for (;;) {
        bool any = false;
        for (size_t i = 0; i < f->ncolumns; i++) {
            pieces[i] = next_piece(&f->cells[row][i], f->width[i], &progress[i]);
            any |= !progress[i].over;
        }
        if (!any || out->err)
            return;
        buf_add_text(out, "│");
        for (size_t i = 0; i < f->ncolumns; i++)
            add_piece(out, pieces[i], f->width[i], i + 1 == f->ncolumns);
    }
}

enum err frame_add(const struct frame *f, struct buf *out)
{
    add_rule(f, out, "┌", "─", "┬", "┐");
    add_row(f, 0, out);
    add_rule(f, out, "╞", "═", "╪", "╡");
    for (size_t r = 1; r < f->nrows; r++)
        add_row(f, r, out);
    add_rule(f, out, "└", "─", "┴", "┘");
    return out->err;
}
