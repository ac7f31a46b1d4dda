/* SPDX-License-Identifier: MIT
 * The comparison: what its words say of given numbers, and the real program that measures them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/report/bench.h"
#include "tests/kit/program.h"

static char *sample;

/* --- words -------------------------------------------------------------------------------------------------------- */

static struct bench made(void)
{
    return (struct bench){.workers = 2,
                          .threads = 2,
                          .rounds = 3,
                          .codes = 3,
                          .table_rows = 5,
                          .nrows = 4,
                          .path = strdup("a.csv"),
                          .rows = {{.name = "fork", .method = "fork", .at_fork = "none", .is_pool = true},
                                   {.name = "spawn", .method = "spawn", .is_pool = true},
                                   {.name = "the engine's threads", .method = "engine"},
                                   {.name = "one thread", .method = "inline"}}};
}

static void add(struct bench *b, int row, enum measure what, double value)
{
    for (int i = 0; i < 3; i++)
        bench_stat_add(&b->rows[row].stats[what], value * (1 + 0.01 * i));
    b->rows[row].state = BENCH_MEASURED;
}

static void assert_says(const struct bench *b, const char *words, bool wanted)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(bench_verdict(b, &out), OK);
    if ((strstr(buf_text(&out), words) != NULL) != wanted)
        fail_msg("%s \"%s\" in:\n%s", wanted ? "no" : "a", words, buf_text(&out));
    buf_done(&out);
}

static void numbers_are_kept_in_order(void **state)
{
    struct bench_stat s = {.n = 0};
    (void)state;
    assert_true(bench_median(&s) == 0 && bench_min(&s) == 0 && bench_spread(&s) == 0);
    for (int i = 0; i < BENCH_ROUNDS_MAX + 5; i++)
        bench_stat_add(&s, (i * 37) % 100);
    assert_int_equal(s.n, BENCH_ROUNDS_MAX);
    assert_true(bench_min(&s) == 0 && bench_median(&s) == 49.5);
}

static void the_verdict_follows_from_the_numbers(void **state)
{
    (void)state;
    struct bench b = made();
    add(&b, 1, MEASURE_FIRST, 2e-3);
    add(&b, 1, MEASURE_TOTAL, 2.2e-3);
    add(&b, 1, MEASURE_TRIP, 1e-4);
    add(&b, 1, MEASURE_RATE, 1000);
    add(&b, 2, MEASURE_TOTAL, 1e-3);
    add(&b, 2, MEASURE_TRIP, 1e-4);
    add(&b, 2, MEASURE_RATE, 3000);
    assert_says(&b, "the fastest pool (spawn) is 2.2 times slower than the engine's own 2 threads", true);
    assert_says(&b, "because starting the pool and its first worker takes 1.92 ms of its 2.22 ms", true);
    assert_says(&b, "3.0 times fewer tasks a second", true);
    bench_done(&b);

    b = made();
    add(&b, 1, MEASURE_TOTAL, 0.1);
    add(&b, 2, MEASURE_TOTAL, 0.4);
    assert_says(&b, "is 4.0 times faster than the engine's own 2 threads", true);
    bench_stat_add(&b.rows[2].stats[MEASURE_TOTAL], 0.05); /* one round was faster still, so neither is */
    assert_says(&b, "about as fast", true);
    assert_says(&b, "times faster", false);
    bench_done(&b);
}

static void what_hangs_is_said_and_has_no_numbers(void **state)
{
    struct buf out;
    (void)state;
    struct bench b = made();
    add(&b, 1, MEASURE_TOTAL, 0.1);
    b.rows[0].state = BENCH_HUNG;
    b.rows[0].finding.rule = strdup("no-waker");
    b.rows[0].finding.certainty = CERTAINTY_PROVED;
    b.rows[0].finding.summary = strdup("nobody\33 wakes it");
    assert_says(&b, "fork hangs, proved (no-waker): nobody", true);
    buf_init(&out, 1 << 20);
    assert_int_equal(bench_text(&b, 80, &out), OK);
    assert_non_null(strstr(buf_text(&out), "  fork                  hung, proved\n"));
    assert_null(strchr(buf_text(&out), '\33'));
    buf_done(&out);
    bench_done(&b);
}

/* --- the program -------------------------------------------------------------------------------------------------- */

static json_t *report_of(const struct program *p)
{
    json_error_t error;
    json_t *report = json_loads(buf_text(&p->out), 0, &error);
    if (!report)
        fail_msg("%s in:\n%s\n%s", error.text, buf_text(&p->out), buf_text(&p->err));
    assert_string_equal(json_string_value(json_object_get(report, "schema")), "poolscope.bench/1");
    return report;
}

static const char *state_of(const json_t *report, size_t i)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(report, "compared"), i), "state"));
}

