/* SPDX-License-Identifier: MIT
 * The real program without a screen, with a table from a pipe: plain or packed, in pieces, truncated, damaged or empty.
 */
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
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "tests/kit/pack_kit.h"
#include "tests/kit/program.h"

/* Enough rows to fill a pipe many times, packed or not. The code 0001 is in the last one. */
static struct buf table(void)
{
    enum { ROWS = 100000 };
    unsigned seed = 1;
    struct buf b;
    buf_init(&b, 64 << 20);
    buf_add_text(&b, "code,name,age\n");
    for (int i = 0; i < ROWS; i++)
        buf_addf(&b, "%07d,\"%d\n%d\",%d\n", i, rand_r(&seed), rand_r(&seed), i % 90);
    buf_add_text(&b, "0001,hoge,20\n");
    assert_int_equal(b.err, OK);
    return b;
}

/* Starts the program, and returns the end of a pipe to its stdin. */
static int start(struct program *p, const char *const *args)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    program_start_fd(p, args, ends[0]);
    return ends[1];
}

static const char *const run[] = {"run", "-s", "spawn", "-c", "0001", "-", NULL};

/* Writes a few bytes first, too few to recognise the format. The program may exit before it has read everything. */
static void run_with(struct program *p, const char *const *args, const char *bytes, size_t len)
{
    size_t few = len < 2 ? len : 2;
    int fd = start(p, args);
    assert_int_equal(io_write_all(fd, bytes, few), OK);
    signal(SIGPIPE, SIG_IGN);
    if (!io_write_all(fd, bytes + few, len - few)) {
        /* the program has read everything */
    }
    signal(SIGPIPE, SIG_DFL); /* the next program inherits it */
    close(fd);
    program_wait(p);
}

static void assert_prints_the_row(struct program *p)
{
    struct buf frame;
    char *path = source_path("tests/polars-print/seed-0001.txt");
    buf_init(&frame, 1 << 20);
    file_read(path, &frame);
    program_assert_status(p, 0);
    assert_string_equal(buf_text(&p->out), buf_text(&frame));
    buf_done(&frame);
    free(path);
}

static void assert_refuses(struct program *p, const char *words)
{
    program_assert_status(p, 3);
    assert_string_equal(buf_text(&p->out), "");
    if (!strcasestr(buf_text(&p->err), words))
        fail_msg("no \"%s\" in: %s", words, buf_text(&p->err));
}

static void a_table_may_come_through_a_pipe(void **state)
{
    (void)state;
    struct program p;
    struct buf bytes = table();
    run_with(&p, run, bytes.data, bytes.len);
    assert_prints_the_row(&p);
    program_done(&p);
    buf_done(&bytes);
}

static void a_packed_table_may_come_through_a_pipe(void **state)
{
    (void)state;
    struct buf bytes = table();
    for (size_t i = 0; i < PACKERS; i++) {
        struct program p;
        struct buf packed = kit_pack(i, &bytes);
        assert_true(packed.len > 500000);
        run_with(&p, run, packed.data, packed.len);
        assert_prints_the_row(&p);
        program_done(&p);
        buf_done(&packed);
    }
    buf_done(&bytes);
}

static void a_truncated_or_damaged_packed_table_is_reported(void **state)
{
    (void)state;
    struct buf bytes = table();
    for (size_t i = 0; i < PACKERS; i++) {
        char words[80];
        struct program p;
        struct buf packed = kit_pack(i, &bytes);
        snprintf(words, sizeof words, "poolscope: -: cannot unpack it: truncated %s input\n", packer_names[i]);
        run_with(&p, run, packed.data, packed.len / 2);
        assert_refuses(&p, words);
        program_done(&p);
        memset(packed.data + packed.len / 3, 'x', 1000);
        run_with(&p, run, packed.data, packed.len);
        assert_refuses(&p, "poolscope: -:");
        program_done(&p);
        buf_done(&packed);
    }
    buf_done(&bytes);
}

