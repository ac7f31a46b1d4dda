/* SPDX-License-Identifier: MIT
 * table_open: the stages of a table, its last rows before they are indexed, faults, and files that change meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/private.h"
#include "tests/kit/table_kit.h"

static const struct table_options plain = {.path = "t.csv", .unpacker = &table_unpacker};

static void opens_a_large_file_in_three_stages(void **state)
{
    (void)state;
    enum { ROWS = 300000 };
    struct buf b = kit_many_rows(ROWS);
    int fd = kit_file(b.data, b.len);
    struct table *first = kit_open_fd(fd, &plain), *learned = NULL;
    assert_int_equal(table_stage(first), TABLE_FIRST_ROWS);
    assert_true(table_rows(first) > 100 && table_rows(first) < 10000);
    assert_int_equal(table_column(first, 0)->dtype, DTYPE_I64);
    kit_check_row(first, 99, "99");
    struct table *all = kit_index(first);
    assert_int_equal(table_stage(all), TABLE_INDEXED);
    assert_int_equal(table_rows(all), ROWS);
    kit_check_row(all, ROWS - 1, "299999");
    kit_check_row(all, 123456, "123456");
    assert_int_equal(table_learn(all, NULL, NULL, &learned, NULL), OK);
    assert_int_equal(table_stage(learned), TABLE_LEARNED);
    assert_int_equal(table_codes(learned), TABLE_CODES_MAX);
    assert_false(table_codes_complete(learned));
    kit_check_row(learned, 299998, "299998");
    kit_check_row(first, 99, "99"); /* each table is independent of the others */
    table_free(first);
    table_free(all);
    table_free(learned);
    close(fd);
    buf_done(&b);
}

static void opens_a_small_file_completely(void **state)
{
    (void)state;
    struct table *t = kit_open_text("code,n\n01,2\n", &plain);
    assert_int_equal(table_stage(t), TABLE_LEARNED);
    struct table *all = kit_index(t);
    assert_int_equal(table_rows(all), 1);
    table_free(all);
    table_free(t);
}

/* The last row decides about dtypes as much as the first. */
static void learning_replaces_the_dtypes_of_the_first_rows(void **state)
{
    (void)state;
    struct table *learned = NULL;
    struct buf b;
    buf_init(&b, 16 << 20);
    buf_add_text(&b, "a,b\n");
    for (int i = 0; i < 50000; i++)
        buf_add_text(&b, "1,x\n");
    buf_add_text(&b, "oops,x\n");
    struct table *first = kit_open_text(b.data, &plain), *all = kit_index(first);
    assert_int_equal(table_column(first, 0)->dtype, DTYPE_I64);
    assert_int_equal(table_column(all, 0)->dtype, DTYPE_I64);
    struct table_runner threads = kit_threads(2);
    assert_int_equal(table_learn(all, &threads, NULL, &learned, NULL), OK);
    assert_int_equal(table_column(learned, 0)->dtype, DTYPE_STR);
    assert_int_equal(table_codes(learned), 2);
    assert_int_equal(table_code(learned, 0)->count, 50000);
    table_free(first);
    table_free(all);
    table_free(learned);
    buf_done(&b);
}

static void check_end(const struct table *t, uint64_t n, bool exact, uint64_t last, uint64_t rows)
{
    struct table_reader *r;
    const struct row *row;
    bool is_exact;
    char text[30];
    assert_int_equal(table_reader_new(t, &r), OK);
    assert_int_equal(table_seek_end(r, n, &is_exact), OK);
    assert_int_equal(is_exact, exact);
    for (uint64_t i = 0; i < n; i++) {
        assert_int_equal(table_next(r, &row), OK);
        assert_non_null(row);
        assert_int_equal(row->number, last - (n - 1 - i));
        snprintf(text, sizeof text, "%llu", (unsigned long long)(rows - n + i));
        assert_int_equal(row->cells[0].len, strlen(text));
        assert_memory_equal(row->cells[0].text, text, strlen(text));
    }
    assert_int_equal(table_next(r, &row), OK);
    assert_null(row);
    assert_int_equal(table_seek(r, 5), OK);
    assert_int_equal(table_next(r, &row), OK);
    assert_memory_equal(row->cells[0].text, "5", 1);
    table_reader_free(r);
}

