/* SPDX-License-Identifier: MIT
 * Processes that lack threads after a fork: a pool without its threads, a lock without its holder. */
#include "tests/programs/corpus.h"

#include <errno.h>
#include <linux/futex.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 4, CHILDREN = 8 };

/* A pool of threads like that of many libraries: submit and wait, with one lock and two conditions. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    unsigned submitted, finished;
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void *serve_pool(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (pool.finished == pool.submitted)
            pthread_cond_wait(&pool.work, &pool.lock);
        pool.finished++;
        pthread_cond_broadcast(&pool.done);
    }
    return NULL;
}

static void ask_pool(void)
{
    pthread_mutex_lock(&pool.lock);
    unsigned mine = ++pool.submitted;
    pthread_cond_signal(&pool.work);
    while (pool.finished < mine)
        pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

/* It has run a first job: its threads exist, and are idle or almost. */
static void start_pool(void)
{
    for (int i = 0; i < THREADS; i++)
        start(serve_pool, NULL);
    ask_pool();
    nap(0.05);
}

static void hang_in_pool(void)
{
    say_meant();
    ask_pool();
}

static void condvar(void)
{
    start_pool();
    wait_for(child(hang_in_pool));
}

static void many_children(void)
{
    pid_t pids[CHILDREN];
    start_pool();
    for (int i = 0; i < CHILDREN; i++)
        pids[i] = child(hang_in_pool);
    for (int i = 0; i < CHILDREN; i++)
        wait_for(pids[i]);
}

/* The parent in between has ended: the hung process is an orphan. */
static void hang_later_in_pool(void)
{
    nap(5);
    hang_in_pool();
}

static void fork_and_leave_later(void)
{
    child(hang_later_in_pool);
    nap(4);
}

static void orphan(void)
{
    start_pool();
    wait_for(child(fork_and_leave_later));
    sleep_for_ever();
}

/* The same, but the parent in between ended too soon to be seen, as when a daemon starts. */
static void fork_and_leave(void)
{
    child(hang_in_pool);
}

static void daemon_like(void)
{
    start_pool();
    wait_for(child(fork_and_leave));
    sleep_for_ever();
}

static void *fork_in_thread(void *arg)
{
    (void)arg;
    wait_for(child(hang_in_pool));
    return NULL;
}

static void from_thread(void)
{
    start_pool();
    pthread_join(start(fork_in_thread, NULL), NULL);
}

/* Healthy: in the child, the C library knows that the thread does not exist, and does not wait for its end. */
static pthread_t sleeper;

static void *sleep_in_thread(void *arg)
{
    sleep_for_ever();
    return arg;
}

static void join_it(void)
{
    pthread_join(sleeper, NULL);
}

static void join_lost(void)
{
    sleeper = start(sleep_in_thread, NULL);
    wait_for(child(join_it));
}

static void *end_at_once(void *arg)
{
    return arg;
}

/* It starts threads after the fork, but they wait for those that it lacks. */
static void *ask_in_thread(void *arg)
{
    (void)arg;
    ask_pool();
    return NULL;
}

static void with_new_threads(void)
{
    start_pool();
    pid_t pid = fork();
    if (pid == 0) {
        pthread_join(start(end_at_once, NULL), NULL);
        say_meant();
        pthread_t a = start(ask_in_thread, NULL), b = start(ask_in_thread, NULL);
        pthread_join(a, NULL);
        pthread_join(b, NULL);
        _exit(0);
    }
    wait_for(pid);
}

static sem_t asked, answered;

static void *serve_semaphore(void *arg)
{
    (void)arg;
    for (;;) {
        sem_wait(&asked);
        sem_post(&answered);
    }
    return NULL;
}

static void ask_by_semaphore(void)
{
    sem_post(&asked);
    while (sem_wait(&answered) < 0)
        continue;
}

static void hang_by_semaphore(void)
{
    say_meant();
    ask_by_semaphore();
}

static void semaphore(void)
{
    start(serve_semaphore, NULL);
    ask_by_semaphore();
    nap(0.05);
    wait_for(child(hang_by_semaphore));
}

/* A latch that is a bare futex, as in libraries of Rust: 0 not set, 1 set, 2 not set and somebody sleeps. */
static uint32_t latch;

