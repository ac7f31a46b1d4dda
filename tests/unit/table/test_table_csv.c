/* SPDX-License-Identifier: MIT
 * The use of libcsv: its special cases, and the fast path for lines without quotes, which must give the same cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/table/csv/csv.h"
#include "core/table/values/set.h"

enum { CELLS = 3 };

/* Feeds `text` in pieces of `step` bytes (0: line by line) and writes all records: "|" between cells, "~" for
 * null, ";" after a record. */
static enum err parse(const char *text, size_t len, size_t step, bool as_lines, char *out)
{
    struct table_csv c;
    enum err err = table_csv_init(&c, ',', 0, 100);
    assert_int_equal(err, OK);
    out[0] = '\0';
    for (size_t at = 0; !err && at <= len;) {
        const char *newline = at < len ? memchr(text + at, '\n', len - at) : NULL;
        size_t n = newline ? (size_t)(newline + 1 - text) - at : len - at;
        n = step && n > step ? step : n;
        struct table_segment s = {text + at, n, at, as_lines && newline && text + at + n == newline + 1};
        err = n ? table_csv_feed(&c, &s) : table_csv_finish(&c);
        for (size_t i = 0; !err && c.done && i < c.ncells; i++) {
            strcat(out, i ? "|" : "");
            strncat(out, c.cells[i].null ? "~" : c.cells[i].text, c.cells[i].null ? 1 : c.cells[i].len);
        }
        if (!err && c.done)
            strcat(out, ";");
        if (n == 0)
            break;
        at += n;
    }
    table_csv_done(&c);
    return err;
}

struct csv_case {
    const char *text;
    const char *records; /* NULL: refused */
};

static const struct csv_case cases[] = {
    {"a,b\n", "a|b;"},
    {"a,b", "a|b;"}, /* the last line may lack its newline */
    {"a,", "a|~;"},
    {",\n", "~|~;"},
    {"\"\",x\n", "|x;"},       /* quoted and empty is not null */
    {" a , b \n", " a | b ;"}, /* spaces belong to the field */
    {"\ta\n", "\ta;"},
    {"a\rb\n", "a\rb;"}, /* a lone CR does not end a record */
    {"a\r\nb\r\n", "a;b;"},
    {"\"a\"\r\n", "a;"},
    {"\"a\r\nb\"\r\n", "a\r\nb;"}, /* within quotes it is text */
    {"a\n\nb\n", "a;~;b;"},        /* an empty line is a record */
    {"\"a\nb\",c\n", "a\nb|c;"},
    {"\"say \"\"hi\"\"\"\n", "say \"hi\";"},
    {"\"a,b\"\n", "a,b;"},
    {"a\"b\n", NULL},   /* strict: a quote inside an unquoted field */
    {"\"a\"b\n", NULL}, /* strict: text after the closing quote */
    {"\"a\" \n", NULL},
    {" \"a\"\n", NULL},
    {"\"a", NULL}, /* needs CSV_STRICT_FINI */
    {"a\n\"b\n", NULL},
    {"", ""},
};

static void parses_the_special_cases_of_libcsv(void **state)
{
    (void)state;
    char out[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        for (size_t step = 0; step <= len; step++) {
            enum err err = parse(cases[i].text, len, step, true, out);
            bool right = cases[i].records ? !err && strcmp(out, cases[i].records) == 0 : err == ERR_PARSE;
            if (!right)
                fail_msg("case %zu, step %zu: err %d, \"%s\"", i, step, err, out);
        }
    }
}

static void returns_no_record_after_an_error(void **state)
{
    (void)state;
    char out[100];
    assert_int_equal(parse("a,b\"c", 5, 0, true, out), ERR_PARSE);
    assert_string_equal(out, ""); /* csv_fini would return the incomplete record */
}

static void splits_lines_without_quotes_as_libcsv_does(void **state)
{
    (void)state;
    static const char alphabet[] = "ab,, \r\r\t.\x80\n\n";
    unsigned seed = 3;
    char text[40], fast[1000], slow[1000];
    for (int round = 0; round < 100000; round++) {
        size_t len = (size_t)rand_r(&seed) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
        assert_int_equal(parse(text, len, 0, true, fast), OK);
        assert_int_equal(parse(text, len, 0, false, slow), OK);
        if (strcmp(fast, slow) != 0)
            fail_msg("\"%.*s\": \"%s\" and by libcsv \"%s\"", (int)len, text, fast, slow);
    }
}

