/* SPDX-License-Identifier: MIT
 * Writes a file completely or not at all. Until new_file_commit puts it in place, it is a file without a name in the
 * same folder, or with a temporary name where the file system does not support that. For one thread. */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/target.h"

struct new_file {
    int fd;               /* write here */
    bool stream;          /* written directly; nothing is put in place, and nothing can be undone */
    char *temporary;      /* owned; NULL: it has no name yet */
    struct target target; /* owned; its fd is taken */
};

enum new_file_how {
    NEW_FILE_PRIVATE = 1, /* mode 0600: only its owner may read it; otherwise the umask decides */
    NEW_FILE_STREAM = 2,  /* allow a stream (target.h); otherwise it is refused with ERR_USAGE */
};

/* Fails if the file cannot be written. An existing file stays unchanged until new_file_commit. */
enum err new_file_begin(const char *path, unsigned how, struct new_file *out, struct problem *problem) MUST_CHECK;

/* The same for a target that is already found. Takes the target, also on failure. */
enum err new_file_begin_at(struct target *target, unsigned how, struct new_file *out, struct problem *problem)
    MUST_CHECK;

/* Appends bytes. Returns ERR_CANCELLED if `stop` (-1: none) becomes readable while a stream takes no bytes. */
enum err new_file_write(struct new_file *f, const void *data, size_t len, int stop, struct problem *problem) MUST_CHECK;

/* Calls fsync(2) and puts the file in place. An existing file is replaced, and its mode and, where permitted, its owner
 * are kept; without `replace` an existing file is an error. `f` is done afterwards, also on failure. */
enum err new_file_commit(struct new_file *f, bool replace, struct problem *problem) MUST_CHECK;
void new_file_drop(struct new_file *f);

#endif
