/* SPDX-License-Identifier: MIT
 * The sampler on real processes: what it posts, in which order, and that it sleeps when nothing changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/observer/sampler.h"
#include "tests/kit/hang_kit.h"

static const double patience = 30;

struct watched {
    struct kit kit;
    struct queue *queue;
    struct sampler *sampler;
    double epoch;
    bool seen; /* an EVENT_PROCESS of the target has come */
};

static void start(struct watched *w, const char *name, double hang_after, size_t capacity)
{
    *w = (struct watched){.epoch = clock_now()};
    assert_true(kit_start(&w->kit, name));
    assert_int_equal(queue_new(capacity, &w->queue), OK);
    struct sampler_options options = {.queue = w->queue, .epoch = w->epoch, .hang_after = hang_after, .stacks = true};
    assert_int_equal(sampler_new(&options, &w->sampler), OK);
}

static void stop(struct watched *w)
{
    queue_close(w->queue);
    sampler_free(w->sampler);
    queue_free(w->queue);
    kit_stop(&w->kit);
}

/* Waits for the next event of this type about the target, and drops others. Fails the test after 30 s. */
static struct event next(struct watched *w, enum event_type type)
{
    double until = clock_now() + patience;
    struct event e;
    for (;;) {
        assert_true(clock_now() < until);
        struct pollfd fd = {.fd = queue_fd(w->queue), .events = POLLIN};
        poll(&fd, 1, 1000);
        while (!queue_take(w->queue, &e)) {
            w->seen |= e.type == EVENT_PROCESS && e.process.pid == w->kit.target;
            bool about = type == EVENT_FINDING   ? e.finding.pid == w->kit.target
                         : type == EVENT_PROCESS ? e.process.pid == w->kit.target
                         : type == EVENT_NOTE    ? true
                                                 : e.end.pid == w->kit.target;
            if (e.type == (int64_t)type && about)
                return e;
            event_done(&e);
        }
    }
}

static size_t drain(struct watched *w)
{
    struct event e;
    size_t n = 0;
    for (; !queue_take(w->queue, &e); n++)
        event_done(&e);
    return n;
}

static void posts_a_proved_finding_once_and_with_its_stack(void **state)
{
    struct watched w;
    bool named = false;
    (void)state;
    start(&w, "fork-latch", 5, 4096);
    double started = clock_now() - 10;
    sampler_hint(w.sampler, w.kit.target, 1, false); /* belongs to the watch before, so it has no effect */
    assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, started), OK);
    sampler_hint(w.sampler, w.kit.target, 5, true);
    struct event e = next(&w, EVENT_FINDING);
    assert_true(w.seen);
    assert_string_equal(e.finding.rule, "no-waker");
    assert_string_equal(e.finding.cause, "lost-threads");
    assert_int_equal(e.finding.certainty, CERTAINTY_PROVED);
    assert_true(e.finding.after_seconds >= 10 && e.time >= 0 && e.time <= clock_now() - w.epoch);
    for (size_t i = 0; i < e.finding.stack.n; i++)
        named |= strcmp(e.finding.stack.v[i], "wait_for_ever") == 0;
    assert_true(named);
    event_done(&e);
    kill(w.kit.target, SIGKILL);
    double until = clock_now() + patience;
    for (bool gone = false; !gone;) { /* there is no other finding, and this one does not end */
        assert_true(clock_now() < until);
        if (queue_take(w.queue, &e))
            continue;
        assert_int_not_equal(e.type, EVENT_FINDING);
        assert_int_not_equal(e.type, EVENT_FINDING_ENDED);
        gone = e.type == EVENT_PROCESS_GONE && e.end.pid == w.kit.target;
        event_done(&e);
    }
    stop(&w);
}

static void posts_what_a_screen_shows_of_a_process(void **state)
{
    struct watched w;
    (void)state;
    start(&w, "read", 1000, 4096);
    assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, clock_now()), OK);
    struct event e;
    do
        e = next(&w, EVENT_PROCESS);
    while (strcmp(e.process.state, "sleeping") != 0 && (event_done(&e), true));
    assert_int_equal(e.process.ppid, w.kit.root);
    assert_string_equal(e.process.command, "hang_cases read");
    assert_int_equal(e.process.threads, 1);
    assert_true(e.process.forked_without_exec);
    assert_true(e.process.pss_kib > 0);
    assert_true(e.process.fds >= 3);
    assert_true(strncmp(e.process.waits_for, "input from pipe ", 16) == 0);
    event_done(&e);
    stop(&w);
}

static void ends_a_finding_that_no_longer_holds(void **state)
{
    struct watched w;
    (void)state;
    start(&w, "read", 0.1, 4096);
    assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, clock_now()), OK);
    sampler_hint(w.sampler, w.kit.target, 5, true);
    struct event e = next(&w, EVENT_FINDING);
    assert_string_equal(e.finding.rule, "stalled");
    assert_int_equal(e.finding.certainty, CERTAINTY_POSSIBLE);
    event_done(&e);
    sampler_hint(w.sampler, w.kit.target, 5, false);
    e = next(&w, EVENT_FINDING_ENDED);
    assert_string_equal(e.end.rule, "stalled");
    event_done(&e);
    stop(&w);
}

