/* SPDX-License-Identifier: MIT
 * Report and recording: all keys are there, files are written whole or not at all, and a recording can be read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/report/report.h"
#include "tests/kit/model_events.h"

static struct model *hung_model(void)
{
    struct model *m;
    assert_int_equal(model_new(&m), OK);
    feed_hung_run(m);
    feed_exit(m, 0.4, 1, 9, true);
    feed_exit(m, 0.4, 2, 9, true);
    feed_run_end(m, 0.4, true);
    return m;
}

static json_t *report_of(const struct model *m)
{
    struct buf out;
    json_error_t error;
    buf_init(&out, 1 << 20);
    assert_int_equal(report_json(m, "run", &out), OK);
    json_t *root = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    buf_done(&out);
    return root;
}

static void has_keys(const json_t *object, const char *const *keys)
{
    for (; *keys; keys++)
        if (!json_object_get(object, *keys))
            fail_msg("no key %s", *keys);
}

static void json_has_every_key_of_the_schema(void **state)
{
    (void)state;
    static const char *const top[] = {"schema", "mode",    "start_method", "threads", "outcome",
                                      "tasks",  "workers", "findings",     NULL};
    static const char *const task[] = {"id", "code", "state", "worker", "rows", "seconds", NULL};
    static const char *const worker[] = {
        "id", "pid", "ppid", "state", "threads", "parent_threads", "forked_without_exec", "fds", "pss_kib", NULL};
    static const char *const finding[] = {"rule",     "certainty", "pid",   "tid", "after_seconds", "summary",
                                          "evidence", "cause",     "stack", "fix", "victims",       NULL};
    struct model *m = hung_model();
    json_t *root = report_of(m);
    has_keys(root, top);
    has_keys(json_array_get(json_object_get(root, "tasks"), 0), task);
    has_keys(json_array_get(json_object_get(root, "workers"), 0), worker);
    has_keys(json_array_get(json_object_get(root, "findings"), 0), finding);
    assert_string_equal(json_string_value(json_object_get(root, "outcome")), "hung");
    assert_int_equal(report_final_status(m, (struct report_end){0}), 124);
    json_decref(root);
    model_free(m);
}

static void json_has_the_cost_of_sampling(void **state)
{
    (void)state;
    struct model *m = hung_model();
    struct event e = {.type = EVENT_SAMPLED,
                      .sampling = {.looks = 7, .processes = 21, .threads = 40, .cpu_seconds = 0.5}};
    assert_int_equal(model_apply(m, &e), OK);
    json_t *root = report_of(m), *sampling = json_object_get(root, "sampling");
    assert_int_equal(json_integer_value(json_object_get(sampling, "looks")), 7);
    assert_int_equal(json_integer_value(json_object_get(sampling, "processes")), 21);
    assert_int_equal(json_integer_value(json_object_get(sampling, "threads")), 40);
    assert_true(json_real_value(json_object_get(sampling, "cpu_seconds")) == 0.5);
    assert_non_null(json_object_get(root, "tasks"));
    json_decref(root);
    model_free(m);
}

static void a_worker_killed_for_hanging_is_reported_as_hung(void **state)
{
    (void)state;
    struct model *m = hung_model();
    json_t *root = report_of(m);
    const json_t *w = json_array_get(json_object_get(root, "workers"), 1);
    assert_string_equal(json_string_value(json_object_get(w, "state")), "hung");
    assert_int_equal(m->workers[1].state, WORKER_KILLED);
    json_decref(root);
    model_free(m);
}

static void the_text_report_names_verdict_cause_and_cure(void **state)
{
    (void)state;
    struct model *m = hung_model();
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(report_text(m, (struct report_end){0}, &out), OK);
    static const char *const parts[] = {
        "HUNG after 300 ms, proved: workers 1 and 2 wait for threads that fork did not copy",
        "worker 1  pid 14072  task 0001  no-waker: ",
        "worker 2  pid 14073  task 00002  for the same reason",
        "cause   lost-threads",
        "latch_wait ← engine_each",
        "cure    -s spawn",
        "never started: task 0005",
        "pool killed (--on-hang kill); 0 of 3 tasks finished",
        "exit 124"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(buf_text(&out), parts[i]))
            fail_msg("missing: %s\nin:\n%s", parts[i], buf_text(&out));
    buf_done(&out);
    model_free(m);
}

static void the_text_report_counts_tasks_that_never_started_and_names_the_signal(void **state)
{
    (void)state;
    struct model *m;
    struct buf out;
    char code[24];
    assert_int_equal(model_new(&m), OK);
    feed_run(m, 0, 1, "spawn", 1, 4);
    for (int i = 1; i <= 2000; i++) {
        snprintf(code, sizeof code, "c%d", i);
        feed_submit(m, 0, i, code);
    }
    feed_run_end(m, 1, true);
    buf_init(&out, 1 << 20);
    assert_int_equal(report_text(m, (struct report_end){.signal = 15}, &out), OK);
    if (!strstr(buf_text(&out), "never started: task c1, c2, c3, c4, c5 and 1995 more\n") ||
        !strstr(buf_text(&out), "; ended by signal 15; exit 143\n"))
        fail_msg("%s", buf_text(&out));
    buf_done(&out);
    model_free(m);
}

static void control_bytes_of_a_code_are_escaped_in_the_report(void **state)
{
    (void)state;
    struct model *m;
    struct buf out;
    assert_int_equal(model_new(&m), OK);
    feed_run(m, 0, 1, "spawn", 1, 4);
    feed_submit(m, 0, 1, "a\x1b]0;owned\x07\xff");
    feed_run_end(m, 1, true);
    buf_init(&out, 1 << 20);
    assert_int_equal(report_text(m, (struct report_end){0}, &out), OK);
    assert_null(strchr(buf_text(&out), '\x1b'));
    assert_null(strchr(buf_text(&out), '\x07'));
    json_t *root = report_of(m);
    assert_non_null(json_object_get(root, "tasks"));
    json_decref(root);
    buf_done(&out);
    model_free(m);
}

static char *folder(void)
{
    char *path = strdup("/tmp/poolscope-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void a_report_file_is_complete_and_private_and_no_temporary_file_is_left(void **state)
{
    (void)state;
    char *dir = folder(), path[256], text[64] = "";
    struct stat st;
    struct problem p;
    snprintf(path, sizeof path, "%s/report.json", dir);
    assert_int_equal(report_write_file(path, "old", 3, &p), OK);
    assert_int_equal(report_write_file(path, "hello\n", 6, &p), OK);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof text - 1, f), 6);
    fclose(f);
    assert_string_equal(text, "hello\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* it is empty: the temporary file is gone */
    free(dir);
}

