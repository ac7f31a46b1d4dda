/* SPDX-License-Identifier: MIT
 * Lines of text with colour roles, each knowing what it is about: what a pane shows, scrolls, searches and copies.
 * Built anew by a pane's sync, drawn by pane_draw. Owned by the pane; the first error of building sticks
 * in text.err. */
#ifndef TUI_DRAW_LINES_H
#define TUI_DRAW_LINES_H

#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "tui/draw/canvas.h"

enum subject_kind {
    SUBJECT_NONE,
    SUBJECT_ROW,
    SUBJECT_CODE,
    SUBJECT_METHOD,
    SUBJECT_SETTING,
    SUBJECT_WORKER,
    SUBJECT_TASK,
    SUBJECT_PROCESS,
    SUBJECT_VALUE,
    SUBJECT_FILTER
};
struct subject {
    enum subject_kind kind;
    int64_t id; /* row number, index in the picks, index of the method, enum setting, worker, task, pid, place in the
                   frequency view, of the filter */
};

struct span {
    size_t at, len;
    enum role role;
};
struct line {
    size_t first_span, nspans;
    struct subject subject;
};

struct lines {
    struct buf text;
    struct span *spans;
    size_t nspans, spans_cap;
    struct line *v;
    size_t n, cap;
    int column; /* width of the line that is being built */
};

enum { LINES_BYTES_MAX = 64 << 20 };

void lines_init(struct lines *l);
void lines_done(struct lines *l);
void lines_clear(struct lines *l);

/* Adds to the line that is being built. Newlines in `text` are shown, not obeyed. */
void lines_add(struct lines *l, enum role role, const char *text);
void lines_add_bytes(struct lines *l, enum role role, const char *text, size_t len);
void lines_addf(struct lines *l, enum role role, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* In `width` columns: padded at its right (left-aligned) or left, cut with an ellipsis. */
void lines_add_left(struct lines *l, enum role role, int width, const char *text, size_t len);
void lines_add_right(struct lines *l, enum role role, int width, const char *text, size_t len);

/* Blanks up to the column. */
void lines_pad(struct lines *l, int column);

/* Ends the line. */
void lines_end(struct lines *l, struct subject subject);

/* A whole line, and a paragraph wrapped at blanks to `width` columns: from the current column on, then with `indent`
 * blanks at each further line. Ends the last line. */
void lines_put(struct lines *l, enum role role, const char *text);
void lines_wrap(struct lines *l, enum role role, int indent, int width, const char *text, struct subject subject);

/* Appends line i as plain text. */
enum err lines_text(const struct lines *l, size_t i, struct buf *out) MUST_CHECK;

/* Draws line i from column x of row y, its first `left` columns hidden. */
void lines_draw(const struct lines *l, size_t i, struct canvas *c, int x, int y, int left);

/* The widest line, in columns. */
int lines_width(const struct lines *l);

#endif
