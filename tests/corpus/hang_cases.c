/* SPDX-License-Identifier: MIT
 * A program that hangs, or looks like it, in the way that its argument names. It prints the pid of the target, a
 * process that then waits (or works) for ever: a forked child of the first process, which waits for it, or with `alone`
 * the first process itself. All of them end with the process that started the program. Built without sanitizers: their
 * runtimes have locks that a fork may copy while they are locked, and the rules would prove that hang instead. */
#include <errno.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive_lock;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static sem_t never, holds;
static sem_t *shared;
static uint32_t ball;

static void say_pid(void)
{
    char line[16];
    int n = snprintf(line, sizeof line, "%d\n", (int)getpid());
    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        _exit(1);
}

static void wait_for_ever(void)
{
    while (sem_wait(&never) < 0)
        ;
}

static void start(void *(*run)(void *), void *arg)
{
    pthread_t t;
    if (pthread_create(&t, NULL, run, arg))
        _exit(1);
}

static void *wait_on_latch(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    sem_post(&holds);
    for (;;)
        pthread_cond_wait(&turned, &lock);
    return NULL;
}

static void *hold_lock_and_sleep(void *arg)
{
    pthread_mutex_lock(arg);
    sem_post(&holds);
    for (;;)
        sleep(1000);
    return NULL;
}

static void *hold_lock_and_end(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

static void *sleep_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        sleep(1000);
    return NULL;
}

static void *wait_in_thread(void *arg)
{
    (void)arg;
    wait_for_ever();
    return NULL;
}

/* What the first process does before the fork. */

static void nothing(void)
{
}

/* When it returns, all threads wait: no thread is just being started at the fork. */
static void start_threads(void)
{
    for (int i = 0; i < THREADS; i++)
        start(wait_on_latch, NULL);
    for (int i = 0; i < THREADS; i++)
        sem_wait(&holds);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

static void thread_holds_lock(void)
{
    start(hold_lock_and_sleep, &lock);
    sem_wait(&holds);
}

static void thread_holds_recursive_lock(void)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive_lock, &attr);
    start(hold_lock_and_sleep, &recursive_lock);
    sem_wait(&holds);
}

static void main_holds_lock(void)
{
    pthread_mutex_lock(&lock);
}

static void make_shared(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || sem_init(shared, 1, 0))
        _exit(1);
}

/* What the target does. */

static void take_lock(void)
{
    say_pid();
    pthread_mutex_lock(&lock);
}

static void take_recursive_lock(void)
{
    say_pid();
    pthread_mutex_lock(&recursive_lock);
}

static void wait_latch(void)
{
    say_pid();
    wait_for_ever();
}

static void join_chain(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, wait_in_thread, NULL))
        _exit(1);
    say_pid();
    pthread_join(t, NULL);
}

static void join_a_sleeper(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, sleep_for_ever, NULL))
        _exit(1);
    say_pid();
    pthread_join(t, NULL);
}

static void main_thread_ends(void)
{
    start(wait_in_thread, NULL);
    say_pid();
    pthread_exit(NULL);
}

static void owner_ends(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, hold_lock_and_end, &lock))
        _exit(1);
    pthread_join(t, NULL);
    take_lock();
}

static void *take_lock_in_thread(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    return NULL;
}

/* The main thread holds the lock that the other one wants, and waits for it to end. */
static void join_whom_we_block(void)
{
    pthread_t t;
    pthread_mutex_lock(&lock);
    if (pthread_create(&t, NULL, take_lock_in_thread, NULL))
        _exit(1);
    say_pid();
    pthread_join(t, NULL);
}

static void lock_of_living_thread(void)
{
    thread_holds_lock();
    take_lock();
}

static void wait_shared(void)
{
    say_pid();
    for (;;)
        sem_wait(shared);
}

static void *play(void *arg)
{
    uint32_t mine = (uint32_t)(uintptr_t)arg;
    for (;;) {
        uint32_t now = __atomic_load_n(&ball, __ATOMIC_SEQ_CST);
        if (now == mine) {
            __atomic_store_n(&ball, !mine, __ATOMIC_SEQ_CST);
            syscall(SYS_futex, &ball, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        } else {
            syscall(SYS_futex, &ball, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
        }
    }
    return NULL;
}

static void ping_pong(void)
{
    start(play, (void *)(uintptr_t)1);
    say_pid();
    play(NULL);
}

static void on_signal(int signal)
{
    (void)signal;
    sem_post(&never);
}

static void handle(int signal)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(signal, &action, NULL);
}

static void with_handler(void)
{
    handle(SIGTERM);
    wait_latch();
}

static void with_runtime_handlers(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        handle(crashes[i]);
    wait_latch();
}

static void with_interval_timer(void)
{
    struct itimerval far = {.it_value.tv_sec = 3600};
    handle(SIGALRM);
    setitimer(ITIMER_REAL, &far, NULL);
    wait_latch();
}

static void with_posix_timer(void)
{
    struct sigevent how = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec far = {.it_value.tv_sec = 3600};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &how, &timer) || timer_settime(timer, 0, &far, NULL))
        _exit(1);
    wait_latch();
}

