/* SPDX-License-Identifier: MIT
 * For this room only: what a single frame is and how it is worded. */
#ifndef STACK_FRAMES_H
#define STACK_FRAMES_H

#include "core/stack/python.h"
#include "core/base/buf.h"

/* What a native frame does. */
enum frame_kind {
    FRAME_TELLS,
    FRAME_PLUMBING,   /* starts a thread, passes a call on, or is the bottom of a wait */
    FRAME_INTERPRETS, /* a function of CPython's interpreter */
    FRAME_RUNS_PYTHON /* the one that runs Python frames */
};

/* By the symbol; `name` is what stack_demangle makes of it. */
enum frame_kind frame_kind_of(const char *symbol, const char *name);

/* Whose code a Python frame is, by its file. */
enum frame_owner { OWNER_USER, OWNER_LIBRARY, OWNER_STANDARD };
enum frame_owner frame_owner_of(const char *file);

/* "rows_of  tests/programs/pool_filter.py:14"; the file as it is seen from `cwd` ("" if unknown). What is a library's
 * stands in brackets: "Thread.run  (threading.py:992)". Safe to show. */
enum err frame_describe(const struct python_frame *f, const char *cwd, struct buf *out) MUST_CHECK;

#endif
