/* SPDX-License-Identifier: MIT
 * The table itself, and the steps that make one; for this room only. Bytes flow from source/ to csv/ (the cells of one
 * record) to index/ (where records begin) to values/ (dtypes and codes); the schema stores what was found. */
#ifndef TABLE_PRIVATE_H
#define TABLE_PRIVATE_H

#include "core/table/index/index.h"
#include "core/table/table.h"
#include "core/table/values/values.h"

struct table {
    struct table_body body;
    int schema_fd;
    void *map; /* of schema_fd; path, names and codes are stored in it */
    size_t map_len;
    const char *path;
    struct column *columns;  /* body.ncolumns of them */
    bool *day_first;         /* of each column: its dates are written day first */
    bool no_header, learned; /* learned: dtypes and codes are those of all rows */
    size_t key;
    const char *codes_at;             /* where the codes are in `map`; they are read on first use */
    struct table_code *_Atomic codes; /* NULL: not read yet */
    size_t ncodes;
    bool codes_complete;
};

/* values/schema.c: all that is known of a table except its bytes and its index, in sealed memory. */
struct table_schema {
    const struct table_body *body;
    const struct table_header *header;
    const struct table_found *found;
    size_t key;
    const char *path;
    bool no_header, learned;
};

enum err table_schema_write(const struct table_schema *s, int *fd) MUST_CHECK;

/* Takes `fd`, and fills `t` except for its index and the source's fd. */
enum err table_schema_open(int fd, struct table *t) MUST_CHECK;

/* t->ncodes codes; NULL if they cannot be read. */
const struct table_code *table_schema_codes(const struct table *t);

/* table.c */
struct table *table_new(void);

/* Hands `t` to *out, or frees it (NULL is fine) if `err` is an error. Returns `err`. */
enum err table_give(struct table *t, enum err err, struct table **out) MUST_CHECK;

/* open.c: how messages name the input. */
const char *table_input_name(const struct table_options *o);
enum err table_open_source(struct table *t, int fd, const struct table_options *o, struct problem *problem) MUST_CHECK;

/* Indexes the first rows and reads the header, with the overrides of dtypes; *key is the key column. */
enum err table_open_first(struct table *t, const struct table_options *o, bool strict, struct table_header *header,
                          size_t *key, struct problem *problem) MUST_CHECK;

/* Scans all rows of `t` and writes its schema. */
enum err table_describe(struct table *t, struct table_header *h, const struct table_scan_options *o, bool no_header,
                        struct problem *problem) MUST_CHECK;

/* steps.c: replaces the index of the first rows by that of all rows. */
enum err table_index_rest(struct table_body *body, const struct table_parse *how, const struct table_tuning *tuning,
                          const struct table_runner *runner, struct problem *problem) MUST_CHECK;
enum err table_index_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                           struct table_progress *progress, struct table **out, struct problem *problem) MUST_CHECK;
enum err table_grow_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                          struct table_progress *progress, struct table **out, struct problem *problem) MUST_CHECK;

#endif
