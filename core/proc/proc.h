/* SPDX-License-Identifier: MIT
 * Reading processes from /proc, without stopping them. A process may end between two reads. A scene is a process tree
 * at one moment, with what was learned from earlier moments. A scene belongs to one thread at a time. */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "core/base/err.h"
#include "core/event/shape.h"
#include "core/proc/evidence.h"

/* What looks at all processes of the machine have found out about a pipe on which processes of the scene wait. */
struct pipe_check {
    uint64_t inode;
    unsigned passes;   /* looks in a row that saw all processes and no holder outside, nor an end queued in a socket */
    double since;      /* clock_now() when the first of these looks began */
    pid_t holder;      /* a process outside of the scene that holds an end; 0: none */
    const char *doubt; /* why the last look says nothing, in words; NULL if it does; static */
};

enum { PIPE_PASSES = 2 }; /* so many passes prove that nobody outside holds an end */

struct scene {
    struct evidence *procs;
    size_t n; /* owned; by pid, rising */
    struct departed *departed;
    size_t ndeparted; /* the workers that ended last; owned */
    struct pipe_check *pipes;
    size_t npipes;               /* by inode, rising; owned */
    double now, taken;           /* clock_now() when the last update began, and when it ended */
    struct scene_memory *memory; /* what is kept between updates: opaque, owned */
};

/* Reads from `proc_root_fd`, which is duplicated, so that a folder of files can stand in for /proc; -1: the real /proc.
 * Free with scene_done. */
enum err scene_init(struct scene *s, int proc_root_fd) MUST_CHECK;
void scene_done(struct scene *s);

/* Watches the tree below process `root`, and with `include_root` the root itself; root 0: nothing. A process that was
 * once in the tree stays in the scene if it gets another parent. Forgets all that was known, hints too. ERR_GONE: there
 * is no such process. */
enum err scene_watch(struct scene *s, pid_t root, bool include_root) MUST_CHECK;

/* Tells the scene how many threads the parent of a process had when it forked it (-1: unknown), and whether somebody
 * waits for the process. The hint may come before the process is seen, and is kept until it ends. */
enum err scene_hint(struct scene *s, pid_t pid, int64_t parent_threads, bool awaited) MUST_CHECK;

/* Looks at all processes again; `now` is clock_now(). at_one_instant takes two updates, as two looks have to agree.
 * Only then the items on which a proof depends are read (words, maps, timers, kcmp, fds), followed by one more look.
 * ERR_NOMEM: some processes were not looked at. */
enum err scene_update(struct scene *s, double now) MUST_CHECK;

/* The process, or NULL; valid until the next update. */
const struct evidence *scene_find(const struct scene *s, pid_t pid);

/* Call after having stopped a process (stack_native): the context switches that this caused do not count as a sign of
 * life if it then sleeps in the same wait again. */
void scene_forgive(struct scene *s, pid_t pid);

/* The guard is a process of this program that restores the terminal should the explorer be killed; it belongs to no
 * watched tree. Its name (comm, at most 15 bytes: prctl(2)) does not contain the program's, so that `pkill poolscope`
 * ends the explorer and leaves the guard to do its work. Its command line is the explorer's: `pkill -f` does end it. */
#define PROC_GUARD_NAME "tty-guard"
bool proc_is_guard(pid_t pid);

/* What a thread is blocked in. WAIT_TIMED: it ends by itself, or may: the arguments of a restarted call are stale. */
enum wait_kind {
    WAIT_NONE,
    WAIT_UNKNOWN,
    WAIT_FUTEX,
    WAIT_TIMED,
    WAIT_INPUT,
    WAIT_OUTPUT,
    WAIT_CHILD,
    WAIT_SIGNAL,
    WAIT_LOCK
};
enum wait_kind thread_wait_kind(const struct thread_evidence *t);

/* True if the thread has ended. A main thread stays listed until the last thread has ended. */
bool thread_ended(const struct thread_evidence *t);

/* The TID of the living thread of the same process that it joins (pthread_join), or 0. */
pid_t thread_joins(const struct evidence *e, const struct thread_evidence *t);

/* The thread whose wait says most about the process: the main thread, or the thread at the end of its chain of joins;
 * never one that has ended. NULL if no thread was seen. */
const struct thread_evidence *evidence_telling_thread(const struct evidence *e);

/* Which lock of glibc the words at the futex are, and the TID of its holder. LOCK_NONE if the words do not fit
 * together, or contain no TID (semaphores, conditions, locks of Python, Rust, Go, …). */
enum futex_lock { LOCK_NONE, LOCK_MUTEX, LOCK_ROBUST, LOCK_PI, LOCK_WRITER };
enum futex_lock futex_wait_lock(const struct futex_wait *f, pid_t *holder);
const char *futex_lock_name(enum futex_lock lock); /* "mutex", "robust mutex", "mutex with priority inheritance", … */

/* True if only tasks with the same memory can wake it: a private operation, or a word in private memory. */
bool futex_wait_is_own(const struct futex_wait *f);

/* The pipe, socket or eventfd at which it waits, without a timeout, until others read, write or close; else NULL. */
const struct fd_evidence *thread_waits_through(const struct evidence *e, const struct thread_evidence *t);

/* For WAIT_CHILD: the child that it waits for; 0: any child. */
pid_t thread_awaits_child(const struct evidence *e, const struct thread_evidence *t);

/* True if all its threads slept at one instant in waits without a timeout that only other threads and processes can
 * end, as far as one can tell by the kind of wait. */
bool evidence_may_be_stuck(const struct evidence *e);
double evidence_asleep_since(const struct evidence *e); /* when the last of its threads fell asleep; 0: none sleeps */

/* What is known of the pipe, or NULL. */
const struct pipe_check *scene_pipe(const struct scene *s, uint64_t inode);

/* The thread with that number, or NULL. */
const struct thread_evidence *evidence_thread(const struct evidence *e, pid_t tid);

/* What a thread waits for, as words that fit after "waits for": "a futex in its own memory, without a timeout", "input
 * from pipe 12", "a child to end"; or "running". For a process, evidence_telling_thread is meant. */
enum err evidence_waits_for(const struct evidence *e, struct buf *out) MUST_CHECK;
enum err thread_waits_for(const struct evidence *e, const struct thread_evidence *t, struct buf *out) MUST_CHECK;

/* What decides whether this process may read another one: ptrace(2), "Ptrace access mode checking". */
struct denial {
    uid_t ours, owner; /* our effective user, and the real user of the other process */
    bool shielded;     /* the other process is not dumpable (PR_SET_DUMPABLE) */
    bool trace_all;    /* we have CAP_SYS_PTRACE */
    int yama;          /* kernel.yama.ptrace_scope; 0 also without Yama */
};

/* ERR_GONE: there is no such process. */
enum err proc_denial_look(pid_t pid, struct denial *out) MUST_CHECK;

/* Why it may not be read, and what to do: "it belongs to user root: run poolscope as that user or as root". */
enum err denial_words(const struct denial *d, struct buf *out) MUST_CHECK;

#endif
