/* SPDX-License-Identifier: MIT
 * What the tests of the pool and the host share: a pool over a table, the events that it emitted, and facts from /proc.
 */
#ifndef TESTS_KIT_POOL_KIT_H
#define TESTS_KIT_POOL_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "core/pool/pool.h"

enum { KIT_PATIENCE = 60 }; /* seconds; the test fails if a condition takes longer than this to become true */

/* All events, in order. */
struct story {
    struct event *events; /* owned */
    size_t n;
};
void story_add(struct story *s,
               struct event *e); /* takes it; tasks that were merged into one event become single events */
void story_done(struct story *s);
int story_count(const struct story *s, enum event_type type);

/* The first event of this type about this task or worker, or the first note with these words; NULL: none. */
const struct event *story_task(const struct story *s, enum event_type type, int64_t task);
const struct event *story_worker(const struct story *s, enum event_type type, int64_t worker);
const struct event *story_note(const struct story *s, const char *words);

/* Exactly `count` tasks have ended in this state. */
bool story_ends_tell(const struct story *s, enum task_state state, int count);

struct kit {
    struct engine *engine;
    struct table *table;
    struct forkserver *forkserver;
    struct pool *pool;
    struct story story;
    struct pool_options wanted; /* kit_open uses max_tasks, task_timeout, retries, initializer and pending_max */
};

/* Loads a table from the text `csv`, or from assets/sample.csv if that is NULL, with an engine whose threads have been
 * started. */
void kit_init(struct kit *k, const char *csv, int threads, enum at_fork at_fork);

/* The text of a table whose queries take a while, with KIT_BIG_EACH rows of each of 10,000 codes. The caller frees it.
 */
#ifdef __SANITIZE_THREAD__ /* everything takes ten times as long */
enum { KIT_BIG_EACH = 15 };
#else
enum { KIT_BIG_EACH = 60 };
#endif
char *kit_big_csv(void);

void kit_open(struct kit *k, const char *method, int workers);
int64_t kit_submit(struct kit *k, const char *code);
void kit_submit_three(struct kit *k); /* 0001, 00002, 0005 */

/* Steps the pool until the condition is true; fails the test after KIT_PATIENCE. */
void kit_until(struct kit *k, bool (*condition)(struct kit *k));
bool kit_is_idle(struct kit *k);
bool kit_is_ended(struct kit *k);
bool kit_first_is_idle(struct kit *k); /* worker 1 waits for a task */
void kit_done(struct kit *k);          /* frees everything; a pool need not have ended */

/* All start methods. For fork, kit_open_on makes an engine without threads, so that workers do not hang. */
enum { KIT_METHODS = 3 };
extern const char *const kit_methods[KIT_METHODS];

/* kit_open_on is kit_init and kit_open. kit_end closes the pool, waits until it has ended, and calls kit_done. */
void kit_open_on(struct kit *k, const char *method, int workers, const char *csv, struct pool_options wanted);
void kit_end(struct kit *k);
pid_t kit_worker_pid(struct kit *k, int64_t worker);

/* Opens a pool whose only worker is stopped (SIGSTOP) in the middle of task 2; tasks 3 and 4 wait. Only task 2 has the
 * timeout wanted.task_timeout. On a busy machine the task may end before its worker is stopped; then this starts over
 * with a new pool. */
void kit_open_held(struct kit *k, const char *method, struct pool_options wanted);

char *kit_sample_path(void); /* of assets/sample.csv, static */

/* Checks the condition every 0.5 ms until it is true; fails the test after KIT_PATIENCE. */
void wait_until(bool (*condition)(void *arg), void *arg);

/* kit_is_at_work is a condition for wait_until: since kit_reading_of a worker has read a good part of the big table,
 * but not all of it. */
struct kit_reading {
    pid_t pid;
    long long before;
};
struct kit_reading kit_reading_of(pid_t pid);
bool kit_is_at_work(void *reading);

int open_fds(void);
bool proc_is_gone(pid_t pid);    /* no such process, or a zombie */
bool proc_is_stopped(pid_t pid); /* by a signal */
long long proc_bytes_read(pid_t pid);
bool proc_waits_for_work(pid_t pid); /* in a shared futex wait, as an idle worker */
bool proc_waits_for_good(pid_t pid); /* in a private futex wait without a timeout */
int proc_threads(pid_t pid);
int proc_engine_threads(pid_t pid); /* threads of the engine, known by their names */
pid_t proc_parent(pid_t pid);

#endif
