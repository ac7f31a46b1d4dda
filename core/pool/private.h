/* SPDX-License-Identifier: MIT
 * Inside the pool: messages, start methods, and the state of the executor. For this room only. */
#ifndef POOL_PRIVATE_H
#define POOL_PRIVATE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/child/child.h"
#include "core/event/shape.h"
#include "core/event/wire.h"
#include "core/pool/pool.h"
#include "core/pool/ring.h"

/* --- pool_wire.c: messages between host, forkserver and workers ---------------------------------------- */

enum message_type {
    MESSAGE_SETUP,   /* to a new worker: threads, its initializer as code; with it the fds of table, ring and bell */
    MESSAGE_PRELOAD, /* to the forkserver: threads; with it the table's fds */
    MESSAGE_FORK,    /* to the forkserver: ticket, initializer as code; with it the worker's socket, ring and bell */
    MESSAGE_FORKED,  /* its answer: ticket, pid, threads (its own); a pidfd comes with it. pid 0: error says why not */
    MESSAGE_EXITED,  /* from the forkserver: ticket, exit_code, signal */
    MESSAGE_READY,   /* from a worker that cannot be set up: error; it ends */
    MESSAGE_TASK,    /* to a worker: a code too long for the ring; task is its place there */
    MESSAGE_RESULT,  /* from a worker: ranges too many for the ring; task is its task's place there */
    MESSAGE_QUIT     /* to the forkserver: end */
};

struct message {
    int64_t type;
    int64_t ticket; /* names a worker to the forkserver */
    int64_t pid, threads;
    int64_t exit_code, signal;
    int64_t task;
    char *code;
    char *error;
    struct ints ranges; /* pairs: first row, count */
};

void message_done(struct message *m);

/* The fds stay the caller's.
 *
 * Who may wait for whom: the host sends with message_try_send, which returns ERR_AGAIN while the socket is full, so it
 * always comes back to read. The forkserver and the workers send with message_send and wait until the host has read.
 * A deadlock would need a cycle of processes that wait for each other, and the host, which is at one end of every
 * socket, waits for none of them. */
enum err message_send(int sock, const struct message *m, const int *fds, int nfds) MUST_CHECK;
enum err message_try_send(int sock, const struct message *m, const int *fds, int nfds) MUST_CHECK;

/* The fds that come with a message of this type are the caller's, -1 behind them; with an error in it there are none.
 * Anything else is closed and ERR_PARSE. NULL for `fds`: none is awaited. ERR_AGAIN, ERR_CLOSED as wire_recv. */
enum { MESSAGE_FDS = TABLE_FDS + 2 };
enum err message_recv(int sock, struct message *out, int fds[MESSAGE_FDS]) MUST_CHECK;

/* --- pool_worker.c ------------------------------------------------------------------------------------- */

/* What a worker holds of its host. */
struct worker_post {
    int sock; /* for what does not fit into the ring */
    int bell; /* eventfd: wakes the host */
    struct ring_end ring;
    const char *initializer; /* NULL: none */
};

bool worker_knows_initializer(const char *name);

/* Tells the host why this worker cannot work; returns the exit status. */
int worker_unfit(const struct worker_post *w, const char *why);

/* Serves tasks until told to quit; returns the exit status. */
int worker_serve(struct worker_post *w, struct engine *e, const struct table *t);

/* The same with an engine of its own. */
int worker_serve_alone(struct worker_post *w, int threads, const struct table *t);

/* The first message of a new program, which must be of this type (else ERR_CANCELLED), and the table that comes with
 * it; further fds are the caller's. */
enum err worker_receive_table(int sock, enum message_type type, struct message *m, int fds[MESSAGE_FDS],
                              struct table **t, struct problem *problem) MUST_CHECK;

/* --- start methods ------------------------------------------------------------------------------------- */

/* What a new worker is given; all borrowed. */
struct worker_spec {
    struct pool *pool;
    int sock;      /* the worker's end */
    int host_sock; /* the host's end: only a forked child has it too, and closes it */
    int ring_fd;
    struct ring_end *ring; /* the host's end */
    int64_t ticket;
};

