/* SPDX-License-Identifier: MIT
 * The query server: the process that answers what a person asks of the open table while the host's engine belongs to a
 * pool. It has an engine of its own, gets tables as fds, does one thing at a time and gives back fds: a table, a list
 * of rows, the distinct texts of a column. It dies with who started it, and the table stays on the screen when it dies
 * alone. One thread uses a query server. */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/engine/table.h"
#include "core/event/shape.h"
#include "core/table/output/save.h"

enum query_type {
    QUERY_TABLE,      /* the table that all others are about; its fds come with it. No answer */
    QUERY_INDEX,      /* all its rows: answered by a table, which is the query server's from now on */
    QUERY_LEARN,      /* dtypes and codes of all rows: the same */
    QUERY_GROW,       /* what came behind it in its file: the same */
    QUERY_GROW_SPOOL, /* the same for a stream's spool, whose fd comes with it: `size` bytes, `growing`: more to come */
    QUERY_FIND,       /* rows as a list */
    QUERY_NEXT,       /* the row of engine_find_next */
    QUERY_SORT,       /* all rows in the order of a column as a list */
    QUERY_NARROW,     /* of a list those that are `within`: both fds come with it, `within` first; the other is whole */
    QUERY_FREQUENCY,  /* distinct texts, the most frequent first */
    QUERY_STATISTICS,
    QUERY_CODES, /* distinct codes of the rows, as they come: as FREQUENCY */
    QUERY_SAVE,  /* to the file called `text` */
    QUERY_TYPE_COUNT
};

struct query {
    int64_t type, id;
    int64_t column;                                             /* -1: any */
    int64_t what;                                               /* enum find_what; SAVE: enum save_format */
    int64_t any_case, inverted, backwards, descending, growing; /* bool */
    char *text;
    char *columns;   /* SAVE: their places, in the order they are written, each with a blank behind it */
    int64_t replace; /* SAVE, bool: a file that is there */
    int64_t from, size;
    int64_t within, within_wide; /* FIND, NARROW, CODES, SAVE: only these rows; a list of so many, its fd
                                    comes with it. -1: all */
};

struct query_answer {
    int64_t type, id;
    int64_t error; /* enum err; then `problem` */
    char *problem;
    int64_t row;     /* NEXT: -1 is none */
    int64_t n, wide; /* of the list; of the distinct texts */
    int64_t size;    /* SAVE: bytes written */
    int64_t rows, nulls, odd, others, complete, distinct;
    char *least, *greatest;
    double sum, mean, deviation;
    int64_t shortest, longest;
    double seconds;
};

enum { QUERY_ANSWER_FDS = TABLE_FDS };

struct query_server; /* opaque */
enum err query_server_start(struct query_server **out, struct problem *problem) MUST_CHECK;
void query_server_free(struct query_server *d);    /* kills it: nothing it does is worth waiting for */
int query_server_fd(const struct query_server *d); /* poll for POLLIN: query_server_receive */

/* The fds stay the caller's. ERR_CLOSED: the query server is gone. Only one ask that is answered may be under way. */
enum err query_server_send(struct query_server *d, const struct query *a, const int *fds, int nfds) MUST_CHECK;

/* The answer, with as many fds as *nfds says (the caller's). ERR_AGAIN: not yet. ERR_CLOSED: it died. */
enum err query_server_receive(struct query_server *d, struct query_answer *out, int fds[QUERY_ANSWER_FDS], int *nfds)
    MUST_CHECK;
void query_answer_done(struct query_answer *a);

/* How far it is (0 … 1), and the wish that it stops: the answer is ERR_CANCELLED then. */
double query_server_progress(const struct query_server *d);
void query_server_cancel(struct query_server *d);

/* Distinct texts in a file: an entry each, all of one size, then their bytes. */
struct query_text {
    uint64_t count, at, len;
};
enum err query_text_read(int fd, uint64_t i, struct query_text *out) MUST_CHECK;

#endif
