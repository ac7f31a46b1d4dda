/* SPDX-License-Identifier: MIT
 * The rules on made-up evidence. Each case that must match is followed by cases that differ in one fact and must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/hang/private.h"

enum { PARENT, CHILD, PROCESSES, PARENT_PID = 100, CHILD_PID = 200, THREADS_MAX = 2 };

/* A parent that waits for a child; each case starts from this. */
struct stage {
    struct thread_evidence threads[PROCESSES][THREADS_MAX];
    struct fd_evidence fd;
    struct evidence procs[PROCESSES];
    struct scene scene;
    struct hang_settings settings;
    struct findings findings;
};

static struct thread_evidence asleep_in(pid_t tid, long call)
{
    return (struct thread_evidence){
        .tid = tid, .state = 'S', .switches_seen = SEEN, .syscall_seen = SEEN, .syscall = call, .asleep_since = 90};
}

static struct thread_evidence in_private_futex(pid_t tid)
{
    struct thread_evidence t = asleep_in(tid, SYS_futex);
    t.futex = (struct futex_wait){.waiting = true,
                                  .private_op = true,
                                  .command = FUTEX_WAIT_BITSET,
                                  .address = 0x7f00,
                                  .word_seen = SEEN,
                                  .home = WORD_PRIVATE};
    return t;
}

/* What glibc's pthread_mutex_lock leaves in the words. */
static struct thread_evidence in_mutex(pid_t tid, uint32_t owner)
{
    struct thread_evidence t = in_private_futex(tid);
    t.futex.command = FUTEX_WAIT;
    t.futex.word = t.futex.expected = 2;
    t.futex.users = 1;
    t.futex.owner = owner;
    t.futex.owner_seen = SEEN;
    t.futex.owner_process = PARENT_PID;
    return t;
}

static void build(struct stage *s)
{
    *s = (struct stage){.settings = {.started = 50, .hang_after = 1000}};
    s->threads[PARENT][0] = asleep_in(PARENT_PID, SYS_wait4);
    s->threads[CHILD][0] = in_private_futex(CHILD_PID);
    for (int i = 0; i < PROCESSES; i++)
        s->procs[i] = (struct evidence){
            .pid = i == PARENT ? PARENT_PID : CHILD_PID,
            .ppid = i == PARENT ? 1 : PARENT_PID,
            .first_parent = i == PARENT ? 1 : PARENT_PID,
            .name = "app",
            .state = 'S',
            .threads_seen = SEEN,
            .threads = s->threads[i],
            .nthreads = 1,
            .at_one_instant = true,
            .timers_seen = SEEN,
            .shares_seen = SEEN,
            .maps_seen = SEEN,
            .fds_seen = SEEN,
            .fds = &s->fd,
            .parent_threads = -1,
            .alive_at = 90,
        };
    s->procs[CHILD].forked_without_exec = true;
    s->procs[CHILD].parent_threads = 5;
    s->procs[CHILD].parent_waits = s->procs[CHILD].awaited = true;
    s->scene = (struct scene){.procs = s->procs, .n = PROCESSES, .taken = 100};
}

/* The finding about the child, or NULL; none may be about the parent. */
static const struct finding *judge(struct stage *s)
{
    assert_int_equal(hang_judge(&s->scene, &s->settings, &s->findings), OK);
    assert_true(s->findings.n <= 1);
    if (s->findings.n == 0)
        return NULL;
    assert_int_equal(s->findings.v[0].pid, CHILD_PID);
    return &s->findings.v[0];
}

static void assert_finding(const struct finding *f, const char *rule, enum certainty certainty, const char *cause)
{
    assert_non_null(f);
    assert_string_equal(f->rule, rule);
    assert_int_equal(f->certainty, certainty);
    assert_string_equal(f->cause, cause);
    assert_true(f->summary && *f->summary && f->fix && *f->fix && f->evidence.n > 0);
    assert_true(f->after_seconds == 50);
}

