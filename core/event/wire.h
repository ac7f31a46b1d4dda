/* SPDX-License-Identifier: MIT
 * Sends encoded records of any size over a SOCK_SEQPACKET socket. A record that does not fit in one message is sent as
 * a sealed memfd. Only one thread at a time may send on a socket, and one receive. */
#ifndef EVENT_WIRE_H
#define EVENT_WIRE_H

#include "core/base/buf.h"
#include "core/base/io.h"

enum { WIRE_FDS_MAX = IO_FDS_MAX - 1 };

/* Sends `len` bytes with up to WIRE_FDS_MAX fds, which stay the caller's. Waits while the socket is full, even if it is
 * non-blocking. ERR_CLOSED if the other end was closed. */
enum err wire_send(int sock, const void *data, size_t len, const int *fds, int nfds) MUST_CHECK;

/* The same on a non-blocking socket, but returns ERR_AGAIN, having sent nothing, if the socket is full. */
enum err wire_try_send(int sock, const void *data, size_t len, const int *fds, int nfds) MUST_CHECK;

/* Receives one record into `into`, which is cleared first and whose maximum size holds, and its fds, which are
 * close-on-exec and the caller's. ERR_AGAIN on an empty non-blocking socket, ERR_CLOSED at the end. */
enum err wire_recv(int sock, struct buf *into, int fds[WIRE_FDS_MAX], int *nfds) MUST_CHECK;

#endif
