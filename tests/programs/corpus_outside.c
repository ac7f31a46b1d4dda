/* SPDX-License-Identifier: MIT
 * Healthy: all their threads wait in their own memory, but another process will wake them or let them continue: one with
 * the same memory, a tracer, one that has stopped them, or one that holds an end of their pipe and is hard to find. */
#include "tests/programs/corpus.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint32_t told;
static char stacks[2][64 * 1024] __attribute__((aligned(16)));

static void wait_until_told(void)
{
    while (!__atomic_load_n(&told, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &told, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* Another process with the same memory wakes it. It must not use the C library, which believes to be in the first one. */
static int tell_later(void *arg)
{
    (void)arg;
    syscall(SYS_nanosleep, &(struct timespec){.tv_sec = LATER}, NULL);
    __atomic_store_n(&told, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &told, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return 0;
}

/* The same, but the first thread of that process has ended; a second one does it. */
static int leave_it_to_second(void *arg)
{
    clone(tell_later, stacks[1] + sizeof stacks[1], CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, arg);
    syscall(SYS_exit, 0);
    return 0;
}

/* The same, but each of several processes starts the next one and ends; the last one does it. */
static int run_and_hand_over(void *arg)
{
    enum { RUNNERS = 1000 };
    static unsigned ran;
    syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 2000000}, NULL);
    if (++ran >= RUNNERS)
        return tell_later(arg);
    clone(run_and_hand_over, stacks[ran % 2] + sizeof stacks[0], CLONE_VM, arg);
    syscall(SYS_exit, 0);
    return 0;
}

static void wait_for_sharer(int (*run)(void *))
{
    if (clone(run, stacks[0] + sizeof stacks[0], CLONE_VM | SIGCHLD, NULL) < 0)
        die("clone");
    wait_until_told();
}

static void sharer_in_fork(void) { wait_for_sharer(tell_later); }
static void second_in_fork(void) { wait_for_sharer(leave_it_to_second); }
static void relay_in_fork(void) { wait_for_sharer(run_and_hand_over); }
static void sharer_wakes(void) { wait_for(child(sharer_in_fork)); }
static void sharers_second_thread_wakes(void) { wait_for(child(second_in_fork)); }
static void relay_wakes(void) { wait_for(child(relay_in_fork)); }

/* The parent waits in vfork until its child no longer uses its memory. */
static void vfork_child(void)
{
    pid_t pid = vfork();
    if (pid == 0) {
        syscall(SYS_nanosleep, &(struct timespec){.tv_sec = LATER}, NULL);
        _exit(0);
    }
    wait_for(pid);
}

static void be_stopped(void)
{
    raise(SIGSTOP);
}

static void stopped(void)
{
    pid_t pid = child(be_stopped);
    waitpid(pid, NULL, WUNTRACED);
    say("ready");
    wait_for(pid);
}

/* Stopped while two threads wake each other up in turn, and a third one sleeps. */
static void *wait_in_thread(void *arg)
{
    wait_until_told();
    return arg;
}

static void wait_and_sleep(void)
{
    start(wait_in_thread, NULL);
    nap(LATER);
    told = 1;
    syscall(SYS_futex, &told, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void stopped_for_a_while(void)
{
    pid_t pid = child(wait_and_sleep);
    nap(0.3);
    kill(pid, SIGSTOP);
    nap(2);
    kill(pid, SIGCONT);
    wait_for(pid);
}

static void wait_traced(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    wait_until_told();
}

/* A debugger writes the word and lets the process continue. */
static void tracer_wakes(void)
{
    int status;
    pid_t pid = child(wait_traced);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_CONT, pid, NULL, NULL);
    nap(LATER);
    kill(pid, SIGSTOP);
    waitpid(pid, &status, 0);
    ptrace(PTRACE_POKEDATA, pid, &told, (void *)1);
    ptrace(PTRACE_CONT, pid, NULL, NULL);
    exit(wait_for(pid));
}

/* It waits for a request that another process will send. */
static void answer_question(void)
{
    keep_childs_ends();
    read_bytes(to_child[0], MUCH);
    write_much(to_parent[1]);
}

/* A process and its child read from each other, and the write end of one pipe moves on: each process that has it forks
 * another one, closes its own copy, and stays. */
static void hand_end_on(void)
{
    enum { RUNNERS = 1000 };
    for (int i = 0; i < RUNNERS; i++) {
        nap((double)LATER / RUNNERS);
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid > 0) {
            close(to_child[1]);
            nap(0.1);
            _exit(0);
        }
    }
    write_much(to_child[1]);
}

static void end_wanders(void)
{
    make_pipes();
    child(answer_question);
    child(hand_end_on);
    keep_parents_ends();
    read_bytes(to_parent[0], MUCH);
}

/* The same, but a single thread of a third process has the end, in its own table of files. */
static void *write_from_own_files(void *closed)
{
    if (unshare(CLONE_FILES))
        die("unshare");
    pthread_barrier_wait(closed);
    nap(LATER);
    write_much(to_child[1]);
    return NULL;
}

static void have_end_in_thread(void)
{
    pthread_barrier_t closed;
    pthread_barrier_init(&closed, NULL, 2);
    pthread_t t = start(write_from_own_files, &closed);
    pthread_barrier_wait(&closed);
    close(to_child[1]);
    pthread_join(t, NULL);
}

static void thread_has_the_end(void)
{
    make_pipes();
    child(answer_question);
    child(have_end_in_thread);
    keep_parents_ends();
    read_bytes(to_parent[0], MUCH);
}

const struct corpus_program corpus_outside[] = {
    {"outside-sharer", sharer_wakes},
    {"outside-sharers-second-thread", sharers_second_thread_wakes},
    {"outside-sharers-relay", relay_wakes},
    {"outside-vfork", vfork_child},
    {"outside-stopped", stopped},
    {"outside-stopped-for-a-while", stopped_for_a_while},
    {"outside-tracer", tracer_wakes},
    {"pipe-end-wanders", end_wanders},
    {"pipe-thread-has-end", thread_has_the_end},
    {NULL, NULL},
};
