/* SPDX-License-Identifier: MIT
 * Requests: what the observer asks of a host. They are described and encoded like the events that the host sends. */
#ifndef EVENT_REQUEST_H
#define EVENT_REQUEST_H

#include "core/event/shape.h"

enum request_type {
    REQUEST_LOAD,        /* the first request: load a table; sent with the fd of its file */
    REQUEST_RUN,         /* start a run; refused with a NOTE during another run */
    REQUEST_KILL_WORKER, /* SIGKILL one worker; its task is lost */
    REQUEST_STOP,        /* end the run: kill its workers, cancel pending tasks */
    REQUEST_TABLE,       /* instead of LOAD: use a table that another process read; sent with its fds */
    REQUEST_CODES,       /* more codes of the run, in answer to EVENT_CODES_WANTED */
    REQUEST_CANCEL_TASK, /* cancel a pending task; a task that runs goes on, and a NOTE says so */
    REQUEST_TYPE_COUNT
};

struct request {
    int64_t type;
    /* LOAD */
    char *path;          /* as the user typed it, for messages */
    char *key;           /* NULL: the default */
    struct texts dtypes; /* "COL=DTYPE" */
    int64_t threads;     /* engine threads; 1: parts run inline */
    int64_t forkserver;  /* bool: start the forkserver before the engine starts a thread */
    /* RUN */
    int64_t run;
    double asked; /* clock_now() when the user asked for it; returned in RUN_STARTED */
    char *method;
    int64_t workers;
    char *at_fork;       /* none, reinit, warn */
    int64_t tasks;       /* the number of tasks; 0: unknown */
    int64_t max_tasks;   /* a worker exits after this many tasks; 0: never */
    double task_timeout; /* seconds; 0: none */
    int64_t retries;     /* how often a task whose worker died is retried */
    struct texts codes;  /* of RUN and CODES */
    int64_t more;        /* bool: more codes will follow */
    int64_t measure;     /* bool: a measuring run; `method` may then also be "engine", "inline" or "growth" */
    int64_t whole;       /* bool: one task for the whole table; codes is empty */
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
