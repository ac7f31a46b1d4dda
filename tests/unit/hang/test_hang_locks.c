/* SPDX-License-Identifier: MIT
 * The rules about circles of locks and about killed workers, on made-up evidence. Each case that must match is followed
 * by cases that differ in one fact and must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

#include "tests/kit/hang_stage.h"

static struct thread_evidence in_mutex(pid_t tid, pid_t owner, pid_t process, bool shared)
{
    struct thread_evidence t = stage_asleep(tid, SYS_futex, 0);
    t.futex = (struct futex_wait){.waiting = true,
                                  .private_op = !shared,
                                  .command = FUTEX_WAIT,
                                  .expected = 2,
                                  .word = 2,
                                  .word_seen = SEEN,
                                  .owner = (uint32_t)owner,
                                  .users = 1,
                                  .kind = shared ? 128 : 0,
                                  .owner_seen = SEEN,
                                  .owner_process = process,
                                  .words_at = 95,
                                  .home = shared ? WORD_SHARED : WORD_PRIVATE,
                                  .home_file = shared ? WORD : 0};
    return t;
}

static void lock_each_other(struct stage *s)
{
    s->threads[B][0] = in_mutex(stage_pid(B), stage_pid(B) + 1, stage_pid(B), false);
    s->threads[B][1] = in_mutex(stage_pid(B) + 1, stage_pid(B), stage_pid(B), false);
    s->procs[B].nthreads = 2;
}

static void b_at_one_instant_not(struct stage *s)
{
    s->threads[B][2] = stage_asleep(stage_pid(B) + 2, SYS_ppoll, 0);
    s->threads[B][2].state = 'R';
    s->procs[B].nthreads = 3;
    s->procs[B].at_one_instant = s->procs[B].confirmed = false;
}

static void a_circle_of_locks_is_proved_whatever_other_threads_do(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    lock_each_other(&s);
    stage_assert(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
    b_at_one_instant_not(&s);
    stage_assert(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
    s.threads[B][0].futex.words_at = 90; /* read before the other thread was seen asleep: it may have unlocked since */
    assert_null(stage_judge(&s));
    s.threads[B][0].futex.words_at = 100; /* read just now: no look has followed yet */
    assert_null(stage_judge(&s));
    s.threads[B][0].futex.words_at = 95;
    s.threads[B][1].state = 'R';
    assert_null(stage_judge(&s));
    stage_build(&s);
    lock_each_other(&s);
    s.threads[B][1].futex.has_timeout = true;
    assert_null(stage_judge(&s));
}

static void a_handler_makes_a_circle_of_locks_likely(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    lock_each_other(&s);
    s.procs[B].sig_caught = 1ull << (SIGALRM - 1);
    s.settings.hang_after = 1000;
    assert_null(stage_judge(&s));
    s.settings.hang_after = 5;
    stage_assert(&s, "lock-cycle", CERTAINTY_LIKELY, "lock-order", B);
    findings_done(&s.findings);
}

static void locking_twice_and_joining_close_the_circle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    s.threads[B][0] = in_mutex(stage_pid(B), stage_pid(B), stage_pid(B), false);
    stage_assert(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    assert_string_equal(s.findings.v[0].summary, "a thread waits for a lock that it holds itself");
    findings_done(&s.findings);
    stage_build(&s);
    lock_each_other(&s);
    struct futex_wait *join = &s.threads[B][0].futex;
    *join = (struct futex_wait){.waiting = true, .command = FUTEX_WAIT, .word_seen = SEEN, .home = WORD_PRIVATE};
    join->word = join->expected = (uint32_t)stage_pid(B) + 1;
    stage_assert(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
}

static void waiting_for_a_thread_that_works_or_waits_elsewhere_is_no_circle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    lock_each_other(&s);
    s.threads[B][1] = stage_asleep(stage_pid(B) + 1, SYS_clock_nanosleep, 0);
    assert_null(stage_judge(&s));
    s.threads[B][1].state = 'R';
    s.procs[B].at_one_instant = false;
    assert_null(stage_judge(&s));
}

