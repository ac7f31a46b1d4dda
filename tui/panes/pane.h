/* SPDX-License-Identifier: MIT
 * A pane is a part of the screen that shows one aspect of the model. Panes read the model and the user's choices and
 * build lines; they never see a key. To add one, add an entry to enum pane_id, its functions to pane_ops[] and its
 * place to pane_sets[] (both in pane_list.c), and its places on the screen in layout.c. */
#ifndef TUI_PANES_PANE_H
#define TUI_PANES_PANE_H

#include <stdbool.h>

#include "core/model/model.h"
#include "core/report/bench.h"
#include "tui/draw/canvas.h"
#include "tui/keys/keymap.h"
#include "tui/draw/lines.h"
#include "tui/panes/marks.h"
#include "tui/panes/picks.h"
#include "tui/panes/columns.h"
#include "core/table_view/table_view.h"

enum pane_id {
    PANE_TABLE,
    PANE_WORKERS,
    PANE_TIMELINE,
    PANE_DIAGNOSIS,
    PANE_METHOD,
    PANE_RESULTS,
    PANE_LOG,
    PANE_PROCESSES,
    PANE_OUTPUT,
    PANE_INSPECTOR,
    PANE_COUNT
};

/* The panes of one kind of screen, in the order of their numbers. */
struct pane_set {
    int n;
    enum pane_id v[PANE_COUNT];
};
extern const struct pane_set pane_sets[SCOPES];
int pane_number(enum scope scope, enum pane_id pane); /* as the user sees it, from 1; 0: not on this screen */

/* Columns inside the frame that are not for the lines: the cursor's mark on the left, the scroll bar on the right. */
enum { PANE_GUTTER = 1, PANE_BAR = 1 };

enum setting { SETTING_WORKERS, SETTING_THREADS, SETTING_AT_FORK, SETTING_COUNT };

/* What the user has chosen, for the next run and about the table. */
struct choices {
    struct picks picks;
    struct picks known; /* codes that occur in the table */
    bool known_all;     /* `known` has all of them */
    struct columns columns;
    struct marks marks;
    size_t method, first_method; /* indices for start_method_at: now, and when the program started */
    int workers, threads;
    size_t at_fork;            /* index into at_fork_names */
    const char *method_reason; /* "as Python 3.14 on Linux would choose"; NULL: the user named it */
};

/* Everything that a pane may read. Borrowed for one sync or draw. */
struct view {
    const struct model *model;
    const struct table_view *table_view; /* the open table; NULL: none */
    const struct table *run_table;       /* the table that runs are over; NULL: none yet */
    const struct choices *choices;
    const struct command_table *commands; /* for texts that say which key to press */
    enum scope scope;
    double now;                /* on the clock of the model */
    int64_t explain_pid;       /* the process that Diagnosis explains; 0: that of the worst finding */
    int64_t inspect_pid;       /* the process that Inspector shows; 0: none */
    bool typing;               /* keys go to the watched program */
    const char *search;        /* the text to mark; NULL: none */
    const struct bench *bench; /* what Comparison shows; NULL: nothing was compared yet */
};

/* The table that is shown; NULL: none yet. */
const struct table *view_table(const struct view *v);

struct pane {
    const struct pane_ops *ops;
    void *state;           /* ops->state_size bytes, zeroed before open */
    struct lines head;     /* above the lines; does not scroll */
    struct lines lines;    /* those lines that were built: number `first` to first + lines.n - 1 */
    uint64_t first, count; /* count: the number of all lines that can be scrolled through */
    uint64_t cursor, top;  /* numbers of lines; top: the first on the screen */
    uint64_t marked;       /* the line that had the cursor's mark when it was drawn last; UINT64_MAX: none */
    uint64_t drawn_top;    /* top when it was drawn last */
    int position;          /* when it was drawn last: the column of the frame where "line/count" begins */
    int left;              /* columns that are scrolled out on the left */
    int width, height;     /* room for lines, set by pane_sync */
    bool follow;           /* the cursor stays on the last line */
};

