/* SPDX-License-Identifier: MIT
 * The facts that may happen. An event names things by id and owns its payload: posting gives it away, applying takes
 * it. Times are clock_now() seconds on the wire, and seconds since the start of the session (of the observer) once they
 * are in the observer: one scale for all runs of a session, on which no event is earlier than the one before it.
 * A fact is added by a payload struct here and its field list in event.c; wire, recording and replay follow. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "core/base/err.h"
#include "core/event/finding.h"
#include "core/event/shape.h"

enum task_state { TASK_PENDING, TASK_RUNNING, TASK_FINISHED, TASK_FAILED, TASK_CANCELLED, TASK_LOST };
extern const char *const task_state_names[];

enum note_level { NOTE_INFO, NOTE_WARNING, NOTE_ERROR };

enum event_type {
    EVENT_NOTE, /* words for the log */
    EVENT_HOST_STARTED,
    EVENT_HOST_EXITED,
    EVENT_TABLE_LOADED, /* the table's fds come with it on the wire (table_import) */
    EVENT_TABLE_FAILED,
    EVENT_RUN_STARTED,
    EVENT_TASK_SUBMITTED,
    EVENT_TASK_STARTED,
    EVENT_TASK_ENDED,
    EVENT_WORKER_STARTED, /* the process exists */
    EVENT_WORKER_READY,   /* it said so itself, or finished its set-up */
    EVENT_WORKER_EXITED,
    EVENT_RUN_ENDED, /* every task is settled and the workers are gone, or the run was stopped */
    EVENT_PROCESS,   /* what was seen of a process; repeated when something changed */
    EVENT_PROCESS_GONE,
    EVENT_FINDING,
    EVENT_FINDING_ENDED,   /* a finding that was not proved no longer holds */
    EVENT_TIMEOUT,         /* --timeout passed */
    EVENT_OUTPUT,          /* bytes the watched program wrote */
    EVENT_COMMAND_STARTED, /* watch, attach: the root of the tree */
    EVENT_COMMAND_EXITED,
    EVENT_TASK_RETURNED, /* it is pending again: its worker died before it began, or it is to be tried again */
    EVENT_TASKS,         /* what happened to many tasks at a time: counts, and all that ended */
    EVENT_MEASURED,      /* one number of a run that measures; for who asked for it, not for the model */
    EVENT_CODES_WANTED,  /* the host can take more codes of this run; for the observer alone, not for the model */
    EVENT_INSPECTION,    /* one process in detail, as long as somebody looks at it */
    EVENT_SAMPLED,       /* what the looking has cost so far */
    EVENT_DENIED,        /* the first process of a watch that may not be read, and why */
    EVENT_TYPE_COUNT
};

struct event_note {
    int64_t level;
    char *text;
};
struct event_host {
    int64_t pid;
    int64_t code, signal;
}; /* code and signal: of HOST_EXITED; signal 0 if it exited */
struct event_table {
    char *path;
    int64_t rows, columns;
    char *key;
    int64_t threads;
    double seconds;
    char *error;      /* of TABLE_FAILED: the line for the user */
    int64_t internal; /* the same: poolscope could not load it, and the table may be well */
};
struct event_run {
    int64_t run;  /* 1, 2, … */
    double asked; /* of RUN_STARTED: the time when the user asked for it; the run's own seconds count from here */
    char *method; /* "fork", "spawn", "forkserver" */
    int64_t workers, threads;
    char *at_fork;
    int64_t host_pid;
    int64_t tasks;   /* of RUN_STARTED: how many there will be; 0: unknown */
    int64_t stopped; /* of RUN_ENDED: it was stopped before every task was settled */
};
struct event_task {
    int64_t run, task;
    char *code;         /* NULL: the whole table */
    int64_t worker;     /* id, 0 for none */
    int64_t state;      /* enum task_state, of TASK_ENDED */
    int64_t rows;       /* of TASK_ENDED: rows of the result, -1 if there is none */
    double seconds;     /* running time */
    char *error;        /* message and place, of a failed or lost task; of TASK_RETURNED: why */
    struct ints ranges; /* the result: pairs (first row, count), rising */
};
struct event_tasks {
    int64_t run;
    int64_t pending, running, finished, failed, cancelled, lost; /* all tasks of the run, as of now */
    struct ints busy;                                            /* pairs (worker, task): what runs now */
    struct ints ended;                                           /* packed; event_tasks_next unpacks it */
    struct texts codes, errors; /* of those that ended, in order, where they have one */
};

