/* SPDX-License-Identifier: MIT
 * The observer: starts a host, watches what runs below it, and brings every fact into one model. The one place that
 * waits is its caller's poll on observer_fd. It never runs a query and never forks a worker. Used on one thread. */
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
    double deadline;            /* clock_now() time when it is stopped, begun or not (EVENT_TIMEOUT); 0: none */
    struct recorder **recorder; /* records every event; taken from here, where NULL is left; NULL: none */
    bool keep_tasks;            /* the model keeps every task, however many */
    void (*on_task)(void *ctx, const struct event_task *ended); /* of each task that ends, in that order; borrowed */
    void (*on_measured)(void *ctx, const struct event_measured *m); /* of a run that measures */
    void *ctx;
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

/* Ends the run and the host, or the watched command: nothing of ours is left when it returns, but what observer_leave
 * has let go. */
void observer_free(struct observer *o);

/* Ends the recording, if there is one: says whether it is complete. Call it before observer_free. */
enum err observer_end_recording(struct observer *o, struct problem *problem) MUST_CHECK;

/* Readable when observer_step has something to do. */
int observer_fd(const struct observer *o);

/* Applies what has happened, without waiting. *changed says whether the model changed. */
enum err observer_step(struct observer *o, bool *changed) MUST_CHECK;

const struct model *observer_model(const struct observer *o);

/* The same eye on a real program: starts a command, or attaches to a tree that is running already (read-only). Of the
 * options only hang_after, on_hang, deadline and recorder are used. The command's status is in the model when it has
 * ended; with ON_HANG_KILL a tree that hangs and has come to rest is ended, the evidence being in the model first. */
struct watch_settings {
    char *const *argv; /* NULL-terminated; NULL: attach to `pid` */
    pid_t pid;
    bool tty;          /* give the command a pseudo-terminal; else it keeps our stdin, stdout and stderr */
    int columns, rows; /* of that terminal */
    const struct inherited_signals *inherited; /* what the command gets back (startup.h); NULL: no signal is blocked */
    int supervisor; /* an fd, at its end when nobody waits for us: ERR_CLOSED from observer_step; 0: none */
};
enum err observer_watch(const struct observer_options *options, const struct watch_settings *settings,
                        struct observer **out, struct problem *problem) MUST_CHECK;
void observer_resize(struct observer *o, int columns, int rows); /* of its terminal */

/* Passes a signal on to the command; ERR_DENIED if we may not send it one, as to a set-user-ID program. */
enum err observer_signal(struct observer *o, int signal) MUST_CHECK;

/* Typed into its terminal. Never waits: ERR_AGAIN if the command reads so little that not all of it was taken. */
enum err observer_type(struct observer *o, const char *bytes, size_t len) MUST_CHECK;

/* SIGKILL for the command and all below it, or for the processes seen of a tree we are attached to that still are the
 * same ones, except for ourselves. A tree below process 1 is all of its PID namespace, and is never killed. */
void observer_kill_all(struct observer *o);

/* What could not be killed, in words for the user; NULL: all could so far. */
const char *observer_left(const struct observer *o);
/* Somebody asked us or the command to end: what the command leaves behind ends as well. */
void observer_end_all(struct observer *o);

/* Called when nothing is watched any more. If the command ended by itself with a status, with no hang, timeout, kill or
 * request to end, the processes that it left running go on after observer_free, as they would without us; their pids
 * are added to `left`. In all other cases they are ended now, and `left` stays empty. */
enum err observer_leave(struct observer *o, struct ints *left) MUST_CHECK;

/* From now on events tell of this process in detail (struct model has the newest as `inspection`); 0: of none. */
void observer_inspect(struct observer *o, int64_t pid);

/* Brings into the model what the looking has cost so far: for a report. */
enum err observer_count_samples(struct observer *o) MUST_CHECK;

/* Something in the watched tree hangs, and nothing in it has moved for a while (or only beaten time). */
bool observer_rested(const struct observer *o);

/* The watch is over: the root has ended, or cannot be ended by us. What is still below a command is ended by
 * observer_free (observer_leave). */
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

/* Seconds since the start of the session, as the model's times: what "now" is for a screen. */
double observer_now(const struct observer *o);

/* Asks for the stack of a process (stops it for a moment): answered by a NOTE and, if it has a finding, in that. */
enum err observer_ask_stack(struct observer *o, int64_t pid) MUST_CHECK;

#endif
