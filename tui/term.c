/* SPDX-License-Identifier: MIT
 * Canvas → curses → terminal, and bytes → keys. Cells that this terminal or locale cannot show are replaced by
 * something of the same width, so columns never shift. */
#include "tui/term.h"

#include <limits.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/io.h"
#include "tui/theme.h"

enum { CODE_PASTE_BEGIN = 2000, CODE_PASTE_END, PASTE_MAX = 1 << 16, ESC_DELAY_MS = 25, COPY_MAX = 74000 };

/* What a role is to curses. Colour pair 0 costs no sequence. */
struct look { attr_t attrs; short pair; };

struct term {
    FILE *in, *out;
    FILE *tty;          /* /dev/tty where stdin or stdout is something else; owned */
    SCREEN *screen;
    struct term_watch watch;
    struct term_restore restore;
    struct look looks[ROLE_COUNT];
    bool line_only;     /* line_only: it cannot place the cursor, so one line is all there is */
    enum glyphs glyphs;
    bool paste_mode;    /* the terminal brackets what is pasted */
    bool pasting;       /* between the brackets */
    bool redraw;
    bool taken;         /* the terminal is ours */
    int hidden;         /* the cursor's visibility as curs_set last had it, 0 hidden; -1 unknown */
    struct buf paste;
    struct canvas shown; /* what curses was given last; no cells: nothing */
};

static void send(struct term *t, const char *bytes)
{
    enum err e = io_write_all(t->restore.fd, bytes, strlen(bytes));
    (void)e; /* a terminal that is gone shows up as the end of its input */
}

/* Opening */

static const char *capability(const char *name)
{
    char *s = tigetstr((char *)name);
    return s && s != (char *)-1 ? s : NULL;
}

/* Appends without the padding marks ($<5>) that only tputs understands. */
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
        restore_add(r, "\033[?2004l");
    restore_add(r, capability("sgr0"));
    restore_add(r, capability("rmkx"));
    restore_add(r, capability("rmcup") ? capability("rmcup") : "\r\n");
    restore_add(r, capability("cnorm"));
}

/* Only behind rmcup: with it a terminal may bring back a cursor as hidden as it was when curses saved it last. */
static void show_cursor(const struct term *t)
{
    struct term_restore r = {.fd = t->restore.fd};
    restore_add(&r, capability("cnorm"));
    enum err e = io_write_all(r.fd, r.bytes, r.nbytes);
    (void)e;
}

static enum err find_terminal(struct term *t, struct problem *problem)
{
    t->in = stdin;
    t->out = stdout;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        t->tty = fopen("/dev/tty", "r+e");
        if (!t->tty)
            return problem_errno(problem, "there is no terminal to draw on (/dev/tty)");
        if (!isatty(STDIN_FILENO))
            t->in = t->tty;
        if (!isatty(STDOUT_FILENO))
            t->out = t->tty;
    }
    t->restore.fd = fileno(t->out);
    if (tcgetattr(t->restore.fd, &t->restore.before) < 0)
        return problem_errno(problem, "the terminal's settings cannot be read");
    return OK;
}

static void announce(struct term *t, bool ours)
{
    t->taken = ours;
    if (t->watch.changed)
        t->watch.changed(t->watch.ctx, ours ? &t->restore : NULL);
}

/* All that curses would set, in one step, before curses is there: whoever watches knew of it before. */
static void take(struct term *t)
{
    struct termios *raw = &t->restore.ours;
    *raw = t->restore.before;
    raw->c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | BRKINT | PARMRK);
    raw->c_oflag &= ~(tcflag_t)(ONLCR | TABDLY);
    raw->c_lflag &= ~(tcflag_t)(ICANON | ISIG | IEXTEN | ECHO | ECHONL);
    raw->c_cc[VMIN] = 1;
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

static void init_glyphs(struct term *t)
{
    const char *name = getenv("TERM");
    mbstate_t state = {0};
    char bytes[MB_LEN_MAX];
    if (wcrtomb(bytes, L'╭', &state) == (size_t)-1)
        t->glyphs = GLYPHS_ASCII;
    else
        t->glyphs = name && strncmp(name, "linux", 5) == 0 ? GLYPHS_PLAIN : GLYPHS_FULL;
}

