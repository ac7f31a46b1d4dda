/* SPDX-License-Identifier: MIT
 * Starts threads that receive no signals. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

#include "core/base/err.h"

/* Runs run(arg) on a new thread, which the caller joins; *out is set only on OK. All signals are blocked on it, so that
 * they go to the threads that handle them. ERR_NOMEM: no memory for another thread, or too many threads. Thread-safe:
 * during the call only the mask of the calling thread changes. fork(2) copies only the calling thread: in the child the
 * new thread does not exist and must not be joined; the child may start its own. */
enum err thread_start(pthread_t *out, void *(*run)(void *arg), void *arg) MUST_CHECK;

#endif
