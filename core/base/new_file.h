/* SPDX-License-Identifier: MIT
 * A file written whole or not at all: its bytes lie beside it without a name (or, where the file system has no such
 * files, under one of their own) until new_file_commit puts them in its place. One thread. */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/target.h"

struct new_file {
    int fd;               /* write here */
    bool stream;          /* it is written as it goes: there is nothing to put in place, and nothing to take back */
    char *temporary;      /* owned; NULL: it has no name yet */
    struct target target; /* owned; its fd is taken */
};

enum new_file_how {
    NEW_FILE_PRIVATE = 1, /* nobody but its owner may read it (mode 0600); otherwise as the umask says */
    NEW_FILE_STREAM = 2,  /* a stream (target.h) will do too; otherwise it is refused with ERR_USAGE */
};

/* Fails where the file cannot be written; what is there stays as it is until new_file_commit. */
enum err new_file_begin(const char *path, unsigned how, struct new_file *out, struct problem *problem) MUST_CHECK;

/* The same for a target that was found before, which is taken (also on failure). */
enum err new_file_begin_at(struct target *target, unsigned how, struct new_file *out, struct problem *problem)
    MUST_CHECK;

/* Adds bytes. A stream that takes none is waited for until `stop` (-1: nothing) is readable: ERR_CANCELLED. */
enum err new_file_write(struct new_file *f, const void *data, size_t len, int stop, struct problem *problem) MUST_CHECK;

/* fsync(2), and its name. A file that was there is replaced, and its mode and, as far as we may, its owner stay;
 * without `replace` the file itself stays, and that is the problem. Ends `f` in any case. */
enum err new_file_commit(struct new_file *f, bool replace, struct problem *problem) MUST_CHECK;
void new_file_drop(struct new_file *f);

#endif
