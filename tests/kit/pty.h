/* SPDX-License-Identifier: MIT
 * A program in a real pseudo-terminal, its screen kept by libvterm: what a person would see. Every wait has a bound of
 * PTY_BOUND seconds; when it passes the test fails and the screen is printed. One thread uses a pty. */
#ifndef TESTS_KIT_PTY_H
#define TESTS_KIT_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

enum { PTY_BOUND = 60 };

struct pty; /* opaque */

/* Starts argv (its path first, ends with NULL) as leader of a session on a new terminal. `env` (NULL, or ends with
 * NULL) are NAME=VALUE settings on top of the test's own, NAME alone unsets. */
struct pty *pty_open(int rows, int cols, const char *const *argv, const char *const *env);

/* Kills what still runs in it, reaps it, and frees. */
void pty_free(struct pty *p);

pid_t pty_pid(const struct pty *p);

/* Keys, as the terminal sends them: "r", "\t", "\x1a" (C-z), "\x1b[A" (up). */
void pty_type(struct pty *p, const char *keys);
void pty_resize(struct pty *p, int rows, int cols);

/* The screen now: rows joined by newlines, trailing spaces gone. Borrowed until the next call on `p`. */
const char *pty_screen(struct pty *p);

/* Whether the screen as it stands has a match of the extended regular expression (^ and $ are those of a line). */
bool pty_shows(struct pty *p, const char *regex);

/* Reads on until the screen has a match, or has none any more. */
void pty_wait_text(struct pty *p, const char *regex);
void pty_wait_no_text(struct pty *p, const char *regex);

/* Reads on until `done(arg)` holds; `what` says what was waited for. */
void pty_wait_until(struct pty *p, bool (*done)(void *arg), void *arg, const char *what);

/* Reads on for `seconds`, whatever happens; returns how many bytes came. */
size_t pty_read_for(struct pty *p, double seconds);

/* Reads on until the program has exited: its status as waitpid(2) has it. */
int pty_wait_exit(struct pty *p);

/* Reads on until the program has been stopped (C-z); pty_signal with SIGCONT lets it go on. */
void pty_wait_stopped(struct pty *p);

/* Sends a signal to the program alone. */
void pty_signal(struct pty *p, int signum);

/* The terminal goes away, as when its window is closed; only pty_free may follow. */
void pty_hang_up(struct pty *p);

/* All bytes that ever came, and how many: to look for sequences that must not be there. */
const char *pty_raw(const struct pty *p, size_t *len);
bool pty_raw_has(const struct pty *p, const char *bytes);

/* What the program made of the terminal. */
struct pty_modes {
    bool alternate; /* the alternate screen is up */
    bool cursor_visible;
    bool mouse;    /* mouse reports are on */
    bool coloured; /* a cell of the screen has another colour than the default */
    struct termios termios;
};
struct pty_modes pty_modes(struct pty *p);

/* Whether the cell has an attribute or a colour that can be seen. */
bool pty_is_styled(struct pty *p, int row, int col);

/* Reads on until the terminal is as it was before the program started: its settings, no alternate screen, a cursor. */
void pty_wait_restored(struct pty *p);

#endif
