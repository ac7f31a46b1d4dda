/* SPDX-License-Identifier: MIT
 * Raw structure on any CPU, eight bytes at a time in an ordinary register. */
#include "core/table/index/raw.h"

#include <endian.h>

#include "core/table/index/raw_loops.h"

enum { GUESS_BY = 16 * 1024 };

#define EACH_BYTE 0x0101010101010101u

/* Sets bit i if byte i of eight equals `c`. */
static inline uint64_t equal_bytes(uint64_t word, unsigned char c)
{
    uint64_t x = word ^ (EACH_BYTE * c);
    uint64_t zero = ~(((x & ~(EACH_BYTE * 0x80)) + EACH_BYTE * 0x7f) | x) & (EACH_BYTE * 0x80);
    return (zero >> 7) * 0x0102040810204080u >> 56;
}

static uint64_t mask_of(const char *text, unsigned char c)
{
    uint64_t mask = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, text + 8 * i, 8);
        mask |= equal_bytes(le64toh(word), c) << (8 * i);
    }
    return mask;
}

/* Bit i of the result is the parity of the bits 0 … i. */
static uint64_t prefix_xor(uint64_t x)
{
    for (int shift = 1; shift < 64; shift *= 2)
        x ^= x << shift;
    return x;
}

static void split_portable(const char *text, size_t len, char delimiter, struct raw_state *s, uint64_t *ends,
                           uint64_t *seps)
{
    for (size_t at = 0; at < len; at += 64, text += 64) {
        uint64_t valid = len - at < 64 ? ((uint64_t)1 << (len - at)) - 1 : UINT64_MAX;
        struct raw_bytes b = {mask_of(text, '"') & valid, mask_of(text, (unsigned char)delimiter) & valid,
                              mask_of(text, '\n') & valid};
        uint64_t marks = b.quote | b.delimiter | b.newline;
        uint64_t in = prefix_xor(b.quote) ^ s->inside;
        s->inside = 0 - (in >> 63);
        *ends++ = b.newline & ~in;
        *seps++ = b.delimiter & ~in;
        if (b.quote | s->after_quote | s->after_cr)
            s->strange |= (raw_strange(&b, in, marks, mask_of(text, '\r'), s) & valid) != 0;
        s->after_mark = marks >> 63;
        s->after_quote = b.quote >> 63;
    }
}

static void tally_portable(struct raw_tally *t, const uint64_t *ends, const uint64_t *seps, size_t words,
                           uint64_t offset)
{
    raw_tally_words(t, ends, seps, words, offset);
}

/* Searches for the rarest byte by memchr(3) if its case matters, otherwise compares at every offset. */
static size_t probe_portable(const struct raw_probe *p, const char *text, size_t len, size_t from)
{
    size_t rare = p->at[0];
    if (p->len > len)
        return len;
    for (size_t i = from; i + p->len <= len; i++) {
        if (!p->fold[rare]) {
            const char *hit = memchr(text + i + rare, p->bytes[rare], len - p->len - i + 1);
            if (!hit)
                return len;
            i = (size_t)(hit - text) - rare;
        }
        if (raw_is_there(p, text + i))
            return i;
    }
    return len;
}

const struct raw_ops raw_portable = {"portable", split_portable, tally_portable, probe_portable};

/* 1: this quote opens a field, 0: it closes one, -1: unknown. */
static int kind_of_quote(char before, char after, char delimiter)
{
    bool mark_before = before == delimiter || before == '\n', quote_before = before == '"';
    bool mark_after = after == delimiter || after == '\n' || after == '\r', quote_after = after == '"';
    if (quote_before || quote_after || mark_before == mark_after)
        return -1;
    return mark_before;
}

bool raw_guess_inside(const char *text, size_t len, char delimiter)
{
    bool odd = false;
    len = len < GUESS_BY ? len : GUESS_BY;
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] != '"')
            continue;
        int kind = i > 0 ? kind_of_quote(text[i - 1], text[i + 1], delimiter) : -1;
        if (kind >= 0)
            return (kind == 0) != odd;
        odd = !odd;
    }
    return false;
}

const struct raw_ops *raw_best(void)
{
#ifdef __x86_64__
    if (raw_has_avx2())
        return &raw_avx2;
#endif
    return &raw_portable;
}
