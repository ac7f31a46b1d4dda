/* SPDX-License-Identifier: MIT
 * The terminal emulator of a watched program, with the real libvterm: it survives hostile output, wherever that is cut
 * into pieces, and shows ordinary output as any terminal does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tui/keys/key.h"
#include "tui/term/vt.h"
#include "tui/term/vt_filter.h"

enum { COLUMNS = 20, ROWS = 6 };

static struct vt *vt_of(int columns, int rows)
{
    struct vt *t;
    assert_int_equal(vt_new(columns, rows, &t), OK);
    return t;
}

static void write_text(struct vt *t, const char *text)
{
    vt_write(t, text, strlen(text));
}

/* The text of all lines, each with a newline, without empty lines at the end. Also checks every cell. */
static const char *screen(struct vt *t, struct buf *out)
{
    size_t n, end = 0;
    buf_clear(out);
    for (size_t line = 0; line < vt_lines(t); line++) {
        const struct vt_cell *cells = vt_line(t, line, &n);
        for (size_t i = 0; i < n; i++) {
            char one[5];
            if (cells[i].width > 0 && cells[i].chars[0] == 0)
                buf_add_char(out, ' ');
            for (size_t k = 0; k < VT_CHARS_MAX && cells[i].chars[k]; k++)
                buf_add(out, one, key_utf8(cells[i].chars[k], one));
        }
        end = n > 0 ? out->len + 1 : end;
        buf_add_char(out, '\n');
    }
    if (end < out->len)
        out->data[out->len = end] = '\0';
    return buf_text(out);
}

/* Checks that `text` shows `expected` on a screen of COLUMNS by ROWS, both whole and cut in two at every byte. */
static void assert_shows_bytes(const char *text, size_t len, const char *expected)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t cut = 0; cut < len; cut++) {
        struct vt *t = vt_of(COLUMNS, ROWS);
        vt_write(t, text, cut);
        vt_write(t, text + cut, len - cut);
        assert_string_equal(screen(t, &b), expected);
        vt_free(t);
    }
    struct vt *t = vt_of(COLUMNS, ROWS);
    for (size_t i = 0; i < len; i++)
        vt_write(t, text + i, 1);
    assert_string_equal(screen(t, &b), expected);
    vt_free(t);
    buf_done(&b);
}

static void assert_shows(const char *text, const char *expected)
{
    assert_shows_bytes(text, strlen(text), expected);
}

/* --- the filter alone --------------------------------------------------------------------------------------------- */

static void add_piece(void *user, const char *piece, size_t len)
{
    buf_add(user, piece, len);
}

static void assert_passes(const char *text, const char *expected)
{
    struct buf b;
    struct vt_filter f;
    buf_init(&b, 1 << 20);
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        buf_clear(&b);
        vt_filter_init(&f, add_piece, &b);
        vt_filter_write(&f, text, cut);
        vt_filter_write(&f, text + cut, strlen(text) - cut);
        assert_string_equal(buf_text(&b), expected);
    }
    buf_done(&b);
}

static void passes_text_and_known_sequences(void **state)
{
    (void)state;
    assert_passes("plain \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80\r\n\t\b\a",
                  "plain \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80\r\n\t\b\a");
    assert_passes("\033[5;7H\033[;7H\033[H\033[2J\033[K\033[?25l\033[?1049h",
                  "\033[5;7H\033[;7H\033[H\033[2J\033[K\033[?25l\033[?1049h");
    assert_passes("\033(0\033)B\0337\0338\033M\033c\033=\033#8", "\033(0\033)B\0337\0338\033M\033c\033=\033#8");
    assert_passes("\033[!p\033[2 q\033[>c\033[?6n\033[?6$p", "\033[!p\033[2 q\033[>c\033[?6n\033[?6$p");
    assert_passes("\033[s\033[u", "\0337\0338");
}

static void limits_number_and_size_of_arguments(void **state)
{
    (void)state;
    assert_passes("\033[1;2;3;4;5H", "\033[1;2H");
    assert_passes("\033[99999999999999999999999@", "\033[9999@");
    assert_passes("\033[2147483648L\033[4294967295M\033[9223372036854775808S\033[18446744073709551616T",
                  "\033[9999L\033[9999M\033[9999S\033[9999T");
    char many[4096] = "\033[";
    for (int i = 0; i < 1000; i++)
        strcat(many, "9;");
    strcat(many, "5H");
    assert_passes(many, "\033[9;9H");
}

