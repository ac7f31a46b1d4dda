/* SPDX-License-Identifier: MIT
 * The real program without a screen: what it prints, what input it accepts, its exit status, and that it leaves no
 * process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/kit/program.h"

static char *sample;

static void golden(const char *name, struct buf *out)
{
    char relative[256];
    snprintf(relative, sizeof relative, "tests/polars-print/%s.txt", name);
    char *path = source_path(relative);
    file_read(path, out);
    free(path);
}

/* Removes `frame` from `text` once; false if it is not there. */
static bool take_out(char *text, const char *frame)
{
    char *at = strstr(text, frame);
    if (!at)
        return false;
    memmove(at, at + strlen(frame), strlen(at + strlen(frame)) + 1);
    return true;
}

/* stdout must consist of these frames, each once, in any order, and nothing else. */
static void assert_frames(const struct program *p, const char *const *names)
{
    struct buf frame;
    char *left = strdup(buf_text(&p->out));
    buf_init(&frame, 1 << 20);
    for (; *names; names++) {
        buf_clear(&frame);
        golden(*names, &frame);
        if (!take_out(left, buf_text(&frame)))
            fail_msg("no frame as in %s.txt in:\n%s", *names, buf_text(&p->out));
    }
    assert_string_equal(left, "");
    buf_done(&frame);
    free(left);
}

static const char *const three[] = {"seed-0001", "seed-00002", "seed-0005", NULL};

static void frames_are_printed_as_polars_prints_them(void **state)
{
    (void)state;
    static const char *const cases[][7] = {
        {"-s", "spawn"},
        {"-s", "forkserver"},
        {"-s", "python3.14/linux"},
        {"-s", "python3.8/macos"},
        {"-s", "fork", "-t", "1"},
        {"-s", "fork", "--at-fork", "reinit"},
        {"-s", "forkserver", "-w", "1", "-t", "1"},
        {"-s", "spawn", "-w", "7", "-t", "5"},
        {"-w", "3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *args[20] = {"run", "-c", "0001", "-c", "00002", "-c", "0005", sample};
        for (size_t k = 0; k < 7 && cases[i][k]; k++)
            args[8 + k] = cases[i][k];
        struct program p;
        program_run(&p, args);
        program_assert_status(&p, 0);
        assert_frames(&p, three);
        program_done(&p);
    }
}

static void one_worker_finishes_tasks_in_the_order_of_submission(void **state)
{
    (void)state;
    struct program p;
    struct buf all;
    buf_init(&all, 1 << 20);
    for (size_t i = 0; three[i]; i++)
        golden(three[i], &all);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-w", "1", "-c", "0001", "-c", "00002", "-c", "0005", sample);
    program_assert_status(&p, 0);
    assert_string_equal(buf_text(&p.out), buf_text(&all));
    program_done(&p);
    buf_done(&all);
}

/* Turns the words of NAME.args into options: dtypes=a:str,b:i64 and code=0001. The options point into `words`, which is
 * modified. */
static size_t options_of(char *words, const char **args, size_t n)
{
    char *save = NULL;
    for (char *word = strtok_r(words, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        if (strncmp(word, "code=", 5) == 0) {
            args[n++] = "-c";
            args[n++] = word + 5;
        } else if (strncmp(word, "dtypes=", 7) == 0) {
            char *inner = NULL;
            for (char *pair = strtok_r(word + 7, ",", &inner); pair; pair = strtok_r(NULL, ",", &inner)) {
                *strrchr(pair, ':') = '=';
                args[n++] = "-d";
                args[n++] = pair;
            }
        }
    }
    return n;
}

static void prints_as_polars(const char *name, const char *method)
{
    const char *args[40] = {"run", "-s", method};
    char relative[256];
    struct program p;
    struct buf words, expected;
    buf_init(&words, 1 << 20);
    buf_init(&expected, 1 << 20);
    golden(name, &expected);
    snprintf(relative, sizeof relative, "tests/polars-print/%s.args", name);
    char *path = source_path(relative);
    if (access(path, R_OK) == 0)
        file_read(path, &words);
    free(path);
    size_t n = words.len > 0 ? options_of(words.data, args, 3) : 3;
    snprintf(relative, sizeof relative, "tests/polars-print/%s.csv", name);
    args[n] = path = source_path(relative);
    program_run(&p, args);
    if (p.status != 0 || strcmp(buf_text(&p.out), buf_text(&expected)) != 0)
        fail_msg("%s: exit %d\n%s%s\ninstead of\n%s", name, p.status, buf_text(&p.err), buf_text(&p.out),
                 buf_text(&expected));
    program_done(&p);
    free(path);
    buf_done(&words);
    buf_done(&expected);
}

static void every_golden_frame_is_reproduced(void **state)
{
    (void)state;
    size_t n = 0;
    char *folder = source_path("tests/polars-print");
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir));) {
        char *dot = strstr(d->d_name, ".csv");
        if (!dot || dot[4])
            continue;
        *dot = '\0';
        prints_as_polars(d->d_name, n++ % 2 ? "spawn" : "forkserver");
    }
    assert_true(n > 0);
    closedir(dir);
    free(folder);
}

