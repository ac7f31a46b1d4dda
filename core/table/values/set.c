/* SPDX-License-Identifier: MIT
 * A hash table with open addressing; the texts are in one buffer. */
#include <stdlib.h>
#include <string.h>

#include "core/table/values/set.h"

void table_set_init(struct table_set *s, size_t max, size_t max_bytes)
{
    *s = (struct table_set){.max = max};
    buf_init(&s->text, max_bytes);
}

void table_set_done(struct table_set *s)
{
    free(s->entries);
    free(s->slots);
    buf_done(&s->text);
    *s = (struct table_set){0};
}

enum { SHORT = 7, GROUP = 32 }; /* bytes of a short text; cells whose memory is prefetched together */

/* A text of up to seven bytes and its length as one word, which is different for every such text. */
static uint64_t word_of(const char *text, size_t len)
{
    uint64_t word = (uint64_t)len << 56;
    if (len >= 4) {
        uint32_t first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + len - 4, 4);
        return word | (uint64_t)first | (uint64_t)last << (8 * (len - 4)); /* overlapping bytes are equal */
    }
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)(unsigned char)text[i] << (8 * i);
    return word;
}

/* The final mix of MurmurHash3: the low bits depend on all others, and different words stay different. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

/* Short texts have different hashes; longer ones are hashed by a variant of FNV-1a that takes words. */
static uint64_t hash_of(const char *text, size_t len)
{
    if (len <= SHORT)
        return mix(word_of(text, len));
    uint64_t h = 0xcbf29ce484222325u ^ len, word;
    size_t left = len;
    for (; left >= 8; text += 8, left -= 8) {
        memcpy(&word, text, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    if (left > 0)
        h = (h ^ word_of(text, left)) * 0x9e3779b97f4a7c15u;
    return mix(h);
}

static bool is_entry(const struct table_set *s, const struct table_set_entry *e, uint64_t hash, const char *text,
                     size_t len)
{
    return e->hash == hash && e->len == len && (len <= SHORT || memcmp(s->text.data + e->at, text, len) == 0);
}

/* The slot of this text, or the free slot for it. */
static size_t find_slot(const struct table_set *s, uint64_t hash, const char *text, size_t len)
{
    size_t i = (size_t)hash & (s->nslots - 1);
    while (s->slots[i] && !is_entry(s, &s->entries[s->slots[i] - 1], hash, text, len))
        i = (i + 1) & (s->nslots - 1);
    return i;
}

static enum err grow_slots(struct table_set *s)
{
    size_t nslots = s->nslots ? s->nslots * 2 : 64;
    uint32_t *slots = calloc(nslots, sizeof *slots);
    if (!slots)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = (size_t)s->entries[i].hash & (nslots - 1);
        while (slots[at])
            at = (at + 1) & (nslots - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(s->slots);
    s->slots = slots;
    s->nslots = nslots;
    return OK;
}

static enum err grow_entries(struct table_set *s)
{
    size_t cap = s->cap ? s->cap * 2 : 32;
    struct table_set_entry *entries = reallocarray(s->entries, cap, sizeof *entries);
    if (!entries)
        return ERR_NOMEM;
    s->entries = entries;
    s->cap = cap;
    return OK;
}

static enum err enter(struct table_set *s, uint64_t hash, const char *text, size_t len, uint64_t count)
{
    if (s->full || s->n >= s->max || len > s->text.max - s->text.len) {
        s->full = true;
        return OK;
    }
    enum err err = s->n == s->cap ? grow_entries(s) : OK;
    if (!err && (s->n + 1) * 2 > s->nslots)
        err = grow_slots(s);
    size_t at = s->text.len;
    if (!err)
        err = buf_add(&s->text, text, len);
    if (err)
        return err;
    size_t slot = find_slot(s, hash, text, len);
    s->entries[s->n++] = (struct table_set_entry){.hash = hash, .count = count, .at = at, .len = len};
    s->slots[slot] = (uint32_t)s->n;
    return OK;
}

static enum err count_hashed(struct table_set *s, uint64_t hash, const char *text, size_t len, uint64_t more,
                             uint64_t *before)
{
    size_t slot = s->nslots ? find_slot(s, hash, text, len) : 0;
    bool known = s->nslots && s->slots[slot];
    if (before)
        *before = known ? s->entries[s->slots[slot] - 1].count : 0;
    if (!known)
        return enter(s, hash, text, len, more);
    s->entries[s->slots[slot] - 1].count += more;
    return OK;
}

enum err table_set_count(struct table_set *s, const char *text, size_t len, uint64_t more, uint64_t *before)
{
    return count_hashed(s, hash_of(text, len), text, len, more, before);
}

/* Finding a text waits for memory twice, for the slot and the entry. Prefetches both for a group of cells. */
static void fetch(const struct table_set *s, const uint64_t *hashes, size_t n)
{
    if (s->nslots == 0)
        return;
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(&s->slots[hashes[i] & (s->nslots - 1)]);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = s->slots[hashes[i] & (s->nslots - 1)];
        if (at)
            __builtin_prefetch(&s->entries[at - 1], 1);
    }
}

void table_set_find_cells(const struct table_set *s, const struct cell *cells, size_t n, size_t *at)
{
    uint64_t hashes[GROUP];
    for (size_t from = 0; from < n; from += GROUP) {
        size_t many = n - from < GROUP ? n - from : GROUP;
        for (size_t i = 0; i < many; i++)
            hashes[i] = hash_of(cells[from + i].text, cells[from + i].len);
        fetch(s, hashes, many);
        for (size_t i = 0; i < many; i++) {
            const struct cell *cell = &cells[from + i];
            size_t slot = s->nslots ? find_slot(s, hashes[i], cell->text, cell->len) : 0;
            at[from + i] = s->nslots && s->slots[slot] && !cell->null ? s->slots[slot] - 1 : SIZE_MAX;
        }
    }
}

enum err table_set_count_cells(struct table_set *s, const struct cell *cells, size_t stride, size_t n, uint64_t *nulls)
{
    uint64_t hashes[GROUP];
    enum err err = OK;
    for (size_t from = 0; !err && from < n; from += GROUP) {
        size_t many = n - from < GROUP ? n - from : GROUP;
        const struct cell *first = &cells[from * stride];
        for (size_t i = 0; i < many; i++)
            hashes[i] = hash_of(first[i * stride].text, first[i * stride].len);
        fetch(s, hashes, many);
        for (size_t i = 0; !err && i < many; i++) {
            const struct cell *cell = &first[i * stride];
            if (cell->null)
                ++*nulls;
            else
                err = count_hashed(s, hashes[i], cell->text, cell->len, 1, NULL);
        }
    }
    return err;
}

const char *table_set_text(const struct table_set *s, size_t i)
{
    return buf_text(&s->text) + s->entries[i].at;
}
