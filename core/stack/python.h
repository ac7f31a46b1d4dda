/* SPDX-License-Identifier: MIT
 * For this room only: the Python frames of a thread of a running interpreter. */
#ifndef STACK_PYTHON_H
#define STACK_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct python_frame {
    char *function; /* owned, bytes as the target has them: the qualified name where there is one */
    char *file;     /* owned, likewise */
    int line;       /* 0: unknown */
    bool entry;     /* the outermost of those that one call of the interpreter's C function runs */
};

struct python_frames {
    struct python_frame *v;
    size_t n;
};
void python_frames_done(struct python_frames *f);

/* Takes the frame's texts over, also when it fails; a NULL among them is ERR_NOMEM. */
enum err python_frames_add(struct python_frames *f, struct python_frame frame) MUST_CHECK;

/* Innermost first, at most `max`, without a stop: from memory where the interpreter says how it is laid out (CPython
 * 3.13 and later), else from py-spy if it is on PATH. tid 0: the main thread. ERR_NOT_FOUND: the thread runs no Python,
 * or one that nobody here can read; ERR_DENIED, ERR_GONE; ERR_PARSE: what lies in memory makes no sense. */
enum err python_stack(pid_t pid, pid_t tid, size_t max, struct python_frames *out) MUST_CHECK;

/* The two ways. *older is set if it looks like a Python but says nothing of its layout that can be used. */
enum err python_read(pid_t pid, pid_t tid, size_t max, struct python_frames *out, bool *older) MUST_CHECK;
enum err python_ask_pyspy(pid_t pid, pid_t tid, size_t max, struct python_frames *out) MUST_CHECK;

/* What of _Py_DebugOffsets is used: where fields stand in the interpreter's structs. All lie within their struct. */
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

/* From the bytes at the start of _PyRuntime; ERR_PARSE if it is none, or makes no sense. Pure. */
enum err python_parse_offsets(const void *bytes, size_t len, struct python_offsets *out) MUST_CHECK;

/* Finds _PyRuntime in the thread's process. ERR_NOT_FOUND, ERR_DENIED, ERR_GONE. *looks: it looks like a Python. */
enum err python_find(pid_t tid, struct python_offsets *out, uint64_t *runtime, bool *looks) MUST_CHECK;

/* Exactly `len` bytes of the target's memory; ERR_PARSE: there is no such memory. */
enum err python_pull(pid_t tid, uint64_t address, void *to, size_t len) MUST_CHECK;

/* The line of the code unit number `unit` by a code object's line table (its co_linetable); 0: none. Pure. */
int python_line(const unsigned char *table, size_t len, int64_t first_line, uint64_t unit);

#endif
