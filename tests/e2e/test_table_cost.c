/* SPDX-License-Identifier: MIT
 * The cost of looking at a table: the bytes sent to the terminal for one row down, and that an idle explorer sends no
 * bytes and wakes no thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/io.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

static char *table_of(int rows)
{
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    buf_add_text(&b, "code,name,town,age\n");
    for (int row = 1; row <= rows; row++)
        buf_addf(&b, "%06d,name %d,Town %d,%d\n", row, row % 97, row % 31, row % 80);
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    return path;
}

/* --- one row down --------------------------------------------------------------------------------------------------
 */

enum { STEPS = 20, LESS_BYTES = 38 }; /* what `less -S` sends for one row down */

/* The number of the row is drawn last. */
static size_t bytes_of_step(struct pty *p, int to)
{
    size_t before, after;
    char position[64];
    pty_raw(p, &before);
    snprintf(position, sizeof position, " %d of 1_000 ", to);
    pty_type(p, "j");
    pty_wait_text(p, position);
    pty_raw(p, &after);
    return after - before;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void assert_cheap_steps(struct pty *p, int from)
{
    size_t bytes[STEPS];
    for (int i = 0; i < STEPS; i++)
        bytes[i] = bytes_of_step(p, from + 1 + i);
    qsort(bytes, STEPS, sizeof *bytes, compare_sizes);
    if (bytes[STEPS / 2] > LESS_BYTES)
        fail_msg("moving down from row %d sends %zu bytes a row", from, bytes[STEPS / 2]);
}

static void one_row_down_sends_no_more_bytes_than_less(void **state)
{
    (void)state;
    char *path = table_of(1000);
    struct pty *p = pty_open(40, 120, (const char *const[]){program_path(), path, NULL}, NULL);
    pty_wait_text(p, "1000 rows, 4 columns");
    pty_wait_text(p, "loaded in .* engine threads");
    pty_wait_text(p, " 1 of 1_000 ");
    assert_cheap_steps(p, 1);
    for (int row = 22; row <= 60; row++)
        bytes_of_step(p, row);
    assert_cheap_steps(p, 60);
    pty_type(p, "\x1b[B"); /* the arrow as terminals without keypad mode send it */
    pty_wait_text(p, " 81 of 1_000 ");
    pty_type(p, "\x1b[A");
    pty_wait_text(p, " 80 of 1_000 ");
    pty_type(p, "z"); /* alone on the screen */
    pty_wait_no_text(p, "2 Workers");
    assert_cheap_steps(p, 80);
    assert_false(pty_modes(p).cursor_visible);
    explorer_quit(p);
    file_done(path);
}

static bool shows_row(struct pty *p, int row)
{
    char text[64];
    snprintf(text, sizeof text, "\\[ \\] 0*%d ", row);
    return pty_shows(p, text);
}

static void wait_position(struct pty *p, int row)
{
    char text[64];
    snprintf(text, sizeof text, " %d of 100 ", row); /* is drawn last */
    pty_wait_text(p, text);
    assert_true(shows_row(p, row));
}

/* The view scrolls by half a page when the cursor leaves it, and by a page less one line for PgDn. */
static void every_row_is_shown_when_moving_down(void **state)
{
    (void)state;
    char *path = table_of(100);
    struct pty *p = pty_open(40, 120, (const char *const[]){program_path(), path, NULL}, NULL);
    wait_position(p, 1);
    for (int row = 2; row <= 100; row++) {
        pty_type(p, "j");
        wait_position(p, row);
    }
    pty_type(p, "g");
    wait_position(p, 1);
    for (int row = 1, last = 1; row < 100; row = row + 9 < 100 ? row + 9 : 100) {
        while (last < 100 && shows_row(p, last + 1))
            last++;
        pty_type(p, "\x1b[6~");
        wait_position(p, row + 9 < 100 ? row + 9 : 100);
        assert_true(shows_row(p, last < 100 ? last + 1 : 100));
    }
    explorer_quit(p);
    file_done(path);
}

/* curses lets the terminal scroll lines. libvterm then saves the hidden cursor, and restores it with the screen. */
static void the_cursor_is_visible_again_after_scrolling(void **state)
{
    (void)state;
    char *path = table_of(100), row[64];
    struct pty *p = pty_open(24, 80, (const char *const[]){program_path(), path, NULL}, NULL);
    pty_wait_text(p, "1 of 100 ");
    for (int i = 2; i < 50; i++) {
        pty_type(p, "j");
        snprintf(row, sizeof row, "▊\\[ \\] 0*%d ", i);
        pty_wait_text(p, row);
    }
    explorer_quit(p);
    file_done(path);
}

/* --- idle ------------------------------------------------------------------------------------------------ */

enum { LARGE_BYTES = 220 << 20, QUIET_SECONDS = 3 };

/* Writes one block of rows again and again. */
static void make_large(const char *path)
{
    struct buf b;
    buf_init(&b, 32 << 20);
    for (int row = 0; b.len < 10 << 20; row++)
        buf_addf(&b, "%06d,\"name, %d\",Town %d,%d\n", row, row % 97, row % 31, row % 80);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, "code,name,town,age\n", 19), OK);
    for (size_t n = 0; n < LARGE_BYTES; n += b.len)
        assert_int_equal(io_write_all(fd, b.data, b.len), OK);
    close(fd);
    buf_done(&b);
}

