/* SPDX-License-Identifier: MIT
 * Lines of text in colour roles: what a pane shows, scrolls, searches and copies. Each line has a subject, the thing
 * that it is about. A pane owns its lines; its sync builds them again each time, pane_draw draws them. The first error
 * while building is kept in text.err. */
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
    int64_t id; /* in the order above: row number, index in the picks, index of the method, enum setting, worker, task,
                   pid, index in the frequency list, index of the filter */
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

/* Adds to the line that is being built. A newline in `text` is shown as a character and does not end the line. */
void lines_add(struct lines *l, enum role role, const char *text);
void lines_add_bytes(struct lines *l, enum role role, const char *text, size_t len);
void lines_addf(struct lines *l, enum role role, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Adds text in `width` columns, aligned to the left or to the right; cut with an ellipsis if it is too long. */
void lines_add_left(struct lines *l, enum role role, int width, const char *text, size_t len);
void lines_add_right(struct lines *l, enum role role, int width, const char *text, size_t len);

/* Adds blanks up to the column. lines_head: adds a name in ROLE_HEAD first. */
void lines_pad(struct lines *l, int column);
void lines_head(struct lines *l, int column, const char *name);

/* Ends the line that is being built. */
void lines_end(struct lines *l, struct subject subject);

/* lines_put adds a whole line. lines_wrap adds a paragraph, wrapped at blanks to `width` columns: it starts in the
 * current column, and further lines begin with `indent` blanks. Both end the last line. */
void lines_put(struct lines *l, enum role role, const char *text);
void lines_wrap(struct lines *l, enum role role, int indent, int width, const char *text, struct subject subject);

/* Appends line i as plain text. */
enum err lines_text(const struct lines *l, size_t i, struct buf *out) MUST_CHECK;

/* Draws line i from column x of row y, without its first `left` columns. */
void lines_draw(const struct lines *l, size_t i, struct canvas *c, int x, int y, int left);

/* The widest line, in columns. */
int lines_width(const struct lines *l);

#endif
