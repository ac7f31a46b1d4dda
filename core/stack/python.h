/* SPDX-License-Identifier: MIT
 * For this room only: the Python frames of a thread in another process. */
#ifndef STACK_PYTHON_H
#define STACK_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct python_frame {
    char *function; /* any bytes: the qualified name if there is one; owned */
    char *file;     /* any bytes; owned */
    int line;       /* 0: unknown */
    bool entry;     /* the outermost of the frames that one call of the interpreter's C function runs */
};

struct python_frames {
    struct python_frame *v;
    size_t n;
};
void python_frames_done(struct python_frames *f);

/* Adds a frame and takes over its texts, also on error. ERR_NOMEM, also if one of them is NULL. */
enum err python_frames_add(struct python_frames *f, struct python_frame frame) MUST_CHECK;

/* The frames, innermost first, at most `max`, without stopping the thread. CPython 3.13 and later describes the layout
 * of its structs, so its memory can be read; for older ones py-spy is asked if it is on PATH. tid 0: the main thread.
 * Free `out` with python_frames_done. ERR_NOT_FOUND: the thread runs no Python, or one that cannot be read; ERR_DENIED,
 * ERR_GONE; ERR_PARSE: the memory makes no sense. */
enum err python_stack(pid_t pid, pid_t tid, size_t max, struct python_frames *out) MUST_CHECK;

/* The two ways to do that. *older: the process looks like Python, but has no usable description of its layout. */
enum err python_read(pid_t pid, pid_t tid, size_t max, struct python_frames *out, bool *older) MUST_CHECK;
enum err python_ask_pyspy(pid_t pid, pid_t tid, size_t max, struct python_frames *out) MUST_CHECK;

/* The fields of _Py_DebugOffsets that are used: offsets in the interpreter's structs, each known to be inside its
 * struct. */
struct python_offsets {
    uint64_t version; /* PY_VERSION_HEX */
    bool free_threaded, copies_code;
    uint64_t interpreters; /* in _PyRuntime */
    uint64_t interpreter_next, threads;
    uint64_t thread_size, thread_next, thread_frame, thread_tid;
    uint64_t frame_size, frame_previous, frame_code, frame_instruction, frame_owner, frame_copy;
    uint64_t code_size, code_file, code_name, code_lines, code_first_line, code_bytes, code_copies;
    uint64_t bytes_length, bytes_data;
    uint64_t text_state, text_length, text_ascii;
};

enum { PYTHON_TABLE_MAX = 128 * 8, PYTHON_STRUCT_MAX = 16 * 1024 };

/* Parses the bytes at the start of _PyRuntime. ERR_PARSE: these are not such bytes, or they make no sense. Pure. */
enum err python_parse_offsets(const void *bytes, size_t len, struct python_offsets *out) MUST_CHECK;

/* Finds _PyRuntime in the thread's process. *is_python: the process has a mapping that is named like Python.
 * ERR_NOT_FOUND, ERR_DENIED, ERR_GONE. */
enum err python_find(pid_t tid, struct python_offsets *out, uint64_t *runtime, bool *is_python) MUST_CHECK;

/* Reads exactly `len` bytes of the memory of the thread's process. ERR_PARSE: there is no such memory. */
enum err python_pull(pid_t tid, uint64_t address, void *to, size_t len) MUST_CHECK;

/* The line of code unit number `unit` from the line table of a code object (co_linetable); 0: none. Pure. */
int python_line(const unsigned char *table, size_t len, int64_t first_line, uint64_t unit);

#endif
