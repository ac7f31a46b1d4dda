/* SPDX-License-Identifier: MIT
 * A target is what a path names that the user gave for writing: a regular file, a place where there is no file yet, or
 * a stream (a character device, a FIFO, an open file descriptor) that is written as it is. Thread-safe. */
#ifndef BASE_TARGET_H
#define BASE_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/err.h"

struct target {
    char *name; /* owned: as the user wrote it, for messages; "stdout" for "-" */
    char *path; /* owned: where the symbolic links at the end of the name lead */
    int fd;     /* owned: an open stream, close-on-exec; -1 if it is a regular file or does not exist */
    bool exists;
    struct stat st; /* if it exists */
};

/* Finds out what `path` names, and opens it if it is a stream. "-" is stdout. A dangling symbolic link names the file
 * that it points to. A path into /proc/self/fd (so also /dev/stdout and /dev/fd/N) is the descriptor itself, with its
 * offset, if this program was started with it.
 *
 * ERR_USAGE for what cannot be written as a file: a directory, a block device, a socket, a FIFO that nobody reads, and,
 * in a sticky folder that everybody may write to, a link or file of another user. The last is what the kernel does with
 * fs.protected_symlinks, protected_regular and protected_fifos (proc_sys_fs(5)). Any other error is that of a system
 * call. On failure *out needs no target_done. */
enum err target_find(const char *path, struct target *out, struct problem *problem) MUST_CHECK;
void target_done(struct target *t);

/* The target is this regular file, by whatever name. */
bool target_is_file(const struct target *t, const struct stat *file);

/* Both are one regular file, or would be created as one. */
bool target_same(const struct target *a, const struct target *b);

/* The folder that `path` lies in, with a slash at its end, or "."; the caller's to free. NULL: out of memory. */
char *target_folder(const char *path);

#endif