/* Some terminals, and all that play keys back, send the arrows as without the keypad mode that curses puts on. */
static void know_plain_keys(void)
{
    static const struct { const char *bytes; int code; } keys[] = {
        {"\033[A", KEY_UP}, {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT}, {"\033[D", KEY_LEFT},
        {"\033[H", KEY_HOME}, {"\033[F", KEY_END},
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
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESC_DELAY_MS);
    typeahead(-1); /* whoever draws has read all keys first */
    define_key("\033[200~", CODE_PASTE_BEGIN);
    define_key("\033[201~", CODE_PASTE_END);
    know_plain_keys();
    t->hidden = -1;
}

enum err term_open(const struct term_options *options, const struct term_watch *watch, struct term **out,
                   struct problem *problem)
{
    struct term *t = calloc(1, sizeof *t);
    if (!t)
        return ERR_NOMEM;
    t->watch = *watch;
    buf_init(&t->paste, PASTE_MAX);
    enum err e = find_terminal(t, problem);
    if (e)
        goto out;
    take(t);
    t->screen = newterm(NULL, t->out, t->in); /* sends nothing yet */
    if (!t->screen) {
        const char *name = getenv("TERM");
        e = problem_set(problem, ERR_NOT_FOUND, "the terminal type TERM=%s is not known here; poolscope run needs none",
                        name ? name : "");
        goto out;
    }
    t->line_only = !capability("cup");
    t->paste_mode = !t->line_only;
    restore_fill(t);
    announce(t, true);
    init_modes(t);
    init_looks(t, options);
    init_glyphs(t);
    if (t->paste_mode)
        send(t, "\033[?2004h");
    *out = t;
    return OK;
out:
    term_close(t);
    return e;
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
            canvas_done(&t->shown); /* curses cuts what it has */
        }
    }
    *width = COLS;
    *height = LINES;
}

/* Drawing */

/* The code points of a cell's bytes, which are valid UTF-8. */
static size_t decode(const char *bytes, wchar_t *out, size_t max)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)bytes; *p && n < max;) {
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
        wchar_t c = more == 3 ? *p & 0x07 : more == 2 ? *p & 0x0f : more == 1 ? *p & 0x1f : *p;
        for (p++; more > 0 && (*p & 0xc0) == 0x80; more--)
            c = c << 6 | (*p++ & 0x3f);
        out[n++] = c;
    }
    return n;
}

static bool locale_has(wchar_t c)
{
    mbstate_t state = {0};
    char bytes[MB_LEN_MAX];
    return wcrtomb(bytes, c, &state) != (size_t)-1;
}

/* The base character with up to four marks that take no column. *wide is the columns that curses will use. */
static void cell_chars(const struct term *t, const struct canvas_cell *cell, wchar_t out[CCHARW_MAX + 1], int *wide)
{
    wchar_t all[TEXT_GLYPH_MAX];
    if (cell->bytes[1] == '\0') { /* ASCII, as all locales have it */
        out[0] = (unsigned char)cell->bytes[0];
        out[1] = L'\0';
        *wide = 1;
        return;
    }
    const char *glyph = theme_glyph(cell->bytes, t->glyphs);
    size_t n = glyph ? decode(glyph, all, TEXT_GLYPH_MAX) : 0, used = 0;
    int width = n > 0 && locale_has(all[0]) ? wcwidth(all[0]) : -1;
    if (width < 1 || width > cell->width) {
        out[used++] = L'?';
        width = 1;
    } else
        out[used++] = all[0];
    for (size_t i = 1; i < n && used < CCHARW_MAX && out[0] == all[0]; i++)
        if (wcwidth(all[i]) == 0 && all[i] != 0x200d && all[i] != 0xfe0f && locale_has(all[i]))
            out[used++] = all[i];
    out[used] = L'\0';
    *wide = width;
}

/* A cell as curses has it: one character, or two where a wide one is replaced. Returns how many. */
static int cell_to_curses(const struct term *t, const struct canvas_cell *cell, cchar_t *out)
{
    const struct look *look = &t->looks[cell->role < ROLE_COUNT ? cell->role : ROLE_TEXT];
    attr_t attrs = look->attrs | curses_attrs(cell->attrs);
    wchar_t chars[CCHARW_MAX + 1];
    int wide;
    cell_chars(t, cell, chars, &wide);
    setcchar(&out[0], chars, attrs, look->pair, NULL);
    if (wide < cell->width)
        setcchar(&out[1], chars[0] == L'?' ? L"?" : L" ", attrs, look->pair, NULL);
    return wide < cell->width ? 2 : 1;
}

