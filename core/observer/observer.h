/* SPDX-License-Identifier: MIT
 * The observer: starts a host or a command, or attaches to a process tree, watches it, and applies every event to one
 * model. It never waits: its caller polls observer_fd. It never runs a query and never forks a worker. Used on one
 * thread. */
#ifndef OBSERVER_OBSERVER_H
#define OBSERVER_OBSERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/startup.h"
#include "core/event/event.h"
#include "core/model/model.h"
#include "core/table/table.h"

struct observer;

enum on_hang { ON_HANG_REPORT, ON_HANG_KILL };

struct observer_options {
    const char *path; /* as the user wrote it; "-" for stdin */
    const char *key;  /* NULL: default */
    char *const *dtypes;
    size_t ndtypes;  /* "COL=DTYPE" */
    int threads;     /* engine threads */
    bool forkserver; /* have a forkserver ready from the start */
    double hang_after;
    enum on_hang on_hang;
    double deadline; /* clock_now() time when all is stopped, even what has not begun (EVENT_TIMEOUT); 0: none */
    struct recorder **recorder; /* records every event; the observer takes it and leaves NULL here; NULL: none */
    bool keep_tasks;            /* see model_keep_tasks */
    void (*on_task)(void *ctx, const struct event_task *ended); /* called for each task that ends; borrowed; or NULL */
    void (*on_measured)(void *ctx, const struct event_measured *m); /* called for each measurement; borrowed; or NULL */
    void *ctx;                                                      /* of the two functions */
};

/* An observer of our own runs. It has no table yet: call observer_load, or observer_set_table. On an error, which comes
 * with a problem, poolscope itself cannot start. The strings are borrowed until observer_free. */
enum err observer_new(const struct observer_options *options, struct observer **out, struct problem *problem)
    MUST_CHECK;

/* Opens the file that the options name and starts a host, which loads all of it and refuses what is not as it should be
 * (a stream is first read to its end by observer_step). EVENT_TABLE_LOADED or EVENT_TABLE_FAILED follows. On an error,
 * which comes with a problem, poolscope itself cannot start. */
enum err observer_load(struct observer *o, struct problem *problem) MUST_CHECK;

/* Runs are over this table from now on, as it is: its fds are duplicated, and `t` stays the caller's. A run that is
 * going on ends. The host is started with the next run. ERR_NOMEM, ERR_LIMIT, or what table_import says. */
enum err observer_set_table(struct observer *o, const struct table *t) MUST_CHECK;

/* There is no table to run over, and why. */
enum err observer_refuse_table(struct observer *o, const char *why) MUST_CHECK;

/* The table that runs are over; NULL: none yet. The observer's, until another one is set or loaded. */
const struct table *observer_table(const struct observer *o);

/* Ends the run and the host, or the watched command. When it returns, no process of ours is left, except for those that
 * observer_leave_running has left alone. */
void observer_free(struct observer *o);

/* Ends the recording, if there is one. An error says why it is incomplete. Call it before observer_free. */
enum err observer_end_recording(struct observer *o, struct problem *problem) MUST_CHECK;

/* Readable when observer_step has something to do. */
int observer_fd(const struct observer *o);

/* Applies what has happened, without waiting. *changed says whether the model changed. ERR_CLOSED: the supervisor of a
 * watch has gone. */
enum err observer_step(struct observer *o, bool *changed) MUST_CHECK;

const struct model *observer_model(const struct observer *o);

/* Observes any program: starts a command, or attaches to a process tree that is running already (read-only). Of the
 * options only hang_after, on_hang, deadline and recorder are used. The model gets the command's status when it has
 * ended. With ON_HANG_KILL, a tree that hangs and has come to rest is killed after the model has got the evidence. */
struct watch_settings {
    char *const *argv; /* NULL-terminated; NULL: attach to `pid` */
    pid_t pid;
    bool tty;          /* give the command a pseudo-terminal; else it keeps our stdin, stdout and stderr */
    int columns, rows; /* of that terminal */
    const struct inherited_signals *inherited; /* the command's signals (startup.h); NULL: none is blocked */
    int supervisor; /* an fd that is readable when our supervisor has gone: see observer_step; 0: none */
};
enum err observer_watch(const struct observer_options *options, const struct watch_settings *settings,
                        struct observer **out, struct problem *problem) MUST_CHECK;
void observer_resize(struct observer *o, int columns, int rows); /* of its terminal */

/* Sends a signal to the command; ERR_DENIED if we may not, as to a set-user-ID program. */
enum err observer_signal(struct observer *o, int signal) MUST_CHECK;

/* Writes to its terminal what was typed. Never waits: ERR_AGAIN if the terminal took only a part of it. */
enum err observer_type(struct observer *o, const char *bytes, size_t len) MUST_CHECK;

/* Sends SIGKILL to the command and everything below it, or, if attached, to the processes that were seen in the tree,
 * as far as they are still the same ones, except for ourselves. The tree of process 1 is the whole PID namespace, and
 * is never killed. */
void observer_kill_all(struct observer *o);

/* Says which processes could not be killed because we may not signal them; NULL: there are none. */
const char *observer_unkillable(const struct observer *o);

/* Somebody asked us or the command to end: then nothing is left running (observer_leave_running). */
void observer_end_all(struct observer *o);

/* Call this when the watch is over. If the command ended by itself with a status, without a hang, a timeout, a kill or
 * a request to end, the processes that it left running go on after observer_free, as they would without us, and their
 * pids are added to `pids`. In all other cases they are killed now, and `pids` stays empty. */
enum err observer_leave_running(struct observer *o, struct ints *pids) MUST_CHECK;

/* From now on events describe this process in detail (struct model has the newest as `inspection`); 0: no process. */
void observer_inspect(struct observer *o, int64_t pid);

/* Brings into the model, for a report, what the sampling has cost so far. */
enum err observer_count_samples(struct observer *o) MUST_CHECK;

/* The watched tree hangs and has come to rest, or has had enough time to. */
bool observer_rested(const struct observer *o);

/* The watch is over: the root has ended, or we may not signal it and so cannot end it. */
bool observer_watch_over(const struct observer *o);

struct run_settings {
    const char *method; /* fork, spawn, forkserver */
    bool measure;       /* yields measurements instead of results; `method` may also be engine, inline, growth */
    int workers;
    int threads; /* of the engine; if the host has another number, a new host is started */
    const char *at_fork;
    int64_t max_tasks;   /* a worker is replaced after so many; 0: never */
    double task_timeout; /* seconds; 0: none */
    int retries;         /* how often a task is tried again when its worker dies */
    const char *const *codes;
    size_t ncodes;      /* 0: one task that returns the whole table */
    struct buf *packed; /* NULL, or ncodes codes instead of `codes`, each followed by a NUL; taken */
};

/* Starts a run as soon as there is a table. A run that is going on is stopped first. */
enum err observer_run(struct observer *o, const struct run_settings *settings) MUST_CHECK;
void observer_stop(struct observer *o);
enum err observer_kill_worker(struct observer *o, int64_t worker) MUST_CHECK;

/* Cancels a pending task. A NOTE says if it was no longer pending. ERR_GONE: there is no host. */
enum err observer_cancel_task(struct observer *o, int64_t task) MUST_CHECK;

/* The current time in seconds since the start of the session, as the times of the model. */
double observer_now(const struct observer *o);

/* Asks for the stack of a process, which is stopped for a moment. The answer is a line of the log or, if the process
 * has a finding, the finding's stack. */
enum err observer_ask_stack(struct observer *o, int64_t pid) MUST_CHECK;

#endif
