/* SPDX-License-Identifier: MIT
 * The rules that look at several threads and processes, on built evidence: who waits for whom. Beside each case that
 * must match stand those that differ in one fact and must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/hang/hang_priv.h"

/* Three processes, A the parent of B and C, which were forked; each has a pipe whose number is its own. */
enum { A, B, C, PROCESSES, PID = 100, THREADS_MAX = 3, FDS_MAX = 8, PIPE = 1000, SOCKET = 2000, WORD = 77 };

struct stage {
    struct thread_evidence threads[PROCESSES][THREADS_MAX];
    struct fd_evidence fds[PROCESSES][FDS_MAX];
    int64_t maps[PROCESSES];
    struct evidence procs[PROCESSES];
    struct pipe_check pipes[PROCESSES];
    struct departed departed;
    struct scene scene;
    struct hang_settings settings;
    struct findings findings;
};

static pid_t pid_of(int process)
{
    return PID + 10 * process;
}

static struct thread_evidence asleep_in(pid_t tid, long call, uint64_t arg)
{
    return (struct thread_evidence){ .tid = tid,
                                     .name = "app",
                                     .state = 'S',
                                     .switches_seen = SEEN,
                                     .syscall_seen = SEEN,
                                     .syscall = call,
                                     .args = { arg },
                                     .asleep_since = 90 };
}

static void build(struct stage *s)
{
    *s = (struct stage){.settings = {.started = 50, .hang_after = 5}};
    for (int i = 0; i < PROCESSES; i++) {
        s->threads[i][0] = asleep_in(pid_of(i), SYS_ppoll, 0);
        s->pipes[i] = (struct pipe_check){.inode = PIPE + (uint64_t)i, .passes = PIPE_PASSES, .since = 95};
        s->procs[i] = (struct evidence){
            .pid = pid_of(i), .ppid = i == A ? 1 : pid_of(A), .first_parent = i == A ? 1 : pid_of(A), .name = "app",
            .state = 'S', .threads_seen = SEEN, .threads = s->threads[i], .nthreads = 1, .at_one_instant = true,
            .timers_seen = SEEN, .shares_seen = SEEN, .maps_seen = SEEN, .fds_seen = SEEN, .fds = s->fds[i],
            .parent_threads = -1, .alive_at = 90, .confirmed = true, .forked_without_exec = i != A,
        };
    }
    s->scene = (struct scene){.procs = s->procs, .n = PROCESSES, .taken = 100, .now = 100, .pipes = s->pipes,
                              .npipes = PROCESSES, .departed = &s->departed};
}

/* An fd of a pipe or socket, by which the process is known to have an end. */
static int give(struct stage *s, int process, enum fd_kind kind, uint64_t inode, bool writes)
{
    struct evidence *e = &s->procs[process];
    int fd = (int)e->nfds;
    e->fds[e->nfds++] = (struct fd_evidence){ .fd = fd,
                                              .kind = kind,
                                              .inode = inode,
                                              .can_read = !writes || kind == FD_SOCKET,
                                              .can_write = writes || kind == FD_SOCKET };
    return fd;
}

static int give_pipe(struct stage *s, int process, int pipe, bool writes)
{
    return give(s, process, FD_PIPE, PIPE + (uint64_t)pipe, writes);
}

static void reads(struct stage *s, int process, int pipe)
{
    s->threads[process][0] = asleep_in(pid_of(process), SYS_read, (uint64_t)give_pipe(s, process, pipe, false));
}

static void writes(struct stage *s, int process, int pipe)
{
    s->threads[process][0] = asleep_in(pid_of(process), SYS_write, (uint64_t)give_pipe(s, process, pipe, true));
}

static void waits_for(struct stage *s, int process, int child)
{
    s->threads[process][0] = asleep_in(pid_of(process), SYS_wait4, (uint64_t)pid_of(child));
    s->procs[child].parent_waits = s->procs[child].awaited = true;
}

static const struct finding *judge(struct stage *s)
{
    findings_done(&s->findings);
    assert_int_equal(hang_judge(&s->scene, &s->settings, &s->findings), OK);
    assert_true(s->findings.n <= 1); /* one cause is one finding */
    return s->findings.n ? &s->findings.v[0] : NULL;
}

