/* SPDX-License-Identifier: MIT
 * A target is what a path given for output names: a regular file, a file that does not exist yet, or a stream (a
 * character device, a FIFO, an open file descriptor), which is written directly. Thread-safe. */
#ifndef BASE_TARGET_H
#define BASE_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/err.h"

struct target {
    char *name; /* owned: as the user wrote it, for messages; "stdout" for "-" */
    char *path; /* owned: the name with symbolic links at its end followed */
    int fd;     /* owned: the open stream, close-on-exec; -1 for a regular file or none */
    bool exists;
    struct stat st; /* if it exists */
};

/* Finds out what `path` names, and opens it if it is a stream. "-" is stdout. A dangling symbolic link names the file
 * that it points to. A path into /proc/self/fd (for example /dev/stdout or /dev/fd/N) is that descriptor with its
 * offset, if the program was started with it.
 *
 * Returns ERR_USAGE for a directory, a block device, a socket, and a FIFO without a reader; also for a link or file of
 * another user in a sticky folder that everybody may write to, as the kernel does with fs.protected_symlinks,
 * protected_regular and protected_fifos (proc_sys_fs(5)). Other errors come from system calls. On failure *out needs no
 * target_done. */
enum err target_find(const char *path, struct target *out, struct problem *problem) MUST_CHECK;
void target_done(struct target *t);

/* Whether the target is this regular file, under any name. */
bool target_is_file(const struct target *t, const struct stat *file);

/* Whether both are the same regular file, or would be created as the same one. */
bool target_same(const struct target *a, const struct target *b);

/* The folder of `path`, with a slash at its end, or "."; freed by the caller. NULL: out of memory. */
char *target_folder(const char *path);

#endif
