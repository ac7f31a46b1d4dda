/* SPDX-License-Identifier: MIT
 * The real program without a screen: its reports, of runs that finish and of runs that hang, and its recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/program.h"

static char *sample;

static json_t *parse_report(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("the report does not parse: %s, line %d:\n%s", error.text, error.line, text);
    return root;
}

/* More tasks than have an event each: none is missing on stdout or in the report. */
static void all_of_many_results_are_printed_and_reported(void **state)
{
    enum { CODES = 20000 };
    (void)state;
    struct program p;
    struct buf codes;
    size_t i, frames = 0;
    json_t *task;
    buf_init(&codes, 1 << 20);
    for (int n = 1; n <= CODES; n++)
        buf_addf(&codes, "%04d\n", n);
    char *file = file_with(buf_text(&codes), codes.len);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-t", "1", "--codes-from", file, sample);
    program_assert_status(&p, 0);
    for (const char *at = buf_text(&p.out); (at = strstr(at, "shape: (")); at++)
        frames++;
    assert_int_equal(frames, CODES);
    program_done(&p);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-t", "1", "--format", "json", "--codes-from", file, sample);
    program_assert_status(&p, 0);
    json_t *root = parse_report(buf_text(&p.out));
    assert_int_equal(json_array_size(json_object_get(root, "tasks")), CODES);
    json_array_foreach(json_object_get(root, "tasks"), i, task)
    {
        assert_int_equal(json_integer_value(json_object_get(task, "id")), i + 1);
        assert_int_equal(strtol(json_string_value(json_object_get(task, "code")), NULL, 10), i + 1);
        assert_string_equal(json_string_value(json_object_get(task, "state")), "finished");
        assert_int_equal(json_integer_value(json_object_get(task, "rows")), i < 5);
    }
    json_decref(root);
    program_done(&p);
    file_done(file);
    buf_done(&codes);
}

static void workers_and_tasks_may_have_limits(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, "run", "-s", "forkserver", "--max-tasks", "1", "--retries", "2", "--format", "json", "-c", "0001",
                "-c", "00002", "-c", "0005", sample);
    program_assert_status(&p, 0);
    json_t *root = parse_report(buf_text(&p.out));
    assert_int_equal(json_array_size(json_object_get(root, "workers")), 3);
    json_decref(root);
    program_done(&p);
    PROGRAM_RUN(&p, "run", "-s", "fork", "--task-timeout", "0.2", "--on-hang", "report", "-w", "1", "-c", "0001",
                sample);
    assert_text_matches(buf_text(&p.err), "0001  failed: it ran longer than 0.2 s, so worker 1 was killed");
    program_done(&p);
}

static json_t *report_of(const struct program *p)
{
    return parse_report(buf_text(&p->out));
}

/* `object` has all of these keys, each with a value of its type: s string, i integer, r number, b bool, a array, o
 * object; a capital letter allows null as well. */
static void assert_keys(const json_t *object, const char *const (*keys)[2])
{
    for (; (*keys)[0]; keys++) {
        const json_t *v = json_object_get(object, (*keys)[0]);
        char kind = (*keys)[1][0];
        if (v && json_is_null(v) && kind < 'a')
            continue;
        bool fits = v && (kind == 's' || kind == 'S'   ? json_is_string(v)
                          : kind == 'i' || kind == 'I' ? json_is_integer(v)
                          : kind == 'r' || kind == 'R' ? json_is_number(v)
                          : kind == 'b'                ? json_is_boolean(v)
                          : kind == 'a'                ? json_is_array(v)
                                                       : json_is_object(v));
        if (!fits) {
            char *text = json_dumps(object, JSON_INDENT(1));
            fail_msg("key %s is missing or of another type than %s in\n%s", (*keys)[0], (*keys)[1], text);
        }
    }
}

static const char *const root_keys[][2] = {{"schema", "s"},  {"mode", "s"},     {"start_method", "s"},
                                           {"threads", "i"}, {"outcome", "s"},  {"tasks", "a"},
                                           {"workers", "a"}, {"findings", "a"}, {NULL, NULL}};
static const char *const task_keys[][2] = {{"id", "i"},   {"code", "S"},    {"state", "s"}, {"worker", "I"},
                                           {"rows", "I"}, {"seconds", "R"}, {NULL, NULL}};
static const char *const worker_keys[][2] = {{"id", "i"},
                                             {"pid", "i"},
                                             {"ppid", "i"},
                                             {"state", "s"},
                                             {"threads", "I"},
                                             {"parent_threads", "I"},
                                             {"forked_without_exec", "b"},
                                             {"fds", "I"},
                                             {"pss_kib", "I"},
                                             {NULL, NULL}};
static const char *const finding_keys[][2] = {
    {"rule", "s"},          {"certainty", "s"}, {"pid", "i"},      {"tid", "i"},
    {"after_seconds", "r"}, {"summary", "s"},   {"evidence", "a"}, {"cause", "s"},
    {"stack", "a"},         {"fix", "s"},       {NULL, NULL}};

