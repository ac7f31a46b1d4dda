/* SPDX-License-Identifier: MIT
 * Shared by the files of this room only: the observer's state, and what is common to the two kinds of things that it
 * observes: a run of our own, and a watched command or process tree. */
#ifndef OBSERVER_PRIVATE_H
#define OBSERVER_PRIVATE_H

#include "core/event/queue.h"
#include "core/event/request.h"
#include "core/observer/command.h"
#include "core/observer/observer.h"
#include "core/observer/sampler.h"
#include "core/host/host.h"
#include "core/report/report.h"
#include "core/table_view/input.h"

/* What differs between the two kinds. */
struct observed {
    /* Applies what has happened, at most *budget events, without waiting. */
    enum err (*step)(struct observer *o, int *budget, bool *changed);
    /* Called before an event is applied; *dropped: it is not applied. */
    enum err (*before)(struct observer *o, struct event *e, bool *dropped);
    /* Called after an event was applied; `w` is the worker of a task event, or NULL. */
    enum err (*after)(struct observer *o, enum event_type type, const struct model_worker *w);
    /* Called when the time `look_at` has come. */
    enum err (*look)(struct observer *o, double now, bool *changed);
    void (*stop)(struct observer *o); /* begins to end it */
    void (*done)(struct observer *o); /* ends it now, and frees what it needed */
};

struct observer {
    const struct observed *observed;
    struct observer_options options; /* strings borrowed */
    struct model *model;
    struct queue *queue;
    struct sampler *sampler;
    struct recorder *recorder; /* NULL: none */
    int epoll, timer;
    double epoch;      /* clock_now() when the session began: all times of events and model count from here */
    double applied_at; /* time of the last event */
    double timeout_at; /* clock_now(); 0: none */
    double look_at;    /* clock_now() time when observed->look is called; 0: none */

    /* a run of our own: run.c, source.c, missing.c */
    struct host *host;        /* NULL: none */
    struct table_input input; /* see observer_load; closed if the table was set */
    struct table *table;      /* that runs are over: loaded by the host, or see observer_set_table; NULL: none yet */
    int threads;              /* of the engine in the host that is there */
    int64_t runs;             /* asked for so far */
    struct request wanted;    /* the next run, when wanted.run > 0 */
    struct request sent;      /* the run that the host was asked for and has not begun, when sent.run > 0; no codes */
    struct buf codes;         /* of the run that goes on or is wanted, each with its NUL */
    size_t codes_sent;        /* bytes of them */
    int64_t codes_of;         /* the run they are of */
    bool stopping;            /* REQUEST_STOP is on its way */

    /* a watched command: watch.c */
    struct command *command;          /* NULL: none, or only attached */
    pid_t root;                       /* of the watched tree; 0: a run of our own */
    int root_pidfd;                   /* readable when the root has ended */
    int supervisor;                   /* see struct watch_settings */
    bool ending;                      /* the command was asked to end */
    bool given_up;                    /* the command may not be sent a signal, so it cannot be ended */
    char unkillable[UNKILLABLE_TEXT]; /* the processes that could not be killed, in words */
    bool ends_all;                    /* see observer_end_all */
    bool rested;                      /* see observer_rested */
};

/* --- observer.c --- */

/* Opens everything but what is observed. */
enum err observer_open(const struct observer_options *options, const struct observed *observed, struct observer **out,
                       struct problem *problem) MUST_CHECK;

/* The only way into the model and the recording. Takes the event, whose time is on the model's scale. Events come from
 * several processes and threads and may overtake each other: an event that comes late gets the time of the one before
 * it, so that times never run backwards. */
enum err observer_apply(struct observer *o, struct event *e) MUST_CHECK;

/* Applies an event that came from outside, with observed->before and observed->after around it. Takes the event. */
enum err observer_handle(struct observer *o, struct event *e) MUST_CHECK;

/* Adds a line to the log. */
void observer_say(struct observer *o, enum note_level level, const char *text);
enum err observer_watch_fd(struct observer *o, int fd) MUST_CHECK;
void observer_unwatch_fd(struct observer *o, int fd);
void observer_look_at(struct observer *o, double when); /* sets look_at; 0: do not look */

/* --- run.c --- */

enum err run_start_host(struct observer *o, struct problem *problem) MUST_CHECK;

/* The table cannot be loaded: because of itself, or (`internal`) because poolscope failed. */
enum err run_fail_table(struct observer *o, const char *text, bool internal) MUST_CHECK;

/* --- source.c: spools what has arrived of a stream, and starts the host when all of it is there --- */

enum err source_step(struct observer *o, bool *changed) MUST_CHECK;

/* --- missing.c: called before an event of this type is applied --- */

enum err run_add_missing(struct observer *o, enum event_type type) MUST_CHECK;

#endif
