/* SPDX-License-Identifier: MIT
 * File descriptors: complete reads and writes, messages with fds, sealed memory. */
#include "core/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

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

/* SIGPIPE is blocked meanwhile, and one that EPIPE left pending for this thread is consumed: sigwaitinfo(2). */
static ssize_t write_without_signal(int fd, const void *data, size_t len)
{
    sigset_t sigpipe, before;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    ssize_t n = write(fd, data, len);
    int error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&before, SIGPIPE))
        sigtimedwait(&sigpipe, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}

/* A pipe that poll(2) calls writable takes PIPE_BUF bytes without waiting: pipe(7). */
enum err io_write_until(int fd, const void *data, size_t len, int stop)
{
    const char *at = data;
    while (len > 0) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLOUT}, {.fd = stop, .events = POLLIN}};
        ssize_t n = poll(fds, 2, -1);
        if (n > 0 && !fds[0].revents)
            return ERR_CANCELLED;
        if (n > 0)
            n = write_without_signal(fd, at, len < PIPE_BUF ? len : PIPE_BUF);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
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

static enum err wait_readable(int fd, double deadline)
{
    enum { LONGEST = 3600 }; /* seconds: the timeout of poll(2) is limited */
    for (;;) {
        double left = deadline > 0 ? deadline - clock_now() : LONGEST;
        if (left <= 0)
            return ERR_TIMEOUT;
        struct pollfd p = {fd, POLLIN, 0};
        int n = poll(&p, 1, (int)((left < LONGEST ? left : LONGEST) * 1000) + 1);
        if (n > 0)
            return OK; /* data, end of file or an error: the read will tell */
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
    }
}

/* When the buffer is full, reads one more byte, to find out whether the file ends there. */
static enum err read_all(int fd, struct buf *b, const double *deadline)
{
    enum { STEP = 64 * 1024 };
    for (;;) {
        enum err err = deadline ? wait_readable(fd, *deadline) : OK;
        if (err)
            return err;
        char one;
        size_t room = b->max - b->len < STEP ? b->max - b->len : STEP;
        char *at = room ? buf_reserve(b, room) : &one;
        if (!at)
            return b->err;
        ssize_t n = read(fd, at, room ? room : 1);
        if (n < 0 && (errno == EINTR || (errno == EAGAIN && deadline)))
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

enum err io_read_all(int fd, struct buf *b)
{
    return read_all(fd, b, NULL);
}

enum err io_read_all_by(int fd, struct buf *b, double deadline)
{
    return read_all(fd, b, &deadline);
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
    enum err err = io_read_some_at(fd, out, len, offset, &got);
    if (err)
        return err;
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
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
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
    enum err err = io_write_all(fd, data, len);
    if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        err = err_from_errno(errno);
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

enum err io_set_nonblock(int fd, int on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
        return err_from_errno(errno);
    return OK;
}

static void ignore(int number)
{
    (void)number;
}

/* A handler is reset by exec; SIG_IGN would be inherited by executed programs. */
void io_survive_size_limit(void)
{
    struct sigaction now, handler = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    if (sigaction(SIGXFSZ, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        sigaction(SIGXFSZ, &handler, NULL);
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
