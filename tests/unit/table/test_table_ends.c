/* SPDX-License-Identifier: MIT
 * Line ends: newlines, or lone carriage returns in files without newlines; in large files, growing files, and streams
 * whose first line arrives in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/private.h"
#include "tests/kit/table_kit.h"

static const struct table_options plain = {.path = "t.csv"};

static int file_of_crs(const struct buf *b)
{
    int fd = kit_file(b->data, b->len);
    for (const char *at = b->data; (at = memchr(at, '\n', (size_t)(b->data + b->len - at))); at++)
        assert_int_equal(pwrite(fd, "\r", 1, at - b->data), 1);
    return fd;
}

static void lone_carriage_returns_end_lines_as_newlines_do(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    struct buf b = kit_many_rows(ROWS);
    int fds[] = {kit_file(b.data, b.len), file_of_crs(&b)};
    struct table *first[2], *all[2], *learned[2];
    for (int i = 0; i < 2; i++) {
        struct table_reader *r;
        const struct row *row;
        bool exact;
        first[i] = kit_open_fd(fds[i], &plain);
        assert_int_equal(table_stage(first[i]), TABLE_FIRST_ROWS);
        assert_int_equal(table_reader_new(first[i], &r), OK);
        assert_int_equal(table_seek_end(r, 3, &exact), OK);
        assert_int_equal(table_next(r, &row), OK);
        assert_memory_equal(row->cells[0].text, "99997", 5);
        table_reader_free(r);
        all[i] = kit_index(first[i]);
        assert_true(all[i]->body.index.facts->regular);
        assert_int_equal(table_learn(all[i], NULL, NULL, &learned[i], NULL), OK);
        assert_int_equal(table_column(learned[i], 0)->dtype, DTYPE_I64);
        kit_check_row(learned[i], 77777, "77777");
    }
    kit_same_cells(first[0], first[1]);
    kit_same_cells(all[0], all[1]);
    for (int i = 0; i < 2; i++) {
        table_free(first[i]);
        table_free(all[i]);
        table_free(learned[i]);
        close(fds[i]);
    }
    buf_done(&b);
}

/* Another process reads `lone_crs` from the schema. */
static void an_imported_table_has_the_same_lines(void **state)
{
    (void)state;
    struct table *t = kit_open_text("a,b\r1,2\r\"3\r\",4", &plain), *other = NULL;
    int fds[TABLE_FDS], copies[TABLE_FDS];
    struct problem problem;
    table_fds(t, fds);
    assert_int_equal(io_dup_all(fds, TABLE_FDS, copies), OK);
    assert_int_equal(table_import(copies, &other, &problem), OK);
    kit_same_cells(t, other);
    table_free(t);
    table_free(other);
}

static void reports_the_line_of_a_fault_in_a_file_of_carriage_returns(void **state)
{
    (void)state;
    struct problem problem;
    assert_int_equal(kit_load("a,b\r1,2\r3,x\"y\r", 14, &plain, &problem), ERR_PARSE);
    assert_memory_equal(problem.text, "t.csv:3:4: a quote inside", 25);
    assert_int_equal(kit_load("a,b\r1,2\r3,\"x\ry", 14, &plain, &problem), ERR_PARSE);
    assert_memory_equal(problem.text, "t.csv:3:3: a quoted field is never closed", 41);
}

static void guesses_the_delimiter_from_the_first_line(void **state)
{
    (void)state;
    int fd = kit_file("a;b\r1,1,1;2,2,2\r", 16);
    assert_int_equal(table_sniff(fd), ';');
    close(fd);
}

static struct table *grown(const struct table *t, int fd, const char *more, enum err expected)
{
    struct table *out = NULL;
    struct problem problem;
    assert_int_equal(pwrite(fd, more, strlen(more), (off_t)table_size(t)), (ssize_t)strlen(more));
    assert_int_equal(table_grow(t, NULL, NULL, &out, &problem), expected);
    return out;
}

static void a_file_of_lone_carriage_returns_grows(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(30000);
    int fd = file_of_crs(&b);
    struct table *first = kit_open_fd(fd, &plain), *all = kit_index(first);
    struct table *more = grown(all, fd, "30000,x\r30001", OK), *most = grown(more, fd, ",y\r30002,z\r", OK);
    assert_int_equal(table_rows(more), 30002);
    assert_int_equal(table_rows(most), 30003);
    kit_check_row(most, 30001, "30001");
    kit_check_row(most, 30002, "30002");
    table_free(first);
    table_free(all);
    table_free(more);
    table_free(most);
    close(fd);
    buf_done(&b);
}

/* A CR at the end turned out to be half of a CR LF, which makes another table. */
static void notices_a_newline_that_arrives_later(void **state)
{
    (void)state;
    int fd = kit_file("a,b\r", 4);
    struct table *t = kit_open_fd(fd, &plain);
    assert_null(grown(t, fd, "\n1,2\r\n", ERR_CHANGED));
    table_free(t);
    t = kit_open_fd(fd, &plain);
    assert_int_equal(table_rows(t), 1);
    table_free(t);
    close(fd);
}

/* Sends byte by byte: there is no table before the first line is complete, and then rows are only added. */
static void a_stream_has_a_table_once_its_first_line_is_complete(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t ready;
    } cases[] = {{"code,name\n1,2\n3,4", 10},
                 {"code,name\r\n1,2\r\n3,4", 11},
                 {"code,name\r1,2\r3,4", 11},
                 {"code,name", 10},
                 {"\"co\nde\",name\n1,2", 13}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct table_stream *s = NULL;
        struct table *t = NULL, *more = NULL;
        struct problem problem;
        bool done = false;
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(table_stream_open(ends[0], "-", NULL, &s, &problem), OK);
        for (size_t at = 0, len = strlen(cases[i].text); at < len; at++) {
            assert_int_equal(io_write_all(ends[1], cases[i].text + at, 1), OK);
            assert_int_equal(table_stream_pump(s, 1, &done, &problem), OK);
            if (!t && table_stream_size(s) > 0) {
                enum err err = table_stream_open_table(s, &plain, &t, &problem);
                assert_int_equal(err, at + 1 < cases[i].ready ? ERR_AGAIN : OK);
            }
        }
        close(ends[1]);
        assert_int_equal(table_stream_pump(s, 1, &done, &problem), OK);
        assert_true(done);
        assert_int_equal(t ? kit_grow(t, s, &more) : table_stream_open_table(s, &plain, &more, &problem), OK);
        struct table *whole = kit_open_text(cases[i].text, &plain);
        kit_same_cells(more, whole);
        table_free(whole);
        table_free(more);
        table_free(t);
        table_stream_free(s);
        close(ends[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lone_carriage_returns_end_lines_as_newlines_do),
        cmocka_unit_test(an_imported_table_has_the_same_lines),
        cmocka_unit_test(reports_the_line_of_a_fault_in_a_file_of_carriage_returns),
        cmocka_unit_test(guesses_the_delimiter_from_the_first_line),
        cmocka_unit_test(a_file_of_lone_carriage_returns_grows),
        cmocka_unit_test(notices_a_newline_that_arrives_later),
        cmocka_unit_test(a_stream_has_a_table_once_its_first_line_is_complete),
    };
    return cmocka_run_group_tests_name("table_ends", tests, NULL, NULL);
}
