/* SPDX-License-Identifier: MIT
 * Measures the pool and prints lines of name, value and unit: no-op tasks per second, round trip, time from creating a
 * pool to its first result and time of a shutdown for each start method, a worker's own memory, and handing a table to
 * a running worker. It is not a test and judges nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "core/pool/pool.h"

enum { WORKERS = 2, SAMPLES_MAX = 20000 };

struct samples {
    double v[SAMPLES_MAX];
    int n;
};

struct bench {
    struct engine *engine;
    struct table *table;
    struct forkserver *forkserver;
    int64_t done;
};

static void check(enum err err, const char *what)
{
    if (!err)
        return;
    fprintf(stderr, "bench_pool: %s: %s\n", what, err_text(err));
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *s, double scale, const char *unit)
{
    qsort(s->v, (size_t)s->n, sizeof *s->v, by_size);
    printf("%s_min %.4g %s\n%s_median %.4g %s\n%s_max %.4g %s\n", name, s->v[0] * scale, unit, name,
           s->v[s->n / 2] * scale, unit, name, s->v[s->n - 1] * scale, unit);
    if (s->n >= 1000)
        printf("%s_p99 %.4g %s\n", name, s->v[s->n * 99 / 100] * scale, unit);
    fflush(stdout);
    s->n = 0;
}

static void add(struct samples *s, double v)
{
    if (s->n < SAMPLES_MAX)
        s->v[s->n++] = v;
}

/* Loads a table of about so many bytes. */
static void open_table(struct bench *b, size_t bytes, int threads)
{
    struct problem problem = {""};
    int fd = memfd_create("bench.csv", MFD_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(dup(fd), "w") : NULL;
    if (!f)
        check(ERR_SYS, "table");
    fputs("code,name,n\n", f);
    for (size_t n = 0, i = 0; n < bytes; i++)
        n += (size_t)fprintf(f, "%06zu,name %zu,%zu\n", i % 1000000, i, i * 7);
    fclose(f);
    lseek(fd, 0, SEEK_SET);
    check(engine_new(&(struct engine_options){.threads = threads}, &b->engine), "engine");
    check(engine_load(b->engine, fd, &(struct table_options){.path = "bench.csv"}, &b->table, &problem), problem.text);
    close(fd);
}

static void close_table(struct bench *b)
{
    forkserver_free(b->forkserver);
    table_free(b->table);
    engine_free(b->engine);
    *b = (struct bench){0};
}

static void count_done(void *ctx, const struct pool_result *r)
{
    (void)r;
    ((struct bench *)ctx)->done++;
}

static struct pool *open_pool(struct bench *b, const char *method)
{
    struct pool *p;
    struct problem problem = {""};
    struct pool_options o = {
        .workers = WORKERS, .run = 1, .engine = b->engine, .table = b->table, .on_task_ended = count_done, .ctx = b};
    check(start_method_find(method, &o.method, &problem), problem.text);
    if (strcmp(method, "forkserver") == 0 && !b->forkserver)
        check(forkserver_new(&b->forkserver), "forkserver");
    o.forkserver = strcmp(method, "forkserver") == 0 ? b->forkserver : NULL;
    check(pool_new(&o, &p, &problem), problem.text);
    b->done = 0;
    return p;
}

static void wait_for(struct bench *b, struct pool *p, int64_t done)
{
    while (b->done < done)
        check(pool_await(p, -1), "wait");
}

static void submit(struct pool *p, enum pool_kind kind)
{
    int64_t id;
    enum err err;
    struct pool_task t = {.kind = kind, .code = "000001"};
    while ((err = pool_submit_task(p, &t, &id)) == ERR_AGAIN)
        check(pool_await(p, -1), "wait");
    check(err, "submit");
}

static double shut_down(struct pool *p)
{
    double from = clock_now();
    pool_shutdown(p);
    while (!pool_ended(p))
        check(pool_await(p, -1), "wait");
    double to = clock_now();
    pool_free(p);
    return to - from;
}

static const char *const methods[] = {"fork", "spawn", "forkserver"};

/* Here a forkserver belongs to its pool: it is started and ended with the pool. */
static void start_and_stop(struct bench *b, int rounds)
{
    static struct samples first, shutdown;
    char name[64];
    for (int m = 0; m < 3; m++) {
        for (int i = 0; i < rounds; i++) {
            double from = clock_now();
            struct pool *p = open_pool(b, methods[m]);
            submit(p, POOL_NOOP);
            wait_for(b, p, 1);
            add(&first, clock_now() - from);
            submit(p, POOL_NOOP); /* so that both workers are started */
            submit(p, POOL_NOOP);
            submit(p, POOL_NOOP);
            wait_for(b, p, 4);
            add(&shutdown, shut_down(p));
            forkserver_free(b->forkserver);
            b->forkserver = NULL;
        }
        snprintf(name, sizeof name, "first_%s", methods[m]);
        print_samples(name, &first, 1e3, "ms");
        snprintf(name, sizeof name, "shutdown_%s", methods[m]);
        print_samples(name, &shutdown, 1e3, "ms");
    }
}

static void throughput(struct bench *b, int64_t tasks, int rounds)
{
    static struct samples s;
    char name[64];
    for (int m = 0; m < 3; m++) {
        struct pool *p = open_pool(b, methods[m]);
        for (int i = -1; i < rounds; i++) {
            double from = clock_now();
            int64_t done = b->done;
            for (int64_t n = 0; n < tasks; n++)
                submit(p, POOL_NOOP);
            wait_for(b, p, done + tasks);
            if (i >= 0)
                add(&s, (double)tasks / (clock_now() - from));
        }
        shut_down(p);
        snprintf(name, sizeof name, "throughput_%s", methods[m]);
        print_samples(name, &s, 1, "tasks/s");
    }
}

static void round_trip(struct bench *b, int rounds)
{
    static struct samples s;
    struct pool *p = open_pool(b, "spawn");
    for (int i = -100; i < rounds; i++) {
        double from = clock_now();
        int64_t done = b->done;
        submit(p, POOL_NOOP);
        wait_for(b, p, done + 1);
        if (i >= 0)
            add(&s, clock_now() - from);
        if (i % 8 == 0)
            usleep(500);
    }
    shut_down(p);
    print_samples("round_trip", &s, 1e6, "us");
}

static long rollup(long pid, const char *field)
{
    char path[64], line[256];
    long sum = 0, kib;
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, field, strlen(field)) == 0 && sscanf(strchr(line, ':') + 1, "%ld", &kib) == 1)
            sum += kib;
    }
    if (f)
        fclose(f);
    return sum;
}