static void passes_each_attribute_of_sgr_by_itself(void **state)
{
    (void)state;
    assert_passes("\033[m\033[0;1;7m", "\033[m\033[0m\033[1m\033[7m");
    assert_passes("\033[1;38;5;300;4m", "\033[1m\033[38;5;255m\033[4m");
    assert_passes("\033[38;2;1;2;3;48:2::4:5:6;48:2:7:8:9;38:5:10;1m",
                  "\033[38;2;1;2;3m\033[48;2;4;5;6m\033[48;2;7;8;9m\033[38;5;10m\033[1m");
    assert_passes("\033[58;2;255;2;0;1m\033[58:2::1:2:7m",
                  "\033[1m"); /* colour of an underline: 2 and 0 are no attributes */
    assert_passes("\033[38m\033[1;38;5m\033[48;2;1;2m\033[38:m\033[38;2m", "\033[1m");
    assert_passes("\033[4:3m\033[4:0m\033[1:2:3;7m", "\033[4m\033[24m\033[1m\033[7m");
}

static void passes_each_mode_by_itself_and_drops_margins(void **state)
{
    (void)state;
    assert_passes("\033[?12;25h\033[4;20l", "\033[?12h\033[?25h\033[4l\033[20l");
    assert_passes("\033[?69h\033[?7;69;1h\033[2;5s", "\033[?7h\033[?1h\0337");
    assert_passes("\033[?1000;1006h\033[?2004h", "\033[?2004h"); /* a mouse is not passed on to the program */
}

static void drops_control_strings_of_any_length(void **state)
{
    (void)state;
    assert_passes("a\033]0;title\ab", "ab");
    assert_passes("a\033]52;c;QQ==\033\\b", "ab");
    assert_passes("a\033P$qm\033\\b\033P$q\"x\033\\c", "abc");
    assert_passes("a\033_apc\a\n\033\\b\033^pm\033\\c\033Xsos \xe2\x80\x9c \xff\033\\d", "abcd");
    assert_passes("a\033]0;t\033[1mb\033]x\030c\033Px\032d", "a\033[1mbcd"); /* ESC, CAN and SUB end them */
    struct buf b;
    struct vt_filter f;
    char filler[4096];
    buf_init(&b, 1 << 20);
    vt_filter_init(&f, add_piece, &b);
    memset(filler, 'x', sizeof filler);
    vt_filter_write(&f, "a\033P", 3);
    for (int i = 0; i < 1000; i++)
        vt_filter_write(&f, filler, sizeof filler);
    vt_filter_write(&f, "\033\\b", 3);
    assert_string_equal(buf_text(&b), "ab");
    buf_done(&b);
}

static void obeys_controls_within_a_sequence(void **state)
{
    (void)state;
    assert_passes("\033[1\n0;5\bH", "\n\b\033[10;5H");
    assert_passes("\033[1\0302J\033[1\0322J\033\030M", "2J2JM");
    assert_passes("\033[1\033[2J\033\033M", "\033[2J\033M");
    assert_passes("\033[1\xc3\xa9H", "\xc3\xa9H");
    assert_passes("\033[1\177;2\177H", "\033[1;2H");
}

static void drops_unknown_sequences_as_a_whole(void **state)
{
    (void)state;
    assert_passes("a\033[1?hb\033[1$2hc\033[>4;2md\033[<1Me\033[8;99;99tf\033[=1cg", "abcdefg");
    assert_passes("a\033#6b\033#3c\033Nd\033Oe\033nf\033|g\033*0h\033%Gi\033 Gj", "abcdefghij");
    assert_passes("a\033[                                       qb\033(((((((((((((((((((0c", "abc");
    assert_passes("a\033[??????????????????????????25hb", "ab");
}