static void the_table_may_come_from_stdin(void **state)
{
    (void)state;
    struct program p;
    program_start(&p, (const char *const[]){"run", "-s", "spawn", "-c", "0001", "-", NULL},
                  "code,name,age\n0001,hoge,20\n0002,fuga,10\n");
    program_wait(&p);
    program_assert_status(&p, 0);
    assert_frames(&p, (const char *const[]){"seed-0001", NULL});
    program_done(&p);
}

static void a_packed_table_is_unpacked(void **state)
{
    (void)state;
    struct program p;
    char command[9000], *packed = file_with("", 0);
    snprintf(command, sizeof command, "gzip -c %s >%s", sample, packed);
    assert_int_equal(system(command), 0);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-c", "0001", packed);
    program_assert_status(&p, 0);
    assert_frames(&p, (const char *const[]){"seed-0001", NULL});
    program_done(&p);
    assert_int_equal(truncate(packed, 40), 0);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-c", "0001", packed);
    program_assert_status(&p, 3);
    assert_non_null(strstr(buf_text(&p.err), "cannot unpack it"));
    program_done(&p);
    file_done(packed);
}

static void codes_may_come_from_a_file(void **state)
{
    (void)state;
    struct program p;
    char *codes = file_with("0001\r\n\n00002\n0005", 17);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "--codes-from", codes, sample);
    program_assert_status(&p, 0);
    assert_frames(&p, three);
    program_done(&p);
    file_done(codes);
}

static void the_first_code_may_be_longer_than_a_page(void **state)
{
    (void)state;
    enum { LONG = 5000 };
    struct program p;
    struct buf table;
    char code[LONG + 1];
    memset(code, 'a', LONG);
    code[LONG] = '\0';
    buf_init(&table, 1 << 20);
    buf_addf(&table, "code,n\n%s,1\nb,2\n", code);
    char *path = file_with(table.data, table.len);
    char *codes = file_with(code, LONG);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-w", "1", "--codes-from", codes, path);
    program_assert_status(&p, 0);
    assert_text_matches(buf_text(&p.out), "shape: \\(1, 2\\)");
    program_done(&p);
    file_done(codes);
    file_done(path);
    buf_done(&table);
}

static void the_forkserver_can_start_many_workers(void **state)
{
    (void)state;
    enum { WORKERS = 600 };
    struct program p;
    struct buf list;
    buf_init(&list, 1 << 20);
    for (int i = 0; i < WORKERS; i++)
        buf_addf(&list, "%04d\n", i);
    char *codes = file_with(list.data, list.len);
    PROGRAM_RUN(&p, "run", "-s", "forkserver", "-w", "600", "--threads", "1", "--codes-from", codes, sample);
    program_assert_status(&p, 0);
    assert_text_matches(buf_text(&p.err), "600 of 600 tasks finished");
    program_done(&p);
    file_done(codes);
    buf_done(&list);
    PROGRAM_RUN(&p, "run", "-s", "forkserver", "-w", "10000", sample);
    program_assert_status(&p, 2);
    assert_text_matches(buf_text(&p.err), "workers 10000");
    program_done(&p);
}

static void bad_input_is_reported_with_its_place_and_exit_3(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *says;
    } cases[] = {
        {"code,name\n1,\"open\n", ":2:3: "},    /* a quote that is not closed */
        {"code,name\n1,a\n2,b\"c\n", ":3:4: "}, /* a quote inside an unquoted field */
        {"code,name\n1,\"a\"b\n", ":2:"},       /* text after a quoted field */
        {"code,name\n1,a\n2,b,c\n", ":3:"},     /* more fields than columns */
        {"", ":1:1: "},                         /* an empty file */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        char *path = file_with(cases[i].bytes, strlen(cases[i].bytes)), expected[512];
        snprintf(expected, sizeof expected, "%s%s", path, cases[i].says);
        PROGRAM_RUN(&p, "run", "-s", "spawn", path);
        program_assert_status(&p, 3);
        assert_string_equal(buf_text(&p.out), "");
        if (!strstr(buf_text(&p.err), expected))
            fail_msg("case %zu: no %s in: %s", i, expected, buf_text(&p.err));
        program_done(&p);
        file_done(path);
    }
}

