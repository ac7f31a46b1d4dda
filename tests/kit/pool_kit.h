/* SPDX-License-Identifier: MIT
 * What the tests of the pool and the host share: a pool over a table, the events it told, and looks at /proc. */
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

struct story {
    struct event *events; /* owned; in order */
    size_t n;
};
void story_add(struct story *s, struct event *e); /* takes it; many tasks in one event become events of their own */
void story_done(struct story *s);
int story_count(const struct story *s, enum event_type type);
const struct event *story_task(const struct story *s, enum event_type type, int64_t task);
const struct event *story_worker(const struct story *s, enum event_type type, int64_t worker);
const struct event *story_note(const struct story *s, const char *words);
bool story_ends_tell(const struct story *s, enum task_state state, int count);

struct kit {
    struct engine *engine;
    struct table *table;
    struct forkserver *forkserver;
    struct pool *pool;
    struct story story;
    struct pool_options wanted; /* of which kit_open takes what says how tasks are treated */
};

/* A table from this text, or from assets/sample.csv if it is NULL, with an engine whose threads run. */
void kit_init(struct kit *k, const char *csv, int threads, enum at_fork at_fork);

/* One whose queries take a good while, with so many rows of each of 10,000 codes; the caller frees it. */
#ifdef __SANITIZE_THREAD__ /* all takes ten times as long then */
enum { KIT_BIG_EACH = 15 };
#else
enum { KIT_BIG_EACH = 60 };
#endif
char *kit_big_csv(void);

void kit_open(struct kit *k, const char *method, int workers);
int64_t kit_submit(struct kit *k, const char *code);
void kit_submit_three(struct kit *k); /* 0001, 00002, 0005 */

/* Steps the pool until `there` says so; fails the test after KIT_PATIENCE. */
void kit_until(struct kit *k, bool (*there)(struct kit *k));
bool kit_is_idle(struct kit *k);
bool kit_is_ended(struct kit *k);
bool kit_first_is_idle(struct kit *k); /* worker 1 waits for a task */
void kit_done(struct kit *k);          /* the pool, if it still is, is closed as it stands */

/* All start methods; with kit_open_on fork has an inline engine, so that its workers go on. */
enum { KIT_METHODS = 3 };
extern const char *const kit_methods[KIT_METHODS];

/* kit_init and kit_open in one; kit_end closes the pool, waits for its end and does kit_done. */
void kit_open_on(struct kit *k, const char *method, int workers, const char *csv, struct pool_options wanted);
void kit_end(struct kit *k);
pid_t kit_worker_pid(struct kit *k, int64_t worker);

/* A pool whose only worker is stopped in the middle of task 2, which so never ends (and may not take longer than
 * wanted.task_timeout); 3 and 4 wait. Where others keep the processors busy, a task may be done before we come to stop
 * its worker: then once more, from the start. */
void kit_open_held(struct kit *k, const char *method, struct pool_options wanted);

char *kit_sample_path(void); /* of assets/sample.csv, static */

/* Once every 0.5 ms until true; fails the test after KIT_PATIENCE. */
void wait_until(bool (*there)(void *arg), void *arg);

/* For wait_until: a worker has read a good part of the table since, and is not through with it. */
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
int proc_engine_threads(pid_t pid); /* those that our engine started, by their names */
pid_t proc_parent(pid_t pid);

#endif
