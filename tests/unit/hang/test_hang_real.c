/* SPDX-License-Identifier: MIT
 * The rules on real processes: a hang is proved with the right rule and cause; a process that only looks like a hang is
 * not, however often it is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/kit/hang_kit.h"

static void show(const struct finding *f)
{
    print_message("%s %s: %s (%s)\n", certainty_names[f->certainty], f->rule, f->summary, f->cause);
    for (size_t i = 0; i < f->evidence.n; i++)
        print_message("    %s\n", f->evidence.v[i]);
    print_message("    fix: %s\n", f->fix);
}

static bool has_line(const struct finding *f, const char *part)
{
    for (size_t i = 0; i < f->evidence.n; i++)
        if (strstr(f->evidence.v[i], part))
            return true;
    return false;
}

static void proves(const char *name, const char *rule, const char *cause, const char *line)
{
    struct kit k;
    assert_true(kit_start(&k, name));
    kit_look_until(&k, kit_target_is_proved);
    kit_look(&k);
    const struct finding *f = kit_finding(&k, k.target);
    assert_non_null(f);
    show(f);
    assert_string_equal(f->rule, rule);
    assert_string_equal(f->cause, cause);
    assert_int_equal(f->certainty, CERTAINTY_PROVED);
    assert_true(has_line(f, line));
    assert_true(has_line(f, "no signal handler, no pending signal"));
    assert_int_equal(f->victims.n, 1);
    assert_int_equal(f->victims.v[0], k.root);
    assert_null(kit_finding(&k, k.root));
    kit_stop(&k);
}

static void proves_a_latch_that_waits_for_lost_threads(void **state)
{
    (void)state;
    proves("fork-latch", "no-waker", "lost-threads", "which had at least 5 threads; this child has 1");
}

static void proves_a_lock_that_a_thread_held_at_the_fork(void **state)
{
    (void)state;
    proves("fork-lock", "orphaned-lock", "lock-held-at-fork", "which can unlock only its own copy");
    proves("fork-recursive-lock", "orphaned-lock", "lock-held-at-fork", "which can unlock only its own copy");
    proves("fork-robust-lock", "orphaned-lock", "lock-held-at-fork", "the robust mutex at");
    proves("fork-rwlock-read", "orphaned-lock", "lock-held-at-fork", "the read-write lock at");
    proves("fork-rwlock-write", "orphaned-lock", "lock-held-at-fork", "the read-write lock at");
}

static void proves_a_lock_that_the_forking_thread_itself_held(void **state)
{
    (void)state;
    proves("fork-own-lock", "orphaned-lock", "lock-held-at-fork", "the waiting thread is its copy");
}

static void proves_a_lock_whose_holder_has_ended(void **state)
{
    (void)state;
    proves("owner-ended", "orphaned-lock", "unknown", "which does not exist any more");
}

static void proves_through_a_chain_of_joins(void **state)
{
    (void)state;
    proves("join-chain", "no-waker", "unknown", "to end, and had slept for");
}

static void proves_a_circle_of_locks(void **state)
{
    (void)state;
    proves("join-blocked", "lock-cycle", "lock-order", "waits for the end of thread");
    proves("lock-circle", "lock-cycle", "lock-order", "waits for the mutex at");
    proves("lock-of-parent", "lock-cycle", "lock-order", "in shared memory, which is held by");
}

/* Whether a finding about pipes is proved depends on all processes of the machine: while any process has files queued
 * in a socket, it is only likely. */
static bool target_is_likely(const struct kit *k)
{
    const struct finding *f = kit_finding(k, k->target);
    return f && f->certainty >= CERTAINTY_LIKELY;
}

static void finds(const char *name, const char *rule, const char *cause, const char *line)
{
    struct kit k;
    assert_true(kit_start(&k, name));
    k.settings.hang_after = 1;
    kit_look_until(&k, target_is_likely);
    const struct finding *f = kit_finding(&k, k.target);
    show(f);
    assert_string_equal(f->rule, rule);
    assert_string_equal(f->cause, cause);
    assert_true(has_line(f, line));
    assert_int_equal(f->victims.n, 1);
    assert_int_equal(f->victims.v[0], k.root);
    assert_int_equal(k.findings.n, 1);
    kit_stop(&k);
}

