/* SPDX-License-Identifier: MIT
 * A state machine like that of terminals (https://vt100.net/emu/dec_ansi_parser). It parses each sequence, writes those
 * that it knows again from their parts, and drops the others.
 *
 * These are dropped on purpose, because libvterm handles them badly:
 * - DECLRMM and DECSLRM (left and right margins): they stay as they are when the screen becomes narrower.
 * - REP with libvterm's own counting: it loops for ever after a character without width. It is expanded here.
 * - DECDWL and DECDHL (lines of double size): poolscope does not draw them larger anyway.
 * - G2, G3 and single shifts: they cut UTF-8 characters.
 * - Characters of C1 (U+0080 to U+009F): libvterm counts their width as -1. */
#include "tui/term/vt_filter.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum { BEL = 0x07, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, DEL = 0x7f };

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void vt_filter_init(struct vt_filter *f, vt_filter_out *out, void *user)
{
    *f = (struct vt_filter){.out = out, .user = user};
}

/* Text */

static void flush_text(struct vt_filter *f)
{
    if (f->ntext > 0)
        f->out(f->user, f->text, f->ntext);
    f->ntext = 0;
}

static unsigned code_point(const char *c, size_t len)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned value = (unsigned char)c[0] & lead[len];
    for (size_t i = 1; i < len; i++)
        value = value << 6 | ((unsigned char)c[i] & 0x3f);
    return value;
}

/* Whether a terminal may put the character onto the one before it. The exceptions have a width today, but were marks in
 * older versions of Unicode, and are so in libvterm. */
static bool is_mark(const char *c, size_t len)
{
    unsigned value = code_point(c, len);
    return len > 1 && (text_columns(c, len) == 0 || (value >= 0x600 && value <= 0x605) || value == 0x6dd ||
                       value == 0x6de || value == 0x70f || value == 0x1734 || (value >= 0xfff9 && value <= 0xfffb));
}

/* Combining marks that have no width on any terminal. */
static bool is_plain_mark(unsigned value)
{
    return (value >= 0x300 && value <= 0x36f) || (value >= 0x20d0 && value <= 0x20ff) ||
           (value >= 0xfe00 && value <= 0xfe0f) || value == 0x200d;
}

/* Whether the character may go out in one piece with the text before it. libvterm adds up the widths of a character and
 * of the marks that come with it in one piece, and writes beyond the row if the sum is too large; so a mark that may
 * have a width stands alone. libvterm chooses the character set by a piece's first byte; so ASCII does not follow
 * others. */
static bool joins(const struct vt_filter *f, const char *c, size_t len)
{
    if (f->ntext + len > sizeof f->text)
        return false;
    return len == 1 ? f->ntext == 0 || (unsigned char)f->text[0] < 0x80 : is_plain_mark(code_point(c, len));
}

static void put_character(struct vt_filter *f, const char *c, size_t len)
{
    if (is_mark(c, len)) {
        if (f->nmarks++ >= VT_FILTER_MARKS_MAX)
            return;
    } else {
        f->nmarks = 0;
        f->nlast = len;
        memcpy(f->last, c, len);
    }
    if (!joins(f, c, len))
        flush_text(f);
    memcpy(f->text + f->ntext, c, len);
    f->ntext += len;
}

static void put_replacement(struct vt_filter *f)
{
    put_character(f, replacement, sizeof replacement - 1);
}

/* The first byte of a character that is not ASCII. */
static void begin_character(struct vt_filter *f, unsigned char c)
{
    f->need = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    f->have = f->need > 0;
    f->character[0] = (char)c;
    if (f->need == 0)
        put_replacement(f);
}

static void continue_character(struct vt_filter *f, unsigned char c)
{
    f->character[f->have++] = (char)c;
    if (f->have < f->need)
        return;
    f->have = 0;
    if (!text_is_utf8(f->character, f->need) || code_point(f->character, f->need) < 0xa0)
        put_replacement(f);
    else
        put_character(f, f->character, f->need);
}

/* Sequences */

static void put_piece(struct vt_filter *f, const char *piece, size_t len)
{
    flush_text(f);
    f->out(f->user, piece, len);
}

/* Writes a CSI sequence with these arguments; those that were left out stay empty. */
static void put_csi(struct vt_filter *f, const int *args, size_t n, char final)
{
    char text[64] = "\033[";
    size_t len = 2;
    if (f->leader)
        text[len++] = f->leader;
    for (size_t i = 0; i < n && len + 8 < sizeof text; i++)
        len += (size_t)(args[i] < 0 ? snprintf(text + len, 8, "%s", i ? ";" : "")
                                    : snprintf(text + len, 8, "%s%d", i ? ";" : "", args[i]));
    if (f->intermediate)
        text[len++] = f->intermediate;
    text[len++] = final;
    put_piece(f, text, len);
}

