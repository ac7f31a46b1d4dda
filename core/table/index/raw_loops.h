/* SPDX-License-Identifier: MIT
 * Loops shared by all CPUs. They are inlined into functions that are compiled for one CPU, so that counting bits is a
 * single instruction there. Included by raw*.c only. */
#ifndef TABLE_INDEX_RAW_LOOPS_H
#define TABLE_INDEX_RAW_LOOPS_H

#include <string.h>

#include "core/table/index/raw.h"

#define RAW_INLINE static inline __attribute__((always_inline))

struct raw_bytes {
    uint64_t quote, delimiter, newline; /* one bit for each of 64 bytes */
};

/* The quotes that strict libcsv would refuse. `s_in` marks bytes within quotes. A quote may open a field after a
 * delimiter, a newline or a quote. After a closing quote the same bytes are allowed, and CR LF. */
RAW_INLINE uint64_t raw_strange(const struct raw_bytes *b, uint64_t s_in, uint64_t marks, uint64_t cr,
                                struct raw_state *s)
{
    uint64_t strange = b->quote & s_in & ~(marks << 1 | s->after_mark);
    uint64_t after = (b->quote << 1 | s->after_quote) & ~marks & ~s_in;
    uint64_t good = after & cr;
    strange |= after & ~cr;
    strange |= (good << 1 | s->after_cr) & ~b->newline & ~s_in;
    s->after_cr = good >> 63;
    return strange;
}

/* Counts a record that has more or fewer fields than the header. */
RAW_INLINE void raw_odd_record(struct raw_tally *t, uint64_t fields)
{
    struct table_ragged *r = &t->ragged;
    uint64_t *count = fields > t->expected ? &r->long_rows : &r->short_rows;
    uint64_t *first = fields > t->expected ? &r->first_long : &r->first_short;
    if ((*count)++ == 0)
        *first = t->rows;
}

/* Stores the entries of the windows up to `offset`, where a record begins. */
RAW_INLINE void raw_note_entry(struct raw_tally *t, uint64_t offset)
{
    if (offset >= t->limit) {
        t->next = UINT64_MAX;
        return;
    }
    for (; t->next <= offset; t->next += t->window)
        *t->entry++ = (struct raw_entry){offset, t->rows};
}

RAW_INLINE void raw_first_end(struct raw_tally *t, uint64_t delimiters)
{
    t->head = delimiters;
    t->first_end = t->last_end;
}

RAW_INLINE void raw_tally_words(struct raw_tally *t, const uint64_t *ends, const uint64_t *seps, size_t words,
                                uint64_t offset)
{
    for (size_t w = 0; w < words; w++, offset += 64) {
        for (uint64_t left = ends[w]; left; left &= left - 1) {
            int i = __builtin_ctzll(left);
            uint64_t here = t->delimiters + (uint64_t)__builtin_popcountll(seps[w] & (((uint64_t)1 << i) - 1));
            t->last_end = offset + (uint64_t)i + 1;
            if (t->rows == 0)
                raw_first_end(t, here);
            else if (here - t->last != t->expected)
                raw_odd_record(t, here - t->last);
            t->last = here;
            t->rows++;
            if (t->last_end >= t->next)
                raw_note_entry(t, t->last_end);
        }
        t->delimiters += (uint64_t)__builtin_popcountll(seps[w]);
    }
}

RAW_INLINE bool raw_is_there(const struct raw_probe *p, const char *at)
{
    if (!p->folded)
        return memcmp(at, p->bytes, p->len) == 0;
    for (size_t i = 0; i < p->len; i++)
        if (((unsigned char)at[i] | p->fold[i]) != p->bytes[i])
            return false;
    return true;
}

#endif
