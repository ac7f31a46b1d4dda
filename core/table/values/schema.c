/* SPDX-License-Identifier: MIT
 * Writes and reads the schema, which is sealed memory: identity of the source, path, columns and codes. The process
 * that loaded the table also reads it from there, so all processes use the same code. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/io.h"
#include "core/table/private.h"

struct schema_head {
    char magic[8];
    uint64_t size;
    int64_t mtime_seconds, mtime_nanoseconds;
    uint64_t signature;
    uint64_t ncolumns, key, ncodes, flags;
    char delimiter;
};
static const char schema_magic[8] = "psschem2";
enum { CODES_COMPLETE = 1, NO_HEADER = 2, LEARNED = 4, OURS = 8, GROWING = 16, LONE_CRS = 32 };

/* Precedes each text, which is followed by a NUL. */
struct schema_item {
    uint64_t len, value, flags;
};
enum { ITEM_GIVEN = 1, ITEM_DAY_FIRST = 2 };

static void put_item(struct buf *b, const char *text, size_t len, uint64_t value, uint64_t flags)
{
    struct schema_item item = {.len = len, .value = value, .flags = flags};
    buf_add(b, &item, sizeof item);
    buf_add(b, text, len);
    buf_add_char(b, '\0');
}

static uint64_t flags_of(const struct table_schema *s)
{
    const struct table_source *source = &s->body->source;
    return (s->found->codes_complete ? CODES_COMPLETE : 0) | (s->no_header ? NO_HEADER : 0) |
           (s->learned ? LEARNED : 0) | (source->ours ? OURS : 0) | (source->growing ? GROWING : 0) |
           (source->lone_crs ? LONE_CRS : 0);
}

enum err table_schema_write(const struct table_schema *s, int *fd)
{
    const struct table_source *source = &s->body->source;
    const struct table_set *codes = &s->found->codes;
    struct schema_head head = {
        .size = source->size,
        .mtime_seconds = source->mtime_seconds,
        .mtime_nanoseconds = source->mtime_nanoseconds,
        .signature = source->signature,
        .ncolumns = s->header->n,
        .key = s->key,
        .ncodes = codes->n,
        .flags = flags_of(s),
        .delimiter = s->body->delimiter,
    };
    struct buf b;
    memcpy(head.magic, schema_magic, sizeof head.magic);
    buf_init(&b, (size_t)1 << 32);
    buf_add(&b, &head, sizeof head);
    put_item(&b, s->path, strlen(s->path), 0, 0);
    for (size_t i = 0; i < s->header->n; i++) {
        const struct column *c = &s->header->columns[i];
        put_item(&b, c->name, c->name_len, c->dtype,
                 (c->given ? ITEM_GIVEN : 0) | (s->found->day_first[i] ? ITEM_DAY_FIRST : 0));
    }
    for (size_t i = 0; i < codes->n; i++)
        put_item(&b, table_set_text(codes, i), codes->entries[i].len, codes->entries[i].count, 0);
    enum err err = b.err ? b.err : io_sealed_memory("poolscope-schema", b.data, b.len, fd);
    buf_done(&b);
    return err;
}

/* The rest of the bytes. */
struct cursor {
    const char *at;
    size_t left;
};

static const char *take(struct cursor *c, size_t len)
{
    if (len > c->left)
        return NULL;
    const char *at = c->at;
    c->at += len;
    c->left -= len;
    return at;
}

/* The text of the next item; NULL if the bytes end before it does. */
static const char *take_item(struct cursor *c, struct schema_item *item)
{
    const char *raw = take(c, sizeof *item);
    if (!raw)
        return NULL;
    memcpy(item, raw, sizeof *item);
    const char *text = item->len < c->left ? take(c, (size_t)item->len + 1) : NULL;
    return text && text[item->len] == '\0' ? text : NULL;
}

static enum err read_columns(struct table *t, struct cursor *c, size_t n)
{
    struct schema_item item;
    t->columns = calloc(n, sizeof *t->columns);
    t->day_first = calloc(n, sizeof *t->day_first);
    if (!t->columns || !t->day_first)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = take_item(c, &item);
        if (!name || item.value >= DTYPE_COUNT)
            return ERR_PARSE;
        t->columns[i] = (struct column){.name = name,
                                        .name_len = (size_t)item.len,
                                        .dtype = (enum dtype)item.value,
                                        .given = item.flags & ITEM_GIVEN};
        t->day_first[i] = item.flags & ITEM_DAY_FIRST;
    }
    t->body.ncolumns = n;
    return OK;
}

static struct table_code *read_codes(const struct table *t)
{
    struct cursor c = {t->codes_at, t->map_len - (size_t)(t->codes_at - (const char *)t->map)};
    struct schema_item item;
    struct table_code *codes = calloc(t->ncodes ? t->ncodes : 1, sizeof *codes);
    for (size_t i = 0; codes && i < t->ncodes; i++) {
        const char *text = take_item(&c, &item);
        if (!text) {
            free(codes);
            return NULL;
        }
        codes[i] = (struct table_code){.text = text, .len = (size_t)item.len, .count = item.value};
    }
    return codes;
}

/* If several threads read the codes at the same time, the first list is kept and the others are freed. */
const struct table_code *table_schema_codes(const struct table *t)
{
    struct table_code *_Atomic *kept = (struct table_code * _Atomic *)&t->codes;
    struct table_code *codes = atomic_load(kept), *none = NULL;
    if (codes || !(codes = read_codes(t)))
        return codes;
    if (!atomic_compare_exchange_strong(kept, &none, codes)) {
        free(codes);
        codes = none;
    }
    return codes;
}

static enum err read_all(struct table *t, struct cursor *c)
{
    struct schema_head head;
    struct schema_item item;
    const char *raw = take(c, sizeof head);
    if (!raw)
        return ERR_PARSE;
    memcpy(&head, raw, sizeof head);
    if (memcmp(head.magic, schema_magic, sizeof head.magic) != 0 || head.key >= head.ncolumns ||
        head.ncolumns > TABLE_COLUMNS_MAX || head.ncodes > TABLE_CODES_MAX)
        return ERR_PARSE;
    t->body.source.size = head.size;
    t->body.source.mtime_seconds = head.mtime_seconds;
    t->body.source.mtime_nanoseconds = head.mtime_nanoseconds;
    t->body.source.signature = head.signature;
    t->body.source.ours = head.flags & OURS;
    t->body.source.growing = head.flags & GROWING;
    t->body.source.lone_crs = head.flags & LONE_CRS;
    t->body.delimiter = head.delimiter;
    t->key = head.key;
    t->codes_complete = head.flags & CODES_COMPLETE;
    t->no_header = head.flags & NO_HEADER;
    t->learned = head.flags & LEARNED;
    t->path = take_item(c, &item);
    enum err err = t->path ? read_columns(t, c, head.ncolumns) : ERR_PARSE;
    t->codes_at = c->at;
    t->ncodes = head.ncodes;
    return err;
}

enum err table_schema_open(int fd, struct table *t)
{
    struct stat st;
    t->schema_fd = fd;
    if (!table_is_sealed(fd) || fstat(fd, &st) < 0)
        return ERR_PARSE;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return ERR_NOMEM;
    t->map = map;
    t->map_len = (size_t)st.st_size;
    struct cursor c = {map, t->map_len};
    return read_all(t, &c);
}
