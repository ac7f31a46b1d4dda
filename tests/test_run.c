/* SPDX-License-Identifier: MIT
 * The real program without a screen: what it prints, what it reports, how it exits, and that nothing of it stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/program.h"

static char *sample;

/* Everything a run starts is gone when it is over, whatever the test was about. */
static int nothing_is_left(void **state)
{
    (void)state;
    kin_wait_none();
    return 0;
}

static bool matches(const char *text, const char *regex)
{
    regex_t compiled;
    assert_int_equal(regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
    bool found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static void assert_matches(const char *text, const char *regex)
{
    if (!matches(text, regex))
        fail_msg("no match of %s in:\n%s", regex, text);
}

static void assert_status(const struct program *p, int status)
{
    if (p->status != status)
        fail_msg("exit status %d, not %d; it said:\n%s", p->status, status, buf_text(&p->err));
}

static void golden(const char *name, struct buf *out)
{
    char relative[256];
    snprintf(relative, sizeof relative, "tests/polars-print/%s.txt", name);
    char *path = source_path(relative);
    file_read(path, out);
    free(path);
}

/* Frames */

/* Takes `frame` out of `text` once; false if it is not there. */
static bool take_out(char *text, const char *frame)
{
    char *at = strstr(text, frame);
    if (!at)
        return false;
    memmove(at, at + strlen(frame), strlen(at + strlen(frame)) + 1);
    return true;
}

/* stdout is these frames, each once, in whatever order they were completed, and nothing else. */
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

static void frames_are_those_that_polars_prints(void **state)
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
        assert_status(&p, 0);
        assert_frames(&p, three);
        program_done(&p);
    }
}

static void one_worker_completes_in_the_order_of_submission(void **state)
{
    (void)state;
    struct program p;
    struct buf all;
    buf_init(&all, 1 << 20);
    for (size_t i = 0; three[i]; i++)
        golden(three[i], &all);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-w", "1", "-c", "0001", "-c", "00002", "-c", "0005", sample);
    assert_status(&p, 0);
    assert_string_equal(buf_text(&p.out), buf_text(&all));
    program_done(&p);
    buf_done(&all);
}

/* Turns the words of NAME.args into options: dtypes=a:str,b:i64 and code=0001. Owns nothing; `words` is cut up. */
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

static void every_golden_print_comes_out_the_same(void **state)
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

static void the_table_may_come_by_stdin(void **state)
{
    (void)state;
    struct program p;
    program_start(&p, (const char *const[]){"run", "-s", "spawn", "-c", "0001", "-", NULL},
                  "code,name,age\n0001,hoge,20\n0002,fuga,10\n");
    program_wait(&p);
    assert_status(&p, 0);
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
    assert_status(&p, 0);
    assert_frames(&p, (const char *const[]){"seed-0001", NULL});
    program_done(&p);
    assert_int_equal(truncate(packed, 40), 0);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-c", "0001", packed);
    assert_status(&p, 3);
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
    assert_status(&p, 0);
    assert_frames(&p, three);
    program_done(&p);
    file_done(codes);
}

static json_t *parse_report(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("the report does not parse: %s, line %d:\n%s", error.text, error.line, text);
    return root;
}

/* More of them than are told one by one: none is missing on stdout, none in the report. */
static void every_result_of_very_many_comes_out(void **state)
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
    assert_status(&p, 0);
    for (const char *at = buf_text(&p.out); (at = strstr(at, "shape: (")) != NULL; at++)
        frames++;
    assert_int_equal(frames, CODES);
    program_done(&p);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-t", "1", "--format", "json", "--codes-from", file, sample);
    assert_status(&p, 0);
    json_t *root = parse_report(buf_text(&p.out));
    assert_int_equal(json_array_size(json_object_get(root, "tasks")), CODES);
    json_array_foreach(json_object_get(root, "tasks"), i, task) {
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
    assert_status(&p, 0);
    json_t *root = parse_report(buf_text(&p.out));
    assert_int_equal(json_array_size(json_object_get(root, "workers")), 3);
    json_decref(root);
    program_done(&p);
    PROGRAM_RUN(&p, "run", "-s", "fork", "--task-timeout", "0.2", "--on-hang", "report", "-w", "1", "-c", "0001", sample);
    assert_matches(buf_text(&p.err), "0001  failed: it ran longer than 0.2 s, and worker 1 was killed for it");
    program_done(&p);
}

/* The report */

static json_t *report_of(const struct program *p)
{
    return parse_report(buf_text(&p->out));
}

/* `object` has all of these keys, each of its type: s string, i integer, r number, b bool, a array, o object; a capital
 * letter allows null as well. */