static void posts_a_note_with_the_stack_of_a_process_without_a_finding(void **state)
{
    struct watched w;
    (void)state;
    start(&w, "read", 1000, 4096);
    assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, clock_now()), OK);
    sampler_ask_stack(w.sampler, w.kit.target);
    struct event e = next(&w, EVENT_NOTE);
    assert_non_null(strstr(e.note.text, "read_pipe ← "));
    event_done(&e);
    sampler_ask_stack(w.sampler, getpid()); /* a process may not trace itself */
    e = next(&w, EVENT_NOTE);
    assert_int_equal(e.note.level, NOTE_WARNING);
    assert_non_null(strstr(e.note.text, ": not allowed"));
    event_done(&e);
    stop(&w);
}

static void posts_nothing_of_the_old_watch_once_a_new_one_was_ordered(void **state)
{
    struct watched w;
    struct kit other;
    struct event e;
    (void)state;
    assert_true(kit_start(&other, "fork-lock"));
    start(&w, "compute", 5, 4096);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, clock_now()), OK);
        e = next(&w, EVENT_PROCESS);
        event_done(&e);
        assert_int_equal(sampler_watch(w.sampler, other.root, true, clock_now()), OK);
        drain(&w);
        for (bool found = false; !found;) {
            if (queue_take(w.queue, &e))
                continue;
            found = e.type == EVENT_PROCESS && e.process.pid == other.target;
            assert_false(e.type == EVENT_PROCESS && e.process.pid == w.kit.target);
            assert_false(e.type == EVENT_PROCESS_GONE);
            event_done(&e);
        }
    }
    stop(&w);
    kit_stop(&other);
}

/* A reader that takes nothing from the queue can still give orders, and free the sampler. */
static void takes_orders_and_ends_while_its_queue_is_full(void **state)
{
    struct watched w;
    (void)state;
    start(&w, "fork-latch", 5, 1);
    assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, clock_now()), OK);
    struct pollfd fd = {.fd = queue_fd(w.queue), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, (int)(patience * 1000)), 1);
    assert_int_equal(sampler_watch(w.sampler, 0, false, 0), OK);
    stop(&w);
}

/* The thread ids of this process. */
static size_t list_threads(pid_t tids[], size_t max)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/task");
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) && n < max;)
        if (e->d_name[0] != '.')
            tids[n++] = (pid_t)atoi(e->d_name);
    closedir(d);
    return n;
}

static long switches_of(pid_t tid)
{
    char path[64], line[256];
    long sum = 0, n;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)tid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
            sum += n;
    fclose(f);
    return sum;
}

static pid_t new_thread(const pid_t before[], size_t n)
{
    pid_t now[64];
    size_t m = list_threads(now, 64);
    for (size_t i = 0; i < m; i++) {
        bool old = false;
        for (size_t j = 0; j < n; j++)
            old |= now[i] == before[j];
        if (!old)
            return now[i];
    }
    fail_msg("no new thread");
    return 0;
}

/* Waits until a thread has not run for this long. Fails after 30 s. */
static void wait_for_rest(pid_t tid, double seconds)
{
    double until = clock_now() + patience, since = clock_now();
    long last = switches_of(tid);
    while (clock_now() - since < seconds) {
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
        long now = switches_of(tid);
        if (now != last)
            since = clock_now();
        last = now;
        assert_true(clock_now() < until);
    }
}

static void sleeps_while_nothing_is_watched_and_seldom_looks_at_a_tree_at_rest(void **state)
{
    struct watched w;
    pid_t before[64];
    (void)state;
    size_t n = list_threads(before, 64);
    start(&w, "fork-latch", 5, 4096);
    assert_int_equal(list_threads(before, 64), n); /* the thread starts with the first order */
    assert_int_equal(sampler_watch(w.sampler, w.kit.root, true, clock_now()), OK);
    pid_t tid = new_thread(before, n);
    struct event e = next(&w, EVENT_FINDING);
    event_done(&e);
    wait_for_rest(tid, 0.8); /* backed off */
    assert_int_equal(sampler_watch(w.sampler, 0, false, 0), OK);
    drain(&w);
    wait_for_rest(tid, 3);
    assert_int_equal(drain(&w), 0);
    stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_a_proved_finding_once_and_with_its_stack),
        cmocka_unit_test(posts_what_a_screen_shows_of_a_process),
        cmocka_unit_test(ends_a_finding_that_no_longer_holds),
        cmocka_unit_test(posts_a_note_with_the_stack_of_a_process_without_a_finding),
        cmocka_unit_test(posts_nothing_of_the_old_watch_once_a_new_one_was_ordered),
        cmocka_unit_test(takes_orders_and_ends_while_its_queue_is_full),
        cmocka_unit_test(sleeps_while_nothing_is_watched_and_seldom_looks_at_a_tree_at_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
