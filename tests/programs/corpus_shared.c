/* SPDX-License-Identifier: MIT
 * Locks in shared memory and file locks. */
#include "tests/programs/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

void make_locks(struct locks *l, unsigned holders, int pshared)
{
    pthread_mutexattr_t mutex_attr;
    pthread_barrierattr_t barrier_attr;
    pthread_condattr_t cond_attr;
    pthread_mutexattr_init(&mutex_attr);
    pthread_barrierattr_init(&barrier_attr);
    pthread_condattr_init(&cond_attr);
    pthread_mutexattr_setpshared(&mutex_attr, pshared);
    pthread_barrierattr_setpshared(&barrier_attr, pshared);
    pthread_condattr_setpshared(&cond_attr, pshared);
    for (int i = 0; i < RING; i++)
        pthread_mutex_init(&l->lock[i], &mutex_attr);
    pthread_barrier_init(&l->all_hold_one, &barrier_attr, holders);
    pthread_cond_init(&l->changed, &cond_attr);
}

void take_two(struct locks *l, unsigned i, unsigned n)
{
    pthread_mutex_lock(&l->lock[i]);
    pthread_barrier_wait(&l->all_hold_one);
    pthread_mutex_lock(&l->lock[(i + 1) % n]);
}

static struct locks *shared;

static void take_shared_0(void)
{
    say_meant();
    take_two(shared, 0, 2);
}

static void take_shared_1(void)
{
    say_meant();
    take_two(shared, 1, 2);
}

static void two_processes(void)
{
    shared = shared_memory(sizeof *shared);
    make_locks(shared, 2, PTHREAD_PROCESS_SHARED);
    pid_t a = child(take_shared_0), b = child(take_shared_1);
    wait_for(a);
    wait_for(b);
}

static void lock_and_exit(void)
{
    pthread_mutex_lock(&shared->lock[0]);
}

static void lock_shared(void)
{
    say_meant();
    pthread_mutex_lock(&shared->lock[0]);
}

static void holder_exits(void)
{
    shared = shared_memory(sizeof *shared);
    make_locks(shared, 1, PTHREAD_PROCESS_SHARED);
    wait_for(child(lock_and_exit));
    pid_t a = child(lock_shared), b = child(lock_shared);
    wait_for(a);
    wait_for(b);
}

/* The parent holds the lock that its child wants, and waits for the child to end. */
static void hold_and_wait(void)
{
    shared = shared_memory(sizeof *shared);
    make_locks(shared, 1, PTHREAD_PROCESS_SHARED);
    pthread_mutex_lock(&shared->lock[0]);
    say_meant();
    wait_for(child(lock_shared));
}

/* Healthy: the same, but the lock is a signal, which another child gives by unlocking it. */
static void take_shared(void)
{
    pthread_mutex_lock(&shared->lock[0]);
}

static void unlock_shared_later(void)
{
    nap(LATER);
    pthread_mutex_unlock(&shared->lock[0]);
}

static void shared_lock_is_signal(void)
{
    shared = shared_memory(sizeof *shared);
    make_locks(shared, 1, PTHREAD_PROCESS_SHARED);
    pthread_mutex_lock(&shared->lock[0]);
    child(unlock_shared_later);
    wait_for(child(take_shared));
}

/* File locks: each opening of a file can lock it separately. */
static char lock_files[2][64];

static int open_lock_file(int i)
{
    int fd = open(lock_files[i], O_RDWR | O_CLOEXEC);
    if (fd < 0)
        die(lock_files[i]);
    return fd;
}

static void make_lock_files(void)
{
    for (int i = 0; i < 2; i++) {
        int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600); /* without a name, so no file is left */
        snprintf(lock_files[i], sizeof lock_files[i], "/proc/%d/fd/%d", (int)getpid(), fd);
    }
}

static void flock_two(int first)
{
    say_meant();
    flock(open_lock_file(first), LOCK_EX);
    pthread_barrier_wait(&shared->all_hold_one);
    flock(open_lock_file(!first), LOCK_EX);
}

static void flock_two_0(void) { flock_two(0); }
static void flock_two_1(void) { flock_two(1); }

static void two_files(void)
{
    shared = shared_memory(sizeof *shared);
    make_locks(shared, 2, PTHREAD_PROCESS_SHARED);
    make_lock_files();
    pid_t a = child(flock_two_0), b = child(flock_two_1);
    wait_for(a);
    wait_for(b);
}

static void flock_one(void)
{
    say_meant();
    flock(open_lock_file(0), LOCK_EX);
}

static void hold_file_and_wait(void)
{
    make_lock_files();
    flock(open_lock_file(0), LOCK_EX);
    say_meant();
    wait_for(child(flock_one));
}

/* Healthy: the order is wrong, but an alarm ends the wait of one process. */
static void give_up(int sig)
{
    (void)sig;
}

static void flock_with_alarm(void)
{
    struct sigaction action = {.sa_handler = give_up};
    sigaction(SIGALRM, &action, NULL);
    alarm(LATER);
    flock_two(1);
}

static void two_files_and_alarm(void)
{
    shared = shared_memory(sizeof *shared);
    make_locks(shared, 2, PTHREAD_PROCESS_SHARED);
    make_lock_files();
    pid_t a = child(flock_two_0), b = child(flock_with_alarm);
    wait_for(a);
    wait_for(b);
}

/* Healthy: a process that waits for a robust lock gets it when the holder dies. */
static void take_over(void)
{
    if (pthread_mutex_lock(&shared->lock[0]) != EOWNERDEAD)
        _exit(1);
    pthread_mutex_consistent(&shared->lock[0]);
    pthread_mutex_unlock(&shared->lock[0]);
}

static void lock_and_die_later(void)
{
    pthread_mutex_lock(&shared->lock[0]);
    nap(LATER);
}

static void robust_holder_dies(void)
{
    pthread_mutexattr_t attr;
    shared = shared_memory(sizeof *shared);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared->lock[0], &attr);
    pid_t holder = child(lock_and_die_later);
    nap(0.2);
    pid_t waiter = child(take_over);
    wait_for(holder);
    exit(wait_for(waiter));
}

const struct corpus_program corpus_shared[] = {
    {"lock-two-processes", two_processes},
    {"lock-holder-exits", holder_exits},
    {"lock-robust-holder-dies", robust_holder_dies},
    {"lock-parent-waits", hold_and_wait},
    {"lock-shared-is-signal", shared_lock_is_signal},
    {"flock-two-processes", two_files},
    {"flock-alarm", two_files_and_alarm},
    {"flock-parent-waits", hold_file_and_wait},
    {NULL, NULL},
};
