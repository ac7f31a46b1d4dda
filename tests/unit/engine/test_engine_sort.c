/* SPDX-License-Identifier: MIT
 * Sorting a whole table, on one thread and on several: stable, natural, by dtype, and more rows than fit into memory.
 */
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

#include "tests/kit/engine_kit.h"
#include "tests/kit/table_kit.h"

/* The sort position of each row, from what this test knows of the columns. */
static long place_of(const struct row *row, size_t column, bool descending)
{
    const struct cell *c = &row->cells[column];
    long place = c->null ? 0 : column == 1 ? kit_name_rank(c) : kit_number_of(c);
    if (c->null)
        return -1000000000;
    return descending ? -place : place;
}

/* The sort position of the texts "again and again K" and "tN". */
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
    int fd = kit_names_file(KIT_ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = kit_engine(threads);
        struct table *t = kit_indexed(e, fd);
        for (size_t column = 0; column < 3; column++) {
            check_sorted(e, t, column, false);
            check_sorted(e, t, column, true);
        }
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

/* Too many distinct texts to number them, some of which are repeated, and nulls. */
static void sorts_repeated_texts_in_runs(void **state)
{
    (void)state;
    enum { MANY = 400000 };
    struct engine *e = kit_engine(3);
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
    struct table *t = kit_indexed(e, fd);
    check_order(e, t, 0, false, place_of_text);
    check_order(e, t, 0, true, place_of_text);
    table_free(t);
    engine_free(e);
    close(fd);
    buf_done(&b);
}

/* More rows than a run has, with distinct numbers and texts. */
static void sorts_more_rows_than_fit_into_memory(void **state)
{
    (void)state;
    enum { MANY = 1500000 };
    struct engine *e = kit_engine(3);
    struct buf b;
    struct row_list list;
    buf_init(&b, 256 << 20);
    buf_add_text(&b, "n,text\n");
    for (uint64_t i = 0; i < MANY; i++) /* 7 and MANY are coprime: each number occurs once */
        buf_addf(&b, "%llu,t%llu\n", (unsigned long long)(i * 700001 % MANY), (unsigned long long)(i * 700001 % MANY));
    int fd = kit_file(b.data, b.len);
    struct table *t = kit_indexed(e, fd);
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
    {"a\na10\na9\na\na010\na10b\na1\nA2\n", "str",
     "6 2 5 1 0 3 4"},                      /* a10 before a010, although the numbers are equal */
    {"a\n\nx\n\"\"\n\n", "str", "0 3 2 1"}, /* nulls, an empty text, a text */
    {"a\n2\n10\n-3\n\n+1.5\n-inf\nNaN\ninf\n", "f64", "3 5 2 4 0 1 7 6"},
    {"a\ntrue\nfalse\n\nTRUE\n", "bool", "2 1 0 3"},
    {"a\n9223372036854775807\n-9223372036854775808\n0\n", "i64", "1 2 0"},
    {"a\nx2\nx1\nx\n", "str", "2 1 0"},
    {"a\n18446744073709551616\n18446744073709551615\n99\n", "str", "2 1 0"}, /* numbers of any length */
};

static void sorts_values_by_their_dtype(void **state)
{
    (void)state;
    struct engine *e = kit_engine(1);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char order[100] = "";
        struct row_list list;
        int fd = kit_file(orders[i].text, strlen(orders[i].text));
        struct table *t = kit_indexed(e, fd);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_is_stable_in_both_directions),
        cmocka_unit_test(sorts_repeated_texts_in_runs),
        cmocka_unit_test(sorts_more_rows_than_fit_into_memory),
        cmocka_unit_test(sorts_values_by_their_dtype),
    };
    return cmocka_run_group_tests_name("engine_sort", tests, NULL, NULL);
}
