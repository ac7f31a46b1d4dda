/* SPDX-License-Identifier: MIT
 * What both sides of the query server share. For this room only. */
#ifndef QUERY_PRIVATE_H
#define QUERY_PRIVATE_H

#include "core/query/query.h"
#include "core/table/values/set.h"

extern const struct field query_fields[], query_answer_fields[];

int query_process_main(int sock);

/* work.c: answers one query. The caller owns the fds of the answer. */
struct query_server_state {
    int control;
    struct engine *engine;
    struct table *table;             /* NULL: none yet */
    struct table_progress *progress; /* memory shared with the asking process; NULL: none yet */
};

enum err query_perform(struct query_server_state *d, const struct query *a, const int *fds, int nfds,
                       struct query_answer *out, int out_fds[QUERY_ANSWER_FDS], int *out_nfds, struct problem *problem)
    MUST_CHECK;

/* lists.c: lists of rows and of texts in files. */
enum err query_list_within(const struct query *a, const int *fds, int nfds, struct row_list *out) MUST_CHECK;
enum err query_sorted_within(const struct row_list *sorted, const struct row_list *within, uint64_t rows,
                             struct row_list *out) MUST_CHECK;
enum err query_texts_write(const struct table_set *texts, int *fd) MUST_CHECK;

/* codes.c: how often each code occurs in these rows (NULL: all). */
enum err query_codes(const struct query_server_state *d, const struct row_list *rows, struct table_set *out,
                     uint64_t *nulls) MUST_CHECK;

/* save.c: writes these rows (NULL: all) to the file that the query names. */
enum err query_save(const struct query_server_state *d, const struct query *a, const struct row_list *rows,
                    struct query_answer *out, struct problem *problem) MUST_CHECK;

#endif
