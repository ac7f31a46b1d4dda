/* SPDX-License-Identifier: MIT
 * File descriptors: whole reads and writes, fds over a socket, sealed memory. All retry on EINTR.
 * Every fd made here is close-on-exec. Thread-safe. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* Writes all `len` bytes (blocking fd). ERR_CLOSED on EPIPE. */
enum err io_write_all(int fd, const void *data, size_t len) MUST_CHECK;

/* The same, but where the fd takes nothing for now (a full pipe, a terminal that is held), it waits only until `stop`
 * is readable, which is ERR_CANCELLED; -1: nothing stops it. Never raises SIGPIPE. */
enum err io_write_until(int fd, const void *data, size_t len, int stop) MUST_CHECK;

/* As io_write_all, at `offset`: pwrite(2). */
enum err io_write_at(int fd, const void *data, size_t len, uint64_t offset) MUST_CHECK;

/* Reads until end of file into `b` (its ceiling holds: ERR_TOO_BIG). */
enum err io_read_all(int fd, struct buf *b) MUST_CHECK;

/* The same, but waits no longer than until clock_now() is `deadline` (0: for ever), then ERR_TIMEOUT. The fd may be
 * non-blocking. */
enum err io_read_all_by(int fd, struct buf *b, double deadline) MUST_CHECK;

/* Reads exactly `len` bytes at `offset` as pread(2); ERR_CHANGED if the file ends before. */
enum err io_read_at(int fd, void *out, size_t len, uint64_t offset) MUST_CHECK;

/* Reads up to `len` bytes at `offset`; *got is less only at the end of the file. */
enum err io_read_some_at(int fd, void *out, size_t len, uint64_t offset, size_t *got) MUST_CHECK;

enum { IO_FDS_MAX = 8 };

/* One message over a SOCK_SEQPACKET socket, with up to IO_FDS_MAX fds over SCM_RIGHTS (unix(7)); the fds stay the
 * caller's. ERR_AGAIN if the socket is non-blocking and full, ERR_CLOSED if the other side is gone, ERR_TOO_BIG if the
 * message is longer than the socket takes. Never raises SIGPIPE. */
enum err io_send(int sock, const void *data, size_t len, const int *fds, int nfds) MUST_CHECK;

/* One message; *len is its length (ERR_TOO_BIG if it did not fit in `cap`), *nfds the fds received (close-on-exec, the
 * caller's). ERR_CLOSED at end of file, ERR_AGAIN if nothing is there and the socket is non-blocking. */
enum err io_recv(int sock, void *data, size_t cap, size_t *len, int fds[IO_FDS_MAX], int *nfds) MUST_CHECK;

/* A sealed, read-only memory file that holds a copy of `data` (memfd_create(2), all seals set). */
enum err io_sealed_memory(const char *name, const void *data, size_t len, int *fd) MUST_CHECK;

/* Set or clear O_NONBLOCK. */
enum err io_set_nonblock(int fd, int on) MUST_CHECK;

/* From now on a write past RLIMIT_FSIZE is EFBIG in this process, and SIGXFSZ does not end it (setrlimit(2)). Programs
 * that it executes start as it was started itself. Call it once, before there are threads. */
void io_survive_size_limit(void);

/* A duplicate of `fd`, close-on-exec and never one of the standard descriptors (fcntl(2), F_DUPFD_CLOEXEC); the
 * caller's. -1 on error. */
enum err io_dup(int fd, int *out) MUST_CHECK;

/* Duplicates of n descriptors: all of them, or none and every out is -1. */
enum err io_dup_all(const int *fds, int n, int *out) MUST_CHECK;

/* Closes *fd unless it is -1, and sets it to -1. */
void io_close(int *fd);

#endif
