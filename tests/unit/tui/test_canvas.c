/* SPDX-License-Identifier: MIT
 * The canvas: drawing is cut at its edges, keeps its columns, and leaves no byte that could harm a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tui/draw/canvas.h"
#include "tui/draw/lines.h"

static struct canvas fresh(int width, int height)
{
    struct canvas c;
    assert_int_equal(canvas_init(&c, width, height), OK);
    return c;
}

static void assert_row(const struct canvas *c, int y, const char *expected)
{
    struct buf row;
    buf_init(&row, 4096);
    assert_int_equal(canvas_add_row(c, y, &row), OK);
    assert_string_equal(buf_text(&row), expected);
    buf_done(&row);
}

static void text_is_cut_at_the_edges(void **state)
{
    (void)state;
    struct canvas c = fresh(5, 2);
    assert_int_equal(canvas_text(&c, 2, 0, ROLE_TEXT, "abcdef"), 5);
    assert_row(&c, 0, "  abc");
    canvas_text(&c, 0, 7, ROLE_TEXT, "nowhere");
    canvas_text(&c, 9, 1, ROLE_TEXT, "nowhere");
    canvas_text(&c, 0, -1, ROLE_TEXT, "nowhere");
    assert_row(&c, 1, "");
    canvas_done(&c);
}

static void a_wide_character_is_never_cut_in_half(void **state)
{
    (void)state;
    struct canvas c = fresh(5, 1);
    canvas_text(&c, 0, 0, ROLE_TEXT, "日本語");
    assert_row(&c, 0, "日本");
    canvas_text(&c, 1, 0, ROLE_TEXT, "x");
    assert_row(&c, 0, " x本");
    canvas_text(&c, 2, 0, ROLE_TEXT, "y");
    assert_row(&c, 0, " xy");
    canvas_done(&c);
}

static void a_combining_mark_takes_no_column(void **state)
{
    (void)state;
    struct canvas c = fresh(4, 1);
    assert_int_equal(canvas_text(&c, 0, 0, ROLE_TEXT, "e\u0301x"), 2);
    assert_row(&c, 0, "e\u0301x");
    canvas_done(&c);
}

static void text_that_is_cut_ends_in_an_ellipsis(void **state)
{
    (void)state;
    struct canvas c = fresh(10, 1);
    assert_int_equal(canvas_cut(&c, 0, 0, 4, ROLE_TEXT, "abcdef", 6), 4);
    assert_row(&c, 0, "abc…");
    canvas_done(&c);
}

static void control_characters_never_reach_a_cell(void **state)
{
    (void)state;
    struct canvas c = fresh(2000, 1);
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    int x = canvas_bytes(&c, 0, 0, ROLE_TEXT, all, sizeof all);
    canvas_text(&c, x, 0, ROLE_TEXT, "\033]52;c;AAAA\a \302\233 2J \342\200\256 \033[2J");
    for (int i = 0; i < c.width; i++)
        for (const unsigned char *p = (const unsigned char *)c.cells[i].bytes; *p; p++) {
            assert_true(*p >= 0x20 && *p != 0x7f);
            assert_false(p[0] == 0xc2 && p[1] < 0xa0);
            assert_false(p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae);
        }
    canvas_done(&c);
}

static void parts_share_cells_and_stay_inside(void **state)
{
    (void)state;
    struct canvas c = fresh(6, 3);
    struct canvas part = canvas_part(&c, (struct rect){1, 1, 100, 1});
    assert_int_equal(part.width, 5);
    assert_int_equal(part.height, 1);
    canvas_text(&part, 0, 0, ROLE_TEXT, "abcdefgh");
    assert_row(&c, 1, " abcde");
    assert_row(&c, 2, "");
    struct canvas none = canvas_part(&c, (struct rect){6, 0, 4, 4});
    assert_int_equal(none.width, 0);
    canvas_text(&none, 0, 0, ROLE_TEXT, "x");
    canvas_frame(&none, ROLE_FRAME);
    canvas_done(&c);
}

static void a_frame_surrounds_the_canvas(void **state)
{
    (void)state;
    struct canvas c = fresh(4, 3);
    canvas_frame(&c, ROLE_FRAME);
    assert_row(&c, 0, "╭──╮");
    assert_row(&c, 1, "│  │");
    assert_row(&c, 2, "╰──╯");
    canvas_done(&c);
}

static void every_drawn_glyph_has_an_ascii_replacement_of_one_column(void **state)
{
    (void)state;
    static const char *const drawn[] = {"─", "│", "╭", "╮", "╰", "╯", "█", "▓", "░", "·",
                                        "•", "…", "←", "→", "┆", "╞", "═", "╪", "╡", "–"};
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        const char *ascii = theme_glyph(drawn[i], GLYPHS_ASCII), *plain = theme_glyph(drawn[i], GLYPHS_PLAIN);
        assert_non_null(ascii);
        assert_true((unsigned char)ascii[0] < 0x80 && ascii[1] == '\0');
        assert_int_equal(text_width(plain, strlen(plain)), 1);
    }
    assert_null(theme_glyph("日", GLYPHS_ASCII));
}

static void roles_that_warn_differ_without_colours_too(void **state)
{
    (void)state;
    static const enum role loud[] = {ROLE_ALERT, ROLE_ALERT_WARN, ROLE_BAD, ROLE_WARN, ROLE_MATCH, ROLE_KEY};
    for (size_t i = 0; i < sizeof loud / sizeof *loud; i++) {
        struct style s = theme_style(loud[i], PALETTE_MONO, false);
        assert_int_equal(s.fg, -1);
        assert_int_equal(s.bg, -1);
        assert_int_not_equal(s.attrs, 0);
    }
    assert_true(theme_is_light("0;15"));
    assert_true(theme_is_light("0;default;15"));
    assert_false(theme_is_light("15;0"));
    assert_false(theme_is_light("rubbish"));
    assert_false(theme_is_light(NULL));
}

static void assert_line(const struct lines *l, size_t i, const char *expected)
{
    struct buf text;
    buf_init(&text, 4096);
    assert_true(i < l->n);
    assert_int_equal(lines_text(l, i, &text), OK);
    assert_string_equal(buf_text(&text), expected);
    buf_done(&text);
}

static void paragraphs_wrap_at_blanks_and_keep_their_indent(void **state)
{
    (void)state;
    struct lines l;
    lines_init(&l);
    lines_add(&l, ROLE_HEAD, "at");
    lines_pad(&l, 4);
    lines_wrap(&l, ROLE_TEXT, 4, 12, "one two three 日本語日本語", (struct subject){0});
    assert_int_equal(l.n, 4);
    assert_line(&l, 0, "at  one two");
    assert_line(&l, 1, "    three");
    assert_line(&l, 2, "    日本語日");
    assert_line(&l, 3, "    本語");
    lines_clear(&l);
    lines_wrap(&l, ROLE_TEXT, 0, 1, "ab c", (struct subject){0}); /* narrower than a word: it must still end */
    assert_true(l.n >= 3);
    lines_clear(&l);
    lines_wrap(&l, ROLE_TEXT, 8, 4, "日本", (struct subject){0}); /* narrower than its indent */
    assert_true(l.n >= 1);
    lines_done(&l);
}

