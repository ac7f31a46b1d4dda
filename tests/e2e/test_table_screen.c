/* SPDX-License-Identifier: MIT
 * The table pane of the real program in a pseudo-terminal, with files of every kind. */
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

enum { ROWS = 200000 };

#define EXPLORE(...) pty_open(30, 100, (const char *const[]){program_path(), __VA_ARGS__, NULL}, NULL)

static struct pty *open_bytes(const char *bytes, size_t len, char **path)
{
    *path = file_with(bytes, len);
    return EXPLORE(*path);
}

#define OPEN(text, path) open_bytes(text, sizeof(text) - 1, path)

/* Codes 000000 … 000999 in turn. Every tenth name has a newline in it, followed by what looks like a row. */
static char *many_rows(void)
{
    struct buf b;
    buf_init(&b, (size_t)64 << 20);
    buf_add_text(&b, "code,name,age,city\n");
    for (int i = 0; i < ROWS; i++)
        buf_addf(&b, i % 10 ? "%06d,name %d,%d,Rome\n" : "%06d,\"name %d\n000777,fake\",%d,\"Par\"\"is\"\n", i % 1000,
                 i, i % 90 + 10);
    buf_add_text(&b, "999999,ZZLAST,99,\n");
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    return path;
}

static void a_long_table_can_be_filtered_searched_and_scrolled(void **state)
{
    (void)state;
    char *path = many_rows();
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "\\[ \\] +000000 +name 0␊000777,fake");
    pty_type(p, "1z");
    pty_wait_text(p, "1 of 200_001");
    pty_type(p, "G");
    pty_wait_text(p, "▊\\[ \\] +999999 +ZZLAST +99 +null");
    pty_type(p, "g/zzlast\r");
    pty_wait_text(p, "▊\\[ \\] +999999 +ZZLAST");
    pty_type(p, "g/~^name 19999[57]$\r");
    pty_wait_text(p, "▊\\[ \\] +000995 +name 199995 ");
    pty_type(p, "n");
    pty_wait_text(p, "▊\\[ \\] +000997 +name 199997 ");
    pty_type(p, "N");
    pty_wait_text(p, "▊\\[ \\] +000995 +name 199995 ");
    pty_type(p, "/no such thing\r");
    pty_wait_text(p, "Not found: no such thing");

    pty_type(p, "&code==000777\r");
    pty_wait_text(p, "(^|[^0-9])200 of 200_001 rows & code==000777");
    pty_type(p, "g&age>=98\r");
    pty_wait_text(p, "[^0-9_][0-9]+ of 200_001 rows & code==000777 & age>=98");
    pty_type(p, "uu");
    pty_wait_no_text(p, "rows &");
    pty_type(p, "&city~^par\r");
    pty_wait_text(p, "20_000 of 200_001 rows");
    pty_type(p, "&nothing==1\r");
    pty_wait_text(p, "there is no column nothing");
    pty_type(p, "&age>many\r");
    pty_wait_text(p, "is not a valid i64");
    pty_wait_no_text(p, "age>many");
    pty_type(p, "u");
    pty_wait_no_text(p, "rows &");
    explorer_quit(p);
    file_done(path);
}

static bool has_one_mark(void *arg)
{
    const char *first = strstr(pty_screen(arg), "▊");
    return first && !strstr(first + 1, "▊");
}

/* Fast cursor movement only redraws the mark. There must be one mark, on the row whose number is shown, in both
 * directions, when the view scrolls, and when something else is typed in between. */
