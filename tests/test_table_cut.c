/* SPDX-License-Identifier: MIT
 * A file is cut, rewritten, replaced or grown while the explorer finds its rows, in a pseudo-terminal and many times
 * over: the explorer says so, shows the file as it is now, and goes on. The environment variable CUTS says how often
 * (30 unless it is set). */
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
#include "tests/explorer.h"
#include "tests/program.h"
#include "tests/pty.h"

enum { ROWS = 1000000, KEPT = 1000, CUTS = 30 };

static const char header[] = "code,name,city\n";

static void add_rows(struct buf *b, int first, int n)
{
    for (int row = first; row < first + n; row++)
        buf_addf(b, "%07d,name %07d,\"Rome, the city\"\n", row, row);
}

/* The file as it is at first, made once: each case writes it to a file of its own. */
static struct buf whole;

static int make_whole(void **state)
{
    (void)state;
    buf_init(&whole, (size_t)256 << 20);
    buf_add_text(&whole, header);
    add_rows(&whole, 1, ROWS);
    return whole.err;
}

static int free_whole(void **state)
{
    (void)state;
    buf_done(&whole);
    return 0;
}

static size_t bytes_of(int rows)
{
    return sizeof header - 1 + (size_t)rows * ((whole.len - (sizeof header - 1)) / ROWS);
}

static void write_to(const char *path, int flags, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_CREAT | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, bytes, len), OK);
    close(fd);
}

/* --- what becomes of the file --------------------------------------------------------------------------------- */

static void cut(const char *path)
{
    assert_int_equal(truncate(path, (off_t)bytes_of(KEPT)), 0);
}

static void rewrite(const char *path)
{
    write_to(path, O_TRUNC, whole.data, bytes_of(KEPT));
}

static void replace(const char *path)
{
    char *other = file_with(whole.data, bytes_of(KEPT));
    assert_int_equal(rename(other, path), 0);
    free(other);
}

static void grow(const char *path)
{
    struct buf more;
    buf_init(&more, 1 << 20);
    add_rows(&more, ROWS + 1, KEPT);
    write_to(path, O_APPEND, more.data, more.len);
    buf_done(&more);
}

static const struct { void (*happens)(const char *path); const char *said, *shown; } changes[] = {
    {cut, "became shorter|rewritten|changed", "1 of 1_000 "},
    {rewrite, "became shorter|rewritten|changed", "1 of 1_000 "},
    {replace, "Another file has this name", "1 of 1_000 "},
    {grow, "has grown", "1 of 1_00[01]_000 "},
};
enum { CHANGES = sizeof changes / sizeof *changes };

/* --- when ----------------------------------------------------------------------------------------------------- */

/* Seconds of CPU time of all processes below this one. */
static unsigned long long ticks_below(pid_t root)
{
    pid_t pids[KIN_MAX];
    unsigned long long all = 0;
    size_t n = kin_below(root, pids);
    for (size_t i = 0; i < n; i++) {
        char path[64], stat[1024] = "";
        unsigned long long user = 0, system = 0;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pids[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, stat, sizeof stat - 1) > 0 && strrchr(stat, ')'))
            sscanf(strrchr(stat, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system);
        if (fd >= 0)
            close(fd);
        all += user + system;
    }
    return all;
}

/* The explorer is stopped, as a busy machine might stop it, until the process that finds the rows has been at rest for
 * a moment: its answer is on its way, and the file is no longer the one that the answer is about. */
static void change_behind_an_answer(struct pty *p, const char *path, void (*happens)(const char *path))
{
    enum { RESTS = 60, LOOKS_MAX = 6000 };
    pty_signal(p, SIGSTOP);
    unsigned long long before = ticks_below(pty_pid(p));
    for (int rests = 0, looks = 0; rests < RESTS && looks < LOOKS_MAX; looks++) {
        nap();
        unsigned long long now = ticks_below(pty_pid(p));
        rests = now == before ? rests + 1 : 0;
        before = now;
    }
    happens(path);
    pty_signal(p, SIGCONT);
}

/* Seconds from the first rows on the screen until all are known, when nothing happens to the file. */
static double time_to_index(void)
{
    char *path = file_with(whole.data, whole.len);
    struct pty *p = pty_open(30, 100, (const char *const[]){program_path(), path, NULL}, NULL);
    pty_type(p, "1z");
    pty_wait_text(p, "0000001 +name 0000001 ");
    double from = clock_now();
    pty_wait_text(p, "1 of 1_000_000 ");
    double seconds = clock_now() - from;
    explorer_quit(p);
    file_done(path);
    return seconds;
}

static void one_change(int i, int n, double span)
{
    size_t k = (size_t)i % CHANGES;
    bool stopped = i / CHANGES % 2;
    char *path = file_with(whole.data, whole.len);
    struct pty *p = pty_open(30, 100, (const char *const[]){program_path(), path, NULL}, NULL);
    pty_type(p, "1z");
    pty_wait_text(p, "0000001 +name 0000001 ");
    if (stopped) {
        change_behind_an_answer(p, path, changes[k].happens);
    } else {
        pty_read_for(p, span * i / n);
        changes[k].happens(path);
    }
    pty_wait_text(p, changes[k].said);
    pty_wait_text(p, changes[k].shown);
    explorer_quit(p);
    file_done(path);
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
    return cmocka_run_group_tests(tests, make_whole, free_whole);
}