static void assert_finding(struct stage *s, const char *rule, enum certainty certainty, const char *cause, int process)
{
    const struct finding *f = judge(s);
    assert_non_null(f);
    assert_string_equal(f->rule, rule);
    assert_int_equal(f->certainty, certainty);
    assert_string_equal(f->cause, cause);
    assert_int_equal(f->pid, pid_of(process));
    assert_true(f->summary && *f->summary && f->fix && *f->fix && f->evidence.n > 0);
}

static bool is_victim(const struct stage *s, int process)
{
    const struct ints *v = &s->findings.v[0].victims;
    for (size_t i = 0; i < v->n; i++)
        if (v->v[i] == pid_of(process))
            return true;
    return false;
}

/* Changes of the one fact: somebody may go on, or it cannot be ruled out. */
static void a_polls(struct stage *s) { s->threads[A][0] = asleep_in(pid_of(A), SYS_ppoll, 0); }
static void a_sleeps(struct stage *s) { s->threads[A][0] = asleep_in(pid_of(A), SYS_clock_nanosleep, 0); }
static void a_runs(struct stage *s) { s->threads[A][0].state = 'R'; s->procs[A].at_one_instant = false; }
static void b_runs(struct stage *s) { s->threads[B][0].state = 'R'; s->procs[B].at_one_instant = false; }
static void b_not_at_one_instant(struct stage *s) { s->procs[B].at_one_instant = false; }
static void a_has_timer(struct stage *s) { s->procs[A].timers = 1; }
static void b_shares_memory(struct stage *s) { s->procs[B].shares_with = 300; }
static void b_has_another_thread(struct stage *s)
{
    s->threads[B][1] = asleep_in(pid_of(B) + 1, SYS_ppoll, 0);
    s->procs[B].nthreads = 2;
}
static void c_has_all_ends(struct stage *s)
{
    for (int i = 0; i < PROCESSES; i++) {
        give_pipe(s, C, i, true);
        give_pipe(s, C, i, false);
    }
}
static void a_stranger_has_an_end(struct stage *s) { s->pipes[A].holder = s->pipes[B].holder = 4711; }

static void (*const ways_out[])(struct stage *) = {
    a_polls, a_sleeps, a_runs, b_runs, b_not_at_one_instant, a_has_timer, b_shares_memory, b_has_another_thread,
    c_has_all_ends, a_stranger_has_an_end,
};

static void a_has_handler(struct stage *s) { s->procs[A].sig_caught = 1ull << (SIGTERM - 1); }
static void b_is_traced(struct stage *s) { s->procs[B].tracer = 300; }
static void b_has_signal(struct stage *s) { s->procs[B].sig_pending = 1; }
static void b_not_confirmed(struct stage *s) { s->procs[B].confirmed = false; }
static void one_pass_only(struct stage *s) { s->pipes[A].passes = s->pipes[B].passes = 1; }
static void no_look_outside(struct stage *s) { s->scene.npipes = 0; }
static void not_all_visible(struct stage *s)
{
    s->pipes[A].passes = s->pipes[B].passes = 0;
    s->pipes[A].doubt = s->pipes[B].doubt = "not all can be seen";
}
static void a_may_have_timers(struct stage *s) { s->procs[A].timers_seen = DENIED; }

static void (*const doubts[])(struct stage *) = {
    a_has_handler, b_is_traced, b_has_signal, b_not_confirmed, one_pass_only, no_look_outside, not_all_visible,
    a_may_have_timers,
};

/* What holds the knot together, as far as these tests vary it. */
static void check_ways_out(void (*set)(struct stage *), const char *rule)
{
    struct stage s;
    for (size_t i = 0; i < sizeof ways_out / sizeof *ways_out; i++) {
        build(&s);
        set(&s);
        ways_out[i](&s);
        const struct finding *f = judge(&s);
        assert_true(!f || strcmp(f->rule, rule) != 0);
        findings_done(&s.findings);
    }
}

static void check_doubts(void (*set)(struct stage *), const char *rule, bool handler_too)
{
    struct stage s;
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) {
        build(&s);
        set(&s);
        doubts[i](&s);
        s.settings.hang_after = 1000; /* time must speak, too */
        assert_null(judge(&s));
        s.settings.hang_after = 5;
        const struct finding *f = judge(&s);
        if (i == 0 && !handler_too) {
            assert_null(f); /* it may idle until that signal comes */
        } else {
            assert_non_null(f);
            assert_string_equal(f->rule, rule);
            assert_int_equal(f->certainty, CERTAINTY_LIKELY);
        }
        findings_done(&s.findings);
    }
}

