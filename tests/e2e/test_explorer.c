/* SPDX-License-Identifier: MIT
 * The explorer as its user sees it: the real program in a pseudo-terminal, whose screen is read by libvterm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

static char *sample;

#define EXPLORE(rows, cols, ...) pty_open(rows, cols, (const char *const[]){program_path(), __VA_ARGS__, NULL}, NULL)

static struct pty *explore_hung(int rows, int cols)
{
    struct pty *p = EXPLORE(rows, cols, "-s", "fork", "-w", "2", "-c", "0001", "-c", "00002", "-c", "0005", sample);
    pty_wait_text(p, "0001");
    pty_type(p, "r");
    pty_wait_text(p, "HUNG, proved");
    return p;
}

static void choose_method(struct pty *p, const char *shown)
{
    for (int i = 0; i < 3 && !pty_shows(p, shown); i++) {
        pty_type(p, "m");
        pty_read_for(p, 0.2);
    }
    pty_wait_text(p, shown);
}

/* Picks three codes, one of them by typing it; the run under fork hangs with a proof; under spawn it finishes. */
static void fork_hangs_on_picked_codes_and_spawn_does_not(void **state)
{
    (void)state;
    struct pty *p = EXPLORE(40, 120, "-w", "2", sample);
    pty_wait_text(p, "\\[ \\] +0001 +hoge +20");
    pty_type(p, " ");
    pty_wait_text(p, "\\[x\\] +0001 +hoge");
    pty_type(p, "+00002\r");
    pty_wait_text(p, "\\[x\\] +00002 +\\(typed; matches no row\\)");
    pty_type(p, "gjjjj ");
    pty_wait_text(p, "\\[x\\] +0005 +bar");
    pty_wait_text(p, "3 picked");
    choose_method(p, "\\(•\\) fork ");
    pty_type(p, "r");
    pty_wait_text(p, "HUNG, proved");
    pty_wait_text(p, "0 of 3 done");
    /* which worker takes which task is not determined */
    pty_wait_text(p, " 1  +[0-9]+ +hung, proved +0+[12] .* 1 of [0-9]+");
    pty_wait_text(p, " 2  +[0-9]+ +hung, proved +0+[12] .* 1 of [0-9]+");
    pty_wait_text(p, "hung, proved +0001 ");
    pty_wait_text(p, "hung, proved +00002 ");
    pty_wait_text(p, "no-waker");
    pty_wait_text(p, "spawn");

    choose_method(p, "\\(•\\) spawn ");
    explorer_run(p);
    pty_wait_text(p, "3 of 3 done");
    pty_wait_no_text(p, "HUNG, proved");
    pty_type(p, "6z");
    pty_wait_text(p, "│ 0001 ┆ hoge ┆ 20  │");
    pty_wait_text(p, "│ 0005 ┆ bar  ┆ 60  │");
    pty_wait_text(p, "shape: \\(0, 3\\)");
    explorer_quit(p);
}

static void x_on_the_pending_tasks_cancels_the_first_of_them(void **state)
{
    (void)state;
    struct pty *p = explore_hung(40, 120);
    pty_wait_text(p, "pending: 0005");
    pty_type(p, "2gjj");
    pty_wait_text(p, "▊ *pending: 0005");
    pty_type(p, "x");
    pty_wait_text(p, "Cancel the pending task 0005\\?");
    pty_type(p, "y");
    pty_wait_no_text(p, "pending: 0005");
    pty_wait_text(p, "1 of 3 done");
    pty_type(p, "7z");
    pty_wait_text(p, "0005 .*cancelled");
    explorer_quit(p);
}

static void an_eighty_column_terminal_shows_hang_and_cure(void **state)
{
    (void)state;
    struct pty *p = explore_hung(24, 80);
    pty_wait_text(p, "workers [12] and [12] wait");
    pty_type(p, "m");
    explorer_run(p);
    pty_wait_text(p, "3 of 3");
    pty_wait_no_text(p, "HUNG, proved");
    explorer_quit(p);
}