/* What a run that measures says of its start method, or of the engine alone. Seconds, tasks a second, KiB, counts. */
enum measure {
    MEASURE_FIRST, /* from the making of the pool to its first result */
    MEASURE_TOTAL, /* and to the last one: each code once */
    MEASURE_RATE,  /* the codes, again and again */
    MEASURE_TRIP,  /* one code at a time, from asking to the result: the median, and of a hundred the slowest */
    MEASURE_TRIP_P99,
    MEASURE_NOOP_RATE, /* tasks that do nothing: what the pool itself costs */
    MEASURE_NOOP_TRIP,
    MEASURE_NOOP_TRIP_P99,
    MEASURE_PSS, /* of an idle worker, KiB; the mean of all */
    MEASURE_USS,
    MEASURE_FDS,        /* that a worker has open */
    MEASURE_SHUTDOWN,   /* until the last worker is gone */
    MEASURE_GROWN_FORK, /* from the making of a pool to its first result, while the parent has so much memory more */
    MEASURE_GROWN_SPAWN,
    MEASURES
};
extern const char *const measure_names[];
struct event_measured {
    int64_t run, what; /* enum measure */
    double at;         /* of GROWN: MiB */
    double value;
};
struct event_worker {
    int64_t run, worker, pid, ppid;
    int64_t parent_threads;      /* threads of its parent at the moment it was started; -1 unknown */
    int64_t forked_without_exec; /* bool */
    int64_t code, signal;        /* of WORKER_EXITED */
    int64_t expected;            /* of WORKER_EXITED, bool: the pool asked it to go */
};
struct event_process {
    int64_t pid, ppid;
    int64_t start_ticks; /* clock ticks since boot when it started: with the pid, its identity (core/proc/identity.h) */
    char *command;       /* the command line, or the name in brackets */
    char *state;         /* one word: running, sleeping, stopped, zombie, disk */
    int64_t threads;
    int64_t parent_threads; /* as above */
    int64_t forked_without_exec;
    int64_t fds;     /* -1: denied or not yet read */
    int64_t pss_kib; /* -1: denied or not yet read */
    double cpu_seconds;
    double asleep_seconds; /* since it last gave a sign of life */
    char *waits_for;       /* words: "a futex in its own memory", "read of pipe 12", … or NULL */
};
struct event_command {
    int64_t pid;
    char *text;
    int64_t attached;     /* bool */
    int64_t code, signal; /* of EXITED; code -1: not ours to know */
};
struct event_end {
    int64_t pid;
    char *rule;
};
struct event_inspection {
    int64_t pid;
    char *name, *exe;           /* exe NULL: not to be seen */
    double started;             /* when it started: on the scale of the event's time, so it may be negative */
    int64_t parent_threads_now; /* -1: the parent is gone */
    struct ints tids;           /* its threads; for each a name and what it waits for, in words */
    struct texts names, waits;
    int64_t fds_denied;   /* bool */
    struct texts fds;     /* one a line: "3  pipe 4711, also in 14065" */
    struct texts signals; /* one a line: "catches TERM, CHLD" */
    int64_t ghost_stacks; /* stacks of threads that it does not have; -1: not looked for */
};
struct event_denied {
    int64_t pid;
    char *name, *why;
};
struct event_sampling {
    int64_t looks, processes, threads;
    double cpu_seconds;
}; /* of all looks */

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

/* The name a recording uses ("task_ended"), and the fields of a type's payload (offsets from struct event). */
const char *event_name(enum event_type type);
const struct field *event_fields(enum event_type type);

/* Frees the payload; the event is empty afterwards. */
void event_done(struct event *e);
enum err event_copy(const struct event *from, struct event *to) MUST_CHECK;

enum err event_encode(const struct event *e, struct buf *out) MUST_CHECK;
enum err event_decode(const void *data, size_t len, struct event *out) MUST_CHECK;

/* Adds a task that ended; everything is copied. On ERR_NOMEM *t may not be used any more but for event_done. */
enum err event_tasks_add(struct event_tasks *t, const struct event_task *ended) MUST_CHECK;

/* The next task that ended, its texts and ranges borrowed. ERR_NOT_FOUND behind the last one; ERR_PARSE: a stranger
 * wrote this. *at is zeroed before the first call. */
struct event_tasks_at {
    size_t word, code, error;
};
enum err event_tasks_next(const struct event_tasks *t, struct event_tasks_at *at, struct event_task *out) MUST_CHECK;

/* A NOTE event from formatted words; on ERR_NOMEM its text is NULL, which every reader takes. */
void event_note(struct event *out, enum note_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
