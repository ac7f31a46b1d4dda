/* SPDX-License-Identifier: MIT
 * What the files of the table view share; for them only. */
#ifndef TABLE_VIEW_PRIVATE_H
#define TABLE_VIEW_PRIVATE_H

#include "core/table_view/input.h"
#include "core/table_view/table_view.h"

struct filter {
    char *words; /* as the user wrote them, or made from a cell */
    struct query query;
    struct row_list rows; /* once it is answered: those of all filters up to this one */
    bool ready;
    bool off; /* it stays in the list and changes nothing */
};

/* What was done: `at` is the filter's place, for SORT the column before. */
struct change {
    enum { CHANGE_ADD, CHANGE_REMOVE, CHANGE_SWITCH, CHANGE_SORT } what;
    size_t at;
    bool descending;
    struct filter filter; /* that was removed */
};

/* Why something is asked of the query server; the first that is due is asked first. */
enum job {
    JOB_NONE,
    JOB_INDEX,
    JOB_GROW,
    JOB_SEARCH,
    JOB_FILTER,
    JOB_SORT,
    JOB_NARROW,
    JOB_SAVE,
    JOB_CODES,
    JOB_FREQUENCY,
    JOB_STATISTICS,
    JOB_CHECK,
    JOB_LEARN
};

/* What became of a dtype that was said: cells that are not of it. */
struct dtype_check {
    bool known;
    struct table_view_odd odd;
};

struct table_view {
    struct table_view_options options;
    struct dtype_override *overrides;
    size_t noverrides; /* owned; their columns lie in `names` */
    char **names;
    size_t nnames;
    struct dtype_check *checks; /* of each override */
    size_t checking;            /* the one that is asked about */
    int epoll, timer, inotify, watch;
    struct table_input input;
    uint64_t spooled; /* bytes of it that the table has */
    uint64_t tried;   /* bytes of it that were looked at for a first line */
    struct table *table;
    uint64_t generation;
    struct problem fault;
    uint64_t version;

    struct query_server *server;
    bool told; /* the query server has the table */
    unsigned deaths;
    enum job job; /* under way */
    double since;
    bool stopped; /* it was asked to stop */
    bool dropped; /* … and is not to be asked again */

    struct filter *filters;
    size_t nfilters;
    struct change *changes;
    size_t nchanges; /* to be undone, the last first */
    size_t sort_column;
    bool descending;
    struct row_list sorted, narrowed;
    bool sort_ready, narrow_ready;

    bool searching, saving, picking, counting, summing; /* asked for */
    struct query search, save;
    uint64_t search_from; /* place in the view */
    size_t column;        /* of counting and summing */
    struct table_view_texts texts, codes;
    struct query_answer sums;
    size_t sums_column;

    bool follow, grown, rewritten, gone_said;
    bool unlearnable; /* learning failed: not asked again */
    enum table_view_news news, aside;
    uint64_t news_row;
    struct problem news_words, aside_words;
};

enum { NO_COLUMN = -1 };

/* table view.c */
void table_view_tell(struct table_view *s, enum table_view_news news, uint64_t row, const char *words);
enum err table_view_take_table(struct table_view *s, struct table *t);
void table_view_forget_views(struct table_view *s);                 /* they are asked for anew */
const struct row_list *table_view_list(const struct table_view *s); /* NULL: all rows as they stand */
struct table_options table_view_table_options(const struct table_view *s);

/* table_view_filters.c */
struct filter *table_view_unready_filter(const struct table_view *s); /* the next that is to be asked; NULL: none */
const struct row_list *table_view_filtered(const struct table_view *s,
                                           size_t before); /* by those before it; NULL: all rows */
void table_view_filters_done(struct table_view *s);
void table_view_give_up_filter(struct table_view *s); /* the unready one */
void table_view_give_up_order(struct table_view *s);

/* table_view_view.c: what is learned behind steps aside, and the next step asks; what was asked for once is not
 * answered any more, and that a file is not saved is said with why. */
void table_view_wake(struct table_view *s);
void table_view_drop_asks(struct table_view *s, const char *why);

/* table_view_file.c: what becomes of the file; streams. */
enum err table_view_open_file(struct table_view *s, struct problem *problem) MUST_CHECK;
enum err table_view_open_table(struct table_view *s) MUST_CHECK;
void table_view_drop_server(struct table_view *s, const char *why); /* another is started when something is due */
enum err table_view_pump(struct table_view *s) MUST_CHECK;
enum err table_view_look(struct table_view *s) MUST_CHECK;
void table_view_arm(struct table_view *s, double seconds);

/* table_view_jobs.c */
enum err table_view_ask_due(struct table_view *s) MUST_CHECK;

/* What has come is not all in the table yet; the query server is asked for it, or will be. */
bool table_view_lacks_rows(const struct table_view *s);
enum err table_view_take_answers(struct table_view *s) MUST_CHECK;

/* table_view_dtype.c: the dtypes that were said are checked against all cells, and again when rows may have changed. */
bool table_view_ask_check(struct table_view *s, struct query *out); /* false: nothing is to be checked */
void table_view_check_anew(struct table_view *s);
enum err table_view_take_check(struct table_view *s, const struct query_answer *a, const int *fds, int nfds) MUST_CHECK;

/* table_view_words.c: "code==0001" → what to ask. The text is owned by *out. */
enum err table_view_words_parse(const struct table *t, const char *words, struct query *out, struct problem *problem)
    MUST_CHECK;
void table_view_ask_done(struct query *a);

#endif
