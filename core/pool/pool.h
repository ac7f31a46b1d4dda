/* SPDX-License-Identifier: MIT
 * A pool of worker processes that run tasks over one table, as Python's ProcessPoolExecutor does. It lives in the host
 * process, on its main thread; nothing here is thread-safe. */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/table/table.h"

/* How a worker process is started. What a worker begins with, and where Python differs:
 *
 *            fork                          spawn                          forkserver
 *  memory    all of the host's in its      its own; the table's files     the forkserver's: the table, and nothing of
 *            current state, with its       are shared                     the host
 *            engine and every lock
 *  fds       all of the host's, and its    /dev/null as stdin and         as spawn; Python's also has what the
 *            end of its socket             stdout, stderr, its socket,    forkserver has open
 *                                          the bell, the table;
 *                                          Python's: stdin, stdout too
 *  signals   the host's mask and           none blocked, none ignored;    as spawn; Python's forkserver ignores SIGINT
 *            dispositions                  Python's inherits both         and its workers do not
 *  threads   one of the host's             one; the engine starts its     as spawn
 *                                          own at the first query
 *  dies      with the host, by SIGKILL;    with the host                  with the forkserver, which dies with the host
 *            Python's outlives it if hung */
struct start_method; /* core/pool/start_method.h */

/* Names: "fork", "spawn", "forkserver", or the default of a CPython: "python3.14/linux", "python3.7/macos",
 * "python3.12/windows" (up to 3.7 fork on Linux and macOS; 3.8–3.13 fork on Linux, spawn on macOS; from 3.14 forkserver
 * on Linux, spawn on macOS; Windows always spawn). Otherwise ERR_NOT_FOUND, with a problem that lists the names. */
enum err start_method_find(const char *name, const struct start_method **out, struct problem *problem) MUST_CHECK;
const char *start_method_name(const struct start_method *m);
const char *start_method_inherits(const struct start_method *m); /* in words */
size_t start_method_count(void);
const struct start_method *start_method_at(size_t i); /* fork, spawn, forkserver */

/* A helper process with a single thread that forks workers on request. One serves all runs of a host. */
struct forkserver;
enum err forkserver_new(struct forkserver **out) MUST_CHECK; /* does not start the process yet */
void forkserver_free(struct forkserver *f); /* ends the process and its workers, within a bounded time; NULL: nothing */

/* Starts the process unless it runs; it then waits for its table. A pool calls this when it needs the forkserver. */
enum err forkserver_start(struct forkserver *f, struct problem *problem) MUST_CHECK;
bool forkserver_running(const struct forkserver *f);

/* Sends it the table and the number of engine threads of each worker, unless it has them. A pool calls this, too. */
enum err forkserver_preload(struct forkserver *f, const struct table *t, int threads) MUST_CHECK;

/* Readable when the process has ended or has sent something. While a pool uses the forkserver, pool_step handles that
 * (pool_fd becomes readable, too). Otherwise the caller calls forkserver_tend. */
int forkserver_fd(const struct forkserver *f);

/* Handles what the forkserver has sent while no pool uses it. Returns true, with a sentence in *end, if it has ended.
 */
bool forkserver_tend(struct forkserver *f, struct problem *end);

struct pool; /* opaque */

enum pool_kind { POOL_FILTER, POOL_SCAN, POOL_NOOP }; /* POOL_NOOP does nothing; it measures everything else */

struct pool_task {
    enum pool_kind kind;
    const char *code; /* of POOL_FILTER */
    double timeout;   /* seconds that it may run; then its worker is killed and the task fails. 0: the pool's timeout */
};

/* What became of a task; all borrowed. */
struct pool_result {
    int64_t task;
    const char *code;      /* NULL: none */
    enum task_state state; /* finished, failed, cancelled or lost */
    const char *error;     /* of a failed or lost task: what happened, and where */
};

