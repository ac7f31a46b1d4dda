/* SPDX-License-Identifier: MIT
 * Circles of locks, locks whose holder has ended, and wake-ups that nobody will send. */
#include "tests/programs/corpus.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct locks own;
static unsigned ring;

static void *take_two_in_thread(void *arg)
{
    take_two(&own, (unsigned)(size_t)arg, ring);
    return NULL;
}

static void threads_in_ring(unsigned n)
{
    pthread_t threads[RING];
    ring = n;
    make_locks(&own, n, PTHREAD_PROCESS_PRIVATE);
    say_meant();
    for (size_t i = 0; i < n; i++)
        threads[i] = start(take_two_in_thread, (void *)i);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

static void two_threads(void) { threads_in_ring(2); }
static void three_threads(void) { threads_in_ring(3); }

static void *sleep_in_thread(void *arg)
{
    sleep_for_ever();
    return arg;
}

/* The rest of the process continues, like a server that has lost two of its threads. */
static void beside_work(void)
{
    start(sleep_in_thread, NULL);
    threads_in_ring(2);
}

/* The kernel notices the circle of priority-inheriting locks, and the C library stops the thread for ever. */
static void two_pi_threads(void)
{
    pthread_mutexattr_t attr;
    make_locks(&own, ring = 2, PTHREAD_PROCESS_PRIVATE);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    for (int i = 0; i < 2; i++)
        pthread_mutex_init(&own.lock[i], &attr);
    say_meant();
    pthread_t t = start(take_two_in_thread, (void *)1);
    take_two_in_thread((void *)0);
    pthread_join(t, NULL);
}

static pthread_rwlock_t rwlocks[2] = {PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER};

static void *write_two(void *arg)
{
    size_t i = (size_t)arg;
    pthread_rwlock_wrlock(&rwlocks[i]);
    pthread_barrier_wait(&own.all_hold_one);
    pthread_rwlock_wrlock(&rwlocks[!i]);
    return NULL;
}

static void two_writers(void)
{
    make_locks(&own, 2, PTHREAD_PROCESS_PRIVATE);
    say_meant();
    pthread_t t = start(write_two, (void *)0);
    write_two((void *)1);
    pthread_join(t, NULL);
}

static void *take_first(void *arg)
{
    pthread_mutex_lock(&own.lock[0]);
    pthread_mutex_unlock(&own.lock[0]);
    return arg;
}

/* The main thread holds the lock that another thread wants, and waits for that thread to end. */
static void join_whom_it_blocks(void)
{
    make_locks(&own, 2, PTHREAD_PROCESS_PRIVATE);
    pthread_mutex_lock(&own.lock[0]);
    say_meant();
    pthread_join(start(take_first, NULL), NULL);
}

/* Healthy: the same, but a third thread cancels the main thread when that takes too long. */
static void unlock_first(void *arg)
{
    (void)arg;
    pthread_mutex_unlock(&own.lock[0]);
}

static void *cancel_later(void *thread)
{
    nap(LATER);
    pthread_cancel(*(pthread_t *)thread);
    return NULL;
}

static void *join_as_before(void *arg)
{
    pthread_mutex_lock(&own.lock[0]);
    pthread_t t = start(take_first, NULL);
    pthread_cleanup_push(unlock_first, NULL);
    pthread_join(t, NULL);
    pthread_cleanup_pop(1);
    return arg;
}

static void join_is_cancelled(void)
{
    make_locks(&own, 2, PTHREAD_PROCESS_PRIVATE);
    pthread_t t = start(join_as_before, NULL);
    start(cancel_later, &t);
    pthread_join(t, NULL);
    pthread_mutex_lock(&own.lock[0]);
}

static void lock_twice(void)
{
    make_locks(&own, 1, PTHREAD_PROCESS_PRIVATE);
    say_meant();
    pthread_mutex_lock(&own.lock[0]);
    pthread_mutex_lock(&own.lock[0]);
}

/* Healthy: the mutex is a signal, which another thread gives by unlocking it. */
static void *unlock_later(void *arg)
{
    nap(LATER);
    pthread_mutex_unlock(&own.lock[0]);
    return arg;
}

static void lock_is_signal(void)
{
    make_locks(&own, 1, PTHREAD_PROCESS_PRIVATE);
    pthread_mutex_lock(&own.lock[0]);
    start(unlock_later, NULL);
    pthread_mutex_lock(&own.lock[0]);
}

/* The condition was signalled before anybody waited, and nobody checks whether that has happened. */
static void *signal_too_early(void *arg)
{
    pthread_cond_signal(&own.changed);
    return arg;
}

static void *wait_too_late(void *arg)
{
    pthread_mutex_lock(&own.lock[0]);
    pthread_cond_wait(&own.changed, &own.lock[0]);
    pthread_mutex_unlock(&own.lock[0]);
    return arg;
}

static void lost_wakeup(void)
{
    make_locks(&own, 1, PTHREAD_PROCESS_PRIVATE);
    pthread_join(start(signal_too_early, NULL), NULL);
    say_meant();
    pthread_join(start(wait_too_late, NULL), NULL);
}

/* Healthy: it holds the lock for long, and computes. */
static void *hold_and_compute(void *arg)
{
    pthread_mutex_lock(&own.lock[0]);
    for (;;)
        compute(1);
    return arg;
}

static void *hold_and_sleep(void *arg)
{
    pthread_mutex_lock(&own.lock[0]);
    sleep_for_ever();
    return arg;
}

static void wait_for_holder(void *(*hold)(void *))
{
    make_locks(&own, 1, PTHREAD_PROCESS_PRIVATE);
    start(hold, NULL);
    nap(0.1);
    say("ready");
    pthread_mutex_lock(&own.lock[0]);
}

static void holder_computes(void) { wait_for_holder(hold_and_compute); }
static void holder_sleeps(void) { wait_for_holder(hold_and_sleep); }

/* Healthy: the order is wrong, but a thread that has waited for a second gives up. */
static void *try_two(void *arg)
{
    size_t i = (size_t)arg;
    for (;;) {
        struct timespec until;
        pthread_mutex_lock(&own.lock[i]);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        if (pthread_mutex_timedlock(&own.lock[!i], &until) == 0)
            pthread_mutex_unlock(&own.lock[!i]);
        pthread_mutex_unlock(&own.lock[i]);
    }
    return NULL;
}

static void timed_locks(void)
{
    make_locks(&own, 2, PTHREAD_PROCESS_PRIVATE);
    start(try_two, (void *)0);
    say("ready");
    try_two((void *)1);
}

const struct corpus_program corpus_locks[] = {
    {"lock-two-threads", two_threads},
    {"lock-three-threads", three_threads},
    {"lock-beside-work", beside_work},
    {"lock-two-pi-threads", two_pi_threads},
    {"lock-two-writers", two_writers},
    {"lock-join", join_whom_it_blocks},
    {"lock-join-cancelled", join_is_cancelled},
    {"lock-twice", lock_twice},
    {"lock-is-signal", lock_is_signal},
    {"lost-wakeup", lost_wakeup},
    {"lock-holder-computes", holder_computes},
    {"lock-holder-sleeps", holder_sleeps},
    {"lock-timed", timed_locks},
    {NULL, NULL},
};
