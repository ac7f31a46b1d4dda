/* SPDX-License-Identifier: MIT
 * The host process from the observer's side: it loads, runs, refuses and stops; and no process is left over when the
 * host, the observer or the forkserver is killed. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

struct scene {
    struct host *host;
    struct story story;
};

static void scene_start(struct scene *s)
{
    struct problem problem = {""};
    *s = (struct scene){0};
    if (host_start(&s->host, &problem))
        fail_msg("%s", problem.text);
}

static void scene_done(struct scene *s)
{
    host_free(s->host);
    story_done(&s->story);
}

static void scene_until(struct scene *s, bool (*there)(struct scene *s))
{
    double end = clock_now() + KIT_PATIENCE;
    while (!there(s)) {
        struct event e;
        enum err err = host_receive(s->host, &e);
        if (!err) {
            story_add(&s->story, &e);
            continue;
        }
        assert_int_equal(err, ERR_AGAIN);
        struct pollfd ready = {.fd = host_fd(s->host), .events = POLLIN};
        poll(&ready, 1, 20);
        if (clock_now() > end)
            fail_msg("waited %d s in vain; %zu events", KIT_PATIENCE, s->story.n);
    }
}

static bool is_loaded(struct scene *s)
{
    return story_count(&s->story, EVENT_TABLE_LOADED) + story_count(&s->story, EVENT_TABLE_FAILED) > 0;
}

static bool run_has_ended(struct scene *s)
{
    return s->story.n > 0 && s->story.events[s->story.n - 1].type == EVENT_RUN_ENDED;
}

static bool has_a_note(struct scene *s)
{
    return story_count(&s->story, EVENT_NOTE) > 0;
}

static bool host_has_exited(struct scene *s)
{
    return story_count(&s->story, EVENT_HOST_EXITED) > 0;
}

static void ask_load(struct scene *s, const char *path, int threads, bool forkserver)
{
    struct request r = {.type = REQUEST_LOAD, .path = (char *)path, .threads = threads, .forkserver = forkserver};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(host_send(s->host, &r, fd), OK);
    close(fd);
}

static void start_loaded(struct scene *s, int threads, bool forkserver)
{
    scene_start(s);
    ask_load(s, kit_sample_path(), threads, forkserver);
    scene_until(s, is_loaded);
    assert_int_equal(story_count(&s->story, EVENT_TABLE_LOADED), 1);
}

static void ask_run(struct scene *s, int64_t run, const char *method, const char *at_fork)
{
    char *codes[] = {"0001", "00002", "0005"};
    struct request r = {.type = REQUEST_RUN,
                        .run = run,
                        .method = (char *)method,
                        .workers = 2,
                        .at_fork = (char *)at_fork,
                        .codes = {.v = codes, .n = 3}};
    assert_int_equal(host_send(s->host, &r, -1), OK);
}

enum { LONG = 30000 };

/* The events of so many tasks fill the control socket many times over: the run cannot end before they are read. */
static void ask_long_run(struct scene *s, int64_t run, const char *method)
{
    struct request r = {.type = REQUEST_RUN, .run = run, .method = (char *)method, .workers = 2, .at_fork = "none"};
    for (int i = 0; i < LONG; i++)
        assert_int_equal(texts_addf(&r.codes, "%024d", i), OK);
    assert_int_equal(host_send(s->host, &r, -1), OK);
    texts_done(&r.codes);
}

static void ask(struct scene *s, enum request_type type, int64_t worker)
{
    assert_int_equal(host_send(s->host, &(struct request){.type = type, .worker = worker}, -1), OK);
}

static void loads_a_table_and_returns_it_once(void **state)
{
    (void)state;
    struct scene s;
    int before = open_fds();
    start_loaded(&s, 2, false);
    const struct event *e = &s.story.events[s.story.n - 1];
    assert_int_equal(e->table.rows, 5);
    assert_int_equal(e->table.columns, 3);
    assert_string_equal(e->table.key, "code");
    assert_int_equal(e->table.threads, 2);
    struct table *t = host_take_table(s.host);
    assert_non_null(t);
    assert_null(host_take_table(s.host));
    assert_int_equal(table_rows(t), 5);
    scene_done(&s);
    table_free(t);
    assert_int_equal(open_fds(), before);
}

