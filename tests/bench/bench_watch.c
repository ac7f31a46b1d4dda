/* SPDX-License-Identifier: MIT
 * What tests/bench/bench_watch.py watches and measures with: a worker that loses its threads at a known moment,
 * processes at rest, a target that notes how long it stood still, and the program's own parts by themselves. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/hang/hang.h"
#include "core/stack/stack.h"
#include "core/proc/proc.h"

static _Atomic unsigned request, answer;

static void futex_wait(_Atomic unsigned *word, unsigned value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

/* An engine's thread: answers each request. */
static void *serve(void *arg)
{
    for (unsigned done = 0;; done++) {
        while (atomic_load(&request) == done)
            futex_wait(&request, done);
        atomic_store(&answer, done + 1);
        syscall(SYS_futex, &answer, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    return arg;
}

static void ask(void)
{
    unsigned wanted = atomic_load(&answer) + 1;
    atomic_store(&request, wanted);
    syscall(SYS_futex, &request, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    while (atomic_load(&answer) != wanted)
        futex_wait(&answer, wanted - 1);
}

/* A forked worker that asks after so many seconds: says when, and waits for ever. */
static int latch(double calm)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, NULL))
        return 1;
    ask();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        usleep((useconds_t)(calm * 1e6));
        printf("%.9f\n", clock_now());
        fflush(stdout);
        ask();
        _exit(0);
    }
    return pid < 0 || waitpid(pid, NULL, 0) < 0;
}

static int idle(int n)
{
    for (int i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
        if (pid < 0)
            return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}

static _Atomic int64_t longest_ns;

static void *tick(void *arg)
{
    for (double last = clock_now();;) {
        double now = clock_now();
        int64_t gap = (int64_t)((now - last) * 1e9);
        if (gap > atomic_load(&longest_ns))
            atomic_store(&longest_ns, gap);
        last = now;
    }
    return arg;
}

/* Prints, for each line that it reads, the longest time that its thread did not run since the last. */
static int ticker(void)
{
    pthread_t thread;
    char line[16];
    if (pthread_create(&thread, NULL, tick, NULL))
        return 1;
    printf("%d\n", (int)getpid());
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        printf("%.9f\n", (double)atomic_exchange(&longest_ns, 0) / 1e9);
        fflush(stdout);
    }
    return 0;
}

static int stack(pid_t pid)
{
    struct texts frames = {0};
    double stopped = 0, before = clock_now();
    enum err err = stack_read(pid, 0, 16, &frames, &stopped);
    printf("%.9f %.9f %zu %s\n", clock_now() - before, stopped, frames.n, err ? err_text(err) : "ok");
    texts_done(&frames);
    return err != OK;
}

/* Seconds a look, threads seen in it: as the sampler looks, n times. */
static int looks(pid_t root, int n)
{
    struct scene scene;
    struct hang_settings settings = {.started = clock_now(), .hang_after = 5};
    size_t threads = 0;
    double spent = 0;
    if (scene_init(&scene, -1) || scene_watch(&scene, root, true))
        return 1;
    for (int i = 0; i < n; i++) {
        struct findings findings = {0};
        double before = clock_now();
        if (scene_update(&scene, before) || hang_judge(&scene, &settings, &findings))
            return 1;
        spent += i ? clock_now() - before : 0; /* the first one opens everything */
        findings_done(&findings);
        usleep(10 * 1000);
    }
    for (size_t i = 0; i < scene.n; i++)
        threads += scene.procs[i].nthreads;
    printf("%.9f %zu\n", spent / (n - 1), threads);
    scene_done(&scene);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "latch") == 0)
        return latch(atof(argv[2]));
    if (argc == 3 && strcmp(argv[1], "idle") == 0)
        return idle(atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "ticker") == 0)
        return ticker();
    if (argc == 3 && strcmp(argv[1], "stack") == 0)
        return stack(atoi(argv[2]));
    if (argc == 4 && strcmp(argv[1], "looks") == 0)
        return looks(atoi(argv[2]), atoi(argv[3]));
    fputs("bench_watch latch SECONDS | idle N | ticker | stack PID | looks PID N\n", stderr);
    return 2;
}