static void latch_wait(void)
{
    uint32_t none = 0;
    __atomic_compare_exchange_n(&latch, &none, 2, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&latch, __ATOMIC_SEQ_CST) != 1)
        syscall(SYS_futex, &latch, FUTEX_WAIT_BITSET_PRIVATE, 2, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void *set_latch_after_work(void *arg)
{
    (void)arg;
    nap(1);
    __atomic_store_n(&latch, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &latch, FUTEX_WAKE_PRIVATE, 1000, NULL, NULL, 0);
    return NULL;
}

static void hang_on_latch(void)
{
    say_meant();
    latch_wait();
}

static void futex_latch(void)
{
    start(set_latch_after_work, NULL);
    pid_t pid = child(hang_on_latch);
    latch_wait(); /* in the parent it gets set */
    wait_for(pid);
}

static pthread_barrier_t barrier;

static void *meet(void *arg)
{
    (void)arg;
    for (;;)
        pthread_barrier_wait(&barrier);
    return NULL;
}

static void hang_at_barrier(void)
{
    say_meant();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
}

static void at_barrier(void)
{
    pthread_barrier_init(&barrier, NULL, 2);
    start(meet, NULL);
    pthread_barrier_wait(&barrier);
    nap(0.05);
    wait_for(child(hang_at_barrier));
}

/* Locks that another thread holds for long, also at the fork. */
static pthread_mutex_t mutex;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spinlock;

static void lock_mutex(void) { pthread_mutex_lock(&mutex); }
static void lock_write(void) { pthread_rwlock_wrlock(&rwlock); }
static void lock_read(void) { pthread_rwlock_rdlock(&rwlock); }
static void lock_spin(void) { pthread_spin_lock(&spinlock); }

struct holding {
    void (*take)(void);
    sem_t holds;
};

static void *hold(void *arg)
{
    struct holding *h = arg;
    h->take();
    sem_post(&h->holds);
    sleep_for_ever();
    return NULL;
}

static void fork_while_held(void (*take)(void), void (*want)(void))
{
    struct holding h = {.take = take};
    sem_init(&h.holds, 0, 0);
    start(hold, &h);
    sem_wait(&h.holds);
    pid_t pid = fork();
    if (pid == 0) {
        say_meant();
        want();
        _exit(0);
    }
    exit(wait_for(pid));
}

static void make_mutex(int type, int robustness, int protocol)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setrobust(&attr, robustness);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutex_init(&mutex, &attr);
}

static void mutex_held(void)
{
    make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    fork_while_held(lock_mutex, lock_mutex);
}

static void errorcheck_held(void)
{
    make_mutex(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    fork_while_held(lock_mutex, lock_mutex);
}

static void robust_held(void)
{
    make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
    fork_while_held(lock_mutex, lock_mutex);
}

/* Healthy: the kernel notices it, and the C library aborts. */
static void pi_held(void)
{
    make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
    fork_while_held(lock_mutex, lock_mutex);
}

static void write_held(void) { fork_while_held(lock_write, lock_read); }
static void read_held(void) { fork_while_held(lock_read, lock_write); }

static void spin_held(void)
{
    pthread_spin_init(&spinlock, PTHREAD_PROCESS_PRIVATE);
    fork_while_held(lock_spin, lock_spin);
}

const struct corpus_program corpus_forks[] = {
    {"fork-condvar", condvar},
    {"fork-many-children", many_children},
    {"fork-orphan", orphan},
    {"fork-daemon", daemon_like},
    {"fork-from-thread", from_thread},
    {"fork-new-threads", with_new_threads},
    {"fork-join", join_lost},
    {"fork-semaphore", semaphore},
    {"fork-futex-latch", futex_latch},
    {"fork-barrier", at_barrier},
    {"fork-mutex", mutex_held},
    {"fork-errorcheck-mutex", errorcheck_held},
    {"fork-robust-mutex", robust_held},
    {"fork-pi-mutex", pi_held},
    {"fork-rwlock-written", write_held},
    {"fork-rwlock-read", read_held},
    {"fork-spinlock", spin_held},
    {NULL, NULL},
};