static void says_why_a_table_cannot_be_loaded(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *dtype;
        int threads;
        const char *words;
    } cases[] = {
        {"code,name\n1,\"open\n", NULL, 2, "test.csv"},
        {"code,name\n1,a\n", "name=colour", 2, "name=colour"},
        {"code,name\n1,a\n", NULL, 0, "0 threads"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        char *dtypes[] = {(char *)cases[i].dtype};
        int fd = memfd_create("test.csv", MFD_CLOEXEC);
        struct request r = {.type = REQUEST_LOAD,
                            .path = "test.csv",
                            .threads = cases[i].threads,
                            .dtypes = {.v = dtypes, .n = cases[i].dtype != NULL}};
        size_t len = strlen(cases[i].csv);
        assert_true(fd >= 0 && write(fd, cases[i].csv, len) == (ssize_t)len);
        lseek(fd, 0, SEEK_SET);
        scene_start(&s);
        assert_int_equal(host_send(s.host, &r, fd), OK);
        close(fd);
        scene_until(&s, is_loaded);
        const struct event *e = &s.story.events[s.story.n - 1];
        assert_int_equal(e->type, EVENT_TABLE_FAILED);
        assert_non_null(strstr(e->table.error, cases[i].words));
        ask_run(&s, 1, "spawn", "none"); /* it still answers */
        scene_until(&s, run_has_ended);
        assert_non_null(story_note(&s.story, "no table"));
        scene_done(&s);
    }
}

static void runs_each_start_method_in_turn(void **state)
{
    (void)state;
    static const struct {
        const char *method, *at_fork;
    } runs[] = {
        {"spawn", "none"},   {"forkserver", "none"}, {"fork", "reinit"}, {"python3.14/linux", "none"},
        {"spawn", "reinit"}, {"fork", "reinit"},
    };
    for (int early = 0; early < 2; early++) {
        struct scene s;
        int before = open_fds();
        start_loaded(&s, 2, early);
        for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
            story_done(&s.story);
            ask_run(&s, (int64_t)i + 1, runs[i].method, runs[i].at_fork);
            scene_until(&s, run_has_ended);
            assert_int_equal(s.story.events[0].type, EVENT_RUN_STARTED);
            assert_int_equal(s.story.events[0].run.run, i + 1);
            assert_int_equal(s.story.events[0].run.host_pid, host_pid(s.host));
            assert_true(story_ends_tell(&s.story, TASK_FINISHED, 3));
            assert_int_equal(story_count(&s.story, EVENT_NOTE), 0);
            assert_false(s.story.events[s.story.n - 1].run.stopped);
        }
        scene_done(&s);
        assert_int_equal(open_fds(), before);
    }
}

static bool workers_hang(struct scene *s)
{
    const struct event *a = story_worker(&s->story, EVENT_WORKER_STARTED, 1);
    const struct event *b = story_worker(&s->story, EVENT_WORKER_STARTED, 2);
    return story_count(&s->story, EVENT_TASK_STARTED) == 2 && proc_waits_for_good((pid_t)a->worker.pid) &&
           proc_waits_for_good((pid_t)b->worker.pid);
}

static void a_hung_run_can_be_stopped_and_cured(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 2, false);
    for (int64_t run = 1; run <= 5; run++) {
        story_done(&s.story);
        ask_run(&s, run, "fork", run % 2 ? "none" : "warn");
        scene_until(&s, workers_hang);
        assert_int_equal(story_note(&s.story, "forking a process") != NULL, run % 2 == 0);
        ask(&s, REQUEST_STOP, 0);
        scene_until(&s, run_has_ended);
        assert_true(s.story.events[s.story.n - 1].run.stopped);
        assert_true(story_ends_tell(&s.story, TASK_LOST, 2) && story_ends_tell(&s.story, TASK_CANCELLED, 1));
    }
    story_done(&s.story);
    ask_run(&s, 6, "spawn", "none");
    scene_until(&s, run_has_ended);
    assert_true(story_ends_tell(&s.story, TASK_FINISHED, 3));
    scene_done(&s);
}

