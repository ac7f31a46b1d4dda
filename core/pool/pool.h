/* SPDX-License-Identifier: MIT
 * The pool: worker processes that run tasks over one table. Start methods are entries of one const table.
 * Lives in the host process, on its main thread; nothing here is thread-safe. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/table/table.h"

struct start_method; /* pool_priv.h */

/* "fork", "spawn", "forkserver", or the default of a CPython: "python3.14/linux", "python3.7/macos",
 * "python3.12/windows" (up to 3.7 fork on Linux and macOS; 3.8–3.13 fork on Linux, spawn on macOS; from 3.14 forkserver
 * on Linux, spawn on macOS; Windows always spawn). ERR_NOT_FOUND otherwise, with a problem that lists what there is. */
enum err start_method_find(const char *name, const struct start_method **out, struct problem *problem) MUST_CHECK;
const char *start_method_name(const struct start_method *m);
const char *start_method_inherits(const struct start_method *m); /* "whole address space, every lock as it stood" */
size_t start_method_count(void);
const struct start_method *start_method_at(size_t i); /* fork, spawn, forkserver */

/* A clean helper process without threads that forks workers on request. One serves all runs of a host. */
struct forkserver;
enum err forkserver_new(struct forkserver **out) MUST_CHECK; /* no process yet */
void forkserver_free(struct forkserver *f);                  /* ends it, and its workers with it; bounded in time */

/* Starts the process unless it runs; a pool does so when it first needs it. It waits for its table then. */
enum err forkserver_start(struct forkserver *f, struct problem *problem) MUST_CHECK;
bool forkserver_running(const struct forkserver *f);

/* Hands it the table and the engine threads of each worker, unless it has them; a pool does so too. */
enum err forkserver_preload(struct forkserver *f, const struct table *t, int threads) MUST_CHECK;

/* Readable when it has ended or has sent something. While a pool has the forkserver, that is for pool_step (and its
 * pool_fd tells); while none has, for forkserver_tend, which is true, with words, if it found that it has ended. */
int forkserver_fd(const struct forkserver *f);
bool forkserver_tend(struct forkserver *f, struct problem *end);

/* What a worker begins with, by start method; where Python differs, it is said.
 *
 *            fork                          spawn                          forkserver
 *  memory    all of the host's, as it      its own; the table's files     the forkserver's: the table, and nothing of
 *            stands, engine and locks      are shared                     the host
 *  fds       all of the host's, and its    /dev/null twice, stderr, its   as spawn; Python's also what the forkserver
 *            end of its socket             socket, the bell, the table;   has open
 *                                          Python's: stdin, stdout too
 *  signals   the host's mask and           none blocked, none ignored;    as spawn; Python's forkserver ignores SIGINT
 *            dispositions                  Python's inherits both         and its workers do not
 *  threads   one of the host's             one; the engine starts its     as spawn
 *                                          own at the first query
 *  dies      with the host, by SIGKILL;    with the host                  with the forkserver, and that with the host
 *            Python's outlives it if hung */

struct pool; /* opaque */

enum pool_kind { POOL_FILTER, POOL_SCAN, POOL_NOOP }; /* POOL_NOOP: nothing, to measure all the rest */

struct pool_task {
    enum pool_kind kind;
    const char *code; /* of POOL_FILTER */
    double timeout;   /* seconds that it may run; its worker is killed then and the task fails. 0: the pool's */
};

/* What became of a task. */
struct pool_result {
    int64_t task;
    char *code;            /* NULL: none */
    enum task_state state; /* finished, failed, cancelled or lost */
    int64_t worker;        /* where it ran last; 0: nowhere */
    int64_t rows;          /* -1: no result */
    double seconds;        /* running time, as its worker measured it */
    struct ints ranges;    /* pairs: first row, count */
    char *error;           /* message and place, of a failed or lost one */
};
void pool_result_done(struct pool_result *r);

struct pool_options {
    const struct start_method *method;
    int workers;
    int64_t run;           /* id that its events carry */
    struct engine *engine; /* the host's; used by nobody else while the pool forks */
    const struct table *table;
    struct forkserver *forkserver; /* the host's, for one pool at a time; may be NULL for other methods */
    int64_t pending_max;           /* tasks that may wait: more are refused with ERR_AGAIN. 0: POOL_PENDING_MAX */
    int64_t max_tasks;             /* a worker goes after so many and another takes its place. 0: never */
    double task_timeout;           /* 0: none */
    int retries;                   /* how often a task whose worker died is tried again. 0: it is lost; at most 255 */
    const char *initializer;       /* run in each worker before its first task: "threads" starts the engine's threads,
                                      "scan" reads the whole table; one that fails breaks the pool. NULL: none */
    bool keep;                     /* results are kept for pool_result, pool_next, pool_wait and pool_map */
    int burst; /* events of single tasks in 50 ms, the rest is merged. 0: POOL_BURST; -1: no limit */
    void (*emit)(void *ctx, struct event *e); /* takes the event; called from pool_* calls only. NULL: not told */
    void (*settled)(void *ctx, const struct pool_result *r); /* borrowed for the call; NULL: not told */
    void *ctx;
};
enum { POOL_PENDING_MAX = 65536, POOL_BURST = 256 };

