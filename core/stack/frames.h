/* SPDX-License-Identifier: MIT
 * For this room only: what kind of frame a frame is, and how it is shown. Pure. */
#ifndef STACK_FRAMES_H
#define STACK_FRAMES_H

#include "core/stack/python.h"
#include "core/base/buf.h"

/* What a native frame does in a stack. */
enum frame_kind {
    FRAME_TELLS,      /* worth showing */
    FRAME_PLUMBING,   /* starts a thread, passes a call on, or carries out the wait of its caller */
    FRAME_INTERPRETS, /* a function of CPython's interpreter */
    FRAME_RUNS_PYTHON /* the interpreter's function that runs Python frames */
};

/* Decides by the symbol; `name` is its demangled name (stack_demangle). */
enum frame_kind frame_kind_of(const char *symbol, const char *name);

/* Whose code a Python frame belongs to, by its file. */
enum frame_owner { OWNER_USER, OWNER_LIBRARY, OWNER_STANDARD };
enum frame_owner frame_owner_of(const char *file);

/* Appends "rows_of  tests/programs/pool_filter.py:14" or, for a library, "Thread.run  (threading.py:992)", safe to
 * show. The file is relative to `cwd` ("" if unknown) or to the folder of its library. */
enum err frame_describe(const struct python_frame *f, const char *cwd, struct buf *out) MUST_CHECK;

#endif
