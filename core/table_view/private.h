/* SPDX-License-Identifier: MIT
 * The state of a table view, and what its files share. For this room only. */
#ifndef TABLE_VIEW_PRIVATE_H
#define TABLE_VIEW_PRIVATE_H

#include "core/table_view/input.h"
#include "core/table_view/table_view.h"

struct filter {
    char *words; /* shown to the user: as typed, or made from a cell */
    struct query query;
    struct row_list rows; /* when `ready`: the rows that match this filter and all before it that are on */
    bool ready;
    bool off; /* it is listed but not applied */
};

/* A change that can be undone. `at` is the index of the filter; for SORT it is the column that was sorted by before. */
struct change {
    enum { CHANGE_ADD, CHANGE_REMOVE, CHANGE_SWITCH, CHANGE_SORT } what;
    size_t at;
    bool descending;
    struct filter filter; /* REMOVE: the filter that was removed */
};

/* What the query server is asked to do. One thing is asked at a time; the first that is due in this order is next. */
enum job_kind {
    JOB_NONE,
    JOB_GROW,
    JOB_INDEX,
    JOB_FILTER,
    JOB_SEARCH,
    JOB_SORT,
    JOB_NARROW,
    JOB_SAVE,
    JOB_CODES,
    JOB_FREQUENCY,
    JOB_STATISTICS,
    JOB_CHECK,
    JOB_LEARN,
    JOB_COUNT
};

/* A job and what it needs to be asked and answered. */
struct job {
    enum job_kind kind;
    union {
        struct {
            struct query query; /* owned */
            uint64_t from;      /* the place in the view that the search starts from */
        } search;
        struct query save; /* owned */
        size_t column;     /* FREQUENCY, STATISTICS */
        size_t override;   /* CHECK: whose column is checked */
    };
};

struct answer {
    struct query_answer query; /* owned, as the fds are */
    int fds[QUERY_ANSWER_FDS], nfds;
};

/* The cells of a column that are not of the dtype that the user gave. */
struct dtype_check {
    bool known; /* `odd` is up to date */
    struct table_view_odd odd;
};

struct table_view {
    struct table_view_options options;
    struct dtype_override *overrides;
    size_t noverrides; /* owned; `names` owns the names of their columns */
    char **names;
    size_t nnames;
    struct dtype_check *checks; /* one for each override */
    int epoll, timer, inotify, watch;
    struct table_input input;
    uint64_t spooled; /* bytes of a stream whose rows the table has, or is being asked for */
    uint64_t tried;   /* bytes of a stream when a table was last looked for in it */
    struct table *table;
    struct problem fault;
    uint64_t version;

    struct query_server *server;
    bool told; /* the query server has the table */
    unsigned deaths;
    struct job wanted[JOB_COUNT]; /* asked for by the user, each at the index of its kind; JOB_NONE: not wanted */
    struct job doing;             /* the query server is doing this; JOB_NONE: nothing */
    double since;                 /* clock_now() when it was asked */
    bool stopped;                 /* the query server was asked to stop it */
    bool dropped;                 /* its answer is not used */

    struct filter *filters;
    size_t nfilters;
    struct change *changes;
    size_t nchanges; /* the last one is undone first */
    size_t sort_column;
    bool descending;
    struct row_list sorted, narrowed;
    bool sort_ready, narrow_ready;

    struct table_view_texts texts, codes;
    struct query_answer sums;
    size_t sums_column;

    bool follow, grown, rewritten, gone_said;
    bool unlearnable; /* learning failed and is not tried again */
    enum table_view_news news, aside;
    uint64_t news_row;
    struct problem news_words, aside_words;
};

enum { NO_COLUMN = -1 };

enum { DEATHS_MAX = 3 }; /* query servers that die until no other is started */

/* state.c: changes of the state that other files are built on. */
void table_view_tell(struct table_view *s, enum table_view_news news, uint64_t row, const char *words);
void table_view_arm(struct table_view *s, double seconds); /* table_view_step is due then */
void table_view_take_table(struct table_view *s, struct table *t);
void table_view_forget_views(struct table_view *s); /* filters and order are to be answered once more */
void table_view_check_again(struct table_view *s);  /* rows may have changed: dtypes are to be checked once more */
void table_view_wake(struct table_view *s);         /* something is due: work in the background makes room for it */
void table_view_want(struct table_view *s, struct job job);         /* takes the job; replaces one of its kind */
void table_view_drop_job(struct table_view *s, enum job_kind kind); /* stops it if it is being done */
void table_view_drop_wanted(struct table_view *s, const char *why); /* says why, where a file is not saved */
void table_view_drop_server(struct table_view *s, const char *why); /* another is started when something is due */
void table_view_server_died(struct table_view *s);                  /* the same, DEATHS_MAX times at most */
bool table_view_lacks_rows(const struct table_view *s);      /* there are bytes whose rows are not in the table yet */
bool table_view_stream_has_more(const struct table_view *s); /* the query server is to be asked for more rows */
struct filter *table_view_unready_filter(const struct table_view *s); /* the next that is to be answered, or NULL */
void table_view_query_done(struct query *q);
void table_view_job_done(struct job *job);

/* rows.c: lists of rows; NULL: all rows in the order of the file. */
const struct row_list *table_view_list(const struct table_view *s);                 /* the rows in view */
const struct row_list *table_view_filtered(const struct table_view *s, size_t n);   /* those of the first n filters */
bool table_view_is_reordered(const struct table_view *s, const struct row_list *l); /* not in the order of the file */

/* filters.c */
void table_view_filters_done(struct table_view *s);
void table_view_give_up_filter(struct table_view *s); /* the unready one */
void table_view_give_up_order(struct table_view *s);

/* file.c */
enum err table_view_open_file(struct table_view *s, struct problem *problem) MUST_CHECK;
enum err table_view_open_table(struct table_view *s) MUST_CHECK;
enum err table_view_pump(struct table_view *s) MUST_CHECK; /* what has arrived of a stream */
enum err table_view_look(struct table_view *s) MUST_CHECK; /* whether the file has changed */

/* jobs.c: asks for the job that is due; answers.c: takes what was answered. ERR_NOMEM is the only error. */
enum err table_view_ask_due(struct table_view *s) MUST_CHECK;
enum err table_view_take_answers(struct table_view *s) MUST_CHECK;
void table_view_take_failure(struct table_view *s, const struct job *job, enum err err, const char *why);

/* dtypes.c: the dtypes that the user gave are checked against all cells. */
enum err table_view_read_overrides(struct table_view *s) MUST_CHECK;
size_t table_view_unchecked(const struct table_view *s, size_t *column); /* an override; SIZE_MAX: all are checked */
enum err table_view_take_check(struct table_view *s, struct job *job, struct answer *a) MUST_CHECK;

/* filter_parse.c: "code==0001" → the query, whose text the caller owns. */
enum err table_view_words_parse(const struct table *t, const char *words, struct query *out, struct problem *problem)
    MUST_CHECK;

#endif
