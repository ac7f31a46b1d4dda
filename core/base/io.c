/* SPDX-License-Identifier: MIT
 * File descriptors: whole reads and writes, messages with fds, sealed memory. */
#include "core/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum err io_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        at += n;
        len -= (size_t)n;
    }
    return OK;
}

enum err io_write_at(int fd, const void *data, size_t len, uint64_t offset)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = pwrite(fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        at += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return OK;
}

/* At the ceiling one more byte is tried for, to tell a file that ends there from one that goes on. */
enum err io_read_all(int fd, struct buf *b)
{
    enum { STEP = 64 * 1024 };
    for (;;) {
        char one;
        size_t room = b->max - b->len < STEP ? b->max - b->len : STEP;
        char *at = room ? buf_reserve(b, room) : &one;
        if (!at)
            return b->err;
        ssize_t n = read(fd, at, room ? room : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        if (n == 0)
            return OK;
        if (!room)
            return b->err = ERR_TOO_BIG;
        b->len += (size_t)n;
        b->data[b->len] = '\0';
    }
}

enum err io_read_some_at(int fd, void *out, size_t len, uint64_t offset, size_t *got)
{
    char *at = out;
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, at + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return OK;
}

enum err io_read_at(int fd, void *out, size_t len, uint64_t offset)
{
    size_t got;
    enum err e = io_read_some_at(fd, out, len, offset, &got);
    if (e)
        return e;
    return got == len ? OK : ERR_CHANGED;
}

/* The control part of a message that holds fds, aligned as cmsg(3) asks. */
union fd_control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(IO_FDS_MAX * sizeof(int))];
};

enum err io_send(int sock, const void *data, size_t len, const int *fds, int nfds)
{
    union fd_control control = {0};
    struct iovec part = {(void *)data, len};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (nfds < 0 || nfds > IO_FDS_MAX)
        return ERR_TOO_BIG;
    if (nfds > 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
        memcpy(CMSG_DATA(h), fds, (size_t)nfds * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(sock, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return OK;
    return errno == EMSGSIZE ? ERR_TOO_BIG : err_from_errno(errno);
}

static void collect_fds(struct msghdr *m, int fds[IO_FDS_MAX], int *nfds)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
            if (*nfds < IO_FDS_MAX)
                fds[(*nfds)++] = fd;
            else
                close(fd);
        }
    }
}

enum err io_recv(int sock, void *data, size_t cap, size_t *len, int fds[IO_FDS_MAX], int *nfds)
{
    union fd_control control;
    struct iovec part = {data, cap};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    ssize_t n;
    *nfds = 0;
    *len = 0;
    do
        n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_from_errno(errno);
    collect_fds(&m, fds, nfds);
    if (n == 0 && *nfds == 0)
        return ERR_CLOSED;
    if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        while (*nfds > 0)
            close(fds[--*nfds]);
        return ERR_TOO_BIG;
    }
    *len = (size_t)n;
    return OK;
}

enum err io_sealed_memory(const char *name, const void *data, size_t len, int *out)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_from_errno(errno);
    enum err e = io_write_all(fd, data, len);
    if (!e && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        e = err_from_errno(errno);
    if (e)
        close(fd);
    else
        *out = fd;
    return e;
}

enum err io_set_nonblock(int fd, int on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
        return err_from_errno(errno);
    return OK;
}

enum err io_dup(int fd, int *out)
{
    *out = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return *out < 0 ? err_from_errno(errno) : OK;
}

enum err io_dup_all(const int *fds, int n, int *out)
{
    enum err err = OK;
    for (int i = 0; i < n; i++)
        out[i] = -1;
    for (int i = 0; i < n && !err; i++)
        err = io_dup(fds[i], &out[i]);
    for (int i = 0; i < n && err; i++)
        io_close(&out[i]);
    return err;
}

void io_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