static void reads_the_last_rows_before_the_index_exists(void **state)
{
    (void)state;
    for (size_t rows = 60000; rows < 60010; rows++) { /* with and without a quoted last row */
        struct buf b = kit_many_rows(rows);
        for (int newline = 0; newline < 2; newline++) {
            int fd = kit_file(b.data, b.len - !newline);
            struct table *first = kit_open_fd(fd, &plain), *all = kit_index(first);
            for (uint64_t n = 1; n < 9000; n = n * 3 + 1) {
                check_end(first, n, false, UINT64_MAX, rows);
                check_end(all, n, true, rows - 1, rows);
            }
            table_free(first);
            table_free(all);
            close(fd);
        }
        buf_done(&b);
    }
}

static void a_fault_ends_the_rows_and_is_reported(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(50000);
    size_t good = b.len;
    buf_add_text(&b, "x,ab\"c\n");
    kit_add_rows(&b, 0, 1000);
    int fd = kit_file(b.data, b.len);
    struct table *first = kit_open_fd(fd, &plain), *all = kit_index(first);
    assert_null(table_fault(first));
    assert_int_equal(table_rows(all), 50000);
    assert_string_equal(table_fault(all), "t.csv:57145:5: a quote inside an unquoted field; quote the whole field and "
                                          "double the quote");
    kit_check_row(all, 49999, "49999");
    assert_int_equal(table_bytes(all), good - strlen("n,text\n"));
    table_free(first);
    table_free(all);
    close(fd);
    buf_done(&b);
}

static void counts_and_shows_rows_that_are_too_long_or_too_short(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(30000);
    struct table_reader *r;
    const struct row *row;
    buf_add_text(&b, "30000\n30001,b,c,d\n30002,b\n\n30004,b,c\n");
    int fd = kit_file(b.data, b.len);
    struct table *first = kit_open_fd(fd, &plain), *all = kit_index(first);
    struct table_ragged ragged = table_ragged(all);
    assert_int_equal(ragged.short_rows, 2);
    assert_int_equal(ragged.first_short, 30000);
    assert_int_equal(ragged.long_rows, 2);
    assert_int_equal(ragged.first_long, 30001);
    assert_int_equal(table_reader_new(all, &r), OK);
    assert_int_equal(table_seek(r, 30001), OK);
    assert_int_equal(table_next(r, &row), OK);
    assert_int_equal(row->ncells, 4);
    assert_memory_equal(row->cells[3].text, "d", 1);
    table_reader_free(r);
    table_free(first);
    table_free(all);
    close(fd);
    buf_done(&b);
}

static void reads_other_delimiters_and_files_without_a_header(void **state)
{
    (void)state;
    char cells[200];
    struct table_options options = {.path = "t.csv", .delimiter = ';', .no_header = true};
    struct table *t = kit_open_text("1;\"a;b\"\n2;c,d\n", &options);
    assert_int_equal(table_columns(t), 2);
    assert_memory_equal(table_column(t, 1)->name, "column_2", 8);
    kit_cells(t, cells, sizeof cells);
    assert_string_equal(cells, "1|a;b\n2|c,d\n");
    table_free(t);
}

/* --- files that change --- */

static void grow_file(int fd, const char *text)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pwrite(fd, text, strlen(text), st.st_size), (ssize_t)strlen(text));
}