static void refuses_a_run_that_cannot_be_started(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 2, false);
    ask_run(&s, 1, "fork", "none");
    scene_until(&s, workers_hang);
    ask_run(&s, 2, "spawn", "none");
    scene_until(&s, has_a_note);
    assert_non_null(story_note(&s.story, "a run is going on"));
    ask(&s, REQUEST_KILL_WORKER, 77);
    ask(&s, REQUEST_STOP, 0);
    scene_until(&s, run_has_ended);
    assert_int_equal(story_count(&s.story, EVENT_RUN_STARTED), 1);
    story_done(&s.story);
    ask_run(&s, 3, "teleport", "none");
    scene_until(&s, run_has_ended);
    assert_int_equal(s.story.events[0].type, EVENT_RUN_STARTED);
    assert_non_null(story_note(&s.story, "teleport"));
    assert_true(s.story.events[s.story.n - 1].run.stopped);
    scene_done(&s);
}

static bool third_has_started(struct scene *s)
{
    return story_worker(&s->story, EVENT_WORKER_STARTED, 3) != NULL;
}

static void a_hung_worker_can_be_killed_from_outside(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 2, false);
    ask_run(&s, 1, "fork", "none");
    scene_until(&s, workers_hang);
    ask(&s, REQUEST_KILL_WORKER, 2);
    scene_until(&s, third_has_started); /* a new worker for the pending task */
    assert_int_equal(story_worker(&s.story, EVENT_WORKER_EXITED, 2)->worker.signal, SIGKILL);
    scene_done(&s);
}

static void ask_cancel(struct scene *s, int64_t task)
{
    assert_int_equal(host_send(s->host, &(struct request){.type = REQUEST_CANCEL_TASK, .task = task}, -1), OK);
}

static bool task_three_has_ended(struct scene *s)
{
    return story_task(&s->story, EVENT_TASK_ENDED, 3) != NULL;
}

static bool has_two_notes(struct scene *s)
{
    return story_count(&s->story, EVENT_NOTE) == 2;
}

static void cancels_a_pending_task_and_lets_a_running_one_go_on(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 2, false);
    ask_run(&s, 1, "fork", "none");
    scene_until(&s, workers_hang);
    ask_cancel(&s, 3);
    scene_until(&s, task_three_has_ended);
    assert_int_equal(story_task(&s.story, EVENT_TASK_ENDED, 3)->task.state, TASK_CANCELLED);
    ask_cancel(&s, 1);
    ask_cancel(&s, 3);
    scene_until(&s, has_two_notes);
    assert_non_null(story_note(&s.story, "runs already"));
    assert_non_null(story_note(&s.story, "has ended already"));
    assert_int_equal(story_count(&s.story, EVENT_TASK_ENDED), 1);
    assert_int_equal(story_count(&s.story, EVENT_WORKER_EXITED), 0);
    scene_done(&s);
}

static void runs_many_codes(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 1, true);
    ask_long_run(&s, 1, "forkserver");
    scene_until(&s, run_has_ended);
    assert_true(story_ends_tell(&s.story, TASK_FINISHED, LONG));
    scene_done(&s);
}

static bool wants_codes_or_ended(struct scene *s)
{
    return run_has_ended(s) || (s->story.n > 0 && s->story.events[s->story.n - 1].type == EVENT_CODES_WANTED);
}

static void takes_codes_in_several_requests(void **state)
{
    enum { BITS = 20, EACH = 1000 };
    (void)state;
    struct scene s;
    char *codes[EACH];
    for (int i = 0; i < EACH; i++)
        codes[i] = i % 2 ? "0001" : "0009";
    start_loaded(&s, 1, false);
    story_done(&s.story);
    struct request r = {.type = REQUEST_RUN,
                        .run = 1,
                        .method = "fork",
                        .workers = 2,
                        .at_fork = "none",
                        .more = 1,
                        .tasks = BITS * EACH,
                        .codes = {.v = codes, .n = EACH}};
    assert_int_equal(host_send(s.host, &r, -1), OK);
    int bits = 1;
    for (scene_until(&s, wants_codes_or_ended); !run_has_ended(&s); scene_until(&s, wants_codes_or_ended)) {
        struct request more = {
            .type = REQUEST_CODES, .run = 1, .codes = {.v = codes, .n = EACH}, .more = bits + 1 < BITS};
        event_done(&s.story.events[--s.story.n]);
        assert_int_equal(host_send(s.host, &more, -1), OK);
        bits++;
    }
    assert_int_equal(bits, BITS);
    assert_int_equal(s.story.events[0].run.tasks, BITS * EACH);
    assert_true(story_ends_tell(&s.story, TASK_FINISHED, BITS * EACH));
    scene_done(&s);
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

static unsigned long long signals(pid_t pid, const char *field)
{
    char path[64], line[256];
    unsigned long long mask = ~0ULL;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, field, strlen(field)) == 0)
            mask = strtoull(line + strlen(field) + 1, NULL, 16);
    }
    fclose(f);
    return mask;
}

