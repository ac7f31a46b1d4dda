/* SPDX-License-Identifier: MIT
 * Healthy: they compute, hand over to each other so fast that a single look cannot tell, or wait for one of their own
 * threads, which will wake them. */
#include "tests/programs/corpus.h"

#include <linux/futex.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static void futex_wait(uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Two threads that are hardly ever awake at the same time. */
static uint32_t ball;

static void *play(void *arg)
{
    uint32_t mine = (uint32_t)(uintptr_t)arg;
    for (;;) {
        uint32_t now = __atomic_load_n(&ball, __ATOMIC_SEQ_CST);
        if (now == mine) {
            __atomic_store_n(&ball, !mine, __ATOMIC_SEQ_CST);
            futex_wake(&ball);
        } else {
            futex_wait(&ball, now);
        }
    }
    return NULL;
}

static void play_here(void)
{
    start(play, (void *)1);
    say("ready");
    play(NULL);
}

static void futex_ping_pong(void)
{
    wait_for(child(play_here));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *arg)
{
    int mine = arg != NULL;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (turn != mine)
            pthread_cond_wait(&turned, &lock);
        turn = !mine;
        pthread_cond_signal(&turned);
    }
    return NULL;
}

static void take_turns_here(void)
{
    start(take_turns, &turn);
    say("ready");
    take_turns(NULL);
}

static void condvar_ping_pong(void)
{
    wait_for(child(take_turns_here));
}

/* Dining philosophers, one fewer than would hang: chains of waits that keep changing and never form a circle. */
enum { FORKS = 4 };
static pthread_mutex_t table_forks[FORKS];
static sem_t seats;

static void *dine(void *arg)
{
    size_t left = (size_t)arg, right = (left + 1) % FORKS;
    for (;;) {
        sem_wait(&seats);
        pthread_mutex_lock(&table_forks[left]);
        sched_yield();
        pthread_mutex_lock(&table_forks[right]);
        pthread_mutex_unlock(&table_forks[right]);
        pthread_mutex_unlock(&table_forks[left]);
        sem_post(&seats);
    }
    return NULL;
}

static void dine_here(void)
{
    sem_init(&seats, 0, FORKS - 1);
    for (int i = 0; i < FORKS; i++)
        pthread_mutex_init(&table_forks[i], NULL);
    for (size_t i = 1; i < FORKS; i++)
        start(dine, (void *)i);
    say("ready");
    dine(NULL);
}

static void philosophers(void)
{
    wait_for(child(dine_here));
}

/* A producer and a consumer that share two semaphores. */
static sem_t *filled, *emptied;

static void consume(void)
{
    for (;;) {
        sem_wait(filled);
        sem_post(emptied);
    }
}

static void producer_consumer(void)
{
    filled = shared_memory(2 * sizeof *filled);
    emptied = filled + 1;
    sem_init(filled, 1, 0);
    sem_init(emptied, 1, 1);
    child(consume);
    say("ready");
    for (;;) {
        sem_wait(emptied);
        nap(0.001);
        sem_post(filled);
    }
}

static void computing(void)
{
    say("ready");
    for (;;)
        compute(1);
}

static void compute_purely(void)
{
    say("ready");
    for (volatile unsigned long n = 0;; n++)
        continue;
}

/* It computes in registers: nothing in its memory changes for a long time. */
static void compute_in_registers(void)
{
    say("ready");
    for (register unsigned long n = 88172645463325252ul;;) {
        n ^= n << 13;
        n ^= n >> 7;
        n ^= n << 17;
        __asm__ volatile("" : "+r"(n));
    }
}

static void *compute_in_thread(void *arg)
{
    computing();
    return arg;
}

/* The main thread and many others wait for the one that computes. */
static void *wait_for_turn(void *arg)
{
    return take_turns(arg);
}

static void one_of_many_computes(void)
{
    turn = 2; /* of neither thread */
    for (int i = 0; i < 8; i++)
        start(wait_for_turn, NULL);
    pthread_join(start(compute_in_thread, NULL), NULL);
}

static void one_of_many_computes_forked(void)
{
    wait_for(child(one_of_many_computes));
}

/* Forked from a program with threads, whose threads it does not need; it computes for long without a system call. */
static void fork_among_threads(void (*run)(void))
{
    turn = 2;
    for (int i = 0; i < 4; i++)
        start(wait_for_turn, NULL);
    nap(0.1);
    wait_for(child(run));
}

static void forked_computes(void) { fork_among_threads(compute_purely); }
static void forked_computes_in_registers(void) { fork_among_threads(compute_in_registers); }

/* All wait for a thread that sleeps and then wakes them. */
static void *wake_later(void *arg)
{
    nap(LATER);
    sem_post(arg);
    return NULL;
}

static void a_sleeper_wakes(void)
{
    static sem_t done;
    sem_init(&done, 0, 0);
    start(wake_later, &done);
    sem_wait(&done);
}

static void a_sleeper_wakes_forked(void)
{
    wait_for(child(a_sleeper_wakes));
}

/* Forking a program with threads is fine if the child only calls exec. */
static void *fork_and_exec(void *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sleep", "sleep", "1000", NULL);
        _exit(127);
    }
    wait_for(pid);
    return arg;
}

static void exec_from_threads(void)
{
    pthread_t a = start(fork_and_exec, NULL), b = start(fork_and_exec, NULL);
    nap(0.2);
    say("ready");
    pthread_join(a, NULL);
    pthread_join(b, NULL);
}

/* A pool that is created again in the child (pthread_atfork) works there, too. */
static sem_t asked, answered;

static void *answer(void *arg)
{
    for (;;) {
        sem_wait(&asked);
        sem_post(&answered);
    }
    return arg;
}

static void start_answering(void)
{
    sem_init(&asked, 0, 0);
    sem_init(&answered, 0, 0);
    start(answer, NULL);
}

static void ask_now_and_then(void)
{
    say("ready");
    for (;;) {
        sem_post(&asked);
        sem_wait(&answered);
        nap(0.1);
    }
}

static void pool_made_again(void)
{
    start_answering();
    pthread_atfork(NULL, NULL, start_answering);
    wait_for(child(ask_now_and_then));
}

static void *nothing_to_do(void *arg)
{
    return take_turns(arg);
}

/* Idle threads of a library and a main thread that nobody waits for: it waits on purpose. */
static void parked(void)
{
    turn = 2;
    start(nothing_to_do, NULL);
    say("ready");
    take_turns(NULL);
}

const struct corpus_program corpus_works[] = {
    {"work-ping-pong", futex_ping_pong},
    {"work-condvar-ping-pong", condvar_ping_pong},
    {"work-philosophers", philosophers},
    {"work-producer-consumer", producer_consumer},
    {"work-computing", computing},
    {"work-forked-computing", forked_computes},
    {"work-one-of-many", one_of_many_computes_forked},
    {"work-forked-registers", forked_computes_in_registers},
    {"work-sleeper-wakes", a_sleeper_wakes_forked},
    {"work-exec-from-threads", exec_from_threads},
    {"work-pool-made-again", pool_made_again},
    {"work-parked", parked},
    {NULL, NULL},
};