static void bench_reads_a_packed_table_from_a_pipe(void **state)
{
    (void)state;
    static const char *const args[] = {"bench", "--rounds", "1", "-t", "1", "-c", "0001", "-", NULL};
    struct program p;
    struct buf bytes = table(), packed = kit_pack(0, &bytes);
    run_with(&p, args, packed.data, packed.len);
    program_assert_status(&p, 0);
    assert_text_matches(buf_text(&p.out), "^-, 100_001 rows; 1 code;");
    program_done(&p);
    run_with(&p, args, packed.data, packed.len - 1);
    assert_refuses(&p, "poolscope: -: cannot unpack it: its end is missing\n");
    program_done(&p);
    buf_done(&packed);
    buf_done(&bytes);
}

/* The FIFO has no writer yet when the program starts. */
static void a_table_may_come_through_a_named_pipe(void **state)
{
    (void)state;
    struct program p;
    struct buf bytes = table(), packed = kit_pack(1, &bytes);
    char *path = file_with("", 0);
    assert_true(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    program_start(&p, (const char *const[]){"run", "-s", "spawn", "-c", "0001", path, NULL}, NULL);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, packed.data, packed.len), OK);
    close(fd);
    program_wait(&p);
    assert_prints_the_row(&p);
    program_done(&p);
    file_done(path);
    buf_done(&packed);
    buf_done(&bytes);
}

static void an_empty_input_is_reported(void **state)
{
    (void)state;
    struct program p;
    run_with(&p, run, "", 0);
    assert_refuses(&p, "poolscope: -:1:1: empty; the first line must name the columns\n");
    program_done(&p);
    program_run(&p, run); /* stdin is /dev/null, which poll(2) and epoll(7) cannot wait for */
    assert_refuses(&p, "poolscope: -:1:1: empty; the first line must name the columns\n");
    program_done(&p);
    program_start_fd(&p, run, open("/", O_RDONLY | O_CLOEXEC));
    program_wait(&p);
    assert_refuses(&p, "poolscope: -: is a directory, not a CSV file\n");
    program_done(&p);
}

static void wait_until_signals_are_blocked(struct program *p)
{
    char path[64];
    struct buf status;
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)p->pid);
    buf_init(&status, 1 << 20);
    while (!(blocked & 1ull << (SIGINT - 1))) {
        buf_clear(&status);
        file_read(path, &status);
        const char *line = strstr(buf_text(&status), "SigBlk:");
        assert_true(line && sscanf(line, "SigBlk: %llx", &blocked) == 1);
    }
    buf_done(&status);
}

/* No bytes arrive, or no more of them, and a signal asks the program to end. */
static void a_stalled_pipe_does_not_delay_the_end(void **state)
{
    (void)state;
    static const char *const bench[] = {"bench", "-", NULL};
    struct buf bytes = table(), packed = kit_pack(2, &bytes);
    const struct {
        const char *const *args;
        size_t len;
    } cases[] = {{run, 0}, {run, 1}, {run, 60000}, {run, packed.len - 1}, {bench, 0}, {bench, packed.len - 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        int fd = start(&p, cases[i].args);
        assert_int_equal(io_write_all(fd, packed.data, cases[i].len), OK);
        wait_until_signals_are_blocked(&p);
        kill(p.pid, SIGINT);
        program_wait(&p);
        program_assert_status(&p, 128 + SIGINT);
        if (p.out.len > 0) /* bench, if it had begun already */
            assert_text_matches(buf_text(&p.out), "^-; the whole table;");
        program_done(&p);
        close(fd);
    }
    buf_done(&packed);
    buf_done(&bytes);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(a_table_may_come_through_a_pipe),
        CASE(a_packed_table_may_come_through_a_pipe),
        CASE(a_truncated_or_damaged_packed_table_is_reported),
        CASE(bench_reads_a_packed_table_from_a_pipe),
        CASE(a_table_may_come_through_a_named_pipe),
        CASE(an_empty_input_is_reported),
        CASE(a_stalled_pipe_does_not_delay_the_end),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