/* No worker is started yet: workers start on demand, as ProcessPoolExecutor does, up to `workers`. */
enum err pool_new(const struct pool_options *options, struct pool **out, struct problem *problem) MUST_CHECK;

/* Kills what still runs, reaps it, closes everything. Never blocks for a hung worker. */
void pool_free(struct pool *p);

/* Puts a task on the queue, and hands it out or starts a worker if that can be done now; code NULL is the whole table.
 * *id counts from 1. ERR_AGAIN: too many wait; pool_step, and try again. ERR_CLOSED: shut down or broken. */
enum err pool_submit(struct pool *p, const char *code, int64_t *id) MUST_CHECK;
enum err pool_submit_task(struct pool *p, const struct pool_task *task, int64_t *id) MUST_CHECK;

/* An epoll fd: readable when pool_step has something to do. */
int pool_fd(const struct pool *p);

/* Does what is to be done now, without waiting: hands out tasks, takes results, reaps, replaces dead workers. */
enum err pool_step(struct pool *p) MUST_CHECK;

/* The same, but waits first until there is something to do; `timeout` in seconds, < 0: none. */
enum err pool_await(struct pool *p, double timeout) MUST_CHECK;

/* Emits what was merged so far and waits for its time; otherwise it comes within 50 ms. */
void pool_flush(struct pool *p);

/* All tasks settled. */
bool pool_idle(const struct pool *p);
int64_t pool_pending(const struct pool *p); /* that no worker has begun, as far as is known */

/* NULL, or why no task can be done any more: workers that die at birth, or whose initializer fails. */
const char *pool_broken(const struct pool *p);

/* A pending task is cancelled. One that runs is so only if `kill`, with its worker, as soon as that is dead; else
 * ERR_DENIED. ERR_NOT_FOUND: it is settled, or never was. */
enum err pool_cancel(struct pool *p, int64_t task, bool kill) MUST_CHECK;

/* No task is taken any more. What is pending is cancelled, what runs comes to its end, and the workers are asked to
 * go; pool_step until pool_ended. */
void pool_shutdown(struct pool *p);
void pool_close(struct pool *p);       /* the same, but what is pending is done first */
bool pool_ended(const struct pool *p); /* no worker is left */

/* SIGKILL; its task is lost, or tried again. ERR_NOT_FOUND if there is no such worker (any more). */
enum err pool_kill_worker(struct pool *p, int64_t worker) MUST_CHECK;

/* SIGKILL for all workers, running tasks are lost, pending ones cancelled. */
void pool_terminate(struct pool *p);

/* --- as concurrent.futures has it; of a pool with `keep`. Timeouts: seconds, < 0: none; ERR_AGAIN: one passed ------
 */

enum pool_when { POOL_FIRST_COMPLETED, POOL_FIRST_EXCEPTION, POOL_ALL_COMPLETED };

/* Waits until one is settled, one has not finished well, or all are; *settled of them are. */
enum err pool_wait(struct pool *p, const int64_t *tasks, size_t n, enum pool_when when, double timeout, size_t *settled)
    MUST_CHECK;

/* The result of a task, given to the caller (once). ERR_NOT_FOUND: taken before, or never submitted. */
enum err pool_take(struct pool *p, int64_t task, double timeout, struct pool_result *out) MUST_CHECK;

/* The next that is settled, in that order, of those not taken yet. ERR_NOT_FOUND: no task is left. */
enum err pool_next(struct pool *p, double timeout, struct pool_result *out) MUST_CHECK;

/* Waits until all workers are gone after a shutdown. */
enum err pool_join(struct pool *p, double timeout) MUST_CHECK;

/* Results in the order of the codes, submitted as the results are taken: at most `ahead` are on their way (0: as many
 * as may be pending); they travel in chunks as the load asks. *m is zeroed before the first call and keeps the place;
 * pool_map_done frees it, the tasks go on. ERR_NOT_FOUND: that were all. */
struct pool_map {
    size_t taken;
    struct ints submitted;
};
void pool_map_done(struct pool_map *m);
enum err pool_map_next(struct pool *p, struct pool_map *m, const char *const *codes, size_t n, size_t ahead,
                       double timeout, struct pool_result *out) MUST_CHECK;

/* The main functions of the processes that a pool starts as fresh programs (core/query/hidden_commands.c): `sock` is
 * the socket to the process that started them. They return the exit status. */
int worker_process_main(int sock);
int forkserver_process_main(int sock);

#endif
