/* SPDX-License-Identifier: MIT
 * Frequencies, statistics and row lists of a whole table, on one thread and on several; and how every operation is
 * stopped or fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/engine_kit.h"
#include "tests/kit/table_kit.h"

static const struct find seven = {.what = FIND_TEXT, .text = "000007", .len = 6},
                         others = {.what = FIND_TEXT, .text = "000007", .len = 6, .inverted = true},
                         none_at_all = {.what = FIND_TEXT, .text = "nowhere", .len = 7};

static void frequency_counts_each_text(void **state)
{
    (void)state;
    int fd = kit_names_file(KIT_ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = kit_engine(threads);
        struct table *t = kit_indexed(e, fd);
        struct frequency all, some;
        uint64_t sum = 0;
        assert_int_equal(engine_frequency(e, t, 1, 1000, NULL, &all), OK);
        assert_true(all.complete);
        assert_int_equal(all.texts.n, 11);
        for (size_t i = 0; i < all.texts.n; i++) {
            struct find f = {
                .what = FIND_TEXT, .column = 1, .text = table_set_text(&all.texts, i), .len = all.texts.entries[i].len};
            struct row_list rows;
            assert_int_equal(engine_find(e, t, &f, NULL, &rows, NULL), OK);
            assert_int_equal(all.texts.entries[i].count, rows.n);
            sum += rows.n;
            row_list_done(&rows);
        }
        assert_int_equal(sum + all.nulls, KIT_ROWS + 1);
        assert_int_equal(engine_frequency(e, t, 0, 100, NULL, &some), OK); /* there are 501 codes */
        assert_false(some.complete);
        assert_int_equal(some.texts.n, 100);
        sum = some.others + some.nulls;
        for (size_t i = 0; i < some.texts.n; i++)
            sum += some.texts.entries[i].count;
        assert_int_equal(sum, KIT_ROWS + 1);
        frequency_done(&all);
        frequency_done(&some);
        table_free(t);
        engine_free(e);
    }
    close(fd);
}

/* --- statistics --- */

static void statistics_equal_those_of_a_plain_loop(void **state)
{
    (void)state;
    int fd = kit_names_file(KIT_ROWS);
    for (int threads = 1; threads <= 4; threads += 3) {
        struct engine *e = kit_engine(threads);
        struct table *t = kit_indexed(e, fd);
        struct statistics s;
        struct table_reader *r;
        const struct row *row;
        double sum = 0, squares = 0, n = 0;
        assert_int_equal(table_reader_new(t, &r), OK);
        while (assert_int_equal(table_next(r, &row), OK), row != NULL) {
            if (!row->cells[2].null) {
                double v = (double)kit_number_of(&row->cells[2]);
                sum += v;
                squares += v * v;
                n++;
            }
        }
        table_reader_free(r);
        assert_int_equal(engine_statistics(e, t, 2, NULL, &s), OK);
        double variance = (squares - sum * sum / n) / (n - 1);
        assert_int_equal(s.rows, KIT_ROWS + 1);
        assert_int_equal(s.nulls, KIT_ROWS + 1 - (uint64_t)n);
        assert_true(s.sum == sum && s.odd == 0 && s.distinct == 2000 && s.distinct_exact);
        assert_true(s.mean - sum / n < 1e-9 && sum / n - s.mean < 1e-9);
        assert_true(s.deviation * s.deviation / variance < 1 + 1e-9);
        assert_true(variance / (s.deviation * s.deviation) < 1 + 1e-9);
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

static void row_lists_are_the_same_in_memory_and_in_a_file(void **state)
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

static void every_operation_can_be_stopped(void **state)
{
    (void)state;
    struct engine *e = kit_engine(2);
    int fd = kit_names_file(KIT_ROWS);
    struct table *t = kit_indexed(e, fd), *none = NULL;
    struct table_progress progress = {.stop = 1};
    struct row_list list;
    struct frequency f;
    struct statistics s;
    uint64_t n;
    assert_int_equal(engine_index(e, t, &progress, &none, NULL), OK); /* the index is complete already */
    table_free(none);
    none = NULL;
    assert_int_equal(engine_find(e, t, &seven, &progress, &list, NULL), ERR_CANCELLED);
    assert_int_equal(engine_find(e, t, &others, &progress, &list, NULL), ERR_CANCELLED);
    assert_int_equal(engine_find_next(e, t, &none_at_all, 0, false, &progress, &n, NULL), ERR_CANCELLED);
    assert_int_equal(engine_frequency(e, t, 0, 10, &progress, &f), ERR_CANCELLED);
    assert_int_equal(engine_sort(e, t, 0, false, &progress, &list), ERR_CANCELLED);
    assert_int_equal(engine_sort(e, t, 2, false, &progress, &list), ERR_CANCELLED);
    assert_int_equal(engine_statistics(e, t, 2, &progress, &s), ERR_CANCELLED);
    assert_int_equal(engine_learn(e, t, &progress, &none, NULL), ERR_CANCELLED);
    progress.stop = 0;
    assert_int_equal(engine_find(e, t, &seven, &progress, &list, NULL), OK);
    row_list_done(&list);
    assert_int_equal(progress.done, progress.total);
    table_free(t);
    engine_free(e);
    close(fd);
}

static void every_operation_notices_a_changed_file(void **state)
{
    (void)state;
    struct engine *e = kit_engine(2);
    int fd = kit_names_file(KIT_ROWS);
    struct table *t = kit_indexed(e, fd);
    struct row_list list;
    struct frequency f;
    struct statistics s;
    assert_int_equal(ftruncate(fd, 1000000), 0);
    assert_int_equal(engine_find(e, t, &seven, NULL, &list, NULL), ERR_CHANGED);
    assert_int_equal(engine_find(e, t, &others, NULL, &list, NULL), ERR_CHANGED);
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
    struct engine *e = kit_engine(2);
    int fd = kit_file("code,name,n\n", 12);
    struct table *t = kit_indexed(e, fd);
    struct row_list list;
    struct frequency f;
    struct statistics s;
    uint64_t n;
    assert_int_equal(engine_find(e, t, &seven, NULL, &list, NULL), OK);
    assert_int_equal(list.n, 0);
    row_list_done(&list);
    assert_int_equal(engine_find_next(e, t, &seven, 0, true, NULL, &n, NULL), OK);
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
        cmocka_unit_test(frequency_counts_each_text),
        cmocka_unit_test(statistics_equal_those_of_a_plain_loop),
        cmocka_unit_test(row_lists_are_the_same_in_memory_and_in_a_file),
        cmocka_unit_test(every_operation_can_be_stopped),
        cmocka_unit_test(every_operation_notices_a_changed_file),
        cmocka_unit_test(a_table_without_rows_has_none),
    };
    return cmocka_run_group_tests_name("engine_table", tests, NULL, NULL);
}
