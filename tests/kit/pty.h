/* SPDX-License-Identifier: MIT
 * A program in a real pseudo-terminal, whose screen libvterm keeps as a person would see it. Every wait ends after
 * PTY_BOUND seconds: then the screen is printed and the test fails. Only one thread may use a pty. */
#ifndef TESTS_KIT_PTY_H
#define TESTS_KIT_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

enum { PTY_BOUND = 60 };

struct pty; /* opaque */

/* Starts argv (argv[0] is the path; ends with NULL) as the leader of a session on a new terminal. `env` is NULL, or
 * ends with NULL: NAME=VALUE sets a variable on top of the test's own environment, NAME alone unsets it. */
struct pty *pty_open(int rows, int cols, const char *const *argv, const char *const *env);

/* Kills the program if it still runs, reaps it, and frees `p`. */
void pty_free(struct pty *p);

pid_t pty_pid(const struct pty *p);

/* Sends keys as a terminal does: "r", "\t", "\x1a" (C-z), "\x1b[A" (up). */
void pty_type(struct pty *p, const char *keys);
void pty_resize(struct pty *p, int rows, int cols);

/* The screen now: its rows without trailing spaces, each ended by a newline. Borrowed until the next call on `p`. */
const char *pty_screen(struct pty *p);

/* True if the screen now matches the extended regular expression, in which ^ and $ match at each line. */
bool pty_shows(struct pty *p, const char *regex);

/* Waits until the screen has a match, or no longer has one. */
void pty_wait_text(struct pty *p, const char *regex);
void pty_wait_no_text(struct pty *p, const char *regex);

/* Waits until `done(arg)` is true. `what` names it in the message of a failure. */
void pty_wait_until(struct pty *p, bool (*done)(void *arg), void *arg, const char *what);

/* Reads for `seconds`, whatever happens. Returns how many bytes came. */
size_t pty_read_for(struct pty *p, double seconds);

/* Waits until the program has exited. Returns its status as waitpid(2) does. */
int pty_wait_exit(struct pty *p);

/* Waits until the program has been stopped (C-z). pty_signal(p, SIGCONT) lets it go on. */
void pty_wait_stopped(struct pty *p);

/* Sends a signal to the program, not to its children. */
void pty_signal(struct pty *p, int signum);

/* Closes the terminal, as closing its window does. Only pty_free may follow. */
void pty_hang_up(struct pty *p);

/* All bytes that the program has written, and how many: to look for sequences that must not be there. */
const char *pty_raw(const struct pty *p, size_t *len);
bool pty_raw_has(const struct pty *p, const char *bytes);

/* The state that the program has put the terminal into. */
struct pty_modes {
    bool alternate; /* the alternate screen is up */
    bool cursor_visible;
    bool mouse;    /* mouse reports are on */
    bool coloured; /* a cell of the screen has another colour than the default */
    struct termios termios;
};
struct pty_modes pty_modes(struct pty *p);

/* True if the cell has a visible attribute or colour. */
bool pty_is_styled(struct pty *p, int row, int col);

/* Waits until the terminal is as it was before the program started: its settings, no alternate screen, a cursor. */
void pty_wait_restored(struct pty *p);

#endif
