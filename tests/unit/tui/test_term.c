/* SPDX-License-Identifier: MIT
 * Draws random pictures, most of which differ from the one before in a few cells only, on terminals of several types,
 * and compares what a terminal emulator shows. Started as `test_term drawer SEED`, this program draws them in a
 * pseudo-terminal; the test computes the same pictures from the seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/program.h"
#include "tests/kit/pty.h"
#include "tui/term/term.h"

enum { ROWS = 20, COLS = 60, PICTURES = 150 };

struct picture {
    struct canvas canvas;
    int x, y; /* the cursor; negative: hidden */
    bool redraw;
    unsigned random;
};

static int pick(struct picture *p, int below)
{
    p->random = p->random * 1664525u + 1013904223u;
    return (int)((p->random >> 16) % (unsigned)below);
}

/* Changes what moving a cursor changes: a mark moves from one row to the next, and a number changes. */
static void step(struct picture *p)
{
    char number[16];
    int row = pick(p, ROWS - 2), column = pick(p, COLS);
    canvas_text(&p->canvas, column, row, ROLE_TEXT, " ");
    canvas_text(&p->canvas, column, row + 1, ROLE_TEXT, pick(p, 2) ? "▊" : "*");
    snprintf(number, sizeof number, "%d", pick(p, 1000));
    canvas_text(&p->canvas, 2, ROWS - 1, ROLE_TEXT, number);
}

/* The last row and column have simple text only: curses writes the corner by inserting a character before it, which
 * breaks a wide character, and libvterm loses an accent there. */
static void next_picture(struct picture *p)
{
    static const char *const words[] = {"日本語のテキスト", "plain words", "e\u0301 and ñ", "─────╮", "  ", "🙂 x"};
    static const enum role roles[] = {ROLE_TEXT, ROLE_TEXT, ROLE_ALERT, ROLE_HEAD, ROLE_MATCH, ROLE_FRAME, ROLE_TITLE};
    int kind = pick(p, 20), row = pick(p, ROWS), column = pick(p, COLS);
    p->redraw = kind == 0;
    if (kind == 1)
        canvas_clear(&p->canvas);
    if (kind == 2)
        canvas_add_attrs(&p->canvas, column, row, 9, ATTR_REVERSE);
    if (kind == 4)
        canvas_text(&p->canvas, COLS - 7, ROWS - 1, ROLE_ALERT,
                    "at last"); /* the attributes that the terminal is left with */
    p->x = kind == 3 ? column : -1;
    p->y = kind == 3 ? row : -1;
    struct canvas part = canvas_part(&p->canvas, (struct rect){0, 0, COLS - 1, ROWS - 1});
    for (int i = kind < 8 ? pick(p, 8) : 0; i > 0; i--)
        canvas_text(&part, pick(p, COLS), pick(p, ROWS), roles[pick(p, sizeof roles / sizeof *roles)],
                    words[pick(p, sizeof words / sizeof *words)]);
    step(p);
}

static enum err first_picture(struct picture *p, unsigned seed)
{
    *p = (struct picture){.random = seed};
    return canvas_init(&p->canvas, COLS, ROWS);
}

/* --- the drawer --------------------------------------------------------------------------------------------------- */

/* Draws the next picture after each key. */
static int draw_all(struct term *t, struct picture *p)
{
    struct input in;
    int width, height;
    for (int i = 0; i < PICTURES; i++) {
        term_size(t, &width, &height);
        next_picture(p);
        if (p->redraw)
            term_redraw(t);
        term_draw(t, &p->canvas, p->x, p->y);
        do {
            struct pollfd fd = {term_fd(t), POLLIN, 0};
            if (poll(&fd, 1, -1) < 0)
                return 1;
            term_read(t, &in);
        } while (in.kind == INPUT_NONE);
    }
    return 0;
}

static int drawer_main(unsigned seed)
{
    struct term *t;
    struct picture p;
    struct problem problem;
    if (first_picture(&p, seed) ||
        term_open(&(struct term_options){.color = true}, &(struct term_watch){NULL, NULL}, &t, &problem))
        return 1;
    int status = draw_all(t, &p);
    term_close(t);
    canvas_done(&p.canvas);
    return status;
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

struct shown {
    struct pty *pty;
    const struct picture *picture;
    const char *expected;
};

static bool is_plain(const struct canvas_cell *cell)
{
    return cell->role == ROLE_TEXT && !cell->attrs;
}

/* True if the terminal shows the text of the picture, and plain cells without attributes and colours. */
static bool is_shown(void *arg)
{
    const struct shown *s = arg;
    const struct canvas *c = &s->picture->canvas;
    if (strcmp(pty_screen(s->pty), s->expected) != 0)
        return false;
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLS; x++) {
            const struct canvas_cell *cell = &c->cells[y * COLS + x];
            if (cell->width > 0 && is_plain(cell) && pty_is_styled(s->pty, y, x))
                return false;
        }
    return true;
}

/* Writes the picture in the form of pty_screen. */
static void screen_of(const struct canvas *c, struct buf *out)
{
    buf_clear(out);
    for (int y = 0; y < c->height; y++) {
        assert_int_equal(canvas_add_row(c, y, out), OK);
        buf_add_char(out, '\n');
    }
}

static void shows_what_was_drawn(const char *term, unsigned seed)
{
    char setting[64], number[16];
    struct picture p;
    struct buf expected;
    snprintf(setting, sizeof setting, "TERM=%s", term);
    snprintf(number, sizeof number, "%u", seed);
    buf_init(&expected, 1 << 16);
    assert_int_equal(first_picture(&p, seed), OK);
    struct pty *pty = pty_open(ROWS, COLS, (const char *const[]){"/proc/self/exe", "drawer", number, NULL},
                               (const char *const[]){setting, "LC_ALL=C.UTF-8", NULL});
    for (int i = 0; i < PICTURES; i++) {
        char what[64];
        next_picture(&p);
        screen_of(&p.canvas, &expected);
        snprintf(what, sizeof what, "picture %d of %u on %s", i, seed, term);
        struct shown shown = {.pty = pty, .picture = &p, .expected = buf_text(&expected)};
        pty_wait_until(pty, is_shown, &shown, what);
        pty_type(pty, "n");
    }
    assert_int_equal(pty_wait_exit(pty), 0);
    assert_false(pty_modes(pty).alternate);
    pty_free(pty);
    canvas_done(&p.canvas);
    buf_done(&expected);
}

static void shows_every_picture_as_it_was_drawn(void **state)
{
    (void)state;
    static const char *const terms[] = {"xterm-256color", "xterm", "screen", "vt100", "tmux", "rxvt", "vt220"};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        for (unsigned seed = 1; seed <= 12; seed++)
            shows_what_was_drawn(terms[i], seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_picture_as_it_was_drawn),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc == 3 && strcmp(argv[1], "drawer") == 0)
        return drawer_main((unsigned)atoi(argv[2]));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
