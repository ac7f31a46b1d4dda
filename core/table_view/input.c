/* SPDX-License-Identifier: MIT
 * Opening the file or the stream of a table, and spooling a stream. */
#include "core/table_view/input.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"

struct table_input table_input_none(void)
{
    return (struct table_input){.fd = -1, .await = await_none(-1)};
}

int table_input_open_file(const char *path)
{
    if (strcmp(path, "-") == 0)
        return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

enum err table_input_open(const char *path, const char *encoding, int epoll, struct table_input *out,
                          struct problem *problem)
{
    struct table_input in = {
        .path = path, .encoding = encoding, .fd = table_input_open_file(path), .await = await_none(epoll)};
    if (in.fd < 0)
        return problem_errno(problem, "%s: cannot open", path);
    enum err err = table_stream_needed(in.fd, &in.streaming);
    in.streaming |= encoding != NULL;
    if (!err && in.streaming)
        err = await_input(&in.await, in.fd);
    if (err) {
        table_input_close(&in);
        return problem_set(problem, err, "%s: %s", path, err_text(err));
    }
    *out = in;
    return OK;
}

bool table_input_is_ready(const struct table_input *in)
{
    return table_input_has_more(in) && await_is_ready(&in->await);
}

static enum err open_stream(struct table_input *in, struct problem *problem)
{
    enum err err = table_stream_open(in->fd, in->path, &table_unpacker, &in->stream, problem);
    if (!err && in->encoding && (err = table_stream_convert(in->stream, in->encoding)))
        problem_set(problem, err, "%s: no encoding is called %s", in->path, in->encoding);
    return err;
}

enum err table_input_pump(struct table_input *in, size_t most, struct problem *problem)
{
    bool done = false;
    enum err err = in->stream ? OK : open_stream(in, problem);
    if (!err)
        err = table_stream_pump(in->stream, await_is_file(&in->await) ? most : 1, &done, problem);
    if (err == ERR_AGAIN)
        err = OK;
    if (!err && !done && (err = await_input(&in->await, table_stream_input(in->stream)))) /* it may be another fd now */
        problem_set(problem, err, "%s: cannot wait for it: %s", in->path, err_text(err));
    if (err || done) {
        in->ended = true;
        await_end(&in->await);
    }
    return err;
}

bool table_input_has_more(const struct table_input *in)
{
    return in->streaming && !in->ended;
}

int table_input_fd(const struct table_input *in)
{
    if (table_input_has_more(in))
        return -1;
    return in->stream ? table_stream_spool(in->stream).fd : in->fd;
}

void table_input_close(struct table_input *in)
{
    await_end(&in->await);
    table_stream_free(in->stream);
    in->stream = NULL;
    io_close(&in->fd);
}
