/* SPDX-License-Identifier: MIT
 * The rules about processes that wait for each other through pipes and sockets, on made-up evidence. Each case that
 * must match is followed by cases that differ in one fact and must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/kit/hang_stage.h"

/* Changes of one fact, after which a process may continue, or it cannot be ruled out. */
static void a_sleeps(struct stage *s)
{
    s->threads[A][0] = stage_asleep(stage_pid(A), SYS_clock_nanosleep, 0);
}
static void a_runs(struct stage *s)
{
    s->threads[A][0].state = 'R';
    s->procs[A].at_one_instant = false;
}
static void b_runs(struct stage *s)
{
    s->threads[B][0].state = 'R';
    s->procs[B].at_one_instant = false;
}
static void b_not_at_one_instant(struct stage *s)
{
    s->procs[B].at_one_instant = false;
}
static void a_has_timer(struct stage *s)
{
    s->procs[A].timers = 1;
}
static void b_shares_memory(struct stage *s)
{
    s->procs[B].shares_with = 300;
}
static void b_has_another_thread(struct stage *s)
{
    s->threads[B][1] = stage_asleep(stage_pid(B) + 1, SYS_ppoll, 0);
    s->procs[B].nthreads = 2;
}
static void c_has_all_ends(struct stage *s)
{
    for (int i = 0; i < PROCESSES; i++) {
        stage_give_pipe(s, C, i, true);
        stage_give_pipe(s, C, i, false);
    }
}
static void a_stranger_has_an_end(struct stage *s)
{
    s->pipes[A].holder = s->pipes[B].holder = 4711;
}

static void (*const ways_out[])(struct stage *) = {
    stage_a_polls,
    a_sleeps,
    a_runs,
    b_runs,
    b_not_at_one_instant,
    a_has_timer,
    b_shares_memory,
    b_has_another_thread,
    c_has_all_ends,
    a_stranger_has_an_end,
};

static void a_has_handler(struct stage *s)
{
    s->procs[A].sig_caught = 1ull << (SIGTERM - 1);
}
static void b_is_traced(struct stage *s)
{
    s->procs[B].tracer = 300;
}
static void b_has_signal(struct stage *s)
{
    s->procs[B].sig_pending = 1;
}
static void b_not_confirmed(struct stage *s)
{
    s->procs[B].confirmed = false;
}
static void one_pass_only(struct stage *s)
{
    s->pipes[A].passes = s->pipes[B].passes = 1;
}
static void no_look_outside(struct stage *s)
{
    s->scene.npipes = 0;
}
static void not_all_visible(struct stage *s)
{
    s->pipes[A].passes = s->pipes[B].passes = 0;
    s->pipes[A].doubt = s->pipes[B].doubt = "not all can be seen";
}
static void a_may_have_timers(struct stage *s)
{
    s->procs[A].timers_seen = DENIED;
}

static void (*const doubts[])(struct stage *) = {
    a_has_handler, b_is_traced,     b_has_signal,    b_not_confirmed,
    one_pass_only, no_look_outside, not_all_visible, a_may_have_timers,
};

/* The kind of knot. */
static void check_ways_out(void (*set)(struct stage *), const char *rule)
{
    struct stage s;
    for (size_t i = 0; i < sizeof ways_out / sizeof *ways_out; i++) {
        stage_build(&s);
        set(&s);
        ways_out[i](&s);
        const struct finding *f = stage_judge(&s);
        assert_true(!f || strcmp(f->rule, rule) != 0);
        findings_done(&s.findings);
    }
}

static void check_doubts(void (*set)(struct stage *), const char *rule, bool handler_too)
{
    struct stage s;
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) {
        stage_build(&s);
        set(&s);
        doubts[i](&s);
        s.settings.hang_after = 1000; /* without proof, it takes time, too */
        assert_null(stage_judge(&s));
        s.settings.hang_after = 5;
        const struct finding *f = stage_judge(&s);
        if (i == 0 && !handler_too) {
            assert_null(f); /* it may be idle until that signal comes */
        } else {
            assert_non_null(f);
            assert_string_equal(f->rule, rule);
            assert_int_equal(f->certainty, CERTAINTY_LIKELY);
        }
        findings_done(&s.findings);
    }
}

/* A waits for B to end, and B has filled a pipe that only A reads. */
static void undrained(struct stage *s)
{
    stage_writes(s, B, B);
    stage_give_pipe(s, A, B, false);
    stage_waits(s, A, B);
}

static void joining_a_child_before_reading_from_it_is_a_cycle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    undrained(&s);
    stage_assert(&s, "pipe-cycle", CERTAINTY_PROVED, "undrained-queue", B);
    assert_true(stage_is_victim(&s, A));
    assert_false(stage_is_victim(&s, C));
    findings_done(&s.findings);
    check_ways_out(undrained, "pipe-cycle");
    check_doubts(undrained, "pipe-cycle", true);
}

/* multiprocessing.Queue: the main thread waits for the thread that feeds the pipe. */
static void another_thread_may_feed_the_queue(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    undrained(&s);
    s.threads[B][1] = s.threads[B][0];
    s.threads[B][1].tid = stage_pid(B) + 1;
    s.threads[B][0] = stage_asleep(stage_pid(B), SYS_futex, 0);
    s.threads[B][0].futex = (struct futex_wait){.waiting = true, .private_op = true, .command = FUTEX_WAIT_BITSET};
    s.procs[B].nthreads = 2;
    stage_assert(&s, "pipe-cycle", CERTAINTY_PROVED, "undrained-queue", B);
    findings_done(&s.findings);
}

