/* SPDX-License-Identifier: MIT
 * What the engine does with a whole table, on one thread and on several, against what a plain loop over all rows says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/engine/engine_table.h"
#include "core/table/table_walk.h"
#include "tests/table_kit.h"

enum { ROWS = 60000 };

static struct engine *make_engine(int threads)
{
    struct engine *e = NULL;
    assert_int_equal(engine_new(&(struct engine_options){ .threads = threads }, &e), OK);
    return e;
}

/* Rows of a code, a name and a number: some 3 MB, many spans. */
static struct table *make_table(struct engine *e, int fd)
{
    struct table *first = NULL, *all = NULL;
    struct problem problem = { "" };
    if (table_open(fd, &(struct table_options){ .path = "t.csv" }, &first, &problem) != OK ||
        engine_index(e, first, NULL, &all, &problem) != OK)
        fail_msg("%s", problem.text);
    table_free(first);
    return all;
}

static int make_file(size_t rows)
{
    static const char *const names[] = { "Anna", "\"Bea \"\"B\"\"\"", "\"Ci,ara\"", "\"D\n000007,fake,1\"", "山田", "",
                                         "item9", "item10", "Item 1", "zoë", "\"\"" };
    struct buf b;
    unsigned seed = 17;
    buf_init(&b, 256 << 20);
    buf_add_text(&b, "code,name,n\n");
    for (size_t i = 0; i < rows; i++) {
        buf_addf(&b, "%06d,%s%s,", rand_r(&seed) % 500, names[rand_r(&seed) % 11], "");
        if (rand_r(&seed) % 20 != 0)
            buf_addf(&b, "%d", rand_r(&seed) % 2000 - 1000);
        buf_add_text(&b, "\n");
    }
    buf_add_text(&b, "999999,ZZLAST,5\n");
    assert_int_equal(b.err, OK);
    int fd = kit_file(b.data, b.len);
    buf_done(&b);
    return fd;
}

static const struct find conditions[] = {
    { .what = FIND_TEXT, .column = 0, .text = "000007", .len = 6 },
    { .what = FIND_TEXT, .column = 0, .text = "000007", .len = 6, .inverted = true },
    { .what = FIND_TEXT, .column = 0, .text = "nowhere", .len = 7 },
    { .what = FIND_TEXT, .column = 1, .text = "Bea \"B\"", .len = 7 },
    { .what = FIND_TEXT, .column = 1, .text = "", .len = 0 },
    { .what = FIND_TEXT, .column = FIND_ANY_COLUMN, .text = "-7", .len = 2 },
    { .what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "fake", .len = 4 },
    { .what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "ITEM", .len = 4, .any_case = true },
    { .what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "9,", .len = 2 },
    { .what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "7", .len = 1 },
    { .what = FIND_PART, .column = 1, .text = "\"", .len = 1 },
    { .what = FIND_PART, .column = 1, .text = "ZO\xc3\x8b", .len = 4, .any_case = true },
    { .what = FIND_PATTERN, .column = 1, .text = "^[AB]", .len = 5 },
    { .what = FIND_PATTERN, .column = FIND_ANY_COLUMN, .text = "^-?99\\d$", .len = 8 },
    { .what = FIND_NULL, .column = 2 },
    { .what = FIND_EQUAL, .column = 2, .text = "7", .len = 1 },
    { .what = FIND_UNEQUAL, .column = 2, .text = "7", .len = 1 },
    { .what = FIND_LESS, .column = 2, .text = "-990", .len = 4 },
    { .what = FIND_GREATER_EQUAL, .column = 2, .text = "990", .len = 3 },
    { .what = FIND_LESS_EQUAL, .column = 1, .text = "item9", .len = 5 },
    { .what = FIND_GREATER, .column = 1, .text = "item9", .len = 5 },
    { .what = FIND_EQUAL, .column = 1, .text = "item10", .len = 6 },
};

static bool is_number(const struct cell *c)
{
    return !c->null && c->len > 0;
}

static long number_of(const struct cell *c)
{
    char text[32] = "";
    memcpy(text, c->text, c->len < 31 ? c->len : 31);
    return strtol(text, NULL, 10);
}