struct worker_handle {
    struct child child;     /* none yet: it will come as a message of the forkserver */
    int64_t parent_threads; /* of its parent when it was started */
};

struct start_method {
    const char *name;
    const char *inherits;
    bool forks; /* its workers run on without exec */
    bool reaps; /* they are our children; else their pids and ends arrive as messages */
    /* Sends what a worker must receive before its first task, which is sent next. NULL: nothing. */
    enum err (*prepare)(const struct worker_spec *spec, struct problem *problem);
    /* Starts the worker. ERR_AGAIN: the forkserver has not read its last requests yet; try again when it has answered.
     * ERR_CLOSED: the forkserver has just ended, which is an event of its own. */
    enum err (*launch)(const struct worker_spec *spec, struct worker_handle *out, struct problem *problem);
};

extern const struct start_method start_method_fork, start_method_spawn, start_method_forkserver;

/* --- pool_forkserver.c: what the pool needs of the forkserver ------------------------------------------ */

/* FORKED (*pidfd is the caller's; -1 with an error) or EXITED; ERR_AGAIN if there is none. ERR_CLOSED: it has ended and
 * is reaped, *end says how; it may be started again. */
enum err forkserver_receive(struct forkserver *f, struct message *out, int *pidfd, struct child_end *end) MUST_CHECK;

pid_t forkserver_pid(const struct forkserver *f); /* 0 if it does not run */

/* A message about a worker that nobody wants (any more): the worker is killed. */
void forkserver_discard(struct message *m, int *pidfd);

/* --- pool_tasks.c: tasks and their states -------------------------------------------------------------- */

/* Where a task stands, and what may happen to it: one table in pool_tasks.c says what comes of it. */
enum task_stage {
    STAGE_NONE, /* no task: not submitted yet, or forgotten */
    STAGE_PENDING,
    STAGE_GIVEN, /* in a worker's ring, not begun as far as is known */
    STAGE_RUNNING,
    STAGE_FINISHED,
    STAGE_FAILED,
    STAGE_CANCELLED,
    STAGE_LOST,
    STAGES
};
enum task_turn {
    TURN_SUBMIT,
    TURN_GIVE,
    TURN_BEGIN,
    TURN_TAKE_BACK, /* it was never begun */
    TURN_RETRY,     /* its worker died, and it is to be tried again */
    TURN_FINISH,
    TURN_FAIL,   /* the worker says so, or there can be no worker */
    TURN_EXPIRE, /* it took too long */
    TURN_CANCEL,
    TURN_LOSE, /* its worker died */
    TURNS
};

struct task {
    int64_t id;
    union {
        char brief[24]; /* a code that fits, NUL-terminated */
        char *text;     /* owned; a longer one */
    };
    uint32_t len;  /* of the code */
    uint8_t stage; /* enum task_stage */
    uint8_t kind;  /* enum ring_kind */
    uint8_t tries_left;
    uint8_t killed_for; /* enum task_turn that is to come when its worker has been killed for it; 0: none */
    float timeout;      /* seconds; 0: none */
    struct task *next;  /* in a list */
};

struct task_list {
    struct task *first, **last;
    int64_t n;
};

const char *task_code(const struct task *t); /* NULL: none */

/* False, and nothing happens, if that cannot happen to a task in its stage. */
bool task_turn(struct task *t, enum task_turn turn);

/* --- pool_future.c: results that are kept until they are taken ------------------------------------------ */

struct future {
    struct pool_result result; /* owned, once it is settled */
    bool settled, taken;
    int64_t before, after; /* in the order of completion; 0: none */
};

struct futures {
    struct future *v; /* owned; of the ids from base on, at id % cap */
    int64_t base, end, cap;
    int64_t first, last; /* of those that are settled and not taken, in the order of completion */
};

/* --- pool_tell.c: events -------------------------------------------------------------------------------- */

struct emitter {
    double window_end;
    int left;    /* events of single tasks that may still be told in this window */
    bool merged; /* something waits in `batch` */
    size_t bytes;
    struct event_tasks batch;      /* owned */
    int64_t counts[TASK_LOST + 1]; /* as told */
};

