/* SPDX-License-Identifier: MIT
 * Starting a thread that gets no signal. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

#include "core/base/err.h"

/* Runs run(arg) on a new thread, to be joined by the caller; *out is set only on OK. All signals are blocked on it:
 * they are for the threads that expect them. ERR_NOMEM: there is no memory for one more, or there are too many already.
 * Thread-safe: only the calling thread's own mask changes, for the time of the call. A fork copies the thread that
 * forks alone: what was started here is not in the child, and is not to be joined there; the child may
 * start its own. */
enum err thread_start(pthread_t *out, void *(*run)(void *arg), void *arg) MUST_CHECK;

#endif
