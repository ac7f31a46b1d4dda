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

struct pool; /* opaque */

struct pool_options {
    const struct start_method *method;
    int workers;
    int64_t run;                  /* id that its events carry */
    struct engine *engine;        /* the host's; used by nobody else while the pool forks */
    const struct table *table;
    struct forkserver *forkserver; /* the host's, for one pool at a time; may be NULL for other methods */
    void (*emit)(void *ctx, struct event *e); /* takes the event; called from pool_* calls only */
    void *ctx;
};

/* No worker is started yet: workers start on demand, as ProcessPoolExecutor does, up to `workers`. */
enum err pool_new(const struct pool_options *options, struct pool **out, struct problem *problem) MUST_CHECK;

/* Kills what still runs, reaps it, closes everything. Never blocks for a hung worker. */
void pool_free(struct pool *p);

/* Puts a task on the queue, and hands it out or starts a worker if that can be done now; code NULL is the whole table.
 * *id counts from 1. */
enum err pool_submit(struct pool *p, const char *code, int64_t *id) MUST_CHECK;

/* An epoll fd: readable when pool_step has something to do. */
int pool_fd(const struct pool *p);

/* Does what is to be done now, without waiting: hands out tasks, takes results, reaps, replaces dead workers. */
enum err pool_step(struct pool *p) MUST_CHECK;

/* All tasks settled. */
bool pool_idle(const struct pool *p);

/* Cancels what is pending, lets what runs come to its end, and asks workers to go; pool_step until pool_ended. */
void pool_shutdown(struct pool *p);
bool pool_ended(const struct pool *p); /* no worker is left */

/* SIGKILL; its task is lost. ERR_NOT_FOUND if there is no such worker (any more). */
enum err pool_kill_worker(struct pool *p, int64_t worker) MUST_CHECK;

/* SIGKILL for all workers, running tasks are lost, pending ones cancelled. */
void pool_terminate(struct pool *p);

#endif
