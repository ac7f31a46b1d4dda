/* SPDX-License-Identifier: MIT
 * Measures what the machine allows without any pool: forking and spawning a process until its first answer, a message
 * there and back, and messages in batches between one process and two others. Prints lines of name, value and unit. */
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 5000, WORKERS = 2, TASK = 32, IN_FLIGHT = 32, BATCH = 16, TASKS = 400000 };

static double samples[SAMPLES];
static int nsamples;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_samples(const char *name, double scale, const char *unit)
{
    qsort(samples, (size_t)nsamples, sizeof *samples, by_size);
    printf("%s_min %.4g %s\n%s_median %.4g %s\n", name, samples[0] * scale, unit, name, samples[nsamples / 2] * scale,
           unit);
    fflush(stdout);
    nsamples = 0;
}

static void echo(int sock)
{
    char bytes[TASK * BATCH];
    ssize_t n;
    while ((n = recv(sock, bytes, sizeof bytes, 0)) > 0 && send(sock, bytes, (size_t)n, MSG_NOSIGNAL) == n)
        continue;
    _exit(0);
}

static pid_t spawn_echo(int sock)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    char *argv[] = {"bench_floor", "--echo", NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, sock, 3);
    must(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) == 0, "posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static pid_t start_echo(int *sock, int spawned)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
    pid_t pid = spawned ? spawn_echo(pair[1]) : fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        close(pair[0]);
        echo(pair[1]);
    }
    close(pair[1]);
    *sock = pair[0];
    return pid;
}

static void there_and_back(int sock)
{
    char bytes[TASK] = {0};
    must(send(sock, bytes, sizeof bytes, 0) == sizeof bytes, "send");
    must(recv(sock, bytes, sizeof bytes, 0) == sizeof bytes, "recv");
}

static void first(const char *name, int spawned)
{
    for (int i = 0; i < 300; i++) {
        int sock;
        double from = now();
        pid_t pid = start_echo(&sock, spawned);
        there_and_back(sock);
        samples[nsamples++] = now() - from;
        close(sock);
        waitpid(pid, NULL, 0);
    }
    print_samples(name, 1e3, "ms");
}

static void round_trip(void)
{
    int sock;
    pid_t pid = start_echo(&sock, 0);
    for (int i = 0; i < SAMPLES; i++) {
        double from = now();
        there_and_back(sock);
        samples[nsamples++] = now() - from;
        if (i % 8 == 0)
            usleep(500);
    }
    close(sock);
    waitpid(pid, NULL, 0);
    print_samples("floor_round_trip", 1e6, "us");
}

static double batches(void)
{
    struct pollfd socks[WORKERS];
    pid_t pids[WORKERS];
    char bytes[TASK * BATCH] = {0};
    int sent = 0, got = 0;
    for (int w = 0; w < WORKERS; w++) {
        socks[w].events = POLLIN;
        pids[w] = start_echo(&socks[w].fd, 0);
    }
    double from = now();
    for (int i = 0; i < WORKERS * IN_FLIGHT / BATCH; i++, sent += BATCH)
        must(send(socks[i % WORKERS].fd, bytes, sizeof bytes, 0) > 0, "send");
    while (got < TASKS) {
        must(poll(socks, WORKERS, -1) > 0, "poll");
        for (int w = 0; w < WORKERS; w++) {
            while (socks[w].revents && recv(socks[w].fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
                got += BATCH;
                if (sent < TASKS && send(socks[w].fd, bytes, sizeof bytes, 0) > 0)
                    sent += BATCH;
            }
        }
    }
    double rate = TASKS / (now() - from);
    for (int w = 0; w < WORKERS; w++) {
        shutdown(socks[w].fd, SHUT_RDWR); /* a child that was started later may have a copy of the socket */
        close(socks[w].fd);
        waitpid(pids[w], NULL, 0);
    }
    return rate;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--echo") == 0)
        echo(3);
    first("floor_first_fork", 0);
    first("floor_first_spawn", 1);
    round_trip();
    for (int i = 0; i < 5; i++)
        samples[nsamples++] = batches();
    print_samples("floor_throughput", 1, "tasks/s");
    return 0;
}