static void both_write(struct stage *s)
{
    stage_writes(s, A, A);
    stage_writes(s, B, B);
    stage_give_pipe(s, A, B, false);
    stage_give_pipe(s, B, A, false);
}

static void both_read(struct stage *s)
{
    stage_reads(s, A, A);
    stage_reads(s, B, B);
    stage_give_pipe(s, A, B, true);
    stage_give_pipe(s, B, A, true);
}

static void two_processes_that_write_to_or_read_from_each_other_are_a_cycle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    both_write(&s);
    stage_assert(&s, "pipe-cycle", CERTAINTY_PROVED, "undrained-queue", B);
    findings_done(&s.findings);
    check_ways_out(both_write, "pipe-cycle");
    stage_build(&s);
    both_read(&s);
    stage_assert(&s, "pipe-cycle", CERTAINTY_PROVED, "unknown", B);
    findings_done(&s.findings);
    check_ways_out(both_read, "pipe-cycle");
    check_doubts(both_read, "pipe-cycle", false);
}

/* A process that waits for one of them is a victim, and gets no finding of its own, however long it waits. */
static void a_process_that_waits_for_a_knot_is_its_victim(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    stage_reads(&s, B, B);
    stage_reads(&s, C, C);
    stage_give_pipe(&s, B, C, true);
    stage_give_pipe(&s, C, B, true);
    stage_waits(&s, A, B);
    stage_assert(&s, "pipe-cycle", CERTAINTY_PROVED, "unknown", B);
    assert_true(stage_is_victim(&s, A) && stage_is_victim(&s, C));
    findings_done(&s.findings);
}

/* Sockets may have timeouts that cannot be seen. */
static void a_cycle_through_sockets_is_never_proved(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    for (int i = A; i <= B; i++) {
        int fd = stage_give(&s, i, FD_SOCKET, SOCKET + (uint64_t)i, false);
        s.fds[i][fd].peer = SOCKET + (uint64_t)!i;
        s.threads[i][0] = stage_asleep(stage_pid(i), SYS_recvfrom, (uint64_t)fd);
    }
    stage_assert(&s, "pipe-cycle", CERTAINTY_LIKELY, "unknown", B);
    s.fds[A][0].peer = 0; /* the peer is on another machine, or unknown */
    assert_null(stage_judge(&s));
}

/* The parent waits for workers, and they wait for work: a signal might tell the holder of the pipe to end them. */
static void workers_that_wait_for_work_are_idle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    for (int i = B; i <= C; i++) {
        stage_reads(&s, i, i);
        stage_give_pipe(&s, A, i, true);
    }
    stage_waits(&s, A, B);
    assert_null(stage_judge(&s));
    stage_a_polls(&s);
    assert_null(stage_judge(&s));
    a_sleeps(&s);
    assert_null(stage_judge(&s));
}

static void own_write_end(struct stage *s)
{
    stage_reads(s, B, B);
    stage_give_pipe(s, B, B, true);
    stage_waits(s, A, B);
}

static void a_reader_that_holds_the_write_end_never_sees_the_end_of_file(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    own_write_end(&s);
    stage_assert(&s, "self-held-pipe", CERTAINTY_PROVED, "inherited-fd", B);
    assert_true(stage_is_victim(&s, A));
    findings_done(&s.findings);
    a_has_handler(&s); /* a handler of a process that waits for it does not matter */
    stage_assert(&s, "self-held-pipe", CERTAINTY_PROVED, "inherited-fd", B);
    findings_done(&s.findings);
    stage_build(&s);
    own_write_end(&s);
    s.procs[B].sig_caught = 1ull << (SIGCHLD - 1); /* a pipe by which a handler notifies its own process */
    assert_null(stage_judge(&s));
    stage_build(&s);
    own_write_end(&s);
    a_stranger_has_an_end(&s);
    assert_null(stage_judge(&s));
    stage_build(&s);
    own_write_end(&s);
    b_has_another_thread(&s);
    assert_null(stage_judge(&s));
    stage_build(&s);
    own_write_end(&s);
    s.procs[B].forked_without_exec = s.procs[B].awaited = s.procs[B].parent_waits = false;
    stage_a_polls(&s); /* nobody waits for it: it may wait for ever on purpose */
    assert_null(stage_judge(&s));
}

static void a_sibling_that_holds_the_write_end_prevents_the_end_of_file(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    stage_reads(&s, B, B);
    stage_reads(&s, C, C);
    stage_give_pipe(&s, C, B, true); /* inherited */
    stage_give_pipe(&s, A, C, true);
    stage_give_pipe(&s, B, C, true); /* inherited, too */
    stage_waits(&s, A, B);
    stage_assert(&s, "self-held-pipe", CERTAINTY_PROVED, "inherited-fd", B);
    findings_done(&s.findings);
}

static void finds_nothing_in_an_empty_scene(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    s.scene.n = 0;
    assert_null(stage_judge(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_a_child_before_reading_from_it_is_a_cycle),
        cmocka_unit_test(another_thread_may_feed_the_queue),
        cmocka_unit_test(two_processes_that_write_to_or_read_from_each_other_are_a_cycle),
        cmocka_unit_test(a_process_that_waits_for_a_knot_is_its_victim),
        cmocka_unit_test(a_cycle_through_sockets_is_never_proved),
        cmocka_unit_test(workers_that_wait_for_work_are_idle),
        cmocka_unit_test(a_reader_that_holds_the_write_end_never_sees_the_end_of_file),
        cmocka_unit_test(a_sibling_that_holds_the_write_end_prevents_the_end_of_file),
        cmocka_unit_test(finds_nothing_in_an_empty_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