/* --- the executor: all of its state --------------------------------------------------------------------- */

enum slot_state {
    SLOT_FREE,
    SLOT_LAUNCHED, /* asked for, no pid yet */
    SLOT_STARTING, /* the process exists */
    SLOT_READY,
    SLOT_LEAVING /* told to quit, killed, or out of reach: its end is near */
};

enum { SLOT_DEPTH_MAX = 256 }; /* tasks that one worker may have at once */

struct given {
    struct task *task;
    uint32_t place;
};

/* The place of one worker. */
struct slot {
    enum slot_state state;
    int64_t ticket; /* never used twice */
    int64_t id;     /* of the worker, from 1 in the order of birth; 0 before */
    pid_t pid, ppid;
    int64_t parent_threads;
    struct child child;
    int sock; /* -1: none */
    struct ring_end ring;
    struct given *given; /* owned; a ring of SLOT_DEPTH_MAX, the first is what it works at */
    uint32_t first, n;
    int depth;          /* as many it may have now */
    double mean;        /* seconds that its tasks take */
    double since;       /* the first was begun, as far as is known */
    int64_t taken;      /* tasks that it was given for good, for max_tasks */
    bool written;       /* something new for it to be woken for */
    struct message far; /* owned; what was sent over the socket before its answer */
    char *last_words;   /* owned: why it cannot work, as it said itself, or NULL */
    bool was_ready;
    bool asked;             /* the pool told it to go */
    bool dismissed;         /* by its ring: it has nothing to do any more */
    bool kill_when_started; /* to be killed as soon as it has a pid */
    bool deaf;              /* it wrote what no worker of ours writes: nothing it says counts any more */
};
#define SLOT_NONE ((struct slot){.sock = -1, .child = CHILD_NONE})

struct pool {
    struct pool_options options;
    int epoll, bell, timer;
    struct slot *slots; /* owned; options.workers of them */
    struct task_list pending, unused;
    struct task **slabs; /* owned: where tasks live */
    size_t nslabs;
    int64_t submitted, settled, born, tickets;
    double now;           /* as of the last look at the clock */
    double timer_at;      /* when the timer rings; 0: never */
    int unattended;       /* submissions since the last look at the workers */
    bool slack;           /* a worker waits for a task, or could be started */
    bool dozing;          /* the workers were asked to ring the bell */
    int startup_failures; /* workers in a row that ended before they were ready */
    int trouble;          /* the same, weighed: at POOL_TROUBLE_MAX the pool gives up */
    char *why;            /* owned: what became of the last of them, or NULL */
    char *broken;         /* owned: why this pool does nothing any more, or NULL */
    bool warned;          /* the user was told that a worker could not be started */
    bool closing;         /* no worker is started any more */
    bool draining;        /* no task is taken any more, those that are here are done */
    struct futures futures;
    struct emitter emitter;
};

/* Tags of the pool's epoll set: two for each worker slot, and three. */
enum { TAG_SOCK, TAG_PROCESS, TAG_KINDS };
#define TAG_FORKSERVER UINT64_MAX
#define TAG_BELL       (UINT64_MAX - 1)
#define TAG_TIMER      (UINT64_MAX - 2)

enum { POOL_PATIENCE_MS = 1000, POOL_TROUBLE_MAX = 60 };

