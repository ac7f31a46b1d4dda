/* SPDX-License-Identifier: MIT
 * Reading /proc of any process, without stopping it and without knowing what it is. A process that vanishes between two
 * reads is normal. A scene is a process tree at one moment, with what was learned from the moments before. */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "core/base/err.h"
#include "core/event/shape.h"
#include "core/proc/evidence.h"

/* What a look at all processes there are has said of a pipe on which processes of the scene wait for each other. */
struct pipe_check {
    uint64_t inode;
    unsigned passes;   /* that agree: all could be looked at, and nobody outside has an end, nor is one in the post */
    double since;      /* clock_now() when the first of them began */
    pid_t holder;      /* somebody outside who has an end, or 0 */
    const char *doubt; /* NULL, or why it cannot be told, in words; static */
};

enum { PIPE_PASSES = 2 }; /* it takes so many to be sure */

struct scene {
    struct evidence *procs;
    size_t n; /* owned; by pid, rising */
    struct departed *departed;
    size_t ndeparted; /* the last few; owned */
    struct pipe_check *pipes;
    size_t npipes;               /* by inode, rising; owned */
    double now, taken;           /* clock_now() when the last update began, and when it ended */
    struct scene_memory *memory; /* what is kept between moments: opaque, owned */
};

/* Reads from the /proc behind `proc_root_fd` (-1: the real one), so a folder of files can stand in for it in tests. */
enum err scene_init(struct scene *s, int proc_root_fd) MUST_CHECK;
void scene_done(struct scene *s);

/* Watch the tree below `root` (a zero root: nothing). Processes once seen in the tree stay in the scene when they are
 * reparented. `include_root` says whether the root itself counts. What was known before is forgotten, hints too.
 * ERR_GONE if there is no such process. */
enum err scene_watch(struct scene *s, pid_t root, bool include_root) MUST_CHECK;

/* What somebody else knows of a process: how many threads its parent had when it was forked (-1 unknown), and whether
 * someone waits for it. Kept while the process lives. */
enum err scene_hint(struct scene *s, pid_t pid, int64_t parent_threads, bool awaited) MUST_CHECK;

/* Looks again, at clock_now() time `now`. Two looks that agree make at_one_instant true, so that takes two updates;
 * only then are the items read on which a proof depends (words, maps, timers, kcmp, fds), followed by one more look. */
enum err scene_update(struct scene *s, double now) MUST_CHECK;

const struct evidence *scene_find(const struct scene *s, pid_t pid);

/* Call after something of ours has disturbed a process (stack_native): the switches that this cost do not count as a
 * sign of life, if it sleeps in the same wait again. */
void scene_forgive(struct scene *s, pid_t pid);

/* A process of this very program that only waits to put a terminal right: it is ours, and part of no tree. Its name
 * (comm) does not contain the program's, so that `pkill poolscope` ends the explorer and leaves the guard to do its
 * work; at most 15 bytes, prctl(2). Its command line is the explorer's: `pkill -f` does end it. */
#define PROC_GUARD_NAME "tty-guard"
bool proc_is_guard(pid_t pid);

/* What a thread is blocked in. TIMED: it ends by itself, or may (a restarted call shows nothing to rely on). */
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

/* True if the thread has ended (and is still listed, as a main thread is until the last one ends). */
bool thread_ended(const struct thread_evidence *t);

/* The TID of the living thread of the same process whose end it waits for (pthread_join), or 0. */
pid_t thread_joins(const struct evidence *e, const struct thread_evidence *t);

/* The thread whose wait tells most: the main thread, or behind a chain of joins the one that it really waits for; never
 * one that has ended. NULL if no thread was seen. */
const struct thread_evidence *evidence_telling_thread(const struct evidence *e);

/* The lock of the C library (glibc) that the words at the futex are, and the TID of its holder. LOCK_NONE where they do
 * not fit together, or nobody's TID is in them (semaphores, conditions, locks of Python, Rust, Go, …). */
enum futex_lock { LOCK_NONE, LOCK_MUTEX, LOCK_ROBUST, LOCK_PI, LOCK_WRITER };
enum futex_lock futex_wait_lock(const struct futex_wait *f, pid_t *holder);
const char *futex_lock_name(enum futex_lock lock); /* "mutex", "robust mutex", "mutex with priority inheritance", … */

/* True if only tasks that have the same memory can wake it: a private operation, or a word in private memory. */
bool futex_wait_is_own(const struct futex_wait *f);

/* The pipe, socket or eventfd through which it waits for others to read, write or close; NULL if it waits otherwise. */
const struct fd_evidence *thread_waits_through(const struct evidence *e, const struct thread_evidence *t);

/* Of WAIT_CHILD: the child it waits for, or 0 for any. */
pid_t thread_awaits_child(const struct evidence *e, const struct thread_evidence *t);

/* True if all its threads slept at one instant in waits without a timeout that only other threads and processes can
 * end, as far as one can tell by the kind of wait. */
bool evidence_may_be_stuck(const struct evidence *e);
double evidence_asleep_since(const struct evidence *e); /* the latest of its threads to fall asleep */

/* What is known of the pipe, or NULL. */
const struct pipe_check *scene_pipe(const struct scene *s, uint64_t inode);

/* Its thread of that number, or NULL. */
const struct thread_evidence *evidence_thread(const struct evidence *e, pid_t tid);

/* What a process waits for, in words: "a futex in its own memory, without a timeout"; "read of pipe 12"; "a child";
 * "running". For the thread that tells most. */
enum err evidence_waits_for(const struct evidence *e, struct buf *out) MUST_CHECK;
enum err thread_waits_for(const struct evidence *e, const struct thread_evidence *t, struct buf *out) MUST_CHECK;

/* What decides whether a process may be read: see ptrace(2), "Ptrace access mode checking". */
struct denial {
    uid_t ours, owner; /* effective, real */
    bool shielded;     /* not dumpable */
    bool trace_all;    /* we have CAP_SYS_PTRACE */
    int yama;          /* kernel.yama.ptrace_scope; 0 also where there is no Yama */
};

/* ERR_GONE. */
enum err proc_denial_look(pid_t pid, struct denial *out) MUST_CHECK;

/* Why, and what would help: "it belongs to user root: run poolscope as that user or as root". */
enum err denial_words(const struct denial *d, struct buf *out) MUST_CHECK;

#endif