static void the_verdict_is_visible_at_every_terminal_size(void **state)
{
    (void)state;
    static const struct {
        int rows, cols;
        bool verdict;
    } sizes[] = {
        {24, 80, true}, {10, 40, true}, {5, 20, true},   {2, 20, true},   {1, 30, true},   {1, 1, false},
        {3, 4, false},  {2, 300, true}, {100, 20, true}, {60, 250, true}, {40, 120, true},
    };
    struct pty *p = explore_hung(40, 120);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pty_resize(p, sizes[i].rows, sizes[i].cols);
        pty_wait_text(p, sizes[i].verdict ? "HUNG" : "[^ ]");
    }
    pty_wait_text(p, "hung, proved +0+[12]");
    explorer_quit(p);
}

static void many_changes_of_size_end_with_a_picture_of_the_last(void **state)
{
    (void)state;
    struct pty *p = explore_hung(40, 120);
    for (int i = 0; i < 300; i++)
        pty_resize(p, 1 + i * 7 % 50, 1 + i * 13 % 200);
    pty_resize(p, 40, 120);
    pty_type(p, "\x0c"); /* redraws, as a user would, what was drawn for a size that has changed since */
    pty_wait_text(p, "hung, proved +0+[12]");
    explorer_quit(p);
}

static void suspending_restores_the_terminal_and_resuming_redraws(void **state)
{
    (void)state;
    struct pty *p = explore_hung(40, 120);
    for (int i = 0; i < 2; i++) {
        pty_type(p, "\x1a");
        pty_wait_stopped(p);
        pty_wait_restored(p);
        pty_resize(p, i ? 40 : 30, i ? 120 : 100); /* the size may change meanwhile */
        pty_signal(p, SIGCONT);
        pty_wait_text(p, "HUNG, proved");
        struct pty_modes m = pty_modes(p);
        assert_true(m.alternate);
        assert_false(m.termios.c_lflag & ICANON);
    }
    explorer_quit(p);
}

static void a_shell_can_suspend_and_resume_the_explorer(void **state)
{
    (void)state;
    char command[9000];
    struct pty *p = pty_open(40, 120, (const char *const[]){"/bin/bash", "--norc", "--noprofile", "-i", NULL},
                             (const char *const[]){"PS1=ready> ", "HISTFILE=", NULL});
    pty_wait_text(p, "^ready> ?$");
    snprintf(command, sizeof command, "%s -s fork -c 0001 %s\r", program_path(), sample);
    pty_type(p, command);
    pty_wait_text(p, "\\[x\\] +0001 +hoge");
    pty_type(p, "r");
    pty_wait_text(p, "HUNG, proved");
    pty_type(p, "\x1a");
    pty_wait_text(p, "Stopped");
    pty_type(p, "echo a$((1+1))b\r");
    pty_wait_text(p, "^a2b$");
    assert_false(pty_modes(p).alternate);
    pty_type(p, "fg\r");
    pty_wait_text(p, "HUNG, proved");
    pty_type(p, "\x1a");
    pty_wait_text(p, "Stopped");
    pty_type(p, "kill -TERM %1; fg\rexit\r"); /* the shell reads both lines */
    pty_wait_exit(p);
    pty_free(p);
}

static void the_terminal_is_restored_after_a_fatal_signal(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGHUP, SIGSEGV, SIGABRT, SIGKILL};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct pty *p = explore_hung(40, 120);
        pty_signal(p, signals[i]);
        pty_wait_exit(p);
        pty_wait_restored(p);
        pty_free(p);
        kin_wait_none();
    }
}

static void no_process_outlives_the_terminal(void **state)
{
    (void)state;
    struct pty *p = explore_hung(40, 120);
    pty_hang_up(p);
    pty_wait_exit(p);
    kin_wait_none();
    pty_free(p);
}

/* Cells, column names and codes contain sequences that would change the title, the clipboard, the screen or the
 * direction of text. */