static void with_pending_signal(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    kill(getpid(), SIGUSR1);
    wait_latch();
}

static int share_memory(void *arg)
{
    (void)arg;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        syscall(SYS_nanosleep, &(struct timespec){.tv_sec = 1000}, NULL);
    return 0;
}

static void with_sharer(void)
{
    static char stack[64 * 1024] __attribute__((aligned(16)));
    if (clone(share_memory, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL) < 0)
        _exit(1);
    wait_latch();
}

static void with_io_uring(void)
{
    struct io_uring_params params = {0};
    if (syscall(SYS_io_uring_setup, 4, &params) < 0)
        _exit(77); /* this machine cannot run the case */
    wait_latch();
}

static void wait_with_timeout(void)
{
    struct timespec far;
    clock_gettime(CLOCK_REALTIME, &far);
    far.tv_sec += 3600;
    say_pid();
    sem_timedwait(&never, &far);
}

static void wait_for_signal(void)
{
    sigset_t set;
    int signal;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    say_pid();
    sigwait(&set, &signal);
}

/* A worker waits for work; its parent has the other end, and waits for the worker to end. */
static int work[2];

static void start_threads_and_pipe(void)
{
    start_threads();
    if (pipe(work))
        _exit(1);
}

static void read_pipe(void)
{
    char byte;
    say_pid();
    if (read(work[0], &byte, 1) < 0)
        _exit(1);
}

/* Only the reader itself has the other end. */
static void read_own_pipe(void)
{
    if (pipe(work))
        _exit(1);
    read_pipe();
}

/* More than a pipe holds; the parent would read it after the child has ended. */
static void fill_pipe(void)
{
    static char bytes[1 << 20];
    say_pid();
    if (write(work[1], bytes, sizeof bytes) < 0)
        _exit(1);
}

static void make_pipe(void)
{
    if (pipe(work))
        _exit(1);
}

/* Two threads take two locks in different order, while a third one computes. */
static pthread_mutex_t second_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold;

static void *compute_in_thread(void *arg)
{
    for (volatile unsigned long n = 0;; n++)
        ;
    return arg;
}

static void *take_second_first(void *arg)
{
    pthread_mutex_lock(&second_lock);
    pthread_barrier_wait(&both_hold);
    pthread_mutex_lock(&lock);
    return arg;
}

static void take_in_two_orders(void)
{
    pthread_barrier_init(&both_hold, NULL, 2);
    start(compute_in_thread, NULL);
    start(take_second_first, NULL);
    pthread_mutex_lock(&lock);
    pthread_barrier_wait(&both_hold);
    say_pid();
    pthread_mutex_lock(&second_lock);
}

/* Locks in shared memory. */
static struct {
    pthread_mutex_t lock;
    sem_t free;
} * common;

static void make_common(void)
{
    pthread_mutexattr_t attr;
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    if (common == MAP_FAILED || pthread_mutex_init(&common->lock, &attr) || sem_init(&common->free, 1, 1))
        _exit(1);
}

static void hold_common(void)
{
    make_common();
    pthread_mutex_lock(&common->lock);
}

static void take_common(void)
{
    say_pid();
    pthread_mutex_lock(&common->lock);
}

/* A sibling takes the semaphore and is killed once the watcher can have seen it. */
static void worker_with_semaphore(void)
{
    int status;
    make_common();
    pid_t worker = fork();
    if (worker == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sem_wait(&common->free);
        sleep_for_ever(NULL);
    }
    pid_t killer = fork();
    if (killer == 0) {
        sleep(1);
        kill(worker, SIGKILL);
        _exit(0);
    }
    waitpid(killer, &status, 0);
}

static void take_semaphore(void)
{
    say_pid();
    while (sem_wait(&common->free) < 0)
        ;
}

/* Other kinds of locks that a thread holds at the fork. */
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *write_lock_and_sleep(void *arg)
{
    pthread_rwlock_wrlock(&rwlock);
    sem_post(&holds);
    return sleep_for_ever(arg);
}