static void assert_keys(const json_t *object, const char *const (*keys)[2])
{
    for (; (*keys)[0]; keys++) {
        const json_t *v = json_object_get(object, (*keys)[0]);
        char kind = (*keys)[1][0];
        if (v && json_is_null(v) && kind < 'a')
            continue;
        bool fits = v && (kind == 's' || kind == 'S' ? json_is_string(v)
                          : kind == 'i' || kind == 'I' ? json_is_integer(v)
                          : kind == 'r' || kind == 'R' ? json_is_number(v)
                          : kind == 'b' ? json_is_boolean(v) : kind == 'a' ? json_is_array(v) : json_is_object(v));
        if (!fits) {
            char *text = json_dumps(object, JSON_INDENT(1));
            fail_msg("key %s is missing or of another type than %s in\n%s", (*keys)[0], (*keys)[1], text);
        }
    }
}

static const char *const root_keys[][2] = {
    {"schema", "s"}, {"mode", "s"}, {"start_method", "s"}, {"threads", "i"}, {"outcome", "s"}, {"tasks", "a"},
    {"workers", "a"}, {"findings", "a"}, {NULL, NULL}};
static const char *const task_keys[][2] = {
    {"id", "i"}, {"code", "S"}, {"state", "s"}, {"worker", "I"}, {"rows", "I"}, {"seconds", "R"}, {NULL, NULL}};
static const char *const worker_keys[][2] = {
    {"id", "i"}, {"pid", "i"}, {"ppid", "i"}, {"state", "s"}, {"threads", "I"}, {"parent_threads", "I"},
    {"forked_without_exec", "b"}, {"fds", "I"}, {"pss_kib", "I"}, {NULL, NULL}};
static const char *const finding_keys[][2] = {
    {"rule", "s"}, {"certainty", "s"}, {"pid", "i"}, {"tid", "i"}, {"after_seconds", "r"}, {"summary", "s"},
    {"evidence", "a"}, {"cause", "s"}, {"stack", "a"}, {"fix", "s"}, {NULL, NULL}};

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

static void a_report_of_a_finished_run_says_what_was_done(void **state)
{
    (void)state;
    static const char *const methods[] = {"spawn", "forkserver"};
    for (size_t m = 0; m < 2; m++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", methods[m], "--format", "json", "-t", "3", "-c", "0001", "-c", "00002", sample);
        assert_status(&p, 0);
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
    json_array_foreach(json_object_get(root, "findings"), i, f) {
        if (number_of(f, "pid") == pid)
            return f;
    }
    fail_msg("no finding for pid %lld", (long long)pid);
    return NULL;
}

/* One fact of the evidence has these words. */
static bool evidence_has(const json_t *finding, const char *regex)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(finding, "evidence"), i, line) {
        if (matches(json_string_value(line), regex))
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
    assert_matches(text_of(f, "fix"), "spawn|forkserver");
    snprintf(counts, sizeof counts, "%d thread", (int)number_of(worker, "parent_threads"));
    if (!evidence_has(f, counts) && !matches(text_of(f, "summary"), counts))
        fail_msg("the finding does not say how many threads the parent had: %s", json_dumps(f, JSON_INDENT(1)));
}

static void fork_hangs_and_every_worker_is_proved(void **state)
{
    (void)state;
    static const char *const threads[] = {"2", "4"};
    for (size_t t = 0; t < 2; t++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", "fork", "--format", "json", "-w", "2", "-t", threads[t], "-c", "0001", "-c", "00002",
                    "-c", "0005", sample);
        assert_status(&p, 124);
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
    assert_status(&p, 124);
    assert_string_equal(buf_text(&p.out), "");
    assert_matches(buf_text(&p.err), "^poolscope: HUNG .*proved");
    assert_matches(buf_text(&p.err), "no-waker");
    assert_matches(buf_text(&p.err), "spawn");
    assert_matches(buf_text(&p.err), "0005");
    assert_false(matches(buf_text(&p.err), "\x1b"));
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
        assert_status(&p, 0);
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
    PROGRAM_RUN(&p, "run", "-s", "fork", "--on-hang", "report", "--timeout", "2", "--format", "json", "-c", "0001", sample);
    assert_status(&p, 124);
    json_t *root = report_of(&p);
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 1);
    assert_matches(text_of(root, "outcome"), "^(hung|timeout)$");
    json_decref(root);
    program_done(&p);
}

/* Files that it writes */

