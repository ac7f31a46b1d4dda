/* SPDX-License-Identifier: MIT
 * Exploring a table as a person does it: the real program in a pseudo-terminal. What is seen is saved; filters are
 * switched, columns moved and sized, rows marked, codes picked, cells copied. */
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

/* A folder with a table in it; pty_open's program sees it alone and zoomed. */
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

/* Whether each open descriptor of the process from 3 on is close-on-exec: in fdinfo, flags are octal and O_CLOEXEC is
 * 02000000 (proc(5)). Names the first that is not. */
static void assert_closes_on_exec(pid_t pid)
{
    char path[64], target[256];
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++) {
        unsigned flags = 0;
        if (fcntl(fd, F_GETFD) == 0)
            continue; /* inherited from whoever runs this test */
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

/* The pool cannot read the table: the exit status says so. */
static void leave_failed(struct pty *p, struct place *at)
{
    explorer_quit_failed(p);
    remove_place(at);
}

static void type(struct pty *p, const char *before, const char *path, const char *behind)
{
    char keys[512];
    snprintf(keys, sizeof keys, "%s%s%s", before, path, behind);
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

static void what_is_seen_is_saved(void **state)
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

static void a_name_is_asked_for_and_what_cannot_be_written_is_said(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "S");
    pty_wait_text(p, "Save as \\(.csv or .jsonl\\): people-rows.csv");
    pty_type(p, "/nowhere/at/all.csv\r"); /* in its place */
    pty_wait_text(p, "^ ?/nowhere/at/all.csv: cannot write: No such file");
    pty_type(p, "S\x15/dev/full\r");
    pty_wait_text(p, "Replace it\\?");
    pty_type(p, "y");
    pty_wait_text(p, "/dev/full: is no file that could be replaced");
    assert_int_equal(files_in(at.folder), 1);
    leave(p, &at);
}

/* By any name; what is saved from a filtered view would be all that is left of it. */
static void the_open_table_is_never_saved_over(void **state)
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

/* A disk of one megabyte, where one may be mounted. */
static void a_full_disk_is_named_and_leaves_nothing(void **state)
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
    type(p, ":save ", at.out, "\r"); /* so much it takes: nothing of the first one is left */
    pty_wait_text(p, "Saved /mnt/big.csv: 1 row, ");
    leave(p, &at);
}

/* The whole search would take many minutes, and it is all one piece of work: only between two rows can it stop. */
static void a_slow_pattern_is_given_up_at_a_key(void **state)
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

/* A row's number as the pane has it changes while it saves; a cancelled one leaves nothing. */
static void saving_long_shows_how_far_it_is_and_can_be_cancelled(void **state)
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

static void filters_are_switched_one_by_one_and_changes_undone(void **state)
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
    pty_type(p, "u"); /* removed: it is back */
    pty_wait_text(p, " 1 of 5 rows & age<41 \\(off: city==Rome\\) & name~A ");
    pty_type(p, "uu");
    pty_wait_text(p, " 2 of 5 rows & age<41 & city==Rome \\(off: name~A\\) ");
    pty_type(p, "ll>"); /* the order too */
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
    pty_wait_text(p, "Nothing was filtered or sorted");
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
    pty_wait_text(p, "It cannot go there");
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

static void rows_are_marked_and_gone_back_to(void **state)
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
    pty_type(p, "ll>g'a"); /* in another order, and where it is not to be seen */
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

/* As the terminal gets it. */
static void wait_copied(struct pty *p, const char *base64)
{
    char sequence[256];
    void *x[] = {p, sequence};
    snprintf(sequence, sizeof sequence, "\x1b]52;c;%s\a", base64);
    pty_wait_until(p, was_copied, x, base64);
}

static void a_cell_a_row_and_some_rows_are_copied(void **state)
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

/* It is done all the same, and said: in passing, and above the rows for as long as it is so. */
static void cells_that_are_not_of_a_dtype_are_said(void **state)
{
    struct place at;
    struct pty *p = open_people(&at);
    (void)state;
    pty_type(p, "Ccity\rti64\r");
    pty_wait_text(p, "4 cells of city are no i64, the first is in row 1");
    pty_wait_text(p, "city: 4 cells are no i64, first row 1");
    pty_type(p, "Cname\rtdate\r");
    pty_wait_text(p, "name: 4 cells are no date, first row 1");
    pty_wait_text(p, "city: 4 cells are no i64, first row 1");
    pty_type(p, "Cage\rtstr\r"); /* all are, and all of these */
    pty_wait_text(p, "str +date +str +i64");
    pty_type(p, "Cage\rtf64\r");
    pty_wait_text(p, "str +date +f64 +i64");
    file_append(at.table, "0009,Zoe,unknown,12\n");
    pty_wait_text(p, "has grown");
    pty_type(p, "F");
    pty_wait_text(p, "age: 1 cell is no f64, first row 6");
    pty_wait_text(p, "city: 4 cells are no i64, first row 1");
    pty_type(p, "Ccity\rtauto\r");
    pty_wait_no_text(p, "city: 4");
    pty_wait_text(p, "name: 5 cells are no date, first row 1");
    leave(p, &at);

    make_place(&at, people, sizeof people - 1); /* as the program was started */
    p = EXPLORE("-d", "name=bool", at.table);
    pty_type(p, "1z");
    pty_wait_text(p, "name: 4 cells are no bool, first row 1");
    leave_failed(p, &at);
}

static void no_descriptor_leaks_into_a_program_that_is_started(void **state)
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
        CASE(what_is_seen_is_saved),
        CASE(the_open_table_is_never_saved_over),
        CASE(no_descriptor_leaks_into_a_program_that_is_started),
        CASE(a_name_is_asked_for_and_what_cannot_be_written_is_said),
        CASE(a_full_disk_is_named_and_leaves_nothing),
        CASE(filters_are_switched_one_by_one_and_changes_undone),
        CASE(columns_are_moved_and_sized),
        CASE(rows_are_marked_and_gone_back_to),
        CASE(a_cell_a_row_and_some_rows_are_copied),
        CASE(the_codes_in_view_are_picked),
        CASE(a_dtype_is_changed_in_place),
        CASE(cells_that_are_not_of_a_dtype_are_said),
        CASE(a_slow_pattern_is_given_up_at_a_key),
        CASE(saving_long_shows_how_far_it_is_and_can_be_cancelled),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
