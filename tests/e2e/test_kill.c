/* SPDX-License-Identifier: MIT
 * Each process of poolscope gets SIGKILL, in the middle of a run and of a hang: no process of the run is left, the
 * terminal is usable, and the processes that survive report what happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/proc/proc.h"
#include "tests/kit/explorer.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

static char *sample;
static char *big_table, *many_codes; /* a run over them takes long enough to be killed in its middle */

static int make_long_run(void **state)
{
    enum { ROWS = 200000, CODES = 20000 };
    struct buf b;
    (void)state;
    buf_init(&b, (size_t)64 << 20);
    buf_add_text(&b, "code,name,age\n");
    for (int i = 0; i < ROWS; i++)
        buf_addf(&b, "%06d,somebody,%d\n", i, i % 90);
    big_table = file_with(b.data, b.len);
    buf_clear(&b);
    for (int i = 0; i < CODES; i++)
        buf_addf(&b, "%06d\n", i);
    many_codes = file_with(b.data, b.len);
    buf_done(&b);
    return 0;
}

static int remove_long_run(void **state)
{
    (void)state;
    file_done(big_table);
    file_done(many_codes);
    return 0;
}

/* The processes of a run, known by their place in the tree: workers are children of the host, or of the forkserver. */
enum role { OBSERVER, HOST, FORKSERVER, WORKER };
static const char *const role_names[] = {"observer", "host", "forkserver", "worker"};

struct cast {
    pid_t host, forkserver, worker; /* 0: it has not started; `worker` is one of them */
};

static struct cast look_at_cast(pid_t observer)
{
    struct cast c = {0};
    pid_t kin[KIN_MAX];
    size_t n = kin_children(observer, kin);
    for (size_t i = 0; i < n; i++)
        if (kin_command_has(kin[i], "poolscope-host"))
            c.host = kin[i];
    n = c.host ? kin_children(c.host, kin) : 0;
    for (size_t i = 0; i < n; i++) {
        if (kin_command_has(kin[i], "poolscope-forkserver"))
            c.forkserver = kin[i];
        else
            c.worker = kin[i];
    }
    if (c.forkserver && kin_children(c.forkserver, kin) > 0)
        c.worker = kin[0];
    return c;
}

static pid_t member(const struct cast *c, pid_t observer, enum role role)
{
    return role == OBSERVER ? observer : role == HOST ? c->host : role == FORKSERVER ? c->forkserver : c->worker;
}

/* The process waits in futex(2): a hung worker, as the kernel sees it and not the program under test. */
static bool waits_on_futex(pid_t pid)
{
    char path[64];
    long number = -1;
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    int got = fscanf(f, "%ld", &number);
    fclose(f);
    return got == 1 && number == SYS_futex;
}

/* Without a screen */

struct headless {
    struct program program;
    char *record, *report;
};

static void start(struct headless *h, const char *method, bool long_run)
{
    h->record = file_with("", 0);
    h->report = file_with("", 0);
    program_start(
        &h->program,
        long_run ? (const char *const[]){"run", "-s", method, "-w", "2", "--record", h->record, "--format", "json",
                                         "-o", h->report, "-d", "code=str", "--codes-from", many_codes, big_table, NULL}
                 : (const char *const[]){"run",      "-s",   method,  "-w",      "2",         "--record", h->record,
                                         "--format", "json", "-o",    h->report, "--on-hang", "report",   "-c",
                                         "0001",     "-c",   "00002", "-c",      "0005",      sample,     NULL},
        NULL);
}

static void done(struct headless *h)
{
    program_done(&h->program);
    file_done(h->record);
    file_done(h->report);
}

static size_t recorded(const struct headless *h, const char *words)
{
    struct buf text;
    size_t n = 0;
    buf_init(&text, (size_t)256 << 20);
    file_read(h->record, &text);
    for (const char *at = buf_text(&text); (at = strstr(at, words)); at++)
        n++;
    buf_done(&text);
    return n;
}

static void wait_recorded(struct headless *h, const char *words, size_t at_least)
{
    double end = clock_now() + PROGRAM_BOUND;
    while (recorded(h, words) < at_least) {
        program_look(&h->program);
        if (h->program.status >= 0 || clock_now() > end)
            fail_msg("no %s in the recording; exit %d: %s", words, h->program.status, buf_text(&h->program.err));
        nap();
    }
}

/* Waits until the run is in its middle (tasks end, more are to come) or in its hang (a finding, and the
 * worker asleep). */
static struct cast in_the_middle(struct headless *h, const char *method, bool long_run)
{
    bool forkserver = strcmp(method, "forkserver") == 0;
    wait_recorded(h, long_run ? "\"event\":\"task_ended\"" : "\"event\":\"finding\"", long_run ? 3 : 2);
    for (double end = clock_now() + PROGRAM_BOUND; clock_now() < end; nap()) {
        struct cast c = look_at_cast(h->program.pid);
        if (c.host && c.worker && (c.forkserver || !forkserver) && (long_run || waits_on_futex(c.worker)))
            return c;
    }
    fail_msg("the %s run never had all its processes", method);
    abort();
}