static void a_report_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    struct program p;
    struct buf text;
    buf_init(&text, 1 << 20);
    char *path = file_with("what was there before", 21), missing[512];
    PROGRAM_RUN(&p, "run", "-s", "spawn", "--format", "json", "-o", path, "-c", "0001", sample);
    assert_status(&p, 0);
    file_read(path, &text);
    json_decref(parse_report(buf_text(&text)));
    program_done(&p);

    snprintf(missing, sizeof missing, "%s/no/such/folder", path);
    PROGRAM_RUN(&p, "run", "-s", "spawn", "-o", missing, "-c", "0001", sample);
    assert_status(&p, 125);
    assert_matches(buf_text(&p.err), "no/such/folder");
    program_done(&p);

    PROGRAM_RUN(&p, "run", "-s", "spawn", "-o", path, "-c", "0001", sample);
    assert_status(&p, 0);
    assert_frames(&p, (const char *const[]){"seed-0001", NULL});
    buf_clear(&text);
    file_read(path, &text);
    assert_matches(buf_text(&text), "^poolscope: ");
    program_done(&p);
    file_done(path);
    buf_done(&text);
}

/* How many lines of a recording are this event. Every line is an object, all but the first with a time. */
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

static void a_recording_has_every_event_on_a_line(void **state)
{
    (void)state;
    static const struct { const char *method; int status; const char *name; size_t n; } cases[] = {
        {"spawn", 0, "task_submitted", 3}, {"spawn", 0, "task_ended", 3}, {"spawn", 0, "finding", 0},
        {"spawn", 0, "run_started", 1}, {"spawn", 0, "run_ended", 1}, {"fork", 124, "task_submitted", 3},
        {"fork", 124, "worker_started", 2}, {"fork", 124, "run_started", 1}, {"fork", 124, "table_loaded", 1},
    };
    const char *made = "";
    char *path = file_with("", 0);
    struct buf text;
    buf_init(&text, 1 << 24);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(made, cases[i].method) != 0) {
            struct program p;
            PROGRAM_RUN(&p, "run", "-s", cases[i].method, "--record", path, "-w", "2", "-c", "0001", "-c", "00002", "-c",
                        "0005", sample);
            assert_status(&p, cases[i].status);
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

/* What is wrong is said */

static void bad_input_is_a_line_with_its_place_and_exit_3(void **state)
{
    (void)state;
    static const struct { const char *bytes, *says; } cases[] = {
        {"code,name\n1,\"open\n", ":2:3: "},         /* a quote without its end */
        {"code,name\n1,a\n2,b\"c\n", ":3:4: "},     /* a quote inside an unquoted field */
        {"code,name\n1,\"a\"b\n", ":2:"},            /* something behind a quoted field */
        {"code,name\n1,a\n2,b,c\n", ":3:"},          /* more fields than columns */
        {"", ":1:1: "},                               /* nothing at all */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        char *path = file_with(cases[i].bytes, strlen(cases[i].bytes)), expected[512];
        snprintf(expected, sizeof expected, "%s%s", path, cases[i].says);
        PROGRAM_RUN(&p, "run", "-s", "spawn", path);
        assert_status(&p, 3);
        assert_string_equal(buf_text(&p.out), "");
        if (!strstr(buf_text(&p.err), expected))
            fail_msg("case %zu: no %s in: %s", i, expected, buf_text(&p.err));
        program_done(&p);
        file_done(path);
    }
}

static void what_cannot_be_read_is_exit_3(void **state)
{
    (void)state;
    static const struct { const char *args[8], *says; } cases[] = {
        {{"run", "/nonexistent/table.csv"}, "/nonexistent/table.csv.*No such file"},
        {{"run", "/"}, "^poolscope: /"},
        {{"run", "--codes-from", "/nonexistent/codes", "x.csv"}, "/nonexistent/codes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_run(&p, cases[i].args);
        assert_status(&p, 3);
        assert_matches(buf_text(&p.err), cases[i].says);
        program_done(&p);
    }
}

static void a_column_or_dtype_that_the_table_lacks_is_said(void **state)
{
    (void)state;
    static const struct { const char *option, *value, *says; } cases[] = {
        {"-k", "colour", "colour"}, {"-d", "colour=str", "colour"}, {"-d", "name=i64", ":2:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        PROGRAM_RUN(&p, "run", "-s", "spawn", cases[i].option, cases[i].value, "-c", "0001", sample);
        assert_true(p.status == 2 || p.status == 3);
        assert_matches(buf_text(&p.err), cases[i].says);
        program_done(&p);
    }
}

static void wrong_usage_is_exit_2_and_one_line(void **state)
{
    (void)state;
    static const char *const cases[][8] = {
        {"run"}, {"run", "a.csv", "b.csv"}, {"run", "-s", "thread", "a.csv"}, {"run", "-s", "python3/linux", "a.csv"},
        {"run", "-w", "0", "a.csv"}, {"run", "-w", "many", "a.csv"}, {"run", "-t", "-1", "a.csv"},
        {"run", "-t", "99999999999999999999", "a.csv"}, {"run", "--at-fork", "never", "a.csv"},
        {"run", "-d", "code", "a.csv"}, {"run", "-d", "code=float", "a.csv"}, {"run", "--timeout", "soon", "a.csv"},
        {"run", "--hang-after", "-1", "a.csv"}, {"run", "--on-hang", "panic", "a.csv"}, {"run", "--format", "xml", "a.csv"},
        {"run", "--colour", "never", "a.csv"}, {"run", "-c"}, {"run", "-Z", "a.csv"}, {"--no-such-option"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_run(&p, cases[i]);
        if (p.status != 2)
            print_error("poolscope %s %s %s\n", cases[i][0], cases[i][1], cases[i][2]);
        assert_status(&p, 2);
        assert_string_equal(buf_text(&p.out), "");
        assert_matches(buf_text(&p.err), "^poolscope: ");
        assert_ptr_equal(strchr(buf_text(&p.err), '\n'), buf_text(&p.err) + p.err.len - 1);
        program_done(&p);
    }
}

static void without_a_terminal_the_explorer_says_so(void **state)
{
    (void)state;
    struct program p;
    PROGRAM_RUN(&p, sample);
    assert_status(&p, 2);
    assert_matches(buf_text(&p.err), "terminal");
    program_done(&p);
}

static void help_and_version_are_exit_0(void **state)
{
    (void)state;
    static const struct { const char *args[3], *says; } cases[] = {
        {{"--help"}, "--start METHOD"}, {{"run", "--help"}, "--on-hang ACTION"}, {{"--version"}, "^poolscope [0-9]+\\."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        program_run(&p, cases[i].args);
        assert_status(&p, 0);
        assert_matches(buf_text(&p.out), cases[i].says);
        assert_string_equal(buf_text(&p.err), "");
        program_done(&p);
    }
}

static void control_characters_of_a_cell_stay_in_the_file(void **state)
{
    (void)state;
    struct program p;
    static const char bytes[] = "code,name\n1,a\x1b[2Jb\x07\xc2\x9b" "31m\n";
    char *path = file_with(bytes, sizeof bytes - 1);
    PROGRAM_RUN(&p, "run", "-s", "spawn", path);
    assert_status(&p, 0);
    for (size_t i = 0; i < p.out.len; i++) {
        unsigned char c = (unsigned char)p.out.data[i];
        assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
    }
    assert_null(strstr(buf_text(&p.out), "\xc2\x9b"));
    program_done(&p);
    file_done(path);
}

static void a_signal_ends_a_hung_run_and_leaves_nothing(void **state)
{
    (void)state;
    static const struct { int signum; bool group; } cases[] = { /* by kill(1), and by the terminal to all of the job */
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
        assert_status(&p, 128 + cases[i].signum);
        program_done(&p);
        kin_wait_none();
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, nothing_is_left)
    const struct CMUnitTest tests[] = {
        CASE(frames_are_those_that_polars_prints),
        CASE(one_worker_completes_in_the_order_of_submission),
        CASE(every_golden_print_comes_out_the_same),
        CASE(the_table_may_come_by_stdin),
        CASE(a_packed_table_is_unpacked),
        CASE(codes_may_come_from_a_file),
        CASE(every_result_of_very_many_comes_out),
        CASE(workers_and_tasks_may_have_limits),
        CASE(a_report_of_a_finished_run_says_what_was_done),
        CASE(fork_hangs_and_every_worker_is_proved),
        CASE(the_text_report_of_a_hang_goes_to_stderr),
        CASE(the_hang_is_not_staged),
        CASE(on_hang_report_waits_until_the_timeout),
        CASE(a_report_is_written_whole_or_not_at_all),
        CASE(a_recording_has_every_event_on_a_line),
        CASE(bad_input_is_a_line_with_its_place_and_exit_3),
        CASE(what_cannot_be_read_is_exit_3),
        CASE(a_column_or_dtype_that_the_table_lacks_is_said),
        CASE(wrong_usage_is_exit_2_and_one_line),
        CASE(without_a_terminal_the_explorer_says_so),
        CASE(help_and_version_are_exit_0),
        CASE(control_characters_of_a_cell_stay_in_the_file),
        CASE(a_signal_ends_a_hung_run_and_leaves_nothing),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(sample);
    return failed;
}
