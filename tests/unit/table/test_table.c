/* SPDX-License-Identifier: MIT
 * core/table: loading, cells, dtypes, key, codes, readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/table_kit.h"

static const char sample[] = "code,name,age\n0001,hoge,20\n0002,fuga,10\n0003,piyo,32\n0004,foo,15\n0005,bar,60\n";

static void loads_the_sample(void **state)
{
    (void)state;
    char text[500];
    struct table *t = kit_table(sample);
    assert_int_equal(table_rows(t), 5);
    assert_int_equal(table_columns(t), 3);
    assert_int_equal(table_key(t), 0);
    assert_string_equal(table_path(t), "t.csv");
    kit_dtypes(t, text, sizeof text);
    assert_string_equal(text, "str str i64");
    kit_cells(t, text, sizeof text);
    assert_string_equal(text, "0001|hoge|20\n0002|fuga|10\n0003|piyo|32\n0004|foo|15\n0005|bar|60\n");
    table_free(t);
}

static void cells_keep_their_bytes(void **state)
{
    (void)state;
    static const char text[] = "a,b\nx\0y,\xff\xfe\n\"\0\",\x80\n";
    struct table *t = NULL;
    struct table_reader *reader;
    const struct row *row;
    struct problem problem;
    int fd = kit_file(text, sizeof text - 1);
    assert_int_equal(table_load(fd, &(struct table_options){.path = "t.csv"}, NULL, &t, &problem), OK);
    close(fd);
    assert_int_equal(table_reader_new(t, &reader), OK);
    assert_int_equal(table_next(reader, &row), OK);
    assert_int_equal(row->cells[0].len, 3);
    assert_memory_equal(row->cells[0].text, "x\0y", 3);
    assert_memory_equal(row->cells[1].text, "\xff\xfe", 2);
    assert_int_equal(table_next(reader, &row), OK);
    assert_int_equal(row->cells[0].len, 1);
    assert_memory_equal(row->cells[0].text, "\0", 1);
    assert_int_equal(table_next(reader, &row), OK);
    assert_null(row);
    table_reader_free(reader);
    table_free(t);
}

struct shape_case {
    const char *text, *names, *cells;
};

static const struct shape_case shapes[] = {
    {"a,b\n1,2\n", "a b", "1|2\n"},
    {"\xef\xbb\xbf"
     "a,b\n1,2\n",
     "a b", "1|2\n"},
    {"\xef\xbb\xbf\"a\",b\n1,2\n", "a b", "1|2\n"}, /* libcsv would refuse a quote after the byte order mark */
    {"\n\r\na\n1\n", "a", "1\n"},                   /* empty lines before the header */
    {"a,b\n1,2\n\n3,4\n\n", "a b",
     "1|2\n~|~\n3|4\n~|~\n"}, /* empty lines after the header are rows of nulls, as in Polars */
    {"a\n1\n\n3\n", "a", "1\n~\n3\n"},
    {"a,b\n1\n", "a b", "1|~\n"},
    {"a,b\n\"\",\n", "a b", "|~\n"},
    {"a,b\r\n1,2\r\n", "a b", "1|2\n"},
    {"a,b\n1\r2,3\n", "a b", "1\r2|3\n"},
    {"a,b\r1,2\r3,4\r", "a b", "1|2\n3|4\n"}, /* without newlines a lone CR ends a line, … */
    {"a,b\r1,2\r\r3,4", "a b", "1|2\n~|~\n3|4\n"},
    {"a,b\r1,\"x\ry\"\r3,\"p\nq\r\nr\"\r", "a b",
     "1|x\ny\n3|p\nq\r\nr\n"}, /* … and is read as a newline within a text */
    {"a\r,b\n1,2\n", "a b", "1|2\n"},
    {"a,b\n1,2", "a b", "1|2\n"},
    {"a,b\n1,\"2\"", "a b", "1|2\n"},
    {"a,b\n", "a b", ""},
    {"a,b", "a b", ""},
    {" a ,b\n", " a  b", ""},
    {"a,a,b,a\n1,2,3,4\n", "a a_duplicated_0 b a_duplicated_1", "1|2|3|4\n"},
    {",,\n", " _duplicated_0 _duplicated_1", ""},
    {"\"x\ny\",b\n1,2\n", "x\ny b", "1|2\n"},
};