static void finds_a_parent_that_waits_before_it_reads(void **state)
{
    (void)state;
    finds("fill", "pipe-cycle", "undrained-queue", "which is full and whose read end is held by hang_cases");
}

static void finds_a_reader_that_holds_the_write_end(void **state)
{
    (void)state;
    finds("read-own", "self-held-pipe", "inherited-fd", "whose write end is held by hang_cases");
}

static void finds_a_lock_that_a_killed_worker_held(void **state)
{
    (void)state;
    finds("lock-of-killed", "lost-worker", "dead-worker", "was killed by SIGKILL");
}

static void finds_a_process_that_spins_and_not_one_that_computes(void **state)
{
    struct kit k;
    (void)state;
    finds("spin", "spinning", "lost-threads", "its stack was the same");
    assert_true(kit_start(&k, "compute-by-calls"));
    k.settings.hang_after = 1;
    double until = clock_now() + 4; /* long enough for a finding, of which there must be none */
    while (clock_now() < until) {
        kit_look(&k);
        assert_int_equal(k.findings.n, 0);
        assert_true(scene_find(&k.scene, k.target)->spin_looks < 4);
    }
    kit_stop(&k);
}

static void proves_a_hang_after_the_main_thread_has_ended(void **state)
{
    (void)state;
    proves("main-ended", "no-waker", "unknown", "its only thread waits for the private futex");
}

static void ignores_crash_handlers_of_runtimes(void **state)
{
    (void)state;
    proves("runtime-handlers", "no-waker", "lost-threads", "this child has 1");
}

/* Asserts that there is no finding, from the first look and for many looks. */
static void finds_nothing_in(const char *name, bool confirmed, int looks)
{
    struct kit k;
    if (!kit_start(&k, name)) {
        print_message("%s: not on this machine\n", name);
        return;
    }
    if (confirmed)
        kit_look_until(&k, kit_target_is_confirmed);
    for (int i = 0; i < looks; i++) {
        kit_look(&k);
        if (k.findings.n > 0)
            show(&k.findings.v[0]);
        assert_int_equal(k.findings.n, 0);
        assert_non_null(scene_find(&k.scene, k.target));
    }
    kit_stop(&k);
}

static void never_proves_threads_that_wake_each_other_up(void **state)
{
    (void)state;
    finds_nothing_in("ping-pong", false, 5000);
}

static void finds_nothing_if_something_else_may_wake_the_process(void **state)
{
    static const char *const cases[] = {
        "shared-semaphore", "handler", "interval-timer", "posix-timer",  "pending-signal", "shared-memory",
        "io-uring",         "timeout", "sigwait",        "join-sleeper", "living-owner",   "read",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i]);
        finds_nothing_in(cases[i], true, 20);
    }
}

static void finds_nothing_in_a_process_that_computes(void **state)
{
    (void)state;
    finds_nothing_in("compute", false, 500);
}

/* It can never continue, but was not forked and nobody waits for it: perhaps it waits on purpose. */
static void finds_nothing_in_a_parked_process_that_nobody_waits_for(void **state)
{
    (void)state;
    finds_nothing_in("parked", true, 20);
    finds_nothing_in("parked-threads", true, 20);
}

static void proves_a_parked_process_once_somebody_waits_for_it(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "parked-threads"));
    kit_look_until(&k, kit_target_is_confirmed);
    assert_int_equal(k.findings.n, 0);
    assert_int_equal(scene_hint(&k.scene, k.target, -1, true), OK);
    kit_look_until(&k, kit_target_is_proved);
    assert_string_equal(kit_finding(&k, k.target)->cause, "unknown");
    kit_stop(&k);
}

static bool target_is_stopped(const struct kit *k)
{
    const struct evidence *e = scene_find(&k->scene, k->target);
    return e && e->state == 'T';
}

static void finds_nothing_in_a_stopped_process(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    kill(k.target, SIGSTOP);
    kit_look_until(&k, target_is_stopped);
    for (int i = 0; i < 20; i++) {
        kit_look(&k);
        assert_int_equal(k.findings.n, 0);
    }
    kill(k.target, SIGCONT);
    kit_look_until(&k, kit_target_is_proved);
    kit_stop(&k);
}

