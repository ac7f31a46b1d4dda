/* SPDX-License-Identifier: MIT
 * What can happen to a file while it is open, in a pseudo-terminal: it is truncated, keeps growing, is deleted, becomes
 * unreadable, or is a stream that fills the disk. The screen reports it, shows the rows that could be read, and nothing
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

#define EXPLORE(...) pty_open(30, 100, (const char *const[]){program_path(), __VA_ARGS__, NULL}, NULL)

enum { HEAD = 15, ROW = 38 }; /* bytes */

static char *rows(int n)
{
    struct buf b;
    buf_init(&b, (size_t)256 << 20);
    buf_add_text(&b, "code,name,city\n");
    for (int row = 1; row <= n; row++)
        buf_addf(&b, "%07d,name %07d,\"Rome, the city\"\n", row, row);
    assert_int_equal(b.len, HEAD + (size_t)n * ROW);
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    return path;
}

/* A filter and the cursor are set to rows that are cut off. */
static void a_truncated_file_is_reported_and_nothing_beyond_its_end_is_shown(void **state)
{
    (void)state;
    char *path = rows(300000);
    struct pty *p = EXPLORE(path);
    pty_type(p, "1z");
    pty_wait_text(p, "1 of 300_000");
    pty_type(p, "&code>=0200000\r");
    pty_wait_text(p, "100_001 of 300_000 rows");
    pty_type(p, "G");
    pty_wait_text(p, "▊\\[ \\] 0300000");
    assert_int_equal(truncate(path, HEAD + 1000 * ROW - 28), 0); /* within the text of a record */
    pty_wait_text(p, "read again");
    pty_wait_no_text(p, "0300000");
    pty_wait_text(p, "0 of [0-9_]+ rows & code>=0200000");
    pty_type(p, "u");
    pty_wait_text(p, "1 row is too short, the first is row 1_000");
    pty_type(p, "g");
    pty_wait_text(p, "0000001 +name 0000001 ");
    assert_int_equal(truncate(path, 0), 0);
    pty_wait_text(p, "empty");
    pty_wait_no_text(p, "0000001 +name 0000001 ");
    pty_type(p, "qq"); /* the exit status depends on what the pool could still read */
    pty_wait_exit(p);
    pty_free(p);
    file_done(path);
}

static void truncating_a_file_during_indexing_is_harmless(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        char *path = rows(1500000);
        struct pty *p = EXPLORE(path);
        pty_wait_text(p, "0000001 +name 0000001 ");
        assert_int_equal(truncate(path, HEAD + ROW * (1000 + i)), 0);
        pty_wait_text(p, "read again|changed");
        pty_type(p, "1z");
        pty_wait_text(p, "1 of 1_0[0-9][0-9] ");
        explorer_quit(p);
        file_done(path);
    }
}

static void append_for_a_while(const char *path, struct pty *p, int from, int n)
{
    char line[64];
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int row = from; row < from + n; row++) {
        size_t len = (size_t)snprintf(line, sizeof line, "%07d,name %d,Oslo\n", row, row);
        assert_int_equal(io_write_all(fd, line, len / 2), OK); /* a record in two halves */
        pty_read_for(p, 0.002);
        assert_int_equal(io_write_all(fd, line + len / 2, len - len / 2), OK);
    }
    close(fd);
}

static void following_a_file_that_keeps_growing_shows_no_wrong_row(void **state)
{
    (void)state;
    char *path = rows(1000);
    struct pty *p = EXPLORE(path);
    pty_type(p, "1zF");
    pty_wait_text(p, "following");
    append_for_a_while(path, p, 1001, 500);
    pty_wait_text(p, "1 of 1_500");
    pty_type(p, "G");
    pty_wait_text(p, "▊\\[ \\] 0001500 +name 1500 +Oslo");
    pty_type(p, "&city==Oslo\r");
    pty_wait_text(p, "500 of 1_500 rows");
    assert_false(pty_shows(p, "too short|too long"));
    explorer_quit(p);
    file_done(path);
}

static void a_deleted_file_is_reported_and_can_still_be_searched(void **state)
{
    (void)state;
    char *path = rows(20000);
    struct pty *p = EXPLORE(path);
    pty_type(p, "1z");
    pty_wait_text(p, "1 of 20_000");
    assert_int_equal(unlink(path), 0);
    pty_wait_text(p, "deleted or moved; the rows of the old file are still shown");
    pty_type(p, "/name 0019999\r");
    pty_wait_text(p, "▊\\[ \\] 0019999");
    pty_type(p, "&name~7$\r");
    pty_wait_text(p, "2_000 of 20_000 rows");
    explorer_quit(p);
    free(path);
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

/* Starts the explorer with this fd as its stdin, and closes the fd here. */
static struct pty *explore_fd(int fd)
{
    char command[9000];
    snprintf(command, sizeof command, "exec %s - <&%d %d<&-", program_path(), fd, fd);
    struct pty *p = pty_open(30, 100, (const char *const[]){"/bin/bash", "-c", command, NULL}, NULL);
    close(fd);
    return p;
}

static void a_pipe_that_closes_within_a_record_shows_the_rows_before(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    struct pty *p = explore_fd(ends[0]);
    assert_int_equal(io_write_all(ends[1], "code,v\n0001,a\n0002,\"within a qu", 31), OK);
    pty_wait_text(p, "0001 +a");
    close(ends[1]);
    pty_wait_text(p, ":3:6: ");
    pty_wait_text(p, "0001 +a");
    explorer_quit_failed(p);
}

/* Closing a socket that has unread data makes the other side read what was sent, then an error (ECONNRESET). */
static void a_stream_that_fails_is_reported_and_shows_the_rows_before(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(io_write_all(ends[0], "never read", 10), OK);
    struct pty *p = explore_fd(ends[0]);
    assert_int_equal(io_write_all(ends[1], "code,v\n0001,a\n0002,b\n", 21), OK);
    pty_wait_text(p, "0001 +a");
    close(ends[1]);
    pty_wait_text(p, "-: the other end was closed");
    pty_wait_text(p, "0002 +b");
    explorer_quit_failed(p);
}

/* Data from stdin is kept on a disk of one megabyte. Needs a user namespace to mount it. */
static void a_stream_that_fills_the_disk_is_reported_and_shows_the_rows_before(void **state)
{
    (void)state;
    char command[9000];
    if (system("unshare -rm mount -t tmpfs none /mnt 2>/dev/null"))
        skip();
    snprintf(command, sizeof command,
             "{ echo code,v; yes 0001,a | head -c 80000000; } | "
             "exec unshare -rm sh -c 'mount -t tmpfs -o size=1M none /mnt && TMPDIR=/mnt exec %s -'",
             program_path());
    struct pty *p = pty_open(30, 100, (const char *const[]){"/bin/bash", "-c", command, NULL}, NULL);
    pty_wait_text(p, "0001 +a");
    pty_wait_text(p, "cannot store its bytes: No space left on device");
    pty_wait_text(p, "0001 +a");
    explorer_quit_failed(p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(a_truncated_file_is_reported_and_nothing_beyond_its_end_is_shown),
        CASE(truncating_a_file_during_indexing_is_harmless),
        CASE(following_a_file_that_keeps_growing_shows_no_wrong_row),
        CASE(a_deleted_file_is_reported_and_can_still_be_searched),
        CASE(a_pipe_that_closes_within_a_record_shows_the_rows_before),
        CASE(a_stream_that_fails_is_reported_and_shows_the_rows_before),
        CASE(a_stream_that_fills_the_disk_is_reported_and_shows_the_rows_before),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
