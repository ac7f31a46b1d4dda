/* SPDX-License-Identifier: MIT
 * See pool_kit.h. */
#include "tests/kit/pool_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"

static void add_each_end(struct story *s, const struct event *e)
{
    struct event_tasks_at at = {0};
    struct event_task task;
    enum err err;
    while (!(err = event_tasks_next(&e->tasks, &at, &task))) {
        struct event one = {.type = EVENT_TASK_ENDED, .time = e->time}, borrowed = one;
        borrowed.task = task;
        assert_int_equal(event_copy(&borrowed, &one), OK);
        story_add(s, &one);
    }
    assert_int_equal(err, ERR_NOT_FOUND);
}

void story_add(struct story *s, struct event *e)
{
    if (e->type == EVENT_TASKS)
        add_each_end(s, e);
    if ((s->n & (s->n + 1)) == 0) { /* grows at 0, 1, 3, 7, … */
        struct event *more = realloc(s->events, (2 * s->n + 1) * sizeof *more);
        assert_non_null(more);
        s->events = more;
    }
    s->events[s->n++] = *e;
    *e = (struct event){0};
}

void story_done(struct story *s)
{
    for (size_t i = 0; i < s->n; i++)
        event_done(&s->events[i]);
    free(s->events);
    *s = (struct story){0};
}

int story_count(const struct story *s, enum event_type type)
{
    int n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->events[i].type == type;
    return n;
}

const struct event *story_task(const struct story *s, enum event_type type, int64_t task)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->events[i].type == type && s->events[i].task.task == task)
            return &s->events[i];
    }
    return NULL;
}

const struct event *story_worker(const struct story *s, enum event_type type, int64_t worker)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->events[i].type == type && s->events[i].worker.worker == worker)
            return &s->events[i];
    }
    return NULL;
}

const struct event *story_note(const struct story *s, const char *words)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->events[i].type == EVENT_NOTE && strstr(s->events[i].note.text, words))
            return &s->events[i];
    }
    return NULL;
}

bool story_ends_tell(const struct story *s, enum task_state state, int count)
{
    int n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->events[i].type == EVENT_TASK_ENDED && s->events[i].task.state == state;
    return n == count;
}

char *kit_sample_path(void)
{
    static char path[4096];
    const char *top = getenv("srcdir");
    snprintf(path, sizeof path, "%s/assets/sample.csv", top ? top : ".");
    return path;
}

static int csv_fd(const char *csv)
{
    if (!csv)
        return open(kit_sample_path(), O_RDONLY | O_CLOEXEC);
    int fd = memfd_create("test.csv", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, csv, strlen(csv)) == (ssize_t)strlen(csv));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

void kit_init(struct kit *k, const char *csv, int threads, enum at_fork at_fork)
{
    struct problem problem = {""};
    int fd = csv_fd(csv);
    assert_true(fd >= 0);
    *k = (struct kit){0};
    assert_int_equal(engine_new(&(struct engine_options){.threads = threads, .at_fork = at_fork}, &k->engine), OK);
    if (engine_load(k->engine, fd, &(struct table_options){.path = "sample.csv"}, &k->table, &problem))
        fail_msg("%s", problem.text);
    close(fd);
}

static void record(void *ctx, struct event *e)
{
    struct kit *k = ctx;
    story_add(&k->story, e);
}

char *kit_big_csv(void)
{
    struct buf csv;
    buf_init(&csv, 64 << 20);
    buf_add_text(&csv, "code,n\n");
    for (int i = 0; i < 10000 * KIT_BIG_EACH; i++)
        buf_addf(&csv, "%04d,a name that is long enough %d\n", i % 10000, i);
    char *text = buf_take(&csv);
    assert_non_null(text);
    return text;
}

void kit_open(struct kit *k, const char *method, int workers)
{
    struct pool_options options = {.workers = workers,
                                   .run = 7,
                                   .engine = k->engine,
                                   .table = k->table,
                                   .emit = record,
                                   .ctx = k,
                                   .burst = -1,
                                   .max_tasks = k->wanted.max_tasks,
                                   .task_timeout = k->wanted.task_timeout,
                                   .retries = k->wanted.retries,
                                   .initializer = k->wanted.initializer,
                                   .pending_max = k->wanted.pending_max};
    struct problem problem = {""};
    if (!k->forkserver && strcmp(method, "forkserver") == 0)
        assert_int_equal(forkserver_new(&k->forkserver), OK);
    options.forkserver = k->forkserver;
    assert_int_equal(start_method_find(method, &options.method, &problem), OK);
    if (pool_new(&options, &k->pool, &problem))
        fail_msg("%s", problem.text);
}

int64_t kit_submit(struct kit *k, const char *code)
{
    int64_t id = 0;
    assert_int_equal(pool_submit(k->pool, code, &id), OK);
    return id;
}

void kit_submit_three(struct kit *k)
{
    kit_submit(k, "0001");
    kit_submit(k, "00002");
    kit_submit(k, "0005");
}

void kit_until(struct kit *k, bool (*condition)(struct kit *k))
{
    double end = clock_now() + KIT_PATIENCE;
    assert_int_equal(pool_step(k->pool), OK);
    while (!condition(k)) {
        struct pollfd ready = {.fd = pool_fd(k->pool), .events = POLLIN};
        poll(&ready, 1, 10);
        assert_int_equal(pool_step(k->pool), OK);
        if (clock_now() > end)
            fail_msg("waited %d s in vain; there are %zu events", KIT_PATIENCE, k->story.n);
    }
}

bool kit_is_idle(struct kit *k)
{
    return pool_idle(k->pool);
}

bool kit_is_ended(struct kit *k)
{
    return pool_ended(k->pool);
}