static size_t tasks_that_are(const struct headless *h, const char *state)
{
    struct buf text;
    size_t n = 0, i;
    json_error_t error;
    json_t *task;
    buf_init(&text, (size_t)256 << 20);
    file_read(h->report, &text);
    json_t *root = json_loads(buf_text(&text), 0, &error);
    if (!root)
        fail_msg("the report: %s", error.text);
    json_array_foreach(json_object_get(root, "tasks"), i, task)
        n += strcmp(json_string_value(json_object_get(task, "state")), state) == 0;
    json_decref(root);
    buf_done(&text);
    return n;
}

/* A worker that is killed between two tasks loses none. Then another worker is killed, until a task is lost. */
static void kill_until_lost(struct headless *h)
{
    size_t started = 3;
    for (wait_recorded(h, "\"event\":\"worker_started\"", started); recorded(h, "\"state\":\"lost\"") == 0;) {
        struct cast c = look_at_cast(h->program.pid);
        if (c.worker)
            kill(c.worker, SIGKILL);
        wait_recorded(h, "\"event\":\"worker_started\"", ++started);
    }
}

/* Checks how the observer reports that another process was killed. */
static void assert_survivor_reports(struct headless *h, enum role role, size_t ended_before)
{
    if (role == WORKER) {
        kill_until_lost(h);
        if (ended_before > 0)
            wait_recorded(h, "\"event\":\"task_ended\"", ended_before + 10);
        kill(h->program.pid, SIGTERM);
        program_wait(&h->program);
        assert_int_equal(h->program.status, 128 + SIGTERM);
        assert_true(tasks_that_are(h, "lost") >= 1);
        return;
    }
    if (role == FORKSERVER && recorded(h, "\"event\":\"run_ended\"") == 0) {
        double end = clock_now() + PROGRAM_BOUND; /* the run may end, or continue without new workers */
        while (recorded(h, "forkserver") < 2 && clock_now() < end)
            nap();
        kill(h->program.pid, SIGTERM);
    }
    program_wait(&h->program);
    assert_int_not_equal(h->program.status, 0);
    assert_int_not_equal(h->program.status, 128 + SIGKILL);
    if (!strstr(buf_text(&h->program.err), role_names[role]) && recorded(h, role_names[role]) < 2)
        fail_msg("nobody says that the %s is gone: %s", role_names[role], buf_text(&h->program.err));
}

static void kill_one(const char *method, enum role role, bool long_run)
{
    struct headless h;
    start(&h, method, long_run);
    struct cast cast = in_the_middle(&h, method, long_run);
    size_t ended = recorded(&h, "\"event\":\"task_ended\"");
    program_look(&h.program);
    assert_int_equal(h.program.status, -1);
    print_message("           %s in a %s run%s\n", role_names[role], method, long_run ? "" : " that hangs");
    assert_int_equal(kill(member(&cast, h.program.pid, role), SIGKILL), 0);
    if (role == OBSERVER) {
        program_wait(&h.program);
        assert_int_equal(h.program.status, 128 + SIGKILL);
    } else {
        assert_survivor_reports(&h, role, ended);
    }
    kin_wait_none();
    done(&h);
}