/* Changes of one fact. */
static void awake(struct stage *s)
{
    s->threads[CHILD][0].state = 'R';
    s->procs[CHILD].at_one_instant = false;
}
static void not_at_one_instant(struct stage *s)
{
    s->procs[CHILD].at_one_instant = false;
}
static void timed(struct stage *s)
{
    s->threads[CHILD][0].futex.has_timeout = true;
}
static void other_call(struct stage *s)
{
    s->threads[CHILD][0] = asleep_in(CHILD_PID, SYS_read);
}
static void shared_word(struct stage *s)
{
    s->threads[CHILD][0].futex.private_op = false;
    s->threads[CHILD][0].futex.home = WORD_SHARED;
}
static void unknown_word(struct stage *s)
{
    s->threads[CHILD][0].futex.private_op = false;
    s->threads[CHILD][0].futex.home = WORD_UNKNOWN;
}
static void timer(struct stage *s)
{
    s->procs[CHILD].timers = 1;
}
static void sharer(struct stage *s)
{
    s->procs[CHILD].shares_with = 300;
}
static void other_thread_polls(struct stage *s)
{
    s->threads[CHILD][1] = asleep_in(CHILD_PID + 1, SYS_ppoll);
    s->procs[CHILD].nthreads = 2;
}
static void threads_denied(struct stage *s)
{
    s->procs[CHILD].threads_seen = DENIED;
}
static void syscall_denied(struct stage *s)
{
    s->threads[CHILD][0] = (struct thread_evidence){
        .tid = CHILD_PID, .state = 'S', .syscall_seen = DENIED, .syscall = -1};
}
static void parked(struct stage *s)
{
    struct evidence *e = &s->procs[CHILD];
    e->forked_without_exec = e->parent_waits = e->awaited = false;
    s->threads[PARENT][0] = asleep_in(PARENT_PID, SYS_ppoll);
}

static void tracer(struct stage *s)
{
    s->procs[CHILD].tracer = 300;
}
static void handler(struct stage *s)
{
    s->procs[CHILD].sig_caught = 1ull << (SIGTERM - 1);
}
static void interrupt_handler(struct stage *s)
{
    s->procs[CHILD].sig_caught = 1ull << (SIGINT - 1);
}
static void pending(struct stage *s)
{
    s->procs[CHILD].sig_pending = 1ull << (SIGUSR1 - 1);
}
static void ring(struct stage *s)
{
    s->fd.kind = FD_IO_URING;
    s->procs[CHILD].nfds = 1;
}
static void ring_mapped(struct stage *s)
{
    s->procs[CHILD].io_uring_mapped = true;
}
static void timers_denied(struct stage *s)
{
    s->procs[CHILD].timers_seen = DENIED;
}
static void shares_denied(struct stage *s)
{
    s->procs[CHILD].shares_seen = DENIED;
}
static void fds_denied(struct stage *s)
{
    s->procs[CHILD].fds_seen = DENIED;
}
static void maps_not_seen(struct stage *s)
{
    s->procs[CHILD].maps_seen = NOT_SEEN;
}

static void (*const refuting[])(struct stage *) = {
    awake,  not_at_one_instant, timed,          other_call,     shared_word, unknown_word, timer,
    sharer, other_thread_polls, threads_denied, syscall_denied, parked,
};

static void (*const doubts[])(struct stage *) = {
    tracer,      handler,       interrupt_handler, pending,    ring,
    ring_mapped, timers_denied, shares_denied,     fds_denied, maps_not_seen,
};

static void no_waker_is_proved_and_no_fact_may_be_missing(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    assert_int_equal(s.findings.v[0].victims.n, 1);
    assert_int_equal(s.findings.v[0].victims.v[0], PARENT_PID);
    findings_done(&s.findings);
    for (size_t i = 0; i < sizeof refuting / sizeof *refuting; i++) {
        build(&s);
        refuting[i](&s);
        assert_null(judge(&s));
        s.settings.hang_after = 0; /* time does not prove it either */
        const struct finding *f = judge(&s);
        assert_true(!f || (f->certainty < CERTAINTY_PROVED && strcmp(f->rule, "stalled") == 0));
        findings_done(&s.findings);
    }
}

