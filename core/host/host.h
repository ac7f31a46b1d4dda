/* SPDX-License-Identifier: MIT
 * The host process, from both sides: its main function, and what the observer holds of it. The host loads the table,
 * owns the engine and the pool, and dies with the observer (PR_SET_PDEATHSIG and the end of its control socket).
 *
 * The terminal's keys never reach it: host and workers are a process group of their own, which is never in the
 * foreground. Ctrl-C, Ctrl-\ and a hang-up hit the observer alone, and its end is theirs. Ctrl-Z stops the observer
 * alone: the host runs on, waits at the latest when its control socket is full, and nobody has to wake it. It has no
 * signal handler and blocks no signal, since what it has its forked workers have: a signal sent to it by hand does what
 * signals do, and the observer says so. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/event/event.h"
#include "core/event/request.h"
#include "core/table/table.h"

/* The host's main function (core/query/hidden_commands.c): `sock` is the control socket. Returns the exit status. */
int host_process_main(int sock);

struct host; /* the observer's side; one thread uses it */

/* Starts a host process (posix_spawn of poolscope-pool, or of /proc/self/exe, with only stderr and its control socket).
 * The calling thread must live as long as the host shall: the kernel ends the host when that thread ends. */
enum err host_start(struct host **out, struct problem *problem) MUST_CHECK;

/* Closes the socket, waits for it shortly (0.5 s), then SIGKILL; reaps it. Its pool goes with it. */
void host_free(struct host *h);

pid_t host_pid(const struct host *h);
int host_fd(const struct host *h); /* poll for POLLIN: host_receive */

/* Sends a request; the fd (or -1) goes along with it and stays the caller's. ERR_CLOSED if the host is gone. A run that
 * cannot be is answered by RUN_STARTED, a NOTE that says why, and RUN_ENDED with `stopped`; a second one by a NOTE. */
enum err host_send(struct host *h, const struct request *r, int fd) MUST_CHECK;

enum err host_send_fds(struct host *h, const struct request *r, const int *fds, int nfds) MUST_CHECK;

/* The next event, ERR_AGAIN if there is none yet. When the host is gone: one last EVENT_HOST_EXITED with its status
 * (it is reaped then), ERR_CLOSED ever after. On EVENT_TABLE_LOADED the table is ready for host_take_table. */
enum err host_receive(struct host *h, struct event *out) MUST_CHECK;

/* The host has its table, so that it can run: host_receive has returned EVENT_TABLE_LOADED. */
bool host_has_table(const struct host *h);

/* A table over the same fds as the host's, which the caller owns. Returns it once, then NULL. */
struct table *host_take_table(struct host *h);

#endif