/* Cells from … to - 1 in pieces: curses takes many characters in hardly more time than one. */
static void draw_cells(const struct term *t, int row, const struct canvas_cell *cells, int from, int to)
{
    enum { PIECE = 128 };
    cchar_t piece[PIECE + 1];
    int start = from, n = 0;
    for (int col = from; col < to && col < COLS; col++) {
        const struct canvas_cell *cell = &cells[col];
        if (cell->width == 0)
            continue;
        if (n >= PIECE) {
            mvadd_wchnstr(row, start, piece, n);
            start = col;
            n = 0;
        }
        if (n > 0 && cell->width == 1 && memcmp(cell, cell - 1, sizeof *cell) == 0) {
            piece[n] = piece[n - 1]; /* much of a screen is blanks and rules */
            n++;
        } else
            n += cell_to_curses(t, cell, &piece[n]);
    }
    mvadd_wchnstr(row, start, piece, n);
}

/* Only cells that are not what they were: giving curses a cell takes longer than all that comes before. */
static void draw_row(const struct term *t, int row, const struct canvas_cell *now, int width)
{
    const struct canvas_cell *before = t->shown.cells ? &t->shown.cells[(size_t)row * (size_t)width] : NULL;
    int from = 0, to = width;
    if (before) {
        while (from < to && memcmp(&now[from], &before[from], sizeof *now) == 0)
            from++;
        while (to > from && memcmp(&now[to - 1], &before[to - 1], sizeof *now) == 0)
            to--;
        while (from > 0 && from < to && now[from].width == 0)
            from--;
    }
    if (from < to)
        draw_cells(t, row, now, from, to);
}

/* Without memory for it, the next picture is given as a whole. */
static void keep_rows(struct term *t, struct canvas *c)
{
    size_t width = (size_t)c->width;
    bool fresh = !t->shown.cells;
    if (fresh && canvas_init(&t->shown, c->width, c->height))
        return;
    for (size_t row = 0; row < (size_t)c->height; row++) {
        if (c->touched[row] || fresh)
            memcpy(&t->shown.cells[row * width], &c->cells[row * width], width * sizeof *c->cells);
        c->touched[row] = false;
    }
}

void term_draw(struct term *t, struct canvas *c, int x, int y)
{
    if (t->shown.width != c->width || t->shown.height != c->height)
        canvas_done(&t->shown);
    if (!t->shown.cells)
        erase();
    for (int row = 0; row < c->height && row < LINES; row++)
        if (c->touched[row] || !t->shown.cells)
            draw_row(t, row, &c->cells[(size_t)row * (size_t)c->width], c->width);
    int show = x >= 0 && y >= 0;
    if (show != t->hidden) /* one that is not seen stays where it is, which saves its way */
        leaveok(stdscr, curs_set(show) != ERR && !show);
    t->hidden = show;
    move(show ? y : LINES - 1, show ? x : 0);
    if (t->redraw)
        clearok(curscr, TRUE);
    t->redraw = false;
    refresh();
    keep_rows(t, c);
}

bool term_is_ours(const struct term *t)
{
    pid_t group = tcgetpgrp(t->restore.fd);
    return group < 0 || group == getpgrp();
}

void term_redraw(struct term *t)
{
    reset_prog_mode(); /* somebody may have changed it while we were stopped */
    t->redraw = true;
}

