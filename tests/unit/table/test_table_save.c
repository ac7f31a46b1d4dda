/* SPDX-License-Identifier: MIT
 * Saving: any cells are the same when they are read again, and JSON lines are valid JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/output/save.h"
#include "tests/kit/table_kit.h"

static struct table *open_all(int fd)
{
    struct table *first = NULL, *all = NULL;
    struct problem problem = {""};
    struct table_runner threads = kit_threads(2);
    struct table_options options = {.path = "t.csv", .delimiter = table_sniff(fd)};
    if (table_open(fd, &options, &first, &problem) || table_index(first, &threads, NULL, &all, &problem))
        fail_msg("%s", problem.text);
    table_free(first);
    return all;
}

static struct table *open_text(const char *text, size_t len)
{
    int fd = kit_file(text, len);
    struct table *t = open_all(fd);
    close(fd);
    return t;
}

static int save_to(const struct table *t, const struct save *save)
{
    uint64_t bytes = 0;
    int fd = kit_file("", 0);
    assert_int_equal(table_save(t, save, fd, NULL, &bytes), OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), bytes);
    return fd;
}

static void saves_as(const struct table *t, const struct save *save, const char *text)
{
    struct buf b;
    int fd = save_to(t, save);
    buf_init(&b, 1 << 20);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(io_read_all(fd, &b), OK);
    assert_string_equal(buf_text(&b), text);
    buf_done(&b);
    close(fd);
}

static const char *const pieces[] = {"a",    "0001",         "\"",   "\"\"", ",", ";", "|",
                                     "\t",   "\n",           "\r\n", "\r",   " ", "é", "山",
                                     "\xff", "\xef\xbb\xbf", "x y",  "'",    "#", "\\"};

static void add_random_cell(struct buf *b)
{
    int n = rand() % 5;
    if (n == 4)
        return; /* null */
    buf_add_char(b, '"');
    while (n-- > 0) {
        const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)];
        for (; *piece; piece++)
            buf_addf(b, *piece == '"' ? "\"\"" : "%c", *piece);
    }
    buf_add_char(b, '"');
}

/* Some rows have fewer cells than there are columns, some more. */
static struct table *random_table(size_t columns)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    for (size_t i = 0; i < columns; i++)
        buf_addf(&b, "%s\"c;,|%zu\"", i ? "," : "", i);
    for (int row = 0; row < 3000; row++) {
        size_t cells = rand() % 10 ? columns : (size_t)rand() % (columns + 2) + 1;
        for (size_t i = 0; i < cells; i++) {
            buf_add_char(&b, i ? ',' : '\n');
            add_random_cell(&b);
        }
    }
    buf_add_char(&b, '\n');
    struct table *t = open_text(b.data, b.len);
    buf_done(&b);
    return t;
}

static void a_saved_csv_has_the_same_cells_when_read_again(void **state)
{
    static const size_t columns[] = {0, 1, 2, 3};
    (void)state;
    srand(7);
    for (size_t n = 1; n <= 4; n++) {
        struct save save = {.format = SAVE_CSV, .columns = columns, .ncolumns = n};
        struct table *t = random_table(n);
        int fd = save_to(t, &save);
        struct table *again = open_all(fd);
        kit_same_cells(t, again);
        table_free(again);
        table_free(t);
        close(fd);
    }
}

static void saves_columns_and_rows_in_the_given_order(void **state)
{
    static const size_t columns[] = {2, 0};
    struct table *t = kit_table("code,name,age\n0001,a,1\n0002,b,2\n0003,,\n");
    struct row_list rows;
    struct save save = {.format = SAVE_CSV, .columns = columns, .ncolumns = 2, .rows = &rows};
    (void)state;
    row_list_init(&rows, 3);
    assert_int_equal(row_list_append(&rows, (uint64_t[]){2, 0}, 2), OK);
    saves_as(t, &save, "age,code\n,0003\n1,0001\n");
    save.format = SAVE_JSON_LINES;
    saves_as(t, &save, "{\"age\":null,\"code\":\"0003\"}\n{\"age\":1,\"code\":\"0001\"}\n");
    row_list_done(&rows);
    saves_as(t, &(struct save){.format = SAVE_CSV, .columns = columns, .ncolumns = 2, .rows = &rows}, "age,code\n");
    table_free(t);
}

