/* SPDX-License-Identifier: MIT
 * Events: facts that the host, the pool or the sampler reports to the observer. An event names processes, workers and
 * tasks by id and owns its payload; posting an event gives it away. Times are clock_now() seconds between processes.
 * The observer converts them to seconds since its start, so that all runs of a session have one scale, on which no
 * event is earlier than the one before it. To add an event, add a payload struct here and its field list to event.c;
 * encoding, recording and replay follow from the list. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "core/base/err.h"
#include "core/event/finding.h"
#include "core/event/shape.h"

enum task_state { TASK_PENDING, TASK_RUNNING, TASK_FINISHED, TASK_FAILED, TASK_CANCELLED, TASK_LOST };
extern const char *const task_state_names[];

enum note_level { NOTE_INFO, NOTE_WARNING, NOTE_ERROR };

enum event_type {
    EVENT_NOTE, /* a line for the log */
    EVENT_HOST_STARTED,
    EVENT_HOST_EXITED,
    EVENT_TABLE_LOADED, /* sent with the table's fds (table_import) */
    EVENT_TABLE_FAILED,
    EVENT_RUN_STARTED,
    EVENT_TASK_SUBMITTED,
    EVENT_TASK_STARTED,
    EVENT_TASK_ENDED,
    EVENT_WORKER_STARTED, /* the process exists */
    EVENT_WORKER_READY,   /* the worker can take tasks */
    EVENT_WORKER_EXITED,
    EVENT_RUN_ENDED, /* all tasks have ended and the workers have exited, or the run was stopped */
    EVENT_PROCESS,   /* the state of a process; sent again when it changes */
    EVENT_PROCESS_GONE,
    EVENT_FINDING,
    EVENT_FINDING_ENDED,   /* a finding that was not proved does not hold any more */
    EVENT_TIMEOUT,         /* --timeout passed */
    EVENT_OUTPUT,          /* bytes that the watched program wrote */
    EVENT_COMMAND_STARTED, /* watch, attach: the root of the tree */
    EVENT_COMMAND_EXITED,
    EVENT_TASK_RETURNED, /* the task is pending again: its worker died before it began, or it is retried */
    EVENT_TASKS,         /* counts of all tasks, and the tasks that ended since the last such event */
    EVENT_MEASURED,      /* one number of a measuring run; not applied to the model */
    EVENT_CODES_WANTED,  /* the host can take more codes of this run; not applied to the model */
    EVENT_INSPECTION,    /* one process in detail, while the inspector shows it */
    EVENT_SAMPLED,       /* what sampling has cost so far */
    EVENT_DENIED,        /* the first process of a watch that cannot be read, and why */
    EVENT_BLIND,         /* the sampler has no memory, so nothing is seen any more; not applied to the model */
    EVENT_TYPE_COUNT
};

struct event_note {
    int64_t level;
    char *text;
};
struct event_host {
    int64_t pid;
    int64_t code, signal;
}; /* code and signal: of HOST_EXITED; signal is 0 if it exited by itself */
struct event_table {
    char *path;
    int64_t rows, columns;
    char *key;
    int64_t threads;
    double seconds;
    char *error;      /* of TABLE_FAILED: the message */
    int64_t internal; /* of TABLE_FAILED, bool: poolscope itself failed; the table may be correct */
};
struct event_run {
    int64_t run;  /* 1, 2, … */
    double asked; /* of RUN_STARTED: when the user asked for the run; its own time starts here */
    char *method; /* "fork", "spawn", "forkserver" */
    int64_t workers, threads;
    char *at_fork;
    int64_t host_pid;
    int64_t tasks;   /* of RUN_STARTED: the number of tasks; 0: unknown */
    int64_t stopped; /* of RUN_ENDED, bool: stopped before all tasks had ended */
};
struct event_task {
    int64_t run, task;
    char *code;         /* NULL: the whole table */
    int64_t worker;     /* id, 0 for none */
    int64_t state;      /* enum task_state, of TASK_ENDED */
    int64_t rows;       /* of TASK_ENDED: rows of the result, -1 if it has none */
    double seconds;     /* running time */
    char *error;        /* why a task failed, was lost, or (TASK_RETURNED) is pending again */
    struct ints ranges; /* the result: pairs (first row, count), in rising order */
};
struct event_tasks {
    int64_t run;
    int64_t pending, running, finished, failed, cancelled, lost; /* all tasks of the run */
    struct ints busy;                                            /* pairs (worker, task) of running tasks */
    struct ints ended;                                           /* packed; event_tasks_next unpacks it */
    struct texts codes, errors;                                  /* of the tasks in `ended` that have one, in order */
};

