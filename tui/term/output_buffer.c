/* SPDX-License-Identifier: MIT
 * The memory file between curses and the terminal. Each picture overwrites it from its start; it is never truncated, so
 * its length is that of the longest picture. */
#include "tui/term/output_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/io.h"

enum err output_buffer_init(struct output_buffer *d, int terminal)
{
    int fd = fcntl(terminal, F_DUPFD_CLOEXEC, 3);
    *d = (struct output_buffer){.terminal = terminal, .memory = -1};
    if (fd < 0)
        return err_from_errno(errno);
    d->pen = fdopen(fd, "w");
    if (!d->pen)
        io_close(&fd);
    return d->pen ? OK : ERR_NOMEM;
}

void output_buffer_done(struct output_buffer *d)
{
    io_close(&d->memory);
    if (d->pen)
        fclose(d->pen);
    d->pen = NULL;
}

void output_buffer_gather(struct output_buffer *d)
{
    if (d->memory < 0)
        d->memory = memfd_create("poolscope-output", MFD_CLOEXEC);
    if (d->memory >= 0)
        dup3(d->memory, fileno(d->pen), O_CLOEXEC);
}

void output_buffer_direct(struct output_buffer *d)
{
    output_buffer_send(d);
    dup3(d->terminal, fileno(d->pen), O_CLOEXEC);
}

void output_buffer_send(struct output_buffer *d)
{
    char piece[16384];
    off_t kept = d->memory >= 0 ? lseek(d->memory, 0, SEEK_CUR) : 0;
    enum err err = OK;
    for (off_t at = 0; at < kept && !err;) {
        size_t n = kept - at < (off_t)sizeof piece ? (size_t)(kept - at) : sizeof piece;
        err = io_read_at(d->memory, piece, n, (uint64_t)at);
        if (!err)
            err = io_write_all(d->terminal, piece, n);
        at += (off_t)n;
    }
    if (kept > 0)
        lseek(d->memory, 0, SEEK_SET);
}
