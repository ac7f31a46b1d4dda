/* SPDX-License-Identifier: MIT
 * The query server: a process that answers questions about the open table, so that they neither block the screen nor
 * use the host's engine. It has an engine of its own, receives a table as fds, answers one query at a time, and returns
 * results as fds: a table, a list of rows, the distinct texts of a column. It dies with the process that started it.
 * One thread uses a query server. */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/engine/table.h"
#include "core/event/shape.h"
#include "core/table/output/save.h"

enum query_type {
    QUERY_TABLE,      /* the table of all queries that follow; its fds are sent along. No answer but a failure */
    QUERY_INDEX,      /* find all rows: answered by a new table, which queries are about from then on */
    QUERY_LEARN,      /* dtypes and codes of all rows: answered likewise */
    QUERY_GROW,       /* rows that were appended to the file: answered likewise */
    QUERY_GROW_SPOOL, /* the same for a stream: the fd of its spool is sent along, of which `size` bytes are read */
    QUERY_FIND,       /* the rows that match, as a list */
    QUERY_NEXT,       /* the next row that matches: engine_find_next */
    QUERY_SORT,       /* all rows in the order of a column, as a list */
    QUERY_NARROW,     /* rows of a sorted list of all rows that are `within`; both fds are sent along, `within` first */
    QUERY_FREQUENCY,  /* distinct texts of a column, the most frequent first */
    QUERY_STATISTICS,
    QUERY_CODES, /* distinct codes of the rows, answered as FREQUENCY */
    QUERY_SAVE,  /* to the file called `text` */
    QUERY_TYPE_COUNT
};

struct query {
    int64_t type, id;
    int64_t column;                                             /* -1: any column */
    int64_t what;                                               /* enum find_what; SAVE: enum save_format */
    int64_t any_case, inverted, backwards, descending, growing; /* bool */
    char *text;
    char *columns;   /* SAVE: indexes of columns in the order in which they are written, each followed by a blank */
    int64_t replace; /* SAVE, bool: replace a file that exists */
    int64_t from, size;
    int64_t within, within_wide; /* FIND, NARROW, CODES, SAVE: only the rows of this list; how many they are, and
                                    row_list.wide; its fd is sent along. -1: all rows */
};

struct query_answer {
    int64_t type, id;
    int64_t error; /* enum err; if not OK, `problem` says why */
    char *problem;
    int64_t row;     /* NEXT; -1: no row matches */
    int64_t n, wide; /* rows in the list and row_list.wide, or distinct texts */
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
void query_server_free(struct query_server *d);    /* kills it */
int query_server_fd(const struct query_server *d); /* poll for POLLIN: query_server_receive */

/* Sends a query and fds, which stay the caller's. ERR_CLOSED: the query server is gone. Only one query may be
 * unanswered at a time. */
enum err query_server_send(struct query_server *d, const struct query *a, const int *fds, int nfds) MUST_CHECK;

/* The answer with its fds, which the caller owns. ERR_AGAIN: there is none yet. ERR_CLOSED: the query server died. */
enum err query_server_receive(struct query_server *d, struct query_answer *out, int fds[QUERY_ANSWER_FDS], int *nfds)
    MUST_CHECK;
void query_answer_done(struct query_answer *a);

/* Progress of the current query, 0 … 1. A cancelled query is answered by ERR_CANCELLED, if it was not done already. */
double query_server_progress(const struct query_server *d);
void query_server_cancel(struct query_server *d);

/* Distinct texts in a file: first an entry for each, then the bytes of all. `at` is the offset in the file. */
struct query_text {
    uint64_t count, at, len;
};
enum err query_text_read(int fd, uint64_t i, struct query_text *out) MUST_CHECK;

#endif
