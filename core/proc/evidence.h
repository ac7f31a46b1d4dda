/* SPDX-License-Identifier: MIT
 * Evidence: what the kernel says about a process at one moment. Each item is seen, not seen (not read, or it could not
 * be understood), or denied by the kernel. Plain data, owned by the scene. Sources: proc(5), futex(2), kcmp(2). Times
 * are those of clock_now(). */
#ifndef PROC_EVIDENCE_H
#define PROC_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event/shape.h"

enum seen { NOT_SEEN, SEEN, DENIED };

enum { PROC_NAME_MAX = 64 };

/* In which memory a futex word is (/proc/PID/maps): other processes may have mapped shared memory, too. */
enum word_home { WORD_UNKNOWN, WORD_PRIVATE, WORD_SHARED };

struct futex_wait {
    bool waiting;    /* the thread is blocked in futex(FUTEX_WAIT*, …) or futex_waitv */
    bool private_op; /* FUTEX_PRIVATE_FLAG */
    bool has_timeout;
    uint32_t command;  /* FUTEX_WAIT, FUTEX_WAIT_BITSET, …, without flags; FUTEX_WAIT for futex_waitv */
    uint32_t expected; /* the value of the word that it went to sleep on */
    uint64_t address;
    enum seen word_seen; /* the words below, from /proc/PID/mem */
    uint32_t word;       /* at address */
    uint32_t count;      /* at address + 4; this and the next three are named as in a glibc pthread_mutex_t */
    uint32_t owner;      /* the TID of the mutex's owner */
    uint32_t users;
    uint32_t kind;
    uint32_t tail;        /* at address + 20 */
    uint32_t before[3];   /* at address - 12, - 8 and - 4, for a glibc pthread_rwlock_t */
    double words_at;      /* when the update that read the words began; 0: not read */
    enum seen owner_seen; /* whether the holder's TID (futex_wait_lock) was looked up; not in another PID namespace */
    pid_t owner_process;  /* the process whose thread has that TID now; 0: none */
    enum word_home home;
    uint64_t home_file, home_offset; /* WORD_SHARED: equal for the same word in all processes that map it */
};

struct thread_evidence {
    pid_t tid;
    char name[PROC_NAME_MAX]; /* comm, made safe to show */
    char state;               /* R S D T t Z X I, from /proc/PID/task/TID/stat */
    uint64_t started;         /* clock ticks since boot; identifies the thread together with the tid */
    uint64_t cpu_ticks;       /* user + system */
    enum seen switches_seen;
    uint64_t switches;      /* voluntary + nonvoluntary context switches */
    uint64_t voluntary;     /* only those in which it had to wait for something */
    enum seen syscall_seen; /* /proc/PID/task/TID/syscall */
    long syscall;           /* its number; -1: in user code, or blocked outside of a system call */
    uint64_t args[6], sp, pc;
    struct futex_wait futex;
    double asleep_since; /* the first look that found it in this wait, without a switch since; 0: awake */
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
    uint64_t inode; /* identifies a pipe, socket or eventfd in all processes; of a pidfd, the pid; else 0 */
    uint64_t peer;  /* the inode of the socket at the other end, if a thread waits for it; 0: none or unknown */
    bool can_read, can_write;
};

/* A worker that ended while it was watched. */
struct departed {
    pid_t pid, parent;
    char name[PROC_NAME_MAX];
    enum seen end_seen; /* whether it is known how it ended */
    int signal;         /* the signal that killed it; 0: it exited */
    double at;          /* when its end was noticed */
};

struct evidence {
    pid_t pid, ppid;
    pid_t first_parent; /* ppid at the first look */
    uint64_t started;   /* clock ticks since boot; identifies the process together with the pid */
    double started_at;  /* the same as a time of clock_now(); exact to a tick, 10 ms */
    char name[PROC_NAME_MAX];
    char *command;            /* the command line, made safe to show, or "[name]"; owned */
    char *exe;                /* the target of /proc/PID/exe, or NULL; owned */
    char state;               /* of the main thread, or if it has ended of one that has not */
    uint32_t flags;           /* the PF_ flags of /proc/PID/stat */
    bool forked_without_exec; /* PF_FORKNOEXEC */
    bool same_user;           /* it runs as the user of this process */
    bool other_numbers;       /* it is in another PID namespace: TIDs in its memory mean nothing here */
    int exit_code;            /* of a zombie: its wait status, wait(2) */
    pid_t tracer;
    uint64_t sig_pending, sig_blocked, sig_ignored, sig_caught; /* bit n-1 is signal n; pending for any thread */
    enum seen threads_seen;
    struct thread_evidence *threads;
    size_t nthreads;     /* by tid, rising; owned */
    bool at_one_instant; /* two looks prove that all threads were asleep in these waits at one instant; the items below
                            were read between the two, or earlier in the same sleep */
    enum seen timers_seen;
    size_t timers; /* POSIX timers, /proc/PID/timers */
    enum seen shares_seen;
    pid_t shares_with; /* another process with the same memory, by kcmp(KCMP_VM) of all processes; 0: none */
    enum seen maps_seen;
    struct ints shared_maps; /* files (as home_file) that it has mapped shared; owned */
    struct texts libraries;  /* file names of the shared objects that it has mapped, made safe to show; owned */
    bool io_uring_mapped;    /* an io_uring ring is mapped; it may have no fd */
    size_t ghost_stacks;     /* mappings that look like stacks, above a guard page, but that no thread uses */
    enum seen fds_seen;
    struct fd_evidence *fds;
    size_t nfds; /* by number, rising; owned; NOT_SEEN also if there are too many */
    enum seen lock_seen;
    pid_t lock_holder; /* the process that holds the file lock it waits for */
    bool confirmed;    /* everything that hang_closed and the graph need was read in this sleep */
    enum seen pss_seen;
    int64_t pss_kib;
    double cpu_seconds;
    double alive_at;              /* the last sign of life: a switch, CPU time, a new thread */
    int64_t parent_threads;       /* threads that its parent had at the fork; -1: unknown */
    bool parent_threads_at_least; /* they were only seen from outside: there may have been more */
    struct texts parent_names;    /* the names of those that were seen; owned */
    int64_t parent_threads_now;   /* threads that its parent has now; -1: the parent has ended */
    double spins_since;           /* since then every look found its only thread on the CPU; 0: it does not spin */
    double spin_cpu;              /* CPU seconds that it has used since */
    unsigned spin_looks;          /* how often its stack was the same since; a difference starts all of this over */
    bool has_task;                /* scene_hint said that somebody waits for it */
    bool parent_waits;            /* its parent is blocked in wait4 or waitid for it */
    bool awaited;                 /* has_task or parent_waits */
};

#endif