static void tables_have_the_shape_that_polars_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char cells[200], names[200] = "";
        struct table *t = kit_table(shapes[i].text);
        kit_cells(t, cells, sizeof cells);
        for (size_t c = 0; c < table_columns(t); c++) {
            strcat(names, c ? " " : "");
            strncat(names, table_column(t, c)->name, table_column(t, c)->name_len);
        }
        if (strcmp(cells, shapes[i].cells) != 0 || strcmp(names, shapes[i].names) != 0)
            fail_msg("case %zu: names \"%s\", cells \"%s\"", i, names, cells);
        table_free(t);
    }
}

struct dtype_case {
    const char *cells; /* one a line */
    const char *dtype;
};

static const struct dtype_case inferred[] = {
    {"1\n-2\n0\n", "i64"},
    {"9223372036854775807\n-9223372036854775808\n", "i64"},
    {"9223372036854775808\n", "str"},
    {"9223372036854775808\n1.5\n", "f64"},
    {"9223372036854775808\n1.5\n1\n", "str"},
    {"\"1\"\n", "i64"},
    {"\n1\n\n", "i64"},
    {"1\n2.5\n", "f64"},
    {"1.\n.5\n-.5\n+1.5\n1e5\n1E-5\ninf\n-inf\nNaN\n+NaN\n", "f64"},
    {"true\nFALSE\nTrue\n", "bool"},
    {"true\n1\n", "str"},
    {"01\n", "str"},
    {"1\n-007\n", "str"},
    {"00.5\n", "str"},
    {"0\n0.5\n", "f64"},
    {"+5\n", "str"},
    {" 1\n", "str"},
    {"1 \n", "str"},
    {"nan\n", "str"},
    {"Inf\n", "str"},
    {".\n", "str"},
    {"-\n", "str"},
    {"1.e5\n", "str"},
    {"1e\n", "str"},
    {"1_000\n", "str"},
    {"0x10\n", "str"},
    {"1\n\"\"\n", "str"},
    {"\n\n", "str"},
    {"", "str"},
    {"2024-01-31\n", "str"},
    {"truely\n", "str"},
    {"t\n", "str"},
};

static void infers_dtypes_as_polars_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof inferred / sizeof *inferred; i++) {
        char text[200], dtype[20];
        snprintf(text, sizeof text, "a\n%s", inferred[i].cells);
        struct table *t = kit_table(text);
        kit_dtypes(t, dtype, sizeof dtype);
        if (strcmp(dtype, inferred[i].dtype) != 0)
            fail_msg("case %zu: %s", i, dtype);
        table_free(t);
    }
}

struct value_case {
    enum dtype dtype;
    const char *cell, *shown; /* NULL: refused */
};

