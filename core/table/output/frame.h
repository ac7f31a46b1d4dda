/* SPDX-License-Identifier: MIT
 * A frame: strings in cells, drawn as a box 100 columns wide that is arranged as Polars arranges it. For the table room
 * only. */
#ifndef TABLE_OUTPUT_FRAME_H
#define TABLE_OUTPUT_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum {
    FRAME_WIDTH = 100,
    FRAME_COLUMNS = 9, /* 8 and the ellipsis */
    FRAME_ROWS = 12,   /* the header, 10 rows and the ellipsis */
    FRAME_TEXT = 160,  /* 30 characters of 4 bytes, an ellipsis, the header's other lines */
};

struct frame_cell {
    char text[FRAME_TEXT];
    size_t len;
    size_t estimate; /* the width that Polars estimates, without padding */
};

struct frame {
    struct frame_cell cells[FRAME_ROWS][FRAME_COLUMNS]; /* row 0 is the header */
    size_t nrows, ncolumns;
    bool cut;                    /* some rows are left out */
    size_t width[FRAME_COLUMNS]; /* of the content, set by frame_arrange */
};

void frame_arrange(struct frame *f);
enum err frame_add(const struct frame *f, struct buf *out);

#endif
