/* SPDX-License-Identifier: MIT
 * Working with a table in the real program, in a pseudo-terminal: saving, switching filters, moving and resizing
 * columns, marking rows, picking codes, copying cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

#define EXPLORE(...) pty_open(30, 100, (const char *const[]){program_path(), __VA_ARGS__, NULL}, NULL)

static const char people[] = "code,name,age,city\n0001,Ann,34,Rome\n0002,\"Bo, jr\",28,Paris\n0003,\"two\nlines\",41,\n"
                             "0001,\"\",28,Rome\n0004,\"q\"\"q\",19,Oslo\n";

/* A folder with a table in it. */
struct place {
    char folder[32], table[64], out[64];
};

static void make_place(struct place *at, const char *bytes, size_t len)
{
    strcpy(at->folder, "/tmp/poolscope-test-XXXXXX");
    assert_non_null(mkdtemp(at->folder));
    snprintf(at->table, sizeof at->table, "%s/people.csv", at->folder);
    snprintf(at->out, sizeof at->out, "%s/out", at->folder);
    int fd = open(at->table, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_int_equal(io_write_all(fd, bytes, len), OK);
    close(fd);
}

static struct pty *open_people(struct place *at)
{
    make_place(at, people, sizeof people - 1);
    struct pty *p = EXPLORE(at->table);
    pty_wait_text(p, "0004 +q\"q");
    pty_type(p, "1z");
    pty_wait_text(p, "% frequency  S save");
    return p;
}

static void remove_place(struct place *at)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", at->folder);
    assert_int_equal(system(command), 0);
}

/* Checks that each open descriptor of the process from 3 on is close-on-exec, and names the first that is not. In
 * fdinfo, flags are octal and O_CLOEXEC is 02000000 (proc(5)). */
static void assert_closes_on_exec(pid_t pid)
{
    char path[64], target[256];
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++) {
        unsigned flags = 0;
        if (fcntl(fd, F_GETFD) == 0)
            continue; /* inherited from the process that started this test */
        snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)pid, fd);
        FILE *f = fopen(path, "re");
        if (!f)
            continue;
        while (fgets(target, sizeof target, f) && sscanf(target, "flags: %o", &flags) != 1)
            continue;
        fclose(f);
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
        ssize_t n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (n > 0 && !(flags & 02000000))
            fail_msg("descriptor %d of process %d (%s) stays open in programs that it starts", fd, (int)pid, target);
    }
}

static bool is_ours(pid_t pid)
{
    return kin_is_named(pid, "poolscope") || kin_is_named(pid, "poolscope-query") ||
           kin_is_named(pid, "poolscope-host");
}

static void leave(struct pty *p, struct place *at)
{
    explorer_quit(p);
    remove_place(at);
}

static void type(struct pty *p, const char *before, const char *path, const char *after)
{
    char keys[512];
    snprintf(keys, sizeof keys, "%s%s%s", before, path, after);
    pty_type(p, keys);
}

static void holds(const char *path, const char *text)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    file_read(path, &b);
    assert_string_equal(buf_text(&b), text);
    buf_done(&b);
}

static size_t files_in(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *f = popen(command, "r");
    unsigned long n = 0;
    assert_int_equal(fscanf(f, "%lu", &n), 1);
    pclose(f);
    return n;
}