static void a_doubt_makes_it_likely_and_only_with_time_and_lost_threads(void **state)
{
    struct stage s;
    (void)state;
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) {
        build(&s);
        doubts[i](&s);
        assert_null(judge(&s));
        s.settings.hang_after = 5;
        assert_finding(judge(&s), "no-waker", CERTAINTY_LIKELY, "lost-threads");
        findings_done(&s.findings);
        s.procs[CHILD].parent_threads = 1;
        if (hang_undisturbed(&s.procs[CHILD])) {
            assert_finding(judge(&s), "stalled", CERTAINTY_LIKELY, "unknown");
            findings_done(&s.findings);
        } else { /* it may be waiting for exactly that signal */
            assert_null(judge(&s));
        }
    }
}

static void a_process_that_nobody_waits_for_and_that_lost_no_thread_is_parked(void **state)
{
    struct stage s;
    (void)state;
    build(&s); /* forked by a parent with one thread, which continues */
    s.procs[CHILD].parent_threads = 1;
    s.procs[CHILD].parent_waits = s.procs[CHILD].awaited = false;
    s.threads[PARENT][0] = asleep_in(PARENT_PID, SYS_ppoll);
    assert_null(judge(&s));
    s.procs[CHILD].parent_threads = 5;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
}

static void a_python_program_that_may_wait_for_an_interrupt_is_not_proved(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    interrupt_handler(&s);
    s.procs[CHILD].exe = (char[]){"/usr/bin/python3.11"};
    s.procs[CHILD].forked_without_exec = false;
    s.settings.hang_after = 0;
    assert_null(judge(&s));
    s.procs[CHILD].nthreads = 2; /* a signal would wake only one of several threads */
    s.threads[CHILD][1] = in_private_futex(CHILD_PID + 1);
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "unknown");
    findings_done(&s.findings);
}

static void handlers_of_runtimes_give_no_doubt(void **state)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, 32, 33};
    struct stage s;
    (void)state;
    build(&s);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        s.procs[CHILD].sig_caught |= 1ull << (crashes[i] - 1);
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
    build(&s);
    interrupt_handler(&s); /* which Python always installs */
    s.procs[CHILD].exe = (char[]){"/usr/bin/python3.11"};
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
}

static void a_sigwinch_handler_gives_a_doubt_unless_it_is_that_of_readline(void **state)
{
    static char *libraries[] = {"readline.cpython-311-x86_64-linux-gnu.so"};
    struct stage s;
    (void)state;
    build(&s);
    s.procs[CHILD].sig_caught = 1ull << (SIGWINCH - 1);
    s.procs[CHILD].exe = (char[]){"/usr/bin/python3.11"};
    assert_true(!judge(&s) || s.findings.v[0].certainty < CERTAINTY_PROVED);
    findings_done(&s.findings);
    s.procs[CHILD].libraries = (struct texts){.v = libraries, .n = 1};
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
}

static void the_cause_is_lost_threads_only_if_threads_were_lost(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.procs[CHILD].parent_threads = 1;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "unknown");
    findings_done(&s.findings);
    s.procs[CHILD].parent_threads = -1;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "unknown");
    findings_done(&s.findings);
    s.procs[CHILD].ghost_stacks = 4; /* corroborates */
    const struct finding *f = judge(&s);
    assert_finding(f, "no-waker", CERTAINTY_PROVED, "lost-threads");
    assert_non_null(strstr(f->evidence.v[1], "probably"));
    findings_done(&s.findings);
}

