/* SPDX-License-Identifier: MIT
 * The steps by which a look at a process becomes evidence. Functions named proc_read_* set the `seen` fields of what
 * they read; they return no error where "not seen" or "denied" is the answer. `root` is an fd of /proc, `pid_dir` of
 * /proc/PID. */
#ifndef PROC_PRIVATE_H
#define PROC_PRIVATE_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/proc/evidence.h"
#include "core/proc/parse.h"
#include "core/proc/proc.h"
#include "core/proc/read.h"

struct proc_kept;
struct scene_memory;

/* stat.c. ERR_GONE: there is no such process or thread. */
enum err proc_stat_at(int dir, const char *path, struct proc_stat *out) MUST_CHECK;
enum err proc_status_at(int dir, const char *path, struct proc_status *out) MUST_CHECK;
enum err proc_stat_of(int root, pid_t pid, struct proc_stat *out) MUST_CHECK;

/* futex.c: decodes the futex wait from the thread's system call. Pure. */
void proc_futex_decode(struct thread_evidence *t);
/* Reads the array of a futex_waitv, then the words at the address. `mem` is an fd of /proc/PID/mem. */
void proc_futex_read_words(struct thread_evidence *t, int root, int mem, bool other_numbers);

/* maps.c: where the futex words are, ghost stacks, io_uring, libraries. */
void proc_read_maps(struct evidence *e, int pid_dir);
/* True if `m` looks like the stack of a thread; `below` is the mapping before it. */
bool proc_is_stack_like(const struct proc_map *m, const struct proc_map *below);

/* share.c, fds.c: does another process have its memory, and which files has it open? */
void proc_read_shares(struct evidence *e, const struct scene *s, int root);
void proc_read_fds(struct evidence *e, int pid_dir);

/* asleep.c: how all threads of a process that have not ended wait. False if there is none. */
bool proc_waits_for_others(const struct evidence *e); /* all sleep in calls that other processes could end */
bool proc_may_be_dead(const struct evidence *e);      /* all sleep in a futex without a timeout */
bool proc_is_dead_end(const struct evidence *e);      /* and no other process has the words that they wait at */

/* items.c: the items are what is read only if a finding may depend on it. */
void proc_read_items(struct evidence *e, const struct scene *s, int root, int pid_dir);
void proc_read_all_words(struct evidence *e, const struct scene *s, int root, int pid_dir);
/* What a proof needs and costs most: maps, timers, who shares the memory. Reduces the update's time_left. */
void proc_read_deep(struct evidence *e, const struct scene *s, int root, int pid_dir);
/* Open files, PSS, command line, program; the futex words too if `words`. */
enum err proc_read_costly(struct evidence *e, int root, int pid_dir, bool words, double now) MUST_CHECK;

/* tree.c: adds the children of a process; works also if the kernel has no file `children`. */
enum err proc_add_children(int root, int pid_dir, pid_t pid, bool all_threads, struct ints *out) MUST_CHECK;

/* process.c: one look at a process. Adds the pids of its children to `children`. ERR_GONE: it has ended. */
enum err proc_process_look(struct evidence *e, struct proc_kept *k, struct scene *s, int root, double now,
                           struct ints *children) MUST_CHECK;
void proc_process_done(struct evidence *e);
/* Calls `read` for what holds only while the process sleeps. True if it slept throughout, in the same waits. */
bool proc_read_asleep(struct evidence *e, const struct scene *s, int root, int pid_dir,
                      void (*read)(struct evidence *e, const struct scene *s, int root, int pid_dir));

/* relate.c: who waits for process i, and what its parent was when it was forked. */
void proc_relate(struct scene *s, size_t i);

/* departed.c: remembers how workers ended. */
void proc_hold(struct scene *s, size_t i);          /* while process i exists: opens a pidfd of it */
void proc_note_departed(struct scene *s, size_t i); /* when it has ended */

/* confirm.c: reads what a proof across processes depends on, of processes for which one is near. */
enum err proc_confirm_all(struct scene *s) MUST_CHECK;

/* outside.c: looks at all processes of the machine for other holders of the pipes that are waited at, and updates
 * scene.pipes. `inside` has the pids, rising, of processes of the scene whose files are known. */
void proc_look_outside(struct scene *s, const struct ints *inside);

/* spin.c: called at each look; follows whether the only thread of a process runs without any effect. */
void proc_follow_spin(struct evidence *e, struct proc_kept *k, struct scene_memory *m, int pid_dir, double now);

/* unix.c: a netlink socket for proc_unix_peer, owned by the caller; -1 on error. */
int proc_unix_open(void);
/* The inode of the socket at the other end of a connection; 0: none, or unknown. */
uint64_t proc_unix_peer(int netlink, uint64_t inode);

#endif