static void the_visible_table_is_saved(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    type(p, ":save ", at.out, "\r");
    pty_wait_text(p, "Saved .*: 5 rows, ");
    holds(at.out, people);
    assert_int_equal(files_in(at.folder), 2);

    pty_type(p, "&age<41\r"); /* sorted, filtered, one column hidden */
    pty_wait_text(p, "4 of 5 rows");
    pty_type(p, "ll>");
    pty_wait_text(p, "▼age");
    pty_wait_text(p, "0001 +Ann");
    pty_type(p, ":column city\r-");
    pty_wait_text(p, "1 hidden");
    type(p, ":save ", at.out, "\r");
    pty_wait_text(p, "exists. Replace it\\?");
    pty_type(p, "n");
    pty_wait_no_text(p, "Replace it\\?");
    holds(at.out, people);
    type(p, ":save ", at.out, "\r");
    pty_wait_text(p, "Replace it\\?");
    pty_type(p, "y");
    pty_wait_text(p, "Saved .*: 4 rows, ");
    holds(at.out, "code,name,age\n0001,Ann,34\n0002,\"Bo, jr\",28\n0001,\"\",28\n0004,\"q\"\"q\",19\n");

    strcat(at.out, ".jsonl");
    type(p, ":save ", at.out, "\r");
    pty_wait_text(p, "Saved .*out.jsonl: 4 rows, ");
    holds(at.out,
          "{\"code\":\"0001\",\"name\":\"Ann\",\"age\":34}\n{\"code\":\"0002\",\"name\":\"Bo, jr\",\"age\":28}\n"
          "{\"code\":\"0001\",\"name\":\"\",\"age\":28}\n{\"code\":\"0004\",\"name\":\"q\\\"q\",\"age\":19}\n");
    leave(p, &at);
}

static void saving_asks_for_a_name_and_reports_errors(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "S");
    pty_wait_text(p, "Save as \\(.csv or .jsonl\\): people-rows.csv");
    pty_type(p, "/nowhere/at/all.csv\r"); /* instead of the suggested name */
    pty_wait_text(p, "^ ?/nowhere/at/all.csv: cannot write: No such file");
    pty_type(p, "S\x15/dev/full\r");
    pty_wait_text(p, "Replace it\\?");
    pty_type(p, "y");
    pty_wait_text(p, "/dev/full: not a regular file, so it cannot be replaced");
    assert_int_equal(files_in(at.folder), 1);
    leave(p, &at);
}

/* Under any of its names. A filtered view that overwrote its own file would destroy the other rows. */
static void saving_never_overwrites_the_open_table(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    char hard[160];
    (void)state;
    snprintf(hard, sizeof hard, "%s/hard.csv", at.folder);
    assert_int_equal(link(at.table, hard), 0);
    pty_type(p, "&age<41\r");
    pty_wait_text(p, "4 of 5 rows");
    type(p, ":save ", at.table, "\r");
    pty_wait_text(p, "people.csv is the open table. Choose another name");
    type(p, ":save ", hard, "\r");
    pty_wait_text(p, "hard.csv is the open table. Choose another name");
    type(p, ":write ", at.table, "\r");
    pty_wait_text(p, "people.csv is the open table. Choose another file");
    holds(at.table, people);
    leave(p, &at);
}

/* Needs a user namespace, to mount a disk of one megabyte. */
static void a_full_disk_is_reported_and_leaves_no_file(void **state)
{
    struct place at;
    struct buf b;
    char command[9000];
    (void)state;
    if (system("unshare -rm mount -t tmpfs none /mnt 2>/dev/null"))
        skip();
    buf_init(&b, 64 << 20);
    buf_add_text(&b, "code,text\n");
    for (int row = 0; row < 100000; row++)
        buf_addf(&b, "%06d,some text that is long enough to fill it\n", row);
    make_place(&at, b.data, b.len);
    buf_done(&b);
    strcpy(at.out, "/mnt/big.csv");
    snprintf(command, sizeof command, "exec unshare -rm sh -c 'mount -t tmpfs -o size=1M none /mnt && exec %s %s'",
             program_path(), at.table);
    struct pty *p = pty_open(30, 100, (const char *const[]){"/bin/sh", "-c", command, NULL}, NULL);
    pty_wait_text(p, "000001 +some");
    type(p, "1z:save ", at.out, "\r");
    pty_wait_text(p, "/mnt/big.csv: cannot write: No space left on device");
    pty_type(p, "&code==000777\r");
    pty_wait_text(p, "1 of 100_000 rows");
    type(p, ":save ", at.out, "\r"); /* this fits, because nothing of the first attempt is left */
    pty_wait_text(p, "Saved /mnt/big.csv: 1 row, ");
    leave(p, &at);
}

