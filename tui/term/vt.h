/* SPDX-License-Identifier: MIT
 * The terminal that a watched program believes to be on: bytes in, lines of cells out; keys in, bytes for the program
 * out. The only place that knows libvterm. One thread. */
#ifndef TUI_TERM_VT_H
#define TUI_TERM_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "tui/keys/key.h"

struct vt;

enum { VT_HISTORY_MAX = 4000, VT_CHARS_MAX = 3 };

enum vt_attr { VT_BOLD = 1, VT_REVERSE = 2 };
struct vt_cell {
    uint32_t chars[VT_CHARS_MAX]; /* a code point and marks on it; 0: no more. A blank has none */
    uint8_t width;                /* 1 or 2; 0: right half of a wide one */
    uint8_t attrs;                /* enum vt_attr */
};

/* Sizes below 2 become 2. */
enum err vt_new(int columns, int rows, struct vt **out) MUST_CHECK;
void vt_free(struct vt *t);

void vt_resize(struct vt *t, int columns, int rows);
void vt_size(const struct vt *t, int *columns, int *rows);

/* What the program wrote: any bytes, cut anywhere. The program is not trusted: only what tui/term/vt_filter.h lets
 * through reaches libvterm. */
void vt_write(struct vt *t, const char *bytes, size_t len);

/* Lines 0 … vt_lines - 1: the newest VT_HISTORY_MAX that scrolled off, then the screen's. vt_forgotten is how many
 * lines there were before these. The cells are borrowed until the next call. */
size_t vt_lines(const struct vt *t);
uint64_t vt_forgotten(const struct vt *t);
const struct vt_cell *vt_line(struct vt *t, size_t line, size_t *ncells);

/* Where the program's cursor is: a line as above, and a column. False if the program has hidden it. */
bool vt_cursor(const struct vt *t, size_t *line, int *column);

/* A key or a paste, as this terminal sends them to the program; they, and answers to what the program asked, come out
 * of vt_take. */
void vt_key(struct vt *t, key_code key);
void vt_paste(struct vt *t, const char *text, size_t len);

/* The bytes for the program. They are taken with that; borrowed until the next call. */
const char *vt_take(struct vt *t, size_t *len);

#endif