static void counts_the_same_cells_when_they_are_not_kept(void **state)
{
    (void)state;
    struct table_csv c;
    struct table_segment plain = {"a,,b\r\n", 6, 0, true}, quoted = {"\"a\",,b\r\n", 8, 0, true};
    assert_int_equal(table_csv_init(&c, ',', CELLS, CELLS), OK);
    c.keep = false;
    assert_int_equal(table_csv_feed(&c, &plain), OK);
    assert_true(c.done && c.ncells == CELLS);
    assert_int_equal(table_csv_feed(&c, &quoted), OK);
    assert_true(c.done && c.ncells == CELLS);
    table_csv_done(&c);
}

static void missing_cells_are_null_and_surplus_cells_are_only_counted(void **state)
{
    (void)state;
    struct table_csv c;
    static const char *const lines[] = {"x\n", "\"x\"\n", "1,2,3,4,5\n", "1,2,3,4,\"5\"\n"};
    assert_int_equal(table_csv_init(&c, ',', CELLS, CELLS), OK);
    for (size_t i = 0; i < 4; i++) {
        struct table_segment s = {lines[i], strlen(lines[i]), 0, true};
        assert_int_equal(table_csv_feed(&c, &s), OK);
        assert_true(c.done);
        assert_int_equal(c.ncells, i < 2 ? 1 : 5);
        assert_int_equal(c.cells[2].null, i < 2);
        assert_false(c.cells[0].null);
    }
    table_csv_done(&c);
}

/* libcsv itself limits a field only by the address space. */
static void refuses_a_field_without_an_end(void **state)
{
    (void)state;
    struct table_csv c;
    size_t fed = 0;
    enum err err = OK;
    char *block = malloc(TABLE_BLOCK);
    assert_non_null(block);
    memset(block, 'x', TABLE_BLOCK);
    block[0] = '"';
    assert_int_equal(table_csv_init(&c, ',', 0, 1), OK);
    c.keep = false;
    struct table_segment s = {block, TABLE_BLOCK, 0, false};
    for (; !err && fed < 2u * TABLE_FIELD_MAX; fed += TABLE_BLOCK) {
        err = table_csv_feed(&c, &s);
        block[0] = 'x';
    }
    assert_int_equal(err, ERR_TOO_BIG);
    table_csv_done(&c);
    free(block);
}

static void a_set_keeps_order_and_counts(void **state)
{
    (void)state;
    struct table_set s;
    uint64_t before;
    table_set_init(&s, 3, 1000);
    static const char *const words[] = {"b", "a", "b", "", "a", "b", "c", "a"};
    for (size_t k = 0; k < 8; k++)
        assert_int_equal(table_set_count(&s, words[k], strlen(words[k]), 1, &before), OK);
    assert_int_equal(before, 2);
    assert_int_equal(s.n, 3);
    assert_true(s.full);
    static const struct cell cells[] = {{.text = "", .len = 0}, {.text = "c", .len = 1}, {.text = "b", .null = true}};
    size_t at[3];
    table_set_find_cells(&s, cells, 3, at);
    assert_int_equal(at[0], 2);
    assert_true(at[1] == SIZE_MAX && at[2] == SIZE_MAX);
    assert_int_equal(s.entries[0].count, 3);
    assert_memory_equal(table_set_text(&s, 1), "a", 1);
    table_set_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_the_special_cases_of_libcsv),
        cmocka_unit_test(returns_no_record_after_an_error),
        cmocka_unit_test(splits_lines_without_quotes_as_libcsv_does),
        cmocka_unit_test(counts_the_same_cells_when_they_are_not_kept),
        cmocka_unit_test(missing_cells_are_null_and_surplus_cells_are_only_counted),
        cmocka_unit_test(refuses_a_field_without_an_end),
        cmocka_unit_test(a_set_keeps_order_and_counts),
    };
    return cmocka_run_group_tests_name("table_csv", tests, NULL, NULL);
}