static void assert_report_keys(const json_t *root)
{
    size_t i;
    json_t *v;
    assert_keys(root, root_keys);
    json_array_foreach(json_object_get(root, "tasks"), i, v) assert_keys(v, task_keys);
    json_array_foreach(json_object_get(root, "workers"), i, v) assert_keys(v, worker_keys);
    json_array_foreach(json_object_get(root, "findings"), i, v) assert_keys(v, finding_keys);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void the_report_of_a_finished_run_has_its_tasks_and_workers(void **state)
{
    (void)state;
    static const char *const methods[] = {"spawn", "forkserver"};
    for (size_t m = 0; m < 2; m++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", methods[m], "--format", "json", "-t", "3", "-c", "0001", "-c", "00002", sample);
        program_assert_status(&p, 0);
        json_t *root = report_of(&p), *tasks = json_object_get(root, "tasks");
        assert_report_keys(root);
        assert_string_equal(text_of(root, "schema"), "poolscope.report/1");
        assert_string_equal(text_of(root, "mode"), "run");
        assert_string_equal(text_of(root, "start_method"), methods[m]);
        assert_string_equal(text_of(root, "outcome"), "finished");
        assert_int_equal(number_of(root, "threads"), 3);
        assert_int_equal(json_array_size(json_object_get(root, "findings")), 0);
        assert_int_equal(json_array_size(tasks), 2);
        for (size_t i = 0; i < 2; i++) {
            assert_string_equal(text_of(json_array_get(tasks, i), "state"), "finished");
            assert_string_equal(text_of(json_array_get(tasks, i), "code"), i ? "00002" : "0001");
            assert_int_equal(number_of(json_array_get(tasks, i), "rows"), i ? 0 : 1);
        }
        json_decref(root);
        program_done(&p);
    }
}

static const json_t *finding_of(const json_t *root, json_int_t pid)
{
    size_t i;
    json_t *f;
    json_array_foreach(json_object_get(root, "findings"), i, f)
    {
        if (number_of(f, "pid") == pid)
            return f;
    }
    fail_msg("no finding for pid %lld", (long long)pid);
    return NULL;
}

/* One line of the evidence contains these words. */
static bool evidence_has(const json_t *finding, const char *regex)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(finding, "evidence"), i, line)
    {
        if (text_matches(json_string_value(line), regex))
            return true;
    }
    return false;
}

static void assert_proved_hung(const json_t *root, const json_t *worker, json_int_t engine_threads)
{
    const json_t *f = finding_of(root, number_of(worker, "pid"));
    char counts[64];
    assert_string_equal(text_of(worker, "state"), "hung");
    assert_true(json_is_true(json_object_get(worker, "forked_without_exec")));
    assert_int_equal(number_of(worker, "threads"), 1);
    assert_true(number_of(worker, "parent_threads") >= engine_threads + 1);
    assert_string_equal(text_of(f, "rule"), "no-waker");
    assert_string_equal(text_of(f, "certainty"), "proved");
    assert_string_equal(text_of(f, "cause"), "lost-threads");
    assert_true(json_array_size(json_object_get(f, "evidence")) > 0);
    assert_text_matches(text_of(f, "fix"), "spawn|forkserver");
    snprintf(counts, sizeof counts, "%d thread", (int)number_of(worker, "parent_threads"));
    if (!evidence_has(f, counts) && !text_matches(text_of(f, "summary"), counts))
        fail_msg("the finding does not say how many threads the parent had: %s", json_dumps(f, JSON_INDENT(1)));
}

static void fork_hangs_and_every_worker_is_proved(void **state)
{
    (void)state;
    static const char *const threads[] = {"2", "4"};
    for (size_t t = 0; t < 2; t++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", "fork", "--format", "json", "-w", "2", "-t", threads[t], "-c", "0001", "-c",
                    "00002", "-c", "0005", sample);
        program_assert_status(&p, 124);
        json_t *root = report_of(&p), *workers = json_object_get(root, "workers"), *worker;
        size_t i;
        assert_report_keys(root);
        assert_string_equal(text_of(root, "outcome"), "hung");
        assert_int_equal(json_array_size(workers), 2);
        assert_int_equal(json_array_size(json_object_get(root, "findings")), 2);
        json_array_foreach(workers, i, worker) assert_proved_hung(root, worker, atoi(threads[t]));
        json_decref(root);
        program_done(&p);
        kin_wait_none();
    }
}

static void the_text_report_of_a_hang_goes_to_stderr(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, "run", "-s", "python3.13/linux", "-w", "2", "-c", "0001", "-c", "00002", "-c", "0005", sample);
    program_assert_status(&p, 124);
    assert_string_equal(buf_text(&p.out), "");
    assert_text_matches(buf_text(&p.err), "^poolscope: HUNG .*proved");
    assert_text_matches(buf_text(&p.err), "no-waker");
    assert_text_matches(buf_text(&p.err), "spawn");
    assert_text_matches(buf_text(&p.err), "0005");
    assert_false(text_matches(buf_text(&p.err), "\x1b"));
    program_done(&p);
}

