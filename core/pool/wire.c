/* SPDX-License-Identifier: MIT
 * Messages between the host, the forkserver and the workers: one struct whose fields are described once, sent as
 * records of core/event/wire.h. */
#include "core/pool/wire.h"

#include <unistd.h>

#include "core/event/wire.h"

enum { MESSAGE_MAX = 1 << 30 }; /* bytes: a result of 64 million ranges */

#define FIELD(kind, member)                                                                                            \
    {                                                                                                                  \
#member, kind, offsetof(struct message, member), NULL                                                          \
    }
static const struct field message_fields[] = {
    FIELD(FIELD_INT, type),      FIELD(FIELD_INT, ticket),  FIELD(FIELD_INT, pid),      FIELD(FIELD_INT, threads),
    FIELD(FIELD_INT, exit_code), FIELD(FIELD_INT, signal),  FIELD(FIELD_INT, task),     FIELD(FIELD_TEXT, code),
    FIELD(FIELD_TEXT, error),    FIELD(FIELD_INTS, ranges), {NULL, FIELD_END, 0, NULL},
};

void message_done(struct message *m)
{
    shape_done(message_fields, m);
}

static enum err send_by(enum err (*send_record)(int sock, const void *data, size_t len, const int *fds, int nfds),
                        int sock, const struct message *m, const int *fds, int nfds)
{
    struct buf b;
    buf_init(&b, MESSAGE_MAX);
    enum err err = shape_encode(message_fields, m, &b);
    if (!err)
        err = send_record(sock, b.data, b.len, fds, nfds);
    buf_done(&b);
    return err;
}

enum err message_send(int sock, const struct message *m, const int *fds, int nfds)
{
    return send_by(wire_send, sock, m, fds, nfds);
}

enum err message_try_send(int sock, const struct message *m, const int *fds, int nfds)
{
    return send_by(wire_try_send, sock, m, fds, nfds);
}

/* How many fds come with a message. */
static const int fds_of[] = {
    [MESSAGE_SETUP] = TABLE_FDS + 2,
    [MESSAGE_PRELOAD] = TABLE_FDS,
    [MESSAGE_FORK] = 3,
    [MESSAGE_FORKED] = 1,
    [MESSAGE_EXITED] = 0,
    [MESSAGE_READY] = 0,
    [MESSAGE_TASK] = 0,
    [MESSAGE_RESULT] = 0,
    [MESSAGE_QUIT] = 0,
};

/* Hands the fds over if they are as many as the message should have; otherwise closes them. */
static enum err check_fds(const struct message *m, const int *got, int ngot, int *fds)
{
    bool known = m->type >= 0 && m->type < (int64_t)(sizeof fds_of / sizeof fds_of[0]);
    bool right = known && ngot == (m->error ? 0 : fds_of[m->type]) && (fds != NULL || ngot == 0);
    for (int i = 0; fds && i < MESSAGE_FDS; i++)
        fds[i] = right && i < ngot ? got[i] : -1;
    for (int i = 0; !right && i < ngot; i++)
        close(got[i]);
    return right ? OK : ERR_PARSE;
}

enum err message_recv(int sock, struct message *out, int fds[MESSAGE_FDS])
{
    struct buf b;
    int got[WIRE_FDS_MAX], ngot = 0;
    size_t used;

    *out = (struct message){0};
    buf_init(&b, MESSAGE_MAX);
    enum err err = wire_recv(sock, &b, got, &ngot);
    if (!err) {
        err = shape_decode(message_fields, b.data, b.len, out, &used);
        if (err)
            out->type = -1;
        enum err fds_err = check_fds(out, got, ngot, fds);
        if (!err)
            err = fds_err;
    }
    if (err)
        message_done(out);
    buf_done(&b);
    return err;
}