struct pane_ops {
    const char *name, *title; /* "method", "Start method" */
    const char *brief;        /* for a narrow tab line */
    const char *const *hints; /* names of commands to show on its frame; ends with NULL; may be NULL */
    bool follow;              /* the cursor starts on the last line and stays there */
    size_t state_size;
    /* Called once for a new pane, and when it is freed. NULL: nothing to do. */
    enum err (*open)(struct pane *);
    void (*close)(struct pane *);
    /* Builds head and lines for the pane's size. pane_sync shows an error that it returns. */
    enum err (*sync)(struct pane *, const struct view *);
    /* Appends a few words for the frame. May be NULL. */
    void (*status)(const struct pane *, const struct view *, struct buf *out);
    /* Appends any line as text, if sync builds only the lines on the screen. May be NULL. */
    enum err (*text)(struct pane *, uint64_t line, struct buf *out);
};

enum motion { MOVE_UP, MOVE_DOWN, MOVE_PAGE_UP, MOVE_PAGE_DOWN, MOVE_FIRST, MOVE_LAST, MOVE_LEFT, MOVE_RIGHT };

extern const struct pane_ops *const pane_ops[PANE_COUNT];

enum err pane_new(const struct pane_ops *ops, struct pane **out) MUST_CHECK;
void pane_free(struct pane *p);

/* Brings the pane up to date, for this size inside its frame. ERR_NOMEM is the only error: any other error of its sync
 * is shown below the lines that could be built. */
enum err pane_sync(struct pane *p, const struct view *v, int width, int height) MUST_CHECK;

/* For a sync that builds only the lines on the screen: sets the scroll position for `count` lines. pane_rows: how many
 * lines fit below the head. */
void pane_settle(struct pane *p, uint64_t count);
int pane_rows(const struct pane *p);

/* Draws the inside of the frame. `active`: the pane has the focus, so the cursor is shown. */
void pane_draw(struct pane *p, const struct view *v, struct canvas *c, bool active);

/* If only the cursor has moved since the last drawing: moves its mark. False if its line is not on the screen; then the
 * pane has to be synced and drawn. */
bool pane_draw_cursor(struct pane *p, struct canvas *c);

/* True if the line was on the screen when the pane was drawn last. */
bool pane_shows(const struct pane *p, uint64_t line);

void pane_move(struct pane *p, enum motion motion);
void pane_go(struct pane *p, uint64_t line);

/* What the line under the cursor is about. */
struct subject pane_subject(const struct pane *p);

/* Where `needle` occurs in the text, from byte `from` on; `len` if it does not. A needle without capital letters
 * matches both cases. */
size_t text_find(const char *text, size_t len, size_t from, const char *needle);

extern const struct pane_ops pane_table_ops, pane_workers_ops, pane_timeline_ops, pane_diagnosis_ops, pane_method_ops,
    pane_results_ops, pane_log_ops, pane_processes_ops, pane_output_ops, pane_inspector_ops;

/* Panes that are shown over all others, on request. */
extern const struct pane_ops pane_filters_ops, pane_texts_ops, pane_sums_ops;
extern const struct pane_ops pane_help_ops, pane_record_ops, pane_comparison_ops;

void record_show_row(struct pane *p, int64_t row); /* of pane_record_ops: sets the row to show */

/* Of pane_processes_ops: the process under the cursor (0: none), and putting the cursor on another one. */
int64_t processes_pid(const struct pane *p);
void processes_choose(struct pane *p, int64_t pid);

/* Of pane_table_ops: how wide a column was drawn last, and how wide all that was seen of it would be. */
int table_width(const struct pane *p, size_t column);
int table_width_seen(const struct pane *p, size_t column);

/* Of pane_output_ops: the terminal of the watched program. */
struct vt *output_terminal(const struct pane *p);

#endif
