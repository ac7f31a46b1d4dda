/* SPDX-License-Identifier: MIT
 * Inside the pool: child processes, messages, start methods, and the state of the executor. For this room only. */
#ifndef POOL_POOL_PRIV_H
#define POOL_POOL_PRIV_H

#include <stdint.h>
#include <sys/types.h>

#include "core/event/shape.h"
#include "core/event/wire.h"
#include "core/pool/pool.h"

/* --- pool_child.c: a process that we may kill, and wait for if it is our child ------------------------- */

struct child {
    pid_t pid;  /* 0: none */
    int pidfd;  /* -1: none. Readable once it has ended; a signal through it never hits another process */
    int epoll;  /* that watches the pidfd, or -1 */
};
#define CHILD_NONE ((struct child){ .pidfd = -1, .epoll = -1 })

struct child_end { int code, signal; }; /* signal 0: it exited with code; code -1: nobody knows */

enum { CHILD_SOCKET = 3 }; /* where a started program finds its socket */

/* A SOCK_SEQPACKET pair, close-on-exec; *ours does not block. */
enum err child_socket(int *ours, int *theirs) MUST_CHECK;

/* This program once more, as the hidden command `command`: stdin and stdout are /dev/null, stderr is ours, `sock` is
 * CHILD_SOCKET, nothing else is open; no signal is blocked or ignored; it dies with the calling thread. */
enum err child_spawn(const char *command, int sock, bool own_group, struct child *out, struct problem *p) MUST_CHECK;

/* The handle of a child just forked. Kills and reaps it if there can be none. */
enum err child_adopt(pid_t pid, struct child *out) MUST_CHECK;

/* In a child just forked or started: from now on it dies with its parent, at once if that is gone already. */
void child_die_with(pid_t parent);

void child_kill(const struct child *c);

/* The epoll fd becomes readable, with this tag, when the child has ended. */
enum err child_watch(struct child *c, int epoll, uint64_t tag) MUST_CHECK;

/* Out of the epoll set and closed: a forked worker may hold a copy of the fd, which would keep it in the set. */
void child_forget(struct child *c);
void child_close_watched(int epoll, int *fd);

/* Waits up to `patience_ms`; true if it has ended. */
bool child_ended(const struct child *c, int patience_ms);

/* True once our child has ended, which is waited for up to `patience_ms`; it is reaped and *c is CHILD_NONE then. */
bool child_reap(struct child *c, int patience_ms, struct child_end *out);

/* "exited with status 1", "was killed by signal 9". Returns out. */
char *child_end_text(const struct child_end *end, char out[64]);

/* Threads of this process as /proc/self/stat has them; -1 if that cannot be read. */
int64_t child_own_threads(void);

/* --- pool_wire.c: messages between host, forkserver and workers ---------------------------------------- */

enum message_type {
    MESSAGE_SETUP,  /* to a new program: threads; the table's fds come with it */
    MESSAGE_FORK,   /* to the forkserver: ticket; the worker's socket comes with it */
    MESSAGE_FORKED, /* its answer: ticket, pid, threads (its own); a pidfd comes with it. pid 0: error says why not */
    MESSAGE_EXITED, /* from the forkserver: ticket, exit_code, signal */
    MESSAGE_READY,  /* from a worker: it is set up. With an error: it cannot be, and ends */
    MESSAGE_TASK,   /* to a worker: task, code (NULL: the whole table) */
    MESSAGE_RESULT, /* its answer: task, seconds, and rows with ranges or an error */
    MESSAGE_QUIT    /* to a worker or the forkserver: end */
};

struct message {
    int64_t type;
    int64_t ticket; /* names a worker to the forkserver */
    int64_t pid, threads;
    int64_t exit_code, signal;
    int64_t task;
    char *code;
    char *error;
    double seconds;
    int64_t rows;
    struct ints ranges; /* pairs: first row, count */
};

void message_done(struct message *m);

/* The fds stay the caller's. Waits while the socket is full. */
enum err message_send(int sock, const struct message *m, const int *fds, int nfds) MUST_CHECK;

/* The fds that come with a message of this type are the caller's, -1 behind them; with an error in it there are none.
 * Anything else is closed and ERR_PARSE. NULL for `fds`: none is awaited. ERR_AGAIN, ERR_CLOSED as wire_recv. */
enum { MESSAGE_FDS = TABLE_FDS };
enum err message_recv(int sock, struct message *out, int fds[MESSAGE_FDS]) MUST_CHECK;

/* --- pool_worker.c ------------------------------------------------------------------------------------- */

