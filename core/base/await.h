/* SPDX-License-Identifier: MIT
 * Waiting for one input in an epoll set that also holds other fds. epoll_ctl(2) refuses regular files and /dev/null
 * (EPERM); in their place an eventfd that is always readable is put into the set. */
#ifndef BASE_AWAIT_H
#define BASE_AWAIT_H

#include <stdbool.h>

#include "core/base/err.h"

/* Plain data, used on one thread. Both fds are borrowed and must stay open until await_end. */
struct await {
    int epoll;  /* the epoll set */
    int fd;     /* the input; -1: none */
    int always; /* the eventfd used in its place; -1: the input itself is in the set */
};

/* Waits for nothing yet. */
struct await await_none(int epoll);

/* Waits for `fd` instead of the input before it. After an error nothing is awaited. */
enum err await_input(struct await *a, int fd) MUST_CHECK;

/* Whether a read would return data or the end of the input at once. False when nothing is awaited. */
bool await_is_ready(const struct await *a);

/* Whether the input is a file, whose reads never wait. */
bool await_is_file(const struct await *a);

/* Stops waiting. May be called more than once. */
void await_end(struct await *a);

#endif
