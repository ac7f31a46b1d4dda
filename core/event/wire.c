/* SPDX-License-Identifier: MIT
 * A short record is part of the message; a long one is in a sealed memfd, whose fd is the last of the message. */
#include "core/event/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below the default socket buffer (net.core.wmem_default, 208 KiB), so that a message always fits into an empty socket.
 */
enum { INLINE_MAX = 32 * 1024 };

struct head {
    uint64_t len;     /* of the record */
    uint64_t spilled; /* 1: the record is in the last fd, else it follows */
};

typedef enum err send_fn(int sock, const void *data, size_t len, const int *fds, int nfds);

static enum err send_waiting(int sock, const void *data, size_t len, const int *fds, int nfds)
{
    for (;;) {
        enum err err = io_send(sock, data, len, fds, nfds);
        if (err != ERR_AGAIN)
            return err;
        struct pollfd ready = {.fd = sock, .events = POLLOUT};
        if (poll(&ready, 1, -1) < 0 && errno != EINTR)
            return err_from_errno(errno);
    }
}

static enum err send_spilled(send_fn *transmit, int sock, const void *data, size_t len, const int *fds, int nfds)
{
    struct head head = {len, 1};
    int all[IO_FDS_MAX];
    int memory;
    enum err err = io_sealed_memory("poolscope-record", data, len, &memory);
    if (err)
        return err;
    memcpy(all, fds, (size_t)nfds * sizeof *fds);
    all[nfds] = memory;
    err = transmit(sock, &head, sizeof head, all, nfds + 1);
    close(memory);
    return err;
}

static enum err send_record(send_fn *transmit, int sock, const void *data, size_t len, const int *fds, int nfds)
{
    char message[sizeof(struct head) + INLINE_MAX];
    struct head head = {len, 0};
    static const int no_fd;
    if (nfds < 0 || nfds > WIRE_FDS_MAX)
        return ERR_TOO_BIG;
    if (nfds == 0)
        fds = &no_fd;
    if (len > INLINE_MAX)
        return send_spilled(transmit, sock, data, len, fds, nfds);
    memcpy(message, &head, sizeof head);
    memcpy(message + sizeof head, data, len);
    return transmit(sock, message, sizeof head + len, fds, nfds);
}

enum err wire_send(int sock, const void *data, size_t len, const int *fds, int nfds)
{
    return send_record(send_waiting, sock, data, len, fds, nfds);
}

enum err wire_try_send(int sock, const void *data, size_t len, const int *fds, int nfds)
{
    return send_record(io_send, sock, data, len, fds, nfds);
}

/* Reads the record from `memory`. The length comes from the sender, so it is compared with the file's. */
static enum err read_spilled(int memory, uint64_t len, struct buf *into)
{
    struct stat st;
    if (fstat(memory, &st) < 0)
        return err_from_errno(errno);
    if ((uint64_t)st.st_size != len)
        return ERR_PARSE;
    char *at = buf_reserve(into, len);
    if (!at)
        return into->err;
    enum err err = io_read_at(memory, at, len, 0);
    if (!err) {
        into->len += len;
        into->data[into->len] = '\0';
    }
    return err;
}

static enum err unpack(const char *message, size_t got, struct buf *into, int *fds, int *nfds)
{
    struct head head;
    if (got < sizeof head)
        return ERR_PARSE;
    memcpy(&head, message, sizeof head);
    if (!head.spilled)
        return head.len == got - sizeof head ? buf_add(into, message + sizeof head, head.len) : ERR_PARSE;
    if (*nfds == 0)
        return ERR_PARSE;
    int memory = fds[--*nfds];
    enum err err = read_spilled(memory, head.len, into);
    close(memory);
    return err;
}

enum err wire_recv(int sock, struct buf *into, int out[WIRE_FDS_MAX], int *nfds)
{
    char message[sizeof(struct head) + INLINE_MAX];
    int fds[IO_FDS_MAX];
    size_t got;
    buf_clear(into);
    enum err err = io_recv(sock, message, sizeof message, &got, fds, nfds);
    if (err)
        return err;
    err = unpack(message, got, into, fds, nfds);
    if (!err && *nfds > WIRE_FDS_MAX)
        err = ERR_PARSE;
    if (err)
        while (*nfds > 0)
            close(fds[--*nfds]);
    memcpy(out, fds, (size_t)*nfds * sizeof *out);
    return err;
}
