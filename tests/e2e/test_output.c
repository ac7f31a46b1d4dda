/* SPDX-License-Identifier: MIT
 * The real program and the files that it writes (-o, --record): it never overwrites its inputs, it reports a file that
 * cannot be written before anything runs, and it loses no report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/program.h"

#define TABLE       "code,name\n0001,a\n00002,b\n"
#define RUN(p, ...) PROGRAM_RUN(p, "run", "-s", "spawn", "-t", "1", "-w", "1", __VA_ARGS__)

enum { OTHER_USER = 65534, MANY = 20000 };

/* A new folder, in which a test works. */
static char folder[] = "/tmp/poolscope-output-XXXXXX";

static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, text, strlen(text)), OK);
    close(fd);
}

static int enter(void **state)
{
    (void)state;
    strcpy(strrchr(folder, '-'), "-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_file("in.csv", TABLE);
    return 0;
}

static int leave(void **state)
{
    char command[128];
    kin_wait_none();
    (void)state;
    assert_int_equal(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void assert_file_matches(const char *name, const char *regex)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    file_read(name, &text);
    assert_text_matches(buf_text(&text), regex);
    buf_done(&text);
}

static void assert_file_is(const char *name, const char *wanted)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    file_read(name, &text);
    assert_string_equal(buf_text(&text), wanted);
    buf_done(&text);
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode & 07777;
}

static bool is_link(const char *name)
{
    struct stat st;
    return lstat(name, &st) == 0 && S_ISLNK(st.st_mode);
}

/* So many codes that the report has megabytes. */
static void write_many_codes(void)
{
    struct buf codes;
    buf_init(&codes, 1 << 20);
    for (int n = 1; n <= MANY; n++)
        buf_addf(&codes, "%05d\n", n);
    write_file("codes", buf_text(&codes));
    buf_done(&codes);
}

/* --- inputs ------------------------------------------------------------------------------------------------------- */

static void an_input_file_is_never_overwritten(void **state)
{
    static const struct {
        const char *option, *name, *table, *says;
    } cases[] = {
        {"-o", "in.csv", "in.csv", "-o in.csv: the table is read from this file"},
        {"--record", "in.csv", "in.csv", "--record in.csv: the table is read from this file"},
        {"-o", "hard", "in.csv", "-o hard: the table is read from this file"},
        {"--record", "hard", "in.csv", "--record hard: the table is read from this file"},
        {"-o", "link", "in.csv", "-o link: the table is read from this file"},
        {"--record", "link", "./in.csv", "--record link: the table is read from this file"},
        {"-o", "in.csv", "link", "-o in.csv: the table is read from this file"},
        {"-o", "codes", "in.csv", "-o codes: the codes are read from this file"},
        {"--record", "./codes", "in.csv", "--record ./codes: the codes are read from this file"},
    };
    (void)state;
    assert_int_equal(link("in.csv", "hard"), 0);
    assert_int_equal(symlink("in.csv", "link"), 0);
    write_file("codes", "0001\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        RUN(&p, "--codes-from", "codes", cases[i].option, cases[i].name, cases[i].table);
        program_assert_status(&p, 2);
        assert_text_matches(buf_text(&p.err), cases[i].says);
        program_done(&p);
        assert_file_is("in.csv", TABLE);
        assert_file_is("codes", "0001\n");
    }
}

static void a_table_on_stdin_is_never_overwritten(void **state)
{
    struct program p;
    (void)state;
    program_start_fd(&p, (const char *const[]){"run", "-s", "spawn", "-o", "in.csv", "-", NULL},
                     open("in.csv", O_RDONLY | O_CLOEXEC));
    program_wait(&p);
    program_assert_status(&p, 2);
    program_done(&p);
    assert_file_is("in.csv", TABLE);
}

static void report_and_recording_may_not_be_the_same_file(void **state)
{
    struct program p;
    (void)state;
    RUN(&p, "-o", "both", "--record", "./both", "in.csv");
    program_assert_status(&p, 2);
    assert_text_matches(buf_text(&p.err), "-o both: --record writes to this file");
    program_done(&p);
    assert_int_equal(access("both", F_OK), -1);
}

/* --- modes and links ---------------------------------------------------------------------------------------------- */

static void new_reports_and_recordings_are_private(void **state)
{
    struct program p;
    (void)state;
    RUN(&p, "-o", "report", "--record", "recording", "in.csv");
    program_assert_status(&p, 0);
    program_done(&p);
    assert_int_equal(mode_of("report"), 0600);
    assert_int_equal(mode_of("recording"), 0600);
}

static void a_replaced_report_keeps_its_mode(void **state)
{
    static const mode_t modes[] = {0600, 0640, 0666};
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct program p;
        write_file("report", "old");
        assert_int_equal(chmod("report", modes[i]), 0);
        RUN(&p, "-o", "report", "in.csv");
        program_assert_status(&p, 0);
        program_done(&p);
        assert_file_matches("report", "^poolscope: finished");
        assert_int_equal(mode_of("report"), modes[i]);
    }
}

