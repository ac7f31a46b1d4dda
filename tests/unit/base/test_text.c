/* SPDX-License-Identifier: MIT
 * core/base/text: clusters, widths, and characters that a terminal must not get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/* One cluster: its length in bytes, its glyph, and the width. */
struct glyph_case {
    const char *text;
    size_t covered; /* 0: all of it */
    const char *drawn;
    int width;
    bool escaped;
};

static const struct glyph_case glyphs[] = {
    {"a", 0, "a", 1, false},
    {"ab", 1, "a", 1, false},
    {"日", 0, "日", 2, false},
    {"e\u0301", 0, "e\u0301", 1, false},
    {"한", 0, "한", 2, false},
    {"\u1112\u1161\u11ab", 0, "\u1112\u1161\u11ab", 2, false},
    {"👨\u200d👩\u200d👧\u200d👦", 0, "👨\u200d👩\u200d👧\u200d👦", 2, false},
    {"🐻\u200d❄️", 0, "🐻\u200d❄️", 2, false},
    {"❤️", 0, "❤️", 2, false},
    {"❤", 0, "❤", 1, false},
    {"1️⃣", 0, "1️⃣", 2, false},
    {"👍🏽", 0, "👍🏽", 2, false},
    {"🇯🇵🇩🇪", 8, "🇯🇵", 2, false},
    {"🇯", 0, "🇯", 1, false},
    {"का", 0, "का", 2, false},
    {"\n", 0, "␊", 1, true},
    {"\r\n", 1, "␍", 1, true},
    {"\t", 0, "␉", 1, true},
    {"\033[31m", 1, "␛", 1, true},
    {"\x7f", 0, "␡", 1, true},
    {"\xc2\x85", 0, "\ufffd", 1, true},
    {"\xc2\x9b", 0, "\ufffd", 1, true},
    {"\u202e", 0, "\ufffd", 1, true},
    {"\u2066", 0, "\ufffd", 1, true},
    {"\u200b", 0, "\ufffd", 1, true},
    {"\ufeff", 0, "\ufffd", 1, true},
    {"\u2028", 0, "\ufffd", 1, true},
    {"\u0378", 0, "\ufffd", 1, true},
    {"\xff", 0, "\\xff", 4, true},
    {"\xe6\x97", 1, "\\xe6", 4, true},
    {"\xed\xa0\x80", 1, "\\xed", 4, true},
    {"\xc0\x80", 1, "\\xc0", 4, true},
    {"\u0301", 0, "\u25cc\u0301", 1, true},
    {"\u200d", 0, "\u25cc\u200d", 1, true},
};

static void clusters_become_safe_glyphs_of_the_right_width(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++) {
        const struct glyph_case *c = &glyphs[i];
        struct text_glyph g;
        size_t covered = text_next(c->text, strlen(c->text), &g);
        if (strcmp(g.bytes, c->drawn) != 0 || g.width != c->width || g.escaped != c->escaped ||
            covered != (c->covered ? c->covered : strlen(c->text)))
            fail_msg("case %zu: \"%s\", width %d, %zu bytes, escaped %d", i, g.bytes, g.width, covered, g.escaped);
    }
}

static void shows_a_nul_byte(void **state)
{
    (void)state;
    struct text_glyph g;
    assert_int_equal(text_next("\0x", 2, &g), 1);
    assert_string_equal(g.bytes, "␀");
}

static void cuts_a_cluster_that_is_too_long(void **state)
{
    (void)state;
    struct text_glyph g;
    char text[1 + 2 * 100000];
    text[0] = 'a';
    for (size_t i = 1; i < sizeof text; i += 2)
        memcpy(text + i, "\u0301", 2);
    size_t covered = text_next(text, sizeof text, &g);
    assert_true(covered > TEXT_GLYPH_MAX && strlen(g.bytes) < TEXT_GLYPH_MAX);
    assert_int_equal(g.width, 1);
    assert_true(text_is_utf8(g.bytes, strlen(g.bytes)));
    assert_true(text_width(text, sizeof text) > 0);
}

static void splits_a_cluster_wider_than_two_columns(void **state)
{
    (void)state;
    const char *text = "क\u093e\u093e\u093e"; /* one cluster of four columns */
    struct text_glyph g;
    size_t covered = text_next(text, strlen(text), &g);
    assert_int_equal(g.width, 2);
    assert_true(covered < strlen(text));
    assert_int_equal(text_width(text, strlen(text)), 4);
}

