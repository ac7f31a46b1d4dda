/* SPDX-License-Identifier: MIT
 * The supervisor of a watch is the process that the shell started; the observer is its child. The supervisor only
 * waits. If one of the two is killed, the other one ends everything that was started. */
#ifndef TUI_CLI_SUPERVISOR_H
#define TUI_CLI_SUPERVISOR_H

#include "core/base/err.h"

/* Forks; to be called before any thread is started. The child becomes the observer: it calls `work(arg, fd)`, where fd
 * reaches its end of file once the supervisor is gone, and returns its result. The parent becomes the supervisor: it
 * waits, passes signals on, stops and continues together with the observer, and returns the status to exit with: that
 * of the observer, or 128 + N if signal N killed it. If `work` did not return, because the observer was killed or ran
 * out of time, all processes below are killed first. */
int supervisor_run(int (*work)(void *arg, int supervisor_fd), void *arg);

#endif