static void give_back(struct term *t)
{
    if (t->paste_mode)
        send(t, "\033[?2004l");
    if (t->screen) {
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
        send(t, "\033[?2004h");
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
    if (t->screen)
        delscreen(t->screen);
    if (t->tty)
        fclose(t->tty);
    canvas_done(&t->shown);
    buf_done(&t->paste);
    free(t);
}

/* Reading */

static const struct { int code; key_code key; } codes[] = {
    {KEY_UP, PRESS_UP}, {KEY_DOWN, PRESS_DOWN}, {KEY_LEFT, PRESS_LEFT}, {KEY_RIGHT, PRESS_RIGHT},
    {KEY_PPAGE, PRESS_PGUP}, {KEY_NPAGE, PRESS_PGDN}, {KEY_HOME, PRESS_HOME}, {KEY_END, PRESS_END},
    {KEY_BTAB, PRESS_BACKTAB}, {KEY_ENTER, PRESS_ENTER}, {KEY_BACKSPACE, PRESS_BACKSPACE}, {KEY_DC, PRESS_DELETE},
    {KEY_IC, PRESS_INSERT}, {KEY_A1, PRESS_HOME}, {KEY_A3, PRESS_PGUP}, {KEY_C1, PRESS_END}, {KEY_C3, PRESS_PGDN},
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

static key_code key_from_char(wint_t c)
{
    return c < 0x80 ? key_from_byte((unsigned char)c) : (key_code)c;
}

/* What follows at once on ESC: nothing (the key itself), a character (Alt), or a sequence curses does not know,
 * which is read to its end so that its letters do not act as keys. */
static key_code read_escape(void)
{
    wint_t c;
    int got = get_wch(&c);
    if (got != OK)
        return PRESS_ESC;
    if (c != '[' && c != 'O')
        return c >= 0x20 && c != 0x7f ? PRESS_ALT | (key_code)c : PRESS_UNKNOWN;
    while (get_wch(&c) == OK && !(c >= 0x40 && c <= 0x7e))
        ;
    return PRESS_UNKNOWN;
}

/* True when the paste is complete. C-c ends one whose end never comes. */
static bool read_paste(struct term *t, int got, wint_t c, struct input *out)
{
    char text[5];
    if (got == KEY_CODE_YES && c == CODE_PASTE_END) {
        t->pasting = false;
        *out = (struct input){.kind = INPUT_PASTE, .text = buf_text(&t->paste), .len = t->paste.len};
        return true;
    }
    if (got == KEY_CODE_YES)
        return false;
    if (c == 3)
        t->pasting = false;
    else if (c == '\n' || c == '\r' || c == '\t')
        buf_add_char(&t->paste, c == '\t' ? '\t' : '\n');
    else if (key_utf8((key_code)c, text) > 0)
        buf_add_text(&t->paste, text);
    return false;
}

void term_read(struct term *t, struct input *out)
{
    wint_t c;
    *out = (struct input){.kind = INPUT_NONE};
    for (;;) {
        int got = get_wch(&c);
        if (got == ERR)
            return;
        if (t->pasting) {
            if (read_paste(t, got, c, out))
                return;
        } else if (got != KEY_CODE_YES) {
            out->kind = INPUT_KEY;
            out->key = c == 27 ? read_escape() : key_from_char(c);
            return;
        } else if (c == CODE_PASTE_BEGIN) {
            t->pasting = true;
            buf_clear(&t->paste);
        } else if (c != KEY_RESIZE && c != CODE_PASTE_END) {
            out->kind = INPUT_KEY;
            out->key = key_from_curses((int)c);
            return;
        }
    }
}

/* Clipboard */

static void add_base64(struct buf *b, const unsigned char *in, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        unsigned bits = (unsigned)in[i] << 16;
        bits |= i + 1 < len ? (unsigned)in[i + 1] << 8 : 0;
        bits |= i + 2 < len ? in[i + 2] : 0;
        buf_add_char(b, digits[bits >> 18]);
        buf_add_char(b, digits[bits >> 12 & 63]);
        buf_add_char(b, i + 1 < len ? digits[bits >> 6 & 63] : '=');
        buf_add_char(b, i + 2 < len ? digits[bits & 63] : '=');
    }
}

bool term_copy(struct term *t, const char *text, size_t len)
{
    const char *name = getenv("TERM");
    if (len > COPY_MAX || t->line_only || !name || strncmp(name, "linux", 5) == 0 || strncmp(name, "vt", 2) == 0)
        return false;
    struct buf b;
    buf_init(&b, 2 * COPY_MAX);
    buf_add_text(&b, "\033]52;c;");
    add_base64(&b, (const unsigned char *)text, len);
    buf_add_text(&b, "\a");
    enum err e = b.err ? b.err : io_write_all(t->restore.fd, b.data, b.len);
    buf_done(&b);
    return e == OK;
}
