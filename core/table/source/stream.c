/* SPDX-License-Identifier: MIT
 * Input that is not a plain file: a pipe, or packed data. Its bytes are spooled: into memory first, and into a file
 * without a name when there are many. They can be read there while more arrive. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/row_list.h"
#include "core/table/source/aside.h"
#include "core/table/source/source.h"

/* A pipe that never ends must not fill the disk. */
#define SPOOL_MAX ((uint64_t)1 << 40)

enum {
    PIECE = 64 * 1024,
    MAGIC = 6,                     /* bytes that identify a packed format */
    MEMORY_MAX = 64 * 1024 * 1024, /* longer streams are spooled to a file */
    ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

struct table_stream {
    char *path;
    int in;       /* owned */
    bool regular; /* read at `offset`, so that the caller's file offset stays unchanged */
    uint64_t offset;
    const struct table_unpacker *unpacker;
    void *packed;               /* the unpacker's state; NULL: nothing is unpacked on this thread */
    struct table_aside *aside;  /* unpacks on another thread, and `in` is its output; or NULL */
    struct table_filter filter; /* push is NULL if there is none */
    struct buf filtered;
    char *piece; /* PIECE bytes; the first `ahead` are read but not spooled yet */
    size_t ahead;
    int spool;   /* owned */
    bool looked; /* it is known whether the input is packed */
    bool memory, done;
    uint64_t size; /* bytes in the spool */
};

static const struct magic {
    const char *bytes;
    size_t len;
} magics[] = {{"\x1f\x8b", 2},
              {"\x28\xb5\x2f\xfd", 4},
              {"\xfd"
               "7zXZ\0",
               6},
              {"BZh", 3}};

static bool is_packed(const char *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (len >= magics[i].len && memcmp(bytes, magics[i].bytes, magics[i].len) == 0)
            return true;
    return false;
}

static ssize_t read_input(struct table_stream *s, char *to, size_t len)
{
    for (;;) {
        ssize_t n = s->regular ? pread(s->in, to, len, (off_t)s->offset) : read(s->in, to, len);
        if (n < 0 && errno == EINTR)
            continue;
        s->offset += n > 0 ? (uint64_t)n : 0;
        return n;
    }
}

/* Gives the unpacker the bytes that were read ahead, then those of the input. */
static ssize_t give_packed(void *ctx, const void **bytes)
{
    struct table_stream *s = ctx;
    ssize_t n = (ssize_t)s->ahead;
    *bytes = s->piece;
    s->ahead = 0;
    return n > 0 ? n : read_input(s, s->piece, PIECE);
}

static enum err unpack(struct table_stream *s, struct problem *problem)
{
    if (!s->unpacker)
        return problem_set(problem, ERR_PARSE, "%s: is compressed; unpack it first", s->path);
    if (s->regular)
        return s->unpacker->open(&s->packed, give_packed, s, s->path, problem);
    int packed = s->in;
    size_t n = s->ahead;
    s->in = -1;
    s->ahead = 0;
    return table_aside_new(packed, s->piece, n, s->unpacker, s->path, &s->aside, &s->in, problem);
}

int table_nameless_file(void)
{
    const char *dirs[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < sizeof dirs / sizeof *dirs; i++)
        if (dirs[i] && *dirs[i])
            fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("poolscope-spool", MFD_CLOEXEC);
}

static enum err copy_spool(int from, int to, char *block, uint64_t size)
{
    enum err err = OK;
    for (uint64_t at = 0; !err && at < size;) {
        size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;
        err = io_read_at(from, block, n, at);
        if (!err)
            err = io_write_all(to, block, n);
        at += n;
    }
    return err;
}

/* Moves the spool from memory to a file. Tables over the memory keep it. */
static enum err leave_memory(struct table_stream *s)
{
    char *block = malloc(PIECE);
    int fd = block ? table_nameless_file() : -1;
    enum err err = !block ? ERR_NOMEM : fd < 0 ? err_from_errno(errno) : copy_spool(s->spool, fd, block, s->size);
    free(block);
    if (err) {
        io_close(&fd);
        return err;
    }
    io_close(&s->spool);
    s->spool = fd;
    s->memory = false;
    return OK;
}

static enum err keep(struct table_stream *s, const void *bytes, size_t len, struct problem *problem)
{
    enum err err = OK;
    if (s->size + len > SPOOL_MAX)
        return problem_set(problem, ERR_TOO_BIG, "%s: longer than %llu GiB; write it to a file first", s->path,
                           (unsigned long long)(SPOOL_MAX >> 30));
    if (s->memory && s->size + len > MEMORY_MAX)
        err = leave_memory(s);
    if (!err)
        err = io_write_all(s->spool, bytes, len);
    if (err == ERR_SYS || err == ERR_IO)
        return problem_errno(problem, "%s: cannot store its bytes", s->path);
    if (err)
        return table_problem(problem, err, s->path);
    s->size += len;
    return OK;
}

static enum err spool(struct table_stream *s, const void *bytes, size_t len, struct problem *problem)
{
    if (!s->filter.push)
        return keep(s, bytes, len, problem);
    buf_clear(&s->filtered);
    enum err err = s->filter.push(s->filter.self, bytes, len, s->path, &s->filtered, problem);
    if (s->filtered.len > 0 && keep(s, s->filtered.data, s->filtered.len, err ? NULL : problem) && !err)
        err = ERR_SYS;
    return err;
}

/* Spools one piece. The first ones may be too short to tell whether the input is packed. */
static enum err pump_plain(struct table_stream *s, size_t *got, struct problem *problem)
{
    ssize_t n = read_input(s, s->piece + s->ahead, PIECE - s->ahead);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return ERR_AGAIN;
    if (n < 0)
        return table_problem(problem, err_from_errno(errno), s->path);
    *got = (size_t)n;
    s->ahead += (size_t)n;
    if (!s->looked && n > 0 && s->ahead < MAGIC)
        return OK;
    if (!s->looked && is_packed(s->piece, s->ahead)) {
        s->looked = true;
        return unpack(s, problem);
    }
    s->looked = true;
    s->done = s->ahead == 0;
    if (s->done)
        return s->aside ? table_aside_result(s->aside, problem) : OK;
    size_t len = s->ahead;
    s->ahead = 0;
    return spool(s, s->piece, len, problem);
}

static enum err pump_packed(struct table_stream *s, size_t *got, struct problem *problem)
{
    const void *bytes;
    enum err err = s->unpacker->next(s->packed, &bytes, got, problem);
    s->done = !err && *got == 0;
    return !err && *got > 0 ? spool(s, bytes, *got, problem) : err;
}

enum err table_stream_pump(struct table_stream *s, size_t most, bool *done, struct problem *problem)
{
    enum err err = OK;
    for (size_t sum = 0, got = 0; !err && !s->done && sum < most; sum += got) {
        err = s->packed ? pump_packed(s, &got, problem) : pump_plain(s, &got, problem);
        if (!err && s->done && s->filter.push)
            err = spool(s, NULL, 0, problem);
        if (err == ERR_AGAIN && sum > 0)
            return *done = false, OK;
    }
    if (s->done && s->memory && fcntl(s->spool, F_ADD_SEALS, ALL_SEALS) < 0)
        err = problem_errno(problem, "%s: cannot seal its bytes", s->path);
    if (s->done)
        s->memory = false;
    *done = s->done;
    return err;
}

/* Looks at the first bytes of a file, which never wait. */
static enum err look_ahead(struct table_stream *s, struct problem *problem)
{
    while (s->ahead < MAGIC) {
        ssize_t n = read_input(s, s->piece + s->ahead, PIECE - s->ahead);
        if (n < 0)
            return table_problem(problem, err_from_errno(errno), s->path);
        if (n == 0)
            break;
        s->ahead += (size_t)n;
    }
    s->looked = true;
    return is_packed(s->piece, s->ahead) ? unpack(s, problem) : OK;
}

enum err table_stream_open(int fd, const char *path, const struct table_unpacker *unpacker, struct table_stream **out,
                           struct problem *problem)
{
    struct stat st;
    path = path ? path : "(input)";
    if (fstat(fd, &st) < 0)
        return problem_errno(problem, "%s", path);
    struct table_stream *s = calloc(1, sizeof *s);
    if (!s)
        return table_problem(problem, ERR_NOMEM, path);
    s->regular = S_ISREG(st.st_mode);
    s->memory = true;
    s->unpacker = unpacker;
    buf_init(&s->filtered, (size_t)64 << 20);
    s->in = -1;
    s->spool = memfd_create("poolscope-table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    s->piece = malloc(PIECE);
    s->path = strdup(path);
    enum err err = OK;
    if (!s->piece || !s->path)
        err = table_problem(problem, ERR_NOMEM, path);
    else if (s->spool < 0 || io_dup(fd, &s->in))
        err = problem_errno(problem, "%s: cannot be opened as a stream", path);
    if (!err && s->regular)
        err = look_ahead(s, problem);
    if (err)
        table_stream_free(s);
    else
        *out = s;
    return err;
}

void table_stream_free(struct table_stream *s)
{
    if (!s)
        return;
    if (s->packed)
        s->unpacker->close(s->packed);
    if (s->filter.push)
        s->filter.close(s->filter.self);
    buf_done(&s->filtered);
    io_close(&s->in);
    table_aside_free(s->aside);
    io_close(&s->spool);
    free(s->piece);
    free(s->path);
    free(s);
}

void table_stream_filter(struct table_stream *s, const struct table_filter *filter)
{
    s->filter = *filter;
}

int table_stream_input(const struct table_stream *s)
{
    return s->in;
}

uint64_t table_stream_size(const struct table_stream *s)
{
    return s->size;
}

enum err table_stream_needed(int fd, bool *out)
{
    struct stat st;
    char bytes[MAGIC];
    size_t n = 0;
    if (fstat(fd, &st) < 0)
        return err_from_errno(errno);
    if (S_ISDIR(st.st_mode)) {
        *out = false; /* table_open refuses it */
        return OK;
    }
    enum err err = S_ISREG(st.st_mode) ? io_read_some_at(fd, bytes, sizeof bytes, 0, &n) : OK;
    *out = !S_ISREG(st.st_mode) || is_packed(bytes, n);
    return err;
}

struct table_spool table_stream_spool(const struct table_stream *s)
{
    return (struct table_spool){.fd = s->spool, .size = s->size, .growing = !s->done};
}

enum err table_spool_source(const struct table_spool *spool, struct table_source *out)
{
    *out = (struct table_source){.size = spool->size, .ours = true, .growing = spool->growing};
    out->sealed = table_is_sealed(spool->fd);
    return io_dup(spool->fd, &out->fd);
}