/* The whole search would take many minutes, and it is one piece of work: it can only stop between two rows. */
static void a_key_cancels_the_search_for_a_slow_pattern(void **state)
{
    enum { ROWS = 40000 };
    struct buf b;
    (void)state;
    buf_init(&b, 2 << 20);
    buf_add_text(&b, "code,text\n");
    for (int i = 0; i < ROWS; i++)
        buf_addf(&b, "1,aaaaaaaaaaaaaaaaaaaa!\n");
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    struct pty *p = EXPLORE(path);
    pty_type(p, "1z");
    pty_wait_text(p, "1 of 40_000");
    pty_type(p, "/~(a+)+$\r");
    pty_wait_text(p, "searching [0-9]+ %");
    pty_type(p, "q");
    pty_wait_no_text(p, "searching");
    explorer_quit(p);
    file_done(path);
}

/* A cancelled save leaves no file. */
static void a_long_save_shows_progress_and_can_be_cancelled(void **state)
{
    struct place at;
    struct buf b;
    (void)state;
    buf_init(&b, 512 << 20);
    buf_add_text(&b, "code,text\n");
    for (int row = 0; row < 3000000; row++)
        buf_addf(&b, "%07d,some text that is long enough to fill it\n", row);
    make_place(&at, b.data, b.len);
    buf_done(&b);
    struct pty *p = EXPLORE(at.table);
    pty_type(p, "1z");
    pty_wait_text(p, "1 of 3_000_000");
    type(p, ":save ", at.out, "\r");
    pty_wait_text(p, "saving [0-9]+ %");
    pty_type(p, "G");
    pty_wait_text(p, "▊\\[ \\] +2999999");
    assert_true(pty_shows(p, "saving"));
    pty_type(p, "\x1b");
    pty_wait_text(p, "Cancelled: nothing was saved");
    assert_int_equal(files_in(at.folder), 1);
    leave(p, &at);
}

static void filters_can_be_switched_one_by_one_and_changes_undone(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "&age<41\r&city==Rome\r&name~A\r");
    pty_wait_text(p, " 1 of 5 rows & age<41 & city==Rome & name~A ");
    pty_type(p, "v");
    pty_wait_text(p, "▊\\[x\\] age<41  leaves 4 rows");
    pty_wait_text(p, " \\[x\\] name~A  leaves 1 row");
    pty_type(p, "jj ");
    pty_wait_text(p, "▊\\[ \\] name~A$|▊\\[ \\] name~A ");
    pty_wait_text(p, "2 of 5 rows");
    pty_type(p, "k ");
    pty_wait_text(p, "▊\\[ \\] city==Rome");
    pty_wait_text(p, "4 of 5 rows");
    pty_type(p, "j ");
    pty_wait_text(p, "▊\\[x\\] name~A  leaves 1 row");
    pty_type(p, "gd");
    pty_wait_no_text(p, "age<41");
    pty_wait_text(p, " \\[x\\] name~A  leaves 1 row");
    pty_type(p, "q");
    pty_wait_text(p, " 1 of 5 rows \\(off: city==Rome\\) & name~A ");
    pty_type(p, "u"); /* the removed filter is back */
    pty_wait_text(p, " 1 of 5 rows & age<41 \\(off: city==Rome\\) & name~A ");
    pty_type(p, "uu");
    pty_wait_text(p, " 2 of 5 rows & age<41 & city==Rome \\(off: name~A\\) ");
    pty_type(p, "ll>"); /* the order can be undone too */
    pty_wait_text(p, "▼age");
    pty_type(p, "<");
    pty_wait_text(p, "▲age");
    pty_wait_text(p, "▊\\[ \\] 0001 +28");
    pty_type(p, "u");
    pty_wait_text(p, "▼age");
    pty_wait_text(p, "▊\\[ \\] 0001 +Ann");
    pty_type(p, "uuuuu");
    pty_wait_no_text(p, "rows &");
    pty_type(p, "u");
    pty_wait_text(p, "Nothing to undo");
    leave(p, &at);
}