static void reads_and_follows_a_file_that_grows(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(40000);
    struct table *more = NULL, *most = NULL;
    struct problem problem;
    int fd = kit_file(b.data, b.len - 1); /* the last row is not complete yet */
    struct table *first = kit_open_fd(fd, &plain), *all = kit_index(first);
    assert_int_equal(table_changed(all), TABLE_SAME);
    grow_file(fd, "9\n40000,x\n");
    assert_int_equal(table_changed(all), TABLE_GROWN);
    kit_check_row(all, 20000, "20000");
    assert_int_equal(table_grow(all, NULL, NULL, &more, &problem), OK);
    assert_int_equal(table_rows(more), 40001);
    kit_check_row(more, 40000, "40000");
    kit_check_row(more, 39999, "39999");
    assert_int_equal(table_changed(more), TABLE_SAME);
    for (size_t i = 40001; i < 40100; i++) {
        char row[40];
        snprintf(row, sizeof row, "%zu,\"%zu\n1,2\"\n", i, i);
        grow_file(fd, row);
        assert_int_equal(table_grow(more, NULL, NULL, &most, &problem), OK);
        table_free(more);
        more = most;
        assert_int_equal(table_rows(more), i + 1);
    }
    kit_check_row(more, 40099, "40099");
    kit_check_row(more, 12345, "12345");
    table_free(first);
    table_free(all);
    table_free(more);
    close(fd);
    buf_done(&b);
}

struct appender {
    int fd;
    atomic_bool over;
};

static void *append_rows(void *arg)
{
    struct appender *a = arg;
    while (!atomic_load(&a->over) && write(a->fd, "1,2\n", 4) == 4)
        continue;
    return NULL;
}

