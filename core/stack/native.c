/* SPDX-License-Identifier: MIT
 * A native stack, from libdwfl while the thread is stopped by ptrace. A thread of our own does that: when it ends, for
 * whatever reason, the kernel detaches the thread that it traced and lets it run on. Addresses are collected during the
 * stop; names are looked up when the thread runs again, as that takes ten times as long. */
#include "core/stack/stack.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/base/thread.h"

/* Seconds to wait for a thread to stop; deep in the kernel it may not. */
static const double patience = 0.5;

struct stack_job {
    Dwfl *dwfl;
    pid_t tid;
    size_t max, n;
    Dwarf_Addr *addresses;
    double stopped_seconds;
    enum err err;
};

/* Finds debug files on this machine by their build id; never asks the network. */
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_linux_proc_find_elf,
    .find_debuginfo = dwfl_build_id_find_debuginfo,
};

static int take_frame(Dwfl_Frame *frame, void *arg)
{
    struct stack_job *job = arg;
    Dwarf_Addr pc;
    bool is_activation;
    if (job->n == job->max || !dwfl_frame_pc(frame, &pc, &is_activation))
        return DWARF_CB_ABORT;
    job->addresses[job->n++] = is_activation ? pc : pc - 1; /* a return address may belong to the next function */
    return DWARF_CB_OK;
}

/* True once it has stopped; *signal is a signal that it was about to get, to be passed on. Never reaps the thread. */
static bool wait_for_stop(pid_t tid, int *signal)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000};
    double until = clock_now() + patience;
    do {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)tid, &info, WSTOPPED | WNOHANG | __WALL) < 0 && errno != EINTR)
            return false;
        if (info.si_pid == tid) {
            *signal = info.si_status >> 8 == PTRACE_EVENT_STOP ? 0 : info.si_status & 0x7f;
            return true;
        }
        nanosleep(&pause, NULL);
    } while (clock_now() < until);
    return false;
}

static void *collect_addresses(void *arg)
{
    struct stack_job *job = arg;
    int signal = 0;
    if (ptrace(PTRACE_SEIZE, job->tid, NULL, NULL) < 0) {
        job->err = err_from_errno(errno);
        return NULL;
    }
    double before = clock_now();
    ptrace(PTRACE_INTERRUPT, job->tid, NULL, NULL); /* fails if it has ended, and then it does not stop */
    if (wait_for_stop(job->tid, &signal)) {
        dwfl_getthread_frames(job->dwfl, job->tid, take_frame, job); /* an error ends the unwinding */
        ptrace(PTRACE_DETACH, job->tid, NULL, (void *)(intptr_t)signal);
        job->err = job->n > 0 ? OK : ERR_NOT_FOUND;
    } else {
        job->err = ERR_AGAIN;
    }
    job->stopped_seconds = clock_now() - before;
    return NULL;
}

static enum err run_collector(struct stack_job *job)
{
    pthread_t thread;
    enum err err = thread_start(&thread, collect_addresses, job);
    if (err)
        return err;
    pthread_join(thread, NULL);
    return job->err;
}

static enum err add_name(Dwfl *dwfl, Dwarf_Addr address, struct texts *frames)
{
    enum { NAME_MAX_BYTES = 4096 };
    Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
    const char *symbol = module ? dwfl_module_addrname(module, address) : NULL;
    const char *file = module ? dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL) : NULL;
    struct buf safe;
    buf_init(&safe, NAME_MAX_BYTES);
    if (symbol)
        text_add_safe(&safe, symbol, strlen(symbol)); /* cut if it is too long */
    else
        buf_addf(&safe, "0x%llx", (unsigned long long)address);
    if (!symbol && file) {
        const char *slash = strrchr(file, '/');
        buf_add_text(&safe, " in ");
        text_add_safe(&safe, slash ? slash + 1 : file, strlen(slash ? slash + 1 : file));
    }
    enum err err = safe.err == ERR_NOMEM ? ERR_NOMEM : texts_add(frames, buf_text(&safe));
    buf_done(&safe);
    return err;
}

static enum err open_modules(pid_t tid, Dwfl **out)
{
    Dwfl *dwfl = dwfl_begin(&callbacks);
    if (!dwfl)
        return ERR_NOMEM;
    *out = dwfl;
    int error = dwfl_linux_proc_report(dwfl, tid);
    if (error)
        return error > 0 ? err_from_errno(error) : ERR_NOT_FOUND;
    if (dwfl_report_end(dwfl, NULL, NULL))
        return ERR_NOT_FOUND;
    error = dwfl_linux_proc_attach(dwfl, tid, true);
    return error == 0 ? OK : error > 0 ? err_from_errno(error) : ERR_NOT_FOUND;
}

enum err stack_native(pid_t pid, pid_t tid, size_t max, struct texts *frames, double *stopped_seconds)
{
    struct stack_job job = {.tid = tid ? tid : pid, .max = max};
    enum err err = open_modules(job.tid, &job.dwfl); /* not the pid: a main thread that has ended has no maps */
    if (!err && !(job.addresses = calloc(max ? max : 1, sizeof *job.addresses)))
        err = ERR_NOMEM;
    if (!err)
        err = run_collector(&job);
    for (size_t i = 0; i < job.n && !err; i++)
        err = add_name(job.dwfl, job.addresses[i], frames);
    if (stopped_seconds)
        *stopped_seconds = job.stopped_seconds;
    free(job.addresses);
    dwfl_end(job.dwfl);
    return err;
}
