/* SPDX-License-Identifier: MIT
 * Evidence: what the kernel says of a process at one moment. Each item is seen, not seen, or denied. Plain data, owned
 * by the scene that holds it. Sources: proc(5), futex(2), kcmp(2). */
#ifndef PROC_EVIDENCE_H
#define PROC_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event/shape.h"

enum seen { NOT_SEEN, SEEN, DENIED };

enum { PROC_NAME_MAX = 64 };

/* Where a futex word lies (maps of proc(5)): memory that another process may map too is MAP_SHARED. */
enum word_home { WORD_UNKNOWN, WORD_PRIVATE, WORD_SHARED };

struct futex_wait {
    bool waiting;    /* the thread is blocked in futex(FUTEX_WAIT*, …) or futex_waitv */
    bool private_op; /* FUTEX_PRIVATE_FLAG */
    bool has_timeout;
    uint32_t command;  /* FUTEX_WAIT, FUTEX_WAIT_BITSET, …, without the flags; of futex_waitv: FUTEX_WAIT */
    uint32_t expected; /* the value it went to sleep on */
    uint64_t address;
    enum seen word_seen; /* the words below, from /proc/PID/mem */
    uint32_t word;       /* at address */
    uint32_t count;      /* at address + 4, and so on: what a glibc pthread_mutex_t has there */
    uint32_t owner;      /* its owner's TID */
    uint32_t users;
    uint32_t kind;
    uint32_t tail;        /* at address + 20 */
    uint32_t before[3];   /* at address - 12, - 8, - 4: with the others, what a glibc pthread_rwlock_t has there */
    double words_at;      /* clock_now() time of the update that read the words; 0: not read */
    enum seen owner_seen; /* whether the holder's TID (futex_wait_lock) was looked up; in other namespaces it is not */
    pid_t owner_process;  /* the process that has a thread of that TID now; 0: none has */
    enum word_home home;
    uint64_t home_file, home_offset; /* of WORD_SHARED: the same word in all processes that map it */
};

struct thread_evidence {
    pid_t tid;
    char name[PROC_NAME_MAX]; /* comm, made safe */
    char state;               /* R S D T t Z X I, as stat has it */
    uint64_t started;         /* start time in clock ticks since boot: with the tid, its identity */
    uint64_t cpu_ticks;       /* user + system */
    enum seen switches_seen;
    uint64_t switches;      /* voluntary + nonvoluntary context switches */
    uint64_t voluntary;     /* the former: it had to wait for something */
    enum seen syscall_seen; /* /proc/PID/task/TID/syscall */
    long syscall;           /* number; -1: in user code or blocked outside a system call */
    uint64_t args[6], sp, pc;
    struct futex_wait futex;
    double asleep_since; /* clock_now() time since when it was seen in this wait, with no switch; 0: awake */
};

enum fd_kind {
    FD_OTHER,
    FD_FILE,
    FD_PIPE,
    FD_SOCKET,
    FD_EVENTFD,
    FD_EPOLL,
    FD_TTY,
    FD_IO_URING,
    FD_TIMERFD,
    FD_SIGNALFD,
    FD_PIDFD
};
struct fd_evidence {
    int fd;
    enum fd_kind kind;
    uint64_t inode; /* in all processes the same for one pipe, socket or eventfd; a pidfd's process; else 0 */
    uint64_t peer;  /* the socket at the other end; 0: none, or not looked up. Only where a thread waits for it */
    bool can_read, can_write;
};

/* A worker that ended while it was watched. */
struct departed {
    pid_t pid, parent;
    char name[PROC_NAME_MAX];
    enum seen end_seen; /* whether it is known how it ended */
    int signal;         /* that killed it; 0: it exited */
    double at;          /* clock_now() when that was noticed */
};

struct evidence {
    pid_t pid, ppid;
    pid_t first_parent; /* ppid when it was first seen */
    uint64_t started;   /* clock ticks since boot: with the pid, its identity */
    double started_at;  /* the same on the scale of clock_now(); exact to a tick, 10 ms */
    char name[PROC_NAME_MAX];
    char *command;            /* command line made safe, or "[name]"; owned */
    char *exe;                /* target of /proc/PID/exe, or NULL; owned */
    char state;               /* of the main thread; if that has ended and others live on: theirs */
    uint32_t flags;           /* PF_ flags of stat */
    bool forked_without_exec; /* PF_FORKNOEXEC */
    bool same_user;           /* as the observer */
    bool other_numbers;       /* it lives in another PID namespace: numbers in its memory are none of ours */
    int exit_code;            /* of a zombie, as wait(2) has it */
    pid_t tracer;
    uint64_t sig_pending, sig_blocked, sig_ignored, sig_caught; /* bit n-1 for signal n; pending of all threads */
    enum seen threads_seen;
    struct thread_evidence *threads;
    size_t nthreads;     /* by tid, rising; owned */
    bool at_one_instant; /* two passes agree: all threads were asleep, in these waits, at one instant; the items
                            below were read in between, or earlier in the same sleep */
    enum seen timers_seen;
    size_t timers; /* POSIX timers, /proc/PID/timers */
    enum seen shares_seen;
    pid_t shares_with; /* kcmp(KCMP_VM) with all processes there are; 0: with none of them */
    enum seen maps_seen;
    struct ints shared_maps; /* files (as home_file) that it maps shared; read with the maps; owned */
    struct texts libraries;  /* file names of the shared objects it maps, made safe; read with the maps; owned */
    bool io_uring_mapped;    /* an io_uring ring is mapped, with or without an fd for it */
    size_t ghost_stacks;     /* guard page with an anonymous mapping above that no thread of this process uses */
    enum seen fds_seen;
    struct fd_evidence *fds;
    size_t nfds; /* by number, rising; owned; NOT_SEEN too if too many */
    enum seen lock_seen;
    pid_t lock_holder; /* of the file lock that it waits for */
    bool confirmed;    /* all that hang_closed and the graph ask for was read in this sleep */
    enum seen pss_seen;
    int64_t pss_kib;
    double cpu_seconds;
    double alive_at;              /* clock_now() time of the last sign of life (switch, CPU time, new thread) */
    int64_t parent_threads;       /* threads of the parent when it was forked; -1 unknown */
    bool parent_threads_at_least; /* it was only seen from outside: there may have been more */
    struct texts parent_names;    /* their names, as far as they were seen; owned */
    int64_t parent_threads_now;   /* -1: the parent is gone */
    double spins_since;           /* clock_now() since when its only thread was at no look off the CPU; 0: it was */
    double spin_cpu;              /* CPU seconds it has used since */
    unsigned spin_looks; /* how often its stack was compared since and found the same; a difference ends it all */
    bool has_task;       /* who watches says that somebody waits for it (scene_hint) */
    bool parent_waits;   /* its parent blocks in wait4 or waitid for it */
    bool awaited;        /* one of the two */
};

#endif
