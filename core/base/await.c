/* SPDX-License-Identifier: MIT
 * Puts an input, or an eventfd in its place, into an epoll set. */
#include "core/base/await.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "core/base/io.h"

static bool add(int epoll, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) == 0;
}

struct await await_none(int epoll)
{
    return (struct await){.epoll = epoll, .fd = -1, .always = -1};
}

enum err await_input(struct await *a, int fd)
{
    if (fd == a->fd)
        return OK;
    await_end(a);
    if (!add(a->epoll, fd)) {
        if (errno != EPERM)
            return err_from_errno(errno);
        a->always = eventfd(1, EFD_CLOEXEC);
        if (a->always < 0 || !add(a->epoll, a->always)) {
            enum err err = err_from_errno(errno);
            io_close(&a->always);
            return err;
        }
    }
    a->fd = fd;
    return OK;
}

bool await_is_ready(const struct await *a)
{
    struct pollfd input = {a->fd, POLLIN, 0};
    return a->always >= 0 || (a->fd >= 0 && poll(&input, 1, 0) > 0);
}

bool await_is_file(const struct await *a)
{
    return a->always >= 0;
}

/* The caller has not closed the input yet, so its number still names it in the set: epoll(7), questions 6 and 9. */
void await_end(struct await *a)
{
    if (a->fd >= 0 && a->always < 0)
        epoll_ctl(a->epoll, EPOLL_CTL_DEL, a->fd, NULL);
    io_close(&a->always);
    a->fd = -1;
}
