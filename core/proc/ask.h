/* SPDX-License-Identifier: MIT
 * Asking every process of the machine, or every thread of a process, one question, while processes start and end. An
 * heir is a process (or thread) that took over what another one had, such as its memory or an open file: a child, or
 * the receiver of a file. A process may hand such a thing on and give it up before it is asked, so its heir, which may
 * not have been in any list yet, has to be asked as well. Any thread may call these functions. */
#ifndef PROC_ASK_H
#define PROC_ASK_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Asks process or thread `n`. False stops: nobody else needs to be asked. */
typedef bool proc_ask(void *context, pid_t n);

/* Asks each number in the folder, and lists the folder again until no new number appears. ERR_CANCELLED: `ask` has
 * returned false. ERR_AGAIN: new numbers kept appearing. */
enum err proc_ask_each(int dir, const char *path, proc_ask *ask, void *context) MUST_CHECK;

/* Asks all processes of a real /proc, and ends even if some program starts others without a pause. The kernel gives
 * pids out in rising order and lists them in that order (alloc_pid in kernel/pid.c, proc_pid_readdir in
 * fs/proc/base.c). An heir has a higher pid than the process that started it, so when a process is found to have ended
 * or to run another program (execve), its heir exists and is still to be asked. Errors as above; ERR_AGAIN also if the
 * pids wrapped around meanwhile. */
enum err proc_ask_processes(int root, proc_ask *ask, void *context) MUST_CHECK;

#endif
