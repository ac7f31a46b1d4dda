/* SPDX-License-Identifier: MIT
 * Unpacking by libarchive: gzip, zstd, xz, bzip2. In a file of its own, so that a program that never unpacks is not
 * linked with it. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/table/table.h"

struct packed {
    struct archive *archive;
    ssize_t (*give)(void *ctx, const void **bytes);
    void *ctx;
    const char *path;
    bool empty;
};

static la_ssize_t on_read(struct archive *a, void *data, const void **bytes)
{
    struct packed *p = data;
    ssize_t n = p->give(p->ctx, bytes);
    if (n < 0)
        archive_set_error(a, errno, "%s", strerror(errno));
    return n < 0 ? ARCHIVE_FATAL : n;
}

static enum err unpack_problem(const struct packed *p, struct problem *problem)
{
    const char *why = archive_error_string(p->archive);
    bool memory = archive_errno(p->archive) == ENOMEM;
    return problem_set(problem, memory ? ERR_NOMEM : ERR_PARSE, "%s: cannot unpack it: %s", p->path,
                       why ? why : "damaged");
}

static void unpack_close(void *self)
{
    struct packed *p = self;
    archive_read_free(p->archive);
    free(p);
}

static enum err begin(struct packed *p, struct problem *problem)
{
    struct archive_entry *entry;
    archive_read_support_filter_gzip(p->archive);
    archive_read_support_filter_zstd(p->archive);
    archive_read_support_filter_xz(p->archive);
    archive_read_support_filter_bzip2(p->archive);
    archive_read_support_format_raw(p->archive);
    archive_read_support_format_empty(p->archive);
    if (archive_read_open(p->archive, p, NULL, on_read, NULL) != ARCHIVE_OK)
        return unpack_problem(p, problem);
    int r = archive_read_next_header(p->archive, &entry);
    p->empty = r == ARCHIVE_EOF;
    return r == ARCHIVE_OK || p->empty ? OK : unpack_problem(p, problem);
}

static enum err unpack_open(void **self, ssize_t (*give)(void *ctx, const void **bytes), void *ctx, const char *path,
                            struct problem *problem)
{
    struct packed *p = malloc(sizeof *p);
    if (!p)
        return problem_set(problem, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
    *p = (struct packed){.archive = archive_read_new(), .give = give, .ctx = ctx, .path = path};
    enum err e = p->archive ? begin(p, problem) : problem_set(problem, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
    if (e)
        unpack_close(p);
    else
        *self = p;
    return e;
}

static enum err unpack_next(void *self, const void **bytes, size_t *len, struct problem *problem)
{
    struct packed *p = self;
    la_int64_t offset;
    *len = 0;
    int r = p->empty ? ARCHIVE_EOF : archive_read_data_block(p->archive, bytes, len, &offset);
    if (r == ARCHIVE_EOF)
        *len = 0;
    return r == ARCHIVE_EOF || r == ARCHIVE_OK ? OK : unpack_problem(p, problem);
}

const struct table_unpacker table_unpacker = {unpack_open, unpack_next, unpack_close};
