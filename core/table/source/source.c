/* SPDX-License-Identifier: MIT
 * The bytes of a table. A file may grow while it is open, but its bytes may not change; each read checks that. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/source/source.h"

enum {
    SIGNED = 4096,    /* bytes at each end whose hash tells a grown file from a rewritten one */
    LOOK = 64 * 1024, /* bytes searched for line ends */
};

bool table_is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) == (F_SEAL_SHRINK | F_SEAL_WRITE);
}

enum err table_problem(struct problem *problem, enum err err, const char *path)
{
    if (err == ERR_IO) /* may come from another thread, whose errno is not ours */
        problem_set(problem, err, "%s: cannot read it: %s", path, err_text(err));
    else if (err == ERR_SYS || err == ERR_DENIED)
        problem_errno(problem, "%s: cannot read it", path);
    else
        problem_set(problem, err, "%s: %s", path, err_text(err));
    return err;
}

/* Adds bytes to an FNV-1a hash. */
static void sign(uint64_t *hash, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        *hash = (*hash ^ bytes[i]) * 0x100000001b3u;
}

/* Hashes the first and the last bytes of the first `size` bytes. Last bytes that the disk cannot read are left out, so
 * that the rows before them can still be shown. */
static enum err signature_of(int fd, uint64_t size, uint64_t *out)
{
    unsigned char bytes[SIGNED];
    size_t len = size < SIGNED ? (size_t)size : SIGNED;
    *out = 0xcbf29ce484222325u;
    enum err err = io_read_at(fd, bytes, len, 0);
    if (err)
        return err;
    sign(out, bytes, len);
    err = io_read_at(fd, bytes, len, size - len);
    if (!err)
        sign(out, bytes, len);
    return err == ERR_IO ? OK : err;
}

static enum err share(int fd, const char *path, const struct stat *st, struct table_source *out,
                      struct problem *problem)
{
    out->size = (uint64_t)st->st_size;
    out->mtime_seconds = st->st_mtim.tv_sec;
    out->mtime_nanoseconds = st->st_mtim.tv_nsec;
    out->sealed = table_is_sealed(fd);
    if (io_dup(fd, &out->fd))
        return problem_errno(problem, "%s", path);
    enum err err = out->sealed ? OK : signature_of(out->fd, out->size, &out->signature);
    return err ? table_problem(problem, err, path) : OK;
}

enum err table_source_open(int fd, const char *path, struct table_source *out, struct problem *problem)
{
    struct stat st;
    *out = (struct table_source){.fd = -1};
    if (fstat(fd, &st) < 0)
        return problem_errno(problem, "%s", path);
    if (S_ISDIR(st.st_mode))
        return problem_set(problem, ERR_PARSE, "%s: is a directory, not a CSV file", path);
    return share(fd, path, &st, out, problem);
}

void table_source_close(struct table_source *s)
{
    io_close(&s->fd);
}

enum err table_source_again(const struct table_source *s, struct table_source *out)
{
    *out = *s;
    return io_dup(s->fd, &out->fd);
}

/* Lines end with a lone CR if there are CRs, but no newlines, outside quotes, as in files of old Macs. */
enum err table_source_find_ends(struct table_source *s)
{
    char bytes[4096];
    bool inside = false, after_cr = false, seen = false;
    s->lone_crs = false;
    for (uint64_t at = 0; at < s->size && at < LOOK; at += sizeof bytes) {
        size_t n = s->size - at < sizeof bytes ? (size_t)(s->size - at) : sizeof bytes;
        enum err err = io_read_at(s->fd, bytes, n, at);
        if (err)
            return err;
        for (size_t i = 0; i < n; i++) {
            inside ^= bytes[i] == '"';
            if (!inside && bytes[i] == '\n')
                return OK;
            seen |= after_cr;
            after_cr = !inside && bytes[i] == '\r';
        }
    }
    s->lone_crs = seen || (after_cr && !s->growing); /* in a growing file its newline may follow */
    return OK;
}

enum err table_source_read(const struct table_source *s, char *bytes, size_t len, uint64_t at)
{
    char next = s->growing ? '\n' : '\0';
    enum err err = io_read_at(s->fd, bytes, len, at);
    if (!err && s->lone_crs && len > 0 && bytes[len - 1] == '\r' && at + len < s->size)
        err = io_read_at(s->fd, &next, 1, at + len);
    if (err || !s->lone_crs)
        return err;
    for (char *cr = bytes, *end = bytes + len; (cr = memchr(cr, '\r', (size_t)(end - cr))); cr++)
        if ((cr + 1 < end ? cr[1] : next) != '\n')
            *cr = '\n';
    return OK;
}

static enum table_change change_seen(const struct table_source *s)
{
    struct stat st;
    uint64_t now;
    if (fstat(s->fd, &st) < 0)
        return TABLE_REWRITTEN;
    if ((uint64_t)st.st_size < s->size)
        return TABLE_TRUNCATED;
    if (s->ours)
        return TABLE_SAME;
    if ((uint64_t)st.st_size == s->size)
        return st.st_mtim.tv_sec == s->mtime_seconds && st.st_mtim.tv_nsec == s->mtime_nanoseconds ? TABLE_SAME
                                                                                                   : TABLE_REWRITTEN;
    return !signature_of(s->fd, s->size, &now) && now == s->signature ? TABLE_GROWN : TABLE_REWRITTEN;
}

/* write(2) sets the time before the size (__generic_file_write_iter in the kernel): between the two a grown file looks
 * rewritten. So a file counts as rewritten only if it still looks so after some milliseconds. */
enum table_change table_source_change(const struct table_source *s)
{
    enum { LOOKS = 10 };
    static const struct timespec moment = {.tv_nsec = 1000000};
    enum table_change change = s->sealed ? TABLE_SAME : change_seen(s);
    for (int i = 1; i < LOOKS && change == TABLE_REWRITTEN; i++) {
        nanosleep(&moment, NULL);
        change = change_seen(s);
    }
    return change;
}

enum err table_source_check(const struct table_source *s)
{
    enum table_change change = table_source_change(s);
    return change == TABLE_SAME || change == TABLE_GROWN ? OK : ERR_CHANGED;
}
