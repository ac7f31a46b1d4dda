/* SPDX-License-Identifier: MIT
 * The model: all that a screen or a report can show, derived from events alone. model_apply is its only writer, called
 * on the observer's main thread; everyone else reads through a const pointer. Times are seconds since the start of the
 * session, as those of the events; model_run_seconds makes of them seconds of the run. */
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
    double seconds;                   /* running time, as its worker measured it */
    int64_t rows;                     /* -1: no result */
    struct rows result;
    char *error;
};

struct model_span {
    int64_t task;
    double from, to;
}; /* to -1: still going on */

struct model_worker {
    int64_t id, pid, ppid;
    enum worker_state state;
    double since;          /* when it got into this state; of a hung one, since when it sleeps */
    double started, ended; /* ended -1: still there */
    int64_t task;          /* id of the task it has, 0: none */
    int64_t threads, parent_threads, fds, pss_kib; /* -1: unknown */
    bool forked_without_exec;
    double cpu_seconds;
    char *waits_for;      /* NULL: unknown */
    int64_t code, signal; /* of an exited or killed one */
    int64_t tasks_done;   /* finished, failed, cancelled or lost on it */
    double busy_seconds;  /* sum of their running times */
    struct load busy;     /* the same over the run's own seconds, of those for which there is no span: they were told
                             of with others */
    struct model_span *spans;
    size_t nspans; /* tasks it ran, for the timeline: the newest MODEL_SPANS_MAX */
};

struct model_process { /* every process of the watched tree, workers included */
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
    /* the table and its host; a run's end leaves them */
    char *path, *key;
    int64_t rows, columns; /* -1: not loaded yet */
    double load_seconds;
    char *table_error;   /* the table cannot be read: the line for the user */
    bool table_internal; /* because poolscope failed; the table itself may be well */
    int64_t host_pid;    /* 0: none */

    /* the watched command: root 0 if a run of our own is observed */
    int64_t root;
    char *command;
    bool attached, command_ended;
    int64_t command_code, command_signal; /* code -1: not ours to know */
    char *output;
    size_t noutput;                     /* the newest bytes it wrote: see model_output */
    uint64_t output_end;                /* how many it ever wrote */
    double output_at;                   /* when it wrote last; -1: nothing yet */
    struct event_denied denied;         /* why NULL: all may be read so far */
    struct event_sampling sampling;     /* of the whole watch; looks 0: not told yet */
    struct event_inspection inspection; /* of the process that is looked at; pid 0: none yet */

    /* the run: 0 before the first */
    int64_t run;
    char *method, *at_fork;
    int64_t workers_wanted, threads;
    double run_asked;   /* when the user asked for it; of a watch, its start: 0 */
    double run_started; /* when the pool was there */
    double run_ended;   /* -1 while it goes on */
    bool stopped, timed_out, host_died;
    size_t total;                 /* tasks of the run, those still to be submitted included */
    size_t counts[TASK_LOST + 1]; /* of them, by state */
    struct model_task *tasks;
    size_t ntasks; /* those that are kept: all, in the order of their ids, of a run with
                      no more than MODEL_TASKS_MAX; of a larger one what is newest,
                      running, failed or lost, in the order in which it was heard of */
    size_t tasks_cap;
    uint32_t *places;
    size_t nplaces;             /* index of `tasks` by id */
    struct load settled;        /* tasks that came to their end, over the run's own seconds */
    struct durations durations; /* of the finished ones */
    double told_until;          /* time of the last event that told of many tasks, or run_asked */
    bool keep_tasks;            /* all of them, however many */
    struct model_worker *workers;
    size_t nworkers; /* by id, 1 … n */
    struct model_process *processes;
    size_t nprocesses;
    struct finding *findings;
    size_t nfindings;
    struct model_log *log;
    size_t nlog; /* the newest MODEL_LOG_MAX */
    int64_t log_dropped;
    uint64_t version; /* grows with every change: a screen that has drawn it need not draw again */
};
enum { MODEL_LOG_MAX = 2000, MODEL_TASKS_MAX = 4096, MODEL_SPANS_MAX = 4096, MODEL_OUTPUT_MAX = 256 * 1024 };

enum err model_new(struct model **out) MUST_CHECK;
void model_free(struct model *m);

/* Takes the event. ERR_NOMEM leaves the model as consistent as before. An event for a worker, task or process that is
 * not known is ignored: recordings and dying processes may say anything. */
enum err model_apply(struct model *m, struct event *e) MUST_CHECK;

/* From now on no task is forgotten, for a report that lists them all. */
void model_keep_tasks(struct model *m);

/* Derived, never stored. */

/* How long after the run was asked for (or the watch began) that time is. */
double model_run_seconds(const struct model *m, double time);
enum outcome model_outcome(const struct model *m);
size_t model_count_tasks(const struct model *m, enum task_state state);
size_t model_settled_tasks(const struct model *m); /* finished, failed, cancelled, lost */

/* A task that runs so long, judged by those that have finished, is slow; 0: too few have. */
double model_slow_after(const struct model *m);
bool model_is_slow(const struct model *m, const struct model_worker *w, double now); /* its task is */
bool model_run_active(const struct model *m);
bool model_goes_on(const struct model *m); /* a run or a watch has begun and not ended */
const struct model_process *model_process(const struct model *m, int64_t pid); /* the newest of that pid, or NULL */
const struct model_worker *model_worker(const struct model *m, int64_t id);
const struct model_worker *model_worker_by_pid(const struct model *m, int64_t pid);
const struct model_task *model_task(const struct model *m, int64_t id);     /* NULL: not kept, or none */
const struct finding *model_finding_of(const struct model *m, int64_t pid); /* the weightiest, or NULL */
const struct finding *model_worst_finding(const struct model *m);

/* What the watched program wrote from byte *from of all on. What is older than the newest MODEL_OUTPUT_MAX bytes may be
 * gone: then *from moves on. Borrowed until the next event. */
const char *model_output(const struct model *m, uint64_t *from, size_t *len);

/* The verdict in plain words, for alert strip and report alike: "HUNG, proved", "workers 1 and 2 wait for threads that
 * fork did not copy", "spawn or forkserver; or one engine thread (-t 1)". False if there is no finding. */
struct verdict {
    char title[64];
    char who[256];
    char cure[256];
};
bool model_verdict(const struct model *m, struct verdict *out);

#endif
