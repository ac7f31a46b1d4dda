/* SPDX-License-Identifier: MIT
 * Converts a stream to UTF-8 by iconv(3). In a file of its own, so that programs that never convert are not linked with
 * it. */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "core/table/source/source.h"

enum { REST_MAX = 64, OUT = 64 * 1024 };

struct encoding {
    iconv_t how;
    char *name;
    char rest[REST_MAX]; /* the first bytes of a character that is not complete yet */
    size_t nrest;
    uint64_t taken; /* bytes converted so far */
};

static enum err refuse(const struct encoding *c, const char *path, struct problem *problem)
{
    return problem_set(problem, ERR_PARSE, "%s: byte %llu is not valid in %s", path, (unsigned long long)c->taken + 1,
                       c->name);
}

/* Converts all complete characters; *used is how many bytes they have. */
static enum err convert(struct encoding *c, const char *bytes, size_t len, size_t *used, struct buf *out)
{
    char *from = (char *)bytes;
    size_t left = len;
    int why = 0;
    while (left > 0 && (why == 0 || why == E2BIG)) {
        char *to = buf_reserve(out, OUT);
        size_t room = OUT;
        if (!to)
            return ERR_NOMEM;
        why = iconv(c->how, &from, &left, &to, &room) == (size_t)-1 ? errno : 0;
        out->len += OUT - room;
    }
    *used = len - left;
    c->taken += *used;
    return why == EILSEQ ? ERR_PARSE : OK;
}

/* Completes the rest of the last piece with bytes of this one. */
static enum err finish_rest(struct encoding *c, const char **bytes, size_t *len, struct buf *out)
{
    enum err err = OK;
    while (!err && c->nrest > 0 && *len > 0) {
        size_t used;
        if (c->nrest == REST_MAX)
            return ERR_PARSE;
        c->rest[c->nrest++] = *(*bytes)++;
        --*len;
        err = convert(c, c->rest, c->nrest, &used, out);
        if (used > 0)
            c->nrest = 0;
    }
    return err;
}

/* Some encodings hold a character back until they know whether the next one combines with it. */
static enum err give_held(struct encoding *c, struct buf *out)
{
    char *to = buf_reserve(out, REST_MAX);
    size_t room = REST_MAX;
    if (!to)
        return ERR_NOMEM;
    if (iconv(c->how, NULL, NULL, &to, &room) == (size_t)-1)
        return ERR_PARSE;
    out->len += REST_MAX - room;
    return OK;
}

static enum err push(void *self, const char *bytes, size_t len, const char *path, struct buf *out,
                     struct problem *problem)
{
    struct encoding *c = self;
    size_t used = 0;
    bool end = len == 0;
    enum err err = finish_rest(c, &bytes, &len, out);
    if (!err && len > 0)
        err = convert(c, bytes, len, &used, out);
    if (!err && len - used >= REST_MAX)
        err = ERR_PARSE;
    if (!err && len > used) {
        memcpy(c->rest, bytes + used, len - used);
        c->nrest = len - used;
    }
    if (!err && end && c->nrest == 0)
        err = give_held(c, out);
    if (err == ERR_PARSE || (end && c->nrest > 0))
        return refuse(c, path, problem);
    return err ? table_problem(problem, err, path) : OK;
}

static void close_encoding(void *self)
{
    struct encoding *c = self;
    iconv_close(c->how);
    free(c->name);
    free(c);
}

bool table_encoding_known(const char *name)
{
    iconv_t how = iconv_open("UTF-8", name);
    if (how == (iconv_t)-1)
        return false;
    iconv_close(how);
    return true;
}

enum err table_stream_convert(struct table_stream *s, const char *encoding)
{
    struct encoding *c = calloc(1, sizeof *c);
    if (!c || !(c->name = strdup(encoding))) {
        free(c);
        return ERR_NOMEM;
    }
    c->how = iconv_open("UTF-8", encoding);
    if (c->how == (iconv_t)-1) {
        free(c->name);
        free(c);
        return ERR_NOT_FOUND;
    }
    table_stream_filter(s, &(struct table_filter){push, close_encoding, c});
    return OK;
}
