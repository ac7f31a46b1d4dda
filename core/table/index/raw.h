/* SPDX-License-Identifier: MIT
 * Raw structure of CSV: where fields and records end, 64 bytes at a time, by the parity of the quotes before. Exact on
 * text in which every quote stands where strict libcsv wants it; the first that does not makes the state `strange`, and
 * then nothing of all this counts: libcsv parses everything. For the table room only. */
#ifndef TABLE_INDEX_RAW_H
#define TABLE_INDEX_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table/table.h"

enum {
    RAW_PAD = 64,    /* bytes behind a text that may be read, whatever they hold */
    RAW_WORDS = 128, /* masks of one call at most */
    RAW_STEP = RAW_WORDS * 64,
    RAW_PROBES = 4,
};

/* Between two calls: what lies before the next byte. */
struct raw_state {
    uint64_t inside;      /* all ones: within quotes */
    uint64_t after_mark;  /* 1: behind a delimiter, a newline or a quote */
    uint64_t after_quote; /* 1: behind a quote */
    uint64_t after_cr;    /* 1: behind a CR that stands behind a quote */
    bool strange;         /* a quote that strict libcsv refuses, or a CR beside one: ask libcsv */
};

/* At the start of a record. */
static inline struct raw_state raw_begin(void)
{
    return (struct raw_state){.after_mark = 1};
}

/* One index entry: the first record that begins at or behind some place. */
struct raw_entry {
    uint64_t offset, row;
};

/* Counts records and notes where they begin, one entry for each window of the file. */
struct raw_tally {
    uint64_t expected;      /* delimiters of a record */
    uint64_t rows;          /* ends so far */
    uint64_t delimiters;    /* so far */
    uint64_t last;          /* of them before the last end */
    uint64_t head;          /* of them before the first end: that record began elsewhere */
    uint64_t next, window;  /* where the next entry's window begins */
    uint64_t limit;         /* records that begin here or behind it are not noted */
    uint64_t first, behind; /* where the text behind the first and behind the last end begins */
    struct raw_entry *entry;
    struct table_ragged ragged;
};

/* A literal to look for: bytes, each with 0x20 where its case does not matter (the byte is lower-case then). */
struct raw_probe {
    unsigned char *bytes, *fold; /* owned */
    size_t len;
    bool folded;           /* some byte is */
    size_t at[RAW_PROBES]; /* the offsets that are looked at first: its rarest bytes */
};

struct raw_ops {
    const char *name;

    /* Masks of `len` bytes (at most RAW_STEP; a multiple of 64 unless they are the last): ends of
     * records, delimiters. */
    void (*split)(const char *text, size_t len, char delimiter, struct raw_state *s, uint64_t *ends, uint64_t *seps);

    /* Takes such masks of the text at `offset`. */
    void (*tally)(struct raw_tally *t, const uint64_t *ends, const uint64_t *seps, size_t words, uint64_t offset);

    /* The first place >= from where the literal is, or `len`. */
    size_t (*probe)(const struct raw_probe *p, const char *text, size_t len, size_t from);
};

extern const struct raw_ops raw_portable;

/* Does this text, which begins anywhere, begin within quotes? By the first quote whose neighbours tell. */
bool raw_guess_inside(const char *text, size_t len, char delimiter);

/* The best that this CPU has. */
const struct raw_ops *raw_best(void);

#ifdef __x86_64__
extern const struct raw_ops raw_avx2;
bool raw_has_avx2(void);
#endif

#endif