static void a_join_counts_only_if_the_word_is_a_thread_of_the_process(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.procs[CHILD].nthreads = 2;
    s.threads[CHILD][1] = in_private_futex(CHILD_PID + 1);
    struct futex_wait *join = &s.threads[CHILD][0].futex;
    join->private_op = false;
    join->word = join->expected = CHILD_PID + 1;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
    join->home = WORD_SHARED;
    assert_null(judge(&s));
    join->home = WORD_UNKNOWN;
    assert_null(judge(&s));
}

/* Like std::future: the operation is not private, but the word is in private memory. */
static void a_shared_operation_in_private_memory_counts_as_private(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[CHILD][0].futex.private_op = false;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
}

static void orphaned_lock_goes_before_no_waker(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[CHILD][0] = in_mutex(CHILD_PID, PARENT_PID + 7);
    assert_finding(judge(&s), "orphaned-lock", CERTAINTY_PROVED, "lock-held-at-fork");
    findings_done(&s.findings);
}

static struct futex_wait a_wait(uint32_t command, bool private_op, uint32_t word)
{
    return (struct futex_wait){.waiting = true,
                               .private_op = private_op,
                               .command = command,
                               .address = 0x7f08,
                               .word = word,
                               .expected = word,
                               .word_seen = SEEN,
                               .home = WORD_PRIVATE,
                               .owner_seen = SEEN,
                               .owner_process = PARENT_PID};
}

/* A robust mutex has its owner in the word; the wait for it is a shared operation. */
static struct futex_wait in_robust_mutex(uint32_t owner)
{
    struct futex_wait f = a_wait(FUTEX_WAIT, false, FUTEX_WAITERS | owner);
    f.count = f.users = 1;
    f.owner = owner;
    f.kind = 16 | 128 | 512;
    return f;
}

/* A reader waits 8 bytes into a pthread_rwlock_t, a writer 12. */
static struct futex_wait in_rwlock(uint32_t owner, bool reads)
{
    struct futex_wait f = a_wait(FUTEX_WAIT_BITSET, true, 3);
    f.before[reads] = 3 | 1 << 3;
    *(reads ? &f.kind : &f.users) = owner;
    return f;
}

static struct futex_wait in_pi_mutex(uint32_t owner)
{
    return a_wait(FUTEX_LOCK_PI, true, FUTEX_WAITERS | owner);
}

static void locks_of_all_kinds_show_their_holder(void **state)
{
    const uint32_t owner = PARENT_PID + 7;
    const struct {
        struct futex_wait wait;
        enum futex_lock lock;
        enum certainty certainty;
    } cases[] = {
        {in_robust_mutex(owner), LOCK_ROBUST, CERTAINTY_PROVED},
        {in_rwlock(owner, true), LOCK_WRITER, CERTAINTY_PROVED},
        {in_rwlock(owner, false), LOCK_WRITER, CERTAINTY_PROVED},
        {in_pi_mutex(owner), LOCK_PI, CERTAINTY_LIKELY}}; /* the kernel passes the lock on when its owner ends */
    struct stage s;
    pid_t holder;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(futex_wait_lock(&cases[i].wait, &holder), cases[i].lock);
        assert_int_equal(holder, owner);
        build(&s);
        s.threads[CHILD][0].futex = cases[i].wait;
        s.settings.hang_after = 5;
        assert_finding(judge(&s), "orphaned-lock", cases[i].certainty, "lock-held-at-fork");
        findings_done(&s.findings);
    }
}

static void words_that_only_look_like_a_lock_have_no_holder(void **state)
{
    struct futex_wait cases[] = {in_robust_mutex(107), in_robust_mutex(107), in_robust_mutex(107),
                                 in_rwlock(107, true), in_rwlock(107, true), in_rwlock(107, false),
                                 in_pi_mutex(0),       in_pi_mutex(107)};
    pid_t holder;
    (void)state;
    cases[0].word = cases[0].expected |= FUTEX_OWNER_DIED; /* another thread has taken it over */
    cases[1].owner = 108;
    cases[2].kind = 128;
    cases[3].before[1] = 1 << 3; /* readers hold it */
    cases[4].kind = 0x7f3a1740;  /* too large for a TID */
    cases[5].expected = 2;
    cases[7].has_timeout = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(futex_wait_lock(&cases[i], &holder), LOCK_NONE);
}