static void moving_the_cursor_leaves_one_mark_on_the_right_row(void **state)
{
    (void)state;
    static const char *const keys[] = {"j", "\033[B", "k", "j", "\033[A", "jj", "j", "g", "j"};
    static const int steps[] = {14, 20, 9, 2, 12, 4, 3, 1, 5}, went[] = {1, 1, -1, 1, -1, 2, 1, 0, 1};
    int row = 1;
    char *path = many_rows();
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "(^|[^0-9_])1 of 200_001");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (int k = 0; k < steps[i]; k++) {
            char position[64], mark[64];
            row = went[i] ? row + went[i] : 1;
            snprintf(position, sizeof position, "(^|[^0-9_])%d of 200_001", row);
            snprintf(mark, sizeof mark, "▊\\[ \\] +%06d +name", row - 1);
            pty_type(p, keys[i]);
            pty_wait_text(p, position);
            pty_wait_text(p, mark);
            pty_wait_until(p, has_one_mark, p, "one mark");
        }
    explorer_quit(p);
    file_done(path);
}

/* As old Macs wrote files. */
static void lines_may_end_with_a_lone_carriage_return(void **state)
{
    (void)state;
    char *path = many_rows();
    struct buf b;
    buf_init(&b, (size_t)64 << 20);
    file_read(path, &b);
    file_done(path);
    for (char *at = b.data; (at = strchr(at, '\n')); at++)
        *at = '\r';
    path = file_with(b.data, b.len);
    buf_done(&b);
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "\\[ \\] +000000 +name 0␊000777,fake");
    pty_type(p, "1zG");
    pty_wait_text(p, "▊\\[ \\] +999999 +ZZLAST +99 +null");
    pty_wait_text(p, "200_001 of 200_001");
    pty_type(p, "g/~^name 19999[57]$\r");
    pty_wait_text(p, "▊\\[ \\] +000995 +name 199995 ");
    pty_type(p, "&code==000777\r");
    pty_wait_text(p, "(^|[^0-9])200 of 200_001 rows & code==000777");
    pty_type(p, "u%");
    pty_wait_text(p, "1 of 1_001");
    pty_type(p, "q");
    pty_wait_no_text(p, "1 of 1_001");
    file_append(path, "new,x,1,y\r");
    pty_type(p, "F");
    pty_wait_text(p, "of 200_002");
    explorer_quit(p);
    file_done(path);
}

static void columns_are_sorted_counted_and_summarised(void **state)
{
    (void)state;
    char *path = many_rows();
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "000000");
    pty_type(p, "1z");
    pty_wait_text(p, "1 of 200_001");
    pty_type(p, "ll>");
    pty_wait_text(p, "▼age");
    pty_wait_text(p, "▊\\[ \\] +000089 +name 89 +99");
    pty_type(p, "<");
    pty_wait_text(p, "▊\\[ \\] +000000 +name 0.* +10 ");
    pty_type(p, "<");
    pty_wait_no_text(p, "▲");
    pty_type(p, "=");
    pty_wait_text(p, "Statistics .* age");
    pty_wait_text(p, "rows +200_001");
    pty_wait_text(p, "least +10");
    pty_wait_text(p, "greatest +99");
    pty_type(p, "q:column city\r%");
    pty_wait_text(p, "Frequency .* city: 2 distinct");
    pty_wait_text(p, "▊? +180_000 +90.0 %.*Rome");
    pty_wait_text(p, " 20_000 +10.0 %.*Par\"is");
    pty_wait_text(p, " 1 +0.0 %.*null");
    pty_type(p, "j\r");
    pty_wait_text(p, "20_000 of 200_001 rows & city==Par\"is");
    pty_type(p, "u:column code\r%");
    pty_wait_text(p, "code: 1_001 distinct");
    pty_type(p, " q");
    pty_wait_text(p, "\\[x\\] +000000");
    explorer_quit(p);
    file_done(path);
}

static void columns_can_be_frozen_hidden_and_found_and_a_row_opens_as_a_record(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 22);
    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "%sc%d", i ? "," : "", i);
    for (int line = 1; line < 3; line++)
        for (int i = 0; i < 10000; i++)
            buf_addf(&b, "%sv%d.%d", i ? "," : "\n", line, i);
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "v1.0 +v1.1");
    pty_type(p, "1z:column c9999\r");
    pty_wait_text(p, "c0 .* c9999");
    pty_wait_text(p, "v2.0 .* v2.9999");
    pty_type(p, "f:column c5000\r");
    pty_wait_text(p, "c0 +c9999 +c5000 ");
    pty_type(p, "-");
    pty_wait_no_text(p, "c5000");
    pty_wait_text(p, "1 hidden");
    pty_type(p, "_");
    pty_wait_text(p, "c5000");
    pty_type(p, "\x07"
                "2\r\r");
    pty_wait_text(p, "Row .* row 2");
    pty_wait_text(p, "c0 +str +v2.0");
    pty_type(p, "q");
    explorer_quit(p);
    file_done(path);
}