static void a_link_is_kept_and_its_target_is_written(void **state)
{
    (void)state;
    write_file("named", "old");
    assert_int_equal(symlink("named", "first"), 0);
    assert_int_equal(symlink("first", "link"), 0);
    assert_int_equal(symlink("missing", "dangling"), 0);
    for (int i = 0; i < 2; i++) {
        struct program p;
        RUN(&p, "-o", i ? "dangling" : "link", "in.csv");
        program_assert_status(&p, 0);
        program_done(&p);
        assert_true(is_link(i ? "dangling" : "link"));
        assert_file_matches(i ? "missing" : "named", "^poolscope: finished");
    }
    assert_true(is_link("first"));
}

/* Like /dev/stdout, but a link of our own. */
static void a_link_to_stdout_means_stdout(void **state)
{
    struct program p;
    (void)state;
    assert_int_equal(symlink("/proc/self/fd/1", "stdout"), 0);
    RUN(&p, "-o", "stdout", "in.csv");
    program_assert_status(&p, 0);
    assert_text_matches(buf_text(&p.out), "shape: \\(2, 2\\)");
    assert_text_matches(buf_text(&p.out), "^poolscope: finished"); /* the report follows the result */
    assert_true(is_link("stdout"));
    program_done(&p);
}

static void an_inherited_descriptor_may_be_named(void **state)
{
    struct program p;
    char name[32];
    int fd = open("inherited", O_RDWR | O_CREAT, 0644); /* exec does not close it */
    (void)state;
    assert_true(fd >= 0);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    RUN(&p, "-o", name, "in.csv");
    close(fd);
    program_assert_status(&p, 0);
    program_done(&p);
    assert_file_matches("inherited", "^poolscope: finished");
}

static void a_file_that_another_user_put_into_a_shared_folder_is_refused(void **state)
{
    static const char *const options[] = {"-o", "--record"}, *const names[] = {"shared/link", "shared/file"};
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can give a file to another user */
    write_file("precious", "keep me");
    assert_int_equal(mkdir("shared", 0700), 0);
    assert_int_equal(chmod("shared", 01777), 0);
    write_file("shared/file", "keep me");
    assert_int_equal(symlink("../precious", "shared/link"), 0);
    assert_int_equal(lchown("shared/link", OTHER_USER, OTHER_USER), 0);
    assert_int_equal(lchown("shared/file", OTHER_USER, OTHER_USER), 0);
    for (int i = 0; i < 4; i++) {
        struct program p;
        RUN(&p, options[i / 2], names[i % 2], "in.csv");
        program_assert_status(&p, 2);
        assert_text_matches(buf_text(&p.err), "shared/(link|file): it belongs to another user");
        program_done(&p);
    }
    assert_true(is_link("shared/link"));
    assert_file_is("precious", "keep me");
    assert_file_is("shared/file", "keep me");
}