static void saves_as_json_values_only_what_json_allows(void **state)
{
    static const size_t columns[] = {0, 1, 2};
    static const char csv[] = "i,f,b\n1,1.5,true\n-2,1e6,false\n3,.5,\n,inf,true\n";
    struct table *t = kit_table(csv);
    (void)state;
    saves_as(t, &(struct save){.format = SAVE_JSON_LINES, .columns = columns, .ncolumns = 3},
             "{\"i\":1,\"f\":1.5,\"b\":true}\n{\"i\":-2,\"f\":1e6,\"b\":false}\n"
             "{\"i\":3,\"f\":\".5\",\"b\":null}\n{\"i\":null,\"f\":\"inf\",\"b\":true}\n");
    table_free(t);
}

static void every_json_line_is_an_object_with_the_texts_of_its_row(void **state)
{
    static const size_t columns[] = {0, 1, 2};
    struct save save = {.format = SAVE_JSON_LINES, .columns = columns, .ncolumns = 3};
    struct table *t = random_table(3);
    FILE *in = fdopen(save_to(t, &save), "r");
    char *line = NULL;
    size_t cap = 0, lines = 0;
    (void)state;
    rewind(in);
    while (getline(&line, &cap, in) > 0) {
        json_error_t error;
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        if (!object)
            fail_msg("%s: %s", error.text, line);
        assert_true(json_object_size(object) >= 3);
        json_decref(object);
        lines++;
    }
    assert_int_equal(lines, table_rows(t));
    free(line);
    fclose(in);
    table_free(t);
}

/* More rows than in the first piece, and one row that is much longer than a piece. */
static struct table *long_table(uint64_t rows)
{
    struct buf b;
    buf_init(&b, 128 << 20);
    buf_add_text(&b, "v\n");
    for (uint64_t i = 0; i < rows; i++) {
        buf_addf(&b, "%llu", (unsigned long long)i);
        for (int k = 0; i == rows / 2 && k < 40 << 20; k++)
            buf_add_char(&b, 'x');
        buf_add_char(&b, '\n');
    }
    struct table *t = open_text(b.data, b.len);
    buf_done(&b);
    return t;
}

static void saves_many_rows_in_any_order(void **state)
{
    enum { ROWS = 20000, STEP = 7919 }; /* coprime to ROWS: each row once, in an order that jumps through the file */
    static const size_t columns[] = {0};
    struct table *t = long_table(ROWS);
    struct row_list rows;
    char *line = NULL;
    size_t cap = 0;
    (void)state;
    row_list_init(&rows, ROWS);
    for (uint64_t i = 0; i < ROWS; i++)
        assert_int_equal(row_list_add(&rows, i * STEP % ROWS), OK);
    FILE *in = fdopen(save_to(t, &(struct save){.columns = columns, .ncolumns = 1, .rows = &rows}), "r");
    rewind(in);
    assert_true(getline(&line, &cap, in) > 0);
    for (uint64_t i = 0; i < ROWS; i++) {
        assert_true(getline(&line, &cap, in) > 0);
        assert_int_equal(strtoull(line, NULL, 10), i * STEP % ROWS);
    }
    assert_int_equal(getline(&line, &cap, in), -1);
    free(line);
    fclose(in);
    row_list_done(&rows);
    table_free(t);
}

static void a_stop_or_a_full_disk_ends_saving(void **state)
{
    static const size_t columns[] = {0};
    struct save save = {.columns = columns, .ncolumns = 1};
    struct table *t = kit_table("v\n1\n2\n");
    struct table_progress *p;
    uint64_t bytes;
    int progress_fd, full = -1;
    FILE *f = fopen("/dev/full", "w");
    (void)state;
    assert_non_null(f);
    full = fileno(f);
    assert_int_equal(table_progress_share(&p, &progress_fd), OK);
    assert_int_equal(table_save(t, &save, full, p, &bytes), ERR_SYS);
    assert_int_equal(errno, ENOSPC);
    table_progress_stop(p);
    assert_int_equal(table_save(t, &save, full, p, &bytes), ERR_CANCELLED);
    table_progress_unmap(p);
    close(progress_fd);
    fclose(f);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_csv_has_the_same_cells_when_read_again),
        cmocka_unit_test(saves_columns_and_rows_in_the_given_order),
        cmocka_unit_test(saves_as_json_values_only_what_json_allows),
        cmocka_unit_test(every_json_line_is_an_object_with_the_texts_of_its_row),
        cmocka_unit_test(saves_many_rows_in_any_order),
        cmocka_unit_test(a_stop_or_a_full_disk_ends_saving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
