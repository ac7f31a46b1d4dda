/* SPDX-License-Identifier: MIT
 * Cleans the output of a program that is not trusted before a terminal library parses it. Only text and control
 * sequences that are known to be harmless pass; all else is dropped, so that a fault in the library's parser cannot be
 * reached. The filter is pure: it allocates nothing, and its whole state is in the struct. One thread.
 *
 * A "sequence" is ESC and what follows it; a "CSI sequence" starts with ESC [ and has numeric arguments; a "control
 * string" (OSC, DCS, APC, PM, SOS) carries text of any length up to a terminator. */
#ifndef TUI_TERM_VT_FILTER_H
#define TUI_TERM_VT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    VT_FILTER_ARGS_MAX = 32,    /* arguments of a CSI sequence that are read; the others are dropped */
    VT_FILTER_VALUE_MAX = 9999, /* a larger argument becomes this */
    VT_FILTER_PIECE_MAX = 128,  /* bytes of the longest piece */
    VT_FILTER_MARKS_MAX = 2,    /* combining marks on one character */
    VT_FILTER_REPEAT_MAX = 1000 /* how often REP (CSI b) repeats a character at most */
};

/* Receives one clean piece: a run of text, one control character, or one whole sequence. A piece is valid UTF-8 and is
 * borrowed for the call. */
typedef void vt_filter_out(void *user, const char *piece, size_t len);

enum vt_filter_state { VT_FILTER_TEXT, VT_FILTER_ESCAPE, VT_FILTER_CSI, VT_FILTER_OSC, VT_FILTER_STRING };

struct vt_filter {
    vt_filter_out *out;
    void *user;
    enum vt_filter_state state;

    /* The sequence that is being read. */
    char leader, intermediate;       /* 0: none */
    bool malformed;                  /* it is read to its end and dropped */
    int args[VT_FILTER_ARGS_MAX];    /* -1: left out, which means its default */
    bool is_sub[VT_FILTER_ARGS_MAX]; /* a colon stands before it: it belongs to the argument before it */
    size_t nargs;                    /* VT_FILTER_ARGS_MAX + 1: there were more */

    /* A UTF-8 character of which only the first bytes have come. */
    char character[4];
    size_t have, need;

    /* Text that has not been passed on yet; never more than within one call. */
    char text[VT_FILTER_PIECE_MAX];
    size_t ntext;
    char last[4];         /* the last character that is not a mark, for REP */
    size_t nlast, nmarks; /* nmarks counts the marks since then, also across sequences */
};

/* `out` is called with `user` by vt_filter_write only. */
void vt_filter_init(struct vt_filter *f, vt_filter_out *out, void *user);

/* Filters `len` bytes. They may be cut anywhere: what is unfinished is kept for the next call. Invalid UTF-8 and C1
 * controls (U+0080 to U+009F, which a terminal in UTF-8 mode need not obey) become U+FFFD. */
void vt_filter_write(struct vt_filter *f, const char *bytes, size_t len);

#endif
