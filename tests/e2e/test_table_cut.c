/* SPDX-License-Identifier: MIT
 * A file is truncated, rewritten, replaced or extended while the explorer finds its rows, in a pseudo-terminal. The
 * explorer must report it, show the file as it is now, and go on. The environment variable CUTS is the number of rounds
 * (default: 30). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

enum { BLOCK = 10000, BLOCKS = 500, ROWS = BLOCK * BLOCKS, FIRST = 1000, CUTS = 30 };
enum { HEADER = 15, ROW = 47, FIRST_ROW = 28 }; /* bytes */

/* The file is made once, and is so large that finding its rows takes a while. Its first rows are shorter than the
 * others, so that the estimated number of rows is wrong until all of them are found. `name` is a second link to the
 * file, used to undo the change after each round. */
static char *path, *name;

static void add_first_rows(struct buf *b)
{
    for (int row = 1; row <= FIRST; row++)
        buf_addf(b, "%07d,name %07d,Rome  \n", row, row);
}

static void add_rows(struct buf *b, int n)
{
    for (int row = 1; row <= n; row++)
        buf_addf(b, "%07d,name %07d,\"Rome, the town of towns\"\n", row, row);
}

static void write_at(const char *file, off_t at, const char *bytes, size_t len)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, at, SEEK_SET), at);
    assert_int_equal(io_write_all(fd, bytes, len), OK);
    close(fd);
}

static off_t end_of(int rows)
{
    return HEADER + (off_t)FIRST * FIRST_ROW + (off_t)rows * ROW;
}

/* A file with only the header and the first rows. */
static char *new_file(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "code,name,city\n");
    add_first_rows(&b);
    assert_int_equal(b.len, end_of(0));
    char *file = file_with(b.data, b.len);
    buf_done(&b);
    return file;
}

static int make_file(void **state)
{
    (void)state;
    struct buf block;
    buf_init(&block, 1 << 20);
    add_rows(&block, BLOCK);
    assert_int_equal(block.len, (size_t)BLOCK * ROW);
    path = new_file();
    for (int i = 0; i < BLOCKS; i++)
        write_at(path, end_of(i * BLOCK), block.data, block.len);
    buf_done(&block);
    name = malloc(strlen(path) + 6);
    assert_non_null(name);
    sprintf(name, "%s.kept", path);
    assert_int_equal(link(path, name), 0);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    file_done(name);
    file_done(path);
    return 0;
}

/* --- the changes ------------------------------------------------------------------------------------------------ */

/* Removes the last row. */
static void cut(void)
{
    assert_int_equal(truncate(path, end_of(ROWS - 1)), 0);
}

/* Changes two bytes of the first row in place. */
static void rewrite(void)
{
    write_at(path, HEADER, "77", 2);
}

/* Renames a short file over it. */
static void replace(void)
{
    char *other = new_file();
    assert_int_equal(rename(other, path), 0);
    free(other);
}

static void grow(void)
{
    struct buf more;
    buf_init(&more, 1 << 20);
    add_rows(&more, 1000);
    write_at(path, end_of(ROWS), more.data, more.len);
    buf_done(&more);
}

static void restore(void)
{
    struct buf row;
    buf_init(&row, 1 << 20);
    add_rows(&row, BLOCK);
    write_at(name, HEADER, "00", 2);
    assert_int_equal(truncate(name, end_of(ROWS - 1)), 0);
    write_at(name, end_of(ROWS - 1), row.data + row.len - ROW, ROW);
    buf_done(&row);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(name, path), 0);
}

static const struct {
    void (*happens)(void);
    const char *said, *shown;
} changes[] = {
    {cut, "became shorter|rewritten|changed", "1 of 5_000_999 "},
    {rewrite, "rewritten|changed", "1 of 5_001_000 "},
    {replace, "Another file has this name", "1 of 1_000 "},
    {grow, "has grown", "1 of 5_00[12]_000 "},
};
enum { CHANGES = sizeof changes / sizeof *changes };

/* --- their moments ---------------------------------------------------------------------------------------------- */

/* The CPU time of all processes below this one, in clock ticks. */
static unsigned long long ticks_below(pid_t root)
{
    pid_t pids[KIN_MAX];
    unsigned long long all = 0;
    size_t n = kin_below(root, pids);
    for (size_t i = 0; i < n; i++) {
        char file[64], stat[1024] = "";
        unsigned long long user = 0, system = 0;
        snprintf(file, sizeof file, "/proc/%d/stat", (int)pids[i]);
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, stat, sizeof stat - 1) > 0 && strrchr(stat, ')'))
            sscanf(strrchr(stat, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system);
        if (fd >= 0)
            close(fd);
        all += user + system;
    }
    return all;
}

/* Stops the explorer while the rows are being found, as a busy machine might do, until the process that finds them has
 * been idle for a moment. Its answer is then on its way when the file changes. */
static void change_before_an_answer_is_read(struct pty *p, void (*happens)(void))
{
    enum { RESTS = 60, LOOKS_MAX = 6000, AT_WORK = 3 /* ticks */ };
    for (int looks = 0; looks < LOOKS_MAX && ticks_below(pty_pid(p)) < AT_WORK; looks++)
        pty_read_for(p, 0.001);
    pty_signal(p, SIGSTOP);
    unsigned long long before = ticks_below(pty_pid(p));
    for (int rests = 0, looks = 0; rests < RESTS && looks < LOOKS_MAX; looks++) {
        nap();
        unsigned long long now = ticks_below(pty_pid(p));
        rests = now == before ? rests + 1 : 0;
        before = now;
    }
    happens();
    pty_signal(p, SIGCONT);
}

static struct pty *explore(void)
{
    struct pty *p = pty_open(30, 100, (const char *const[]){program_path(), path, NULL}, NULL);
    pty_type(p, "1z");
    pty_wait_text(p, "0000001 +name 0000001 ");
    return p;
}

/* Seconds from the first rows on the screen until all are known, if the file does not change. */
static double time_to_index(void)
{
    struct pty *p = explore();
    double from = clock_now();
    pty_wait_text(p, "1 of 5_001_000 ");
    double seconds = clock_now() - from;
    explorer_quit(p);
    return seconds;
}

/* Every other round changes the file while an answer is on its way, the others at moments spread over the time that
 * finding the rows takes. */
static void one_change(int i, int n, double span)
{
    size_t k = (size_t)i % CHANGES;
    struct pty *p = explore();
    if (i / CHANGES % 2 == 0) {
        change_before_an_answer_is_read(p, changes[k].happens);
    } else {
        pty_read_for(p, span * i / n);
        changes[k].happens();
    }
    pty_wait_text(p, changes[k].said);
    pty_wait_text(p, changes[k].shown);
    explorer_quit(p);
    restore();
}

static void a_file_that_changes_while_it_is_indexed_does_not_end_the_explorer(void **state)
{
    (void)state;
    const char *asked = getenv("CUTS");
    int n = asked && atoi(asked) > 0 ? atoi(asked) : CUTS;
    double span = time_to_index();
    for (int i = 0; i < n; i++)
        one_change(i, n, span);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_file_that_changes_while_it_is_indexed_does_not_end_the_explorer, kin_none_left),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
