/* SPDX-License-Identifier: MIT
 * What the files of this room share: the steps by which one look at a process becomes evidence. */
#ifndef PROC_PRIVATE_H
#define PROC_PRIVATE_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/proc/evidence.h"
#include "core/proc/parse.h"
#include "core/proc/proc.h"
#include "core/proc/read.h"

/* proc_ask.c */

/* Has it something that only its heirs can have from it (memory, an open file)? False: no more need be asked. */
typedef bool proc_ask(void *context, pid_t n);

/* Each number in the folder, and those that have come meanwhile, until a whole round brings none. ERR_CANCELLED: `ask`
 * has returned false; ERR_AGAIN: new ones never ceased to come. */
enum err proc_ask_each(int dir, const char *path, proc_ask *ask, void *context) MUST_CHECK;

/* The same for all processes of a real /proc; it ends even where some program starts others without a pause. The kernel
 * gives numbers out in rising order and lists them so (alloc_pid in kernel/pid.c, proc_pid_readdir in fs/proc/base.c).
 * So an heir is ahead of whoever asks in that order, one at a time: when one is asked and has ended, or runs another
 * program (execve), its heir is there already and still to be asked. ERR_AGAIN, too, if the numbers were used up
 * meanwhile and begin anew. */
enum err proc_ask_processes(int root, proc_ask *ask, void *context) MUST_CHECK;

/* proc_thread.c: the threads of one process, at one look. */

struct proc_look {
    struct proc_stat stat;     /* of the process */
    struct proc_status status; /* of the main thread */
    uint64_t pending;          /* of all threads */
    struct thread_evidence *threads;
    size_t n; /* by tid, rising; owned */
};
enum err proc_look(int pid_dir, pid_t pid, struct proc_look *out) MUST_CHECK;
void proc_look_done(struct proc_look *l);
bool proc_all_asleep(const struct thread_evidence *threads, size_t n);
/* In two looks: it slept from the end of the first to the start of the second (or had ended before). */
bool proc_thread_same_sleep(const struct thread_evidence *a, const struct thread_evidence *b);

/* proc_futex.c: what a blocked system call says of a futex. Pure. */
void proc_futex_decode(struct thread_evidence *t);
/* The array of a futex_waitv, then the words at the address. `mem` is /proc/PID/mem. */
void proc_futex_read_words(struct thread_evidence *t, int root, int mem, bool other_numbers);

/* proc_maps.c: homes of the futex words, ghost stacks, io_uring. */
void proc_read_maps(struct evidence *e, int pid_dir);
bool proc_is_stack_like(const struct proc_map *m, const struct proc_map *below);

/* proc_share.c */
bool proc_is_real(int root); /* and not a folder of files */
void proc_read_shares(struct evidence *e, const struct scene *s, int root);

/* proc_fds.c */
void proc_read_fds(struct evidence *e, int pid_dir);

/* proc_items.c: what is read only where something depends on it. */
bool proc_waits_for_others(const struct evidence *e); /* every living thread sleeps in a call that others could end */
bool proc_may_be_dead(const struct evidence *e);      /* every living thread sleeps in a futex without a timeout */
bool proc_is_dead_end(const struct evidence *e);      /* and no other process has the words that it waits at */
void proc_read_items(struct evidence *e, const struct scene *s, int root, int pid_dir);
void proc_read_all_words(struct evidence *e, const struct scene *s, int root, int pid_dir);
void proc_read_deep(struct evidence *e, const struct scene *s, int root, int pid_dir);
/* Files, PSS, command line, program; the futex words too if asked for. */
enum err proc_read_costly(struct evidence *e, int root, int pid_dir, bool words, double now) MUST_CHECK;

/* proc_tree.c: the children of a process, also where the kernel has no such file. */
enum err proc_add_children(int root, int pid_dir, pid_t pid, bool all_threads, struct ints *out) MUST_CHECK;

/* proc_process.c: one process looked at anew, and what is kept of it between looks. */