/* What a measuring run reports of its start method, or of the engine alone: seconds, tasks a second, KiB, counts. */
enum measure {
    MEASURE_FIRST, /* from the creation of the pool to its first result */
    MEASURE_TOTAL, /* from the creation of the pool to the last result, each code once */
    MEASURE_RATE,  /* tasks a second when the codes are repeated */
    MEASURE_TRIP,  /* from submitting one code to its result, one at a time: the median, then the 99th percentile */
    MEASURE_TRIP_P99,
    MEASURE_NOOP_RATE, /* the same for tasks that do nothing: the cost of the pool itself */
    MEASURE_NOOP_TRIP,
    MEASURE_NOOP_TRIP_P99,
    MEASURE_PSS, /* KiB of an idle worker; mean over all workers */
    MEASURE_USS,
    MEASURE_FDS,        /* open in a worker */
    MEASURE_SHUTDOWN,   /* until the last worker has exited */
    MEASURE_GROWN_FORK, /* from the creation of a pool to its first result, when the parent uses more memory (`at`) */
    MEASURE_GROWN_SPAWN,
    MEASURES
};
extern const char *const measure_names[];
struct event_measured {
    int64_t run, what; /* enum measure */
    double at;         /* of GROWN: additional memory of the parent, MiB */
    double value;
};
struct event_worker {
    int64_t run, worker, pid, ppid;
    int64_t parent_threads;      /* threads that its parent had when it started; -1: unknown */
    int64_t forked_without_exec; /* bool */
    int64_t code, signal;        /* of WORKER_EXITED */
    int64_t expected;            /* of WORKER_EXITED, bool: the pool asked it to exit */
};
struct event_process {
    int64_t pid, ppid;
    int64_t start_ticks; /* start time in clock ticks since boot; with the pid its identity (core/proc/identity.h) */
    char *command;       /* the command line, or the name in brackets */
    char *state;         /* one word: running, sleeping, stopped, zombie, disk */
    int64_t threads;
    int64_t parent_threads; /* as in event_worker */
    int64_t forked_without_exec;
    int64_t fds;     /* -1: denied or not yet read */
    int64_t pss_kib; /* -1: denied or not yet read */
    double cpu_seconds;
    double asleep_seconds; /* since it last ran */
    char *waits_for;       /* words: "a futex in its own memory", "input from pipe 12", … or NULL */
};
struct event_command {
    int64_t pid;
    char *text;
    int64_t attached;     /* bool */
    int64_t code, signal; /* of COMMAND_EXITED; code -1: unknown */
};
struct event_end {
    int64_t pid;
    char *rule;
};
struct event_inspection {
    int64_t pid;
    char *name, *exe;           /* exe NULL: not readable */
    double started;             /* start time, on the scale of the event's time; may be negative */
    int64_t parent_threads_now; /* -1: the parent has exited */
    struct ints tids;           /* its threads, with a name and what each waits for */
    struct texts names, waits;
    int64_t fds_denied;   /* bool */
    struct texts fds;     /* for example "3  pipe 4711, also in 14065" */
    struct texts signals; /* for example "catches TERM, CHLD" */
    int64_t ghost_stacks; /* stacks in its memory of threads that do not exist in it; -1: not searched */
};
struct event_denied {
    int64_t pid;
    char *name, *why;
};
struct event_sampling {
    int64_t looks, processes, threads;
    double cpu_seconds;
}; /* looks: samples taken so far */

struct event {
    int64_t type; /* enum event_type */
    double time;
    union {
        struct event_note note;
        struct event_host host;
        struct event_table table;
        struct event_run run;
        struct event_task task;
        struct event_tasks tasks;
        struct event_worker worker;
        struct event_measured measured;
        struct event_process process;
        struct event_command command;
        struct event_end end; /* PROCESS_GONE, FINDING_ENDED */
        struct finding finding;
        struct event_inspection inspection;
        struct event_sampling sampling;
        struct event_denied denied;
    };
};

/* The name in a recording ("task_ended"), and the fields of the payload (offsets are from struct event). */
const char *event_name(enum event_type type);
const struct field *event_fields(enum event_type type);

/* Frees the payload; the event is empty afterwards. */
void event_done(struct event *e);
enum err event_copy(const struct event *from, struct event *to) MUST_CHECK;

enum err event_encode(const struct event *e, struct buf *out) MUST_CHECK;
enum err event_decode(const void *data, size_t len, struct event *out) MUST_CHECK;

/* Appends a copy of a task that ended. After ERR_NOMEM *t may only be freed (event_done). */
enum err event_tasks_add(struct event_tasks *t, const struct event_task *ended) MUST_CHECK;

/* Reads the next task that ended; its texts and ranges are borrowed. ERR_NOT_FOUND after the last one; ERR_PARSE if the
 * list is malformed. Zero *at before the first call. */
struct event_tasks_at {
    size_t word, code, error;
};
enum err event_tasks_next(const struct event_tasks *t, struct event_tasks_at *at, struct event_task *out) MUST_CHECK;

/* Makes an EVENT_NOTE with formatted text. If memory is short its text is NULL, which readers must accept. */
void event_note(struct event *out, enum note_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