static void the_error_names_a_file_that_cannot_be_written(void **state)
{
    (void)state;
    struct problem p = {""};
    assert_int_not_equal(report_write_file("/nowhere/at/all.json", "x", 1, &p), OK);
    assert_non_null(strstr(p.text, "/nowhere/at/all.json"));
    assert_int_not_equal(report_write_file("/dev/full", "x", 1, &p), OK);
    assert_non_null(strstr(p.text, "/dev/full"));
}

static struct recorder *new_recorder(const char *path)
{
    struct recorder *r;
    struct target target;
    struct problem p;
    assert_int_equal(target_find(path, &target, &p), OK);
    assert_int_equal(recorder_open(&target, &r, &p), OK);
    return r;
}

static void a_recording_reads_back_as_the_same_events(void **state)
{
    (void)state;
    char *dir = folder(), path[256], line[4096];
    struct recorder *r;
    struct problem p;
    snprintf(path, sizeof path, "%s/run.jsonl", dir);
    r = new_recorder(path);
    struct event e = {.type = EVENT_TASK_ENDED,
                      .time = 1.25,
                      .task = {.run = 1, .task = 3, .code = text_dup("日本"), .state = TASK_FINISHED, .rows = 2}};
    assert_int_equal(ints_add(&e.task.ranges, 4), OK);
    assert_int_equal(ints_add(&e.task.ranges, 2), OK);
    assert_int_equal(recorder_add(r, &e), OK);
    assert_int_equal(recorder_close(r, &p), OK);
    FILE *f = fopen(path, "r");
    assert_non_null(fgets(line, sizeof line, f));
    assert_non_null(strstr(line, "poolscope.recording/1"));
    assert_non_null(fgets(line, sizeof line, f));
    struct event back;
    assert_int_equal(recording_parse(line, strlen(line), &back, &p), OK);
    assert_int_equal(back.type, EVENT_TASK_ENDED);
    assert_true(back.time == 1.25);
    assert_string_equal(back.task.code, "日本");
    assert_int_equal(back.task.ranges.n, 2);
    assert_int_equal(back.task.ranges.v[0], 4);
    fclose(f);
    event_done(&e);
    event_done(&back);
    unlink(path);
    rmdir(dir);
    free(dir);
}