static void any_process_may_be_killed_in_the_middle_of_a_run(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        enum role role;
    } cases[] = {
        {"spawn", OBSERVER},      {"spawn", HOST},      {"spawn", WORKER},
        {"forkserver", OBSERVER}, {"forkserver", HOST}, {"forkserver", FORKSERVER},
        {"forkserver", WORKER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        kill_one(cases[i].method, cases[i].role, true);
}

static void any_process_may_be_killed_in_the_middle_of_a_hang(void **state)
{
    (void)state;
    static const enum role roles[] = {OBSERVER, HOST, WORKER};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        kill_one("fork", roles[i], false);
}

/* In the explorer */

static struct pty *explore(const char *method, bool long_run)
{
    static const char *argv[16];
    size_t n = 0;
    argv[n++] = program_path();
    argv[n++] = "-s";
    argv[n++] = method;
    argv[n++] = "-w";
    argv[n++] = "2";
    if (long_run) {
        argv[n++] = "-d";
        argv[n++] = "code=str";
        argv[n++] = "--codes-from";
        argv[n++] = many_codes;
    }
    for (size_t i = 0; !long_run && i < 3; i++) {
        argv[n++] = "-c";
        argv[n++] = (const char *const[]){"0001", "00002", "0005"}[i];
    }
    argv[n++] = long_run ? big_table : sample;
    argv[n] = NULL;
    struct pty *p = pty_open(40, 120, argv, NULL);
    pty_wait_text(p, long_run ? "somebody" : "hoge"); /* the table is shown */
    pty_type(p, "r");
    return p;
}

struct wanted {
    struct pty *pty;
    bool forkserver, asleep;
    struct cast cast;
};

static bool cast_is_there(void *arg)
{
    struct wanted *w = arg;
    w->cast = look_at_cast(pty_pid(w->pty));
    return w->cast.host && w->cast.worker && (w->cast.forkserver || !w->forkserver) &&
           (!w->asleep || waits_on_futex(w->cast.worker));
}

static struct cast on_the_screen(struct pty *p, const char *method, bool long_run)
{
    struct wanted w = {.pty = p, .forkserver = strcmp(method, "forkserver") == 0, .asleep = !long_run};
    pty_wait_text(p, long_run ? "[1-9][0-9]* of 20[_,]?000" : "HUNG, proved");
    pty_wait_until(p, cast_is_there, &w, "the processes of the run");
    return w.cast;
}

/* Like kill_until_lost, but until the screen shows a lost task. */
static bool worker_is_killed(void *arg)
{
    struct pty *p = arg;
    struct cast c = look_at_cast(pty_pid(p));
    if (pty_shows(p, "lost|killed|SIGKILL"))
        return true;
    if (c.worker)
        kill(c.worker, SIGKILL);
    return false;
}

static void kill_one_on_screen(const char *method, enum role role, bool long_run)
{
    struct pty *p = explore(method, long_run);
    struct cast cast = on_the_screen(p, method, long_run);
    print_message("           %s in a %s run%s, on the screen\n", role_names[role], method,
                  long_run ? "" : " that hangs");
    assert_int_equal(kill(member(&cast, pty_pid(p), role), SIGKILL), 0);
    if (role == OBSERVER) {
        assert_true(WIFSIGNALED(pty_wait_exit(p)));
    } else {
        if (role == WORKER)
            pty_wait_until(p, worker_is_killed, p, "a worker that was killed");
        else
            pty_wait_text(p, role == HOST ? "host.*(died|killed|gone|SIGKILL|signal 9)|(died|killed|gone).*host"
                                          : "lost|killed|SIGKILL");
        explorer_quit(p);
        kin_wait_none();
        return;
    }
    pty_wait_restored(p);
    kin_wait_none();
    pty_free(p);
}

static void on_the_screen_any_process_may_be_killed_in_the_middle_of_a_run(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        enum role role;
    } cases[] = {
        {"spawn", OBSERVER},
        {"spawn", HOST},
        {"forkserver", FORKSERVER},
        {"spawn", WORKER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        kill_one_on_screen(cases[i].method, cases[i].role, true);
}

static void on_the_screen_any_process_may_be_killed_in_the_middle_of_a_hang(void **state)
{
    (void)state;
    static const enum role roles[] = {OBSERVER, HOST, WORKER};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        kill_one_on_screen("fork", roles[i], false);
}

/* Kills the process that would restore the terminal first; another one takes its place. */
static pid_t guard_of(pid_t observer, pid_t not_this)
{
    pid_t kin[KIN_MAX];
    size_t n = kin_children(observer, kin);
    for (size_t i = 0; i < n; i++)
        if (kin[i] != not_this && kin_is_named(kin[i], PROC_GUARD_NAME))
            return kin[i];
    return 0;
}

struct guard_change {
    pid_t observer, old;
};

static bool another_guard(void *arg)
{
    struct guard_change *g = arg;
    return guard_of(g->observer, g->old) != 0;
}

static void the_guard_of_the_terminal_may_be_killed(void **state)
{
    (void)state;
    struct pty *p = explore("fork", false);
    on_the_screen(p, "fork", false);
    struct guard_change g = {.observer = pty_pid(p), .old = guard_of(pty_pid(p), 0)};
    assert_true(g.old > 0);
    assert_int_equal(kill(g.old, SIGKILL), 0);
    pty_wait_until(p, another_guard, &g, "another guard");
    pty_signal(p, SIGKILL);
    pty_wait_exit(p);
    pty_wait_restored(p);
    kin_wait_none();
    pty_free(p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, kin_none_left)
    const struct CMUnitTest tests[] = {
        CASE(any_process_may_be_killed_in_the_middle_of_a_run),
        CASE(any_process_may_be_killed_in_the_middle_of_a_hang),
        CASE(on_the_screen_any_process_may_be_killed_in_the_middle_of_a_run),
        CASE(on_the_screen_any_process_may_be_killed_in_the_middle_of_a_hang),
        CASE(the_guard_of_the_terminal_may_be_killed),
    };
    kin_adopt();
    sample = source_path("assets/sample.csv");
    int failed = cmocka_run_group_tests(tests, make_long_run, remove_long_run);
    free(sample);
    return failed;
}