static double median_of(const json_t *report, size_t i, const char *measure)
{
    const json_t *row = json_array_get(json_object_get(report, "compared"), i);
    const json_t *stat = json_object_get(json_object_get(row, "measures"), measure);
    return json_number_value(json_object_get(stat, "median"));
}

static void everything_is_measured_and_fork_is_proved_to_hang(void **state)
{
    struct program p;
    (void)state;
    PROGRAM_RUN(&p, "bench", "--rounds", "2", "--format", "json", "-t", "2", "-w", "2", "-c", "0001", "-c", "00002",
                sample);
    if (p.status != 0)
        fail_msg("exit status %d: %s", p.status, buf_text(&p.err));
    json_t *report = report_of(&p);
    assert_string_equal(state_of(report, 0), "hung");
    const json_t *finding = json_object_get(json_array_get(json_object_get(report, "compared"), 0), "finding");
    assert_string_equal(json_string_value(json_object_get(finding, "certainty")), "proved");
    for (size_t i = 1; i < 6; i++) {
        assert_string_equal(state_of(report, i), "measured");
        assert_true(median_of(report, i, "total") > 0 && median_of(report, i, "rate") > 0);
        assert_true((median_of(report, i, "pss") > 0) == (i < 4));
    }
    assert_true(median_of(report, 1, "fds") > median_of(report, 2, "fds")); /* fork inherits all of the host's */
    assert_true(json_array_size(json_object_get(report, "growth")) >= 1);
    json_decref(report);
    program_done(&p);
}

static void one_engine_thread_lets_fork_be_measured_as_it_is(void **state)
{
    struct program p;
    (void)state;
    PROGRAM_RUN(&p, "bench", "--rounds", "1", "--format", "json", "-t", "1", sample);
    assert_int_equal(p.status, 0);
    json_t *report = report_of(&p);
    assert_int_equal(json_array_size(json_object_get(report, "compared")), 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(state_of(report, i), "measured");
    json_decref(report);
    program_done(&p);
}

/* More of them than travel in one message. */
static void many_codes_are_all_asked_for(void **state)
{
    struct program p;
    struct buf codes;
    (void)state;
    buf_init(&codes, 1 << 20);
    for (int i = 0; i < 9000; i++)
        buf_addf(&codes, "c%d\n", i);
    char *path = file_with(codes.data, codes.len);
    PROGRAM_RUN(&p, "bench", "--rounds", "1", "--format", "json", "--codes-from", path, sample);
    assert_int_equal(p.status, 0);
    json_t *report = report_of(&p);
    assert_int_equal(json_integer_value(json_object_get(report, "codes")), 9000);
    assert_string_equal(state_of(report, 2), "measured");
    json_decref(report);
    program_done(&p);
    file_done(path);
    buf_done(&codes);
}

static void a_signal_ends_it_with_what_there_is(void **state)
{
    struct program p;
    pid_t below[KIN_MAX];
    (void)state;
    program_start(&p, (const char *const[]){"bench", "--rounds", "100", sample, NULL}, NULL);
    while (kin_below(p.pid, below) < 2) { /* a host and something of its own */
        program_look(&p);
        assert_int_equal(p.status, -1);
    }
    kill(p.pid, SIGINT);
    program_wait(&p);
    assert_int_equal(p.status, 128 + SIGINT);
    assert_non_null(strstr(buf_text(&p.out), "Cancelled before the end"));
    program_done(&p);
}

static void what_cannot_be_read_is_said(void **state)
{
    struct program p;
    (void)state;
    PROGRAM_RUN(&p, "bench", "no such file");
    assert_int_equal(p.status, 3);
    assert_non_null(strstr(buf_text(&p.err), "no such file: cannot open"));
    program_done(&p);
    char *bad = file_with("a,b\n\"", 5);
    PROGRAM_RUN(&p, "bench", bad);
    assert_int_equal(p.status, 3);
    assert_true(p.err.len > 0 && p.out.len == 0);
    program_done(&p);
    file_done(bad);
    PROGRAM_RUN(&p, "bench", "--rounds", "0", sample);
    assert_int_equal(p.status, 2);
    program_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_kept_in_order),
        cmocka_unit_test(the_verdict_follows_from_the_numbers),
        cmocka_unit_test(what_hangs_is_said_and_has_no_numbers),
        cmocka_unit_test_teardown(everything_is_measured_and_fork_is_proved_to_hang, kin_none_left),
        cmocka_unit_test_teardown(one_engine_thread_lets_fork_be_measured_as_it_is, kin_none_left),
        cmocka_unit_test_teardown(many_codes_are_all_asked_for, kin_none_left),
        cmocka_unit_test_teardown(a_signal_ends_it_with_what_there_is, kin_none_left),
        cmocka_unit_test_teardown(what_cannot_be_read_is_said, kin_none_left),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
