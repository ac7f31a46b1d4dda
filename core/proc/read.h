/* SPDX-License-Identifier: MIT
 * Reading files of /proc. Paths are relative to the descriptor of a folder, so that a folder of files can stand in for
 * /proc. ERR_GONE and ERR_DENIED are normal: a process may end between two reads. Any thread may call these. */
#ifndef PROC_READ_H
#define PROC_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/event/shape.h"

/* Longer files of /proc are not read: ERR_TOO_BIG. */
enum { PROC_FILE_MAX = 32 * 1024 * 1024 };

/* Open a folder; *fd is owned by the caller, and -1 on error. */
enum err proc_open_dir(int dir, const char *path, int *fd) MUST_CHECK;
enum err proc_open_pid(int root, pid_t pid, int *fd) MUST_CHECK;

/* Replaces the contents of `b` by the whole file. */
enum err proc_read(int dir, const char *path, struct buf *b) MUST_CHECK;

/* The first `cap` - 1 bytes and a NUL; for files that are one short record. */
enum err proc_read_short(int dir, const char *path, char *text, size_t cap, size_t *len) MUST_CHECK;

/* The target of a symbolic link, cut to `cap` - 1 bytes, and a NUL. */
enum err proc_read_link(int dir, const char *path, char *text, size_t cap) MUST_CHECK;

/* Adds the entries of a folder that are numbers, and sorts `out`. ERR_TOO_BIG: `out` has `max` of more entries. */
enum err proc_list_numbers(int dir, const char *path, size_t max, struct ints *out) MUST_CHECK;

/* True if the fd is of a real /proc, not of a folder of files that stands in for it. */
bool proc_is_real(int root);

bool proc_has_number(const struct ints *rising, int64_t n);

/* The number a name spells, or -1. */
int64_t proc_number(const char *name);

#endif
