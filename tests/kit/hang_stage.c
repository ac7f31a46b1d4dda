/* SPDX-License-Identifier: MIT
 * Made-up evidence: see hang_stage.h. */
#include "tests/kit/hang_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/syscall.h>

pid_t stage_pid(int process)
{
    return PID + 10 * process;
}

struct thread_evidence stage_asleep(pid_t tid, long call, uint64_t arg)
{
    return (struct thread_evidence){.tid = tid,
                                    .name = "app",
                                    .state = 'S',
                                    .switches_seen = SEEN,
                                    .syscall_seen = SEEN,
                                    .syscall = call,
                                    .args = {arg},
                                    .asleep_since = 90};
}

void stage_build(struct stage *s)
{
    *s = (struct stage){.settings = {.started = 50, .hang_after = 5}};
    for (int i = 0; i < PROCESSES; i++) {
        s->threads[i][0] = stage_asleep(stage_pid(i), SYS_ppoll, 0);
        s->pipes[i] = (struct pipe_check){.inode = PIPE + (uint64_t)i, .passes = PIPE_PASSES, .since = 95};
        s->procs[i] = (struct evidence){
            .pid = stage_pid(i),
            .ppid = i == A ? 1 : stage_pid(A),
            .first_parent = i == A ? 1 : stage_pid(A),
            .name = "app",
            .state = 'S',
            .threads_seen = SEEN,
            .threads = s->threads[i],
            .nthreads = 1,
            .at_one_instant = true,
            .timers_seen = SEEN,
            .shares_seen = SEEN,
            .maps_seen = SEEN,
            .fds_seen = SEEN,
            .fds = s->fds[i],
            .parent_threads = -1,
            .alive_at = 90,
            .confirmed = true,
            .forked_without_exec = i != A,
        };
    }
    s->scene = (struct scene){.procs = s->procs,
                              .n = PROCESSES,
                              .taken = 100,
                              .now = 100,
                              .pipes = s->pipes,
                              .npipes = PROCESSES,
                              .departed = &s->departed};
}

int stage_give(struct stage *s, int process, enum fd_kind kind, uint64_t inode, bool writes)
{
    struct evidence *e = &s->procs[process];
    int fd = (int)e->nfds;
    e->fds[e->nfds++] = (struct fd_evidence){.fd = fd,
                                             .kind = kind,
                                             .inode = inode,
                                             .can_read = !writes || kind == FD_SOCKET,
                                             .can_write = writes || kind == FD_SOCKET};
    return fd;
}

int stage_give_pipe(struct stage *s, int process, int pipe, bool writes)
{
    return stage_give(s, process, FD_PIPE, PIPE + (uint64_t)pipe, writes);
}

void stage_reads(struct stage *s, int process, int pipe)
{
    int fd = stage_give_pipe(s, process, pipe, false);
    s->threads[process][0] = stage_asleep(stage_pid(process), SYS_read, (uint64_t)fd);
}

void stage_writes(struct stage *s, int process, int pipe)
{
    int fd = stage_give_pipe(s, process, pipe, true);
    s->threads[process][0] = stage_asleep(stage_pid(process), SYS_write, (uint64_t)fd);
}

void stage_waits(struct stage *s, int process, int child)
{
    s->threads[process][0] = stage_asleep(stage_pid(process), SYS_wait4, (uint64_t)stage_pid(child));
    s->procs[child].parent_waits = s->procs[child].awaited = true;
}

const struct finding *stage_judge(struct stage *s)
{
    findings_done(&s->findings);
    assert_int_equal(hang_judge(&s->scene, &s->settings, &s->findings), OK);
    assert_true(s->findings.n <= 1); /* a cause has one finding */
    return s->findings.n ? &s->findings.v[0] : NULL;
}

void stage_assert(struct stage *s, const char *rule, enum certainty certainty, const char *cause, int process)
{
    const struct finding *f = stage_judge(s);
    assert_non_null(f);
    assert_string_equal(f->rule, rule);
    assert_int_equal(f->certainty, certainty);
    assert_string_equal(f->cause, cause);
    assert_int_equal(f->pid, stage_pid(process));
    assert_true(f->summary && *f->summary && f->fix && *f->fix && f->evidence.n > 0);
}

bool stage_is_victim(const struct stage *s, int process)
{
    const struct ints *v = &s->findings.v[0].victims;
    for (size_t i = 0; i < v->n; i++)
        if (v->v[i] == stage_pid(process))
            return true;
    return false;
}

void stage_a_polls(struct stage *s)
{
    s->threads[A][0] = stage_asleep(stage_pid(A), SYS_ppoll, 0);
}
