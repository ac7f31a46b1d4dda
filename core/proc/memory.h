/* SPDX-License-Identifier: MIT
 * What a scene remembers from one update to the next, beside the evidence that everybody may read. */
#ifndef PROC_MEMORY_H
#define PROC_MEMORY_H

#include "core/proc/proc.h"

/* What is remembered of one process. "In this sleep" means: since its threads all fell asleep. */
struct proc_kept {
    unsigned update;                     /* the number of the scene's update that last looked at the process */
    unsigned looks;                      /* how many looks there were */
    double looked_at;                    /* clock_now() just before the last look */
    bool items_read;                     /* proc_read_items has run in this sleep, so the items still hold */
    double items_cost;                   /* seconds that it took */
    unsigned denials;                    /* how often kcmp was refused in this sleep: shares_seen was DENIED */
    bool spin_forgiven;                  /* scene_forgive: the next context switch does not count against spinning */
    unsigned forgiven;                   /* scene_forgive: so many looks may still find it awake because of us */
    double costly_at;                    /* clock_now() when proc_read_costly last ran; 0: never */
    double costly_pause;                 /* seconds until it may run again */
    int64_t told_threads;                /* the parent's threads as told by scene_hint; -1: not told */
    bool parent_learned;                 /* the parent's threads are known as well as they can be seen */
    int pidfd;                           /* to learn how the process ended; -1: none; owned */
    bool departed;                       /* its end is already in scene.departed */
    uint64_t spin_voluntary, spin_ticks; /* its thread's counts when it was first seen spinning */
    uint64_t stack_hash;                 /* of its stacks at the last comparison */
    double stack_at;                     /* clock_now() of the last comparison; 0: none yet */
    double stack_cost;                   /* CPU seconds that it took */
};

/* What scene_hint said of a process that has not been seen yet. */
struct hint {
    pid_t pid;
    int64_t parent_threads;
    bool awaited;
};

struct scene_memory {
    int root_fd; /* /proc, or the folder that stands in for it */
    pid_t root;  /* 0: nothing is watched */
    uint64_t root_started;
    bool include_root;
    unsigned update;
    struct proc_kept *kept; /* kept[i] belongs to scene->procs[i] */
    size_t cap;             /* of both arrays */
    struct hint *hints;
    size_t nhints;
    double
        time_left; /* seconds that this update may still spend on costly reads; the rest is left to the next update */
    int netlink;   /* from proc_unix_open; -1: not opened yet */
    size_t npidfds;
    double outside_at; /* clock_now() when all processes of the machine were last looked at */
    double outside_cost,
        outside_pause;      /* seconds that it took; seconds to wait before the next look if it was in vain */
    enum seen shows_queued; /* whether fdinfo counts the files queued in a Unix socket (scm_fds) */
};

/* Where the pid is among scene->procs, or where it would be inserted. */
size_t proc_place_of(const struct scene *s, pid_t pid);

#endif
