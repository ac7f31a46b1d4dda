/* SPDX-License-Identifier: MIT
 * Blocks of whole records, read by the index: for walks and hits. For the table room only. */
#ifndef TABLE_INDEX_BLOCKS_H
#define TABLE_INDEX_BLOCKS_H

#include "core/table/private.h"
#include "core/table/index/walk.h"

struct table_blocks {
    const struct table_body *body;
    struct table_progress *progress;
    size_t next, end; /* index entries */
    char *text;       /* owned; RAW_PAD bytes behind it may be read */
    size_t cap;
    size_t len; /* 0: the span is over, or the block is not in memory */
    uint64_t offset;
    uint64_t row, rows; /* in the block */
    size_t entry;       /* its first */
};

void table_blocks_init(struct table_blocks *b, const struct table_body *body, struct table_progress *progress);
void table_blocks_done(struct table_blocks *b);
void table_blocks_begin(struct table_blocks *b, struct table_span span);

/* The next block; rows is 0 behind the last one. A record that is too large for memory comes without text (len 0): a
 * reader has to take it. ERR_CANCELLED if the progress is to stop. */
enum err table_blocks_next(struct table_blocks *b) MUST_CHECK;

#endif