/* The TID of the holder is of another PID namespace, and means nothing in ours. */
static void a_holder_in_another_pid_namespace_is_unknown(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[CHILD][0] = in_mutex(CHILD_PID, 7);
    s.threads[CHILD][0].futex.owner_seen = NOT_SEEN;
    s.threads[CHILD][0].futex.owner_process = 0;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
}

/* If the library is recognised, the finding names it as a guess, and the fix is for this library. */
static void the_fix_is_for_the_library_whose_threads_are_missing(void **state)
{
    char *const names[] = {"python3", "polars-0", "polars-1"}, *const libraries[] = {"libc.so.6", "libgomp-a1.so.1"};
    struct stage s;
    const struct finding *f;
    (void)state;
    build(&s);
    f = judge(&s);
    assert_non_null(strstr(f->fix, "instead of fork"));
    findings_done(&s.findings);
    s.procs[CHILD].exe = (char[]){"/usr/bin/python3.11"};
    f = judge(&s);
    assert_non_null(strstr(f->fix, "ProcessPoolExecutor(mp_context=multiprocessing.get_context(\"spawn\"))"));
    findings_done(&s.findings);
    s.procs[CHILD].libraries = (struct texts){(char **)libraries, 2};
    f = judge(&s);
    assert_string_equal(f->evidence.v[f->evidence.n - 1],
                        "the missing threads are probably those of GNU's OpenMP: it has loaded libgomp-a1.so.1");
    assert_non_null(strstr(f->fix, "export OMP_NUM_THREADS=1"));
    findings_done(&s.findings);
    s.procs[CHILD].parent_names = (struct texts){(char **)names,
                                                 3}; /* names of threads say more than a mapped library */
    f = judge(&s);
    assert_string_equal(f->evidence.v[f->evidence.n - 1],
                        "the missing threads are probably those of Polars: its parent had a thread called polars-0");
    findings_done(&s.findings);
}

static void threads_of_the_parent_that_were_only_seen_are_a_lower_bound(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.procs[CHILD].parent_threads_at_least = true;
    const struct finding *f = judge(&s);
    assert_non_null(strstr(f->evidence.v[0], "which had at least 5 threads; this child has 1"));
    findings_done(&s.findings);
}

static void spinning_without_the_parents_threads_is_likely_and_never_proved(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    struct evidence *e = &s.procs[CHILD];
    s.threads[CHILD][0] = (struct thread_evidence){.tid = CHILD_PID, .state = 'R', .syscall_seen = SEEN, .syscall = -1};
    e->at_one_instant = false;
    e->alive_at = 100;
    e->spins_since = 90;
    e->spin_cpu = 9;
    e->spin_looks = 30;
    s.settings.hang_after = 5;
    assert_finding(judge(&s), "spinning", CERTAINTY_LIKELY, "lost-threads");
    findings_done(&s.findings);
    e->parent_threads = 1; /* it has lost no thread: it computes */
    assert_null(judge(&s));
    e->parent_threads = 5;
    e->spin_looks = 1; /* its stack has changed */
    assert_null(judge(&s));
    e->spin_looks = 30;
    e->spins_since = 97;
    assert_null(judge(&s));
}