static void the_hang_is_not_staged(void **state)
{
    (void)state;
    static const char *const cures[][3] = {{"-t", "1"}, {"--at-fork", "reinit"}};
    for (size_t i = 0; i < 2; i++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", "fork", "--format", "json", cures[i][0], cures[i][1], "-c", "0001", "-c", "00002",
                    sample);
        program_assert_status(&p, 0);
        json_t *root = report_of(&p);
        assert_string_equal(text_of(root, "start_method"), "fork");
        assert_string_equal(text_of(root, "outcome"), "finished");
        assert_int_equal(json_array_size(json_object_get(root, "findings")), 0);
        json_decref(root);
        program_done(&p);
    }
}

static void on_hang_report_waits_until_the_timeout(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, "run", "-s", "fork", "--on-hang", "report", "--timeout", "2", "--format", "json", "-c", "0001",
                sample);
    program_assert_status(&p, 124);
    json_t *root = report_of(&p);
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 1);
    assert_text_matches(text_of(root, "outcome"), "^(hung|timeout)$");
    json_decref(root);
    program_done(&p);
}

static void a_report_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    struct program p;
    struct buf text;
    buf_init(&text, 1 << 20);
    char *path = file_with("what was there before", 21), missing[512];
    PROGRAM_RUN(&p, "run", "-s", "spawn", "--format", "json", "-o", path, "-c", "0001", sample);
    program_assert_status(&p, 0);
    file_read(path, &text);
    json_decref(parse_report(buf_text(&text)));
    program_done(&p);

    snprintf(missing, sizeof missing, "%s/no/such/folder", path);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-o", missing, "-c", "0001", sample);
    program_assert_status(&p, 125);
    assert_text_matches(buf_text(&p.err), "no/such/folder");
    program_done(&p);

    PROGRAM_RUN(&p, "run", "-s", "spawn", "-o", path, "-c", "0001", sample);
    program_assert_status(&p, 0);
    assert_text_matches(buf_text(&p.out), "│ 0001 ┆ hoge ┆ 20 +│");
    buf_clear(&text);
    file_read(path, &text);
    assert_text_matches(buf_text(&text), "^poolscope: ");
    program_done(&p);
    file_done(path);
    buf_done(&text);
}

/* Counts the lines of a recording with this event. Every line is an object, and all but the first have a time. */
static size_t count_events(const char *lines, const char *name)
{
    size_t n = 0, number = 0;
    char *copy = strdup(lines), *save = NULL;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save), number++) {
        json_error_t error;
        json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(o))
            fail_msg("line %zu of the recording: %s: %s", number + 1, error.text, line);
        assert_true(number == 0 || json_is_number(json_object_get(o, "t")));
        n += strcmp(text_of(o, "event"), name) == 0;
        json_decref(o);
    }
    free(copy);
    return n;
}

static void a_recording_has_one_event_on_each_line(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        int status;
        const char *name;
        size_t n;
    } cases[] = {
        {"spawn", 0, "task_submitted", 3},  {"spawn", 0, "task_ended", 3},   {"spawn", 0, "finding", 0},
        {"spawn", 0, "run_started", 1},     {"spawn", 0, "run_ended", 1},    {"fork", 124, "task_submitted", 3},
        {"fork", 124, "worker_started", 2}, {"fork", 124, "run_started", 1}, {"fork", 124, "table_loaded", 1},
    };
    const char *made = "";
    char *path = file_with("", 0);
    struct buf text;
    buf_init(&text, 1 << 24);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(made, cases[i].method) != 0) {
            struct program p;
            PROGRAM_RUN(&p, "run", "-s", cases[i].method, "--record", path, "-w", "2", "-c", "0001", "-c", "00002",
                        "-c", "0005", sample);
            program_assert_status(&p, cases[i].status);
            program_done(&p);
            made = cases[i].method;
        }
        buf_clear(&text);
        file_read(path, &text);
        assert_int_equal(count_events(buf_text(&text), cases[i].name), cases[i].n);
    }
    assert_true(count_events(buf_text(&text), "finding") >= 2);
    buf_done(&text);
    file_done(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(all_of_many_results_are_printed_and_reported),
        CASE(workers_and_tasks_may_have_limits),
        CASE(the_report_of_a_finished_run_has_its_tasks_and_workers),
        CASE(fork_hangs_and_every_worker_is_proved),
        CASE(the_text_report_of_a_hang_goes_to_stderr),
        CASE(the_hang_is_not_staged),
        CASE(on_hang_report_waits_until_the_timeout),
        CASE(a_report_is_written_whole_or_not_at_all),
        CASE(a_recording_has_one_event_on_each_line),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
