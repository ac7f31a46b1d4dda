/* SPDX-License-Identifier: MIT
 * File descriptors: complete reads and writes, fds sent over a socket, sealed memory. All functions retry on EINTR and
 * are thread-safe. Every fd made here is close-on-exec. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* Writes all `len` bytes (blocking fd). ERR_CLOSED on EPIPE. */
enum err io_write_all(int fd, const void *data, size_t len) MUST_CHECK;

/* The same, but returns ERR_CANCELLED as soon as the fd `stop` is readable while a full pipe or a stopped terminal
 * takes no bytes; -1: nothing stops it. Never raises SIGPIPE. */
enum err io_write_until(int fd, const void *data, size_t len, int stop) MUST_CHECK;

/* Like io_write_all, at `offset`: pwrite(2). */
enum err io_write_at(int fd, const void *data, size_t len, uint64_t offset) MUST_CHECK;

/* Reads until the end of the file; ERR_TOO_BIG if that is more than `b` may hold. */
enum err io_read_all(int fd, struct buf *b) MUST_CHECK;

/* The same, but returns ERR_TIMEOUT once clock_now() passes `deadline` (0: never). The fd may be non-blocking. */
enum err io_read_all_by(int fd, struct buf *b, double deadline) MUST_CHECK;

/* Reads exactly `len` bytes at `offset`: pread(2). ERR_CHANGED if the file ends before them. */
enum err io_read_at(int fd, void *out, size_t len, uint64_t offset) MUST_CHECK;

/* Reads up to `len` bytes at `offset`; *got is less only at the end of the file. */
enum err io_read_some_at(int fd, void *out, size_t len, uint64_t offset, size_t *got) MUST_CHECK;

enum { IO_FDS_MAX = 8 };

/* Sends one message over a SOCK_SEQPACKET socket, with up to IO_FDS_MAX fds by SCM_RIGHTS (unix(7)); the fds stay the
 * caller's. ERR_AGAIN if the socket is non-blocking and full, ERR_CLOSED if the other end was closed, ERR_TOO_BIG if
 * the message is longer than the socket takes. Never raises SIGPIPE. */
enum err io_send(int sock, const void *data, size_t len, const int *fds, int nfds) MUST_CHECK;

/* Receives one message of *len bytes, and *nfds fds, which are close-on-exec and the caller's. ERR_TOO_BIG if it does
 * not fit in `cap`, ERR_CLOSED at the end, ERR_AGAIN if the socket is non-blocking and empty. */
enum err io_recv(int sock, void *data, size_t cap, size_t *len, int fds[IO_FDS_MAX], int *nfds) MUST_CHECK;

/* Makes a memfd that holds a copy of `data` and can no longer be changed (memfd_create(2), all seals set). */
enum err io_sealed_memory(const char *name, const void *data, size_t len, int *fd) MUST_CHECK;

/* Sets or clears O_NONBLOCK. */
enum err io_set_nonblock(int fd, int on) MUST_CHECK;

/* Makes a write past RLIMIT_FSIZE fail with EFBIG, instead of SIGXFSZ ending this process (setrlimit(2)). Programs that
 * it executes are not affected. Call it once, before threads are started. */
void io_survive_size_limit(void);

/* Makes a duplicate of `fd`, which is the caller's: close-on-exec and never a standard descriptor (fcntl(2),
 * F_DUPFD_CLOEXEC). *out is -1 on error; errno is set. */
enum err io_dup(int fd, int *out) MUST_CHECK;

/* Duplicates n descriptors. On error none is duplicated, and every out is -1. `fds` and `out` may not overlap. */
enum err io_dup_all(const int *fds, int n, int *out) MUST_CHECK;

/* Closes *fd unless it is -1, and sets it to -1. */
void io_close(int *fd);

#endif
