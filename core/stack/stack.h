/* SPDX-License-Identifier: MIT
 * Stacks for people to read: short, demangled names, and Python frames in place of the C functions that run them. The
 * memory of the other process may hold anything, so every address, length and depth is checked. Any thread may call
 * these functions. */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/event/shape.h"

/* Adds the symbols of a native stack, innermost first, at most `max`. Uses libdwfl on a thread that is stopped by
 * ptrace for a bounded time (PTRACE_SEIZE and PTRACE_INTERRUPT, ptrace(2)): addresses are collected while it is
 * stopped, names are looked up afterwards. tid 0: the main thread. ERR_DENIED, ERR_GONE; ERR_AGAIN: it did not stop in
 * time. *stopped_seconds (may be NULL) is how long it was stopped. */
enum err stack_native(pid_t pid, pid_t tid, size_t max, struct texts *frames, double *stopped_seconds) MUST_CHECK;

/* The stack of a thread, innermost frame first, in at most `max` lines: native frames (stack_native), Python frames as
 * "rows_of  tests/programs/pool_filter.py:14", those of libraries as "Thread.run  (threading.py:992)". Frames that only
 * start threads, wait or interpret are left out; if more than `max` lines remain, a line "… 12 more" replaces those
 * that say least. tid 0: the main thread. If only native or only Python frames can be read, there are only those; if
 * neither, the error is that of stack_native. Python frames are read without a stop, so if the thread runs they may be
 * of a later moment. *stopped (may be NULL) is how long the thread was stopped, in seconds. */
enum err stack_read(pid_t pid, pid_t tid, size_t max, struct texts *frames, double *stopped) MUST_CHECK;

/* A stack from stack_read in one line: where the thread waits, what the user's code called, and the line of that code:
 * "LockLatch::wait_and_reset ← DataFrame.filter ← rows_of tests/programs/pool_filter.py:14". */
enum err stack_brief(const struct texts *frames, struct buf *out) MUST_CHECK;

/* Appends the name of a C, C++ or Rust function: demangled, without hash, parameters and generic arguments, at most 80
 * characters; "…::" replaces what was cut from the front. */
enum err stack_demangle(const char *symbol, struct buf *out) MUST_CHECK;

/* Appends the bare path of a demangled name; a step of stack_demangle. */
enum err stack_shorten(const char *demangled, struct buf *out) MUST_CHECK;

#endif