struct pool_options {
    const struct start_method *method;
    int workers;
    int64_t run;           /* the id that its events carry */
    struct engine *engine; /* the host's; nobody else uses it while the pool forks */
    const struct table *table;
    struct forkserver *forkserver; /* the host's, for one pool at a time; may be NULL for other methods */
    int64_t pending_max;           /* tasks that may wait; more are refused with ERR_AGAIN. 0: POOL_PENDING_MAX */
    int64_t max_tasks;             /* a worker is replaced after so many tasks. 0: never */
    double task_timeout;           /* seconds; 0: none */
    int retries;             /* how often a task whose worker died is tried again, at most 255. 0: the task is lost */
    const char *initializer; /* run in each worker before its first task: "threads" starts the engine's threads,
                                "scan" reads the whole table; a failure breaks the pool. NULL: none */
    int burst;               /* events of single tasks per 50 ms; the rest is merged. 0: POOL_BURST; -1: no limit */
    void (*emit)(void *ctx, struct event *e); /* takes the event; called from pool_* functions only. May be NULL */
    void (*on_task_ended)(void *ctx, const struct pool_result *r); /* likewise; may be NULL */
    void *ctx;
};
enum { POOL_PENDING_MAX = 65536, POOL_BURST = 256 };

/* Starts no worker yet: workers are started on demand, as by ProcessPoolExecutor, up to `workers`. */
enum err pool_new(const struct pool_options *options, struct pool **out, struct problem *problem) MUST_CHECK;

/* Kills and reaps the workers that still run, and frees the pool; NULL: nothing. Never blocks because a worker hangs.
 */
void pool_free(struct pool *p);

/* Adds a task to the queue; gives it out or starts a worker if that can be done at once. *id counts from 1. ERR_AGAIN:
 * too many tasks wait; call pool_step and try again. ERR_CLOSED: the pool was closed, shut down or terminated. */
enum err pool_submit_task(struct pool *p, const struct pool_task *task, int64_t *id) MUST_CHECK;

/* The same for a filter; code NULL is the whole table. */
enum err pool_submit(struct pool *p, const char *code, int64_t *id) MUST_CHECK;

/* An epoll fd: readable when pool_step has something to do. */
int pool_fd(const struct pool *p);

/* Does what is to be done now without waiting: takes results, gives out tasks, reaps and replaces dead workers. */
enum err pool_step(struct pool *p) MUST_CHECK;

/* Waits up to `timeout` seconds (< 0: without limit) until there is something to do, and does it. */
enum err pool_await(struct pool *p, double timeout) MUST_CHECK;

/* Emits now what was merged so far. Otherwise that happens within 50 ms. */
void pool_flush(struct pool *p);

bool pool_idle(const struct pool *p);       /* all tasks have ended */
int64_t pool_pending(const struct pool *p); /* tasks that no worker has begun, as far as the host knows */

/* Why no task can be done any more: workers cannot be started, or their initializer fails. NULL: the pool works. */
const char *pool_broken(const struct pool *p);

/* Cancels a pending task. A running task is cancelled only with `kill_worker`: its worker is killed, and the task ends
 * as soon as the worker is dead. Otherwise ERR_DENIED. ERR_NOT_FOUND: the task has ended, or never was submitted. */
enum err pool_cancel(struct pool *p, int64_t task, bool kill_worker) MUST_CHECK;

/* Both accept no more tasks and let running ones finish; then the workers are told to quit. Call pool_step until
 * pool_ended. pool_close has the pending tasks done first, pool_shutdown cancels them. */
void pool_shutdown(struct pool *p);
void pool_close(struct pool *p);
bool pool_ended(const struct pool *p); /* no worker is left */

/* Kills a worker (SIGKILL). Its task is lost, or tried again. ERR_NOT_FOUND: there is no such worker any more. */
enum err pool_kill_worker(struct pool *p, int64_t worker) MUST_CHECK;

/* Kills all workers (SIGKILL): running tasks are lost, pending ones cancelled. */
void pool_terminate(struct pool *p);

/* The main functions of the processes that a pool starts as new programs (core/query/hidden_commands.c). `sock` is the
 * socket to the process that started them. They return the exit status. */
int worker_process_main(int sock);
int forkserver_process_main(int sock);

#endif