static void a_circle_of_locks_through_processes_is_one_finding(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    s.threads[B][0] = in_mutex(stage_pid(B), stage_pid(C), stage_pid(C), true);
    s.threads[C][0] = in_mutex(stage_pid(C), stage_pid(B), stage_pid(B), true);
    stage_waits(&s, A, B);
    stage_assert(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    assert_true(stage_is_victim(&s, A));
    findings_done(&s.findings);
    s.threads[C][0].asleep_since = 96; /* after B's words were read */
    assert_null(stage_judge(&s));
}

static void a_parent_that_joins_a_child_that_wants_its_lock_closes_the_circle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    s.threads[B][0] = in_mutex(stage_pid(B), stage_pid(A), stage_pid(A), true);
    stage_waits(&s, A, B);
    stage_assert(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
    stage_a_polls(&s);
    assert_null(stage_judge(&s));
}

/* Asserts that there is no finding before hang_after, and a likely one then. */
static void assert_only_likely(struct stage *s)
{
    s->settings.hang_after = 1000;
    assert_null(stage_judge(s));
    s->settings.hang_after = 5;
    stage_assert(s, "lock-cycle", CERTAINTY_LIKELY, "lock-order", B);
    findings_done(&s->findings);
}

/* Any thread can unlock a mutex that is not robust, or cancel a thread that joins. */
static void a_wait_that_others_might_end_is_never_proved(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    s.threads[B][0] = in_mutex(stage_pid(B), stage_pid(B), stage_pid(B), false);
    s.threads[B][1] = stage_asleep(stage_pid(B) + 1, SYS_clock_nanosleep, 0);
    s.procs[B].nthreads = 2;
    assert_only_likely(&s);
    stage_build(&s);
    lock_each_other(&s);
    struct futex_wait *join = &s.threads[B][0].futex;
    *join = (struct futex_wait){.waiting = true, .command = FUTEX_WAIT, .word_seen = SEEN, .home = WORD_PRIVATE};
    join->word = join->expected = (uint32_t)stage_pid(B) + 1;
    b_at_one_instant_not(&s);
    join->words_at = 95;
    assert_only_likely(&s);
    stage_build(&s); /* another process maps the memory of the lock */
    s.threads[B][0] = in_mutex(stage_pid(B), stage_pid(A), stage_pid(A), true);
    stage_waits(&s, A, B);
    s.threads[C][0].state = 'R';
    s.procs[C].at_one_instant = false;
    s.procs[C].shared_maps = (struct ints){(int64_t[]){WORD}, 1};
    assert_only_likely(&s);
}

static void circles_of_file_locks_are_likely(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    for (int i = B; i <= C; i++) {
        s.threads[i][0] = stage_asleep(stage_pid(i), SYS_flock, 3);
        s.procs[i].lock_seen = SEEN;
        s.procs[i].lock_holder = stage_pid(i == B ? C : B);
    }
    stage_assert(&s, "lock-cycle", CERTAINTY_LIKELY, "lock-order", B);
    s.procs[C].lock_seen = DENIED;
    assert_null(stage_judge(&s));
}

/* Dead workers. */

static void wait_at_word(struct stage *s)
{
    for (int i = A; i <= C; i++) {
        s->maps[i] = WORD;
        s->procs[i].shared_maps = (struct ints){&s->maps[i], 1};
    }
    for (int i = B; i <= C; i++) {
        s->threads[i][0] = stage_asleep(stage_pid(i), SYS_futex, 0);
        s->threads[i][0].futex = (struct futex_wait){
            .waiting = true, .command = FUTEX_WAIT_BITSET, .word_seen = SEEN, .home = WORD_SHARED, .home_file = WORD};
    }
    stage_waits(s, A, B);
}

static void kill_one(struct stage *s, int signal)
{
    s->departed = (struct departed){
        .pid = 99, .parent = stage_pid(A), .name = "app", .end_seen = SEEN, .signal = signal, .at = 91};
    s->scene.ndeparted = 1;
}

static void a_lock_that_a_killed_worker_held_is_likely(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    wait_at_word(&s);
    assert_null(stage_judge(&s)); /* idle workers that wait for a semaphore */
    kill_one(&s, SIGKILL);
    stage_assert(&s, "lost-worker", CERTAINTY_LIKELY, "dead-worker", B);
    assert_true(stage_is_victim(&s, A) && stage_is_victim(&s, C));
    kill_one(&s, 0); /* it has ended by itself */
    assert_null(stage_judge(&s));
    kill_one(&s, SIGKILL);
    stage_a_polls(&s); /* it may still post */
    assert_null(stage_judge(&s));
    findings_done(&s.findings);
    stage_build(&s);
    wait_at_word(&s);
    kill_one(&s, SIGKILL);
    stage_reads(&s, C, C); /* one waits for input, where the work comes from */
    stage_give_pipe(&s, A, C, true);
    assert_null(stage_judge(&s));
}

static void lose_task(struct stage *s)
{
    s->threads[A][0] = stage_asleep(stage_pid(A), SYS_futex, 0);
    s->threads[A][0].futex = (struct futex_wait){.waiting = true, .private_op = true, .command = FUTEX_WAIT_BITSET};
    s->threads[A][1] = stage_asleep(stage_pid(A) + 1, SYS_clock_nanosleep, 0);
    s->procs[A].nthreads = 2;
    for (int i = B; i <= C; i++) {
        stage_reads(s, i, i);
        stage_give_pipe(s, A, i, true);
    }
    kill_one(s, SIGKILL);
}

static void the_task_of_a_killed_worker_is_lost_if_all_others_are_idle(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    lose_task(&s);
    stage_assert(&s, "lost-worker", CERTAINTY_LIKELY, "dead-worker", A);
    kill_one(&s, 0);
    assert_null(stage_judge(&s));
    kill_one(&s, SIGKILL);
    s.departed.at = 99; /* just now: the parent may still notice it */
    assert_null(stage_judge(&s));
    s.departed.at = 91;
    s.threads[C][0] = stage_asleep(stage_pid(C), SYS_clock_nanosleep, 0); /* one has a task */
    assert_null(stage_judge(&s));
    stage_build(&s);
    lose_task(&s);
    stage_a_polls(&s); /* nobody waits for a result */
    assert_null(stage_judge(&s));
}

static void a_lock_in_shared_memory_whose_holder_has_ended_is_orphaned(void **state)
{
    struct stage s;
    (void)state;
    stage_build(&s);
    s.threads[B][0] = in_mutex(stage_pid(B), 99, 0, true);
    stage_waits(&s, A, B);
    stage_assert(&s, "orphaned-lock", CERTAINTY_LIKELY, "dead-worker", B);
    s.threads[B][0].futex.owner_process = 4711; /* a thread of that number exists, in an unknown process */
    assert_null(stage_judge(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_circle_of_locks_is_proved_whatever_other_threads_do),
        cmocka_unit_test(a_handler_makes_a_circle_of_locks_likely),
        cmocka_unit_test(locking_twice_and_joining_close_the_circle),
        cmocka_unit_test(waiting_for_a_thread_that_works_or_waits_elsewhere_is_no_circle),
        cmocka_unit_test(a_circle_of_locks_through_processes_is_one_finding),
        cmocka_unit_test(a_parent_that_joins_a_child_that_wants_its_lock_closes_the_circle),
        cmocka_unit_test(a_wait_that_others_might_end_is_never_proved),
        cmocka_unit_test(circles_of_file_locks_are_likely),
        cmocka_unit_test(a_lock_that_a_killed_worker_held_is_likely),
        cmocka_unit_test(the_task_of_a_killed_worker_is_lost_if_all_others_are_idle),
        cmocka_unit_test(a_lock_in_shared_memory_whose_holder_has_ended_is_orphaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