/* A waits for B's end, B fills a pipe that only A reads. */
static void undrained(struct stage *s)
{
    writes(s, B, B);
    give_pipe(s, A, B, false);
    waits_for(s, A, B);
}

static void a_child_that_is_joined_before_it_is_read_is_a_cycle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    undrained(&s);
    assert_finding(&s, "pipe-cycle", CERTAINTY_PROVED, "undrained-queue", B);
    assert_true(is_victim(&s, A));
    assert_false(is_victim(&s, C));
    findings_done(&s.findings);
    check_ways_out(undrained, "pipe-cycle");
    check_doubts(undrained, "pipe-cycle", true);
}

/* multiprocessing.Queue: main waits for the thread that feeds the pipe. */
static void the_thread_that_feeds_the_queue_may_be_another_one(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    undrained(&s);
    s.threads[B][1] = s.threads[B][0];
    s.threads[B][1].tid = pid_of(B) + 1;
    s.threads[B][0] = asleep_in(pid_of(B), SYS_futex, 0);
    s.threads[B][0].futex = (struct futex_wait){.waiting = true, .private_op = true, .command = FUTEX_WAIT_BITSET};
    s.procs[B].nthreads = 2;
    assert_finding(&s, "pipe-cycle", CERTAINTY_PROVED, "undrained-queue", B);
    findings_done(&s.findings);
}

static void both_write(struct stage *s)
{
    writes(s, A, A);
    writes(s, B, B);
    give_pipe(s, A, B, false);
    give_pipe(s, B, A, false);
}

static void both_read(struct stage *s)
{
    reads(s, A, A);
    reads(s, B, B);
    give_pipe(s, A, B, true);
    give_pipe(s, B, A, true);
}

static void two_that_write_or_read_to_each_other_are_a_cycle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    both_write(&s);
    assert_finding(&s, "pipe-cycle", CERTAINTY_PROVED, "undrained-queue", B);
    findings_done(&s.findings);
    check_ways_out(both_write, "pipe-cycle");
    build(&s);
    both_read(&s);
    assert_finding(&s, "pipe-cycle", CERTAINTY_PROVED, "unknown", B);
    findings_done(&s.findings);
    check_ways_out(both_read, "pipe-cycle");
    check_doubts(both_read, "pipe-cycle", false);
}

/* Who waits for one of them is a victim, and gets no finding of its own, however long. */
static void who_waits_for_a_knot_is_its_victim(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    reads(&s, B, B);
    reads(&s, C, C);
    give_pipe(&s, B, C, true);
    give_pipe(&s, C, B, true);
    waits_for(&s, A, B);
    assert_finding(&s, "pipe-cycle", CERTAINTY_PROVED, "unknown", B);
    assert_true(is_victim(&s, A) && is_victim(&s, C));
    findings_done(&s.findings);
}

/* Sockets may have timeouts that nobody sees. */
static void a_cycle_through_sockets_is_never_proved(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    for (int i = A; i <= B; i++) {
        int fd = give(&s, i, FD_SOCKET, SOCKET + (uint64_t)i, false);
        s.fds[i][fd].peer = SOCKET + (uint64_t)!i;
        s.threads[i][0] = asleep_in(pid_of(i), SYS_recvfrom, (uint64_t)fd);
    }
    assert_finding(&s, "pipe-cycle", CERTAINTY_LIKELY, "unknown", B);
    s.fds[A][0].peer = 0; /* nobody of this machine, or not to be seen */
    assert_null(judge(&s));
}

/* The parent waits for workers, which wait for work: who holds the pipe might be told by a signal to end them. */
static void workers_that_wait_for_work_are_idle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    for (int i = B; i <= C; i++) {
        reads(&s, i, i);
        give_pipe(&s, A, i, true);
    }
    waits_for(&s, A, B);
    assert_null(judge(&s));
    a_polls(&s);
    assert_null(judge(&s));
    a_sleeps(&s);
    assert_null(judge(&s));
}

static void own_write_end(struct stage *s)
{
    reads(s, B, B);
    give_pipe(s, B, B, true);
    waits_for(s, A, B);
}