static const struct value_case values[] = {
    {DTYPE_I64, "+5", "5"},
    {DTYPE_I64, " 5", "5"},
    {DTYPE_I64, "\t5", "5"},
    {DTYPE_I64, "05", "5"},
    {DTYPE_I64, "-0", "0"},
    {DTYPE_I64, "\" 5\"", "5"},
    {DTYPE_I64, "\"\"", "null"},
    {DTYPE_I64, "", "null"},
    {DTYPE_I64, "  ", "null"},
    {DTYPE_I64, "-9223372036854775808", "-9223372036854775808"},
    {DTYPE_I64, "00000000000000000000000000005", "5"},
    {DTYPE_I64, "9223372036854775808", NULL},
    {DTYPE_I64, "5 ", NULL},
    {DTYPE_I64, "--5", NULL},
    {DTYPE_I64, "+-5", NULL},
    {DTYPE_I64, "1_000", NULL},
    {DTYPE_I64, "1.0", NULL},
    {DTYPE_I64, "0x5", NULL},
    {DTYPE_I64, "-", NULL},
    {DTYPE_F64, "5", "5.0"},
    {DTYPE_F64, "+.5", "0.5"},
    {DTYPE_F64, "5.", "5.0"},
    {DTYPE_F64, "INF", "inf"},
    {DTYPE_F64, "-Infinity", "-inf"},
    {DTYPE_F64, "-nan", "NaN"},
    {DTYPE_F64, "1e400", "inf"},
    {DTYPE_F64, "1e-400", "0.0"},
    {DTYPE_F64, "\"\"", "null"},
    {DTYPE_F64, "1e6", "1e6"},
    {DTYPE_F64, "123456789.125", "1.2346e8"},
    {DTYPE_F64, ".", NULL},
    {DTYPE_F64, "1e", NULL},
    {DTYPE_F64, "1e+", NULL},
    {DTYPE_F64, "0x10", NULL},
    {DTYPE_F64, "infinit", NULL},
    {DTYPE_F64, "1.5f", NULL},
    {DTYPE_F64, "5 ", NULL},
    {DTYPE_BOOL, "TRUE", "true"},
    {DTYPE_BOOL, "\"false\"", "false"},
    {DTYPE_BOOL, "\"\"", "null"},
    {DTYPE_BOOL, "t", NULL},
    {DTYPE_BOOL, "1", NULL},
    {DTYPE_BOOL, " true", NULL},
    {DTYPE_DATE, "2024-01-05", "2024-01-05"},
    {DTYPE_DATE, "2024/1/5", "2024-01-05"},
    {DTYPE_DATE, "05.01.2024", "2024-01-05"},
    {DTYPE_DATE, "24-01-05", "0005-01-24"},
    {DTYPE_DATE, "0001-01-01", "0001-01-01"},
    {DTYPE_DATE, " 2024-01-05", "2024-01-05"},
    {DTYPE_DATE, "2024-02-29", "2024-02-29"},
    {DTYPE_DATE, "-001-01-01", "-0001-01-01"},
    {DTYPE_DATE, "\"\"", "null"},
    {DTYPE_DATE, "2023-02-29", NULL},
    {DTYPE_DATE, "2024-13-01", NULL},
    {DTYPE_DATE, "20240105", NULL},
    {DTYPE_DATE, "2024-01-05 10:00:00", NULL},
    {DTYPE_DATE, "12024-01-05", NULL},
    {DTYPE_DATE, "2024-01/05", NULL},
    {DTYPE_DATE, "2024-01-05 ", NULL},
    {DTYPE_DATE, "x", NULL},
    {DTYPE_STR, "007", "007"},
    {DTYPE_STR, "\"\"", ""},
    {DTYPE_STR, "", "null"},
    {DTYPE_STR, "123456789012345678901234567890", "123456789012345678901234567890"},
    {DTYPE_STR, "1234567890123456789012345678901", "123456789012345678901234567890…"},
};

static void check_value(const struct value_case *c)
{
    char text[200];
    struct dtype_override given = {"a", c->dtype};
    struct table_options options = {.path = "t.csv", .overrides = &given, .noverrides = 1};
    struct problem problem;
    struct table_reader *reader;
    const struct row *row;
    struct buf shown;
    snprintf(text, sizeof text, "a,b\n%s,1\n", c->cell);
    enum err err = kit_load(text, strlen(text), &options, &problem);
    if (err != (c->shown ? OK : ERR_PARSE))
        fail_msg("\"%s\" as %s: %s", c->cell, dtype_names[c->dtype], problem.text);
    if (!c->shown)
        return;
    struct table *t = kit_table_with(text, &options, NULL);
    buf_init(&shown, 100);
    assert_true(table_column(t, 0)->given);
    assert_int_equal(table_reader_new(t, &reader), OK);
    assert_int_equal(table_next(reader, &row), OK);
    assert_int_equal(table_add_value(t, 0, &row->cells[0], &shown), OK);
    assert_string_equal(buf_text(&shown), c->shown);
    buf_done(&shown);
    table_reader_free(reader);
    table_free(t);
}

static void parses_and_shows_given_dtypes_as_polars_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check_value(&values[i]);
}

static void the_first_date_of_a_column_decides_the_order_of_all(void **state)
{
    (void)state;
    struct dtype_override given = {"a", DTYPE_DATE};
    struct table_options options = {.path = "t.csv", .overrides = &given, .noverrides = 1};
    struct problem problem;
    static const char good[] = "a\n2024-01-31\n24-01-05\n", bad[] = "a\n31-01-2024\n2024-01-31\n";
    assert_int_equal(kit_load(good, sizeof good - 1, &options, &problem), OK);
    assert_int_equal(kit_load(bad, sizeof bad - 1, &options, &problem), ERR_PARSE);
    assert_string_equal(problem.text,
                        "t.csv:3:1: \"2024-01-31\" is not a valid date, the dtype given for column \"a\"");
}

