/* SPDX-License-Identifier: MIT
 * One input among others that an epoll set waits for. A pipe is waited for; epoll_ctl(2) takes no regular file and no
 * /dev/null (EPERM): for these an eventfd that is always readable stands in the set. */
#ifndef BASE_AWAIT_H
#define BASE_AWAIT_H

#include <stdbool.h>

#include "core/base/err.h"

/* Plain data, used on one thread. Borrows both fds, which outlive it or await_end. */
struct await {
    int epoll;  /* the set */
    int fd;     /* the input that is in it; -1: none */
    int always; /* what stands for it; -1: it can be waited for itself */
};

/* Waits for nothing yet. */
struct await await_none(int epoll);

/* Waits for `fd`, and for what was awaited before no longer. On an error for nothing. */
enum err await_input(struct await *a, int fd) MUST_CHECK;

/* There is something to read, or its end. Does not wait. False when nothing is awaited. */
bool await_is_ready(const struct await *a);

/* It never makes its reader wait: as much as one likes can be taken of it at a time. */
bool await_is_file(const struct await *a);

/* Waits for nothing any more. May be called again. */
void await_end(struct await *a);

#endif
