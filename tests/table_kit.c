/* SPDX-License-Identifier: MIT
 * What the tests of the table share. */
#include "tests/table_kit.h"

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
    enum err e = table_load(fd, options, NULL, &t, problem);
    close(fd);
    if (!e)
        table_free(t);
    return e;
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
