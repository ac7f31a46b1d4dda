/* SPDX-License-Identifier: MIT
 * The host, or the observer itself, gets SIGKILL at a random moment of a run without a screen. If it was the host, the
 * observer reports that, every task is in the report, with one state and a result that was printed at most once, and
 * the exit status is 125. In both cases no process is left, and no file except for those that were asked for. The
 * environment variable KILLS is the number of kills (100). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/observer/observer.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "core/report/report.h"
#include "tests/kit/program.h"

enum { ROWS = 2000, CODES = 500, METHODS = 3 };
static const char *const methods[METHODS] = {"spawn", "forkserver", "fork"};

struct ground {
    char dir[32], *table, *codes, report[64];
    double length[METHODS]; /* seconds that an undisturbed run takes */
    unsigned seed;
    long kills, after, loading; /* kills: all, after the end of the run, before its first task */
    long lost, finished;        /* tasks */
};

static void ground_init(struct ground *f)
{
    struct buf b;
    *f = (struct ground){.dir = "/tmp/poolscope-test-XXXXXX", .seed = 1};
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(setenv("TMPDIR", f->dir, 1), 0);
    snprintf(f->report, sizeof f->report, "%s/report", f->dir);
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "code,n\n");
    for (int i = 0; i < ROWS; i++)
        buf_addf(&b, "%05d,%d\n", i, i);
    f->table = file_with(b.data, b.len);
    buf_clear(&b);
    for (int i = 0; i < CODES; i++)
        buf_addf(&b, "%05d\n", i);
    f->codes = file_with(b.data, b.len);
    buf_done(&b);
}

static void ground_done(struct ground *f)
{
    file_done(f->table);
    file_done(f->codes);
    unlink(f->report);
    assert_int_equal(rmdir(f->dir), 0);
}

static void start(struct ground *f, struct program *p, int method, bool json)
{
    unlink(f->report);
    program_start(p,
                  (const char *const[]){"run", "-s", methods[method], "--at-fork", "reinit", "-w", "2", "-d",
                                        "code=str", "--format", json ? "json" : "text", "-o", f->report, "--codes-from",
                                        f->codes, f->table, NULL},
                  NULL);
}

/* No file is left. Memory files and sockets end with the last process that had them open. */
static void assert_nothing_is_left(const struct ground *f)
{
    int files = 0;
    kin_wait_none();
    DIR *d = opendir(f->dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        files += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    if (files != 2 + (access(f->report, F_OK) == 0))
        fail_msg("%d files in %s", files, f->dir);
}

static json_t *report_of(const struct ground *f)
{
    json_error_t error;
    json_t *root = json_load_file(f->report, 0, &error);
    if (!root)
        fail_msg("the report: %s", error.text);
    return root;
}

/* Checks that each task is there once, in a final state. Returns how many have finished. */
static long check_tasks(struct ground *f, const json_t *root)
{
    char seen[CODES + 1] = {0};
    long finished = 0;
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(root, "tasks"), i, task)
    {
        const char *state = json_string_value(json_object_get(task, "state"));
        int64_t id = json_integer_value(json_object_get(task, "id"));
        char code[16];
        assert_true(id >= 1 && id <= CODES && !seen[id]++);
        snprintf(code, sizeof code, "%05d", (int)id - 1);
        assert_string_equal(json_string_value(json_object_get(task, "code")), code);
        if (strcmp(state, "finished") == 0) {
            assert_int_equal(json_integer_value(json_object_get(task, "rows")), 1);
            finished++;
        } else {
            assert_string_equal(state, "lost");
            f->lost++;
        }
    }
    assert_int_equal(json_array_size(json_object_get(root, "tasks")), CODES);
    return finished;
}

static void check_report(struct ground *f, const struct program *p)
{
    json_t *root = report_of(f);
    long finished = check_tasks(f, root);
    assert_string_equal(json_string_value(json_object_get(root, "outcome")), p->status == 0 ? "finished" : "failed");
    if (p->status == 0)
        assert_int_equal(finished, CODES);
    f->finished += finished;
    json_decref(root);
}

/* What was printed: each result is a frame with one row, "│ 00042 ┆ 42  │". */
static void check_frames(struct ground *f, const struct program *p)
{
    static const char before[] = "\xe2\x94\x82 0";
    char seen[CODES] = {0};
    struct buf text;
    long n = 0, told = -1;
    for (const char *at = buf_text(&p->out); (at = strstr(at, before)); at++) {
        long code = strtol(at + sizeof before - 2, NULL, 10);
        assert_true(code >= 0 && code < CODES && !seen[code]++);
        n++;
    }
    buf_init(&text, 1 << 20);
    file_read(f->report, &text);
    const char *said = strstr(buf_text(&text), p->status == 0 ? "poolscope: finished; " : "the host process died; ");
    if (said)
        told = strtol(strchr(said, ';') + 2, NULL, 10);
    else if (strstr(buf_text(&text), "the host process died while it loaded the table"))
        told = 0;
    if (told != n)
        fail_msg("%ld printed; %s", n, buf_text(&text));
    buf_done(&text);
    f->finished += n;
}

/* False: it did not exist yet, or does not exist any more. */
static bool kill_host(const struct program *p)
{
    pid_t kin[KIN_MAX];
    size_t n = kin_children(p->pid, kin);
    for (size_t i = 0; i < n; i++)
        if (kin_command_has(kin[i], "poolscope-host"))
            return kill(kin[i], SIGKILL) == 0;
    return false;
}