void kit_done(struct kit *k)
{
    pool_free(k->pool);
    forkserver_free(k->forkserver);
    table_free(k->table);
    engine_free(k->engine);
    story_done(&k->story);
}

void wait_until(bool (*condition)(void *arg), void *arg)
{
    double end = clock_now() + KIT_PATIENCE;
    while (!condition(arg)) {
        usleep(500);
        if (clock_now() > end)
            fail_msg("waited %d s in vain", KIT_PATIENCE);
    }
}

const char *const kit_methods[KIT_METHODS] = {"spawn", "forkserver", "fork"};

void kit_open_on(struct kit *k, const char *method, int workers, const char *csv, struct pool_options wanted)
{
    kit_init(k, csv, strcmp(method, "fork") == 0 ? 1 : 2, AT_FORK_NONE);
    k->wanted = wanted;
    kit_open(k, method, workers);
}

void kit_end(struct kit *k)
{
    pool_close(k->pool);
    kit_until(k, kit_is_ended);
    assert_true(pool_idle(k->pool));
    kit_done(k);
}

pid_t kit_worker_pid(struct kit *k, int64_t worker)
{
    const struct event *e = story_worker(&k->story, EVENT_WORKER_STARTED, worker);
    assert_non_null(e);
    return (pid_t)e->worker.pid;
}

struct kit_reading kit_reading_of(pid_t pid)
{
    return (struct kit_reading){.pid = pid, .before = proc_bytes_read(pid)};
}

bool kit_is_at_work(void *reading)
{
    struct kit_reading *r = reading;
    return proc_bytes_read(r->pid) > r->before + (1 << 20);
}

static bool is_stopped(void *arg)
{
    return proc_is_stopped(*(pid_t *)arg);
}

bool kit_first_is_idle(struct kit *k)
{
    return proc_waits_for_work(kit_worker_pid(k, 1));
}

/* Stops worker 1. Returns false if it had finished the task already. */
static bool stopped_in_task(struct kit *k, int64_t task)
{
    pid_t pid = kit_worker_pid(k, 1);
    kill(pid, SIGSTOP);
    wait_until(is_stopped, &pid);
    assert_int_equal(pool_step(k->pool), OK);
    return !story_task(&k->story, EVENT_TASK_ENDED, task);
}

static void open_at_work(struct kit *k, const char *method, const char *csv, struct pool_options wanted)
{
    struct pool_task held = {.kind = POOL_FILTER, .code = "0002", .timeout = wanted.task_timeout};
    int64_t id;
    wanted.task_timeout = 0;
    kit_open_on(k, method, 1, csv, wanted);
    kit_submit(k, "no such code");
    kit_until(k, kit_is_idle);
    kit_until(k, kit_first_is_idle);
    struct kit_reading reading = kit_reading_of(kit_worker_pid(k, 1));
    assert_int_equal(pool_submit_task(k->pool, &held, &id), OK);
    for (int i = 3; i <= 4; i++)
        kit_submit(k, "0002");
    wait_until(kit_is_at_work, &reading);
}

void kit_open_held(struct kit *k, const char *method, struct pool_options wanted)
{
    char *csv = kit_big_csv();
    double end = clock_now() + KIT_PATIENCE;
    open_at_work(k, method, csv, wanted);
    while (!stopped_in_task(k, 2)) {
        assert_true(clock_now() < end);
        kit_done(k);
        open_at_work(k, method, csv, wanted);
    }
    free(csv);
}

int open_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static bool proc_read(pid_t pid, const char *file, char *out, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, cap - 1) : -1;
    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* State, parent and number of threads from /proc/PID/stat. */
static bool proc_stat(pid_t pid, char *state, int *parent, int *threads)
{
    char text[1024];
    const char *at = proc_read(pid, "stat", text, sizeof text) ? strrchr(text, ')') : NULL;
    return at != NULL && sscanf(at, ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d", state,
                                parent, threads) == 3;
}

bool proc_is_gone(pid_t pid)
{
    char state;
    int parent, threads;
    return !proc_stat(pid, &state, &parent, &threads) || state == 'Z' || state == 'X';
}

bool proc_is_stopped(pid_t pid)
{
    char state;
    int parent, threads;
    return proc_stat(pid, &state, &parent, &threads) && state == 'T';
}

long long proc_bytes_read(pid_t pid)
{
    char text[512];
    long long n = 0;
    return proc_read(pid, "io", text, sizeof text) && sscanf(text, "rchar: %lld", &n) == 1 ? n : 0;
}

bool proc_waits_for_work(pid_t pid)
{
    char text[256];
    long number;
    unsigned long op;
    return proc_read(pid, "syscall", text, sizeof text) && sscanf(text, "%ld %*x %lx", &number, &op) == 2 &&
           number == SYS_futex && op == FUTEX_WAIT;
}

bool proc_waits_for_good(pid_t pid)
{
    char text[256];
    long number;
    unsigned long op, timeout;
    return proc_read(pid, "syscall", text, sizeof text) &&
           sscanf(text, "%ld %*x %lx %*x %lx", &number, &op, &timeout) == 3 && number == SYS_futex &&
           op == FUTEX_WAIT_PRIVATE && timeout == 0;
}

int proc_threads(pid_t pid)
{
    char state;
    int parent, threads;
    return proc_stat(pid, &state, &parent, &threads) ? threads : 0;
}

int proc_engine_threads(pid_t pid)
{
    char path[64], name[32];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "task/%.20s/comm", e->d_name);
        n += e->d_name[0] != '.' && proc_read(pid, path, name, sizeof name) && strncmp(name, "engine-", 7) == 0;
    }
    if (d)
        closedir(d);
    return n;
}

pid_t proc_parent(pid_t pid)
{
    char state;
    int parent, threads;
    return proc_stat(pid, &state, &parent, &threads) ? parent : 0;
}
