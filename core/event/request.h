/* SPDX-License-Identifier: MIT
 * The intents the observer sends down to a host. Same description, same wire as the events that come up. */
#ifndef EVENT_REQUEST_H
#define EVENT_REQUEST_H

#include "core/event/shape.h"

enum request_type {
    REQUEST_LOAD,        /* the first request; the file's fd comes with it */
    REQUEST_RUN,         /* start a run; refused with a NOTE while one is going on */
    REQUEST_KILL_WORKER, /* SIGKILL one worker; its task is lost */
    REQUEST_STOP,        /* end the run now: kill its workers, cancel what is pending */
    REQUEST_TABLE,       /* instead of LOAD: the table as another process read it; its fds come with it */
    REQUEST_CODES,       /* more codes of the run; sent when EVENT_CODES_WANTED asks for them */
    REQUEST_CANCEL_TASK, /* cancel a pending task; a task that runs goes on, and a NOTE says so */
    REQUEST_TYPE_COUNT
};

struct request {
    int64_t type;
    /* LOAD */
    char *path;          /* as the user wrote it, for messages */
    char *key;           /* NULL: the default */
    struct texts dtypes; /* "COL=DTYPE" */
    int64_t threads;     /* engine threads; 1: none, inline */
    int64_t forkserver;  /* bool: start the forkserver before the engine starts a thread */
    /* RUN */
    int64_t run;
    double asked; /* clock_now() when the user asked for it: RUN_STARTED says so again */
    char *method;
    int64_t workers;
    char *at_fork;       /* none, reinit, warn */
    int64_t tasks;       /* how many there will be in all */
    int64_t max_tasks;   /* a worker goes after so many; 0: never */
    double task_timeout; /* seconds; 0: none */
    int64_t retries;     /* of a task whose worker died */
    struct texts codes;  /* of RUN and CODES */
    int64_t more;        /* bool: these are not all */
    int64_t measure;     /* bool: it measures; `method` may then also be "engine", "inline" or "growth" */
    int64_t whole;       /* bool: one task, the whole table; codes is empty */
    /* KILL_WORKER */
    int64_t worker;
    /* CANCEL_TASK */
    int64_t task;
};

extern const struct field request_fields[];

void request_done(struct request *r);
enum err request_encode(const struct request *r, struct buf *out) MUST_CHECK;
enum err request_decode(const void *data, size_t len, struct request *out) MUST_CHECK;

#endif
