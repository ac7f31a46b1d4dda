/* SPDX-License-Identifier: MIT
 * Raw structure of CSV: where fields and records end, found 64 bytes at a time from the parity of the quotes before
 * them. It is exact if every quote is where strict libcsv allows it. The first one that is not makes the state
 * `strange`; then the results are discarded, and libcsv parses the whole file. For the table room only. */
#ifndef TABLE_INDEX_RAW_H
#define TABLE_INDEX_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table/table.h"

enum {
    RAW_PAD = 64,    /* bytes after a text that are read and ignored */
    RAW_WORDS = 128, /* most masks of one call */
    RAW_STEP = RAW_WORDS * 64,
    RAW_PROBES = 4,
};

/* What precedes the next byte; kept between two calls. */
struct raw_state {
    uint64_t inside;      /* all ones: within quotes; else 0 */
    uint64_t after_mark;  /* 1: after a delimiter, a newline or a quote */
    uint64_t after_quote; /* 1: after a quote */
    uint64_t after_cr;    /* 1: after a quote and a CR */
    bool strange;         /* a quote that strict libcsv may refuse */
};

/* At the start of a record. */
static inline struct raw_state raw_begin(void)
{
    return (struct raw_state){.after_mark = 1};
}

/* An index entry: offset and row of the first record that begins at or after some offset. */
struct raw_entry {
    uint64_t offset, row;
};

/* Counts records, and stores one entry for each window of the file. */
struct raw_tally {
    uint64_t expected;            /* delimiters of a record */
    uint64_t rows;                /* record ends so far */
    uint64_t delimiters;          /* so far */
    uint64_t last;                /* delimiters before the last end */
    uint64_t head;                /* delimiters before the first end, whose record began before the text */
    uint64_t next, window;        /* where the window of the next entry begins */
    uint64_t limit;               /* records that begin here or later get no entry */
    uint64_t first_end, last_end; /* offsets after the first and after the last end */
    struct raw_entry *entry;
    struct table_ragged ragged;
};

/* A literal to search for. `fold` is 0x20 for each byte whose case does not matter; that byte is lower-case. */
struct raw_probe {
    unsigned char *bytes, *fold; /* owned */
    size_t len;
    bool folded;           /* the case of some byte does not matter */
    size_t at[RAW_PROBES]; /* offsets of its rarest bytes, which are compared first */
};

struct raw_ops {
    const char *name;

    /* Masks of `len` bytes (at most RAW_STEP; a multiple of 64 unless they are the last): ends of
     * records, delimiters. */
    void (*split)(const char *text, size_t len, char delimiter, struct raw_state *s, uint64_t *ends, uint64_t *seps);

    /* Counts the records of such masks; the text is at `offset`. */
    void (*tally)(struct raw_tally *t, const uint64_t *ends, const uint64_t *seps, size_t words, uint64_t offset);

    /* The first offset >= from of the literal, or `len`. */
    size_t (*probe)(const struct raw_probe *p, const char *text, size_t len, size_t from);
};

extern const struct raw_ops raw_portable;

/* Guesses whether a text begins within quotes, from the first quote whose neighbours show what it is. */
bool raw_guess_inside(const char *text, size_t len, char delimiter);

/* The fastest implementation for this CPU. */
const struct raw_ops *raw_best(void);

#ifdef __x86_64__
extern const struct raw_ops raw_avx2;
bool raw_has_avx2(void);
#endif

#endif