static void replaces_invalid_utf_8(void **state)
{
    (void)state;
    static const char r[] = "\xef\xbf\xbd";
    static const struct {
        const char *bytes;
        int replacements;
    } cases[] = {
        {"\x80", 1},
        {"\xff", 1},
        {"\xc0\x80", 2},
        {"\xe6\x97", 1},
        {"\xed\xa0\x80", 1},
        {"\xf4\x90\x80\x80", 1},
        {"\xf0\x9f\x98", 1},
        {"\xf8\x88\x80\x80\x80", 5},
        {"\x9b"
         "1m",
         1},
        {"\x9d"
         "0;t",
         1},
        {"\xc2\x9b"
         "1m",
         1},
        {"\xc2\x90q", 1},
        {"\xc2\x85", 1},
        {"\xe0\x80\x80", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64], expected[64] = "a";
        size_t ascii = strlen(cases[i].bytes);
        while (ascii > 0 && (unsigned char)cases[i].bytes[ascii - 1] < 0x80)
            ascii--;
        snprintf(text, sizeof text, "a%sb", cases[i].bytes);
        for (int k = 0; k < cases[i].replacements; k++)
            strcat(expected, r);
        strcat(strcat(expected, cases[i].bytes + ascii), "b");
        assert_passes(text, expected);
    }
    assert_passes("\xe6\033[1m\xe6\n", "\xef\xbf\xbd\033[1m\xef\xbf\xbd\n");
}

static void repeats_the_last_character_within_bounds(void **state)
{
    (void)state;
    assert_passes("\033[5b", "");
    assert_passes("a\033[3b\033[b\033[0b", "aaaaaa");
    assert_passes("\xe6\x97\xa5\033[2b", "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5");
    struct buf b;
    struct vt_filter f;
    buf_init(&b, 1 << 20);
    vt_filter_init(&f, add_piece, &b);
    vt_filter_write(&f, "a\033[99999999999b", 15);
    assert_int_equal(b.len, 1 + VT_FILTER_REPEAT_MAX);
    buf_done(&b);
}

/* --- attacks ------------------------------------------------------------------------------------------------------ */

static void survives_attacks_on_the_parser(void **state)
{
    (void)state;
    assert_shows("\033[0;1;3;4;38;2;255;128;0;48;2;0;0;0;58;2;255;0;0mhello", "hello\n");
    assert_shows("\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx", "x\n");
    assert_shows("\033[:::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::mx", "x\n");
    assert_shows("\033[;;;;;;;;;;;;;;;38mx\033[1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1m\033[38my", "xy\n");
    assert_shows("\033P$q\"\033\\\033P$qm\033\\\033P$qxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\033\\x", "x\n");
    assert_shows("\033]0;title\033\\x\033]2;\033\\y\033]\033\\z", "xyz\n");
    assert_shows("\xe6\x97\xe6\x97\xff\xc2x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\n");
    assert_shows("\033[9999999999@\033[9999999999P\033[9999999999L\033[9999999999M\033[9999999999S\033[9999999999T"
                 "\033[9999999999X\033[9999999999I\033[9999999999Z\033[9999999999;9999999999Hx\033[9999999999A\ry",
                 "y\n\n\n\n\n                   x\n");
    assert_shows("x\033[8;500;500t\033[8;1;1ty", "xy\n");
}

static void survives_attacks_through_character_widths(void **state)
{
    (void)state;
    static const char voiced[] = "\xe3\x82\x99"; /* a combining mark that libvterm counts as two columns */
    for (int columns = 1; columns <= 5; columns++) {
        struct vt *t = vt_of(columns, 3);
        write_text(t, "\033[5b\033[1;9H\xcc\x81\033[99b\xe3\x81\x82\033[99b\033[?7l\xe3\x81\x82\033[9b\033[?7h");
        write_text(t, "\xe3\x81\x82");
        for (int i = 0; i < 50; i++)
            write_text(t, voiced);
        write_text(t, "\033#6\xe3\x81\x82\xe3\x81\x82\033[99b\033[4h\xe3\x81\x82");
        for (int i = 0; i < 50; i++)
            write_text(t, "\xc2\x9b\xc2\x80\033[4h\xc2\x9b\xc2\x80\033[9P\033[9@");
        vt_free(t);
    }
    char marks[3000] = "a"; /* all at once */
    for (int i = 0; i < 900; i++)
        strcat(marks, voiced);
    struct vt *t = vt_of(2, 2);
    write_text(t, marks);
    vt_free(t);
}

