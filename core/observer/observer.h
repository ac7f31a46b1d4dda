/* SPDX-License-Identifier: MIT
 * The observer: starts a host, watches what runs below it, and brings every fact into one model. The one place that
 * waits is its caller's poll on observer_fd. It never runs a query and never forks a worker. Used on one thread. */
#ifndef OBSERVER_OBSERVER_H
#define OBSERVER_OBSERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/event/event.h"
#include "core/model/model.h"

struct observer;

enum on_hang { ON_HANG_REPORT, ON_HANG_KILL };

struct observer_options {
    const char *path;      /* as the user wrote it; "-" for stdin */
    const char *key;       /* NULL: default */
    char *const *dtypes; size_t ndtypes; /* "COL=DTYPE" */
    int threads;           /* engine threads */
    bool forkserver;       /* have a forkserver ready from the start */
    double hang_after;
    enum on_hang on_hang;
    double timeout;        /* of a run, seconds; 0: none */
    const char *record;    /* path for the recording, or NULL */
    bool keep_tasks;       /* the model keeps every task, however many */
    void (*on_task)(void *ctx, const struct event_task *ended); /* of each task that ends, in that order; borrowed */
    void (*on_measured)(void *ctx, const struct event_measured *m); /* of a run that measures */
    void *ctx;
    bool table_follows;    /* nothing is loaded: the table is given later (observer_load) */
    bool as_given;         /* … and is taken as it is, though a strict load might refuse it */
    bool keep_host;        /* start another host when one dies, so that the table stays open for queries and runs */
};

/* Opens the file and starts the host, which begins to load (what comes through a pipe or is packed: when observer_step
 * has taken all of it); events follow. ERR_DENIED/ERR_NOT_FOUND/… with a problem if the file cannot be opened. The
 * strings are borrowed until observer_free. */
enum err observer_new(const struct observer_options *options, struct observer **out, struct problem *problem)
    MUST_CHECK;

/* The table as somebody read it already, or why it cannot be read (`fault`): a host takes it, in the place of the one
 * that is there; where there is none, the first run starts one. What is given stays the caller's. */
enum err observer_load(struct observer *o, const struct table *t, const char *fault) MUST_CHECK;

/* Ends the run and the host: nothing of ours is left when it returns. */
void observer_free(struct observer *o);

/* Ends the recording, if there is one: says whether it is complete. Call it before observer_free. */
enum err observer_end_recording(struct observer *o, struct problem *problem) MUST_CHECK;

/* Readable when observer_step has something to do. */
int observer_fd(const struct observer *o);

/* Applies what has happened, without waiting. *changed says whether the model changed. */
enum err observer_step(struct observer *o, bool *changed) MUST_CHECK;

const struct model *observer_model(const struct observer *o);

/* The same eye on a real program: starts a command, or attaches to a tree that is running already (read-only). Of the
 * options only hang_after, on_hang, timeout and record are used. The command's status is in the model when it has
 * ended; with ON_HANG_KILL a tree that hangs and has come to rest is ended, the evidence being in the model first. */
struct watch_settings {
    char *const *argv;  /* NULL-terminated; NULL: attach to `pid` */
    pid_t pid;
    bool tty;           /* give the command a pseudo-terminal; else it keeps our stdin, stdout and stderr */
    int columns, rows;  /* of that terminal */
    int keeper;         /* an fd, at its end when nobody waits for us: ERR_CLOSED from observer_step; 0: none */
};
enum err observer_watch(const struct observer_options *options, const struct watch_settings *settings,
                        struct observer **out, struct problem *problem) MUST_CHECK;
void observer_signal(struct observer *o, int signal);              /* passed on to the command */
void observer_resize(struct observer *o, int columns, int rows);   /* of its terminal */

/* Typed into its terminal. Never waits: ERR_AGAIN if the command reads so little that not all of it was taken. */
enum err observer_type(struct observer *o, const char *bytes, size_t len) MUST_CHECK;

/* SIGKILL for the command and all below it, or for all that is left of a tree we are attached to. */
void observer_kill_all(struct observer *o);

/* From now on events tell of this process in detail (struct model has the newest as `inspection`); 0: of none. */
void observer_inspect(struct observer *o, int64_t pid);

/* Brings into the model what the looking has cost so far: for a report. */
enum err observer_count_samples(struct observer *o) MUST_CHECK;

/* Something in the watched tree hangs, and nothing in it has moved for a while (or only beaten time). */
bool observer_rested(const struct observer *o);

/* The watch is over: the root has ended; what is still below it is left alone by observer_free only when attached. */
bool observer_watch_over(const struct observer *o);

struct run_settings {
    const char *method;    /* fork, spawn, forkserver */
    bool measure;          /* it tells numbers, not results; `method` may also be engine, inline, growth */
    int workers;
    int threads;           /* another number than the host has: a new host is started and loads again */
    const char *at_fork;
    int64_t max_tasks;     /* a worker goes after so many; 0: never */
    double task_timeout;   /* seconds; 0: none */
    int retries;           /* of a task whose worker died */
    const char *const *codes; size_t ncodes; /* none: one task that returns the whole table */
    struct buf *packed;    /* instead of `codes`: ncodes of them, each with its NUL; taken. NULL: not */
};

/* Starts a run as soon as the table is loaded. A run that goes on is stopped first. */
enum err observer_run(struct observer *o, const struct run_settings *settings) MUST_CHECK;
void observer_stop(struct observer *o);
enum err observer_kill_worker(struct observer *o, int64_t worker) MUST_CHECK;

/* Seconds since the start of the session, as the model's times: what "now" is for a screen. */
double observer_now(const struct observer *o);

/* Asks for the stack of a process (stops it for a moment): answered by a NOTE and, if it has a finding, in that. */
enum err observer_ask_stack(struct observer *o, int64_t pid) MUST_CHECK;

#endif