/* For any bytes the width is 1, 2 or 4, there is no control character, and the loop ends. */
static void random_bytes_become_safe_glyphs(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        for (size_t i = 0; i < sizeof text; i++) {
            int r = rand_r(&seed);
            text[i] = (char)(r & 1 ? r >> 8 : "\xcc\x81\xe2\x80\x8d\xef\xb8\x8f\xf0\x9f\xa4"[(r >> 8) % 11]);
        }
        for (size_t at = 0; at < sizeof text;) {
            struct text_glyph g;
            size_t n = text_next(text + at, sizeof text - at, &g);
            assert_in_range(n, 1, sizeof text - at);
            assert_true(g.width == 1 || g.width == 2 || (g.width == 4 && g.bytes[0] == '\\'));
            assert_true(g.bytes[0] != '\0' && text_is_utf8(g.bytes, strlen(g.bytes)));
            for (const char *c = g.bytes; *c; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
            at += n;
        }
    }
}

static void safe_text_is_the_text_of_the_glyphs(void **state)
{
    (void)state;
    struct buf b;
    const char *text = "plain e\u0301 \033[2J\xff 日本\n";
    buf_init(&b, 1000);
    assert_int_equal(text_add_safe(&b, text, strlen(text)), OK);
    assert_string_equal(buf_text(&b), "plain e\u0301 ␛[2J\\xff 日本␊");
    assert_int_equal(text_width(text, strlen(text)), 6 + 1 + 1 + 4 + 4 + 1 + 4 + 1);
    buf_done(&b);
}

static void plain_text_keeps_everything_except_controls(void **state)
{
    (void)state;
    struct buf b;
    const char *text = "a\tb\nc\u202ed\xfe\u0301\u200b";
    buf_init(&b, 1000);
    assert_int_equal(text_add_plain(&b, text, strlen(text)), OK);
    assert_string_equal(buf_text(&b), "a␉b\nc\ufffdd\ufffd\u0301\u200b");
    buf_done(&b);
}

static void a_full_buffer_is_an_error(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(text_add_safe(&b, "abcdef", 6), ERR_TOO_BIG);
    buf_done(&b);
}

static void a_prefix_counts_characters(void **state)
{
    (void)state;
    size_t got;
    assert_int_equal(text_prefix("日本語", 9, 2, &got), 6);
    assert_int_equal(got, 2);
    assert_int_equal(text_prefix("\x80\x80z", 3, 30, &got), 3);
    assert_int_equal(got, 3);
    assert_int_equal(text_prefix("", 0, 5, &got), 0);
}

static void recognizes_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8("", 0));
    assert_true(text_is_utf8("日本 é", strlen("日本 é")));
    assert_false(text_is_utf8("a\0b", 3));
    assert_false(text_is_utf8("\xc3", 1));
    assert_false(text_is_utf8("\xed\xa0\x80", 3));
}

static void formats_numbers_for_people(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(text_seconds(0, out), "0.0 ms");
    assert_string_equal(text_seconds(-1, out), "0.0 ms");
    assert_string_equal(text_seconds(0.0004, out), "0.4 ms");
    assert_string_equal(text_seconds(0.012, out), "12 ms");
    assert_string_equal(text_seconds(0.9996, out), "1.0 s");
    assert_string_equal(text_seconds(3.94, out), "3.9 s");
    assert_string_equal(text_seconds(59.97, out), "1 min 00 s");
    assert_string_equal(text_seconds(125, out), "2 min 05 s");
    assert_string_equal(text_seconds(3 * 3600 + 125, out), "3 h 02 min");
    assert_string_equal(text_clock(4.25, out), "00:04.2");
    assert_string_equal(text_clock(3661, out), "1:01:01");
    assert_string_equal(text_bytes(0, out), "0 B");
    assert_string_equal(text_bytes(812 * 1024.0, out), "812 KiB");
    assert_string_equal(text_bytes(1.3 * 1024 * 1024 * 1024, out), "1.3 GiB");
    assert_string_equal(text_bytes(1023.7 * 1024, out), "1.0 MiB");
    assert_string_equal(text_count(0, out), "0");
    assert_string_equal(text_count(999, out), "999");
    assert_string_equal(text_count(1000, out), "1_000");
    assert_string_equal(text_count(18446744073709551615ull, out), "18_446_744_073_709_551_615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_become_safe_glyphs_of_the_right_width),
        cmocka_unit_test(shows_a_nul_byte),
        cmocka_unit_test(cuts_a_cluster_that_is_too_long),
        cmocka_unit_test(splits_a_cluster_wider_than_two_columns),
        cmocka_unit_test(random_bytes_become_safe_glyphs),
        cmocka_unit_test(safe_text_is_the_text_of_the_glyphs),
        cmocka_unit_test(plain_text_keeps_everything_except_controls),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(a_prefix_counts_characters),
        cmocka_unit_test(recognizes_utf8),
        cmocka_unit_test(formats_numbers_for_people),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