/* The explorer reading standard input, a pipe that the test writes to. */
struct piped {
    char folder[32], path[64];
    int fd;
    struct pty *p;
};

static struct piped open_piped(const char *options)
{
    char command[9000];
    struct piped x = {.folder = "/tmp/poolscope-test-XXXXXX"};
    assert_non_null(mkdtemp(x.folder));
    snprintf(x.path, sizeof x.path, "%s/fifo", x.folder);
    assert_int_equal(mkfifo(x.path, 0600), 0);
    snprintf(command, sizeof command, "%s %s - <%s", program_path(), options, x.path);
    x.p = pty_open(40, 120, (const char *const[]){"/bin/bash", "-c", command, NULL}, NULL);
    x.fd = open(x.path, O_WRONLY | O_CLOEXEC);
    assert_true(x.fd >= 0);
    return x;
}

static void close_piped(struct piped *x)
{
    explorer_quit(x->p);
    unlink(x->path);
    rmdir(x->folder);
}

/* Rows appear as they arrive; the last ones once the pipe is closed. */
static void a_stream_grows_on_the_screen(void **state)
{
    (void)state;
    struct piped x = open_piped("-s spawn -c 0001");
    assert_int_equal(io_write_all(x.fd, "code,v\n0001,a\n00", 16), OK);
    pty_wait_text(x.p, "\\[x\\] +0001 +a");
    assert_int_equal(io_write_all(x.fd, "02,b\n", 5), OK);
    pty_wait_text(x.p, "\\[ \\] +0002 +b");
    pty_type(x.p, "r");
    pty_wait_text(x.p, "as soon as the table is loaded");
    close(x.fd);
    pty_wait_text(x.p, "1 of 1 done");
    close_piped(&x);
}

/* The codes of all earlier rows were known before; that must not hold for rows that arrive later. */
static void a_code_in_the_last_row_of_a_stream_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct piped x = open_piped("-s spawn -c 0002");
        assert_int_equal(io_write_all(x.fd, "code,v\n0001,a\n", 14), OK);
        pty_wait_text(x.p, "\\[ \\] +0001 +a");
        assert_int_equal(io_write_all(x.fd, "0002,b\n", 7), OK);
        close(x.fd);
        pty_wait_text(x.p, "Ready");
        pty_wait_text(x.p, "\\[x\\] +0002 +b");
        pty_wait_no_text(x.p, "typed");
        close_piped(&x);
    }
}

/* The first line must not be taken for the header before it has ended. */
static void a_header_that_arrives_in_pieces_is_put_together(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    for (size_t i = 0; i < 3; i++) {
        struct piped x = open_piped("");
        const char *pieces[] = {"code,na", "me", ends[i], "0001,a", ends[i], "0002", ",b"};
        for (size_t k = 0; k < 7; k++) {
            for (const char *at = pieces[k]; *at; at++) { /* even between CR and LF */
                assert_int_equal(io_write_all(x.fd, at, 1), OK);
                pty_read_for(x.p, 0.02);
            }
            assert_false(pty_shows(x.p, "too short|code +na( |$)"));
        }
        pty_wait_text(x.p, " code +name");
        pty_wait_text(x.p, "\\[ \\] +0001 +a");
        assert_false(pty_shows(x.p, "0002"));
        close(x.fd);
        pty_wait_text(x.p, "\\[ \\] +0002 +b");
        close_piped(&x);
    }
}