/* libvterm compares each mark with all marks before it, so this would take hours if the filter did not limit them. */
static void takes_no_longer_for_endless_marks_than_for_text(void **state)
{
    (void)state;
    struct buf b;
    struct vt *t = vt_of(COLUMNS, ROWS);
    char marks[4096];
    for (size_t i = 0; i < sizeof marks; i += 2)
        memcpy(marks + i, "\xcc\x81", 2);
    write_text(t, "e");
    for (int i = 0; i < 4096; i++) {
        vt_write(t, marks, sizeof marks);
        write_text(t, "\033[m"); /* a sequence between them is no new character */
    }
    write_text(t, "x");
    buf_init(&b, 1 << 20);
    assert_string_equal(screen(t, &b), "e\xcc\x81\xcc\x81x\n");
    buf_done(&b);
    vt_free(t);
}

/* Every character that this version of libvterm takes for a mark must count as one in the filter, and every wide
 * character must fit into two columns. */
static void survives_every_character_combined_with_every_other(void **state)
{
    (void)state;
    struct buf b;
    struct vt *t = vt_of(8, 2), *narrow = vt_of(2, 2);
    struct vt_filter f;
    buf_init(&b, 1 << 20);
    for (uint32_t c = 0xa0; c < 0xe0200; c = c == 0xd7ff ? 0xe000 : c == 0x1ffff ? 0xe0000 : c + 1) {
        char one[5], text[64] = "\033[H\033[Je", many[64] = "e";
        size_t n;
        int len = (int)key_utf8(c, one);
        for (int i = 0; i < 4; i++) {
            strncat(text, one, (size_t)len);
            strncat(many, one, (size_t)len);
        }
        write_text(t, text);
        write_text(narrow, text);
        const struct vt_cell *cells = vt_line(t, vt_lines(t) - 2, &n);
        if (n == 0 || cells[0].chars[1] == 0)
            continue;
        buf_clear(&b);
        vt_filter_init(&f, add_piece, &b);
        vt_filter_write(&f, many, strlen(many));
        if (b.len > 1 + VT_FILTER_MARKS_MAX * (size_t)len)
            fail_msg("U+%04X is a mark for libvterm and not for the filter", (unsigned)c);
    }
    buf_done(&b);
    vt_free(narrow);
    vt_free(t);
}

/* The first text prepares, then the screen changes its size, then the second text acts. */
static const char *const prepare[] = {
    "\033[20;34r\033[34;1H",
    "\033[30;34r\033[?6h\033[5;5H",
    "\033[?1049h\033[20;34r\033[34;80H",
    "\033[34;80H\0337\033[H",
    "\033[?69h\033[70;80s\033[20;34r\033[34;80H",
    "\033[?1049h\033[34;80H\0337",
    "\033[34;79H\xe6\x97\xa5",
    "\033[34;80Hx",
    "\033[3g\033[80G\033H",
    "\033[?1048h\033[?1047h\033[2;3r",
    "\033[33;34r\033[34;1H\033[1",
    "\033]0;x",
    "\xe6\x97",
    "\033[70;80s\033[20;34r",
    "\033#6\033[34;80H",
};
static const char *const act[] = {
    "\n\n\n\n\n\n\n\n\n\n",
    "\033M\033M\033M\033D\033E",
    "\0338x\n\n\n",
    "\033[?1049lx\n\n\n\033[99S",
    "\033[99T\033[99S\033[9L\033[9M",
    "\033[9@\033[9P\033[99X\tx\t\033[9I\033[9Z",
    "\033[?69h\n\n\033[9S\033[9@\033[9'}\033[9'~",
    "\033[?6h\033[99;99Hx\n\033[?6lx",
    "\033[J\033[1J\033[2J\033[K\033[1K",
    "\xa5\n\x97\033[?1047l\n\n\n\033[?1048l\n\n\n",
    "\033#8\033[99b\033[1;9r\n\033c",
};