static void control_sequences_of_the_table_never_reach_the_terminal(void **state)
{
    (void)state;
    static const char bytes[] = "code,na\x1b]0;EVIL\x07me\n"
                                "1\x1b]0;EVIL\x07,\x1b[2J\x1b[?1049lEVIL\x1b[31m\n"
                                "2\xc2\x9b"
                                "2J,\xc2\x9d"
                                "0;EVIL\xc2\x9c\n"
                                "3\xe2\x80\xae,\xe2\x80\xaeLIVE\xe2\x81\xa6\n"
                                "4\x9b"
                                "2J,\x9d"
                                "0;EVIL\x9c\n"
                                "5\x0e\x08\x7f,\x1bP1$rEVIL\x1b\\\n";
    static const char *const never[] = {"EVIL\x07",
                                        "\x1b]",
                                        "[2J\x1b[?1049l",
                                        "\xc2\x9b",
                                        "\xc2\x9d",
                                        "\xe2\x80\xae",
                                        "\xe2\x81\xa6",
                                        "\x9b"
                                        "2J",
                                        "\x9d"
                                        "0;",
                                        "\x1bP",
                                        "\x7f",
                                        "\x1b[31m\n"};
    char *path = file_with(bytes, sizeof bytes - 1);
    struct pty *p = EXPLORE(40, 120, "-s", "spawn", "-c", "1\x1b]0;EVIL\x07", "-c",
                            "\xc2\x9b"
                            "2J",
                            path);
    pty_wait_text(p, "EVIL");
    pty_type(p, "ar");
    pty_wait_text(p, "([0-9]+) of \\1 done");
    pty_type(p, "6z");
    pty_wait_text(p, "shape");
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        size_t len;
        const char *raw = pty_raw(p, &len);
        if (memmem(raw, len, never[i], strlen(never[i])))
            fail_msg("sequence %zu of the list reached the terminal", i);
    }
    explorer_quit(p);
    file_done(path);
}

/* True if a sequence CSI … m with a colour was sent. */
static bool sends_colour(struct pty *p)
{
    size_t len;
    const char *raw = pty_raw(p, &len);
    for (const char *at = raw; (at = memmem(at, len - (size_t)(at - raw), "\x1b[", 2)); at++) {
        const char *end = at + 2;
        bool colour = false;
        while (end < raw + len && ((*end >= '0' && *end <= '9') || *end == ';')) {
            long n = strtol(end, (char **)&end, 10);
            colour |= (n >= 30 && n <= 49) || (n >= 90 && n <= 107);
            end += end < raw + len && *end == ';';
        }
        if (end < raw + len && *end == 'm' && colour)
            return true;
    }
    return false;
}

static void colour_is_used_only_where_it_is_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *env, *when;
        bool colour;
    } cases[] = {
        {"NO_COLOR", "auto", true},   {"NO_COLOR=", "auto", true},    {"NO_COLOR=1", "auto", false},
        {"NO_COLOR", "never", false}, {"NO_COLOR=1", "always", true}, {"TERM=vt100", "auto", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *argv[] = {program_path(), "-s", "fork", "-c", "0001", "--color", cases[i].when, sample, NULL};
        struct pty *p = pty_open(40, 120, argv, (const char *const[]){cases[i].env, NULL});
        pty_wait_text(p, "0001");
        pty_type(p, "r");
        pty_wait_text(p, "HUNG, proved"); /* the verdict does not depend on colours */
        if (sends_colour(p) != cases[i].colour)
            fail_msg("%s --color %s: colour %d", cases[i].env, cases[i].when, !cases[i].colour);
        assert_int_equal(pty_modes(p).coloured, cases[i].colour);
        if (strncmp(cases[i].env, "TERM", 4) == 0) { /* a vt100 has no alternate screen */
            pty_type(p, "q");
            pty_free(p);
            kin_wait_none();
        } else {
            explorer_quit(p);
        }
    }
}