/* Locks that are not a glibc mutex: those of Python, Rust, rayon, malloc and stdio. */
static void a_two_alone_is_not_a_mutex_with_an_owner(void **state)
{
    static const struct {
        uint32_t command, word, owner, users, kind, count;
    } others[] = {
        {FUTEX_WAIT_BITSET, 2, PARENT_PID + 7, 1, 0, 0},
        {FUTEX_WAIT, 1, PARENT_PID + 7, 1, 0, 0},
        {FUTEX_WAIT, 2, 0, 1, 0, 0},
        {FUTEX_WAIT, 2, 0x7f3a1740, 1, 0, 0},
        {FUTEX_WAIT, 2, PARENT_PID + 7, 0, 0, 0},
        {FUTEX_WAIT, 2, PARENT_PID + 7, 32570, 0, 0},
        {FUTEX_WAIT, 2, PARENT_PID + 7, 1, 0x1740, 0},
        {FUTEX_WAIT, 2, PARENT_PID + 7, 1, 0, 9},
        {FUTEX_WAIT, 2, PARENT_PID + 7, 1, 1, 0},
    };
    struct stage s;
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        build(&s);
        s.threads[CHILD][0] = in_mutex(CHILD_PID, others[i].owner);
        struct futex_wait *f = &s.threads[CHILD][0].futex;
        f->command = others[i].command;
        f->word = f->expected = others[i].word;
        f->users = others[i].users;
        f->kind = others[i].kind;
        f->count = others[i].count;
        assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
        findings_done(&s.findings);
    }
}

static void a_lock_with_a_living_owner_is_not_orphaned(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.procs[CHILD].nthreads = 2;
    s.threads[CHILD][0] = in_mutex(CHILD_PID, CHILD_PID + 1);
    s.threads[CHILD][0].futex.owner_process = CHILD_PID;
    s.threads[CHILD][1] = asleep_in(CHILD_PID + 1, SYS_nanosleep);
    s.settings.hang_after = 0;
    assert_null(judge(&s));
    s.threads[CHILD][1].state = 'Z'; /* it has ended, and what it held stays locked */
    assert_finding(judge(&s), "orphaned-lock", CERTAINTY_PROVED, "unknown");
    findings_done(&s.findings);
}

static void an_owner_in_an_unrelated_process_or_not_looked_up_proves_nothing(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[CHILD][0] = in_mutex(CHILD_PID, 999);
    s.threads[CHILD][0].futex.owner_process = 990;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
    s.threads[CHILD][0].futex.owner_seen = DENIED;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "lost-threads");
    findings_done(&s.findings);
}

static void an_owner_in_the_parent_means_nothing_after_exec(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[CHILD][0] = in_mutex(CHILD_PID, PARENT_PID + 7);
    s.procs[CHILD].forked_without_exec = false;
    assert_finding(judge(&s), "no-waker", CERTAINTY_PROVED, "unknown"); /* it is awaited */
    findings_done(&s.findings);
}

static void an_orphaned_lock_among_living_threads_is_likely_after_a_while(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.threads[CHILD][0] = in_mutex(CHILD_PID, PARENT_PID + 7);
    other_thread_polls(&s);
    assert_null(judge(&s));
    s.settings.hang_after = 5;
    assert_finding(judge(&s), "orphaned-lock", CERTAINTY_LIKELY, "lock-held-at-fork");
    assert_int_equal(s.findings.v[0].tid, CHILD_PID);
    findings_done(&s.findings);
}

static void stalled_needs_time_and_somebody_who_waits(void **state)
{
    struct stage s;
    (void)state;
    build(&s);
    s.settings.hang_after = 5;
    s.procs[CHILD].at_one_instant = false;
    assert_finding(judge(&s), "stalled", CERTAINTY_LIKELY, "unknown");
    findings_done(&s.findings);
    s.procs[CHILD].awaited = s.procs[CHILD].parent_waits = false;
    assert_null(judge(&s));
    s.procs[CHILD].awaited = s.procs[CHILD].has_task = true;
    s.procs[CHILD].alive_at = 98;
    assert_null(judge(&s));
}

