/* SPDX-License-Identifier: MIT
 * The parsers of /proc: what the kernel writes, and what it never would, that is, every truncation and noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/proc/private.h"

static const char stat_line[] =
    "14072 (app) S 14065 14072 14072 0 -1 4194368 2710 60951 0 7 3 4 55 21 20 0 9 0 114039 5124096 956 18446744073\n";

static void stat_takes_the_name_up_to_the_last_parenthesis(void **state)
{
    static const struct {
        const char *line, *name;
    } cases[] = {
        {"1 (a b) S 2 1 1 0 -1 64 1 1 1 1 3 4 1 1 20 0 9 0 77 1\n", "a b"},
        {"1 (a) R 9 (b) S 2 1 1 0 -1 64 1 1 1 1 3 4 1 1 20 0 9 0 77 1\n", "a) R 9 (b"},
        {"1 () S 2 1 1 0 -1 64 1 1 1 1 3 4 1 1 20 0 9 0 77 1\n", ""},
        {"1 (a\n\x1b[1m) S 2 1 1 0 -1 64 1 1 1 1 3 4 1 1 20 0 9 0 77 1\n", "a␊␛[1m"},
        {"1 (\xff) S 2 1 1 0 -1 64 1 1 1 1 3 4 1 1 20 0 9 0 77 1\n", "\\xff"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct proc_stat st;
        assert_int_equal(proc_parse_stat(cases[i].line, strlen(cases[i].line), &st), OK);
        assert_string_equal(st.name, cases[i].name);
        assert_int_equal(st.state, 'S');
        assert_int_equal(st.ppid, 2);
        assert_int_equal(st.flags, 64);
        assert_int_equal(st.cpu_ticks, 7);
        assert_int_equal(st.threads, 9);
        assert_int_equal(st.started, 77);
    }
}

static void stat_cuts_a_long_name_at_a_whole_character(void **state)
{
    char line[1024] = "1 (";
    struct proc_stat st;
    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(line, "\xc3\xa4");
    strcat(line, ") S 2 1 1 0 -1 64 1 1 1 1 3 4 1 1 20 0 9 0 77 1\n");
    assert_int_equal(proc_parse_stat(line, strlen(line), &st), OK);
    assert_int_equal(strlen(st.name) % 2, 0);
    assert_true(strlen(st.name) < PROC_NAME_MAX && strlen(st.name) > PROC_NAME_MAX - 4);
}

static const char status_text[] =
    "Name:\tapp\nState:\tS (sleeping)\nTgid:\t14072\nPid:\t14072\nPPid:\t14065\nTracerPid:\t3\nUid:\t1000\t0\t0\t0\n"
    "Groups:\t4 24 \nThreads:\t2\nSigQ:\t0/96365\nSigPnd:\t0000000000000001\nShdPnd:\t0000000000000002\n"
    "SigBlk:\t0000000000010000\nSigIgn:\t0000000000000004\nSigCgt:\tffffffff43817efb\nSeccomp:\t0\n"
    "voluntary_ctxt_switches:\t67\nnonvoluntary_ctxt_switches:\t18\n";

static void status_has_signals_and_switches(void **state)
{
    struct proc_status st;
    (void)state;
    assert_int_equal(proc_parse_status(status_text, strlen(status_text), &st), OK);
    assert_int_equal(st.tgid, 14072);
    assert_int_equal(st.tracer, 3);
    assert_int_equal(st.uid, 1000);
    assert_int_equal(st.threads, 2);
    assert_int_equal(st.pending, 1);
    assert_int_equal(st.shared_pending, 2);
    assert_int_equal(st.blocked, 0x10000);
    assert_int_equal(st.ignored, 4);
    assert_true(st.caught == 0xffffffff43817efb);
    assert_true(st.has_switches);
    assert_int_equal(st.voluntary, 67);
    assert_int_equal(st.nonvoluntary, 18);
}

static void status_may_lack_context_switches(void **state)
{
    struct proc_status st;
    size_t len = (size_t)(strstr(status_text, "voluntary") - status_text);
    (void)state;
    assert_int_equal(proc_parse_status(status_text, len, &st), OK);
    assert_false(st.has_switches);
    assert_int_equal(proc_parse_status(status_text, len - 100, &st), ERR_PARSE);
}

static void syscall_has_three_forms(void **state)
{
    static const char blocked[] = "202 0x7f3a12e81ac8 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7f98b4a45aec\n";
    struct proc_syscall c;
    (void)state;
    assert_int_equal(proc_parse_syscall(blocked, strlen(blocked), &c), OK);
    assert_int_equal(c.number, 202);
    assert_true(c.args[0] == 0x7f3a12e81ac8 && c.args[1] == 0x189 && c.args[5] == 0xffffffff);
    assert_true(c.sp == 0x7ffe && c.pc == 0x7f98b4a45aec);
    assert_int_equal(proc_parse_syscall("running\n", 8, &c), OK);
    assert_true(c.running && c.number == -1);
    assert_int_equal(proc_parse_syscall("-1 0x7ffe 0x1234\n", 17, &c), OK);
    assert_true(!c.running && c.number == -1 && c.pc == 0x1234);
    assert_int_equal(proc_parse_syscall("202 0x1\n", 8, &c), ERR_PARSE);
    assert_int_equal(proc_parse_syscall("", 0, &c), ERR_PARSE);
}

static void children_must_be_numbers(void **state)
{
    struct ints n = {0};
    (void)state;
    assert_int_equal(proc_parse_numbers("12 345 6 ", 9, &n), OK);
    assert_int_equal(n.n, 3);
    assert_int_equal(n.v[1], 345);
    assert_int_equal(proc_parse_numbers("", 0, &n), OK);
    assert_int_equal(proc_parse_numbers("7 -8", 4, &n), ERR_PARSE);
    assert_int_equal(proc_parse_numbers("99999999999", 11, &n), ERR_PARSE);
    ints_done(&n);
}

static void maps_tell_shared_from_private_memory(void **state)
{
    static const char text[] = "7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n"
                               "7f0005000000-7f0005001000 rw-s 00000000 00:01 77     /dev/shm/a name\n"
                               "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0      [stack]";
    struct proc_map m;
    const char *at = text;
    size_t left = strlen(text), used;
    (void)state;
    assert_int_equal(proc_parse_map(at, left, &m, &used), OK);
    assert_true(m.start == 0x7f0000000000 && m.end == 0x7f0000001000 && !m.readable && !m.shared && m.name_len == 0);
    at += used, left -= used;
    assert_int_equal(proc_parse_map(at, left, &m, &used), OK);
    assert_true(m.readable && m.writable && m.shared && m.name_len == 15 && memcmp(m.name, "/dev/shm/a name", 15) == 0);
    at += used, left -= used;
    assert_int_equal(proc_parse_map(at, left, &m, &used), OK);
    assert_true(!m.shared && m.name_len == 7);
    assert_int_equal(used, left);
    assert_int_equal(proc_parse_map(at + used, 0, &m, &used), ERR_NOT_FOUND);
}

static void finds_keys_only_at_the_start_of_a_line(void **state)
{
    static const char text[] = "55 [rollup]\nSwapPss: 9 kB\nPss:      812 kB\nPss_Dirty: 4 kB\n";
    uint64_t n;
    (void)state;
    assert_int_equal(proc_parse_key(text, strlen(text), "Pss", &n), OK);
    assert_int_equal(n, 812);
    assert_int_equal(proc_parse_key(text, strlen(text), "Rss", &n), ERR_NOT_FOUND);
    assert_int_equal(proc_count_key("ID: 0\nsignal: 1\nID: 1\n", 22, "ID"), 2);
    assert_int_equal(proc_count_key("", 0, "ID"), 0);
}

static void tells_open_files_by_their_links(void **state)
{
    static const struct {
        const char *target;
        enum fd_kind kind;
        uint64_t inode;
    } cases[] = {
        {"pipe:[123]", FD_PIPE, 123},
        {"socket:[9]", FD_SOCKET, 9},
        {"anon_inode:[eventfd]", FD_EVENTFD, 0},
        {"anon_inode:[io_uring]", FD_IO_URING, 0},
        {"/dev/pts/3", FD_TTY, 0},
        {"/dev/tty", FD_TTY, 0},
        {"/tmp/pipe:[123]", FD_FILE, 0},
        {"/memfd:x (deleted)", FD_FILE, 0},
        {"anon_inode:bpf-map", FD_OTHER, 0},
        {"", FD_OTHER, 0},
        {"pipe:[", FD_PIPE, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fd_evidence fd = {0};
        proc_parse_fd_link(cases[i].target, &fd);
        assert_int_equal(fd.kind, cases[i].kind);
        assert_int_equal(fd.inode, cases[i].inode);
    }
}

static void a_command_line_becomes_one_safe_line(void **state)
{
    static const char raw[] = "python3\0-c\0a\nb\x1b]0;x\x07\0\0";
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    assert_int_equal(proc_parse_command(raw, sizeof raw - 1, &b), OK);
    assert_string_equal(buf_text(&b), "python3 -c a␊b␛]0;x␇");
    buf_done(&b);
}

static void parse_all(const char *text, size_t len)
{
    struct proc_stat stat;
    struct proc_status status;
    struct proc_syscall call;
    struct proc_map map;
    struct ints numbers = {0};
    struct buf b;
    uint64_t n;
    size_t used = 0;
    enum err err = proc_parse_stat(text, len, &stat);
    assert_true(!err || err == ERR_PARSE);
    assert_non_null(memchr(stat.name, '\0', sizeof stat.name));
    err = proc_parse_status(text, len, &status);
    assert_true(!err || err == ERR_PARSE);
    err = proc_parse_syscall(text, len, &call);
    assert_true(!err || err == ERR_PARSE);
    err = proc_parse_numbers(text, len, &numbers);
    assert_true(!err || err == ERR_PARSE);
    err = proc_parse_key(text, len, "Pss", &n);
    assert_true(!err || err == ERR_PARSE || err == ERR_NOT_FOUND);
    for (size_t at = 0; at < len; at += used) {
        err = proc_parse_map(text + at, len - at, &map, &used);
        assert_true((!err || err == ERR_PARSE) && used > 0 && used <= len - at);
    }
    buf_init(&b, 100);
    err = proc_parse_command(text, len, &b);
    assert_true(!err || err == ERR_TOO_BIG);
    buf_done(&b);
    ints_done(&numbers);
}

/* Copies the bytes into memory of exactly that size, so that a sanitizer notices a read beyond its end. */
static void parse_exactly(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    parse_all(copy, len);
    free(copy);
}

