/* SPDX-License-Identifier: MIT
 * Errors are values: one enum, one table of texts, and a line of words for the user.
 * Nothing in core/ prints or exits; a function that can fail returns `enum err`, results go to its last parameter. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

enum err {
    OK = 0,
    ERR_NOMEM,     /* an allocation failed */
    ERR_SYS,       /* a system call failed; the problem's text says which and why */
    ERR_DENIED,    /* not allowed: an answer, not a failure */
    ERR_GONE,      /* the process, thread or file vanished: the normal case in /proc */
    ERR_NOT_FOUND, /* no such thing by that name */
    ERR_PARSE,     /* the input is not what its format says */
    ERR_TOO_BIG,   /* a ceiling given at birth was reached */
    ERR_AGAIN,     /* would block; call again when the fd is ready */
    ERR_CLOSED,    /* the other side is gone */
    ERR_CHANGED,   /* the file changed after it was opened */
    ERR_IO,        /* its disk, or who serves its file system, does not give or take the bytes */
    ERR_CANCELLED, /* somebody asked to stop */
    ERR_USAGE,     /* the caller's words are off */
    ERR_TIMEOUT,   /* a deadline passed */
    ERR_LIMIT,     /* the process or the system may open no more files */
    ERR_COUNT
};

/* A short lower-case text for `e`, static; "unknown error" for a value out of range. Thread-safe. */
const char *err_text(enum err e);

/* The err that stands for an errno value: ENOMEM, EACCES/EPERM, ENOENT/ESRCH, EAGAIN, EPIPE/ECONNRESET,
 * EFBIG, EMFILE/ENFILE; EIO and what network, FUSE and broken file systems say in its place; else ERR_SYS. */
enum err err_from_errno(int errnum);

/* One line for the user: what is wrong, where, and what would help. Filled by the function that failed; plain data. */
struct problem {
    char text[512];
};

/* Writes the formatted line into `p` (cut at its size, control characters made visible) and returns `e`, so a caller
 * can end with `return problem_set(p, ERR_PARSE, "%s:%zu: …")`. A NULL `p` is allowed. errno is kept. */
enum err problem_set(struct problem *p, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like problem_set with ": strerror(errno)" appended; the err is err_from_errno(errno). */
enum err problem_errno(struct problem *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
