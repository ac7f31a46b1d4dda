/* SPDX-License-Identifier: MIT
 * The bytes that a table is read from: a plain file, which is read where it is, or a stream, whose bytes are spooled as
 * they arrive. A stream is a pipe, a packed file, or a file whose encoding is converted. Nothing here waits. */
#ifndef TABLE_VIEW_INPUT_H
#define TABLE_VIEW_INPUT_H

#include "core/base/await.h"
#include "core/table/table.h"

/* Used on one thread. */
struct table_input {
    const char *path, *encoding; /* "-" is stdin; NULL is UTF-8. Both borrowed */
    int fd;                      /* owned: the file, or what the stream begins with; -1: closed */
    bool streaming;              /* a stream, not a plain file */
    bool ended;                  /* no more of the stream will be read: all of it is there, or an error ended it */
    struct table_stream *stream; /* owned; NULL: a plain file, or nothing of the stream has arrived yet */
    struct await await;          /* the next bytes of the stream, in the caller's epoll set */
};

struct table_input table_input_none(void);

/* Opens the file. A stream is put into the epoll set, which must live until table_input_close. On an error, which comes
 * with a problem, the input is closed. */
enum err table_input_open(const char *path, const char *encoding, int epoll, struct table_input *out,
                          struct problem *problem) MUST_CHECK;
int table_input_open_file(const char *path); /* as table_input_open opens it; -1 and errno on an error */

/* The stream is readable, or has ended: table_input_pump has something to do. */
bool table_input_is_ready(const struct table_input *in);

/* Spools about `most` bytes of a file. Of a pipe only one piece, because more of it might have to be waited for. On an
 * error, which comes with a problem, the stream has ended; what was spooled before stays. */
enum err table_input_pump(struct table_input *in, size_t most, struct problem *problem) MUST_CHECK;

bool table_input_has_more(const struct table_input *in); /* a stream that has not ended */

/* The plain file, or the spool of a stream that has ended. -1 as long as more is to come. Borrowed. */
int table_input_fd(const struct table_input *in);

void table_input_close(struct table_input *in); /* may be called again */

#endif
