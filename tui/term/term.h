/* SPDX-License-Identifier: MIT
 * The terminal: the only place that knows curses. Turns a canvas into a screen and bytes into keys. One thread; at most
 * one is open at a time (curses has one current screen). The caller has blocked the signals it reads by signalfd. */
#ifndef TUI_TERM_TERM_H
#define TUI_TERM_TERM_H

#include <stdbool.h>
#include <termios.h>

#include "core/base/err.h"
#include "tui/draw/canvas.h"
#include "tui/term/input.h"

struct term;

struct term_options {
    bool color;       /* false: attributes alone */
    bool force_color; /* although NO_COLOR is set */
};

/* What a guard needs to put the terminal right again when we cannot. */
struct term_restore {
    int fd;                      /* the terminal, borrowed until term_close */
    struct termios before, ours; /* as it was found; as we set it */
    char bytes[256];             /* ends the alternate screen, the keypad, the paste mode; shows the cursor */
    size_t nbytes;
};

/* Called when the terminal has been taken over (or, with NULL, just before it is given back). */
struct term_watch {
    void (*changed)(void *ctx, const struct term_restore *restore);
    void *ctx;
};

/* Uses stdin and stdout where they are a terminal, else /dev/tty. `watch` hears of it before the first byte is sent. */
enum err term_open(const struct term_options *options, const struct term_watch *watch, struct term **out,
                   struct problem *problem) MUST_CHECK;
void term_close(struct term *t); /* gives the terminal back as it was */

int term_fd(const struct term *t); /* poll for POLLIN: term_read */

/* The size now; the next term_draw uses it. */
void term_size(struct term *t, int *width, int *height);

/* Shows the canvas: the rows that were touched, which are untouched then. The text cursor stands at x, y; hidden if x
 * is negative. */
void term_draw(struct term *t, struct canvas *c, int x, int y);

void term_redraw(struct term *t); /* the next term_draw sends everything again */

/* Input is at hand that term_read has not been asked for yet: what came together with the key that suspended us. */
bool term_has_more(const struct term *t);

/* The next input; INPUT_NONE when nothing more is there now. */
void term_read(struct term *t, struct input *out);

/* False while another job is in the foreground: then nothing may be read, drawn or set. */
bool term_is_ours(const struct term *t);

/* Gives the terminal back, stops this process (SIGSTOP), and takes the terminal again once it is in the foreground.
 * False if it is asked to end (SIGTERM, SIGHUP) before that; the terminal is not ours then. */
bool term_suspend(struct term *t) MUST_CHECK;

/* To the clipboard of the terminal (OSC 52). False if this terminal is known not to have one, or the text is too
 * long. */
bool term_copy(struct term *t, const char *text, size_t len);

#endif