static int fds_of(pid_t pid)
{
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void host_is_in_its_own_process_group_and_has_no_signal_handlers(void **state)
{
    (void)state;
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCHLD, SIGPIPE, SIGUSR1, SIGALRM};
    struct scene s;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    sigset_t blocked, mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaction(SIGINT, &ignore, &old); /* neither of these is passed on */
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    start_loaded(&s, 2, false);
    pid_t pid = host_pid(s.host);
    assert_int_equal(getpgid(pid), pid);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        unsigned long long bit = 1ULL << (ours[i] - 1);
        assert_false(signals(pid, "SigCgt") & bit);
        assert_false(signals(pid, "SigIgn") & bit);
        assert_false(signals(pid, "SigBlk") & bit);
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGINT, &old, NULL);
    scene_done(&s);
}

static bool both_are_ready(struct scene *s)
{
    return story_count(&s->story, EVENT_WORKER_READY) == 2;
}

static void spawned_workers_inherit_only_the_fds_that_they_need(void **state)
{
    (void)state;
    struct scene s;
    int stray = fcntl(STDERR_FILENO, F_DUPFD, 50); /* not close-on-exec, as a shell may leave one open */
    start_loaded(&s, 2, true);
    static const char *const methods[] = {"spawn", "forkserver"};
    for (size_t i = 0; i < 2; i++) {
        story_done(&s.story);
        ask_long_run(&s, (int64_t)i, methods[i]);
        scene_until(&s, both_are_ready);
        pid_t pid = (pid_t)story_worker(&s.story, EVENT_WORKER_STARTED, 2)->worker.pid;
        assert_true(fds_of(pid) <= 3 + 2 + TABLE_FDS);
        ask(&s, REQUEST_STOP, 0);
        scene_until(&s, run_has_ended);
    }
    close(stray);
    scene_done(&s);
}

/* --- deaths ------------------------------------------------------------------------------------------------------- */

static bool is_gone(void *arg)
{
    return proc_is_gone(*(pid_t *)arg);
}

static void wait_gone(const struct story *story)
{
    for (size_t i = 0; i < story->n; i++) {
        if (story->events[i].type != EVENT_WORKER_STARTED)
            continue;
        pid_t pid = (pid_t)story->events[i].worker.pid, parent = (pid_t)story->events[i].worker.ppid;
        wait_until(is_gone, &pid);
        if (parent != getpid())
            wait_until(is_gone, &parent);
    }
}

/* These runs cannot end: their workers hang, or their events are not read. */
static void stand_still(struct scene *s, const char *method)
{
    bool hangs = strcmp(method, "fork") == 0;
    if (hangs)
        ask_run(s, 1, method, "none");
    else
        ask_long_run(s, 1, method);
    scene_until(s, hangs ? workers_hang : both_are_ready);
}

static const char *const methods[] = {"fork", "spawn", "forkserver"};

static void a_killed_host_ends_all_its_processes(void **state)
{
    (void)state;
    for (int round = 0; round < 9; round++) {
        struct scene s;
        struct event e;
        int before = open_fds();
        start_loaded(&s, 2, round % 2);
        stand_still(&s, methods[round % 3]);
        kill(host_pid(s.host), SIGKILL);
        scene_until(&s, host_has_exited);
        const struct event *last = &s.story.events[s.story.n - 1];
        assert_true(last->host.pid == host_pid(s.host) && last->host.signal == SIGKILL);
        assert_int_equal(host_receive(s.host, &e), ERR_CLOSED);
        assert_int_equal(host_receive(s.host, &e), ERR_CLOSED);
        assert_int_equal(host_send(s.host, &(struct request){.type = REQUEST_STOP}, -1), ERR_CLOSED);
        wait_gone(&s.story);
        scene_done(&s);
        assert_int_equal(open_fds(), before);
    }
}

static void freeing_a_host_ends_a_run_in_any_state(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct scene s;
        start_loaded(&s, 2, round % 2);
        stand_still(&s, methods[round % 3]);
        pid_t host = host_pid(s.host);
        host_free(s.host);
        assert_true(proc_is_gone(host));
        wait_gone(&s.story);
        story_done(&s.story);
    }
}

