/* SPDX-License-Identifier: MIT
 * The texts of errors, and the line that the user reads. */
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[ERR_COUNT] = {
    [OK] = "no error",
    [ERR_NOMEM] = "out of memory",
    [ERR_SYS] = "a system call failed",
    [ERR_DENIED] = "not allowed",
    [ERR_GONE] = "no longer there",
    [ERR_NOT_FOUND] = "not found",
    [ERR_PARSE] = "not in the expected format",
    [ERR_TOO_BIG] = "too big",
    [ERR_AGAIN] = "not ready yet",
    [ERR_CLOSED] = "the other end was closed",
    [ERR_CHANGED] = "the file changed after it was opened",
    [ERR_IO] = "input/output error",
    [ERR_CANCELLED] = "cancelled",
    [ERR_USAGE] = "wrong usage",
    [ERR_TIMEOUT] = "timed out",
    [ERR_LIMIT] = "too many open files",
};

const char *err_text(enum err err)
{
    if (err < 0 || err >= ERR_COUNT)
        return "unknown error";
    return texts[err];
}

enum err err_from_errno(int errnum)
{
    switch (errnum) {
    case 0: return OK;
    case ENOMEM: return ERR_NOMEM;
    case EACCES:
    case EPERM: return ERR_DENIED;
    case ENOENT:
    case ESRCH: return ERR_GONE;
    case EAGAIN: return ERR_AGAIN;
    case EPIPE:
    case ECONNRESET: return ERR_CLOSED;
    case EFBIG: return ERR_TOO_BIG;
    case EMFILE:
    case ENFILE: return ERR_LIMIT;
    case EIO:
    case ESTALE:
    case ENOTCONN:
    case ETIMEDOUT:
    case ENXIO:
    case ENODEV:
    case EREMOTEIO:
    case EBADMSG:
    case EUCLEAN: return ERR_IO;
    default: return ERR_SYS;
    }
}

/* Replaces control characters by '?', because file names may contain them. Bytes above ASCII are kept as UTF-8, except
 * for the C1 controls (0xC2 0x80–0x9F). */
static void make_visible(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = '?';
    }
}

static void format(struct problem *p, const char *fmt, va_list ap, const char *more)
{
    int n = vsnprintf(p->text, sizeof p->text, fmt, ap);
    if (n < 0)
        n = 0;
    if (more && (size_t)n < sizeof p->text)
        snprintf(p->text + n, sizeof p->text - (size_t)n, ": %s", more);
    make_visible(p->text);
}

enum err problem_set(struct problem *p, enum err err, const char *fmt, ...)
{
    int saved = errno;
    if (p) {
        va_list ap;
        va_start(ap, fmt);
        format(p, fmt, ap, NULL);
        va_end(ap);
    }
    errno = saved;
    return err;
}

enum err problem_errno(struct problem *p, const char *fmt, ...)
{
    int saved = errno;
    if (p) {
        char reason[128];
        va_list ap;
        va_start(ap, fmt);
        format(p, fmt, ap, strerror_r(saved, reason, sizeof reason));
        va_end(ap);
    }
    errno = saved;
    return saved ? err_from_errno(saved) : ERR_SYS;
}
