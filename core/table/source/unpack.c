/* SPDX-License-Identifier: MIT
 * Unpacks gzip, zstd, xz and bzip2 by libarchive. The library, which needs a dozen others, is loaded on first use, so
 * that a table that is not packed is shown sooner and takes less memory. */
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/table/table.h"

/* The functions of the library that are used; their types come from its header. */
#define FUNCTIONS(X)                                                                                                   \
    X(archive_read_new)                                                                                                \
    X(archive_read_free)                                                                                               \
    X(archive_read_open)                                                                                               \
    X(archive_read_next_header)                                                                                        \
    X(archive_read_data_block)                                                                                         \
    X(archive_error_string)                                                                                            \
    X(archive_errno)                                                                                                   \
    X(archive_set_error)                                                                                               \
    X(archive_read_support_filter_gzip)                                                                                \
    X(archive_read_support_filter_zstd)                                                                                \
    X(archive_read_support_filter_xz)                                                                                  \
    X(archive_read_support_filter_bzip2)                                                                               \
    X(archive_read_support_format_raw)                                                                                 \
    X(archive_read_support_format_empty)

struct library {
    void *handle;
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
};

static bool load(struct library *l)
{
    l->handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    bool whole = l->handle != NULL;
#define LOAD(name) whole = whole && (*(void **)&l->name = dlsym(l->handle, #name));
    FUNCTIONS(LOAD)
    return whole;
}

struct packed {
    struct library lib;
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
        p->lib.archive_set_error(a, errno, "%s", strerror(errno));
    return n < 0 ? ARCHIVE_FATAL : n;
}

static enum err unpack_problem(const struct packed *p, struct problem *problem)
{
    const char *why = p->lib.archive_error_string(p->archive);
    if (!why) /* libarchive has no message for a truncated gzip, … */
        why = "its end is missing";
    else if (strstr(why, "No progress is possible")) /* … and this one for a truncated xz */
        why = "truncated xz input";
    bool memory = p->lib.archive_errno(p->archive) == ENOMEM;
    return problem_set(problem, memory ? ERR_NOMEM : ERR_PARSE, "%s: cannot unpack it: %s", p->path, why);
}

static void unpack_close(void *self)
{
    struct packed *p = self;
    if (p->archive)
        p->lib.archive_read_free(p->archive);
    if (p->lib.handle)
        dlclose(p->lib.handle);
    free(p);
}

static enum err begin(struct packed *p, struct problem *problem)
{
    struct archive_entry *entry;
    p->lib.archive_read_support_filter_gzip(p->archive);
    p->lib.archive_read_support_filter_zstd(p->archive);
    p->lib.archive_read_support_filter_xz(p->archive);
    p->lib.archive_read_support_filter_bzip2(p->archive);
    p->lib.archive_read_support_format_raw(p->archive);
    p->lib.archive_read_support_format_empty(p->archive);
    if (p->lib.archive_read_open(p->archive, p, NULL, on_read, NULL) != ARCHIVE_OK)
        return unpack_problem(p, problem);
    int r = p->lib.archive_read_next_header(p->archive, &entry);
    p->empty = r == ARCHIVE_EOF;
    return r == ARCHIVE_OK || p->empty ? OK : unpack_problem(p, problem);
}

static enum err unpack_open(void **self, ssize_t (*give)(void *ctx, const void **bytes), void *ctx, const char *path,
                            struct problem *problem)
{
    struct packed *p = calloc(1, sizeof *p);
    if (!p)
        return problem_set(problem, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
    *p = (struct packed){.give = give, .ctx = ctx, .path = path};
    enum err err = OK;
    if (!load(&p->lib))
        err = problem_set(problem, ERR_NOT_FOUND, "%s: cannot unpack it: libarchive is not installed", path);
    else if ((p->archive = p->lib.archive_read_new()))
        err = begin(p, problem);
    else
        err = problem_set(problem, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
    if (err)
        unpack_close(p);
    else
        *self = p;
    return err;
}

static enum err unpack_next(void *self, const void **bytes, size_t *len, struct problem *problem)
{
    struct packed *p = self;
    la_int64_t offset;
    *len = 0;
    int r = p->empty ? ARCHIVE_EOF : p->lib.archive_read_data_block(p->archive, bytes, len, &offset);
    if (r == ARCHIVE_EOF)
        *len = 0;
    return r == ARCHIVE_EOF || r == ARCHIVE_OK ? OK : unpack_problem(p, problem);
}

const struct table_unpacker table_unpacker = {unpack_open, unpack_next, unpack_close};