static void freeing_a_stopped_host_takes_bounded_time(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 2, false);
    stand_still(&s, "fork");
    kill(host_pid(s.host), SIGSTOP);
    double started = clock_now();
    host_free(s.host);
    assert_true(clock_now() - started < KIT_PATIENCE);
    wait_gone(&s.story);
    story_done(&s.story);
}

/* An observer in a child process: starts a host and a run, sends their pids, and waits to be killed. */
static void observe_until_killed(int out, const char *method)
{
    struct scene s;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    start_loaded(&s, 2, strcmp(method, "forkserver") == 0);
    stand_still(&s, method);
    pid_t pids[4] = {host_pid(s.host)};
    for (int id = 1; id <= 2; id++)
        pids[id] = (pid_t)story_worker(&s.story, EVENT_WORKER_STARTED, id)->worker.pid;
    pids[3] = (pid_t)story_worker(&s.story, EVENT_WORKER_STARTED, 1)->worker.ppid;
    if (write(out, pids, sizeof pids) != sizeof pids)
        _exit(1);
    for (;;)
        pause();
}

static void a_killed_observer_leaves_no_process(void **state)
{
    (void)state;
    for (int round = 0; round < 9; round++) {
        int ends[2];
        pid_t pids[4];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t observer = fork();
        assert_true(observer >= 0);
        if (observer == 0)
            observe_until_killed(ends[1], methods[round % 3]);
        close(ends[1]);
        assert_int_equal(read(ends[0], pids, sizeof pids), sizeof pids);
        close(ends[0]);
        for (int i = 0; i < 4; i++)
            assert_false(proc_is_gone(pids[i]));
        kill(observer, SIGKILL);
        assert_int_equal(waitpid(observer, NULL, 0), observer);
        for (int i = 0; i < 4; i++)
            wait_until(is_gone, &pids[i]);
    }
}

static void a_forkserver_killed_between_runs_is_reported_and_replaced(void **state)
{
    (void)state;
    struct scene s;
    start_loaded(&s, 2, true);
    ask_run(&s, 1, "forkserver", "none");
    scene_until(&s, run_has_ended);
    kill((pid_t)story_worker(&s.story, EVENT_WORKER_STARTED, 1)->worker.ppid, SIGKILL);
    scene_until(&s, has_a_note);
    assert_non_null(story_note(&s.story, "the forkserver was killed by signal 9"));
    story_done(&s.story);
    ask_run(&s, 2, "forkserver", "none");
    scene_until(&s, run_has_ended);
    assert_true(story_ends_tell(&s.story, TASK_FINISHED, 3));
    scene_done(&s);
}

static void hidden_commands_refuse_to_be_started_by_others(void **state)
{
    (void)state;
    int status = -1;
    char *stranger[] = {"poolscope", "poolscope-host", NULL}, *plain[] = {"poolscope", "run", NULL};
    assert_true(hidden_command_run(2, stranger, &status));
    assert_int_not_equal(status, 0);
    assert_false(hidden_command_run(2, plain, &status));
    assert_false(hidden_command_run(1, plain, &status));
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_a_table_and_returns_it_once),
        cmocka_unit_test(says_why_a_table_cannot_be_loaded),
        cmocka_unit_test(runs_each_start_method_in_turn),
        cmocka_unit_test(a_hung_run_can_be_stopped_and_cured),
        cmocka_unit_test(refuses_a_run_that_cannot_be_started),
        cmocka_unit_test(a_hung_worker_can_be_killed_from_outside),
        cmocka_unit_test(cancels_a_pending_task_and_lets_a_running_one_go_on),
        cmocka_unit_test(runs_many_codes),
        cmocka_unit_test(takes_codes_in_several_requests),
        cmocka_unit_test(host_is_in_its_own_process_group_and_has_no_signal_handlers),
        cmocka_unit_test(spawned_workers_inherit_only_the_fds_that_they_need),
        cmocka_unit_test(a_killed_host_ends_all_its_processes),
        cmocka_unit_test(freeing_a_host_ends_a_run_in_any_state),
        cmocka_unit_test(freeing_a_stopped_host_takes_bounded_time),
        cmocka_unit_test(a_killed_observer_leaves_no_process),
        cmocka_unit_test(a_forkserver_killed_between_runs_is_reported_and_replaced),
        cmocka_unit_test(hidden_commands_refuse_to_be_started_by_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