/* CPU time used by all threads of the process, in clock ticks. */
static unsigned long cpu_ticks(pid_t pid)
{
    char path[64], line[1024] = "";
    unsigned long user, system;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_int_equal(
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
    return user + system;
}

/* The time at the start of a line of the log pane, "12:34.567". False if the line has none. */
static bool log_time(const char *line, double *out)
{
    int minutes, seconds, thousandths;
    if (sscanf(line + strcspn(line, "0123456789"), "%2d:%2d.%3d", &minutes, &seconds, &thousandths) != 3)
        return false;
    *out = minutes * 60 + seconds + thousandths / 1000.0;
    return true;
}

/* The same for a line of a recording. */
static bool recorded_time(const char *line, double *out)
{
    return sscanf(line, "{\"t\":%lf", out) == 1;
}

/* Counts the lines with a time. Fails if a time is earlier than the one before it. */
static size_t count_increasing(const char *text, bool (*time_of)(const char *line, double *out))
{
    size_t n = 0;
    double last = 0, time;
    char *copy = strdup(text), *save = NULL;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!time_of(line, &time))
            continue;
        if (time < last)
            fail_msg("%.6f comes after %.6f: %s", time, last, line);
        last = time;
        n++;
    }
    free(copy);
    return n;
}

static void times_increase_over_all_runs_of_a_session(void **state)
{
    (void)state;
    char *path = file_with("", 0);
    struct buf lines;
    struct pty *p = EXPLORE(44, 120, "-s", "spawn", "-w", "2", "-c", "0001", "-c", "00002", "--record", path, sample);
    pty_wait_text(p, "hoge");
    pty_read_for(p, 1); /* so that times of a run differ from those of the session */
    for (int run = 1; run <= 3; run++) {
        char shown[40];
        snprintf(shown, sizeof shown, "run %d   2 of 2 done", run);
        if (run == 3)
            pty_type(p, ":threads 3\r"); /* starts another host */
        explorer_run(p);
        pty_wait_text(p, shown);
    }
    pty_type(p, "7z");
    pty_wait_text(p, "00:00.[0-9]+ .* rows, [0-9]+ columns loaded"); /* the pane has the whole screen */
    pty_wait_text(p, "run 3 ended");
    assert_in_range(count_increasing(pty_screen(p), log_time), 20, 40);
    explorer_quit(p);
    buf_init(&lines, 1 << 24);
    file_read(path, &lines);
    assert_in_range(count_increasing(buf_text(&lines), recorded_time), 30, 100000);
    buf_done(&lines);
    file_done(path);
}

/* Measures CPU time, which does not depend on the load of the machine. */
static void an_idle_explorer_uses_no_cpu_time(void **state)
{
    (void)state;
    struct pty *p = EXPLORE(40, 120, "-s", "spawn", "-c", "0001", sample);
    pty_wait_text(p, "hoge");
    pty_type(p, "r");
    pty_wait_text(p, "1 of 1 done");
    pty_read_for(p, 2);
    unsigned long before = cpu_ticks(pty_pid(p));
    size_t bytes = pty_read_for(p, 4);
    unsigned long used = cpu_ticks(pty_pid(p)) - before;
    if (used > 2 || bytes > 200)
        fail_msg("%lu ticks of CPU time and %zu bytes in 4 s", used, bytes);
    explorer_quit(p);
}

static void keys_come_from_the_terminal_if_the_table_comes_from_stdin(void **state)
{
    (void)state;
    char command[9000];
    snprintf(command, sizeof command, "cat %s | %s -s spawn -c 0001 -", sample, program_path());
    struct pty *p = pty_open(40, 120, (const char *const[]){"/bin/bash", "-c", command, NULL}, NULL);
    pty_wait_text(p, "\\[x\\] +0001 +hoge");
    pty_type(p, "r");
    pty_wait_text(p, "1 of 1 done");
    explorer_quit(p); /* answers the question that is asked if the run has not ended yet */
}

static void a_file_that_is_no_table_is_reported_on_screen_and_at_the_end(void **state)
{
    (void)state;
    static const char bytes[] = "code,name\n1,\"open\n";
    char *path = file_with(bytes, sizeof bytes - 1);
    struct pty *p = EXPLORE(24, 200, path);
    pty_wait_text(p, ":2:3: ");
    pty_type(p, "q");
    assert_int_equal(explorer_status(p), 3);
    pty_wait_restored(p);
    pty_wait_text(p, "^poolscope: .*:2:3: ");
    pty_free(p);
    file_done(path);

    p = EXPLORE(24, 200, "/nonexistent/table.csv");
    assert_int_equal(explorer_status(p), 3);
    pty_wait_restored(p);
    pty_wait_text(p, "^poolscope: /nonexistent/table.csv: .*No such file");
    pty_free(p);
}

