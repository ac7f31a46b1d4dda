/* SPDX-License-Identifier: MIT
 * What the tests of the table share. */
#include "tests/kit/table_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"

int kit_file(const void *bytes, size_t len)
{
    char name[] = "/tmp/poolscope-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(io_write_all(fd, bytes, len), OK);
    return fd;
}

struct table *kit_table_with(const char *text, const struct table_options *options, const struct table_runner *runner)
{
    struct table *t = NULL;
    struct problem problem = {""};
    int fd = kit_file(text, strlen(text));
    if (table_load(fd, options, runner, &t, &problem))
        fail_msg("%s", problem.text);
    close(fd);
    return t;
}

struct table *kit_table(const char *text)
{
    return kit_table_with(text, &(struct table_options){.path = "t.csv"}, NULL);
}

enum err kit_load(const void *bytes, size_t len, const struct table_options *options, struct problem *problem)
{
    struct table *t = NULL;
    int fd = kit_file(bytes, len);
    problem->text[0] = '\0';
    enum err err = table_load(fd, options, NULL, &t, problem);
    close(fd);
    if (!err)
        table_free(t);
    return err;
}

struct job {
    pthread_t thread;
    enum err (*part)(void *arg, size_t i);
    void *arg;
    size_t i;
    enum err err;
};

static void *run_job(void *arg)
{
    struct job *job = arg;
    job->err = job->part(job->arg, job->i);
    return NULL;
}

static enum err each_on_threads(void *ctx, size_t parts, enum err (*part)(void *arg, size_t i), void *arg)
{
    (void)ctx;
    enum err first = OK;
    struct job *jobs = calloc(parts, sizeof *jobs);
    assert_non_null(jobs);
    for (size_t i = 0; i < parts; i++) {
        jobs[i] = (struct job){.part = part, .arg = arg, .i = i};
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]), 0);
    }
    for (size_t i = 0; i < parts; i++) {
        pthread_join(jobs[i].thread, NULL);
        first = first ? first : jobs[i].err;
    }
    free(jobs);
    return first;
}

struct table_runner kit_threads(size_t width)
{
    return (struct table_runner){.each = each_on_threads, .width = width};
}

void kit_cells(const struct table *t, char *out, size_t cap)
{
    struct table_reader *reader;
    const struct row *row;
    struct buf b;
    buf_init(&b, cap - 1);
    assert_int_equal(table_reader_new(t, &reader), OK);
    while (assert_int_equal(table_next(reader, &row), OK), row) {
        for (size_t i = 0; i < table_columns(t); i++) {
            buf_add_text(&b, i ? "|" : "");
            if (row->cells[i].null)
                buf_add_char(&b, '~');
            else
                buf_add(&b, row->cells[i].text, row->cells[i].len);
        }
        buf_add_char(&b, '\n');
    }
    assert_int_equal(b.err, OK);
    strcpy(out, buf_text(&b));
    table_reader_free(reader);
    buf_done(&b);
}

void kit_dtypes(const struct table *t, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < table_columns(t); i++) {
        size_t used = strlen(out);
        snprintf(out + used, cap - used, "%s%s", i ? " " : "", dtype_names[table_column(t, i)->dtype]);
    }
}

void kit_add_rows(struct buf *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        buf_addf(b, i % 7 ? "%zu,text %zu\n" : "%zu,\"text\n%zu,fake\"\n", i, i);
}

struct buf kit_many_rows(size_t n)
{
    struct buf b;
    buf_init(&b, 256 << 20);
    buf_add_text(&b, "n,text\n");
    kit_add_rows(&b, 0, n);
    assert_int_equal(b.err, OK);
    return b;
}

struct table *kit_open_fd(int fd, const struct table_options *options)
{
    struct table *t = NULL;
    struct problem problem = {""};
    if (table_open(fd, options, &t, &problem))
        fail_msg("%s", problem.text);
    return t;
}

struct table *kit_open_text(const char *text, const struct table_options *options)
{
    int fd = kit_file(text, strlen(text));
    struct table *t = kit_open_fd(fd, options);
    close(fd);
    return t;
}

struct table *kit_index(const struct table *t)
{
    struct table *all = NULL;
    struct problem problem = {""};
    struct table_runner threads = kit_threads(3);
    if (table_index(t, &threads, NULL, &all, &problem))
        fail_msg("%s", problem.text);
    return all;
}

enum err kit_grow(const struct table *t, const struct table_stream *s, struct table **out)
{
    struct table_spool spool = table_stream_spool(s);
    struct problem problem;
    return table_grow_spool(t, &spool, NULL, NULL, out, &problem);
}

void kit_check_row(const struct table *t, uint64_t number, const char *first)
{
    struct table_reader *r;
    const struct row *row;
    assert_int_equal(table_reader_new(t, &r), OK);
    assert_int_equal(table_seek(r, number), OK);
    assert_int_equal(table_next(r, &row), OK);
    assert_non_null(row);
    assert_int_equal(row->number, number);
    assert_int_equal(row->cells[0].len, strlen(first));
    assert_memory_equal(row->cells[0].text, first, strlen(first));
    table_reader_free(r);
}

void kit_same_cells(const struct table *a, const struct table *b)
{
    struct table_reader *ra, *rb;
    const struct row *x, *y;
    assert_int_equal(table_rows(a), table_rows(b));
    assert_int_equal(table_columns(a), table_columns(b));
    for (size_t i = 0; i < table_columns(a); i++) {
        assert_int_equal(table_column(a, i)->name_len, table_column(b, i)->name_len);
        assert_memory_equal(table_column(a, i)->name, table_column(b, i)->name, table_column(a, i)->name_len);
    }
    assert_int_equal(table_reader_new(a, &ra), OK);
    assert_int_equal(table_reader_new(b, &rb), OK);
    assert_int_equal(table_seek(ra, 0), OK);
    assert_int_equal(table_seek(rb, 0), OK);
    for (;;) {
        assert_int_equal(table_next(ra, &x), OK);
        assert_int_equal(table_next(rb, &y), OK);
        if (!x || !y)
            break;
        assert_int_equal(x->ncells, y->ncells);
        for (size_t i = 0; i < x->ncells; i++) {
            assert_int_equal(x->cells[i].null, y->cells[i].null);
            assert_int_equal(x->cells[i].len, y->cells[i].len);
            assert_memory_equal(x->cells[i].text, y->cells[i].text, x->cells[i].len);
        }
    }
    assert_null(x);
    assert_null(y);
    table_reader_free(ra);
    table_reader_free(rb);
}