static void columns_are_moved_and_sized(void **state)
{
    struct place at;
    static const char wide[] = "code,name,text,city\n0001,Ann,0123456789012345678901234567890123456789 end,Rome\n";
    (void)state;
    make_place(&at, wide, sizeof wide - 1);
    struct pty *p = EXPLORE(at.table);
    pty_type(p, "1z");
    pty_wait_text(p, " code +name +text +city ");
    pty_type(p, ":column city\rH");
    pty_wait_text(p, " code +name +city +text ");
    pty_type(p, "HH");
    pty_wait_text(p, "Cannot move it there");
    pty_wait_text(p, " code +city +name +text ");
    pty_type(p, "L");
    pty_wait_text(p, " code +name +city +text ");
    pty_type(p, "l|");
    pty_wait_text(p, "0123456789 end");
    pty_type(p, "|");
    pty_wait_text(p, "[0-9]… ");
    pty_type(p, "((((((((((");
    pty_wait_text(p, " 01234567890… ");
    pty_type(p, "))");
    pty_wait_text(p, " 012345678901234… ");
    type(p, ":save ", at.out, "\r");
    pty_wait_text(p, "Saved .*: 1 row, ");
    holds(at.out, "code,name,city,text\n0001,Ann,Rome,0123456789012345678901234567890123456789 end\n");
    leave(p, &at);
}

static void marked_rows_can_be_found_again(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "jMa");
    pty_wait_text(p, "Row 2 is marked");
    pty_wait_text(p, "▊\\[ \\]a0002");
    pty_type(p, "G'a");
    pty_wait_text(p, "▊\\[ \\]a0002");
    pty_type(p, "''");
    pty_wait_text(p, "▊\\[ \\] 0004");
    pty_type(p, "'b");
    pty_wait_text(p, "No row is marked b");
    pty_type(p, "ll>g'a"); /* in another order, and out of view */
    pty_wait_text(p, "▼age");
    pty_wait_text(p, "▊\\[ \\]a0002");
    pty_type(p, "&city==Rome\r");
    pty_wait_text(p, "2 of 5 rows");
    pty_type(p, "'a");
    pty_wait_text(p, "Row 2 is not in view");
    leave(p, &at);
}

static bool was_copied(void *arg)
{
    void **x = arg;
    return pty_raw_has(x[0], x[1]);
}

/* Waits until the terminal has received this text for its clipboard. */
static void wait_copied(struct pty *p, const char *base64)
{
    char sequence[256];
    void *x[] = {p, sequence};
    snprintf(sequence, sizeof sequence, "\x1b]52;c;%s\a", base64);
    pty_wait_until(p, was_copied, x, base64);
}

static void a_cell_a_row_and_a_range_of_rows_are_copied(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "jCname\rY");
    wait_copied(p, "Qm8sIGpy"); /* Bo, jr */
    pty_type(p, "y");
    wait_copied(p, "MDAwMglCbywganIJMjgJUGFyaXM=");
    pty_type(p, "MaGk\"a"); /* rows 2 to 4: a newline in a cell, a null, an empty text */
    wait_copied(p, "MDAwMglCbywganIJMjgJUGFyaXMKMDAwMwl0d28KbGluZXMJNDEJCjAwMDEJCTI4CVJvbWUK");
    pty_type(p, "\"z");
    pty_wait_text(p, "No row is marked z");
    leave(p, &at);
}

static void the_codes_in_view_are_picked(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "&city==Rome\rP");
    pty_wait_text(p, "Picked the 1 code of the rows in view");
    pty_type(p, "u&q\"q\r");
    pty_wait_text(p, "1 of 5 rows");
    pty_wait_text(p, "1 picked");
    pty_type(p, "P");
    pty_wait_text(p, "Picked the 1 code of the rows in view");
    pty_type(p, "u");
    pty_wait_text(p, "2 picked");
    pty_wait_text(p, "\\[x\\] 0004");
    leave(p, &at);
}