static void a_line_can_be_drawn_without_its_first_columns(void **state)
{
    (void)state;
    struct lines l;
    struct canvas c = fresh(6, 1);
    lines_init(&l);
    lines_add(&l, ROLE_TEXT, "a日bc");
    lines_add(&l, ROLE_DIM, "def");
    lines_end(&l, (struct subject){0});
    lines_draw(&l, 0, &c, 0, 0, 2); /* half of the wide character is scrolled out: a blank */
    assert_row(&c, 0, " bcdef");
    assert_int_equal(lines_width(&l), 8);
    lines_done(&l);
    canvas_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_at_the_edges),
        cmocka_unit_test(a_wide_character_is_never_cut_in_half),
        cmocka_unit_test(a_combining_mark_takes_no_column),
        cmocka_unit_test(text_that_is_cut_ends_in_an_ellipsis),
        cmocka_unit_test(control_characters_never_reach_a_cell),
        cmocka_unit_test(parts_share_cells_and_stay_inside),
        cmocka_unit_test(a_frame_surrounds_the_canvas),
        cmocka_unit_test(every_drawn_glyph_has_an_ascii_replacement_of_one_column),
        cmocka_unit_test(roles_that_warn_differ_without_colours_too),
        cmocka_unit_test(paragraphs_wrap_at_blanks_and_keep_their_indent),
        cmocka_unit_test(a_line_can_be_drawn_without_its_first_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