static bool holds(enum find_what what, long order)
{
    return what == FIND_EQUAL ? order == 0 : what == FIND_UNEQUAL ? order != 0 : what == FIND_LESS ? order < 0
         : what == FIND_LESS_EQUAL ? order <= 0 : what == FIND_GREATER ? order > 0 : order >= 0;
}

/* The names' natural order, as this test knows them. */
static int name_rank(const struct cell *c)
{
    static const char *const order[] = { "", "Anna", "Bea \"B\"", "Ci,ara", "D\n000007,fake,1", "Item 1", "ZZLAST", "item9",
                                         "item10", "zoë", "山田" };
    for (int i = 0; i < 11; i++)
        if (strlen(order[i]) == c->len && memcmp(order[i], c->text, c->len) == 0)
            return i;
    fail_msg("\"%.*s\"", (int)c->len, c->text);
    return 0;
}

static bool has(const struct cell *c, const struct find *f)
{
    static const char *const zoe = "zoë";
    const char *text = f->len == 4 && f->any_case && f->text[0] == 'Z' ? zoe : f->text;
    for (size_t at = 0; at + f->len <= c->len; at++) {
        size_t i = 0;
        while (i < f->len && (c->text[at + i] == text[i] ||
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
        return is_number(c) && c->len >= 3 && c->len <= 4 && (c->text[0] == '-') == (c->len == 4) &&
               labs(number_of(c)) / 10 == 99;
    if (f->column == 2)
        return is_number(c) && holds(f->what, number_of(c) - strtol(f->text, NULL, 10));
    return holds(f->what, name_rank(c) - (f->text[4] == '9' ? 7 : 8));
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
    struct problem problem = { "" };
    uint64_t row, count;
    size_t n;
    uint64_t *found = loop_over(t, f, &n);
    if (engine_find(e, t, f, NULL, &list, &problem) != OK)
        fail_msg("condition %zu: %s", i, problem.text);
    if (list.n != n)
        fail_msg("condition %zu: %d instead of %zu", i, (int)list.n, n);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(row_list_read(&list, k, 1, &row), OK);
        assert_true(row == found[k]);
    }
    row_list_done(&list);
    assert_int_equal(engine_count(e, t, f, NULL, &count, NULL), OK);
    assert_int_equal(count, n);
    check_next(e, t, f, found, n);
    free(found);
}

static void every_condition_finds_what_a_loop_finds(void **state)
{
    (void)state;
    int fd = make_file(ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = make_engine(threads);
        struct table *t = make_table(e, fd);
        assert_true(table_has_hits(t));
        assert_int_equal(table_rows(t), ROWS + 1);
        for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
            check_condition(e, t, i);
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

static void what_is_no_condition_is_said(void **state)
{
    (void)state;
    struct engine *e = make_engine(1);
    int fd = make_file(10);
    struct table *t = make_table(e, fd);
    struct row_list list;
    struct problem problem;
    struct find f = { .what = FIND_PATTERN, .column = 0, .text = "a(b", .len = 3 };
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    assert_string_equal(problem.text, "\"a(b\" is no pattern: missing closing parenthesis, at its byte 4");
    f = (struct find){ .what = FIND_LESS, .column = 2, .text = "x", .len = 1 };
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    assert_string_equal(problem.text, "\"x\" is no i64");
    f = (struct find){ .what = FIND_LESS, .column = FIND_ANY_COLUMN, .text = "1", .len = 1 };
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    f = (struct find){ .what = FIND_TEXT, .column = 3, .text = "1", .len = 1 };
    assert_int_equal(engine_find(e, t, &f, NULL, &list, &problem), ERR_USAGE);
    table_free(t);
    engine_free(e);
    close(fd);
}

static void a_pattern_without_an_end_is_given_up(void **state)
{
    (void)state;
    struct engine *e = make_engine(1);
    static const char text[] = "a\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n";
    int fd = kit_file(text, sizeof text - 1);
    struct table *t = make_table(e, fd);
    struct row_list list;
    struct find f = { .what = FIND_PATTERN, .column = 0, .text = "^((a+)+)+$", .len = 10 };
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

/* --- frequency --- */

static void frequency_counts_each_text(void **state)
{
    (void)state;
    int fd = make_file(ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = make_engine(threads);
        struct table *t = make_table(e, fd);
        struct frequency all, some;
        uint64_t sum = 0;
        assert_int_equal(engine_frequency(e, t, 1, 1000, NULL, &all), OK);
        assert_true(all.complete);
        assert_int_equal(all.texts.n, 11);
        for (size_t i = 0; i < all.texts.n; i++) {
            struct find f = { .what = FIND_TEXT, .column = 1, .text = table_set_text(&all.texts, i),
                              .len = all.texts.entries[i].len };
            uint64_t count;
            assert_int_equal(engine_count(e, t, &f, NULL, &count, NULL), OK);
            assert_int_equal(all.texts.entries[i].count, count);
            sum += count;
        }
        assert_int_equal(sum + all.nulls, ROWS + 1);
        assert_int_equal(engine_frequency(e, t, 0, 100, NULL, &some), OK); /* there are 500 codes and one */
        assert_false(some.complete);
        assert_int_equal(some.texts.n, 100);
        sum = some.others + some.nulls;
        for (size_t i = 0; i < some.texts.n; i++)
            sum += some.texts.entries[i].count;
        assert_int_equal(sum, ROWS + 1);
        frequency_done(&all);
        frequency_done(&some);
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

/* --- sort --- */

/* Where each row goes by what this test knows of the columns. */
static long place_of(const struct row *row, size_t column, bool descending)
{
    const struct cell *c = &row->cells[column];
    long place = c->null ? 0 : column == 1 ? name_rank(c) : number_of(c);
    if (c->null)
        return -1000000000;
    return descending ? -place : place;
}

/* Where texts "again and again K" and "tN" go. */
static long place_of_text(const struct row *row, size_t column, bool descending)
{
    const struct cell *c = &row->cells[column];
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)c->len, c->text);
    long place = text[0] == 'a' ? atol(strrchr(text, ' ')) : 1000 + atol(text + 1);
    if (c->null)
        return -1000000000;
    return descending ? -place : place;
}

typedef long place_fn(const struct row *row, size_t column, bool descending);

static void check_order(struct engine *e, const struct table *t, size_t column, bool descending, place_fn *place)
{
    struct row_list list;
    struct table_reader *r;
    const struct row *row;
    uint64_t number, last = 0;
    long before = LONG_MIN;
    long *places = calloc(table_rows(t), sizeof *places);
    bool *seen = calloc(table_rows(t), 1);
    assert_true(places && seen);
    assert_int_equal(table_reader_new(t, &r), OK);
    while (assert_int_equal(table_next(r, &row), OK), row != NULL)
        places[row->number] = place(row, column, descending);
    assert_int_equal(engine_sort(e, t, column, descending, NULL, &list), OK);
    assert_int_equal(list.n, table_rows(t));
    for (uint64_t i = 0; i < list.n; i++) {
        assert_int_equal(row_list_read(&list, i, 1, &number), OK);
        assert_true(number < table_rows(t) && !seen[number]);
        seen[number] = true;
        if (places[number] < before || (i > 0 && places[number] == before && number < last))
            fail_msg("column %zu: row %d is at %d", column, (int)number, (int)i);
        before = places[number];
        last = number;
    }
    row_list_done(&list);
    table_reader_free(r);
    free(places);
    free(seen);
}

static void check_sorted(struct engine *e, const struct table *t, size_t column, bool descending)
{
    check_order(e, t, column, descending, place_of);
}

static void sorting_is_stable_in_both_directions(void **state)
{
    (void)state;
    int fd = make_file(ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = make_engine(threads);
        struct table *t = make_table(e, fd);
        for (size_t column = 0; column < 3; column++) {
            check_sorted(e, t, column, false);
            check_sorted(e, t, column, true);
        }
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

/* Too many different texts to number them, and some that come again and again, and nulls. */
static void texts_that_come_again_and_again_are_sorted_in_runs(void **state)
{
    (void)state;
    enum { MANY = 400000 };
    struct engine *e = make_engine(3);
    struct buf b;
    buf_init(&b, 64 << 20);
    buf_add_text(&b, "text,n\n");
    for (uint64_t i = 0; i < MANY; i++) {
        if (i % 3 == 0)
            buf_addf(&b, "t%llu,1\n", (unsigned long long)(i * 700001 % MANY));
        else
            buf_addf(&b, i % 50 == 1 ? ",%llu\n" : "again and again %llu,1\n", (unsigned long long)(i % 7));
    }
    int fd = kit_file(b.data, b.len);
    struct table *t = make_table(e, fd);
    check_order(e, t, 0, false, place_of_text);
    check_order(e, t, 0, true, place_of_text);
    table_free(t);
    engine_free(e);
    close(fd);
    buf_done(&b);
}

/* More rows than a run holds, with numbers and texts that are all different. */
static void more_than_fits_is_sorted_in_runs(void **state)
{
    (void)state;
    enum { MANY = 1500000 };
    struct engine *e = make_engine(3);
    struct buf b;
    struct row_list list;
    buf_init(&b, 256 << 20);
    buf_add_text(&b, "n,text\n");
    for (uint64_t i = 0; i < MANY; i++) /* 7 and MANY have no common factor: each number comes once */
        buf_addf(&b, "%llu,t%llu\n", (unsigned long long)(i * 700001 % MANY), (unsigned long long)(i * 700001 % MANY));
    int fd = kit_file(b.data, b.len);
    struct table *t = make_table(e, fd);
    assert_int_equal(table_rows(t), MANY);
    uint64_t *rows = malloc(MANY * sizeof *rows);
    assert_non_null(rows);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(engine_sort(e, t, (size_t)k / 2, k & 1, NULL, &list), OK);
        assert_int_equal(list.n, MANY);
        assert_int_equal(row_list_read(&list, 0, MANY, rows), OK);
        for (uint64_t i = 0; i < MANY; i++)
            assert_true(rows[i] * 700001 % MANY == (k & 1 ? MANY - 1 - i : i));
        row_list_done(&list);
    }
    free(rows);
    table_free(t);
    engine_free(e);
    close(fd);
    buf_done(&b);
}

struct order_case {
    const char *text, *dtype;
    const char *order; /* row numbers */
};

static const struct order_case orders[] = {
    { "a\na10\na9\na\na010\na10b\na1\nA2\n", "str", "6 2 5 1 0 3 4" }, /* a10 before a010: the same number */
    { "a\n\nx\n\"\"\n\n", "str", "0 3 2 1" },                          /* nulls, nothing at all, something */
    { "a\n2\n10\n-3\n\n+1.5\n-inf\nNaN\ninf\n", "f64", "3 5 2 4 0 1 7 6" },
    { "a\ntrue\nfalse\n\nTRUE\n", "bool", "2 1 0 3" },
    { "a\n9223372036854775807\n-9223372036854775808\n0\n", "i64", "1 2 0" },
    { "a\nx2\nx1\nx\n", "str", "2 1 0" },
    { "a\n18446744073709551616\n18446744073709551615\n99\n", "str", "2 1 0" }, /* numbers of any length */
};

static void values_are_ordered_by_their_dtype(void **state)
{
    (void)state;
    struct engine *e = make_engine(1);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char order[100] = "";
        struct row_list list;
        int fd = kit_file(orders[i].text, strlen(orders[i].text));
        struct table *t = make_table(e, fd);
        assert_string_equal(dtype_names[table_column(t, 0)->dtype], orders[i].dtype);
        assert_int_equal(engine_sort(e, t, 0, false, NULL, &list), OK);
        for (uint64_t k = 0; k < list.n; k++) {
            uint64_t row;
            assert_int_equal(row_list_read(&list, k, 1, &row), OK);
            snprintf(order + strlen(order), sizeof order - strlen(order), "%s%d", k ? " " : "", (int)row);
        }
        assert_string_equal(order, orders[i].order);
        row_list_done(&list);
        table_free(t);
        close(fd);
    }
    engine_free(e);
}

/* --- statistics --- */

static void statistics_are_those_of_a_loop(void **state)
{
    (void)state;
    int fd = make_file(ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = make_engine(threads);
        struct table *t = make_table(e, fd);
        struct statistics s;
        struct table_reader *r;
        const struct row *row;
        double sum = 0, squares = 0, n = 0;
        assert_int_equal(table_reader_new(t, &r), OK);
        while (assert_int_equal(table_next(r, &row), OK), row != NULL) {
            if (!row->cells[2].null) {
                double v = (double)number_of(&row->cells[2]);
                sum += v;
                squares += v * v;
                n++;
            }
        }
        table_reader_free(r);
        assert_int_equal(engine_statistics(e, t, 2, NULL, &s), OK);
        double variance = (squares - sum * sum / n) / (n - 1);
        assert_int_equal(s.rows, ROWS + 1);
        assert_int_equal(s.nulls, ROWS + 1 - (uint64_t)n);
        assert_true(s.sum == sum && s.odd == 0 && s.distinct == 2000 && s.distinct_exact);
        assert_true(s.mean - sum / n < 1e-9 && sum / n - s.mean < 1e-9);
        assert_true(s.deviation * s.deviation / variance < 1 + 1e-9 && variance / (s.deviation * s.deviation) < 1 + 1e-9);
        assert_string_equal(buf_text(&s.least), "-1000");
        assert_string_equal(buf_text(&s.greatest), "999");
        statistics_done(&s);
        assert_int_equal(engine_statistics(e, t, 1, NULL, &s), OK);
        assert_string_equal(buf_text(&s.least), "");
        assert_string_equal(buf_text(&s.greatest), "山田");
        assert_true(s.shortest == 0 && s.longest == strlen("D\n000007,fake,1") && s.distinct == 11);
        statistics_done(&s);
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

/* --- lists, stopping, changes --- */

static void lists_of_rows_are_the_same_in_memory_and_in_a_file(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        struct row_list list, odd, both;
        uint64_t at, row, rows[1000];
        row_list_init(&list, wide ? (uint64_t)1 << 40 : 1000);
        row_list_init(&odd, wide ? (uint64_t)1 << 40 : 1000);
        for (uint64_t i = 0; i < 100000; i++) {
            assert_int_equal(row_list_add(&list, 2 * i), OK);
            assert_int_equal(row_list_add(&odd, 3 * i), OK);
        }
        assert_int_equal(list.n, 100000);
        assert_true(list.fd > 0);
        for (uint64_t i = 0; i < 99000; i += 990) {
            assert_int_equal(row_list_read(&list, i, 1000, rows), OK);
            for (uint64_t k = 0; k < 1000; k++)
                assert_true(rows[k] == 2 * (i + k));
        }
        assert_int_equal(row_list_read(&list, 99999, 2, rows), ERR_USAGE);
        assert_int_equal(row_list_find(&list, 777, &at), OK);
        assert_int_equal(at, 389);
        assert_int_equal(row_list_find(&list, 1 << 30, &at), OK);
        assert_int_equal(at, 100000);
        assert_int_equal(row_list_both(&list, &odd, &both), OK);
        assert_int_equal(both.n, 33334);
        assert_int_equal(row_list_read(&both, 33333, 1, &row), OK);
        assert_int_equal(row, 33333 * 6);
        row_list_done(&list);
        row_list_done(&odd);
        row_list_done(&both);
    }
}

static void everything_stops_when_it_is_asked_to(void **state)
{
    (void)state;
    struct engine *e = make_engine(2);
    int fd = make_file(ROWS);
    struct table *t = make_table(e, fd), *none = NULL;
    struct table_progress progress = { .stop = 1 };
    struct row_list list;
    struct frequency f;
    struct statistics s;
    uint64_t n;
    assert_int_equal(engine_index(e, t, &progress, &none, NULL), OK); /* it has its index */
    table_free(none);
    none = NULL;
    assert_int_equal(engine_find(e, t, &conditions[0], &progress, &list, NULL), ERR_CANCELLED);
    assert_int_equal(engine_find(e, t, &conditions[1], &progress, &list, NULL), ERR_CANCELLED);
    assert_int_equal(engine_count(e, t, &conditions[0], &progress, &n, NULL), ERR_CANCELLED);
    assert_int_equal(engine_find_next(e, t, &conditions[2], 0, false, &progress, &n, NULL), ERR_CANCELLED);
    assert_int_equal(engine_frequency(e, t, 0, 10, &progress, &f), ERR_CANCELLED);
    assert_int_equal(engine_sort(e, t, 0, false, &progress, &list), ERR_CANCELLED);
    assert_int_equal(engine_sort(e, t, 2, false, &progress, &list), ERR_CANCELLED);
    assert_int_equal(engine_statistics(e, t, 2, &progress, &s), ERR_CANCELLED);
    assert_int_equal(engine_learn(e, t, &progress, &none, NULL), ERR_CANCELLED);
    progress.stop = 0;
    assert_int_equal(engine_count(e, t, &conditions[0], &progress, &n, NULL), OK);
    assert_int_equal(progress.done, progress.total);
    table_free(t);
    engine_free(e);
    close(fd);
}

static void a_file_that_changed_is_an_error_everywhere(void **state)
{
    (void)state;
    struct engine *e = make_engine(2);
    int fd = make_file(ROWS);
    struct table *t = make_table(e, fd);
    struct row_list list;
    struct frequency f;
    struct statistics s;
    uint64_t n;
    assert_int_equal(ftruncate(fd, 1000000), 0);
    assert_int_equal(engine_find(e, t, &conditions[0], NULL, &list, NULL), ERR_CHANGED);
    assert_int_equal(engine_count(e, t, &conditions[1], NULL, &n, NULL), ERR_CHANGED);
    assert_int_equal(engine_frequency(e, t, 0, 10, NULL, &f), ERR_CHANGED);
    assert_int_equal(engine_sort(e, t, 0, false, NULL, &list), ERR_CHANGED);
    assert_int_equal(engine_statistics(e, t, 2, NULL, &s), ERR_CHANGED);
    table_free(t);
    engine_free(e);
    close(fd);
}

static void a_table_without_rows_has_none(void **state)
{
    (void)state;
    struct engine *e = make_engine(2);
    int fd = kit_file("code,name,n\n", 12);
    struct table *t = make_table(e, fd);
    struct row_list list;
    struct frequency f;
    struct statistics s;
    uint64_t n;
    assert_int_equal(engine_find(e, t, &conditions[0], NULL, &list, NULL), OK);
    assert_int_equal(list.n, 0);
    row_list_done(&list);
    assert_int_equal(engine_find_next(e, t, &conditions[0], 0, true, NULL, &n, NULL), OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(engine_sort(e, t, 0, false, NULL, &list), OK);
    assert_int_equal(list.n, 0);
    row_list_done(&list);
    assert_int_equal(engine_frequency(e, t, 0, 10, NULL, &f), OK);
    assert_true(f.complete && f.texts.n == 0);
    frequency_done(&f);
    assert_int_equal(engine_statistics(e, t, 0, NULL, &s), OK);
    assert_true(s.rows == 0 && s.distinct == 0 && s.distinct_exact);
    statistics_done(&s);
    table_free(t);
    engine_free(e);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_condition_finds_what_a_loop_finds),
        cmocka_unit_test(what_is_no_condition_is_said),
        cmocka_unit_test(a_pattern_without_an_end_is_given_up),
        cmocka_unit_test(case_matters_only_if_there_is_an_upper_case_letter),
        cmocka_unit_test(frequency_counts_each_text),
        cmocka_unit_test(sorting_is_stable_in_both_directions),
        cmocka_unit_test(texts_that_come_again_and_again_are_sorted_in_runs),
        cmocka_unit_test(more_than_fits_is_sorted_in_runs),
        cmocka_unit_test(values_are_ordered_by_their_dtype),
        cmocka_unit_test(statistics_are_those_of_a_loop),
        cmocka_unit_test(lists_of_rows_are_the_same_in_memory_and_in_a_file),
        cmocka_unit_test(everything_stops_when_it_is_asked_to),
        cmocka_unit_test(a_file_that_changed_is_an_error_everywhere),
        cmocka_unit_test(a_table_without_rows_has_none),
    };
    return cmocka_run_group_tests_name("engine_table", tests, NULL, NULL);
}