static void survives_changes_of_size(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
    } sizes[] = {{80, 33}, {79, 34}, {80, 10}, {9, 34}, {40, 19}, {1, 1}, {200, 60}};
    for (size_t i = 0; i < sizeof prepare / sizeof *prepare; i++)
        for (size_t k = 0; k < sizeof act / sizeof *act; k++)
            for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
                size_t line;
                int column, columns, rows;
                struct vt *t = vt_of(80, 34);
                struct buf b;
                buf_init(&b, 1 << 20);
                for (int n = 0; n < 40; n++)
                    write_text(t, "\xe6\x97\xa5 text\r\n");
                write_text(t, prepare[i]);
                vt_resize(t, sizes[j].columns, sizes[j].rows);
                write_text(t, act[k]);
                vt_resize(t, 80, 34);
                write_text(t, act[k]);
                vt_resize(t, 3, 5);
                write_text(t, act[k]);
                screen(t, &b);
                vt_cursor(t, &line, &column);
                vt_size(t, &columns, &rows);
                assert_in_range(line, vt_lines(t) - (size_t)rows, vt_lines(t) - 1);
                assert_in_range(column, 0, columns - 1);
                buf_done(&b);
                vt_free(t);
            }
}

/* A line that scrolled off returns to a screen that is one column too narrow for its last character, a wide one. */
static void leaves_out_a_wide_character_that_no_longer_fits(void **state)
{
    (void)state;
    struct buf b;
    struct vt *t = vt_of(4, 2);
    write_text(t, "ab\xe6\x97\xa5\r\n2\r\n3\r\n4");
    vt_resize(t, 3, 2);
    vt_resize(t, 3, 4);
    buf_init(&b, 1 << 20);
    assert_string_equal(screen(t, &b), "ab\n2\n3\n4\n");
    buf_done(&b);
    vt_free(t);
}

static void keeps_the_cursor_in_place_when_the_screen_shrinks(void **state)
{
    (void)state;
    size_t line;
    int column;
    struct vt *t = vt_of(80, 24);
    write_text(t, "\033[5;20r\033[7;11H");
    vt_resize(t, 60, 22);
    vt_cursor(t, &line, &column);
    assert_int_equal(line, vt_lines(t) - 22 + 6);
    assert_int_equal(column, 10);
    vt_free(t);
}

/* --- ordinary output ---------------------------------------------------------------------------------------------- */

static void shows_ordinary_output(void **state)
{
    (void)state;
    assert_shows("one\r\ntwo\tx\r\n\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80!",
                 "one\ntwo     x\n\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80!\n");
    assert_shows("\033[2;3Hab\033[1;1Hc\033[4Gd\033[2dg\033[3Cf", "c  d\n  abg   f\n");
    assert_shows("12345678901234567890wrapped", "12345678901234567890\nwrapped\n");
    assert_shows("1\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8", "1\n 2\n3\n4\n5\n6\n7\n8\n");
    assert_shows("main\033[?1049h\033[Halternate", "alternate\n");
    assert_shows("main\033[?1049h\033[Halternate\033[?1049l.", "main.\n");
    assert_shows("a\033[sb\033[5;5Hc\033[uB", "aB\n\n\n\n    c\n");
    assert_shows("\033[2;4r1\r\n2\r\n3\r\n4\r\n5\r\n6", "1\n4\n5\n6\n");
    assert_shows("\033(0lqk\033(B lqk \xc3\xa9\033)0\016x\017x",
                 "\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90 lqk \xc3\xa9\xe2\x94\x82x\n");
    assert_shows("abc\033[2D\033[@-\033[2;1Hxyz\r\033[P\033[1Lup", "a-bc\nup\nyz\n");
    assert_shows("=\033[9b>\r\n\033[3X-\033[K\xe6\x97\xa5\033[2b",
                 "==========>\n-\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\n");
    assert_shows("e\xcc\x81 1\r\nx", "e\xcc\x81 1\nx\n");
    assert_shows("12345678901234567890e\xcc\x81", "12345678901234567890\ne\xcc\x81\n");
    assert_shows_bytes("a\0b\177c", 5, "abc\n");
}

/* This works only if both come at once: libvterm puts a mark that comes later on the next line. */
static void keeps_a_mark_on_the_last_column(void **state)
{
    (void)state;
    struct buf b;
    struct vt *t = vt_of(COLUMNS, ROWS);
    write_text(t, "1234567890123456789e\xcc\x81\r\nx");
    buf_init(&b, 1 << 20);
    assert_string_equal(screen(t, &b), "1234567890123456789e\xcc\x81\nx\n");
    buf_done(&b);
    vt_free(t);
}

