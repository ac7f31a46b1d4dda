/* SPDX-License-Identifier: MIT
 * Reads the source in segments that end at newlines. Then the offset at which a record ends is known; libcsv only tells
 * that it ended. Memory is one block, whatever the size of the file. */
#include <stdlib.h>
#include <string.h>

#include "core/table/csv/csv.h"

/* The first read after a seek is small, because often only a few rows are wanted. Each further read is twice as long,
 * and the block grows with it. */
enum {
    FIRST_READ = TABLE_BLOCK < 16 * 1024 ? TABLE_BLOCK : 16 * 1024,
    SECTOR = 512, /* the unit in which a disk reads or fails */
};

/* Makes room for n bytes; the content of the block is lost. */
static enum err make_room(struct table_lines *l, size_t n)
{
    if (n <= l->cap)
        return OK;
    free(l->block);
    l->block = malloc(n);
    l->cap = l->block ? n : 0;
    return l->block ? OK : ERR_NOMEM;
}

enum err table_lines_init(struct table_lines *l, const struct table_source *source)
{
    *l = (struct table_lines){.source = source, .next_read = FIRST_READ};
    return make_room(l, FIRST_READ);
}

void table_lines_done(struct table_lines *l)
{
    free(l->block);
    l->block = NULL;
}

void table_lines_seek(struct table_lines *l, uint64_t offset)
{
    if (offset >= l->offset && offset < l->offset + l->len) {
        l->pos = (size_t)(offset - l->offset);
        return;
    }
    l->offset = offset;
    l->len = l->pos = 0;
    l->next_read = FIRST_READ;
}

/* Halves the read, up to the end of a sector. False if that would not make it shorter. */
static bool halve(struct table_lines *l)
{
    uint64_t end = (l->offset + l->len / 2) / SECTOR * SECTOR;
    if (end <= l->offset)
        end = (l->offset / SECTOR + 1) * SECTOR;
    if (end >= l->offset + l->len)
        return false;
    l->len = l->next_read = (size_t)(end - l->offset);
    l->full = true;
    return true;
}

/* Reads as much of the block as possible: the disk may fail only in its later part. */
static enum err read_block(struct table_lines *l)
{
    enum err err;
    do
        err = table_source_read(l->source, l->block, l->len, l->offset);
    while (err == ERR_IO && halve(l));
    return err;
}

/* Reads the block that begins at the first byte that was not returned yet. The file is checked after the read, so that
 * bytes that changed meanwhile are not used. */
static enum err refill(struct table_lines *l)
{
    const struct table_source *s = l->source;
    l->offset += l->pos;
    l->pos = 0;
    uint64_t left = l->offset < s->size ? s->size - l->offset : 0;
    l->full = left >= l->next_read;
    l->len = l->full ? l->next_read : (size_t)left;
    l->next_read = l->next_read < TABLE_BLOCK / 2 ? 2 * l->next_read : TABLE_BLOCK;
    enum err err = make_room(l, l->len);
    if (!err && l->len)
        err = read_block(l);
    if (!err)
        err = table_source_check(s);
    if (err)
        l->len = 0;
    return err;
}

enum err table_lines_next(struct table_lines *l, struct table_segment *out)
{
    const char *end = l->pos < l->len ? memchr(l->block + l->pos, '\n', l->len - l->pos) : NULL;
    bool whole = l->pos == 0 && l->len > 0 && l->full; /* a line that is longer than the block is returned in pieces */
    if (!end && !whole) {
        enum err err = refill(l);
        if (err)
            return err;
        end = l->len ? memchr(l->block, '\n', l->len) : NULL;
    }
    out->text = l->block + l->pos;
    out->offset = l->offset + l->pos;
    out->ends_line = end != NULL;
    out->len = end ? (size_t)(end + 1 - out->text) : l->len - l->pos;
    l->pos += out->len;
    return OK;
}

/* Counts the bytes equal to `mark`, or, if it is 0, those that are not continuation bytes of UTF-8. */
static enum err count_bytes(const struct table_source *s, uint64_t from, uint64_t to, char mark, uint64_t *out)
{
    char block[4096];
    for (*out = 0; from < to;) {
        size_t n = to - from < sizeof block ? (size_t)(to - from) : sizeof block;
        enum err err = table_source_read(s, block, n, from);
        if (err)
            return err;
        for (size_t i = 0; i < n; i++)
            *out += mark ? block[i] == mark : ((unsigned char)block[i] & 0xc0) != 0x80;
        from += n;
    }
    return OK;
}

enum err table_count_characters(const struct table_source *s, uint64_t from, uint64_t to, uint64_t *out)
{
    return count_bytes(s, from, to, '\0', out);
}

enum err table_count_lines(const struct table_source *s, uint64_t offset, uint64_t *out)
{
    enum err err = count_bytes(s, 0, offset, '\n', out);
    ++*out;
    return err;
}