static void an_end_of_file_that_the_reader_itself_prevents_never_comes(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    own_write_end(&s);
    assert_finding(&s, "self-held-pipe", CERTAINTY_PROVED, "inherited-fd", B);
    assert_true(is_victim(&s, A));
    findings_done(&s.findings);
    a_has_handler(&s); /* who waits for it does not matter */
    assert_finding(&s, "self-held-pipe", CERTAINTY_PROVED, "inherited-fd", B);
    findings_done(&s.findings);
    build(&s);
    own_write_end(&s);
    s.procs[B].sig_caught = 1ull << (SIGCHLD - 1); /* a pipe to tell itself of signals */
    assert_null(judge(&s));
    build(&s);
    own_write_end(&s);
    a_stranger_has_an_end(&s);
    assert_null(judge(&s));
    build(&s);
    own_write_end(&s);
    b_has_another_thread(&s);
    assert_null(judge(&s));
    build(&s);
    own_write_end(&s);
    s.procs[B].forked_without_exec = s.procs[B].awaited = s.procs[B].parent_waits = false;
    a_polls(&s); /* nobody misses it: it may wait for ever on purpose */
    assert_null(judge(&s));
}

static void an_end_of_file_that_an_idle_sibling_prevents_never_comes(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    reads(&s, B, B);
    reads(&s, C, C);
    give_pipe(&s, C, B, true); /* inherited */
    give_pipe(&s, A, C, true);
    give_pipe(&s, B, C, true); /* and so was this */
    waits_for(&s, A, B);
    assert_finding(&s, "self-held-pipe", CERTAINTY_PROVED, "inherited-fd", B);
    findings_done(&s.findings);
}

/* Locks. */

static struct thread_evidence in_mutex(pid_t tid, pid_t owner, pid_t process, bool shared)
{
    struct thread_evidence t = asleep_in(tid, SYS_futex, 0);
    t.futex = (struct futex_wait){ .waiting = true,
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
                                   .home_file = shared ? WORD : 0 };
    return t;
}

static void lock_each_other(struct stage *s)
{
    s->threads[B][0] = in_mutex(pid_of(B), pid_of(B) + 1, pid_of(B), false);
    s->threads[B][1] = in_mutex(pid_of(B) + 1, pid_of(B), pid_of(B), false);
    s->procs[B].nthreads = 2;
}

static void b_at_one_instant_not(struct stage *s)
{
    s->threads[B][2] = asleep_in(pid_of(B) + 2, SYS_ppoll, 0);
    s->threads[B][2].state = 'R';
    s->procs[B].nthreads = 3;
    s->procs[B].at_one_instant = s->procs[B].confirmed = false;
}

