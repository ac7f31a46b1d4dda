/* SPDX-License-Identifier: MIT
 * What both sides of a desk share. For the pool room only. */
#ifndef QUERY_PRIVATE_H
#define QUERY_PRIVATE_H

#include "core/query/query.h"
#include "core/table/values/set.h"

extern const struct field ask_fields[], answer_fields[];

int desk_process_main(int sock);

/* pool_desk_work.c: what the desk does with its table; fds of the answer are the caller's. */
struct desk_self {
    int control;
    struct engine *engine;
    struct table *table;             /* NULL: none yet */
    struct table_progress *progress; /* shared with who asks; NULL: none yet */
};

enum err desk_work(struct desk_self *d, const struct ask *a, const int *fds, int nfds, struct answer *out,
                   int out_fds[ANSWER_FDS], int *out_nfds, struct problem *problem) MUST_CHECK;

/* pool_desk_list.c: lists of rows and of texts in files. */
enum err desk_list_within(const struct ask *a, const int *fds, int nfds, struct row_list *out) MUST_CHECK;
enum err desk_sorted_within(const struct row_list *sorted, const struct row_list *within, uint64_t rows,
                            struct row_list *out) MUST_CHECK;
enum err desk_texts_write(const struct table_set *texts, int *fd) MUST_CHECK;

/* pool_desk_codes.c: how often each code is in these rows (NULL: all). */
enum err desk_codes(const struct desk_self *d, const struct row_list *rows, struct table_set *out,
                    uint64_t *nulls) MUST_CHECK;

/* pool_desk_save.c: the rows that the ask is about (NULL: all), written. */
enum err desk_save(const struct desk_self *d, const struct ask *a, const struct row_list *rows, struct answer *out,
                   struct problem *problem) MUST_CHECK;

#endif