/* Also control bytes, the largest and the smallest numbers, and long lists. */
static void any_text_and_number_survives_a_recording(void **state)
{
    static const char *const texts[] = {"", "plain", "\"\\/", "a\tb\nc\x01\x7f", "k\xc3\xb6ln \xe6\x97\xa5", NULL};
    static const double reals[] = {0, -1.5, 1e-9, 123456789, 1e300, 3};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct event e = {.type = EVENT_TASKS,
                          .time = reals[i],
                          .tasks = {.run = INT64_MIN, .pending = INT64_MAX, .running = -7}},
                     back;
        struct event_task ended = {.task = 3,
                                   .code = (char *)texts[i],
                                   .state = TASK_FAILED,
                                   .rows = -1,
                                   .seconds = 0.25,
                                   .error = (char *)texts[i]};
        struct problem p;
        struct buf one, other;
        for (int n = 0; n < 3; n++)
            assert_int_equal(event_tasks_add(&e.tasks, &ended), OK);
        char *dir = folder(), *path = NULL, *line;
        struct recorder *r;
        assert_true(asprintf(&path, "%s/r", dir) > 0);
        r = new_recorder(path);
        assert_int_equal(recorder_add(r, &e), OK);
        assert_int_equal(recorder_close(r, &p), OK);
        struct buf whole;
        buf_init(&whole, 1 << 20);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        for (int c; (c = fgetc(f)) != EOF;)
            buf_add_char(&whole, (char)c);
        fclose(f);
        line = strchr(whole.data, '\n') + 1;
        if (recording_parse(line, strcspn(line, "\n"), &back, &p))
            fail_msg("%s: %s", p.text, line);
        assert_true(back.time == e.time);
        buf_init(&one, 1 << 20);
        buf_init(&other, 1 << 20);
        assert_int_equal(event_encode(&e, &one), OK);
        assert_int_equal(event_encode(&back, &other), OK);
        assert_int_equal(one.len, other.len);
        assert_memory_equal(one.data, other.data, one.len);
        buf_done(&one);
        buf_done(&other);
        buf_done(&whole);
        event_done(&e);
        event_done(&back);
        unlink(path);
        rmdir(dir);
        free(path);
        free(dir);
    }
}

static void a_bad_line_of_a_recording_is_an_error_with_a_message(void **state)
{
    (void)state;
    static const char *const lines[] = {"",
                                        "{",
                                        "[]",
                                        "{}",
                                        "{\"event\":\"nonsense\"}",
                                        "{\"event\":\"task_ended\",\"task\":\"three\"}",
                                        "{\"event\":\"task_ended\",\"state\":\"asleep\"}",
                                        "{\"event\":\"finding\",\"evidence\":[1]}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct event e;
        struct problem p = {""};
        assert_int_equal(recording_parse(lines[i], strlen(lines[i]), &e, &p), ERR_PARSE);
        assert_true(p.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_every_key_of_the_schema),
        cmocka_unit_test(json_has_the_cost_of_sampling),
        cmocka_unit_test(a_worker_killed_for_hanging_is_reported_as_hung),
        cmocka_unit_test(the_text_report_names_verdict_cause_and_cure),
        cmocka_unit_test(the_text_report_counts_tasks_that_never_started_and_names_the_signal),
        cmocka_unit_test(control_bytes_of_a_code_are_escaped_in_the_report),
        cmocka_unit_test(a_report_file_is_complete_and_private_and_no_temporary_file_is_left),
        cmocka_unit_test(the_error_names_a_file_that_cannot_be_written),
        cmocka_unit_test(a_recording_reads_back_as_the_same_events),
        cmocka_unit_test(any_text_and_number_survives_a_recording),
        cmocka_unit_test(a_bad_line_of_a_recording_is_an_error_with_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