/* What an awaited process may wait for without a finding, or, if it has a task, with one. */
static void ordinary_waits_are_not_stalled(void **state)
{
    static const struct {
        long call;
        uint64_t arg2, arg3;
        int possible_with_task;
    } waits[] = {
        {SYS_read, 0, 0, 1},
        {SYS_recvfrom, 0, 0, 1},
        {SYS_accept4, 0, 0, 1},
        {SYS_ppoll, 0, 0, 1},
        {SYS_ppoll, 0x7f00, 0, 0},
        {SYS_epoll_pwait, 0, (uint64_t)-1, 1},
        {SYS_epoll_pwait, 0, 100, 0},
        {SYS_nanosleep, 0, 0, 0},
        {SYS_clock_nanosleep, 0, 0, 0},
        {SYS_restart_syscall, 0, 0, 0},
        {SYS_wait4, 0, 0, 0},
        {SYS_waitid, 0, 0, 0},
        {SYS_rt_sigtimedwait, 0, 0, 1},
        {SYS_write, 0, 0, 1},
        {SYS_flock, 0, 0, 1},
    };
    struct stage s;
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        build(&s);
        s.settings.hang_after = 5;
        s.threads[CHILD][0] = asleep_in(CHILD_PID, waits[i].call);
        s.threads[CHILD][0].args[2] = waits[i].arg2;
        s.threads[CHILD][0].args[3] = waits[i].arg3;
        assert_null(judge(&s));
        s.procs[CHILD].has_task = true;
        const struct finding *f = judge(&s);
        assert_true((f != NULL) == waits[i].possible_with_task);
        assert_true(!f || f->certainty == CERTAINTY_POSSIBLE);
        findings_done(&s.findings);
    }
}

static void a_process_whose_child_works_is_not_stalled(void **state)
{
    struct stage s;
    (void)state;
    build(&s); /* this case is about the parent */
    s.settings.hang_after = 5;
    s.threads[PARENT][0] = asleep_in(PARENT_PID, SYS_read);
    s.procs[PARENT].has_task = s.procs[PARENT].awaited = true;
    s.threads[CHILD][0].state = 'R';
    s.procs[CHILD].at_one_instant = false;
    s.procs[CHILD].alive_at = 99;
    assert_null(judge(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_waker_is_proved_and_no_fact_may_be_missing),
        cmocka_unit_test(a_doubt_makes_it_likely_and_only_with_time_and_lost_threads),
        cmocka_unit_test(a_process_that_nobody_waits_for_and_that_lost_no_thread_is_parked),
        cmocka_unit_test(a_python_program_that_may_wait_for_an_interrupt_is_not_proved),
        cmocka_unit_test(handlers_of_runtimes_give_no_doubt),
        cmocka_unit_test(a_sigwinch_handler_gives_a_doubt_unless_it_is_that_of_readline),
        cmocka_unit_test(the_cause_is_lost_threads_only_if_threads_were_lost),
        cmocka_unit_test(a_join_counts_only_if_the_word_is_a_thread_of_the_process),
        cmocka_unit_test(a_shared_operation_in_private_memory_counts_as_private),
        cmocka_unit_test(orphaned_lock_goes_before_no_waker),
        cmocka_unit_test(locks_of_all_kinds_show_their_holder),
        cmocka_unit_test(words_that_only_look_like_a_lock_have_no_holder),
        cmocka_unit_test(a_holder_in_another_pid_namespace_is_unknown),
        cmocka_unit_test(the_fix_is_for_the_library_whose_threads_are_missing),
        cmocka_unit_test(threads_of_the_parent_that_were_only_seen_are_a_lower_bound),
        cmocka_unit_test(spinning_without_the_parents_threads_is_likely_and_never_proved),
        cmocka_unit_test(a_two_alone_is_not_a_mutex_with_an_owner),
        cmocka_unit_test(a_lock_with_a_living_owner_is_not_orphaned),
        cmocka_unit_test(an_owner_in_an_unrelated_process_or_not_looked_up_proves_nothing),
        cmocka_unit_test(an_owner_in_the_parent_means_nothing_after_exec),
        cmocka_unit_test(an_orphaned_lock_among_living_threads_is_likely_after_a_while),
        cmocka_unit_test(stalled_needs_time_and_somebody_who_waits),
        cmocka_unit_test(ordinary_waits_are_not_stalled),
        cmocka_unit_test(a_process_whose_child_works_is_not_stalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
