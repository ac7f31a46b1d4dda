/* SPDX-License-Identifier: MIT
 * Draws a canvas with curses. A cell that this terminal or locale cannot show is replaced by one of the same width, so
 * columns never shift. Input does not use curses, except for its table of key sequences. */
#include "tui/term/term.h"

#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/io.h"
#include "tui/term/cell.h"
#include "tui/term/clipboard.h"
#include "tui/term/output_buffer.h"
#include "tui/draw/theme.h"
#include "tui/term/input.h"

enum { CODE_PASTE_BEGIN = 2000, CODE_PASTE_END };

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

/* How curses shows a role. Colour pair 0 are the terminal's own colours, which need no escape sequence. */
struct look {
    attr_t attrs;
    short pair;
};

struct term {
    FILE *in, *out;
    FILE *tty; /* /dev/tty if stdin or stdout is no terminal; owned */
    SCREEN *screen;
    struct output_buffer output; /* gathers what curses writes for one picture */
    bool knows_keys;             /* curses has been given the key sequences: see know_keys */
    struct input_reader input;
    struct term_watch watch;
    struct term_restore restore;
    struct look looks[ROLE_COUNT];
    bool line_only; /* the terminal cannot place the cursor, so poolscope uses a single line */
    enum glyphs glyphs;
    bool paste_mode; /* the terminal marks the start and end of a paste */
    bool redraw;
    bool taken; /* the terminal has been taken over */
    int hidden; /* last argument of curs_set(3): 0 is hidden; -1: unknown, or cannot be set */
};

/* Writes after what curses has written so far. A terminal that is gone is noticed as the end of its input. */
static void send_bytes(struct term *t, const char *bytes, size_t n)
{
    enum err err = io_write_all(fileno(t->output.pen), bytes, n);
    (void)err;
}

/* Opening */

static const char *capability(const char *name)
{
    char *s = tigetstr((char *)name);
    return s && s != (char *)-1 ? s : NULL;
}

/* Appends a capability without padding marks ($<5>), which are for tputs(3) only. */
static void restore_add(struct term_restore *r, const char *s)
{
    while (s && *s && r->nbytes + 1 < sizeof r->bytes) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
        if (end)
            s = end + 1;
        else
            r->bytes[r->nbytes++] = *s++;
    }
}

static void restore_fill(struct term *t)
{
    struct term_restore *r = &t->restore;
    r->nbytes = 0;
    if (t->paste_mode)
        restore_add(r, paste_off);
    restore_add(r, capability("sgr0"));
    restore_add(r, capability("rmkx"));
    restore_add(r, capability("rmcup") ? capability("rmcup") : "\r\n");
    restore_add(r, capability("cnorm"));
}

/* Must come after rmcup, with which a terminal may restore a cursor that was hidden when curses saved it. */
static void show_cursor(const struct term *t)
{
    struct term_restore r = {.fd = t->restore.fd};
    restore_add(&r, capability("cnorm"));
    enum err err = io_write_all(r.fd, r.bytes, r.nbytes);
    (void)err;
}

static enum err find_terminal(struct term *t, struct problem *problem)
{
    t->in = stdin;
    t->out = stdout;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        t->tty = fopen("/dev/tty", "r+e");
        if (!t->tty)
            return problem_errno(problem, "the explorer needs a terminal, and /dev/tty cannot be opened");
        if (!isatty(STDIN_FILENO))
            t->in = t->tty;
        if (!isatty(STDOUT_FILENO))
            t->out = t->tty;
    }
    t->restore.fd = fileno(t->out);
    if (tcgetattr(t->restore.fd, &t->restore.before) < 0)
        return problem_errno(problem, "the settings of the terminal cannot be read");
    return OK;
}

static void announce(struct term *t, bool ours)
{
    t->taken = ours;
    if (t->watch.changed)
        t->watch.changed(t->watch.ctx, ours ? &t->restore : NULL);
}

