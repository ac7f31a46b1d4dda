/* SPDX-License-Identifier: MIT
 * Stacks as people want them: names demangled and short, the frames of a Python interpreter in place of the C functions
 * that run them. What is read is a stranger's memory: every address, length and depth is checked. */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/event/shape.h"

/* The names of a native stack, innermost first, at most `max` frames: libdwfl over a bounded ptrace stop (PTRACE_SEIZE
 * + PTRACE_INTERRUPT; addresses while stopped, names after the target runs on). tid 0: the main thread. ERR_DENIED,
 * ERR_GONE, ERR_AGAIN if it did not stop in time. *stopped_seconds (may be NULL) is how long it stood still. */
enum err stack_native(pid_t pid, pid_t tid, size_t max, struct texts *frames, double *stopped_seconds) MUST_CHECK;

/* The stack of a thread, innermost frame first, in at most `max` lines: native frames (stack_native), Python's as
 * "rows_of  tests/programs/pool_filter.py:14", those of libraries as "Thread.run  (threading.py:992)". What only
 * starts, waits or interprets is left out; where more than `max` remain, those that tell least give way to a line
 * "… 12 more". tid 0: the main thread. If only one of the two kinds can be read, there is that one; the error is that
 * of the native stack. Python frames are read without a stop, so if the thread runs they may be of a later moment.
 * *stopped (may be NULL) is how long the target stood still, in seconds. */
enum err stack_read(pid_t pid, pid_t tid, size_t max, struct texts *frames, double *stopped) MUST_CHECK;

/* Such a stack in one line, of the frames that matter most: where it waits, what the user's code called, and the user's
 * own line: "LockLatch::wait_and_reset ← DataFrame.filter ← rows_of tests/programs/pool_filter.py:14". */
enum err stack_brief(const struct texts *frames, struct buf *out) MUST_CHECK;

/* Appends the name of a C, C++ or Rust function as people write it: demangled, without hash, parameters and generic
 * arguments, at most 80 characters; "…::" stands for what was cut from the front. */
enum err stack_demangle(const char *symbol, struct buf *out) MUST_CHECK;

/* The middle part of that: a demangled name to the bare path. */
enum err stack_shorten(const char *demangled, struct buf *out) MUST_CHECK;

#endif