static void survives_truncated_files_and_noise(void **state)
{
    static const char *const texts[] = {
        stat_line,
        status_text,
        "202 0x7f 0x189 0x0 0x0 0x0 0xf 0x7ffe 0x7f98\n",
        "12 345 6 ",
        "7f0005000000-7f0005001000 rw-s 00000000 00:01 77     /dev/shm/a name\n55 [rollup]\nPss: 812 kB\n",
    };
    (void)state;
    srandom(7);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t len = strlen(texts[i]);
        char noisy[1024];
        for (size_t n = 0; n <= len; n++)
            parse_exactly(texts[i], n);
        for (int round = 0; round < 3000; round++) {
            memcpy(noisy, texts[i], len);
            for (int k = 0; k < 1 + round % 4; k++)
                noisy[(size_t)random() % len] = (char)random();
            parse_exactly(noisy, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_takes_the_name_up_to_the_last_parenthesis),
        cmocka_unit_test(stat_cuts_a_long_name_at_a_whole_character),
        cmocka_unit_test(status_has_signals_and_switches),
        cmocka_unit_test(status_may_lack_context_switches),
        cmocka_unit_test(syscall_has_three_forms),
        cmocka_unit_test(children_must_be_numbers),
        cmocka_unit_test(maps_tell_shared_from_private_memory),
        cmocka_unit_test(finds_keys_only_at_the_start_of_a_line),
        cmocka_unit_test(tells_open_files_by_their_links),
        cmocka_unit_test(a_command_line_becomes_one_safe_line),
        cmocka_unit_test(survives_truncated_files_and_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