static void the_key_is_the_named_column_or_code_or_the_first(void **state)
{
    (void)state;
    struct table *t = kit_table("name,code\na,1\n");
    assert_int_equal(table_key(t), 1);
    table_free(t);
    t = kit_table("name,codes\na,1\n");
    assert_int_equal(table_key(t), 0);
    table_free(t);
    t = kit_table_with("name,code\na,1\n", &(struct table_options){.path = "t.csv", .key = "name"}, NULL);
    assert_int_equal(table_key(t), 0);
    table_free(t);
}

static void codes_are_distinct_counted_and_in_order(void **state)
{
    (void)state;
    static const char *const codes[] = {"b", "a,x", "", "01"};
    static const uint64_t counts[] = {3, 1, 1, 2};
    struct table *t = kit_table("code,v\nb,1\n\"a,x\",2\nb,3\n,4\n\"\",5\n01,6\nb,7\n01,8\n");
    assert_int_equal(table_codes(t), 4);
    assert_true(table_codes_complete(t));
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(table_code(t, i)->text, codes[i]);
        assert_int_equal(table_code(t, i)->count, counts[i]);
    }
    table_free(t);
}

/* 250,000 codes, three rows each, in parts on real threads: the first codes are kept, and their counts are right. */
static void keeps_the_first_codes_with_exact_counts_if_there_are_too_many(void **state)
{
    (void)state;
    struct buf b;
    struct table_runner threads = kit_threads(3);
    buf_init(&b, 64 << 20);
    buf_add_text(&b, "code\n");
    for (size_t i = 0; i < 750000; i++)
        buf_addf(&b, "c%zu\n", i % 250000);
    assert_int_equal(b.err, OK);
    struct table *t = kit_table_with(b.data, &(struct table_options){.path = "t.csv"}, &threads);
    buf_done(&b);
    assert_int_equal(table_rows(t), 750000);
    assert_int_equal(table_codes(t), TABLE_CODES_MAX);
    assert_false(table_codes_complete(t));
    for (size_t i = 0; i < TABLE_CODES_MAX; i++) {
        char code[20];
        snprintf(code, sizeof code, "c%zu", i);
        assert_string_equal(table_code(t, i)->text, code);
        assert_int_equal(table_code(t, i)->count, 3);
    }
    table_free(t);
}