/* Context switches of all threads of the process. Adds the number of threads to *threads. */
static unsigned long switches_of(pid_t pid, size_t *threads)
{
    char path[64], line[256];
    unsigned long all = 0, n;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        ++*threads;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/status", (int)pid, e->d_name);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        while (fgets(line, sizeof line, f))
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
                sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
                all += n;
        fclose(f);
    }
    closedir(d);
    return all;
}

/* The same for a process and all its descendants. */
static unsigned long switches_below(pid_t root, size_t *threads)
{
    pid_t kin[KIN_MAX];
    size_t n = kin_below(root, kin);
    *threads = 0;
    unsigned long all = switches_of(root, threads);
    for (size_t i = 0; i < n; i++)
        all += switches_of(kin[i], threads);
    return all;
}

struct quiet {
    struct pty *p;
    unsigned long switches, bytes;
    size_t threads;
};

/* True if no thread was woken and no byte was sent for QUIET_SECONDS. */
static bool nothing_happens(void *arg)
{
    struct quiet *q = arg;
    size_t before, after;
    q->switches = switches_below(pty_pid(q->p), &before);
    q->bytes = pty_read_for(q->p, QUIET_SECONDS);
    q->switches = switches_below(pty_pid(q->p), &after) - q->switches;
    q->threads = after;
    return q->switches == 0 && q->bytes == 0 && before == after;
}

static void an_idle_explorer_of_a_large_table_wakes_no_thread(void **state)
{
    (void)state;
    char *path = file_with("", 0); /* not in /dev/shm, which may not be writable */
    make_large(path);
    struct pty *p = pty_open(40, 120, (const char *const[]){program_path(), path, NULL}, NULL);
    pty_wait_text(p, "rows, 4 columns");
    pty_wait_text(p, "loaded in .* engine threads");
    pty_wait_text(p, " 1 of [0-9]+_[0-9_]+ ");
    struct quiet q = {.p = p};
    pty_wait_until(p, nothing_happens, &q, "some seconds without any activity");
    pty_type(p, "G"); /* and again after a command */
    pty_wait_text(p, " ([0-9_]+) of \\1 ");
    pty_wait_until(p, nothing_happens, &q, "some seconds without any activity");
    assert_true(q.threads > 1);
    explorer_quit(p);
    file_done(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(one_row_down_sends_no_more_bytes_than_less),
        CASE(every_row_is_shown_when_moving_down),
        CASE(the_cursor_is_visible_again_after_scrolling),
        CASE(an_idle_explorer_of_a_large_table_wakes_no_thread),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
