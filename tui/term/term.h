/* SPDX-License-Identifier: MIT
 * The terminal that poolscope runs on: shows a canvas and reads keys. This is the only place that uses curses. Main
 * thread only. At most one terminal is open at a time, because curses has one current screen. The caller has blocked
 * the signals that it reads by signalfd(2). */
#ifndef TUI_TERM_TERM_H
#define TUI_TERM_TERM_H

#include <stdbool.h>
#include <termios.h>

#include "core/base/err.h"
#include "tui/draw/canvas.h"
#include "tui/term/input.h"

struct term;

struct term_options {
    bool color;       /* false: bold, reverse and underline only */
    bool force_color; /* even if NO_COLOR is set */
};

/* What the guard (guard.h) needs to restore the terminal if poolscope cannot. */
struct term_restore {
    int fd;                      /* the terminal, borrowed until term_close */
    struct termios before, ours; /* the settings found, and those that poolscope set */
    char bytes[256];             /* end the alternate screen, keypad and paste modes; show the cursor */
    size_t nbytes;
};

/* `changed` is called just before the terminal is taken over, and with NULL after it was given back. */
struct term_watch {
    void (*changed)(void *ctx, const struct term_restore *restore);
    void *ctx;
};

/* Uses stdin and stdout if they are a terminal, and else /dev/tty. `watch` is copied; it is called before the first
 * byte is sent. */
enum err term_open(const struct term_options *options, const struct term_watch *watch, struct term **out,
                   struct problem *problem) MUST_CHECK;
void term_close(struct term *t); /* restores the terminal; NULL is fine */

int term_fd(const struct term *t); /* readable: call term_read */

/* The size now; the next term_draw uses it. */
void term_size(struct term *t, int *width, int *height);

/* Shows what was drawn on the canvas since the last call, and clears its record of that (canvas.touched). The text
 * cursor is put at x, y, or hidden if x is negative. */
void term_draw(struct term *t, struct canvas *c, int x, int y);

void term_redraw(struct term *t); /* the next term_draw sends everything again */

/* True if term_read has input without reading from the terminal: keys that arrived together with the last one. */
bool term_has_more(const struct term *t);

/* The next key or paste; INPUT_NONE if there is no more now. */
void term_read(struct term *t, struct input *out);

/* False while another job of the shell is in the foreground: then poolscope may not read, draw or change settings. */
bool term_is_ours(const struct term *t);

/* Gives the terminal back, stops this process (SIGSTOP), and takes the terminal over again once this process is
 * continued in the foreground. False if SIGTERM or SIGHUP arrived before that; the terminal stays given back then. */
bool term_suspend(struct term *t) MUST_CHECK;

/* Copies the text to the terminal's clipboard (OSC 52). False if the terminal is known to have none, or the text is
 * longer than CLIPBOARD_MAX. */
bool term_copy(struct term *t, const char *text, size_t len);

#endif
