/* SPDX-License-Identifier: MIT
 * The supervisor of a watch: the process that the shell started, with the observer as its child. It holds nothing and
 * does nothing but wait, so that whichever of the two is killed, the other ends all that was started. */
#ifndef TUI_CLI_SUPERVISOR_H
#define TUI_CLI_SUPERVISOR_H

#include "core/base/err.h"

/* Forks before there is a thread. In the observer: `work(arg, fd)`, where fd is at its end once the supervisor is gone,
 * and this returns what work does. In the supervisor: waits, passes signals on, stops and goes on with the observer;
 * returns the status to exit with, 128 + N if the observer was killed by N. If `work` did not return, because the
 * observer was killed or its time was over, nothing is left below. */
int supervisor_run(int (*work)(void *arg, int supervisor_fd), void *arg);

#endif