static void threads_that_lock_each_other_out_are_proved_whatever_the_others_do(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    lock_each_other(&s);
    assert_finding(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
    b_at_one_instant_not(&s);
    assert_finding(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
    s.threads[B][0].futex.words_at = 90; /* read before the other one was seen asleep: it may have unlocked since */
    assert_null(judge(&s));
    s.threads[B][0].futex.words_at = 100; /* read just now: not looked at again since */
    assert_null(judge(&s));
    s.threads[B][0].futex.words_at = 95;
    s.threads[B][1].state = 'R';
    assert_null(judge(&s));
    build(&s);
    lock_each_other(&s);
    s.threads[B][1].futex.has_timeout = true;
    assert_null(judge(&s));
}

static void a_handler_makes_a_circle_of_locks_likely(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    lock_each_other(&s);
    s.procs[B].sig_caught = 1ull << (SIGALRM - 1);
    s.settings.hang_after = 1000;
    assert_null(judge(&s));
    s.settings.hang_after = 5;
    assert_finding(&s, "lock-cycle", CERTAINTY_LIKELY, "lock-order", B);
    findings_done(&s.findings);
}

static void a_lock_that_its_holder_wants_again_and_a_join_close_the_circle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[B][0] = in_mutex(pid_of(B), pid_of(B), pid_of(B), false);
    assert_finding(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    assert_string_equal(s.findings.v[0].summary, "a thread waits for a lock that it holds itself");
    findings_done(&s.findings);
    build(&s);
    lock_each_other(&s);
    struct futex_wait *join = &s.threads[B][0].futex;
    *join = (struct futex_wait){.waiting = true, .command = FUTEX_WAIT, .word_seen = SEEN, .home = WORD_PRIVATE};
    join->word = join->expected = (uint32_t)pid_of(B) + 1;
    assert_finding(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
}

static void waiting_for_one_who_works_or_waits_outside_is_no_circle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    lock_each_other(&s);
    s.threads[B][1] = asleep_in(pid_of(B) + 1, SYS_clock_nanosleep, 0);
    assert_null(judge(&s));
    s.threads[B][1].state = 'R';
    s.procs[B].at_one_instant = false;
    assert_null(judge(&s));
}

static void processes_that_lock_each_other_out_of_shared_memory_are_one_finding(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[B][0] = in_mutex(pid_of(B), pid_of(C), pid_of(C), true);
    s.threads[C][0] = in_mutex(pid_of(C), pid_of(B), pid_of(B), true);
    waits_for(&s, A, B);
    assert_finding(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    assert_true(is_victim(&s, A));
    findings_done(&s.findings);
    s.threads[C][0].asleep_since = 96; /* after B's words were read */
    assert_null(judge(&s));
}

static void a_parent_that_holds_what_its_child_wants_closes_the_circle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[B][0] = in_mutex(pid_of(B), pid_of(A), pid_of(A), true);
    waits_for(&s, A, B);
    assert_finding(&s, "lock-cycle", CERTAINTY_PROVED, "lock-order", B);
    findings_done(&s.findings);
    a_polls(&s);
    assert_null(judge(&s));
}

/* Nothing before its time, then likely. */
static void assert_only_likely(struct stage *s)
{
    s->settings.hang_after = 1000;
    assert_null(judge(s));
    s->settings.hang_after = 5;
    assert_finding(s, "lock-cycle", CERTAINTY_LIKELY, "lock-order", B);
    findings_done(&s->findings);
}

/* Anybody can unlock a mutex that is not robust, and cancel a thread that joins. */
static void what_others_might_let_go_is_never_proved(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[B][0] = in_mutex(pid_of(B), pid_of(B), pid_of(B), false);
    s.threads[B][1] = asleep_in(pid_of(B) + 1, SYS_clock_nanosleep, 0);
    s.procs[B].nthreads = 2;
    assert_only_likely(&s);
    build(&s);
    lock_each_other(&s);
    struct futex_wait *join = &s.threads[B][0].futex;
    *join = (struct futex_wait){.waiting = true, .command = FUTEX_WAIT, .word_seen = SEEN, .home = WORD_PRIVATE};
    join->word = join->expected = (uint32_t)pid_of(B) + 1;
    b_at_one_instant_not(&s);
    join->words_at = 95;
    assert_only_likely(&s);
    build(&s); /* another process that has the memory of the lock */
    s.threads[B][0] = in_mutex(pid_of(B), pid_of(A), pid_of(A), true);
    waits_for(&s, A, B);
    s.threads[C][0].state = 'R';
    s.procs[C].at_one_instant = false;
    s.procs[C].shared_maps = (struct ints){(int64_t[]){WORD}, 1};
    assert_only_likely(&s);
}

static void locks_of_files_are_likely(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    for (int i = B; i <= C; i++) {
        s.threads[i][0] = asleep_in(pid_of(i), SYS_flock, 3);
        s.procs[i].lock_seen = SEEN;
        s.procs[i].lock_holder = pid_of(i == B ? C : B);
    }
    assert_finding(&s, "lock-cycle", CERTAINTY_LIKELY, "lock-order", B);
    s.procs[C].lock_seen = DENIED;
    assert_null(judge(&s));
}

/* Dead workers. */

static void wait_at_word(struct stage *s)
{
    for (int i = A; i <= C; i++) {
        s->maps[i] = WORD;
        s->procs[i].shared_maps = (struct ints){&s->maps[i], 1};
    }
    for (int i = B; i <= C; i++) {
        s->threads[i][0] = asleep_in(pid_of(i), SYS_futex, 0);
        s->threads[i][0].futex = (struct futex_wait){.waiting = true, .command = FUTEX_WAIT_BITSET, .word_seen = SEEN,
                                                     .home = WORD_SHARED, .home_file = WORD};
    }
    waits_for(s, A, B);
}

static void kill_one(struct stage *s, int signal)
{
    s->departed = (struct departed){
        .pid = 99, .parent = pid_of(A), .name = "app", .end_seen = SEEN, .signal = signal, .at = 91
    };
    s->scene.ndeparted = 1;
}

static void a_lock_that_a_killed_worker_took_along_is_likely(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    wait_at_word(&s);
    assert_null(judge(&s)); /* idle workers at a semaphore */
    kill_one(&s, SIGKILL);
    assert_finding(&s, "lost-worker", CERTAINTY_LIKELY, "dead-worker", B);
    assert_true(is_victim(&s, A) && is_victim(&s, C));
    kill_one(&s, 0); /* it has ended as it should */
    assert_null(judge(&s));
    kill_one(&s, SIGKILL);
    a_polls(&s); /* it may still post */
    assert_null(judge(&s));
    findings_done(&s.findings);
    build(&s);
    wait_at_word(&s);
    kill_one(&s, SIGKILL);
    reads(&s, C, C); /* one waits where the work comes from */
    give_pipe(&s, A, C, true);
    assert_null(judge(&s));
}

static void lose_task(struct stage *s)
{
    s->threads[A][0] = asleep_in(pid_of(A), SYS_futex, 0);
    s->threads[A][0].futex = (struct futex_wait){.waiting = true, .private_op = true, .command = FUTEX_WAIT_BITSET};
    s->threads[A][1] = asleep_in(pid_of(A) + 1, SYS_clock_nanosleep, 0);
    s->procs[A].nthreads = 2;
    for (int i = B; i <= C; i++) {
        reads(s, i, i);
        give_pipe(s, A, i, true);
    }
    kill_one(s, SIGKILL);
}

static void the_task_of_a_killed_worker_is_lost_if_all_others_idle(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    lose_task(&s);
    assert_finding(&s, "lost-worker", CERTAINTY_LIKELY, "dead-worker", A);
    kill_one(&s, 0);
    assert_null(judge(&s));
    kill_one(&s, SIGKILL);
    s.departed.at = 99; /* just now: it may be noticed yet */
    assert_null(judge(&s));
    s.departed.at = 91;
    s.threads[C][0] = asleep_in(pid_of(C), SYS_clock_nanosleep, 0); /* one has a task */
    assert_null(judge(&s));
    build(&s);
    lose_task(&s);
    a_polls(&s); /* nobody waits for a result */
    assert_null(judge(&s));
}

static void a_lock_in_shared_memory_whose_holder_is_gone_is_an_orphan(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[B][0] = in_mutex(pid_of(B), 99, 0, true);
    waits_for(&s, A, B);
    assert_finding(&s, "orphaned-lock", CERTAINTY_LIKELY, "dead-worker", B);
    s.threads[B][0].futex.owner_process = 4711; /* it is there: who that is, is not known */
    assert_null(judge(&s));
}

/* A thousand idle workers are many waits and no million edges; and nothing is to be said of them. */
static void nothing_is_said_of_an_empty_scene(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.scene.n = 0;
    assert_null(judge(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_is_joined_before_it_is_read_is_a_cycle),
        cmocka_unit_test(the_thread_that_feeds_the_queue_may_be_another_one),
        cmocka_unit_test(two_that_write_or_read_to_each_other_are_a_cycle),
        cmocka_unit_test(who_waits_for_a_knot_is_its_victim),
        cmocka_unit_test(a_cycle_through_sockets_is_never_proved),
        cmocka_unit_test(workers_that_wait_for_work_are_idle),
        cmocka_unit_test(an_end_of_file_that_the_reader_itself_prevents_never_comes),
        cmocka_unit_test(an_end_of_file_that_an_idle_sibling_prevents_never_comes),
        cmocka_unit_test(threads_that_lock_each_other_out_are_proved_whatever_the_others_do),
        cmocka_unit_test(a_handler_makes_a_circle_of_locks_likely),
        cmocka_unit_test(a_lock_that_its_holder_wants_again_and_a_join_close_the_circle),
        cmocka_unit_test(waiting_for_one_who_works_or_waits_outside_is_no_circle),
        cmocka_unit_test(processes_that_lock_each_other_out_of_shared_memory_are_one_finding),
        cmocka_unit_test(a_parent_that_holds_what_its_child_wants_closes_the_circle),
        cmocka_unit_test(what_others_might_let_go_is_never_proved),
        cmocka_unit_test(locks_of_files_are_likely),
        cmocka_unit_test(a_lock_that_a_killed_worker_took_along_is_likely),
        cmocka_unit_test(the_task_of_a_killed_worker_is_lost_if_all_others_idle),
        cmocka_unit_test(a_lock_in_shared_memory_whose_holder_is_gone_is_an_orphan),
        cmocka_unit_test(nothing_is_said_of_an_empty_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