static void an_unreadable_file_is_exit_3(void **state)
{
    (void)state;
    static const struct {
        const char *args[8], *says;
    } cases[] = {
        {{"run", "/nonexistent/table.csv"}, "/nonexistent/table.csv.*No such file"},
        {{"run", "/"}, "^poolscope: /"},
        {{"run", "--codes-from", "/nonexistent/codes", "x.csv"}, "/nonexistent/codes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_run(&p, cases[i].args);
        program_assert_status(&p, 3);
        assert_text_matches(buf_text(&p.err), cases[i].says);
        program_done(&p);
    }
}

static void a_missing_column_or_a_wrong_dtype_is_reported(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *says;
    } cases[] = {
        {"-k", "colour", "colour"},
        {"-d", "colour=str", "colour"},
        {"-d", "name=i64", ":2:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", "spawn", cases[i].option, cases[i].value, "-c", "0001", sample);
        assert_true(p.status == 2 || p.status == 3);
        assert_text_matches(buf_text(&p.err), cases[i].says);
        program_done(&p);
    }
}

static void wrong_usage_is_exit_2_and_one_line(void **state)
{
    (void)state;
    static const char *const cases[][8] = {
        {"run"},
        {"run", "a.csv", "b.csv"},
        {"run", "-s", "thread", "a.csv"},
        {"run", "-s", "python3/linux", "a.csv"},
        {"run", "-w", "0", "a.csv"},
        {"run", "-w", "many", "a.csv"},
        {"run", "-t", "-1", "a.csv"},
        {"run", "-t", "99999999999999999999", "a.csv"},
        {"run", "--at-fork", "never", "a.csv"},
        {"run", "-d", "code", "a.csv"},
        {"run", "-d", "code=float", "a.csv"},
        {"run", "--timeout", "soon", "a.csv"},
        {"run", "--hang-after", "-1", "a.csv"},
        {"run", "--on-hang", "panic", "a.csv"},
        {"run", "--format", "xml", "a.csv"},
        {"run", "--colour", "never", "a.csv"},
        {"run", "-c"},
        {"run", "-Z", "a.csv"},
        {"--no-such-option"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_run(&p, cases[i]);
        if (p.status != 2)
            print_error("poolscope %s %s %s\n", cases[i][0], cases[i][1], cases[i][2]);
        program_assert_status(&p, 2);
        assert_string_equal(buf_text(&p.out), "");
        assert_text_matches(buf_text(&p.err), "^poolscope: ");
        assert_ptr_equal(strchr(buf_text(&p.err), '\n'), buf_text(&p.err) + p.err.len - 1);
        program_done(&p);
    }
}

static void without_a_terminal_the_explorer_says_so(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, sample);
    program_assert_status(&p, 2);
    assert_text_matches(buf_text(&p.err), "terminal");
    program_done(&p);
}

static void help_and_version_are_exit_0(void **state)
{
    (void)state;
    static const struct {
        const char *args[3], *says;
    } cases[] = {
        {{"--help"}, "--start METHOD"},
        {{"run", "--help"}, "--on-hang ACTION"},
        {{"--version"}, "^poolscope [0-9]+\\."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_run(&p, cases[i].args);
        program_assert_status(&p, 0);
        assert_text_matches(buf_text(&p.out), cases[i].says);
        assert_string_equal(buf_text(&p.err), "");
        program_done(&p);
    }
}

static void control_characters_in_a_cell_are_not_printed(void **state)
{
    (void)state;
    struct program p;
    static const char bytes[] = "code,name\n1,a\x1b[2Jb\x07\xc2\x9b"
                                "31m\n";
    char *path = file_with(bytes, sizeof bytes - 1);
    PROGRAM_RUN(&p, "run", "-s", "spawn", path);
    program_assert_status(&p, 0);
    for (size_t i = 0; i < p.out.len; i++) {
        unsigned char c = (unsigned char)p.out.data[i];
        assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
    }
    assert_null(strstr(buf_text(&p.out), "\xc2\x9b"));
    program_done(&p);
    file_done(path);
}

static void a_signal_ends_a_hung_run_and_leaves_no_process(void **state)
{
    (void)state;
    static const struct {
        int signum;
        bool group;
    } cases[] = {
        /* as kill(1) sends them, and as a terminal sends them to the whole job */
        {SIGTERM, false}, {SIGINT, false}, {SIGHUP, false}, {SIGINT, true}, {SIGTERM, true}, {SIGHUP, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_start(&p, (const char *const[]){"run", "-s", "fork", "--on-hang", "report", "-c", "0001", sample, NULL},
                      NULL);
        pid_t kin[KIN_MAX];
        while (kin_below(p.pid, kin) < 2) { /* the host and its worker */
            program_look(&p);
            assert_int_equal(p.status, -1);
        }
        kill(cases[i].group ? -p.pid : p.pid, cases[i].signum);
        program_wait(&p);
        program_assert_status(&p, 128 + cases[i].signum);
        program_done(&p);
        kin_wait_none();
    }
}

enum { MANY = 40, TEXT_COLUMNS = 7 };

/* Rows whose frames are so wide that all of them together are more than a pipe takes. */
static char *many_rows(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "code");
    for (int i = 0; i < TEXT_COLUMNS; i++)
        buf_addf(&b, ",text%d", i);
    for (int row = 0; row < MANY; row++) {
        buf_addf(&b, "\n%04d", row);
        for (int i = 0; i < TEXT_COLUMNS; i++)
            buf_add_text(&b, ",thirty characters and some more");
    }
    buf_add_text(&b, "\n");
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    return path;
}

static char *many_codes(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < MANY; i++)
        buf_addf(&b, "%04d\n", i);
    char *path = file_with(b.data, b.len);
    buf_done(&b);
    return path;
}