/* Half of the moments are early, when processes are started. */
static void wait_some(struct ground *f, int method)
{
    double at = (double)rand_r(&f->seed) / RAND_MAX;
    if (rand_r(&f->seed) % 2)
        at *= at * at;
    usleep((useconds_t)(f->length[method] * 1e6 * at));
}

static void kill_the_host(struct ground *f, int method, bool json)
{
    struct program p;
    start(f, &p, method, json);
    wait_some(f, method);
    bool killed = kill_host(&p);
    program_wait(&p);
    f->kills += killed;
    f->after += killed && p.status == 0;
    if (p.status != 0 && (p.status != 125 || !killed))
        fail_msg("%s: exit status %d: %s", methods[method], p.status, buf_text(&p.err));
    if (p.status != 0 && !strstr(buf_text(&p.err), "host process died"))
        fail_msg("nobody says that the host is gone: %s", buf_text(&p.err));
    f->loading += strstr(buf_text(&p.err), "while it loaded") != NULL;
    if (json)
        check_report(f, &p);
    else
        check_frames(f, &p);
    program_done(&p);
    assert_nothing_is_left(f);
}

static void kill_the_observer(struct ground *f, int method)
{
    struct program p;
    start(f, &p, method, true);
    wait_some(f, method);
    program_look(&p);
    if (p.status < 0 && kill(p.pid, SIGKILL) == 0)
        f->kills++;
    program_wait(&p);
    assert_true(p.status == 128 + SIGKILL || p.status == 0);
    program_done(&p);
    assert_nothing_is_left(f);
    if (access(f->report, F_OK) == 0) /* a report that exists is complete */
        json_decref(report_of(f));
}

static void measure(struct ground *f)
{
    for (int m = 0; m < METHODS; m++) {
        struct program p;
        double from = clock_now();
        start(f, &p, m, true);
        program_wait(&p);
        f->length[m] = (clock_now() - from) * 1.1;
        assert_int_equal(p.status, 0);
        check_report(f, &p);
        program_done(&p);
    }
    assert_nothing_is_left(f);
}

/* The table is loaded and the run is requested, but the host that could begin it is dead. */
static void the_tasks_of_a_run_that_a_dead_host_never_began_are_lost(void **state)
{
    struct ground f;
    struct problem problem = {""};
    struct observer *o;
    const char *const codes[] = {"00000", "00001"};
    struct run_settings run = {
        .method = "spawn", .at_fork = "none", .workers = 1, .threads = 2, .codes = codes, .ncodes = 2};
    bool changed;
    (void)state;
    ground_init(&f);
    struct observer_options options = {.path = f.table, .threads = 2, .hang_after = 5, .keep_tasks = true};
    assert_int_equal(observer_new(&options, &o, &problem), OK);
    assert_int_equal(observer_load(o, &problem), OK);
    const struct model *m = observer_model(o);
    for (double end = clock_now() + PROGRAM_BOUND; m->rows < 0 && clock_now() < end; usleep(1000))
        assert_int_equal(observer_step(o, &changed), OK);
    pid_t host = (pid_t)m->host_pid;
    assert_int_equal(kill(host, SIGKILL), 0);
    for (double end = clock_now() + PROGRAM_BOUND; kin_alive(host) && clock_now() < end;)
        usleep(1000);
    assert_int_equal(observer_run(o, &run), OK);
    for (double end = clock_now() + PROGRAM_BOUND; !m->host_died && clock_now() < end; usleep(1000))
        assert_int_equal(observer_step(o, &changed), OK);
    assert_true(m->host_died && !model_run_active(m));
    assert_int_equal(model_count_tasks(m, TASK_LOST), 2);
    assert_string_equal(model_task(m, 2)->code, "00001");
    assert_int_equal(report_final_status(m, (struct report_end){0}), 125);
    observer_free(o);
    assert_nothing_is_left(&f);
    ground_done(&f);
}

static long kills_wanted(void)
{
    const char *wanted = getenv("KILLS");
    return wanted ? strtol(wanted, NULL, 10) : 100;
}

static void a_host_may_be_killed_at_any_moment_and_no_task_is_missing(void **state)
{
    struct ground f;
    (void)state;
    ground_init(&f);
    measure(&f);
    for (int i = 0; f.kills < kills_wanted() * 3 / 4; i++)
        kill_the_host(&f, i % METHODS, i / METHODS % 2 == 0);
    print_message("           %ld hosts killed, %ld while it loaded, %ld after the run; %ld results, %ld tasks lost\n",
                  f.kills, f.loading, f.after, f.finished, f.lost);
    ground_done(&f);
}

static void everything_ends_when_the_observer_is_killed_at_any_moment(void **state)
{
    struct ground f;
    (void)state;
    ground_init(&f);
    measure(&f);
    for (int i = 0; f.kills < kills_wanted() / 4; i++)
        kill_the_observer(&f, i % METHODS);
    print_message("           %ld observers killed\n", f.kills);
    ground_done(&f);
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tasks_of_a_run_that_a_dead_host_never_began_are_lost),
        cmocka_unit_test(a_host_may_be_killed_at_any_moment_and_no_task_is_missing),
        cmocka_unit_test(everything_ends_when_the_observer_is_killed_at_any_moment),
    };
    kin_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