/* It stalls after its magic bytes, then within its header, then within the data. */
static void a_packed_stream_that_stalls_does_not_block_the_screen(void **state)
{
    (void)state;
    static const unsigned char packed[] = {/* code,v\n0001,a\n */
                                           0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xce,
                                           0x4f, 0x49, 0xd5, 0x29, 0xe3, 0x32, 0x30, 0x30, 0x30, 0xd4, 0x49, 0xe4,
                                           0x02, 0x00, 0x5b, 0x7d, 0x80, 0xad, 0x0e, 0x00, 0x00, 0x00};
    static const size_t halts[] = {3, 8, 20};
    struct piped x = open_piped("");
    for (size_t i = 0, at = 0; i < 3; at = halts[i++]) {
        assert_int_equal(io_write_all(x.fd, packed + at, halts[i] - at), OK);
        pty_type(x.p, "?");
        pty_wait_text(x.p, "up one line");
        pty_type(x.p, "\x1b");
        pty_wait_no_text(x.p, "up one line");
    }
    assert_int_equal(io_write_all(x.fd, packed + 20, sizeof packed - 20), OK);
    close(x.fd);
    pty_wait_text(x.p, "\\[ \\] +0001 +a");
    close_piped(&x);
}

static void packed_files_are_shown_while_they_are_unpacked(void **state)
{
    (void)state;
    static const char *const packers[] = {"gzip -1", "xz -1", "bzip2 -1", "zstd -q --rm"};
    for (size_t i = 0; i < sizeof packers / sizeof *packers; i++) {
        char *path = many_rows(), command[5000], pattern[5000];
        snprintf(command, sizeof command, "command -v %s >/dev/null", packers[i]);
        bool there = system(command) == 0;
        snprintf(command, sizeof command, "%s %s && mv %s.* %s", packers[i], path, path, path);
        snprintf(pattern, sizeof pattern, "1 of 200_001");
        if (there && system(command) == 0) {
            struct pty *p = EXPLORE("-s", "spawn", "-c", "999999", path);
            pty_wait_text(p, "000000");
            pty_type(p, "1z");
            pty_wait_text(p, pattern);
            pty_type(p, "rzG");
            pty_wait_text(p, "1 of 1 done");
            explorer_quit(p);
        }
        file_done(path);
    }
}

static void a_truncated_packed_file_is_reported_and_shown_as_far_as_it_goes(void **state)
{
    (void)state;
    char *path = many_rows(), command[5000];
    snprintf(command, sizeof command, "gzip %s && head -c 300000 %s.gz >%s && rm %s.gz", path, path, path, path);
    assert_int_equal(system(command), 0);
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "000000");
    pty_wait_text(p, "cannot unpack it");
    explorer_quit_failed(p);
    file_done(path);
}

static void a_growing_file_is_followed_on_request(void **state)
{
    (void)state;
    char *path;
    struct pty *p = OPEN("code,v\n0001,a\n", &path);
    pty_wait_text(p, "0001 +a");
    file_append(path, "0002,b\n");
    pty_wait_text(p, "The file has grown; F shows the new rows");
    pty_type(p, "F");
    pty_wait_text(p, "0002 +b");
    file_append(path, "0003,c\n");
    pty_wait_text(p, "0003 +c");
    explorer_quit(p);
    file_done(path);
}

static void a_changed_file_is_reported_and_read_again(void **state)
{
    (void)state;
    char *path, other[5000];
    struct pty *p = OPEN("code,v\n0001,a\n0002,b\n0003,c\n", &path);
    pty_wait_text(p, "0003 +c");
    file_rewrite(path, "code,v\n0007,z\n");
    pty_wait_text(p, "read again");
    pty_wait_text(p, "0007 +z");
    pty_wait_no_text(p, "0003 +c");
    snprintf(other, sizeof other, "%s.new", path);
    int fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_int_equal(io_write_all(fd, "code,v\n0008,y\n", 14), OK);
    close(fd);
    assert_int_equal(rename(other, path), 0);
    pty_wait_text(p, "Another file has this name now");
    pty_wait_text(p, "0008 +y");
    assert_int_equal(unlink(path), 0);
    pty_wait_text(p, "deleted or moved");
    pty_wait_text(p, "0008 +y");
    explorer_quit(p);
    free(path);
}