struct proc_kept {
    unsigned update;                     /* the scene's update that looked at it last */
    unsigned looks;                      /* how often it was looked at */
    double looked_at;                    /* clock_now() before the last look */
    bool items_read;                     /* in this sleep, so they still hold */
    double items_cost;                   /* seconds that took */
    unsigned denials;                    /* how often it could not be asked in this sleep who shares its memory */
    bool spin_forgiven;                  /* the same for its spinning */
    unsigned forgiven;                   /* looks that may find it awake from our own disturbance: scene_forgive */
    double costly_at;                    /* clock_now() when fds and PSS were read, 0: never */
    double costly_pause;                 /* seconds until they may be read again */
    int64_t told_threads;                /* scene_hint; -1 */
    bool parent_learned;                 /* how many threads its parent had, as far as it can be seen */
    int pidfd;                           /* to learn how it ended; -1 */
    bool departed;                       /* its end was noted */
    uint64_t spin_voluntary, spin_ticks; /* its thread's counts when it was first seen spinning */
    uint64_t stack_hash;                 /* of its stacks then */
    double stack_at;                     /* clock_now() when they were read last; 0: not yet */
    double stack_cost;                   /* CPU seconds that took */
};
/* Adds its children's pids to `children`. ERR_GONE: it is not there any more. */
enum err proc_process_look(struct evidence *e, struct proc_kept *k, struct scene *s, int root, double now,
                           struct ints *children) MUST_CHECK;
void proc_process_done(struct evidence *e);
bool proc_has_fds_of_sleep(const struct evidence *e, const struct scene *s); /* its files were read in this sleep */
/* Reads with `read` what holds only while it sleeps; true if it slept on meanwhile, in the same waits. */
bool proc_read_asleep(struct evidence *e, const struct scene *s, int root, int pid_dir,
                      void (*read)(struct evidence *e, const struct scene *s, int root, int pid_dir));

/* proc_scene.c: what a scene keeps. */

/* A hint for a process that was not seen yet. */
struct hint {
    pid_t pid;
    int64_t parent_threads;
    bool awaited;
};

struct scene_memory {
    int root_fd;
    pid_t root; /* 0: nothing is watched */
    uint64_t root_started;
    bool include_root;
    unsigned update;
    struct proc_kept *kept; /* beside scene->procs */
    size_t cap;             /* of both */
    struct hint *hints;
    size_t nhints;
    double time_left; /* seconds that this update may still spend on what costs a lot; the rest comes next time */
    int netlink;      /* proc_unix.c; -1: not yet */
    size_t npidfds;
    double outside_at;                  /* clock_now() when all processes there are were looked at last */
    double outside_cost, outside_pause; /* seconds that took, and to wait until the next look if it was in vain */
    enum seen shows_post;               /* whether the kernel says how many fds are in a socket's post */
};

/* Its parent, threads and start time; ERR_GONE. */
enum err proc_stat_of(const struct scene_memory *m, pid_t pid, struct proc_stat *out) MUST_CHECK;

/* proc_relate.c: what processes are to each other. */
void proc_relate(struct scene *s, size_t i);

/* proc_departed.c: how workers ended. */
void proc_hold(struct scene *s, size_t i);          /* a process that is there: so that its end can be told */
void proc_note_departed(struct scene *s, size_t i); /* it is not there any more */

/* proc_confirm.c: what a proof across processes depends on, read where such a proof is near. */
enum err proc_confirm_all(struct scene *s) MUST_CHECK;

/* proc_outside.c: who else has an end of these pipes? One look at all processes there are; `inside` (sorted pids) are
 * those whose files are known. */
void proc_look_outside(struct scene *s, const struct ints *inside);

/* proc_spin.c: is its only thread at work, and to no effect? At each look. */
void proc_follow_spin(struct evidence *e, struct proc_kept *k, struct scene_memory *m, int pid_dir, double now);

/* proc_unix.c: the socket at the other end, or 0; `netlink` from proc_unix_open (-1: none). */
int proc_unix_open(void);
uint64_t proc_unix_peer(int netlink, uint64_t inode);

#endif
