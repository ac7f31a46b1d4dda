/* SPDX-License-Identifier: MIT
 * Evidence: what the kernel says of a process at one moment. Each item is seen, not seen, or denied. Plain data, owned
 * by the scene that holds it. Sources: proc(5), futex(2), kcmp(2). */
#ifndef PROC_EVIDENCE_H
#define PROC_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum seen { NOT_SEEN, SEEN, DENIED };

enum { PROC_NAME_MAX = 64 };

/* Where a futex word lies (maps of proc(5)): memory that another process may map too is MAP_SHARED. */
enum word_home { WORD_UNKNOWN, WORD_PRIVATE, WORD_SHARED };

struct futex_wait {
    bool waiting;        /* the thread is blocked in futex(FUTEX_WAIT*, …) or futex_waitv */
    bool private_op;     /* FUTEX_PRIVATE_FLAG */
    bool has_timeout;
    uint32_t command;    /* FUTEX_WAIT, FUTEX_WAIT_BITSET, …, without the flags; of futex_waitv: FUTEX_WAIT */
    uint32_t expected;   /* the value it went to sleep on */
    uint64_t address;
    enum seen word_seen; /* the words below, from /proc/PID/mem */
    uint32_t word;       /* at address */
    uint32_t count;      /* at address + 4, and so on: what a glibc pthread_mutex_t has there */
    uint32_t owner;      /* its owner's TID */
    uint32_t users;
    uint32_t kind;
    enum seen owner_seen; /* whether the owner's TID was looked up: only where the words can be a mutex */
    pid_t owner_process;  /* the process that has a thread of that TID now; 0: none has */
    enum word_home home;
};

struct thread_evidence {
    pid_t tid;
    char name[PROC_NAME_MAX];    /* comm, made safe */
    char state;                  /* R S D T t Z X I, as stat has it */
    uint64_t started;            /* start time in clock ticks since boot: with the tid, its identity */
    uint64_t cpu_ticks;          /* user + system */
    enum seen switches_seen;
    uint64_t switches;           /* voluntary + nonvoluntary context switches */
    enum seen syscall_seen;      /* /proc/PID/task/TID/syscall */
    long syscall;                /* number; -1: in user code or blocked outside a system call */
    uint64_t args[6], sp, pc;
    struct futex_wait futex;
    double asleep_since;         /* clock_now() time since when it was seen in this wait, with no switch; 0: awake */
};

enum fd_kind {
    FD_OTHER, FD_FILE, FD_PIPE, FD_SOCKET, FD_EVENTFD, FD_EPOLL, FD_TTY, FD_IO_URING, FD_TIMERFD, FD_SIGNALFD
};
struct fd_evidence { int fd; enum fd_kind kind; uint64_t inode; bool can_read, can_write; };

struct evidence {
    pid_t pid, ppid;
    pid_t first_parent;          /* ppid when it was first seen */
    uint64_t started;            /* clock ticks since boot: with the pid, its identity */
    double started_at;           /* the same on the scale of clock_now(); exact to a tick, 10 ms */
    char name[PROC_NAME_MAX];
    char *command;               /* command line made safe, or "[name]"; owned */
    char *exe;                   /* target of /proc/PID/exe, or NULL; owned */
    char state;                  /* of the main thread; if that has ended and others live on: theirs */
    uint32_t flags;              /* PF_ flags of stat */
    bool forked_without_exec;    /* PF_FORKNOEXEC */
    bool same_user;              /* as the observer */
    pid_t tracer;
    uint64_t sig_pending, sig_blocked, sig_ignored, sig_caught; /* bit n-1 for signal n; pending of all threads */
    enum seen threads_seen;
    struct thread_evidence *threads; size_t nthreads; /* by tid, rising; owned */
    bool at_one_instant;         /* two passes agree: all threads were asleep, in these waits, at one instant; the items
                                    below were read in between, or earlier in the same sleep */
    enum seen timers_seen; size_t timers;      /* POSIX timers, /proc/PID/timers */
    enum seen shares_seen; pid_t shares_with;  /* kcmp(KCMP_VM) with all processes there are; 0: with none of them */
    enum seen maps_seen;
    bool io_uring_mapped;        /* an io_uring ring is mapped, with or without an fd for it */
    size_t ghost_stacks;         /* guard page with an anonymous mapping above that no thread of this process uses */
    enum seen fds_seen; struct fd_evidence *fds; size_t nfds; /* owned */
    enum seen pss_seen; int64_t pss_kib;
    double cpu_seconds;
    double alive_at;             /* clock_now() time of the last sign of life (switch, CPU time, new thread) */
    int64_t parent_threads;      /* threads of the parent when it was forked, at least; -1 unknown */
    int64_t parent_threads_now;  /* -1: the parent is gone */
    bool has_task;               /* who watches says that somebody waits for it (scene_hint) */
    bool parent_waits;           /* its parent blocks in wait4 or waitid for it */
    bool awaited;                /* one of the two */
};

#endif
