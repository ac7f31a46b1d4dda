/* SPDX-License-Identifier: MIT
 * A table that is shared: its fds, another process that imports it, and a file that changes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/io.h"
#include "tests/kit/table_kit.h"

static const char sample[] = "code,name,age\n0001,hoge,20\n0002,fuga,10\n0003,piyo,32\n0004,foo,15\n0005,bar,60\n";

static void *write_to(void *arg)
{
    const int *fd = arg;
    assert_int_equal(io_write_all(*fd, sample, sizeof sample - 1), OK);
    close(*fd);
    return NULL;
}

static void reads_a_pipe_to_its_end_into_sealed_memory(void **state)
{
    (void)state;
    int ends[2], fds[TABLE_FDS];
    pthread_t writer;
    struct table *t = NULL;
    struct problem problem;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_to, &ends[1]), 0);
    assert_int_equal(table_load(ends[0], &(struct table_options){.path = "-"}, NULL, &t, &problem), OK);
    pthread_join(writer, NULL);
    close(ends[0]);
    assert_int_equal(table_rows(t), 5);
    table_fds(t, fds);
    for (int i = 0; i < TABLE_FDS; i++) {
        assert_true(fcntl(fds[i], F_GET_SEALS) & F_SEAL_WRITE);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    }
    table_free(t);
}

static void does_not_change_the_callers_fd_or_its_offset(void **state)
{
    (void)state;
    struct table *t = NULL;
    struct problem problem;
    int fd = kit_file(sample, sizeof sample - 1);
    off_t before = lseek(fd, 7, SEEK_SET);
    assert_int_equal(table_load(fd, &(struct table_options){.path = "t.csv"}, NULL, &t, &problem), OK);
    assert_int_equal(table_rows(t), 5);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), before);
    table_free(t);
    assert_int_equal(close(fd), 0);
}

static int same_table(const struct table *t, const struct table *other)
{
    char a[500], b[500];
    kit_cells(t, a, sizeof a);
    kit_cells(other, b, sizeof b);
    bool same = strcmp(a, b) == 0 && table_rows(t) == table_rows(other) && table_key(t) == table_key(other) &&
                table_codes(t) == table_codes(other) && table_codes_complete(other) &&
                strcmp(table_path(t), table_path(other)) == 0 && table_column(other, 2)->dtype == DTYPE_F64 &&
                table_column(other, 2)->given && !table_column(other, 0)->given;
    for (size_t i = 0; same && i < table_codes(t); i++)
        same = strcmp(table_code(t, i)->text, table_code(other, i)->text) == 0 &&
               table_code(t, i)->count == table_code(other, i)->count;
    return same ? 0 : 1;
}

static void duplicate_fds(const struct table *t, int copies[TABLE_FDS])
{
    int fds[TABLE_FDS];
    table_fds(t, fds);
    assert_int_equal(io_dup_all(fds, TABLE_FDS, copies), OK);
}

/* The child imports the table from the fds and compares it with the one that it inherited. */
static void a_forked_process_imports_the_table(void **state)
{
    (void)state;
    struct dtype_override given = {"age", DTYPE_F64};
    struct table_options options = {.path = "t.csv", .overrides = &given, .noverrides = 1};
    struct table *t = kit_table_with(sample, &options, NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int copies[TABLE_FDS];
        struct table *other = NULL;
        struct problem problem;
        duplicate_fds(t, copies);
        int status = table_import(copies, &other, &problem) ? 2 : same_table(t, other);
        _exit(status);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(same_table(t, t), 0);
    table_free(t);
}

static void an_import_takes_and_checks_its_fds(void **state)
{
    (void)state;
    struct table *t = kit_table(sample), *other = NULL;
    struct problem problem;
    for (int broken = 0; broken < 5; broken++) {
        int fds[TABLE_FDS];
        duplicate_fds(t, fds);
        if (broken > 0 && broken < 3) { /* not sealed, so a truncation could cause a SIGBUS */
            close(fds[broken]);
            fds[broken] = memfd_create("test", MFD_CLOEXEC);
            assert_int_equal(ftruncate(fds[broken], 4096), 0);
        } else if (broken >= 3) { /* sealed, but with wrong content */
            close(fds[broken - 2]);
            assert_int_equal(io_sealed_memory("test", sample, sizeof sample, &fds[broken - 2]), OK);
        } else {
            io_close(&fds[0]);
            fds[0] = kit_file("other", 5);
        }
        enum err err = table_import(fds, &other, &problem);
        assert_int_equal(err, broken == 0 ? ERR_CHANGED : ERR_PARSE);
        for (int i = 0; i < TABLE_FDS; i++)
            assert_int_equal(fcntl(fds[i], F_GETFD), -1);
    }
    table_free(t);
}

static enum err read_all(struct table_reader *reader)
{
    const struct row *row;
    enum err err;
    while (!(err = table_next(reader, &row)) && row)
        ;
    return err;
}

static void a_changed_file_is_an_error(void **state)
{
    (void)state;
    struct buf b = kit_many_rows(60000);
    struct table *t = NULL;
    struct table_reader *early, *late;
    const struct row *row;
    struct problem problem;
    int fd = kit_file(b.data, b.len);
    assert_int_equal(table_load(fd, &(struct table_options){.path = "t.csv"}, NULL, &t, &problem), OK);
    assert_int_equal(table_reader_new(t, &early), OK);
    assert_int_equal(table_next(early, &row), OK);
    assert_int_equal(ftruncate(fd, 100), 0);
    assert_int_equal(read_all(early), ERR_CHANGED);
    assert_int_equal(table_reader_new(t, &late), OK);
    assert_int_equal(table_next(late, &row), ERR_CHANGED);
    assert_int_equal(table_seek(late, 50000), ERR_CHANGED);
    table_reader_free(early);
    table_reader_free(late);
    table_free(t);
    close(fd);
    buf_done(&b);
}

static void notices_a_rewritten_file_by_its_time(void **state)
{
    (void)state;
    struct table *t = NULL;
    struct table_reader *reader;
    const struct row *row;
    struct problem problem;
    int fd = kit_file(sample, sizeof sample - 1);
    const struct timespec past[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(futimens(fd, past), 0);
    assert_int_equal(table_load(fd, &(struct table_options){.path = "t.csv"}, NULL, &t, &problem), OK);
    assert_int_equal(pwrite(fd, "X", 1, 20), 1);
    assert_int_equal(table_reader_new(t, &reader), OK);
    assert_int_equal(table_next(reader, &row), ERR_CHANGED);
    table_reader_free(reader);
    table_free(t);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_pipe_to_its_end_into_sealed_memory),
        cmocka_unit_test(does_not_change_the_callers_fd_or_its_offset),
        cmocka_unit_test(a_forked_process_imports_the_table),
        cmocka_unit_test(an_import_takes_and_checks_its_fds),
        cmocka_unit_test(a_changed_file_is_an_error),
        cmocka_unit_test(notices_a_rewritten_file_by_its_time),
    };
    return cmocka_run_group_tests_name("table_shared", tests, NULL, NULL);
}