static void threads_find_the_same_as_one_thread(void **state)
{
    (void)state;
    struct table_runner threads = kit_threads(4);
    char one[40], all[40];
    struct buf text = kit_many_rows(5000);
    struct table_options options = {.path = "t.csv"};
    struct table *a = kit_table(text.data), *b = kit_table_with(text.data, &options, &threads);
    kit_dtypes(a, one, sizeof one);
    kit_dtypes(b, all, sizeof all);
    assert_string_equal(one, all);
    assert_int_equal(table_codes(a), 5000);
    assert_int_equal(table_codes(b), 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_string_equal(table_code(a, i)->text, table_code(b, i)->text);
    table_free(a);
    table_free(b);
    buf_done(&text);
}

static void check_row(struct table_reader *reader, size_t number)
{
    char expected[60];
    const struct row *row;
    assert_int_equal(table_next(reader, &row), OK);
    assert_non_null(row);
    assert_int_equal(row->number, number);
    snprintf(expected, sizeof expected, number % 7 ? "text %zu" : "text\n%zu,fake", number);
    assert_int_equal(row->cells[1].len, strlen(expected));
    assert_memory_equal(row->cells[1].text, expected, strlen(expected));
}

/* The file has many blocks and index entries. */
static void a_reader_seeks_to_any_row(void **state)
{
    (void)state;
    enum { ROWS = 60000 };
    unsigned seed = 5;
    struct table_reader *reader;
    const struct row *row;
    struct buf text = kit_many_rows(ROWS);
    struct table *t = kit_table(text.data);
    assert_int_equal(table_rows(t), ROWS);
    assert_int_equal(table_reader_new(t, &reader), OK);
    for (size_t i = 0; i < ROWS; i++)
        check_row(reader, i);
    assert_int_equal(table_next(reader, &row), OK);
    assert_null(row);
    for (int i = 0; i < 2000; i++) {
        size_t number = (size_t)rand_r(&seed) % ROWS;
        assert_int_equal(table_seek(reader, number), OK);
        check_row(reader, number);
        if (number + 1 < ROWS)
            check_row(reader, number + 1);
    }
    assert_int_equal(table_seek(reader, ROWS), OK);
    assert_int_equal(table_next(reader, &row), OK);
    assert_null(row);
    assert_int_equal(table_seek(reader, 3), OK);
    check_row(reader, 3);
    table_reader_free(reader);
    table_free(t);
    buf_done(&text);
}

/* A field of 3 MB with 40,000 newlines in it, and 5,000 columns. */
static void reads_big_fields_and_many_columns(void **state)
{
    (void)state;
    struct buf b;
    struct table_reader *reader;
    const struct row *row;
    buf_init(&b, 64 << 20);
    for (int i = 0; i < 5000; i++)
        buf_addf(&b, "%sc%d", i ? "," : "", i);
    buf_add_text(&b, "\n1,\"");
    for (int i = 0; i < 40000; i++)
        buf_addf(&b, "%060d,\"\"x\n", i);
    buf_add_text(&b, "\",3\n4,5\n");
    assert_int_equal(b.err, OK);
    struct table *t = kit_table(b.data);
    buf_done(&b);
    assert_int_equal(table_columns(t), 5000);
    assert_int_equal(table_rows(t), 2);
    assert_int_equal(table_reader_new(t, &reader), OK);
    assert_int_equal(table_next(reader, &row), OK);
    assert_int_equal(row->cells[1].len, 40000 * 64);
    assert_memory_equal(row->cells[2].text, "3", 1);
    assert_true(row->cells[4999].null);
    assert_int_equal(table_next(reader, &row), OK);
    assert_memory_equal(row->cells[1].text, "5", 1);
    table_reader_free(reader);
    table_free(t);
}

static void row_sets_merge_adjacent_ranges(void **state)
{
    (void)state;
    struct rows a = {0};
    assert_int_equal(rows_add(&a, 0, 0), OK);
    assert_int_equal(a.n, 0);
    assert_int_equal(rows_add(&a, 2, 3), OK);
    assert_int_equal(rows_add(&a, 5, 1), OK);
    assert_int_equal(rows_add(&a, 6, 1), OK);
    assert_int_equal(rows_add(&a, 9, 2), OK);
    assert_int_equal(a.n, 2);
    assert_int_equal(a.total, 7);
    static const uint64_t numbers[] = {2, 3, 4, 5, 6, 9, 10};
    for (uint64_t i = 0; i < 7; i++)
        assert_int_equal(rows_at(&a, i), numbers[i]);
    assert_int_equal(rows_add(&a, 3, 1), ERR_USAGE);
    rows_done(&a);
}

static void finds_dtypes_by_their_names(void **state)
{
    (void)state;
    for (int i = 0; i < DTYPE_COUNT; i++) {
        enum dtype d;
        assert_int_equal(dtype_from_name(dtype_names[i], &d), OK);
        assert_int_equal(d, i);
    }
    enum dtype d;
    assert_int_equal(dtype_from_name("int", &d), ERR_NOT_FOUND);
    assert_null(dtype_names[DTYPE_COUNT]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_the_sample),
        cmocka_unit_test(cells_keep_their_bytes),
        cmocka_unit_test(tables_have_the_shape_that_polars_reads),
        cmocka_unit_test(infers_dtypes_as_polars_does),
        cmocka_unit_test(parses_and_shows_given_dtypes_as_polars_does),
        cmocka_unit_test(the_first_date_of_a_column_decides_the_order_of_all),
        cmocka_unit_test(the_key_is_the_named_column_or_code_or_the_first),
        cmocka_unit_test(codes_are_distinct_counted_and_in_order),
        cmocka_unit_test(keeps_the_first_codes_with_exact_counts_if_there_are_too_many),
        cmocka_unit_test(threads_find_the_same_as_one_thread),
        cmocka_unit_test(a_reader_seeks_to_any_row),
        cmocka_unit_test(reads_big_fields_and_many_columns),
        cmocka_unit_test(row_sets_merge_adjacent_ranges),
        cmocka_unit_test(finds_dtypes_by_their_names),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