/* --- before anything runs ----------------------------------------------------------------------------------------- */

static void a_file_that_cannot_be_written_is_reported_before_anything_runs(void **state)
{
    static const struct {
        const char *name;
        int status;
        const char *says;
    } cases[] = {
        {"missing/x.json", 125, "missing/x.json: .*No such file or directory"},
        {"directory", 2, "directory is a directory"},
        {"fifo", 2, "fifo: no process reads this FIFO"},
        {"", 2, "is not a file name"},
    };
    static const char *const options[] = {"-o", "--record"};
    (void)state;
    assert_int_equal(mkdir("directory", 0755), 0);
    assert_int_equal(mkfifo("fifo", 0644), 0);
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct program p;
        PROGRAM_RUN(&p, "watch", "--headless", options[i % 2], cases[i / 2].name, "--", "touch", "began");
        program_assert_status(&p, cases[i / 2].status);
        assert_text_matches(buf_text(&p.err), cases[i / 2].says);
        program_done(&p);
        assert_int_equal(access("began", F_OK), -1);
    }
}

/* --- writing that fails ------------------------------------------------------------------------------------------- */

static void a_report_that_cannot_be_written_goes_to_stderr(void **state)
{
    static const char *const commands[] = {"run", "bench"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct program p;
        PROGRAM_RUN(&p, commands[i], "-w", "1", "-t", "1", "-o", "/dev/full", "in.csv");
        program_assert_status(&p, 125);
        assert_text_matches(buf_text(&p.err), "^poolscope: /dev/full: cannot write: No space left on device");
        assert_text_matches(buf_text(&p.err), i ? "forkserver" : "^poolscope: (finished|HUNG)");
        program_done(&p);
    }
}

static void the_report_on_stderr_says_the_exit_status_of_a_report_that_could_not_be_written(void **state)
{
    struct program run, watch;
    (void)state;
    RUN(&run, "-o", "/dev/full", "in.csv");
    program_assert_status(&run, 125);
    assert_text_matches(buf_text(&run.err), "; exit 125\n$");
    PROGRAM_RUN(&watch, "watch", "--headless", "-o", "/dev/full", "--", "true");
    program_assert_status(&watch, 125);
    assert_text_matches(buf_text(&watch.err), "; exit 125\n$");
    program_done(&run);
    program_done(&watch);
}

static void a_file_size_limit_keeps_the_old_report_whole(void **state)
{
    struct program p;
    struct rlimit before, limit;
    (void)state;
    write_file("report", "old");
    write_many_codes();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    program_start(&p,
                  (const char *const[]){"run", "-s", "spawn", "-t", "1", "--format", "json", "--codes-from", "codes",
                                        "-o", "report", "in.csv", NULL},
                  NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    program_wait(&p);
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "^poolscope: report: cannot write: File too large");
    program_done(&p);
    assert_file_is("report", "old");
}

