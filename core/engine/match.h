/* SPDX-License-Identifier: MIT
 * A condition made ready for many rows. For the engine room only. */
#ifndef ENGINE_MATCH_H
#define ENGINE_MATCH_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/engine/table.h"

/* Shared by all threads, read-only. */
struct match {
    const struct table *table;
    const struct find *find;
    bool by_value; /* a comparison in a column that is no text: with `order` */
    uint64_t order;
    struct buf natural;  /* a comparison of text: the text's natural order */
    pcre2_code *pattern; /* NULL: none is needed */
    bool raw;            /* rows that match hold the text raw: hits find them all … */
    bool sure;           /* … and nothing but them */
};

enum err match_init(struct match *m, const struct table *t, const struct find *f, struct problem *problem) MUST_CHECK;
void match_done(struct match *m);

/* One thread's own. */
struct matcher {
    const struct match *match;
    struct buf natural;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

enum err matcher_init(struct matcher *r, const struct match *m) MUST_CHECK;
void matcher_done(struct matcher *r);

/* Do these cells match: of the column alone, or all of a row? ERR_TOO_BIG: the pattern takes too long on one. */
enum err matcher_ask(struct matcher *r, const struct cell *cells, size_t n, bool *out) MUST_CHECK;

#endif
