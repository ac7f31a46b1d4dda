/* SPDX-License-Identifier: MIT
 * corpus NAME runs the small program of that name. Also the functions that these programs share. */
#include "tests/programs/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void say(const char *word)
{
    char line[64];
    int n = snprintf(line, sizeof line, "%s\n", word);
    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        _exit(1);
}

void say_meant(void)
{
    char line[32];
    snprintf(line, sizeof line, "meant %d", (int)getpid());
    say(line);
}

void die(const char *what)
{
    perror(what);
    _exit(1);
}

pthread_t start(void *(*run)(void *), void *arg)
{
    pthread_t t;
    errno = pthread_create(&t, NULL, run, arg);
    if (errno)
        die("pthread_create");
    return t;
}

pid_t child(void (*run)(void))
{
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        run();
        _exit(0);
    }
    return pid;
}

int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void nap(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

void compute(double seconds)
{
    clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC);
    while (clock() < end)
        for (volatile int i = 0; i < 100000; i++)
            continue;
}

void *shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        die("mmap");
    return memory;
}

void make_pipe(int fds[2])
{
    if (pipe(fds))
        die("pipe");
}

void sleep_for_ever(void)
{
    for (;;)
        nap(1000);
}

int main(int argc, char **argv)
{
    static const struct corpus_program *const tables[] = {
        corpus_forks, corpus_locks,   corpus_shared, corpus_pipes,  corpus_ends,
        corpus_waits, corpus_signals, corpus_works,  corpus_outside, corpus_hostile};
    for (size_t t = 0; argc == 2 && t < sizeof tables / sizeof *tables; t++)
        for (const struct corpus_program *p = tables[t]; p->name; p++)
            if (strcmp(p->name, argv[1]) == 0) {
                p->run();
                return 0;
            }
    fprintf(stderr, "corpus: no program %s\n", argc > 1 ? argv[1] : "");
    return 2;
}