/* Sets everything that curses would set in one step, after the guard was informed. */
static void take(struct term *t)
{
    struct termios *raw = &t->restore.ours;
    *raw = t->restore.before;
    raw->c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | BRKINT | PARMRK);
    raw->c_oflag &= ~(tcflag_t)(ONLCR | TABDLY);
    raw->c_lflag &= ~(tcflag_t)(ICANON | ISIG | IEXTEN | ECHO | ECHONL);
    raw->c_cc[VMIN] = 0; /* read(2) never waits */
    raw->c_cc[VTIME] = 0;
    announce(t, true);
    tcsetattr(t->restore.fd, TCSADRAIN, raw);
}

static enum palette choose_palette(const struct term_options *options)
{
    const char *no = getenv("NO_COLOR");
    bool wanted = options->color && (options->force_color || !no || !*no);
    if (!wanted || !has_colors() || start_color() == ERR || use_default_colors() == ERR)
        return PALETTE_MONO;
    if (COLORS < 8 || COLOR_PAIRS <= ROLE_COUNT)
        return PALETTE_MONO;
    return COLORS >= 256 ? PALETTE_256 : PALETTE_8;
}

static attr_t curses_attrs(unsigned attrs)
{
    return (attrs & ATTR_BOLD ? A_BOLD : 0) | (attrs & ATTR_REVERSE ? A_REVERSE : 0) |
           (attrs & ATTR_UNDERLINE ? A_UNDERLINE : 0) | (attrs & ATTR_DIM ? A_DIM : 0);
}

static void init_looks(struct term *t, const struct term_options *options)
{
    enum palette palette = choose_palette(options);
    bool light = theme_is_light(getenv("COLORFGBG"));
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct style s = theme_style((enum role)role, palette, light);
        t->looks[role] = (struct look){curses_attrs(s.attrs), s.fg < 0 && s.bg < 0 ? 0 : (short)(role + 1)};
        if (t->looks[role].pair)
            init_pair(t->looks[role].pair, s.fg, s.bg);
    }
}

/* Some terminals, and programs that replay keys, send the sequences for arrows that are meant for a terminal without
 * keypad mode, although curses has turned that on. */
