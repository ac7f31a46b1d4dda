/* SPDX-License-Identifier: MIT
 * Parsers for files of /proc. Pure functions; if the bytes are not as proc(5) says, ERR_PARSE and an `out` of zeroes.
 * They are fuzzed, since every process may choose its own name and command line. */
#ifndef PROC_PARSE_H
#define PROC_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/event/shape.h"
#include "core/proc/evidence.h"

/* PF_EXITING, PF_FORKNOEXEC and PF_KTHREAD of the kernel's sched.h, in proc_stat.flags. */
enum { PROC_EXITING = 0x4, PROC_FORKNOEXEC = 0x40, PROC_KTHREAD = 0x200000 };

struct proc_stat {
    char name[PROC_NAME_MAX]; /* made safe to show */
    char state;
    pid_t ppid;
    uint32_t flags;
    uint64_t cpu_ticks;
    int64_t threads;
    uint64_t started;
    int exit_code; /* of a zombie; 0 also if we may not know it */
};
enum err proc_parse_stat(const char *text, size_t len, struct proc_stat *out) MUST_CHECK;

struct proc_status {
    pid_t tgid, tracer;
    int64_t uid, threads;
    uint64_t pending, shared_pending, blocked, ignored, caught;
    uint64_t voluntary, nonvoluntary;
    bool has_switches;
    bool other_numbers; /* its PID namespace is nested in that of this /proc */
};
enum err proc_parse_status(const char *text, size_t len, struct proc_status *out) MUST_CHECK;

/* Of "running" only `running` and number -1 are set; "-1 SP PC" has number -1. */
struct proc_syscall {
    bool running;
    long number;
    uint64_t args[6], sp, pc;
};
enum err proc_parse_syscall(const char *text, size_t len, struct proc_syscall *out) MUST_CHECK;

/* A process that waits for a file lock, and the one that holds it. */
struct proc_file_lock {
    pid_t waiter, holder;
};
/* The waiters of /proc/locks: writes at most `max` to `out`, and their number to *n. */
enum err proc_parse_locks(const char *text, size_t len, size_t max, struct proc_file_lock *out, size_t *n) MUST_CHECK;

/* Decimal numbers between blanks, as in the file children; adds them to `out`. */
enum err proc_parse_numbers(const char *text, size_t len, struct ints *out) MUST_CHECK;

struct proc_map {
    uint64_t start, end;
    bool readable, writable, executable, shared;
    uint64_t offset, file; /* `file` combines device and inode of the mapped file; 0: no file */
    const char *name;
    size_t name_len;
};
/* The first line of maps in `text`; *used is its length with the newline. The name points into `text`. */
enum err proc_parse_map(const char *text, size_t len, struct proc_map *out, size_t *used) MUST_CHECK;

/* The number after "KEY:" at the start of a line; ERR_NOT_FOUND. */
enum err proc_parse_key(const char *text, size_t len, const char *key, uint64_t *out) MUST_CHECK;
/* How many lines start with "KEY:". */
size_t proc_count_key(const char *text, size_t len, const char *key);

/* Sets kind and inode from the target of /proc/PID/fd/N, for example "pipe:[123]". */
void proc_parse_fd_link(const char *target, struct fd_evidence *out);

/* Appends /proc/PID/cmdline as one line that is safe to show. */
enum err proc_parse_command(const char *text, size_t len, struct buf *out) MUST_CHECK;

#endif