static void take_pid(void *ctx, struct event *e)
{
    if (e->type == EVENT_WORKER_READY)
        *(long *)ctx = (long)e->worker.pid;
    event_done(e);
}

static void memory(struct bench *b)
{
    static struct samples uss, pss;
    char name[64];
    for (int m = 0; m < 3; m++) {
        struct pool *p;
        struct problem problem = {""};
        long pid = 0;
        int64_t id;
        struct pool_options o = {.workers = WORKERS,
                                 .run = 1,
                                 .engine = b->engine,
                                 .table = b->table,
                                 .emit = take_pid,
                                 .ctx = &pid,
                                 .burst = -1};
        check(start_method_find(methods[m], &o.method, &problem), problem.text);
        if (m == 2 && !b->forkserver)
            check(forkserver_new(&b->forkserver), "forkserver");
        o.forkserver = m == 2 ? b->forkserver : NULL;
        check(pool_new(&o, &p, &problem), problem.text);
        for (int i = 0; i < 200; i++)
            check(pool_submit_task(p, &(struct pool_task){.kind = POOL_NOOP}, &id), "submit");
        while (!pool_idle(p))
            check(pool_await(p, -1), "wait");
        usleep(50000);
        add(&uss, (double)rollup(pid, "Private_Clean") + (double)rollup(pid, "Private_Dirty"));
        add(&pss, (double)rollup(pid, "Pss:"));
        shut_down(p);
        snprintf(name, sizeof name, "uss_%s", methods[m]);
        print_samples(name, &uss, 1 / 1024.0, "MiB");
        snprintf(name, sizeof name, "pss_%s", methods[m]);
        print_samples(name, &pss, 1 / 1024.0, "MiB");
    }
}

/* Runs in a child: receives tables, opens them, and answers with the number of rows. */
static void receive_tables(int sock)
{
    struct problem problem;
    char byte;
    size_t len;
    int fds[IO_FDS_MAX], n;
    while (!io_recv(sock, &byte, 1, &len, fds, &n) && n == TABLE_FDS) {
        struct table *t;
        check(table_import(fds, &t, &problem), problem.text);
        uint64_t rows = table_rows(t);
        check(io_send(sock, &rows, sizeof rows, NULL, 0), "answer");
        table_free(t);
    }
    _exit(0);
}

static void table_to_worker(struct bench *b, const char *size, int rounds)
{
    static struct samples s;
    char name[64];
    int pair[2], fds[TABLE_FDS], none[IO_FDS_MAX], n;
    size_t len;
    uint64_t rows;
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 ? OK : ERR_SYS, "socketpair");
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        receive_tables(pair[1]);
    }
    close(pair[1]);
    table_fds(b->table, fds);
    for (int i = -10; i < rounds; i++) {
        double from = clock_now();
        check(io_send(pair[0], "t", 1, fds, TABLE_FDS), "table");
        check(io_recv(pair[0], &rows, sizeof rows, &len, none, &n), "rows");
        if (i >= 0)
            add(&s, clock_now() - from);
        if (rows != table_rows(b->table))
            check(ERR_PARSE, "rows");
    }
    close(pair[0]);
    waitpid(pid, NULL, 0);
    snprintf(name, sizeof name, "table_%s", size);
    print_samples(name, &s, 1e6, "us");
}

static size_t size_of(const char *text)
{
    char *unit;
    size_t n = strtoul(text, &unit, 10);
    return *unit == 'G' ? n << 30 : *unit == 'M' ? n << 20 : *unit == 'K' ? n << 10 : n;
}

int main(int argc, char **argv)
{
    int status;
    struct bench b = {0};
    if (hidden_command_run(argc, argv, &status))
        return status;
    const char *what = argc > 1 ? argv[1] : "all";
    int all = strcmp(what, "all") == 0;
    open_table(&b, 1 << 10, 1);
    if (all || strcmp(what, "start") == 0)
        start_and_stop(&b, 200);
    if (all || strcmp(what, "throughput") == 0)
        throughput(&b, 1000000, 5);
    if (all || strcmp(what, "round") == 0)
        round_trip(&b, 5000);
    close_table(&b);
    if (all) {
        open_table(&b, 100 << 20, 1);
        memory(&b);
        close_table(&b);
    }
    for (int i = 2; i < argc; i++) {
        open_table(&b, size_of(argv[i]), 2);
        table_to_worker(&b, argv[i], 2000);
        close_table(&b);
    }
    return 0;
}