static void define_plain_keys(void)
{
    static const struct {
        const char *bytes;
        int code;
    } keys[] = {
        {"\033[A", KEY_UP},   {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT},
        {"\033[D", KEY_LEFT}, {"\033[H", KEY_HOME}, {"\033[F", KEY_END},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (key_defined(keys[i].bytes) == 0)
            define_key(keys[i].bytes, keys[i].code);
}

static void init_modes(struct term *t)
{
    raw();
    noecho();
    nonl();
    tcsetattr(t->restore.fd, TCSANOW, &t->restore.ours); /* raw(3) would make read(2) wait */
    def_prog_mode();
    typeahead(-1); /* curses must not look for input while it draws */
    t->hidden = -1;
}

/* Called after the first picture was sent: to learn all key sequences takes half as long as to draw it. */
static void know_keys(struct term *t)
{
    if (t->knows_keys)
        return;
    t->knows_keys = true;
    keypad(stdscr, TRUE);
    define_key("\033[200~", CODE_PASTE_BEGIN);
    define_key("\033[201~", CODE_PASTE_END);
    define_plain_keys();
    if (t->paste_mode)
        send_bytes(t, paste_on, strlen(paste_on));
    output_buffer_send(&t->output);
}

static key_code look_up(const char *sequence);

/* From term.h, which makes macros of ordinary names such as `columns`. */
extern int setupterm(const char *term, int fd, int *status);

/* newterm(3) does not say why it failed. It failed for lack of memory if there is still none, or if the terminal type
 * is known. setupterm(3) must not be called without memory, because it does not check all its allocations. */
static bool lacks_memory(int fd)
{
    int found = 0;
    void *volatile some = malloc(BUFSIZ); /* volatile: the compiler may otherwise assume that there is memory */
    bool none = !some;
    free(some);
    return none || !setupterm(NULL, fd, &found);
}

enum err term_open(const struct term_options *options, const struct term_watch *watch, struct term **out,
                   struct problem *problem)
{
    struct term *t = calloc(1, sizeof *t);
    if (!t)
        return ERR_NOMEM;
    t->watch = *watch;
    enum err err = find_terminal(t, problem);
    if (err)
        goto out;
    take(t);
    err = output_buffer_init(&t->output, t->restore.fd);
    if (err)
        goto out;
    t->screen = newterm(NULL, t->output.pen, t->in); /* sends nothing yet */
    if (!t->screen) {
        const char *name = getenv("TERM");
        err = lacks_memory(fileno(t->in))
                  ? problem_set(problem, ERR_NOMEM, "out of memory")
                  : problem_set(
                        problem, ERR_NOT_FOUND,
                        "the terminal type TERM=%s is unknown on this system; `poolscope run` needs no terminal",
                        name ? name : "");
        goto out;
    }
    t->line_only = !capability("cup");
    t->paste_mode = !t->line_only;
    restore_fill(t);
    announce(t, true);
    init_modes(t);
    input_reader_init(&t->input, fileno(t->in), look_up);
    init_looks(t, options);
    t->glyphs = cell_glyphs(getenv("TERM"));
    output_buffer_gather(&t->output);
    *out = t;
    return OK;
out:
    term_close(t);
    return err;
}

int term_fd(const struct term *t)
{
    return fileno(t->in);
}

void term_size(struct term *t, int *width, int *height)
{
    struct winsize ws;
    if (ioctl(t->restore.fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 && ws.ws_row > 0) {
        int lines = t->line_only ? 1 : ws.ws_row;
        if (is_term_resized(lines, ws.ws_col)) {
            resize_term(lines, ws.ws_col);
            t->redraw = true;
        }
    }
    *width = COLS;
    *height = LINES;
}

/* Drawing */

/* Converts a cell for curses: to one character, or to two if a wide character is replaced. Returns how many. */
static int cell_to_curses(const struct term *t, const struct canvas_cell *cell, cchar_t *out)
{
    const struct look *look = &t->looks[cell->role < ROLE_COUNT ? cell->role : ROLE_TEXT];
    attr_t attrs = look->attrs | curses_attrs(cell->attrs);
    wchar_t chars[CELL_CHARS + 1];
    int wide = cell_chars(cell, t->glyphs, chars);
    setcchar(&out[0], chars, attrs, look->pair, NULL);
    if (wide < cell->width)
        setcchar(&out[1], chars[0] == L'?' ? L"?" : L" ", attrs, look->pair, NULL);
    return wide < cell->width ? 2 : 1;
}

/* Gives curses the cells from … to - 1 in pieces, because it takes hardly longer for many characters than for one. */
static void draw_cells(const struct term *t, int row, const struct canvas_cell *cells, struct extent s)
{
    enum { PIECE = 128 };
    cchar_t piece[PIECE + 1];
    int start = 0, n = 0;
    for (int col = s.from; col < s.to && col < COLS; col++) {
        const struct canvas_cell *cell = &cells[col];
        if (cell->width == 0)
            continue;
        if (n >= PIECE) {
            mvadd_wchnstr(row, start, piece, n);
            n = 0;
        }
        if (n == 0)
            start = col; /* never the right half of a wide character */
        if (n > 0 && cell->width == 1 && memcmp(cell, cell - 1, sizeof *cell) == 0) {
            piece[n] = piece[n - 1]; /* repeated cells, such as blanks and lines, are common */
            n++;
        } else
            n += cell_to_curses(t, cell, &piece[n]);
    }
    if (n > 0)
        mvadd_wchnstr(row, start, piece, n);
}

void term_draw(struct term *t, struct canvas *c, int x, int y)
{
    for (int row = 0; row < c->height && row < LINES; row++) {
        draw_cells(t, row, &c->cells[(size_t)row * (size_t)c->stride], c->touched[row]);
        c->touched[row] = (struct extent){0, 0};
    }
    int show = x >= 0 && y >= 0;
    if (show != t->hidden)
        t->hidden = curs_set(show) == ERR ? -1 : show;
    move(show ? y : LINES - 1, show ? x : 0);
    if (t->redraw)
        clearok(curscr, TRUE);
    t->redraw = false;
    refresh();
    know_keys(t);
    output_buffer_send(&t->output);
}

bool term_is_ours(const struct term *t)
{
    pid_t group = tcgetpgrp(t->restore.fd);
    return group < 0 || group == getpgrp();
}

void term_redraw(struct term *t)
{
    output_buffer_direct(&t->output);
    reset_prog_mode(); /* another program may have changed the settings while this process was stopped */
    output_buffer_gather(&t->output);
    t->redraw = true;
}

static void give_back(struct term *t)
{
    if (t->screen) {
        output_buffer_direct(&t->output);
        if (t->paste_mode)
            send_bytes(t, paste_off, strlen(paste_off));
        endwin();
        show_cursor(t);
    }
    tcsetattr(t->restore.fd, TCSADRAIN, &t->restore.before);
    announce(t, false);
}

static void take_again(struct term *t)
{
    announce(t, true);
    reset_prog_mode();
    t->redraw = true;
    t->hidden = -1;
    refresh();
    if (t->paste_mode)
        send_bytes(t, paste_on, strlen(paste_on));
    output_buffer_gather(&t->output);
}

static bool asked_to_end(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP));
}

