/* SPDX-License-Identifier: MIT
 * A condition prepared for testing many rows. For the engine room only. */
#ifndef ENGINE_MATCH_H
#define ENGINE_MATCH_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/engine/table.h"

/* Shared by all threads and read-only. */
struct match {
    const struct table *table;
    const struct find *find;
    bool by_value; /* compare by `order`, because the column is not text */
    uint64_t order;
    struct buf natural;  /* for comparisons of text: its sort key */
    pcre2_code *pattern; /* NULL if not needed */
    bool raw;            /* all matching rows contain the text as raw bytes, so hits find them … */
    bool sure;           /* … and find no others */
};

enum err match_init(struct match *m, const struct table *t, const struct find *f, struct problem *problem) MUST_CHECK;
void match_done(struct match *m);

/* Owned by one thread. */
struct matcher {
    const struct match *match;
    struct buf natural;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

enum err matcher_init(struct matcher *r, const struct match *m) MUST_CHECK;
void matcher_done(struct matcher *r);

/* Whether these cells match: that of the column, or all of a row. ERR_TOO_BIG: the pattern takes too long. */
enum err matcher_ask(struct matcher *r, const struct cell *cells, size_t n, bool *out) MUST_CHECK;

#endif
