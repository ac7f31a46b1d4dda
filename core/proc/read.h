/* SPDX-License-Identifier: MIT
 * Reading files of /proc. Paths are relative to a directory descriptor, so that a folder of files can stand in for
 * /proc. ERR_GONE and ERR_DENIED are normal answers: a process may vanish between two reads. Thread-safe. */
#ifndef PROC_READ_H
#define PROC_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/event/shape.h"

/* A file of /proc is never taken to be longer than this. */
enum { PROC_FILE_MAX = 32 * 1024 * 1024 };

enum err proc_open_dir(int dir, const char *path, int *fd) MUST_CHECK;
enum err proc_open_pid(int root, pid_t pid, int *fd) MUST_CHECK;

/* The whole file into `b` (cleared first). */
enum err proc_read(int dir, const char *path, struct buf *b) MUST_CHECK;

/* The first `cap` - 1 bytes, NUL-terminated; for files of one short record. */
enum err proc_read_short(int dir, const char *path, char *text, size_t cap, size_t *len) MUST_CHECK;

enum err proc_read_link(int dir, const char *path, char *text, size_t cap) MUST_CHECK;

/* The entries of a directory that are numbers, rising. Cut at `max`: ERR_TOO_BIG, with what was read so far. */
enum err proc_list_numbers(int dir, const char *path, size_t max, struct ints *out) MUST_CHECK;

/* True if the fd is of a real /proc, not of a folder of files that stands in for it. */
bool proc_is_real(int root);

bool proc_has_number(const struct ints *rising, int64_t n);

/* The number a name spells, or -1. */
int64_t proc_number(const char *name);

#endif
