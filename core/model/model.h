/* SPDX-License-Identifier: MIT
 * The model: everything that a screen or a report can show, derived from events alone. Only model_apply changes it, on
 * the observer's main thread; screens and reports have a const pointer. Times are seconds since the start of the
 * session, like those of the events; model_run_seconds converts them to seconds since the start of the run. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event/event.h"
#include "core/model/load.h"
#include "core/table/table.h"

enum worker_state { WORKER_STARTING, WORKER_IDLE, WORKER_BUSY, WORKER_SLOW, WORKER_HUNG, WORKER_EXITED, WORKER_KILLED };
extern const char *const worker_state_names[];

enum outcome { OUTCOME_RUNNING, OUTCOME_FINISHED, OUTCOME_FAILED, OUTCOME_HUNG, OUTCOME_TIMEOUT };
extern const char *const outcome_names[]; /* "running", "finished", "failed", "hung", "timeout" */

struct model_task {
    int64_t id;
    char *code; /* NULL: the whole table */
    enum task_state state;
    int64_t worker;                   /* 0: none */
    double submitted, started, ended; /* -1: not yet */
    double seconds;                   /* running time, measured by its worker */
    int64_t rows;                     /* -1: no result */
    struct rows result;
    char *error;
};

struct model_span {
    int64_t task;
    double from, to;
}; /* to -1: it still runs the task */

struct model_worker {
    int64_t id, pid, ppid;
    enum worker_state state;
    double since;                                  /* when it entered this state */
    double started, ended;                         /* ended -1: it still exists */
    int64_t task;                                  /* id of the task that it has; 0: none */
    int64_t threads, parent_threads, fds, pss_kib; /* -1: unknown */
    bool forked_without_exec;
    double cpu_seconds;
    char *waits_for;      /* NULL: unknown */
    int64_t code, signal; /* once it has exited or was killed */
    int64_t tasks_done;   /* finished, failed, cancelled or lost while it had them */
    double busy_seconds;  /* the sum of their running times */
    struct load busy;     /* their running times over the time of the run, of tasks without a span: an EVENT_TASKS
                             reported them together with others */
    struct model_span *spans;
    size_t nspans; /* for the timeline: the newest MODEL_SPANS_MAX */
};

struct model_process { /* a process of the watched tree, which may be a worker */
    struct event_process seen;
    bool gone;
    double first, last; /* first seen, last changed */
};

struct model_log {
    double time;
    enum note_level level;
    char *text;
};

struct model {
    /* the table and its host, which outlive a run */
    char *path, *key;
    int64_t rows, columns; /* -1: not loaded yet */
    double load_seconds;
    char *table_error;   /* the message for the user if the table cannot be read, or NULL */
    bool table_internal; /* it is poolscope that failed, not the table */
    int64_t host_pid;    /* 0: none */

    /* the watched command or process tree; root 0: a run of our own is observed */
    int64_t root;
    char *command;
    bool attached, command_ended;
    int64_t command_code, command_signal; /* code -1: unknown, as it is not our child */
    char *output;
    size_t noutput;                     /* the newest bytes that it wrote: see model_output */
    uint64_t output_end;                /* the number of bytes that it has written */
    double output_at;                   /* when it last wrote; -1: not yet */
    struct event_denied denied;         /* why NULL: no process was denied so far */
    struct event_sampling sampling;     /* of the whole watch; looks 0: unknown so far */
    struct event_inspection inspection; /* of the inspected process; pid 0: none yet */

    /* the newest run; 0: there was none */
    int64_t run;
    char *method, *at_fork;
    int64_t workers_wanted, threads;
    double run_asked;   /* when the user asked for it; 0 for a watch */
    double run_started; /* when the pool was created */
    double run_ended;   /* -1: it is still going on */
    bool stopped, timed_out, host_died;
    size_t total;                 /* tasks of the run, also those that are not submitted yet */
    size_t counts[TASK_LOST + 1]; /* of these tasks, by state */
    struct model_task *tasks;
    size_t ntasks; /* records: of a run with at most MODEL_TASKS_MAX tasks those of all its
                      tasks, in the order of their ids; of a larger run those of the newest, running,
                      failed and lost tasks, in the order of their first events */
    size_t tasks_cap;
    uint32_t *places;
    size_t nplaces;             /* index of `tasks` by id */
    struct load settled;        /* settled tasks over the time of the run */
    struct durations durations; /* of the finished tasks */
    double reported_until;      /* time of the last EVENT_TASKS, or run_asked */
    bool keep_tasks;            /* see model_keep_tasks */
    struct model_worker *workers;
    size_t nworkers; /* in the order of their ids, 1 … n */
    struct model_process *processes;
    size_t nprocesses;
    struct finding *findings;
    size_t nfindings;
    struct model_log *log;
    size_t nlog; /* the newest MODEL_LOG_MAX */
    int64_t log_dropped;
    uint64_t version; /* grows with every change, so that a screen is only redrawn after one */
};
enum { MODEL_LOG_MAX = 2000, MODEL_TASKS_MAX = 4096, MODEL_SPANS_MAX = 4096, MODEL_OUTPUT_MAX = 256 * 1024 };

enum err model_new(struct model **out) MUST_CHECK;
void model_free(struct model *m);

/* Applies the event, and takes it. The model stays consistent after ERR_NOMEM. An event for an unknown worker, task or
 * process is ignored: recordings and dying processes may send anything. */
enum err model_apply(struct model *m, struct event *e) MUST_CHECK;

/* Keep the records of all tasks, however many, for a report that lists them. Call it before the run. */
void model_keep_tasks(struct model *m);

/* --- derived each time, not stored --- */

/* Converts a time to seconds since the run was asked for, or since the watch began. */
double model_run_seconds(const struct model *m, double time);
enum outcome model_outcome(const struct model *m);
size_t model_count_tasks(const struct model *m, enum task_state state);
size_t model_settled_tasks(const struct model *m); /* finished, failed, cancelled, lost */

/* A task that runs for longer than this is slow, compared with those that have finished; 0: too few have finished. */
double model_slow_after(const struct model *m);
bool model_is_slow(const struct model *m, const struct model_worker *w, double now); /* its task is slow */
bool model_run_active(const struct model *m);
bool model_goes_on(const struct model *m); /* a run or a watch has begun and has not ended */
const struct model_process *model_process(const struct model *m, int64_t pid); /* the newest with that pid, or NULL */
const struct model_worker *model_worker(const struct model *m, int64_t id);
const struct model_worker *model_worker_by_pid(const struct model *m, int64_t pid);
const struct model_task *model_task(const struct model *m, int64_t id);     /* NULL: none, or no record of it */
const struct finding *model_finding_of(const struct model *m, int64_t pid); /* NULL: none */
const struct finding *model_worst_finding(const struct model *m);

/* The output of the watched program, starting with byte *from of everything that it wrote. Only the newest
 * MODEL_OUTPUT_MAX bytes are sure to be kept: *from is moved to the first byte that is. Borrowed until the next event.
 */
const char *model_output(const struct model *m, uint64_t *from, size_t *len);

/* The verdict in words, for the alert strip and the report: "HUNG, proved", "workers 1 and 2 wait for threads that fork
 * did not copy", "spawn or forkserver; or one engine thread (-t 1)". False if there is no finding. */
struct verdict {
    char title[64];
    char who[256];
    char cure[256];
};
bool model_verdict(const struct model *m, struct verdict *out);

#endif
