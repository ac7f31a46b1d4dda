/* SPDX-License-Identifier: MIT
 * The terminal emulator of a watched program. It takes the program's output and gives lines of cells; it takes keys and
 * gives bytes for the program to read. This is the only place that uses libvterm. Main thread only. */
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
    uint32_t chars[VT_CHARS_MAX]; /* a code point and combining marks, up to the first 0; a blank has none */
    uint8_t width;                /* 1 or 2; 0: the right half of a wide character */
    uint8_t attrs;                /* enum vt_attr */
};

/* A width or height below 2 becomes 2. */
enum err vt_new(int columns, int rows, struct vt **out) MUST_CHECK;
void vt_free(struct vt *t);

void vt_resize(struct vt *t, int columns, int rows);
void vt_size(const struct vt *t, int *columns, int *rows);

/* Takes output of the program, cut at any byte. The program is not trusted: only what passes tui/term/vt_filter.h
 * reaches libvterm. */
void vt_write(struct vt *t, const char *bytes, size_t len);

/* Lines are numbered from 0: up to VT_HISTORY_MAX that scrolled off the screen, then those of the screen. vt_forgotten
 * is how many older lines were dropped. The cells of vt_line are borrowed until the next call. */
size_t vt_lines(const struct vt *t);
uint64_t vt_forgotten(const struct vt *t);
const struct vt_cell *vt_line(struct vt *t, size_t line, size_t *ncells);

/* The line, numbered as above, and column of the program's cursor. False if the program has hidden it. */
bool vt_cursor(const struct vt *t, size_t *line, int *column);

/* Types a key, or pastes a text. vt_take returns the bytes that a terminal sends for it, and answers to the queries of
 * the program. */
void vt_key(struct vt *t, key_code key);
void vt_paste(struct vt *t, const char *text, size_t len);

/* Takes the bytes for the program; borrowed until the next call. */
const char *vt_take(struct vt *t, size_t *len);

#endif