/* c starts a comparison, X cancels it; then c shows its result, and c again starts another one. */
static void one_key_compares_the_start_methods(void **state)
{
    (void)state;
    struct pty *p = EXPLORE(50, 120, "-w", "2", "-t", "2", "-c", "0001", "-c", "00002", sample);
    pty_wait_text(p, "\\[x\\] +0001 +hoge");
    pty_wait_text(p, "loaded"); /* its first rows are on the screen before all of it is read */
    pty_type(p, "c");
    pty_wait_text(p, "Measuring .* of 31");
    pty_wait_text(p, "fork hangs, proved \\(no-waker\\)");
    pty_type(p, "X");
    pty_wait_text(p, "Comparison .*cancelled");
    pty_type(p, "q");
    pty_wait_no_text(p, "Comparison .*cancelled");
    pty_wait_text(p, "0001 +hoge");
    pty_type(p, "c");
    pty_wait_text(p, "Comparison .*cancelled");
    pty_type(p, "c");
    pty_wait_text(p, "Measuring");
    pty_wait_text(p, "the fastest pool ");
    pty_wait_no_text(p, "Measuring");
    pty_wait_text(p, "Once started");
    pty_type(p, "G");
    pty_wait_text(p, "spawn \\+ 64 MiB");
    pty_type(p, "q");
    explorer_quit(p);
}

/* The peak memory of the process in KiB, which means nothing under a sanitizer. */
static long most_memory(pid_t pid)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        sscanf(line, "VmHWM: %ld", &kib);
    fclose(f);
    return kib;
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { MANY = 20000, SANITIZED = 1 };
#else
enum { MANY = 1000000, SANITIZED = 0 };
#endif

static void a_million_tasks_need_bounded_memory(void **state)
{
    struct buf codes;
    (void)state;
    buf_init(&codes, 64 << 20);
    for (int i = 0; i < MANY; i++)
        buf_addf(&codes, "%07d\n", i);
    char *path = file_with(codes.data, codes.len);
    struct pty *p = EXPLORE(40, 120, "-s", "spawn", "-w", "2", "-t", "1", "--codes-from", path, "--record", "/dev/null",
                            sample);
    pty_wait_text(p, "0001 +hoge");
    pty_type(p, "r");
    pty_wait_text(p, "Finished under spawn: all [0-9]+ tasks");
    long kib = most_memory(pty_pid(p));
    if (!SANITIZED && kib > 64 << 10)
        fail_msg("the explorer took %ld KiB", kib);
    explorer_quit(p);
    file_done(path);
    buf_done(&codes);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(one_key_compares_the_start_methods),
        CASE(a_million_tasks_need_bounded_memory),
        CASE(fork_hangs_on_picked_codes_and_spawn_does_not),
        CASE(x_on_the_pending_tasks_cancels_the_first_of_them),
        CASE(an_eighty_column_terminal_shows_hang_and_cure),
        CASE(the_verdict_is_visible_at_every_terminal_size),
        CASE(many_changes_of_size_end_with_a_picture_of_the_last),
        CASE(suspending_restores_the_terminal_and_resuming_redraws),
        CASE(a_shell_can_suspend_and_resume_the_explorer),
        CASE(the_terminal_is_restored_after_a_fatal_signal),
        CASE(no_process_outlives_the_terminal),
        CASE(control_sequences_of_the_table_never_reach_the_terminal),
        CASE(colour_is_used_only_where_it_is_wanted),
        CASE(times_increase_over_all_runs_of_a_session),
        CASE(an_idle_explorer_uses_no_cpu_time),
        CASE(keys_come_from_the_terminal_if_the_table_comes_from_stdin),
        CASE(a_file_that_is_no_table_is_reported_on_screen_and_at_the_end),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