static void keeps_bold_and_reverse_among_long_attributes(void **state)
{
    (void)state;
    size_t n;
    struct vt *t = vt_of(COLUMNS, ROWS);
    write_text(t, "\033[38;2;255;128;0;48;2;0;0;0;58;2;255;0;0;3;4;9;1mb\033[0;38;5;196;7mr\033[mp");
    const struct vt_cell *cells = vt_line(t, 0, &n);
    assert_int_equal(n, 3);
    assert_int_equal(cells[0].attrs, VT_BOLD);
    assert_int_equal(cells[1].attrs, VT_REVERSE);
    assert_int_equal(cells[2].attrs, 0);
    vt_free(t);
}

static void continues_a_sequence_after_a_change_of_size(void **state)
{
    (void)state;
    struct buf b;
    struct vt *t = vt_of(COLUMNS, ROWS);
    write_text(t, "a\033[2;");
    vt_resize(t, COLUMNS - 1, ROWS - 1);
    write_text(t, "3Hb\xe6\x97");
    vt_resize(t, COLUMNS - 2, ROWS - 2);
    write_text(t, "\xa5");
    buf_init(&b, 1 << 20);
    assert_string_equal(screen(t, &b), "a\n  b\xe6\x97\xa5\n");
    buf_done(&b);
    vt_free(t);
}

/* --- the whole program -------------------------------------------------------------------------------------------- */

/* Attacks on the parser, then a scroll region that lies below the screen when that becomes smaller. */
static void poolscope_survives_the_output_of_a_hostile_program(void **state)
{
    (void)state;
    static const char script[] =
        "printf '\\033[0;1;3;4;38;2;255;128;0;48;2;0;0;0;58;2;255;0;0mhello\\n';"
        "printf '\\033P$q\"x\\033'; sleep 0.1; printf '\\\\\\033P$qm\\033\\\\\\346\\227'; sleep 0.1; printf "
        "'\\377\\302';"
        "printf '\\033[5b\\343\\201\\202\\033[999b\\302\\233\\302\\200'; printf '\\033[20;34r\\033[34;1H'; echo first;"
        "while [ \"$(stty size | cut -d ' ' -f 1)\" -gt 20 ]; do sleep 0.05; done;"
        "for i in 1 2 3 4 5 6 7 8 9; do echo; done; printf '\\033[r\\033[Hsecond'; exit 7";
    struct pty *p = pty_open(40, 100, (const char *const[]){program_path(), "watch", "--", "sh", "-c", script, NULL},
                             NULL);
    pty_type(p, "3");
    pty_wait_text(p, "first");
    pty_resize(p, 24, 80);
    pty_wait_text(p, "second");
    pty_wait_text(p, "exited with status 7");
    pty_type(p, "q");
    assert_int_equal(explorer_status(p), 7);
    pty_wait_restored(p);
    pty_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_text_and_known_sequences),
        cmocka_unit_test(limits_number_and_size_of_arguments),
        cmocka_unit_test(passes_each_attribute_of_sgr_by_itself),
        cmocka_unit_test(passes_each_mode_by_itself_and_drops_margins),
        cmocka_unit_test(drops_control_strings_of_any_length),
        cmocka_unit_test(obeys_controls_within_a_sequence),
        cmocka_unit_test(drops_unknown_sequences_as_a_whole),
        cmocka_unit_test(replaces_invalid_utf_8),
        cmocka_unit_test(repeats_the_last_character_within_bounds),
        cmocka_unit_test(survives_attacks_on_the_parser),
        cmocka_unit_test(survives_attacks_through_character_widths),
        cmocka_unit_test(takes_no_longer_for_endless_marks_than_for_text),
        cmocka_unit_test(survives_every_character_combined_with_every_other),
        cmocka_unit_test(survives_changes_of_size),
        cmocka_unit_test(leaves_out_a_wide_character_that_no_longer_fits),
        cmocka_unit_test(keeps_the_cursor_in_place_when_the_screen_shrinks),
        cmocka_unit_test(shows_ordinary_output),
        cmocka_unit_test(keeps_a_mark_on_the_last_column),
        cmocka_unit_test(keeps_bold_and_reverse_among_long_attributes),
        cmocka_unit_test(continues_a_sequence_after_a_change_of_size),
        cmocka_unit_test_teardown(poolscope_survives_the_output_of_a_hostile_program, kin_none_left),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
