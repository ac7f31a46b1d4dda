/* SPDX-License-Identifier: MIT
 * A stage for the rules that look at several processes: evidence that is built, not seen. A case builds it anew, puts
 * threads to sleep in calls, and asks what is said of it. */
#ifndef TESTS_KIT_HANG_STAGE_H
#define TESTS_KIT_HANG_STAGE_H

#include "core/hang/private.h"

/* Three processes, A the parent of B and C, which were forked; each has a pipe whose number is its own. */
enum { A, B, C, PROCESSES, PID = 100, THREADS_MAX = 3, FDS_MAX = 8, PIPE = 1000, SOCKET = 2000, WORD = 77 };

struct stage {
    struct thread_evidence threads[PROCESSES][THREADS_MAX];
    struct fd_evidence fds[PROCESSES][FDS_MAX];
    int64_t maps[PROCESSES];
    struct evidence procs[PROCESSES];
    struct pipe_check pipes[PROCESSES];
    struct departed departed;
    struct scene scene;
    struct hang_settings settings;
    struct findings findings;
};

pid_t stage_pid(int process);

/* Everybody polls, and may go on. */
void stage_build(struct stage *s);

/* A thread that sleeps in this call, whose first argument this is. */
struct thread_evidence stage_asleep(pid_t tid, long call, uint64_t arg);

/* An fd of a pipe or socket, by which the process is known to have an end. */
int stage_give(struct stage *s, int process, enum fd_kind kind, uint64_t inode, bool writes);
int stage_give_pipe(struct stage *s, int process, int pipe, bool writes);

/* What the first thread of the process does. */
void stage_reads(struct stage *s, int process, int pipe);
void stage_writes(struct stage *s, int process, int pipe);
void stage_waits(struct stage *s, int process, int child);
void stage_a_polls(struct stage *s);

/* The one finding, or NULL; it is the stage's. */
const struct finding *stage_judge(struct stage *s);
void stage_assert(struct stage *s, const char *rule, enum certainty certainty, const char *cause, int process);
bool stage_is_victim(const struct stage *s, int process); /* of the finding that was judged last */

#endif
