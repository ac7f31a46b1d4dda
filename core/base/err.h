/* SPDX-License-Identifier: MIT
 * Errors are values. A function that can fail returns `enum err` and stores its result through its last parameter.
 * Nothing in core/ prints or exits. A struct problem carries one line that tells the user what went wrong. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

enum err {
    OK = 0,
    ERR_NOMEM,     /* an allocation failed */
    ERR_SYS,       /* a system call failed; the problem's text says which and why */
    ERR_DENIED,    /* not allowed; often an expected answer */
    ERR_GONE,      /* the process, thread or file no longer exists; normal in /proc */
    ERR_NOT_FOUND, /* nothing has that name */
    ERR_PARSE,     /* the input is not what its format says */
    ERR_TOO_BIG,   /* a maximum size was reached */
    ERR_AGAIN,     /* would block; call again when the fd is ready */
    ERR_CLOSED,    /* the other end of a pipe or socket was closed */
    ERR_CHANGED,   /* the file changed after it was opened */
    ERR_IO,        /* the disk or the file server failed */
    ERR_CANCELLED, /* the caller asked to stop */
    ERR_USAGE,     /* the request makes no sense */
    ERR_TIMEOUT,   /* a deadline passed */
    ERR_LIMIT,     /* the process or the system may open no more files */
    ERR_COUNT
};

/* A short, static, lower-case text; "unknown error" for a value out of range. Thread-safe. */
const char *err_text(enum err e);

/* The error for an errno value: ENOMEM, EACCES/EPERM, ENOENT/ESRCH, EAGAIN, EPIPE/ECONNRESET, EFBIG and EMFILE/ENFILE
 * have one of their own; EIO, and what network, FUSE and damaged file systems return in its place, is ERR_IO; all
 * others are ERR_SYS. */
enum err err_from_errno(int errnum);

/* One line for the user: what is wrong, where, and what to do. Filled by the function that failed. Plain data. */
struct problem {
    char text[512];
};

/* Writes the formatted line into `p`, cut at its size, with control characters replaced. Returns `e`, so a function
 * can end with `return problem_set(p, ERR_PARSE, "%s:%zu: …")`. `p` may be NULL. errno is kept. */
enum err problem_set(struct problem *p, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like problem_set, with ": strerror(errno)" appended; returns err_from_errno(errno). */
enum err problem_errno(struct problem *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
