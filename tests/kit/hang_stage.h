/* SPDX-License-Identifier: MIT
 * A stage: made-up evidence for the rules that look at several processes. Each case builds a new stage, puts threads to
 * sleep in system calls, and has it judged. */
#ifndef TESTS_KIT_HANG_STAGE_H
#define TESTS_KIT_HANG_STAGE_H

#include "core/hang/private.h"

/* A is the parent of B and C, which were forked. Pipe A, B or C has inode PIPE + A, B or C. */
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

/* All processes poll, so all may continue. */
void stage_build(struct stage *s);

/* A thread that sleeps in this system call with this first argument. */
struct thread_evidence stage_asleep(pid_t tid, long call, uint64_t arg);

/* Give the process an fd of a pipe or socket; they return its number. */
int stage_give(struct stage *s, int process, enum fd_kind kind, uint64_t inode, bool writes);
int stage_give_pipe(struct stage *s, int process, int pipe, bool writes);

/* Put the first thread of the process to sleep in a read, a write or a wait for a child. */
void stage_reads(struct stage *s, int process, int pipe);
void stage_writes(struct stage *s, int process, int pipe);
void stage_waits(struct stage *s, int process, int child);
void stage_a_polls(struct stage *s);

/* The only finding, or NULL; owned by the stage. */
const struct finding *stage_judge(struct stage *s);
void stage_assert(struct stage *s, const char *rule, enum certainty certainty, const char *cause, int process);
bool stage_is_victim(const struct stage *s, int process); /* of the last finding */

#endif