static void proves_nothing_of_a_traced_process(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    kit_look_until(&k, kit_target_is_proved);
    assert_int_equal(ptrace(PTRACE_SEIZE, k.target, NULL, NULL), 0);
    for (int i = 0; i < 20; i++) {
        kit_look(&k);
        assert_false(kit_target_is_proved(&k));
    }
    assert_int_equal(scene_find(&k.scene, k.target)->tracer, getpid());
    assert_int_equal(ptrace(PTRACE_INTERRUPT, k.target, NULL, NULL), 0);
    assert_int_equal(waitpid(k.target, NULL, __WALL), k.target);
    assert_int_equal(ptrace(PTRACE_DETACH, k.target, NULL, NULL), 0);
    kit_look_until(&k, kit_target_is_proved);
    kit_stop(&k);
}

/* The finding names what could not be ruled out, and takes time. */
static void calls_a_hang_with_a_signal_handler_likely_if_threads_are_lost(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "handler"));
    kit_look_until(&k, kit_target_is_confirmed);
    assert_int_equal(k.findings.n, 0);
    k.settings.hang_after = 0.2;
    kit_look_until(&k, kit_target_has_finding);
    const struct finding *f = kit_finding(&k, k.target);
    show(f);
    assert_string_equal(f->rule, "no-waker");
    assert_string_equal(f->cause, "lost-threads");
    assert_int_equal(f->certainty, CERTAINTY_LIKELY);
    assert_true(has_line(f, "a signal handler is installed"));
    kit_stop(&k);
}

static void calls_a_silent_process_stalled_only_when_it_is_awaited(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "read"));
    k.settings.hang_after = 0.2;
    kit_look_until(&k, kit_target_is_confirmed);
    double until = clock_now() + 0.5; /* longer than hang_after; there must be no finding */
    while (clock_now() < until) {
        kit_look(&k);
        assert_int_equal(k.findings.n, 0);
    }
    assert_int_equal(scene_hint(&k.scene, k.target, 5, true), OK);
    kit_look_until(&k, kit_target_has_finding);
    const struct finding *f = kit_finding(&k, k.target);
    show(f);
    assert_string_equal(f->rule, "stalled");
    assert_int_equal(f->certainty, CERTAINTY_POSSIBLE);
    assert_true(f->after_seconds >= 0.2);
    kit_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_a_latch_that_waits_for_lost_threads),
        cmocka_unit_test(proves_a_lock_that_a_thread_held_at_the_fork),
        cmocka_unit_test(proves_a_lock_that_the_forking_thread_itself_held),
        cmocka_unit_test(proves_a_lock_whose_holder_has_ended),
        cmocka_unit_test(proves_through_a_chain_of_joins),
        cmocka_unit_test(proves_a_circle_of_locks),
        cmocka_unit_test(finds_a_parent_that_waits_before_it_reads),
        cmocka_unit_test(finds_a_reader_that_holds_the_write_end),
        cmocka_unit_test(finds_a_lock_that_a_killed_worker_held),
        cmocka_unit_test(finds_a_process_that_spins_and_not_one_that_computes),
        cmocka_unit_test(proves_a_hang_after_the_main_thread_has_ended),
        cmocka_unit_test(ignores_crash_handlers_of_runtimes),
        cmocka_unit_test(never_proves_threads_that_wake_each_other_up),
        cmocka_unit_test(finds_nothing_if_something_else_may_wake_the_process),
        cmocka_unit_test(finds_nothing_in_a_process_that_computes),
        cmocka_unit_test(finds_nothing_in_a_parked_process_that_nobody_waits_for),
        cmocka_unit_test(proves_a_parked_process_once_somebody_waits_for_it),
        cmocka_unit_test(finds_nothing_in_a_stopped_process),
        cmocka_unit_test(proves_nothing_of_a_traced_process),
        cmocka_unit_test(calls_a_hang_with_a_signal_handler_likely_if_threads_are_lost),
        cmocka_unit_test(calls_a_silent_process_stalled_only_when_it_is_awaited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
