/* SPDX-License-Identifier: MIT
 * A file written whole or not at all: its bytes lie beside it without a name (or, where the file system has no such
 * files, under one of their own) until new_file_commit puts them in its place. One thread. */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <stdbool.h>

#include "core/base/err.h"

struct new_file {
    int fd;          /* write here */
    char *path;      /* owned */
    char *temporary; /* owned; NULL: it has no name yet */
};

enum err new_file_begin(const char *path, struct new_file *out, struct problem *problem) MUST_CHECK;

/* fsync(2), and its name. Without `replace` a file that is there stays, and that is the problem. Ends it
 * in any case. */
enum err new_file_commit(struct new_file *f, bool replace, struct problem *problem) MUST_CHECK;
void new_file_drop(struct new_file *f);

#endif
