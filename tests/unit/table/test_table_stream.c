/* SPDX-License-Identifier: MIT
 * Streams: pipes whose rows are shown as they arrive, streams too long for memory, and packed files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/private.h"
#include "tests/kit/pack_kit.h"
#include "tests/kit/table_kit.h"

static const struct table_options plain = {.path = "t.csv", .unpacker = &table_unpacker};

static void shows_the_rows_of_a_pipe_so_far(void **state)
{
    (void)state;
    int ends[2];
    bool done = false;
    struct table_stream *s = NULL;
    struct table *t = NULL, *more = NULL;
    struct problem problem;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(io_write_all(ends[1], "a,b\n1,2\n3,\"", 11), OK);
    assert_int_equal(table_stream_needed(ends[0], &done), OK);
    assert_true(done);
    assert_int_equal(table_stream_open(ends[0], "-", &table_unpacker, &s, &problem), OK);
    assert_int_equal(table_stream_pump(s, 1, &done, &problem), OK);
    assert_false(done);
    assert_int_equal(table_stream_open_table(s, &plain, &t, &problem), OK);
    assert_int_equal(table_rows(t), 1); /* the second row may be incomplete */
    assert_null(table_fault(t));
    assert_int_equal(io_write_all(ends[1], "x\ny\"\n5", 6), OK);
    assert_int_equal(table_stream_pump(s, 1, &done, &problem), OK);
    assert_int_equal(kit_grow(t, s, &more), OK);
    assert_int_equal(table_rows(more), 2);
    assert_int_equal(io_set_nonblock(ends[0], 1), OK);
    assert_int_equal(table_stream_pump(s, 1, &done, &problem), ERR_AGAIN);
    close(ends[1]);
    assert_int_equal(table_stream_pump(s, 1000, &done, &problem), OK);
    assert_true(done);
    table_free(t);
    assert_int_equal(kit_grow(more, s, &t), OK);
    assert_int_equal(table_rows(t), 3);
    assert_int_equal(table_stage(t), TABLE_INDEXED);
    char cells[100];
    kit_cells(t, cells, sizeof cells);
    assert_string_equal(cells, "1|2\n3|x\ny\n5|~\n");
    assert_true(t->body.source.sealed);
    table_free(more);
    table_free(t);
    table_stream_free(s);
    close(ends[0]);
}

struct writer {
    int fd;
    const struct buf *bytes;
};

static void *write_all(void *arg)
{
    struct writer *w = arg;
    assert_int_equal(io_write_all(w->fd, w->bytes->data, w->bytes->len), OK);
    close(w->fd);
    return NULL;
}

/* A stream too long for memory moves to a file while tables of it are open. */
static void a_long_stream_moves_to_a_file(void **state)
{
    (void)state;
    enum { ROWS = 5500000 };
    struct buf b = kit_many_rows(ROWS);
    int ends[2];
    bool done = false;
    struct table_stream *s = NULL;
    struct table *t = NULL, *more = NULL;
    struct problem problem = {""};
    pthread_t thread;
    uint64_t last = 0;
    assert_true(b.len > 70 << 20);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct writer w = {ends[1], &b};
    assert_int_equal(pthread_create(&thread, NULL, write_all, &w), 0);
    assert_int_equal(table_stream_open(ends[0], "-", &table_unpacker, &s, &problem), OK);
    while (!done) {
        if (table_stream_pump(s, 16 << 20, &done, &problem))
            fail_msg("%s", problem.text);
        enum err err = t ? kit_grow(t, s, &more) : table_stream_open_table(s, &plain, &more, &problem);
        assert_int_equal(err, OK);
        assert_true(table_rows(more) > last);
        last = table_rows(more);
        kit_check_row(more, 77, "77");
        table_free(t);
        t = more;
    }
    pthread_join(thread, NULL);
    assert_int_equal(table_rows(t), ROWS);
    assert_int_equal(table_stream_size(s), b.len);
    kit_check_row(t, ROWS - 1, "5499999");
    table_free(t);
    table_stream_free(s);
    close(ends[0]);
    buf_done(&b);
}

static int packed(size_t packer, const struct buf *bytes, size_t *len)
{
    struct buf out = kit_pack(packer, bytes);
    int fd = kit_file(out.data, out.len);
    *len = out.len;
    buf_done(&out);
    return fd;
}

static void unpacks_packed_files(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(30000);
    struct table *t = NULL;
    struct problem problem;
    for (size_t i = 0; i < PACKERS; i++) {
        size_t len;
        int fd = packed(i, &b, &len);
        assert_true(len < b.len / 2);
        assert_int_equal(table_load(fd, &plain, NULL, &t, &problem), OK);
        assert_int_equal(table_rows(t), 30000);
        kit_check_row(t, 29999, "29999");
        table_free(t);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), (off_t)len);
        t = kit_open_fd(fd, &plain);
        struct table *all = kit_index(t);
        assert_int_equal(table_rows(all), 30000);
        table_free(t);
        table_free(all);
        close(fd);
    }
    buf_done(&b);
}

static void reports_a_truncated_packed_file_and_shows_its_rows(void **state)
{
    (void)state;
    struct buf b;
    unsigned seed = 3;
    buf_init(&b, 64 << 20);
    buf_add_text(&b, "a,b\n");
    for (int i = 0; i < 200000; i++)
        buf_addf(&b, "%d,%d\n", rand_r(&seed), rand_r(&seed));
    for (size_t i = 0; i < PACKERS; i++) {
        struct table_stream *s = NULL;
        struct table *t = NULL;
        struct problem problem = {""};
        bool done = false;
        enum err err;
        size_t len;
        int fd = packed(i, &b, &len);
        assert_int_equal(ftruncate(fd, (off_t)len - 1000), 0);
        assert_int_equal(table_load(fd, &plain, NULL, &t, &problem), ERR_PARSE);
        char *words = NULL;
        assert_true(asprintf(&words, "t.csv: cannot unpack it: truncated %s input", packer_names[i]) > 0);
        assert_true(strcasecmp(problem.text, words) == 0);
        free(words);
        assert_int_equal(table_stream_open(fd, "t.csv", &table_unpacker, &s, &problem), OK);
        while (!(err = table_stream_pump(s, 1 << 16, &done, &problem)))
            assert_false(done);
        assert_int_equal(err, ERR_PARSE);
        if (table_stream_size(s) > 0) { /* some formats unpack nothing before their last block */
            assert_int_equal(table_stream_open_table(s, &plain, &t, &problem), OK);
            assert_true(table_rows(t) > 100);
            table_free(t);
        }
        table_stream_free(s);
        close(fd);
    }
    buf_done(&b);
}

static void a_packed_empty_file_is_empty(void **state)
{
    (void)state;
    struct buf b;
    struct table *t = NULL;
    struct problem problem;
    size_t len;
    buf_init(&b, 10);
    buf_add_text(&b, "");
    int fd = packed(0, &b, &len);
    assert_int_equal(table_load(fd, &plain, NULL, &t, &problem), ERR_PARSE);
    assert_string_equal(problem.text, "t.csv:1:1: empty; the first line must name the columns");
    close(fd);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_rows_of_a_pipe_so_far),
        cmocka_unit_test(a_long_stream_moves_to_a_file),
        cmocka_unit_test(unpacks_packed_files),
        cmocka_unit_test(reports_a_truncated_packed_file_and_shows_its_rows),
        cmocka_unit_test(a_packed_empty_file_is_empty),
    };
    return cmocka_run_group_tests_name("table_stream", tests, NULL, NULL);
}
