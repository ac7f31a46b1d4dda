/* SPDX-License-Identifier: MIT
 * The thread reads packed bytes from one descriptor, writes unpacked ones to a pipe, and ends when `stop` is readable.
 */
#include "core/table/source/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/thread.h"

enum { PIECE = 64 * 1024 };

struct table_aside {
    pthread_t thread;
    bool running;
    int in, out, stop; /* owned; `stop` becomes readable when the thread is to end */
    const struct table_unpacker *unpacker;
    const char *path;
    size_t first; /* bytes of `piece` that were read before the thread started */
    enum err err; /* of the thread; valid after it is joined */
    struct problem problem;
    char piece[PIECE];
};

static ssize_t give(void *ctx, const void **bytes)
{
    struct table_aside *a = ctx;
    ssize_t n = (ssize_t)a->first;
    *bytes = a->piece;
    a->first = 0;
    while (n == 0) {
        struct pollfd ends[] = {{a->in, POLLIN, 0}, {a->stop, POLLIN, 0}};
        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            return -1;
        if (ends[1].revents)
            return errno = ECANCELED, -1;
        n = ends[0].revents ? read(a->in, a->piece, PIECE) : 0;
        if (n == 0 && ends[0].revents)
            return 0;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            n = 0;
    }
    return n;
}

static enum err unpack(struct table_aside *a)
{
    void *packed = NULL;
    enum err err = a->unpacker->open(&packed, give, a, a->path, &a->problem);
    if (err)
        return err;
    for (;;) {
        const void *bytes;
        size_t len;
        err = a->unpacker->next(packed, &bytes, &len, &a->problem);
        if (err || len == 0 || io_write_all(a->out, bytes, len)) /* the reader closed its end: not an error */
            break;
    }
    a->unpacker->close(packed);
    return err;
}

static void *run(void *arg)
{
    struct table_aside *a = arg;
    a->err = unpack(a);
    io_close(&a->out); /* so that the reader sees the end */
    return NULL;
}

enum err table_aside_new(int in, const void *first, size_t len, const struct table_unpacker *unpacker, const char *path,
                         struct table_aside **out, int *out_fd, struct problem *problem)
{
    int ends[2] = {-1, -1};
    struct table_aside *a = calloc(1, sizeof *a);
    if (!a) {
        close(in);
        return problem_set(problem, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
    }
    a->in = in;
    a->unpacker = unpacker;
    a->path = path;
    a->first = len;
    memcpy(a->piece, first, len);
    a->stop = eventfd(0, EFD_CLOEXEC);
    bool fit = a->stop >= 0 && pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
    a->out = ends[1];
    enum err err;
    if (!fit)
        err = problem_errno(problem, "%s: cannot unpack it", path);
    else if ((err = thread_start(&a->thread, run, a)))
        problem_set(problem, err, "%s: cannot start a thread that unpacks it: %s", path, err_text(err));
    a->running = !err;
    if (err) {
        io_close(&ends[0]);
        table_aside_free(a);
        return err;
    }
    *out = a;
    *out_fd = ends[0];
    return OK;
}

static void join(struct table_aside *a)
{
    if (a->running)
        pthread_join(a->thread, NULL);
    a->running = false;
}

enum err table_aside_result(struct table_aside *a, struct problem *problem)
{
    join(a);
    return a->err ? problem_set(problem, a->err, "%s", a->problem.text) : OK;
}

void table_aside_free(struct table_aside *a)
{
    if (!a)
        return;
    eventfd_write(a->stop, 1);
    join(a);
    io_close(&a->in);
    io_close(&a->out);
    io_close(&a->stop);
    free(a);
}
