/* SPDX-License-Identifier: MIT
 * What the files of this room share. "Read, then parse": proc_read.c and its users take directory fds, proc_parse.c
 * takes bytes, so that a folder of files can stand in for /proc and the parsers can be fuzzed. */
#ifndef PROC_PRIV_H
#define PROC_PRIV_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/proc/evidence.h"
#include "core/proc/proc.h"

/* A file of /proc is never taken to be longer than this. */
enum { PROC_FILE_MAX = 32 * 1024 * 1024 };

/* proc_read.c: paths are relative to `dir`. ERR_GONE, ERR_DENIED are answers. */

enum err proc_open_dir(int dir, const char *path, int *fd) MUST_CHECK;
enum err proc_open_pid(int root, pid_t pid, int *fd) MUST_CHECK;

/* The whole file into `b` (cleared first). */
enum err proc_read(int dir, const char *path, struct buf *b) MUST_CHECK;

/* The first `cap` - 1 bytes, NUL-terminated; for files of one short record. */
enum err proc_read_short(int dir, const char *path, char *text, size_t cap, size_t *len) MUST_CHECK;

enum err proc_read_link(int dir, const char *path, char *text, size_t cap) MUST_CHECK;

/* The entries of a directory that are numbers, rising. Cut at `max`: ERR_TOO_BIG, with what was read so far. */
enum err proc_list_numbers(int dir, const char *path, size_t max, struct ints *out) MUST_CHECK;

/* proc_parse.c: bytes to values; ERR_PARSE and an `out` of zeroes if they are not what proc(5) says. */

struct proc_stat {
    char name[PROC_NAME_MAX]; /* made safe */
    char state;
    pid_t ppid;
    uint32_t flags;
    uint64_t cpu_ticks;
    int64_t threads;
    uint64_t started;
};
enum err proc_parse_stat(const char *text, size_t len, struct proc_stat *out) MUST_CHECK;

struct proc_status {
    pid_t tgid, tracer;
    int64_t uid, threads;
    uint64_t pending, shared_pending, blocked, ignored, caught;
    uint64_t voluntary, nonvoluntary;
    bool has_switches;
};
enum err proc_parse_status(const char *text, size_t len, struct proc_status *out) MUST_CHECK;

/* "running" is OK with *running set; "-1 SP PC" is number -1. */
struct proc_syscall { bool running; long number; uint64_t args[6], sp, pc; };
enum err proc_parse_syscall(const char *text, size_t len, struct proc_syscall *out) MUST_CHECK;

/* Decimal numbers between blanks, as in children; adds to `out`. */
enum err proc_parse_numbers(const char *text, size_t len, struct ints *out) MUST_CHECK;

struct proc_map {
    uint64_t start, end;
    bool readable, writable, executable, shared;
    const char *name;
    size_t name_len;
};
/* The first line of maps in `text`; *used counts its newline too. The name points into `text`. */
enum err proc_parse_map(const char *text, size_t len, struct proc_map *out, size_t *used) MUST_CHECK;

/* The number behind "Key:" at the start of a line; ERR_NOT_FOUND. */
enum err proc_parse_key(const char *text, size_t len, const char *key, uint64_t *out) MUST_CHECK;
size_t proc_count_key(const char *text, size_t len, const char *key);

/* "pipe:[123]" and the like. */
void proc_parse_fd_link(const char *target, struct fd_evidence *out);

/* The command line of /proc/PID/cmdline as one safe line. */
enum err proc_parse_command(const char *text, size_t len, struct buf *out) MUST_CHECK;

/* proc_thread.c: the threads of one process, at one look. */

struct proc_look {
    struct proc_stat stat;      /* of the process */
    struct proc_status status;  /* of the main thread */
    uint64_t pending;           /* of all threads */
    struct thread_evidence *threads; size_t n; /* by tid, rising; owned */
};
enum err proc_look(int pid_dir, pid_t pid, struct proc_look *out) MUST_CHECK;
void proc_look_done(struct proc_look *l);
bool proc_all_asleep(const struct thread_evidence *threads, size_t n);
/* In two looks: it slept from the end of the first to the start of the second (or had ended before). */
bool proc_thread_same_sleep(const struct thread_evidence *a, const struct thread_evidence *b);

/* proc_futex.c: what a blocked system call says of a futex. Pure. */
void proc_futex_decode(struct thread_evidence *t);
/* The array of a futex_waitv, then the words at the address. `mem` is /proc/PID/mem. */
void proc_futex_read_words(struct thread_evidence *t, int root, int mem);

/* proc_maps.c: homes of the futex words, ghost stacks, io_uring. */
void proc_read_maps(struct evidence *e, int pid_dir);

/* proc_share.c */
void proc_read_shares(struct evidence *e, const struct scene *s, int root);

/* proc_fds.c */
void proc_read_fds(struct evidence *e, int pid_dir);

/* proc_items.c: what is read only where something depends on it. */
bool proc_may_be_dead(const struct evidence *e); /* every living thread sleeps in a futex without a timeout */
void proc_read_items(struct evidence *e, const struct scene *s, int root, int pid_dir);
/* Files, PSS, command line, program; the futex words too if asked for. */
enum err proc_read_costly(struct evidence *e, int root, int pid_dir, bool words) MUST_CHECK;

/* proc_tree.c: the children of a process, also where the kernel has no such file. */
enum err proc_add_children(int root, int pid_dir, pid_t pid, bool all_threads, struct ints *out) MUST_CHECK;

/* proc_process.c: one process looked at anew, and what is kept of it between looks. */

struct proc_kept {
    unsigned update;     /* the scene's update that looked at it last */
    unsigned looks;      /* how often it was looked at */
    bool items_read;     /* in this sleep, so they still hold */
    unsigned forgiven;   /* looks that may find it awake from our own disturbance: scene_forgive */
    double costly_at;    /* clock_now() when fds and PSS were read, 0: never */
    double costly_pause; /* seconds until they may be read again */
    int64_t told_threads; /* scene_hint; -1 */
};
/* Adds its children's pids to `children`. ERR_GONE: it is not there any more. */
enum err proc_process_look(struct evidence *e, struct proc_kept *k, const struct scene *s, int root, double now,
                           struct ints *children) MUST_CHECK;
void proc_process_done(struct evidence *e);

#endif