/* pool.c */
void pool_emit(struct pool *p, struct event *e); /* adds the time, gives it away */
void pool_note(struct pool *p, enum note_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* One more worker that was never ready. One that was killed by somebody says little of the next one. */
void pool_on_startup_failure(struct pool *p, const char *why, bool killed);
void pool_unborn(struct pool *p, const char *why); /* the same, of one that could not be started: says so once */
void pool_break(struct pool *p, const char *why);  /* from now on every task fails with these words */

/* pool_turn.c: takes what the workers say, true if there was something; gives out what is pending. */
bool pool_read(struct pool *p);
void pool_advance(struct pool *p);

/* Waits up to `patience_ms` for something to do (-1: for ever), and does it. */
enum err pool_turn(struct pool *p, int patience_ms) MUST_CHECK;

/* How a task ends; borrowed. */
struct task_end {
    enum task_turn turn;
    int64_t rows;
    double seconds;
    const int64_t *ranges;
    size_t nranges; /* words */
    const char *error;
};

/* pool_tasks.c. A task is settled once, and forgotten by that; `s` is where it ran, or NULL. */
enum err task_new(struct pool *p, const struct pool_task *wanted, struct task **out) MUST_CHECK; /* pending */
struct task *task_take(struct pool *p);              /* the first pending one, or NULL */
void task_give_back(struct pool *p, struct task *t); /* before all others */
void task_settle(struct pool *p, struct task *t, const struct slot *s, const struct task_end *end);
void task_settle_pending(struct pool *p, enum task_turn turn, const char *error);
struct task *task_find(struct pool *p, int64_t id); /* that is not settled, or NULL */
bool task_unlist(struct pool *p, struct task *t);   /* out of the pending ones */
void tasks_free(struct pool *p);                    /* all of them, without a word */

/* pool_seats.c */
struct event slot_event(const struct pool *p, enum event_type type, const struct slot *s);
enum err slot_launch(struct pool *p, struct slot *s, struct problem *problem) MUST_CHECK; /* with its first task */
void slot_on_worker_started(struct pool *p, struct slot *s, struct child child, pid_t ppid,
                            int64_t parent_threads); /* takes it */
void slot_dismiss(struct slot *s);                   /* asks its worker to go, as soon as it is woken */

/* Of one that was dismissed: what it might still say does not matter; its end, which is awaited, wakes us once and not
 * twice. */
void slot_part(struct pool *p, struct slot *s);
void slot_kill(struct slot *s);
void slot_ended(struct pool *p, struct slot *s,
                const struct child_end *end);                /* its worker is gone; the worker slot is free */
void slot_clear(struct pool *p, struct slot *s);             /* frees the worker slot without a word */
void slot_cut(struct pool *p, struct slot *s, enum err why); /* no more is to be heard from it */

/* pool_give.c: the tasks of a worker slot */
int slot_room(const struct pool *p, const struct slot *s); /* how many more it may be given now */
/* False: there is no room, or the worker cannot be reached, and the task is the caller's. True: it was given, or it has
 * failed because its code cannot be sent. */
bool slot_give(struct pool *p, struct slot *s, struct task *t);

void slot_wake(struct slot *s);                 /* after all that it was given */
bool slot_read(struct pool *p, struct slot *s); /* takes its answers; true if there was something */
void slot_read_sock(struct pool *p, struct slot *s);
void slot_ready(struct pool *p, struct slot *s);
void slot_relieve(struct pool *p, struct slot *s);                          /* takes back what it has not begun */
void slot_on_worker_death(struct pool *p, struct slot *s, const char *why); /* it is dead: back, again, or lost */

/* Frees the worker slot of a worker that was never started, or that was killed before anybody heard of it. All its
 * tasks are pending again. */
void slot_abandon(struct pool *p, struct slot *s);
bool slot_kill_for_task(struct pool *p, struct slot *s,
                        enum task_turn turn); /* kills it for its task; false: it is done */

/* pool_brood.c: the workers that are the forkserver's children */
void pool_read_forkserver(struct pool *p);

/* pool_tell.c: what is told of a task, to whom it concerns */
void emit_submitted(struct pool *p, const struct task *t);
void emit_started(struct pool *p, const struct task *t, const struct slot *s);
void emit_returned(struct pool *p, const struct task *t, const struct slot *s, const char *why); /* pending again */
void emit_ended(struct pool *p, const struct task *t, const struct slot *s, enum task_state state,
                const struct task_end *end);
void emit_flush(struct pool *p);
void emitter_done(struct pool *p);

/* pool_future.c */
enum err future_new(struct pool *p, int64_t id) MUST_CHECK;
void future_settle(struct pool *p, const struct task *t, const struct slot *s, enum task_state state,
                   const struct task_end *end);
void futures_done(struct pool *p);

#endif
