/* SPDX-License-Identifier: MIT
 * Finding rows of a whole table, on one thread and on several, compared with a plain loop over all rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/table/index/walk.h"
#include "tests/kit/engine_kit.h"
#include "tests/kit/table_kit.h"

static const struct find conditions[] = {
    {.what = FIND_TEXT, .column = 0, .text = "000007", .len = 6},
    {.what = FIND_TEXT, .column = 0, .text = "000007", .len = 6, .inverted = true},
    {.what = FIND_TEXT, .column = 0, .text = "nowhere", .len = 7},
    {.what = FIND_TEXT, .column = 1, .text = "Bea \"B\"", .len = 7},
    {.what = FIND_TEXT, .column = 1, .text = "", .len = 0},
    {.what = FIND_TEXT, .column = FIND_ANY_COLUMN, .text = "-7", .len = 2},
    {.what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "fake", .len = 4},
    {.what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "ITEM", .len = 4, .any_case = true},
    {.what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "9,", .len = 2},
    {.what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "7", .len = 1},
    {.what = FIND_PART, .column = 1, .text = "\"", .len = 1},
    {.what = FIND_PART, .column = 1, .text = "ZO\xc3\x8b", .len = 4, .any_case = true},
    {.what = FIND_PATTERN, .column = 1, .text = "^[AB]", .len = 5},
    {.what = FIND_PATTERN, .column = FIND_ANY_COLUMN, .text = "^-?99\\d$", .len = 8},
    {.what = FIND_NULL, .column = 2},
    {.what = FIND_EQUAL, .column = 2, .text = "7", .len = 1},
    {.what = FIND_UNEQUAL, .column = 2, .text = "7", .len = 1},
    {.what = FIND_LESS, .column = 2, .text = "-990", .len = 4},
    {.what = FIND_GREATER_EQUAL, .column = 2, .text = "990", .len = 3},
    {.what = FIND_LESS_EQUAL, .column = 1, .text = "item9", .len = 5},
    {.what = FIND_GREATER, .column = 1, .text = "item9", .len = 5},
    {.what = FIND_EQUAL, .column = 1, .text = "item10", .len = 6},
};

static bool holds(enum find_what what, long order)
{
    return what == FIND_EQUAL        ? order == 0
           : what == FIND_UNEQUAL    ? order != 0
           : what == FIND_LESS       ? order < 0
           : what == FIND_LESS_EQUAL ? order <= 0
           : what == FIND_GREATER    ? order > 0
                                     : order >= 0;
}

static bool has(const struct cell *c, const struct find *f)
{
    static const char *const zoe = "zoë";
    const char *text = f->len == 4 && f->any_case && f->text[0] == 'Z' ? zoe : f->text;
    for (size_t at = 0; at + f->len <= c->len; at++) {
        size_t i = 0;
        while (i < f->len &&
               (c->text[at + i] == text[i] ||
                (f->any_case && (c->text[at + i] | 0x20) == (text[i] | 0x20) && (text[i] & 0xc0) == 0x40)))
            i++;
        if (i == f->len)
            return true;
    }
    return false;
}

static bool cell_matches(const struct cell *c, const struct find *f)
{
    if (f->what == FIND_NULL)
        return c->null;
    if (c->null)
        return false;
    if (f->what == FIND_TEXT)
        return c->len == f->len && memcmp(c->text, f->text, f->len) == 0;
    if (f->what == FIND_PART)
        return has(c, f);
    if (f->what == FIND_PATTERN && f->column == 1)
        return c->len > 0 && (c->text[0] == 'A' || c->text[0] == 'B');
    if (f->what == FIND_PATTERN)
        return kit_is_number(c) && c->len >= 3 && c->len <= 4 && (c->text[0] == '-') == (c->len == 4) &&
               labs(kit_number_of(c)) / 10 == 99;
    if (f->column == 2)
        return kit_is_number(c) && holds(f->what, kit_number_of(c) - strtol(f->text, NULL, 10));
    return holds(f->what, kit_name_rank(c) - (f->text[4] == '9' ? 7 : 8));
}

static bool row_matches(const struct row *row, const struct find *f)
{
    bool some = false;
    for (size_t c = 0; c < row->ncells; c++)
        if (f->column == FIND_ANY_COLUMN || f->column == c)
            some = some || cell_matches(&row->cells[c], f);
    return some != f->inverted;
}

/* All rows that match, by a loop; the caller frees. */
static uint64_t *loop_over(const struct table *t, const struct find *f, size_t *n)
{
    struct table_reader *r;
    const struct row *row;
    uint64_t *found = malloc((table_rows(t) + 1) * sizeof *found);
    assert_non_null(found);
    assert_int_equal(table_reader_new(t, &r), OK);
    for (*n = 0; assert_int_equal(table_next(r, &row), OK), row != NULL;)
        if (row_matches(row, f))
            found[(*n)++] = row->number;
    table_reader_free(r);
    return found;
}

