/* SPDX-License-Identifier: MIT
 * Encoded records over a SOCK_SEQPACKET socket, of any size: what does not fit in one message travels as a sealed
 * memfd. Not thread-safe per socket and direction. */
#ifndef EVENT_WIRE_H
#define EVENT_WIRE_H

#include "core/base/buf.h"
#include "core/base/io.h"

enum { WIRE_FDS_MAX = IO_FDS_MAX - 1 };

/* Sends `len` bytes with up to WIRE_FDS_MAX fds (they stay the caller's). Blocks while the socket is full, also on a
 * non-blocking one (poll(2)). ERR_CLOSED if the other side is gone. */
enum err wire_send(int sock, const void *data, size_t len, const int *fds, int nfds) MUST_CHECK;

/* The same on a non-blocking socket, but never waits: ERR_AGAIN if the socket is full, and nothing was sent. */
enum err wire_try_send(int sock, const void *data, size_t len, const int *fds, int nfds) MUST_CHECK;

/* Receives one record into `into` (cleared first; its ceiling holds) and its fds (the caller's, close-on-exec).
 * ERR_AGAIN on an empty non-blocking socket, ERR_CLOSED at the end. */
enum err wire_recv(int sock, struct buf *into, int fds[WIRE_FDS_MAX], int *nfds) MUST_CHECK;

#endif
