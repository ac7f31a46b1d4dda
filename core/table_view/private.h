/* SPDX-License-Identifier: MIT
 * What the files of the sheet share; for them only. */
#ifndef TABLE_VIEW_PRIVATE_H
#define TABLE_VIEW_PRIVATE_H

#include "core/base/await.h"
#include "core/table_view/table_view.h"

struct filter {
    char *words; /* as the user wrote them, or made from a cell */
    struct query query;
    struct row_list rows; /* once it is answered: those of all filters up to this one */
    bool ready;
    bool off;             /* it stays in the list and changes nothing */
};

/* What was done: `at` is the filter's place, for SORT the column before. */
struct change {
    enum { CHANGE_ADD, CHANGE_REMOVE, CHANGE_SWITCH, CHANGE_SORT } what;
    size_t at;
    bool descending;
    struct filter filter; /* that was removed */
};

/* Why something is asked of the query server; the first that is due is asked first. */
enum job { JOB_NONE, JOB_INDEX, JOB_GROW, JOB_SEARCH, JOB_FILTER, JOB_SORT, JOB_NARROW,
              JOB_SAVE, JOB_CODES, JOB_FREQUENCY, JOB_STATISTICS, JOB_CHECK, JOB_LEARN };

/* What became of a dtype that was said: cells that are not of it. */
struct dtype_check { bool known; struct sheet_odd odd; };

struct sheet {
    struct sheet_options options;
    struct dtype_override *overrides; size_t noverrides; /* owned; their columns lie in `names` */
    char **names; size_t nnames;
    struct dtype_check *checks; /* of each override */
    size_t checking;          /* the one that is asked about */
    int fd, epoll, timer, inotify, watch;
    struct await input;       /* the stream's bytes, in `epoll` */
    bool streaming;           /* it is no plain file */
    struct table_stream *stream; /* NULL: nothing of it was there yet */
    bool ended;               /* the stream is */
    int spool;                /* borrowed: what the query server has of the stream */
    uint64_t spooled;         /* bytes of it that the table has */
    uint64_t tried;           /* bytes of it that were looked at for a first line */
    struct table *table;
    uint64_t generation;
    struct problem fault;
    uint64_t version;

    struct query_server *server;
    bool told;                /* the query server has the table */
    unsigned deaths;
    enum job job;       /* under way */
    double since;
    bool stopped;             /* it was asked to stop */
    bool dropped;             /* … and is not to be asked again */

    struct filter *filters; size_t nfilters;
    struct change *changes; size_t nchanges; /* to be undone, the last first */
    size_t sort_column; bool descending;
    struct row_list sorted, narrowed;
    bool sort_ready, narrow_ready;

    bool searching, saving, picking, counting, summing; /* asked for */
    struct query search, save;
    uint64_t search_from;     /* place in the view */
    size_t column;            /* of counting and summing */
    struct sheet_texts texts, codes;
    struct query_answer sums;
    size_t sums_column;

    bool follow, grown, rewritten, gone_said;
    bool unlearnable;         /* learning failed: not asked again */
    enum sheet_news news, aside; uint64_t news_row; struct problem news_words, aside_words;
};

enum { NO_COLUMN = -1 };

/* sheet.c */
void sheet_tell(struct sheet *s, enum sheet_news news, uint64_t row, const char *words);
enum err sheet_take_table(struct sheet *s, struct table *t);
void sheet_forget_views(struct sheet *s); /* they are asked for anew */
const struct row_list *sheet_list(const struct sheet *s); /* NULL: all rows as they stand */
struct table_options sheet_table_options(const struct sheet *s);

/* sheet_filters.c */
struct filter *sheet_unready_filter(const struct sheet *s); /* the next that is to be asked; NULL: none */
const struct row_list *sheet_filtered(const struct sheet *s, size_t before); /* by those before it; NULL: all rows */
void sheet_filters_done(struct sheet *s);
void sheet_give_up_filter(struct sheet *s); /* the unready one */
void sheet_give_up_order(struct sheet *s);

/* sheet_view.c: what is learned behind steps aside, and the next step asks; what was asked for once is not answered any
 * more, and that a file is not saved is said with why. */
void sheet_wake(struct sheet *s);
void sheet_drop_asks(struct sheet *s, const char *why);

/* sheet_file.c: what becomes of the file; streams. */
enum err sheet_open_file(struct sheet *s, struct problem *problem) MUST_CHECK;
enum err sheet_open_table(struct sheet *s) MUST_CHECK;
void sheet_drop_server(struct sheet *s, const char *why); /* another is started when something is due */
enum err sheet_pump(struct sheet *s) MUST_CHECK;
enum err sheet_look(struct sheet *s) MUST_CHECK;
void sheet_arm(struct sheet *s, double seconds);

/* sheet_jobs.c */
enum err sheet_ask_due(struct sheet *s) MUST_CHECK;

/* What has come is not all in the table yet; the query server is asked for it, or will be. */
bool sheet_lacks_rows(const struct sheet *s);
enum err sheet_take_answers(struct sheet *s) MUST_CHECK;

/* sheet_dtype.c: the dtypes that were said are checked against all cells, and again when rows may have changed. */
bool sheet_ask_check(struct sheet *s, struct query *out); /* false: nothing is to be checked */
void sheet_check_anew(struct sheet *s);
enum err sheet_take_check(struct sheet *s, const struct query_answer *a, const int *fds, int nfds) MUST_CHECK;

/* sheet_words.c: "code==0001" → what to ask. The text is owned by *out. */
enum err sheet_words_parse(const struct table *t, const char *words, struct query *out, struct problem *problem)
    MUST_CHECK;
void sheet_ask_done(struct query *a);

#endif
