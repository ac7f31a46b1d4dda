/* SPDX-License-Identifier: MIT
 * A block is a run of complete records in memory, found by the index. Walks and hits read blocks. For the table room
 * only. */
#ifndef TABLE_INDEX_BLOCKS_H
#define TABLE_INDEX_BLOCKS_H

#include "core/table/private.h"
#include "core/table/index/walk.h"

struct table_blocks {
    const struct table_body *body;
    struct table_progress *progress;
    size_t next, end; /* index entries */
    char *text;       /* owned; RAW_PAD more bytes may be read */
    size_t cap;
    size_t len; /* 0: the span has ended, or the block is not in memory */
    uint64_t offset;
    uint64_t row, rows; /* the first row of the block, and how many it has */
    size_t entry;       /* the first index entry of the block */
};

void table_blocks_init(struct table_blocks *b, const struct table_body *body, struct table_progress *progress);
void table_blocks_done(struct table_blocks *b);
void table_blocks_begin(struct table_blocks *b, struct table_span span);

/* Reads the next block; `rows` is 0 after the last one. A record that is too large for a block, and every record of a
 * file where raw structure is not exact, has no text (len 0) and must be read by a table_reader. ERR_CANCELLED if the
 * progress was stopped. */
enum err table_blocks_next(struct table_blocks *b) MUST_CHECK;

#endif
