/* SPDX-License-Identifier: MIT
 * For the room only: the observer's state, and what its two kinds (a run of our own, a watched command) share. */
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

struct observer {
    struct observer_options options; /* strings borrowed */
    struct model *model;
    struct queue *queue;
    struct sampler *sampler;
    struct recorder *recorder; /* NULL: none */
    int epoll, timer;
    double epoch;      /* clock_now() when the session began: all times of events and model count from here */
    double told_at;    /* time of the last event */
    double timeout_at; /* clock_now(); 0: none */
    double look_at;    /* clock_now() time to look again whether what was asked for has happened; 0: none */

    /* a run of our own: observer_run.c */
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

    /* a watched command: observer_watch.c */
    struct command *command;   /* NULL: none, or only attached */
    pid_t root;                /* of the watched tree; 0: a run of our own */
    int root_pidfd;            /* readable when the root has ended */
    int supervisor;            /* see struct watch_settings */
    bool ending;               /* the command was asked to end */
    bool given_up;             /* it could not be ended: we may not send it a signal */
    char left[KILL_LEFT_TEXT]; /* what could not be ended, in words */
    bool ends_all;             /* somebody wants all of it ended: nothing stays (observer_leave) */
    bool rested;               /* something hangs, and the rest of the tree has come to rest */
};

/* The one way into the model and the recording. Takes the event, whose time is on the model's scale. Events come from
 * several processes and threads and may overtake each other by a moment: one that is told late gets the time of the one
 * before it, so that times never run backwards. */
enum err observer_apply(struct observer *o, struct event *e) MUST_CHECK;
void observer_say(struct observer *o, enum note_level level, const char *text);
enum err observer_watch_fd(struct observer *o, int fd) MUST_CHECK;
void observer_unwatch_fd(struct observer *o, int fd);
void observer_arm_timer(struct observer *o);

/* observer_run.c: what follows from an event once the model has it; `w` is the worker of a task event. */
enum err run_start_host(struct observer *o, struct problem *problem) MUST_CHECK;
enum err run_step(struct observer *o, int *left, bool *changed) MUST_CHECK;
enum err run_react(struct observer *o, enum event_type type, const struct model_worker *w) MUST_CHECK;
enum err run_look(struct observer *o, double now, bool *changed) MUST_CHECK;
enum err run_send_codes(struct observer *o, int64_t run) MUST_CHECK; /* the next ones of this run */
void run_stop(struct observer *o);
enum err observer_handle(struct observer *o, struct event *e) MUST_CHECK;

/* observer_run.c: the table cannot be loaded: because of itself, or (`internal`) because poolscope failed. */
enum err run_fail_table(struct observer *o, const char *text, bool internal) MUST_CHECK;

/* source.c: spools what has arrived of a stream, and starts the host when all of it is there. */
enum err source_step(struct observer *o, bool *changed) MUST_CHECK;

/* observer_untold.c: before an event of this type is applied. */
enum err run_tell_untold(struct observer *o, enum event_type type) MUST_CHECK;

/* observer_watch.c */
enum err watch_step(struct observer *o, bool *changed) MUST_CHECK;
void watch_react(struct observer *o);
enum err watch_look(struct observer *o, double now, bool *changed) MUST_CHECK;
void watch_stop(struct observer *o);

#endif