/* Serves tasks until told to quit; returns the exit status. */
int worker_serve(int sock, struct engine *e, const struct table *t);

/* The same with an engine of its own. */
int worker_serve_alone(int sock, int threads, const struct table *t);

/* The table and the thread count of a new program, from its first message. */
enum err worker_receive_setup(int sock, struct table **t, int *threads, struct problem *problem) MUST_CHECK;

int worker_process_main(int sock);
int forkserver_process_main(int sock);
int host_process_main(int sock);

/* --- start methods ------------------------------------------------------------------------------------- */

/* What a new worker is given; all borrowed. */
struct worker_spec {
    struct pool *pool;
    int sock;      /* the worker's end */
    int host_sock; /* the host's end: only a forked child has it too, and closes it */
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

/* --- the executor: all of its state -------------------------------------------------------------------- */

struct task {
    int64_t id;
    char *code; /* owned; NULL: the whole table */
    struct task *next;
};

enum seat_state {
    SEAT_FREE,
    SEAT_LAUNCHED, /* asked for, no pid yet */
    SEAT_STARTING, /* the process exists */
    SEAT_IDLE,
    SEAT_BUSY,
    SEAT_LEAVING   /* told to quit, killed, or out of reach: its end is near */
};

/* The place of one worker. */
struct seat {
    enum seat_state state;
    int64_t ticket;        /* never used twice */
    int64_t id;            /* of the worker, from 1 in the order of birth; 0 before */
    pid_t pid, ppid;
    int64_t parent_threads;
    struct child child;
    int sock;              /* -1: none */
    struct task *task;     /* owned while it runs */
    char *last_words;      /* owned: why it cannot work, as it said itself, or NULL */
    bool was_ready;
    bool asked;            /* the pool told it to go */
    bool doomed;           /* to be killed as soon as it has a pid */
};
#define SEAT_NONE ((struct seat){ .sock = -1, .child = CHILD_NONE })

struct pool {
    struct pool_options options;
    int epoll;
    struct seat *seats; /* owned; options.workers of them */
    struct task *first, **last; /* pending, in order */
    int64_t submitted, pending, settled, born, tickets;
    int stillborn;      /* workers in a row that ended before they were ready */
    char *why;          /* owned: what became of the last of them, or NULL */
    bool closing;       /* no worker is started any more */
};

/* Tags of the pool's epoll set: two for each seat, and one. */
enum { TAG_SOCK, TAG_PROCESS, TAG_KINDS };
#define TAG_FORKSERVER UINT64_MAX

enum { POOL_PATIENCE_MS = 1000, POOL_STILLBORN_MAX = 3 };

/* pool.c */
void pool_emit(struct pool *p, struct event *e); /* adds the time, gives it away */
void pool_note(struct pool *p, enum note_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);
void pool_stillborn(struct pool *p, const char *why); /* one more worker that was never ready */

/* pool_tasks.c. A task is settled once, with an event, and freed by that; `s` is where it ran, or NULL. */
enum err task_queue(struct pool *p, const char *code, int64_t *id) MUST_CHECK;
struct task *task_take(struct pool *p);                  /* the first pending one, or NULL */
void task_give_back(struct pool *p, struct task *t); /* pending again, before all others */
void task_started(struct pool *p, const struct task *t, const struct seat *s);
void task_finish(struct pool *p, struct task *t, const struct seat *s, struct message *result);
void task_settle(struct pool *p, struct task *t, const struct seat *s, enum task_state state, const char *error);
void task_settle_pending(struct pool *p, enum task_state state, const char *error);
void task_free(struct task *t); /* without a word */

/* pool_seats.c */
enum err seat_launch(struct pool *p, struct seat *s, struct problem *problem) MUST_CHECK;
void seat_born(struct pool *p, struct seat *s, struct child child, pid_t ppid, int64_t parent_threads); /* takes it */
void seat_read(struct pool *p, struct seat *s);                 /* takes what its worker has sent */
bool seat_give(struct pool *p, struct seat *s, struct task *t); /* false: out of reach, the task stays the caller's */
void seat_dismiss(struct seat *s);                              /* asks its worker to go */
void seat_kill(struct seat *s);
void seat_ended(struct pool *p, struct seat *s, const struct child_end *end); /* its worker is gone; the seat is free */
void seat_clear(struct pool *p, struct seat *s);                /* frees the seat without a word */

/* pool_brood.c: the workers that are the forkserver's children */
void pool_read_forkserver(struct pool *p);

#endif
