/* SPDX-License-Identifier: MIT
 * Workers and forkservers are killed thousands of times, at random moments: while they start, claim a task, work,
 * answer and end. No task is lost without an event, done twice or left waiting; no process, fd or memory is left over.
 * $KILLS is the number of kills (2000). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/query/hidden_commands.h"
#include "core/host/host.h"
#include "tests/kit/pool_kit.h"

enum { PIDS = 64 };

struct tally {
    int64_t submitted, finished, lost, retried;
    uint8_t *ended;   /* by task */
    pid_t pids[PIDS]; /* workers that have started and not exited */
    pid_t server;
    int npids;
    long kills;
    unsigned seed;
    struct pool *pool;
};

static void on_worker(struct tally *f, const struct event *e)
{
    if (e->type == EVENT_WORKER_STARTED && f->npids < PIDS)
        f->pids[f->npids++] = (pid_t)e->worker.pid;
    if (e->type == EVENT_WORKER_STARTED && e->worker.ppid != getpid())
        f->server = (pid_t)e->worker.ppid;
    for (int i = 0; e->type == EVENT_WORKER_EXITED && i < f->npids; i++) {
        if (f->pids[i] == (pid_t)e->worker.pid)
            f->pids[i] = f->pids[--f->npids];
    }
}

static void check_lost_error(const char *error)
{
    bool fit = error != NULL && strstr(error, "while it ran this task") &&
               (strstr(error, "was killed by signal 9") != NULL || strstr(error, "the forkserver was gone"));
    if (!fit)
        fail_msg("%s", error ? error : "no error");
}

static void on_event(void *ctx, struct event *e)
{
    struct tally *f = ctx;
    if (e->type == EVENT_TASK_ENDED) {
        f->ended[e->task.task]++;
        f->finished += e->task.state == TASK_FINISHED;
        f->lost += e->task.state == TASK_LOST;
        if (e->task.state == TASK_LOST)
            check_lost_error(e->task.error);
        else if (e->task.state != TASK_FINISHED)
            fail_msg("%s", e->task.error ? e->task.error : "no error");
        if (e->task.state == TASK_FINISHED)
            assert_int_equal(e->task.rows, e->task.task % 2);
    }
    f->retried += e->type == EVENT_TASK_RETURNED;
    on_worker(f, e);
    event_done(e);
}

/* Kills a random worker, or now and then the forkserver, whatever it does at this moment. */
static void kill_one(struct tally *f)
{
    if (f->npids == 0)
        return;
    bool server = f->server != 0 && rand_r(&f->seed) % 10 == 0;
    pid_t pid = server ? f->server : f->pids[rand_r(&f->seed) % (unsigned)f->npids];
    if (kill(pid, SIGKILL) == 0)
        f->kills++;
    if (server)
        f->server = 0;
}

static void step_or_wait(struct tally *f)
{
    struct pollfd ready = {.fd = pool_fd(f->pool), .events = POLLIN};
    struct timespec wait = {.tv_nsec = rand_r(&f->seed) % 300000};
    if (rand_r(&f->seed) % 2)
        ppoll(&ready, 1, &wait, NULL);
    assert_int_equal(pool_step(f->pool), OK);
}

/* Runs one pool while its processes are killed, and checks that every task ended once. */
static void run_under_kills(struct tally *f, struct kit *k, const char *method, long kills)
{
    enum { AHEAD = 600 };
    struct problem problem;
    struct pool_options o = {.workers = 1 + rand_r(&f->seed) % 4,
                             .run = 1,
                             .engine = k->engine,
                             .table = k->table,
                             .forkserver = k->forkserver,
                             .emit = on_event,
                             .ctx = f,
                             .burst = -1,
                             .retries = rand_r(&f->seed) % 2,
                             .max_tasks = rand_r(&f->seed) % 3 ? 0 : 50};
    f->submitted = 0;
    f->npids = 0;
    f->ended = calloc(1000000, 1);
    assert_non_null(f->ended);
    assert_int_equal(start_method_find(method, &o.method, &problem), OK);
    assert_int_equal(pool_new(&o, &f->pool, &problem), OK);
    int64_t before = f->finished + f->lost;
    for (long until = f->kills + kills; f->kills < until;) {
        while (pool_pending(f->pool) < AHEAD && f->submitted < 999999) {
            int64_t id;
            assert_int_equal(pool_submit(f->pool, (f->submitted + 1) % 2 ? "0001" : "0009", &id), OK);
            f->submitted = id;
        }
        if (rand_r(&f->seed) % 3 == 0)
            kill_one(f);
        step_or_wait(f);
        assert_null(
            pool_broken(f->pool)); /* a worker that was killed while starting does not mean that none can start */
    }
    double end = clock_now() + KIT_PATIENCE;
    pool_close(f->pool);
    while (!pool_ended(f->pool) && clock_now() < end)
        assert_int_equal(pool_await(f->pool, 0.1), OK);
    assert_true(pool_idle(f->pool));
    assert_true(pool_ended(f->pool));
    assert_int_equal(f->finished + f->lost - before, f->submitted);
    for (int64_t t = 1; t <= f->submitted; t++)
        assert_int_equal(f->ended[t], 1);
    pool_free(f->pool);
    free(f->ended);
}

static int own_maps(void)
{
    int n = 0;
    char line[512];
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        n += strstr(line, "poolscope-ring") != NULL;
    fclose(f);
    return n;
}

/* No child is left, not even a zombie. This process adopts the workers of a forkserver that was killed. */
static bool no_child_is_left(void *unused)
{
    (void)unused;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    return errno == ECHILD;
}

static void every_task_ends_once_under_thousands_of_kills(void **state)
{
    static const char *const methods[] = {"fork", "forkserver", "spawn"};
    const char *wanted = getenv("KILLS");
    long kills = wanted ? strtol(wanted, NULL, 10) : 2000, each = 50;
    struct tally f = {.seed = 1};
    (void)state;
    for (int round = 0; f.kills < kills; round++) {
        struct kit k;
        int before = open_fds();
        kit_init(&k, NULL, 1, AT_FORK_NONE);
        assert_int_equal(forkserver_new(&k.forkserver), OK);
        f.server = 0;
        run_under_kills(&f, &k, methods[round % 3], each);
        kit_done(&k);
        assert_int_equal(open_fds(), before);
        assert_int_equal(own_maps(), 0);
        wait_until(no_child_is_left, NULL);
    }
    print_message("%ld kills: %lld tasks finished, %lld lost, %lld returned to the queue\n", f.kills,
                  (long long)f.finished, (long long)f.lost, (long long)f.retried);
}

int main(int argc, char **argv)
{
    int status;
    if (hidden_command_run(argc, argv, &status))
        return status;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_ends_once_under_thousands_of_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