static void check_next(struct engine *e, const struct table *t, const struct find *f, const uint64_t *found, size_t n)
{
    unsigned seed = 3;
    uint64_t row;
    for (int i = 0; i < 12; i++) {
        uint64_t from = i == 0 ? 0 : i == 1 ? table_rows(t) : (uint64_t)rand_r(&seed) % table_rows(t);
        size_t at = 0;
        while (at < n && found[at] < from)
            at++;
        assert_int_equal(engine_find_next(e, t, f, from, false, NULL, &row, NULL), OK);
        assert_true(row == (at < n ? found[at] : UINT64_MAX));
        uint64_t before = at < n && found[at] == from ? from : at > 0 ? found[at - 1] : UINT64_MAX;
        assert_int_equal(engine_find_next(e, t, f, from, true, NULL, &row, NULL), OK);
        assert_true(row == before);
    }
}

static void check_condition(struct engine *e, const struct table *t, size_t i)
{
    const struct find *f = &conditions[i];
    struct row_list list;
    struct problem problem = {""};
    uint64_t row;
    size_t n;
    uint64_t *found = loop_over(t, f, &n);
    if (engine_find(e, t, f, NULL, &list, &problem))
        fail_msg("condition %zu: %s", i, problem.text);
    if (list.n != n)
        fail_msg("condition %zu: %d instead of %zu", i, (int)list.n, n);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(row_list_read(&list, k, 1, &row), OK);
        assert_true(row == found[k]);
    }
    row_list_done(&list);
    check_next(e, t, f, found, n);
    free(found);
}

static void every_condition_finds_the_rows_of_a_plain_loop(void **state)
{
    (void)state;
    int fd = kit_names_file(KIT_ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = kit_engine(threads);
        struct table *t = kit_indexed(e, fd);
        assert_true(table_has_hits(t));
        assert_int_equal(table_rows(t), KIT_ROWS + 1);
        for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
            check_condition(e, t, i);
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

static void refuses_invalid_conditions(void **state)
{
    (void)state;
    struct engine *e = kit_engine(1);
    int fd = kit_names_file(10);
    struct table *t = kit_indexed(e, fd);
    struct row_list list;
    struct problem problem;
    struct find f = {.what = FIND_PATTERN, .column = 0, .text = "a(b", .len = 3};
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    assert_string_equal(problem.text, "\"a(b\" is not a valid pattern: missing closing parenthesis at byte 4");
    f = (struct find){.what = FIND_LESS, .column = 2, .text = "x", .len = 1};
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    assert_string_equal(problem.text, "\"x\" is not a valid i64");
    f = (struct find){.what = FIND_LESS, .column = FIND_ANY_COLUMN, .text = "1", .len = 1};
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    f = (struct find){.what = FIND_TEXT, .column = 3, .text = "1", .len = 1};
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    table_free(t);
    engine_free(e);
    close(fd);
}

static void gives_up_a_pattern_that_takes_too_long(void **state)
{
    (void)state;
    struct engine *e = kit_engine(1);
    static const char text[] = "a\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n";
    int fd = kit_file(text, sizeof text - 1);
    struct table *t = kit_indexed(e, fd);
    struct row_list list;
    struct find f = {.what = FIND_PATTERN, .column = 0, .text = "^((a+)+)+$", .len = 10};
    assert_int_equal(engine_find(e, t, &f, NULL, &list, NULL), ERR_TOO_BIG);
    table_free(t);
    engine_free(e);
    close(fd);
}

static void case_matters_only_if_there_is_an_upper_case_letter(void **state)
{
    (void)state;
    assert_true(find_any_case("abc", 3));
    assert_false(find_any_case("aBc", 3));
    assert_true(find_any_case("zoë", 4));
    assert_false(find_any_case("ZOË", 4));
    assert_false(find_any_case("zoË", 4));
    assert_true(find_any_case("山", 3));
    assert_true(find_any_case("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_condition_finds_the_rows_of_a_plain_loop),
        cmocka_unit_test(refuses_invalid_conditions),
        cmocka_unit_test(gives_up_a_pattern_that_takes_too_long),
        cmocka_unit_test(case_matters_only_if_there_is_an_upper_case_letter),
    };
    return cmocka_run_group_tests_name("engine_find", tests, NULL, NULL);
}