/* A write changes the file's time before its size. */
static void a_file_during_a_write_does_not_count_as_rewritten(void **state)
{
    (void)state;
    struct appender a = {.fd = kit_file("a,b\n", 4)};
    pthread_t thread;
    assert_int_equal(lseek(a.fd, 0, SEEK_END), 4);
    assert_int_equal(pthread_create(&thread, NULL, append_rows, &a), 0);
    for (int i = 0; i < 300; i++) {
        enum table_change change;
        struct table *t = kit_open_fd(a.fd, &plain);
        while ((change = table_changed(t)) == TABLE_SAME)
            continue;
        assert_int_equal(change, TABLE_GROWN);
        table_free(t);
    }
    atomic_store(&a.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(a.fd);
}

static void distinguishes_truncated_rewritten_and_grown_files(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(40000);
    struct table *more = NULL;
    struct problem problem;
    struct table_reader *r;
    const struct row *row;
    int fd = kit_file(b.data, b.len);
    struct table *first = kit_open_fd(fd, &plain), *all = kit_index(first);
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    grow_file(fd, "1,2\n");
    assert_int_equal(table_changed(all), TABLE_REWRITTEN);
    assert_int_equal(table_reader_new(all, &r), OK);
    assert_int_equal(table_next(r, &row), ERR_CHANGED);
    table_reader_free(r);
    assert_int_equal(table_grow(all, NULL, NULL, &more, &problem), ERR_CHANGED);
    assert_string_equal(problem.text, "t.csv: the file changed after it was opened");
    assert_int_equal(ftruncate(fd, 1000), 0);
    assert_int_equal(table_changed(all), TABLE_TRUNCATED);
    struct table *late = NULL;
    assert_int_equal(table_index(first, NULL, NULL, &late, &problem), ERR_CHANGED);
    table_free(first);
    table_free(all);
    close(fd);
    buf_done(&b);
}

static void notices_another_file_of_the_same_name(void **state)
{
    (void)state;
    char name[] = "/tmp/poolscope-test-XXXXXX", other[] = "/tmp/poolscope-test-XXXXXX";
    int fd = mkstemp(name), fd2 = mkstemp(other);
    assert_true(fd >= 0 && fd2 >= 0);
    assert_int_equal(io_write_all(fd, "a\n1\n", 4), OK);
    struct table *t = kit_open_fd(fd, &plain);
    assert_true(table_is_file(t, name));
    assert_int_equal(rename(other, name), 0);
    assert_false(table_is_file(t, name));
    assert_int_equal(unlink(name), 0);
    assert_false(table_is_file(t, name));
    assert_int_equal(table_changed(t), TABLE_SAME); /* the open file did not change */
    table_free(t);
    close(fd);
    close(fd2);
}

/* --- progress --- */

static void another_process_sees_progress_and_can_stop_it(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(200000);
    struct table_progress *mine = NULL, *theirs = NULL;
    struct table *all = NULL;
    struct problem problem;
    int fd = kit_file(b.data, b.len), shared, status = -1;
    struct table *first = kit_open_fd(fd, &plain);
    assert_int_equal(table_progress_share(&mine, &shared), OK);
    assert_int_equal(table_index(first, NULL, mine, &all, &problem), OK);
    assert_int_equal(mine->done, mine->total);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool good = !table_progress_map(shared, &theirs) && theirs->done == b.len - strlen("n,text\n");
        if (good)
            table_progress_stop(theirs);
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    struct table *none = NULL;
    struct table_runner threads = kit_threads(2);
    assert_int_equal(table_index(first, &threads, mine, &none, &problem), ERR_CANCELLED);
    assert_int_equal(table_learn(all, &threads, mine, &none, &problem), ERR_CANCELLED);
    assert_null(none);
    table_progress_unmap(mine);
    close(shared);
    table_free(first);
    table_free(all);
    close(fd);
    buf_done(&b);
}

static void a_stop_ends_indexing_by_libcsv(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(100000);
    struct table_progress progress = {.stop = 0};
    struct table *all = NULL;
    buf_add_text(&b, "1,\"x\"\r,\n"); /* raw structure is not exact here */
    int fd = kit_file(b.data, b.len);
    struct table *first = kit_open_fd(fd, &plain);
    progress.stop = 1;
    struct table_header header = {0};
    struct table_index made = {.fd = -1};
    struct table_parse how = {.path = "t.csv", .delimiter = ',', .progress = &progress};
    assert_int_equal(table_index_csv(&how, &first->body.source, &header, &made, NULL), ERR_CANCELLED);
    progress.stop = 0;
    assert_int_equal(table_index(first, NULL, &progress, &all, NULL), OK);
    assert_false(all->body.index.facts->regular);
    assert_int_equal(table_rows(all), 100001);
    table_header_done(&header);
    table_free(all);
    table_free(first);
    close(fd);
    buf_done(&b);
}

static void the_number_of_windows_is_bounded(void **state)
{
    (void)state;
    for (uint64_t bytes = 1; bytes < (uint64_t)1 << 60; bytes *= 3)
        assert_true(bytes / table_index_window(bytes) <= TABLE_WINDOWS_MAX);
    assert_int_equal(table_index_window(100 * 1000 * 1000), TABLE_WINDOW);
    assert_int_equal(table_index_window(1000 * 1000 * 1000), 8 * TABLE_WINDOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_a_large_file_in_three_stages),
        cmocka_unit_test(opens_a_small_file_completely),
        cmocka_unit_test(learning_replaces_the_dtypes_of_the_first_rows),
        cmocka_unit_test(reads_the_last_rows_before_the_index_exists),
        cmocka_unit_test(a_fault_ends_the_rows_and_is_reported),
        cmocka_unit_test(counts_and_shows_rows_that_are_too_long_or_too_short),
        cmocka_unit_test(reads_other_delimiters_and_files_without_a_header),
        cmocka_unit_test(reads_and_follows_a_file_that_grows),
        cmocka_unit_test(a_file_during_a_write_does_not_count_as_rewritten),
        cmocka_unit_test(distinguishes_truncated_rewritten_and_grown_files),
        cmocka_unit_test(notices_another_file_of_the_same_name),
        cmocka_unit_test(another_process_sees_progress_and_can_stop_it),
        cmocka_unit_test(a_stop_ends_indexing_by_libcsv),
        cmocka_unit_test(the_number_of_windows_is_bounded),
    };
    return cmocka_run_group_tests_name("table_open", tests, NULL, NULL);
}
