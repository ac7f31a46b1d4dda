/* SPDX-License-Identifier: MIT
 * The host process, from both sides: its main function, and the handle that the observer has. The host loads the table,
 * owns the engine and the pool, and dies with the observer (PR_SET_PDEATHSIG and the end of its control socket).
 *
 * Keys of the terminal do not reach it: host and workers are a process group of their own, which is never in the
 * foreground. Ctrl-C, Ctrl-\ and a hang-up go to the observer only, and its end ends the host. Ctrl-Z stops only the
 * observer: the host continues until its control socket is full, and continues again when the observer reads. The host
 * has no signal handler and blocks no signal, because its forked workers would inherit both: a signal that is sent to
 * it has its default effect, which the observer reports. */
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
 * When the calling thread ends, the kernel ends the host: prctl(2), PR_SET_PDEATHSIG. */
enum err host_start(struct host **out, struct problem *problem) MUST_CHECK;

/* Closes the socket, waits up to 0.5 s for the host to end, then sends SIGKILL; reaps it. Its pool ends with it. */
void host_free(struct host *h);

pid_t host_pid(const struct host *h);
int host_fd(const struct host *h); /* poll for POLLIN: host_receive */

/* Sends a request with an fd (-1: none), which stays the caller's. ERR_CLOSED if the host is gone. A run that cannot be
 * started is answered by RUN_STARTED, a NOTE that says why, and RUN_ENDED with `stopped`; a run while another one is
 * going on is answered by a NOTE. */
enum err host_send(struct host *h, const struct request *r, int fd) MUST_CHECK;

/* The same with several fds, such as those of a table. */
enum err host_send_fds(struct host *h, const struct request *r, const int *fds, int nfds) MUST_CHECK;

/* The next event, ERR_AGAIN if there is none yet. When the host is gone: one last EVENT_HOST_EXITED with its status
 * (it is reaped then), ERR_CLOSED ever after. On EVENT_TABLE_LOADED the table is ready for host_take_table. */
enum err host_receive(struct host *h, struct event *out) MUST_CHECK;

/* The host has its table, so that it can run: host_receive has returned EVENT_TABLE_LOADED. */
bool host_has_table(const struct host *h);

/* A table over the same fds as the host's, which the caller owns. Returns it once, then NULL. */
struct table *host_take_table(struct host *h);

#endif