static size_t count_args(const struct vt_filter *f)
{
    return f->nargs < VT_FILTER_ARGS_MAX ? f->nargs : VT_FILTER_ARGS_MAX;
}

/* The index of the argument after the i-th, past its sub-arguments. */
static size_t next_arg(const struct vt_filter *f, size_t i)
{
    for (i++; i < count_args(f) && f->is_sub[i];)
        i++;
    return i;
}

/* A colour, 38 to select it for characters, 48 for what is below them, 58 for lines under them: "38;5;INDEX" or
 * "38;2;RED;GREEN;BLUE", or with colons, where the colour space may stand before RED. Passes it on if it is whole, and
 * returns where the next argument starts. libvterm does not know 58. */
static size_t put_colour(struct vt_filter *f, size_t at)
{
    size_t n = count_args(f), end = next_arg(f, at), first = at + 2;
    int colour[5] = {f->args[at], at + 1 < n ? f->args[at + 1] : -1};
    size_t parts = colour[1] == 2 ? 3 : colour[1] == 5 ? 1 : 0;
    if (end == at + 1)
        end = first + parts;
    else if (parts == 3 && end - first > 3)
        first++;
    if (parts == 0 || end > n || first + parts > end)
        return end < n ? end : n;
    for (size_t i = 0; i < parts; i++) {
        int value = f->args[first + i];
        colour[2 + i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
    if (colour[0] != 58)
        put_csi(f, colour, 2 + parts, 'm');
    return end;
}

/* SGR: one sequence for each attribute, as they may be many. */
static void put_attributes(struct vt_filter *f)
{
    for (size_t i = 0; i < count_args(f);) {
        int value = f->args[i];
        if (value == 38 || value == 48 || value == 58) {
            i = put_colour(f, i);
            continue;
        }
        size_t next = next_arg(f, i);
        if (value == 4 && next > i + 1 && f->args[i + 1] == 0)
            value = 24; /* 4:0 is no underline */
        put_csi(f, &value, 1, 'm');
        i = next;
    }
}

/* Modes: one sequence for each, as libvterm reads only the first. The numbers that are missing here are unknown to
 * libvterm, or are about a mouse, which is not passed on to the program. */
static void put_modes(struct vt_filter *f, char final)
{
    static const int private[] = {1, 5, 6, 7, 12, 25, 1047, 1048, 1049, 2004}, ansi[] = {4, 20};
    const int *known = f->leader ? private : ansi;
    size_t nknown = f->leader ? sizeof private / sizeof *private : sizeof ansi / sizeof *ansi;
    for (size_t i = 0; i < count_args(f); i++)
        for (size_t k = 0; k < nknown; k++)
            if (f->args[i] == known[k])
                put_csi(f, &known[k], 1, final);
}

/* REP: writes the last character again. */
static void repeat(struct vt_filter *f)
{
    char c[sizeof f->last];
    int times = f->args[0] < 1 ? 1 : f->args[0];
    size_t len = f->nlast;
    memcpy(c, f->last, len);
    for (int i = 0; i < times && i < VT_FILTER_REPEAT_MAX && len > 0; i++)
        put_character(f, c, len);
}

/* The CSI sequences that pass, by the characters around their arguments. */
static const struct {
    char leader, intermediate;
    const char *finals;
    size_t nargs; /* the others are dropped */
} known_csi[] = {
    {0, 0, "@ABCDEFGIJKLMPSTXZ`acdegjkn", 1},
    {0, 0, "Hfr", 2},
    {'?', 0, "JKn", 1},
    {'>', 0, "c", 1},
    {'?', '$', "p", 1},
    {0, '!', "p", 0},
    {0, ' ', "q", 1},
    {0, '"', "q", 1},
    {0, '\'', "}~", 1},
};

static void put_known_csi(struct vt_filter *f, char final)
{
    for (size_t i = 0; i < sizeof known_csi / sizeof *known_csi; i++)
        if (f->leader == known_csi[i].leader && f->intermediate == known_csi[i].intermediate &&
            strchr(known_csi[i].finals, final)) {
            size_t n = count_args(f);
            put_csi(f, f->args, n < known_csi[i].nargs ? n : known_csi[i].nargs, final);
            return;
        }
}

static void end_csi(struct vt_filter *f, char final)
{
    bool plain = !f->leader && !f->intermediate;
    f->state = VT_FILTER_TEXT;
    if (f->malformed)
        return;
    if (plain && final == 'm')
        put_attributes(f);
    else if (plain && final == 'b')
        repeat(f);
    else if (plain && (final == 's' || final == 'u')) /* save and restore the cursor, as in xterm */
        put_piece(f, final == 's' ? "\0337" : "\0338", 2);
    else if ((final == 'h' || final == 'l') && !f->intermediate && (!f->leader || f->leader == '?'))
        put_modes(f, final);
    else
        put_known_csi(f, final);
}

static void add_argument(struct vt_filter *f, bool is_sub)
{
    if (f->nargs < VT_FILTER_ARGS_MAX) {
        f->args[f->nargs] = -1;
        f->is_sub[f->nargs] = is_sub;
        f->nargs++;
    } else {
        f->nargs = VT_FILTER_ARGS_MAX + 1;
    }
}

static void add_digit(struct vt_filter *f, int digit)
{
    if (f->nargs > VT_FILTER_ARGS_MAX)
        return;
    int *arg = &f->args[f->nargs - 1];
    *arg = (*arg < 0 ? 0 : *arg) * 10 + digit;
    if (*arg > VT_FILTER_VALUE_MAX)
        *arg = VT_FILTER_VALUE_MAX;
}

/* A character within a CSI sequence: one of 0x20 to 0x7e. */
static void read_csi(struct vt_filter *f, char c)
{
    bool first = f->nargs == 1 && f->args[0] < 0 && !f->leader && !f->intermediate;
    if (c >= 0x40) {
        end_csi(f, c);
    } else if (c < 0x30) {
        f->malformed |= f->intermediate != 0; /* none that is known has two */
        f->intermediate = c;
    } else if (f->intermediate) {
        f->malformed = true;
    } else if (c <= '9') {
        add_digit(f, c - '0');
    } else if (c == ';' || c == ':') {
        add_argument(f, c == ':');
    } else {
        f->malformed |= !first;
        f->leader = c;
    }
}

static void begin_csi(struct vt_filter *f)
{
    f->state = VT_FILTER_CSI;
    f->leader = f->intermediate = 0;
    f->malformed = false;
    f->nargs = 0;
    add_argument(f, false);
}

/* The last character of a sequence that is no CSI sequence. */
static void end_escape(struct vt_filter *f, char final)
{
    char text[] = {ESC, f->intermediate, final};
    f->state = VT_FILTER_TEXT;
    if (f->malformed)
        return;
    if (!f->intermediate && strchr("78=>DEHMc", final))
        put_piece(f, (char[]){ESC, final}, 2);
    else if ((f->intermediate == '(' || f->intermediate == ')') && strchr("0AB", final))
        put_piece(f, text, sizeof text);
    else if (f->intermediate == '#' && final == '8')
        put_piece(f, text, sizeof text);
}

/* A character after ESC: one of 0x20 to 0x7e. */
static void read_escape(struct vt_filter *f, char c)
{
    if (c < 0x30) {
        f->malformed |= f->intermediate != 0;
        f->intermediate = c;
    } else if (f->intermediate) {
        end_escape(f, c);
    } else if (c == '[') {
        begin_csi(f);
    } else if (c == ']') {
        f->state = VT_FILTER_OSC;
    } else if (c == 'P' || c == 'X' || c == '^' || c == '_') {
        f->state = VT_FILTER_STRING;
    } else {
        end_escape(f, c); /* also ESC \, which ends a string; ESC has already ended it */
    }
}

static bool is_in_string(const struct vt_filter *f)
{
    return f->state == VT_FILTER_OSC || f->state == VT_FILTER_STRING;
}

/* A C0 control within a sequence is obeyed at once, and the sequence continues; within a string it is dropped. */
static void read_control(struct vt_filter *f, unsigned char c)
{
    if (c == CAN || c == SUB) {
        f->state = VT_FILTER_TEXT;
    } else if (c == ESC) {
        f->state = VT_FILTER_ESCAPE;
        f->intermediate = 0;
        f->malformed = false;
    } else if (is_in_string(f)) {
        if (c == BEL && f->state == VT_FILTER_OSC)
            f->state = VT_FILTER_TEXT;
    } else if (c >= BEL && c <= 0x0f) {
        put_piece(f, (char[]){(char)c}, 1);
    }
}

static void read_byte(struct vt_filter *f, unsigned char c)
{
    if (f->have > 0 && (c & 0xc0) == 0x80) {
        continue_character(f, c);
        return;
    }
    if (f->have > 0) {
        f->have = 0;
        put_replacement(f);
    }
    if (c < 0x20) {
        read_control(f, c);
    } else if (c == DEL || is_in_string(f)) {
        return;
    } else if (c >= 0x80) {
        f->state = VT_FILTER_TEXT; /* no sequence has such a byte */
        begin_character(f, c);
    } else if (f->state == VT_FILTER_ESCAPE) {
        read_escape(f, (char)c);
    } else if (f->state == VT_FILTER_CSI) {
        read_csi(f, (char)c);
    } else {
        put_character(f, (const char *)&c, 1);
    }
}

void vt_filter_write(struct vt_filter *f, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        read_byte(f, (unsigned char)bytes[i]);
    flush_text(f);
}