static void thread_holds_rwlock(void)
{
    start(write_lock_and_sleep, NULL);
    sem_wait(&holds);
}

static void take_rwlock_to_read(void)
{
    say_pid();
    pthread_rwlock_rdlock(&rwlock);
}

static void take_rwlock_to_write(void)
{
    say_pid();
    pthread_rwlock_wrlock(&rwlock);
}

static void thread_holds_robust_lock(void)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attr);
    thread_holds_lock();
}

/* It keeps reading a word that a thread of its parent was to change. */
static volatile int changed;

static void spin(void)
{
    say_pid();
    while (!changed)
        ;
}

/* It computes, with values on its stack. */
static unsigned long add_up(unsigned long n)
{
    volatile unsigned long sum = 0;
    for (unsigned long i = 0; i < 1000; i++)
        sum += i ^ n;
    return sum;
}

static void compute_by_calls(void)
{
    say_pid();
    for (unsigned long n = 0;; n++)
        changed = (int)add_up(n);
}

/* It lives on after its parent has ended. */
static void read_as_orphan(void)
{
    prctl(PR_SET_PDEATHSIG, 0);
    read_own_pipe();
}

static void run_many_threads(void)
{
    enum { MANY = 256 };
    for (int i = 0; i < MANY; i++)
        start(sleep_for_ever, NULL);
    wait_latch();
}

static void compute(void)
{
    say_pid();
    for (volatile unsigned long n = 0;; n++)
        ;
}

static const struct hang_case {
    const char *name;
    void (*before)(void);
    void (*after)(void);
    int alone; /* no fork: the target is the first process */
} cases[] = {
    {"fork-latch", start_threads, wait_latch, 0},
    {"fork-lock", thread_holds_lock, take_lock, 0},
    {"fork-recursive-lock", thread_holds_recursive_lock, take_recursive_lock, 0},
    {"fork-own-lock", main_holds_lock, take_lock, 0},
    {"owner-ended", nothing, owner_ends, 0},
    {"join-chain", nothing, join_chain, 0},
    {"join-blocked", nothing, join_whom_we_block, 0},
    {"main-ended", nothing, main_thread_ends, 0},
    {"runtime-handlers", start_threads, with_runtime_handlers, 0},
    {"ping-pong", start_threads, ping_pong, 0},
    {"shared-semaphore", make_shared, wait_shared, 0},
    {"handler", start_threads, with_handler, 0},
    {"interval-timer", start_threads, with_interval_timer, 0},
    {"posix-timer", start_threads, with_posix_timer, 0},
    {"pending-signal", start_threads, with_pending_signal, 0},
    {"shared-memory", start_threads, with_sharer, 0},
    {"io-uring", start_threads, with_io_uring, 0},
    {"timeout", start_threads, wait_with_timeout, 0},
    {"sigwait", start_threads, wait_for_signal, 0},
    {"join-sleeper", start_threads, join_a_sleeper, 0},
    {"living-owner", start_threads, lock_of_living_thread, 0},
    {"read", start_threads_and_pipe, read_pipe, 0},
    {"read-own", nothing, read_own_pipe, 0},
    {"fill", make_pipe, fill_pipe, 0},
    {"lock-circle", nothing, take_in_two_orders, 0},
    {"lock-of-parent", hold_common, take_common, 0},
    {"lock-of-killed", worker_with_semaphore, take_semaphore, 0},
    {"fork-rwlock-read", thread_holds_rwlock, take_rwlock_to_read, 0},
    {"fork-rwlock-write", thread_holds_rwlock, take_rwlock_to_write, 0},
    {"fork-robust-lock", thread_holds_robust_lock, take_lock, 0},
    {"spin", start_threads, spin, 0},
    {"compute-by-calls", start_threads, compute_by_calls, 0},
    {"orphan", start_threads, read_as_orphan, 0},
    {"many-threads", nothing, run_many_threads, 1},
    {"compute", start_threads, compute, 0},
    {"parked", nothing, wait_latch, 1},
    {"parked-threads", start_threads, wait_latch, 1},
};

static int run(const struct hang_case *c)
{
    pid_t parent = getpid();
    sem_init(&never, 0, 0);
    sem_init(&holds, 0, 0);
    c->before();
    pid_t child = c->alone ? 0 : fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!c->alone && getppid() != parent)
            _exit(1);
        c->after();
        _exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++)
        if (strcmp(cases[i].name, argv[1]) == 0)
            return run(&cases[i]);
    return 2;
}