/* Starts the program with these fds as its stdout and stderr. */
static pid_t start_into(int out, int err, const char *const *argv)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (dup2(out, 1) == 1 && dup2(err, 2) == 2)
        execv(argv[0], (char *const *)argv);
    _exit(127);
}

/* Some of it is printed, but not all, as the pipe does not take so much; and every task is done: of the pool only the
 * host is left. */
static void wait_until_only_printing_is_left(pid_t pid, int pipe_end)
{
    pid_t kin[KIN_MAX];
    double until = clock_now() + PROGRAM_BOUND;
    for (int bytes = 0; bytes == 0 || kin_below(pid, kin) != 1;) {
        assert_true(clock_now() < until);
        nap();
        assert_int_equal(ioctl(pipe_end, FIONREAD, &bytes), 0);
    }
}

static void a_file_truncated_during_a_run_is_named_and_is_exit_3(void **state)
{
    (void)state;
    int out[2], status, err = memfd_create("stderr", MFD_CLOEXEC);
    char *table = many_rows(), *codes = many_codes(), bytes[4096];
    assert_true(err >= 0 && pipe2(out, O_CLOEXEC) == 0 && fcntl(out[1], F_SETPIPE_SZ, 4096) > 0);
    pid_t pid = start_into(out[1], err,
                           (const char *const[]){program_path(), "run", "-s", "spawn", "-w", "1", "-d", "code=str",
                                                 "--codes-from", codes, table, NULL});
    close(out[1]);
    wait_until_only_printing_is_left(pid, out[0]);
    assert_int_equal(truncate(table, 20), 0);
    while (read(out[0], bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    ssize_t n = pread(err, bytes, sizeof bytes - 1, 0);
    assert_true(n > 0);
    bytes[n] = '\0';
    char wanted[4200];
    snprintf(wanted, sizeof wanted, "poolscope: %s: the file changed after it was opened\n", table);
    if (!strstr(bytes, wanted) || !WIFEXITED(status) || WEXITSTATUS(status) != 3)
        fail_msg("status %x, and it said: %s", status, bytes);
    close(out[0]);
    close(err);
    file_done(table);
    file_done(codes);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(frames_are_printed_as_polars_prints_them),
        CASE(one_worker_finishes_tasks_in_the_order_of_submission),
        CASE(every_golden_frame_is_reproduced),
        CASE(the_table_may_come_from_stdin),
        CASE(a_packed_table_is_unpacked),
        CASE(codes_may_come_from_a_file),
        CASE(the_first_code_may_be_longer_than_a_page),
        CASE(the_forkserver_can_start_many_workers),
        CASE(bad_input_is_reported_with_its_place_and_exit_3),
        CASE(an_unreadable_file_is_exit_3),
        CASE(a_file_truncated_during_a_run_is_named_and_is_exit_3),
        CASE(a_missing_column_or_a_wrong_dtype_is_reported),
        CASE(wrong_usage_is_exit_2_and_one_line),
        CASE(without_a_terminal_the_explorer_says_so),
        CASE(help_and_version_are_exit_0),
        CASE(control_characters_in_a_cell_are_not_printed),
        CASE(a_signal_ends_a_hung_run_and_leaves_no_process),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