static void a_dtype_is_changed_in_place(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "&age<41\rCage\r<");
    pty_wait_text(p, "4 of 5 rows");
    pty_wait_text(p, "str +str +i64 +str");
    pty_type(p, "tstr\r");
    pty_wait_text(p, "The column is read as str");
    pty_wait_text(p, "str +str +str +str");
    pty_wait_text(p, "4 of 5 rows & age<41");
    pty_type(p, "tf64\r");
    pty_wait_text(p, "str +str +f64 +str");
    pty_wait_text(p, "▊\\[ \\] 0004 .*19");
    pty_type(p, "tmany\r");
    pty_wait_text(p, "A dtype is str");
    pty_type(p, "tauto\r");
    pty_wait_text(p, "str +str +i64 +str");
    pty_wait_text(p, "4 of 5 rows & age<41");
    leave(p, &at);
}

/* The dtype is changed anyway, and there are two messages: one in the footer, and one above the rows that stays. */
static void cells_that_do_not_fit_their_dtype_are_reported(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "Ccity\rti64\r");
    pty_wait_text(p, "4 cells of city are not i64; the first is in row 1");
    pty_wait_text(p, "city: 4 cells are not i64, the first is in row 1");
    pty_type(p, "Cname\rtdate\r");
    pty_wait_text(p, "name: 4 cells are not date, the first is in row 1");
    pty_wait_text(p, "city: 4 cells are not i64, the first is in row 1");
    pty_type(p, "Cage\rtstr\r"); /* every cell fits str, and every age fits f64 */
    pty_wait_text(p, "str +date +str +i64");
    pty_type(p, "Cage\rtf64\r");
    pty_wait_text(p, "str +date +f64 +i64");
    file_append(at.table, "0009,Zoe,unknown,12\n");
    pty_wait_text(p, "has grown");
    pty_type(p, "F");
    pty_wait_text(p, "age: 1 cell is not f64, the first is in row 6");
    pty_wait_text(p, "city: 4 cells are not i64, the first is in row 1");
    pty_type(p, "Ccity\rtauto\r");
    pty_wait_no_text(p, "city: 4");
    pty_wait_text(p, "name: 5 cells are not date, the first is in row 1");
    leave(p, &at);

    make_place(&at, people, sizeof people - 1); /* the dtype is named on the command line */
    p = EXPLORE("-d", "name=bool", "-s", "spawn", at.table);
    pty_type(p, "1z");
    pty_wait_text(p, "name: 4 cells are not bool, the first is in row 1");
    pty_wait_text(p, "Ready: r runs");
    pty_type(p, "r"); /* over the table as it is shown */
    pty_wait_text(p, "1 of 1 done");
    leave(p, &at);
}

static void started_programs_inherit_no_descriptors(void **state)
{
    struct place at;
    pid_t kin[KIN_MAX];
    (void)state;
    struct pty *p = open_people(&at);
    pty_type(p, "&code==0001\r");
    pty_wait_text(p, "2 of 5 rows");
    pty_type(p, "<");
    pty_wait_text(p, "▲");
    pty_type(p, "%");
    pty_wait_text(p, "40\\.0 %");
    pty_type(p, "\033");
    pty_wait_text(p, "4 of 5 rows|2 of 5 rows");
    size_t n = kin_below(getpid(), kin);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++)
        if (is_ours(kin[i]))
            assert_closes_on_exec(kin[i]);
    leave(p, &at);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(the_visible_table_is_saved),
        CASE(saving_never_overwrites_the_open_table),
        CASE(started_programs_inherit_no_descriptors),
        CASE(saving_asks_for_a_name_and_reports_errors),
        CASE(a_full_disk_is_reported_and_leaves_no_file),
        CASE(filters_can_be_switched_one_by_one_and_changes_undone),
        CASE(columns_are_moved_and_sized),
        CASE(marked_rows_can_be_found_again),
        CASE(a_cell_a_row_and_a_range_of_rows_are_copied),
        CASE(the_codes_in_view_are_picked),
        CASE(a_dtype_is_changed_in_place),
        CASE(cells_that_do_not_fit_their_dtype_are_reported),
        CASE(a_key_cancels_the_search_for_a_slow_pattern),
        CASE(a_long_save_shows_progress_and_can_be_cancelled),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