/* The limit also forbids the memory that the host and the workers share: the host reports that, and continues. */
static void a_file_size_limit_does_not_end_the_host(void **state)
{
    struct program p;
    struct rlimit before, limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    program_start(&p, (const char *const[]){"run", "-s", "spawn", "-t", "1", "-w", "1", "in.csv", NULL}, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    program_wait(&p);
    program_assert_status(&p, 1);
    assert_text_matches(buf_text(&p.err), "cannot make shared memory for a worker");
    program_done(&p);
}

/* Reads the bit of SIGXFSZ in SigIgn of /proc/self/status. */
static void a_watched_command_does_not_inherit_an_ignored_file_size_signal(void **state)
{
    struct program p;
    (void)state;
    PROGRAM_RUN(&p, "watch", "--headless", "--", "sh", "-c", "grep SigIgn /proc/self/status");
    program_assert_status(&p, 0);
    unsigned long long ignored = strtoull(buf_text(&p.out) + strlen("SigIgn:"), NULL, 16);
    assert_text_matches(buf_text(&p.out), "^SigIgn:");
    assert_false(ignored >> (SIGXFSZ - 1) & 1);
    program_done(&p);
}

/* --- a FIFO ------------------------------------------------------------------------------------------------------- */

/* Waits until the FIFO "fifo" is full. */
static void wait_until_full(void)
{
    double end = clock_now() + PROGRAM_BOUND;
    struct pollfd writer = {.fd = open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLOUT};
    assert_true(writer.fd >= 0);
    while (poll(&writer, 1, 0) != 0 && clock_now() < end)
        nap();
    int writable = poll(&writer, 1, 0);
    close(writer.fd);
    assert_int_equal(writable, 0);
}

static void a_signal_ends_a_run_while_no_process_reads_the_report(void **state)
{
    struct program p;
    (void)state;
    write_many_codes();
    assert_int_equal(mkfifo("fifo", 0644), 0);
    int fifo = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    program_start(&p,
                  (const char *const[]){"run", "-s", "spawn", "-t", "1", "--format", "json", "--codes-from", "codes",
                                        "-o", "fifo", "in.csv", NULL},
                  NULL);
    wait_until_full();
    kill(p.pid, SIGTERM);
    program_wait(&p);
    program_assert_status(&p, 128 + SIGTERM);
    program_done(&p);
    close(fifo);
}

static void a_signal_ends_a_run_while_no_process_reads_the_recording(void **state)
{
    struct program p;
    (void)state;
    write_many_codes();
    assert_int_equal(mkfifo("fifo", 0644), 0);
    int fifo = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    program_start(&p,
                  (const char *const[]){"run", "-s", "spawn", "-t", "1", "--format", "json", "--codes-from", "codes",
                                        "-o", "report", "--record", "fifo", "in.csv", NULL},
                  NULL);
    wait_until_full();
    kill(p.pid, SIGTERM);
    program_wait(&p);
    program_assert_status(&p, 128 + SIGTERM);
    assert_text_matches(buf_text(&p.err), "fifo: the recording is not complete");
    program_done(&p);
    close(fifo);
}

static void the_run_continues_when_the_reader_of_the_recording_leaves(void **state)
{
    struct program p;
    (void)state;
    write_many_codes();
    assert_int_equal(mkfifo("fifo", 0644), 0);
    int fifo = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    program_start(&p,
                  (const char *const[]){"run", "-s", "spawn", "-t", "1", "--format", "json", "--codes-from", "codes",
                                        "-o", "report", "--record", "fifo", "in.csv", NULL},
                  NULL);
    wait_until_full();
    close(fifo);
    program_wait(&p);
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "fifo: the recording is not complete: Broken pipe");
    program_done(&p);
    assert_file_matches("report", "\"outcome\": \"finished\"");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(an_input_file_is_never_overwritten),
        CASE(a_table_on_stdin_is_never_overwritten),
        CASE(report_and_recording_may_not_be_the_same_file),
        CASE(new_reports_and_recordings_are_private),
        CASE(a_replaced_report_keeps_its_mode),
        CASE(a_link_is_kept_and_its_target_is_written),
        CASE(a_link_to_stdout_means_stdout),
        CASE(an_inherited_descriptor_may_be_named),
        CASE(a_file_that_another_user_put_into_a_shared_folder_is_refused),
        CASE(a_file_that_cannot_be_written_is_reported_before_anything_runs),
        CASE(a_report_that_cannot_be_written_goes_to_stderr),
        CASE(the_report_on_stderr_says_the_exit_status_of_a_report_that_could_not_be_written),
        CASE(a_file_size_limit_keeps_the_old_report_whole),
        CASE(a_file_size_limit_does_not_end_the_host),
        CASE(a_watched_command_does_not_inherit_an_ignored_file_size_signal),
        CASE(a_signal_ends_a_run_while_no_process_reads_the_report),
        CASE(a_signal_ends_a_run_while_no_process_reads_the_recording),
        CASE(the_run_continues_when_the_reader_of_the_recording_leaves),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
