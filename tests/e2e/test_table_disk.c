/* SPDX-License-Identifier: MIT
 * A disk that cannot read all bytes of the file, in a pseudo-terminal: the readable rows are shown, the error is
 * reported, and no command that needs all rows works as if these were all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "tests/kit/explorer.h"
#include "tests/kit/failing_disk.h"
#include "tests/kit/program.h"

#define EXPLORE(...) pty_open(30, 100, (const char *const[]){program_path(), __VA_ARGS__, NULL}, NULL)

enum { ROWS = 100000, HEAD = 15, ROW = 38 };

/* Disks fail in whole pages: GOOD bytes can be read, which hold GOOD_ROWS whole records. */
enum { GOOD = 500 * 4096, GOOD_ROWS = (GOOD - HEAD) / ROW };

struct scene {
    char *backing;
    struct failing_disk disk;
};

static void mount_rows(struct scene *s, uint64_t good)
{
    struct buf b;
    buf_init(&b, (size_t)16 << 20);
    buf_add_text(&b, "code,name,city\n");
    for (int row = 1; row <= ROWS; row++)
        buf_addf(&b, "%07d,name %07d,\"Rome, the city\"\n", row, row);
    assert_int_equal(b.len, HEAD + (size_t)ROWS * ROW);
    s->backing = file_with(b.data, b.len);
    buf_done(&b);
    if (failing_disk_mount(&s->disk, s->backing, good))
        return;
    file_done(s->backing);
    s->backing = NULL;
    print_message("FUSE cannot be mounted here\n");
    skip();
}

static int new_scene(void **state)
{
    *state = calloc(1, sizeof(struct scene));
    return *state ? 0 : -1;
}

/* Also after a failed test, because a mount outlives the process that made it. */
static int end_scene(void **state)
{
    struct scene *s = *state;
    if (s->backing) {
        failing_disk_unmount(&s->disk);
        file_done(s->backing);
    }
    free(s);
    return kin_none_left(state);
}

static void wait_textf(struct pty *p, const char *fmt, int row)
{
    char regex[160];
    snprintf(regex, sizeof regex, fmt, row);
    pty_wait_text(p, regex);
}

static void the_readable_part_of_a_failing_disk_is_shown_and_the_rest_is_reported(void **state)
{
    struct scene *s = *state;
    mount_rows(s, GOOD);
    struct pty *p = EXPLORE(s->disk.path);
    pty_wait_text(p, "0000001 +name 0000001 ");
    pty_type(p, "1zG"); /* typed while the rows are still being found */
    wait_textf(p, "cannot be read after row %d: input/output error", GOOD_ROWS);
    wait_textf(p, "▊\\[ \\] %07d +name ", GOOD_ROWS);
    pty_type(p, "/name 0000777\r");
    pty_wait_text(p, "▊\\[ \\] 0000777 ");
    pty_type(p, "&name~77$\r");
    pty_wait_text(p, "53[0-9] of 53_[0-9]+ rows & name~77");
    assert_true(pty_shows(p, "cannot be read after row"));
    explorer_quit_failed(p);
}

static void a_run_does_not_mistake_the_readable_rows_for_all_rows(void **state)
{
    struct scene *s = *state;
    struct program run;
    mount_rows(s, GOOD);
    struct pty *p = EXPLORE(s->disk.path);
    pty_wait_text(p, "cannot be read after row");
    pty_type(p, "r");
    pty_wait_text(p, "1 of 1 done"); /* the note above the rows says that they end early, and so does the exit status */
    explorer_quit_failed(p);
    PROGRAM_RUN(&run, "run", "--code", "0000001", s->disk.path);
    program_assert_status(&run, 3);
    assert_text_matches(run.err.data, "table.csv: cannot read it: input/output error");
    program_done(&run);
}

static void a_disk_that_cannot_be_read_at_all_is_reported(void **state)
{
    struct scene *s = *state;
    mount_rows(s, 0);
    struct pty *p = EXPLORE(s->disk.path);
    pty_wait_text(p, "table.csv: input/output error");
    assert_int_equal(explorer_status(p), 3);
    pty_free(p);
}

static void a_repaired_disk_is_read_again(void **state)
{
    struct scene *s = *state;
    mount_rows(s, GOOD);
    struct pty *p = EXPLORE(s->disk.path);
    pty_type(p, "1z");
    pty_wait_text(p, "cannot be read after row");
    *s->disk.good = UINT64_MAX;
    failing_disk_touch(&s->disk);
    pty_wait_text(p, "1 of 100_000 ");
    pty_wait_no_text(p, "cannot be read");
    pty_type(p, "G");
    pty_wait_text(p, "▊\\[ \\] 0100000 ");
    explorer_quit(p);
}

/* A key clears the message, but an error that arrives after the key shows it again. */
static void clear_message(struct pty *p, const char *message)
{
    double until = clock_now() + PTY_BOUND;
    do {
        assert_true(clock_now() < until);
        pty_type(p, "g");
        pty_read_for(p, 0.1);
    } while (pty_shows(p, message));
}

static void a_disk_that_fails_later_only_loses_the_unreadable_rows(void **state)
{
    struct scene *s = *state;
    mount_rows(s, UINT64_MAX);
    struct pty *p = EXPLORE(s->disk.path);
    pty_type(p, "1z/name 0100000\r"); /* the last row: once it is found, all rows are */
    pty_wait_text(p, "▊\\[ \\] 0100000 ");
    pty_type(p, "g");
    pty_wait_text(p, "▊\\[ \\] 0000001 ");
    *s->disk.good = GOOD;
    pty_type(p, "G");
    pty_wait_text(p, "the file cannot be read here: input/output error");
    pty_type(p, " ");
    for (const char *const *keys = (const char *const[]){"/nowhere\r", "%", "&city==Oslo\r", NULL}; *keys; keys++) {
        pty_type(p, *keys);
        pty_wait_text(p, "table.csv: cannot read it: input/output error");
        clear_message(p, "cannot read it");
    }
    pty_type(p, "g");
    pty_wait_text(p, "▊\\[ \\] 0000001 +name 0000001 ");
    *s->disk.good = UINT64_MAX;
    pty_type(p, "G");
    pty_wait_text(p, "▊\\[ \\] 0100000 ");
    explorer_quit(p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, new_scene, end_scene)
    const struct CMUnitTest tests[] = {
        CASE(the_readable_part_of_a_failing_disk_is_shown_and_the_rest_is_reported),
        CASE(a_run_does_not_mistake_the_readable_rows_for_all_rows),
        CASE(a_disk_that_cannot_be_read_at_all_is_reported),
        CASE(a_repaired_disk_is_read_again),
        CASE(a_disk_that_fails_later_only_loses_the_unreadable_rows),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