/* Files of each kind, and what the screen must show. */
static void every_kind_of_file_is_shown_correctly(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        int status;
        const char *shows[4];
    } cases[] = {
#define BYTES(text)   (text), sizeof(text) - 1, 0
#define REFUSED(text) (text), sizeof(text) - 1, 3
        {BYTES("\xef\xbb\xbf\"code\",v\n0001,a\n"), {" code +v", "0001 +a"}},
        {BYTES("code,v\r\n0001,a\r\n0002,b\r\n"), {"0001 +a", "0002 +b"}},
        {BYTES("code;v\r0001;a,b\r0002;\"two\rlines\"\r"), {" code +v", "0001 +a,b", "0002 +two␊lines"}},
        {REFUSED("code,v\r0001,a\n0002,b\r"), {"lone carriage return"}},
        {BYTES("code;v\n0001;\"a;b\"\n"), {"code +v", "0001 +a;b"}},
        {BYTES("code\tv\n0001\ta,b\n"), {"code +v", "0001 +a,b"}},
        {BYTES("a,a,,\n1,2,3,4\n"), {" a +a", " 1 +2 +3 +4"}},
        {BYTES("code,v\n0001\n0002,b\n"), {"1 row is too short, the first is row 1", "0001 +null", "0002 +b"}},
        {BYTES("code,v\n0001,\"\"\n0002,\n"), {"0001 +│", "0002 +null"}},
        {BYTES("code,v\n0001,a\xff\xfe"
               "b\n0002,x\0y\n"),
         {"0001 +a\\\\xff\\\\xfeb", "0002 +x␀y"}},
        {BYTES("code,v\n0001,\x1b[31mred\n0002,a\tb\n"), {"0001 +␛\\[31mred", "0002 +a␉b"}},
        {BYTES("コード,名前\n0001,山田太郎\n0002,👩‍👩‍👧 e\xcc\x81\n"),
         {"コード +名前", "0001 +山田太郎"}},
        {BYTES("code,v\n0001,שלום abc\n0002,a\xe2\x80\x8b"
               "b\xe2\x80\xaex\n"),
         {"שלום abc", "0002 +a"}},
        {BYTES("code,v\n0001,\"two\nlines\"\n"), {"0001 +two␊lines"}},
        {BYTES("code,v"), {"code +v", "0 picked"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path;
        struct pty *p = open_bytes(cases[i].bytes, cases[i].len, &path);
        pty_wait_text(p, "Table");
        pty_type(p, "1z");
        for (size_t k = 0; k < 4 && cases[i].shows[k]; k++)
            pty_wait_text(p, cases[i].shows[k]);
        assert_false(pty_raw_has(p, "\x1b[31mred") || pty_raw_has(p, "\xe2\x80\xae"));
        if (cases[i].status)
            explorer_quit_failed(p);
        else
            explorer_quit(p);
        file_done(path);
    }
}

static void a_malformed_file_is_reported_and_its_readable_part_is_shown(void **state)
{
    (void)state;
    char *path;
    struct pty *p = OPEN("", &path);
    pty_wait_text(p, "empty");
    explorer_quit_failed(p);
    file_done(path);

    p = OPEN("code,v\n0001,a\n0002,\"never closed\n0003,c\n", &path);
    pty_wait_text(p, "0001 +a");
    pty_wait_text(p, ":3:6: ");
    explorer_quit_failed(p);
    file_done(path);

    p = OPEN("code,v\n0001,a\n0002,b,surplus\n", &path);
    pty_wait_text(p, "0002 +b +surplus");
    pty_wait_text(p, "1 row is too long, the first is row 2");
    pty_wait_text(p, "Ready: r runs");
    pty_type(p, "r");
    pty_wait_text(p, "1 of 1 done");
    pty_wait_text(p, "2 rows in ");
    explorer_quit(p);
    file_done(path);
}

static void options_set_the_header_and_the_delimiter(void **state)
{
    (void)state;
    char *path = file_with("0001:a,b\n0002:c\n", 16);
    struct pty *p = EXPLORE("--no-header", "--delimiter", ":", "-s", "spawn", "-c", "0002", path);
    pty_wait_text(p, "column_1 +column_2");
    pty_wait_text(p, "0001 +a,b");
    pty_type(p, "r");
    pty_wait_text(p, "1 of 1 done");
    explorer_quit(p);
    file_done(path);
}

static void another_encoding_is_converted(void **state)
{
    (void)state;
    static const char shift_jis[] = "code,name\n0001,\x8e\x52\x93\x63\n", latin[] = "code,name\n0001,\xe9lodie\n";
    char *path = file_with(shift_jis, sizeof shift_jis - 1);
    struct pty *p = EXPLORE("--encoding", "SHIFT_JIS", "-s", "spawn", "-c", "0001", path);
    pty_wait_text(p, "0001 +山田");
    pty_type(p, "r");
    pty_wait_text(p, "1 of 1 done");
    explorer_quit(p);
    p = EXPLORE("--encoding", "EUC-JP", path);
    pty_wait_text(p, "byte 16 is not valid in EUC-JP");
    explorer_quit_failed(p);
    file_done(path);
    path = file_with(latin, sizeof latin - 1);
    p = EXPLORE("--encoding", "LATIN1", path);
    pty_wait_text(p, "0001 +élodie");
    explorer_quit(p);
    p = EXPLORE("--encoding", "KLINGON", path);
    assert_int_equal(explorer_status(p), 2);
    pty_wait_text(p, "a name that \"iconv -l\" lists");
    pty_free(p);
    file_done(path);
}

/* With sanitizers each byte takes about 20 times as long. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { HUGE_FIELD = 5 << 20 };
#else
enum { HUGE_FIELD = 100 << 20 };
#endif

static void a_field_of_a_hundred_megabytes_does_no_harm(void **state)
{
    (void)state;
    char *path = file_with("code,v\n0001,\"", 13), piece[1 << 16];
    memset(piece, 'x', sizeof piece);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t n = 0; n < HUGE_FIELD; n += sizeof piece)
        assert_int_equal(io_write_all(fd, piece, sizeof piece), OK);
    assert_int_equal(io_write_all(fd, "\"\n0002,behind\n", 14), OK);
    close(fd);
    struct pty *p = EXPLORE(path);
    pty_wait_text(p, "0001 +xxxxxxxx");
    pty_wait_text(p, "0002 +behind");
    pty_type(p, "1z/behind\r");
    pty_wait_text(p, "▊\\[ \\] 0002");
    explorer_quit(p);
    file_done(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(a_long_table_can_be_filtered_searched_and_scrolled),
        CASE(moving_the_cursor_leaves_one_mark_on_the_right_row),
        CASE(lines_may_end_with_a_lone_carriage_return),
        CASE(columns_are_sorted_counted_and_summarised),
        CASE(columns_can_be_frozen_hidden_and_found_and_a_row_opens_as_a_record),
        CASE(a_stream_grows_on_the_screen),
        CASE(a_code_in_the_last_row_of_a_stream_is_found),
        CASE(a_header_that_arrives_in_pieces_is_put_together),
        CASE(a_packed_stream_that_stalls_does_not_block_the_screen),
        CASE(packed_files_are_shown_while_they_are_unpacked),
        CASE(a_truncated_packed_file_is_reported_and_shown_as_far_as_it_goes),
        CASE(a_growing_file_is_followed_on_request),
        CASE(a_changed_file_is_reported_and_read_again),
        CASE(every_kind_of_file_is_shown_correctly),
        CASE(a_malformed_file_is_reported_and_its_readable_part_is_shown),
        CASE(options_set_the_header_and_the_delimiter),
        CASE(another_encoding_is_converted),
        CASE(a_field_of_a_hundred_megabytes_does_no_harm),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