bool term_suspend(struct term *t)
{
    if (term_is_ours(t)) /* else another job has it already: nothing of it may be touched */
        give_back(t);
    do
        kill(getpid(), SIGSTOP);
    while (!term_is_ours(t) && !asked_to_end());
    if (!term_is_ours(t))
        return false;
    take_again(t);
    return true;
}

void term_close(struct term *t)
{
    if (!t)
        return;
    if (t->taken && term_is_ours(t))
        give_back(t);
    /* No delscreen(3): it allocates and does not check that (_nc_free_tparm); the process ends soon. */
    output_buffer_done(&t->output);
    if (t->tty)
        fclose(t->tty);
    input_reader_done(&t->input);
    free(t);
}

/* Reading */

static const struct {
    int code;
    key_code key;
} codes[] = {
    {KEY_UP, PRESS_UP},
    {KEY_DOWN, PRESS_DOWN},
    {KEY_LEFT, PRESS_LEFT},
    {KEY_RIGHT, PRESS_RIGHT},
    {KEY_PPAGE, PRESS_PGUP},
    {KEY_NPAGE, PRESS_PGDN},
    {KEY_HOME, PRESS_HOME},
    {KEY_END, PRESS_END},
    {KEY_BTAB, PRESS_BACKTAB},
    {KEY_ENTER, PRESS_ENTER},
    {KEY_BACKSPACE, PRESS_BACKSPACE},
    {KEY_DC, PRESS_DELETE},
    {KEY_IC, PRESS_INSERT},
    {KEY_A1, PRESS_HOME},
    {KEY_A3, PRESS_PGUP},
    {KEY_C1, PRESS_END},
    {KEY_C3, PRESS_PGDN},
};

static key_code key_from_curses(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return codes[i].key;
    if (code >= KEY_F(1) && code <= KEY_F(12))
        return PRESS_F1 + (key_code)(code - KEY_F(1));
    return PRESS_UNKNOWN;
}

static key_code look_up(const char *sequence)
{
    int code = key_defined(sequence);
    if (code <= 0)
        return code < 0 ? KEYBOARD_PART : KEYBOARD_NONE;
    return code == CODE_PASTE_BEGIN ? KEYBOARD_PASTE_BEGIN
           : code == CODE_PASTE_END ? KEYBOARD_PASTE_END
                                    : key_from_curses(code);
}

bool term_has_more(const struct term *t)
{
    return input_reader_has_more(&t->input);
}

void term_read(struct term *t, struct input *out)
{
    *out = (struct input){.kind = INPUT_NONE};
    if (t->knows_keys)
        input_reader_next(&t->input, out);
}

/* Clipboard */

bool term_copy(struct term *t, const char *text, size_t len)
{
    struct buf b;
    if (t->line_only || !clipboard_is_known(getenv("TERM")) || len > CLIPBOARD_MAX)
        return false;
    buf_init(&b, 2 * CLIPBOARD_MAX);
    enum err err = clipboard_add(text, len, &b);
    if (!err)
        err = io_write_all(t->restore.fd, b.data, b.len);
    buf_done(&b);
    return !err;
}
