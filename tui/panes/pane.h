/* SPDX-License-Identifier: MIT
 * A pane: a place on the screen that shows one side of the model. Panes read the model and the choices, build lines,
 * and never see a key. Adding one: an entry in enum pane_id, its ops in pane_ops[] and its place in pane_sets[]
 * (pane.c), its places in layout.c. */
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

/* The panes of a scope, in the order of their numbers. */
struct pane_set {
    int n;
    enum pane_id v[PANE_COUNT];
};
extern const struct pane_set pane_sets[SCOPES];
int pane_number(enum scope scope, enum pane_id pane); /* as the user sees it: from 1; 0: not in this scope */

/* Columns of a pane's inside that its lines do not get: the cursor's mark, and the scroll bar. */
enum { PANE_GUTTER = 1, PANE_BAR = 1 };

enum setting { SETTING_WORKERS, SETTING_THREADS, SETTING_AT_FORK, SETTING_COUNT };

/* What the user has chosen for the next run. */
struct choices {
    struct picks picks;
    struct picks known;          /* the codes of the table, so that a typed one can be said to match nothing */
    bool known_all;              /* there are no others */
    struct columns columns;      /* of the table, as they are seen */
    struct marks marks;          /* of its rows */
    size_t method, first_method; /* index for start_method_at; as the program was started */
    int workers, threads;
    size_t at_fork;            /* index into at_fork_names */
    const char *method_reason; /* "as Python 3.14 on Linux would choose"; NULL: the user named it */
};

/* What panes may look at. */
struct view {
    const struct model *model;
    const struct table_view *table_view; /* the open table; NULL: only the model's */
    const struct choices *choices;
    const struct command_table *commands; /* for texts that say which key to press */
    enum scope scope;
    double now;                /* as the model's times */
    int64_t explain_pid;       /* the process that Diagnosis is about; 0: the worst finding */
    int64_t inspect_pid;       /* the process that Inspector is about; 0: none */
    bool typing;               /* keys go to the watched program */
    const char *search;        /* NULL: none */
    const struct bench *bench; /* of Comparison; NULL: nothing was compared yet */
};

/* The table that is seen; NULL: none yet. */
const struct table *view_table(const struct view *v);

struct pane {
    const struct pane_ops *ops;
    void *state;           /* ops->state_size bytes, zeroed before open */
    struct lines head;     /* stands still above the lines */
    struct lines lines;    /* lines first … first + lines.n - 1 of all */
    uint64_t first, count; /* count: lines there are to scroll through */
    uint64_t cursor, top;
    uint64_t marked, drawn_top; /* as it was drawn last: the line with the cursor's mark (UINT64_MAX: none), and top */
    int position;               /* as it was drawn last: the column of the frame's edge where the position begins */
    int left;                   /* columns hidden at the left */
    int width, height;          /* of the inside, set by pane_sync */
    bool follow;                /* the cursor stays at the end */
};

struct pane_ops {
    const char *name, *title; /* "method", "Start method" */
    const char *brief;        /* for a narrow tab line */
    const char *const *hints; /* names of commands worth a place on its frame; ends with NULL; may be NULL */
    bool follow;              /* starts at its end and stays there */
    size_t state_size;
    enum err (*open)(struct pane *); /* NULL: nothing to do */
    void (*close)(struct pane *);
    enum err (*sync)(struct pane *, const struct view *); /* builds head, lines, count for the pane's size; an
                                                             error is shown by pane_sync */
    void (*status)(const struct pane *, const struct view *, struct buf *out); /* a few words for the frame; or NULL */
    enum err (*text)(struct pane *, uint64_t line, struct buf *out); /* any line, where sync builds only what is seen */
};

enum motion { MOVE_UP, MOVE_DOWN, MOVE_PAGE_UP, MOVE_PAGE_DOWN, MOVE_FIRST, MOVE_LAST, MOVE_LEFT, MOVE_RIGHT };

extern const struct pane_ops *const pane_ops[PANE_COUNT];

enum err pane_new(const struct pane_ops *ops, struct pane **out) MUST_CHECK;
void pane_free(struct pane *p);

/* Brings the pane up to date with the model, for an inside of this size. ERR_NOMEM is the only error: any other that
 * its sync meets is said below the lines that could be built. */
enum err pane_sync(struct pane *p, const struct view *v, int width, int height) MUST_CHECK;

/* For a sync that builds only what is seen: the scroll position for `count` lines and what is left of the height. */
void pane_settle(struct pane *p, uint64_t count);
int pane_rows(const struct pane *p);

/* Draws the inside. `active`: it has the keys, so the cursor is shown. */
void pane_draw(struct pane *p, const struct view *v, struct canvas *c, bool active);

/* Where the cursor alone has moved since: puts its mark on the line where it is now. False if that line is not seen, so
 * that the pane has to be synced and drawn. */
bool pane_draw_cursor(struct pane *p, struct canvas *c);

/* The line is among those that are seen, as they were drawn last. */
bool pane_shows(const struct pane *p, uint64_t line);

void pane_move(struct pane *p, enum motion motion);
void pane_go(struct pane *p, uint64_t line);

/* What the cursor is on. */
struct subject pane_subject(const struct pane *p);

/* Where `needle` is in the text, from byte `from` on; len if nowhere. A needle without capitals matches both cases. */
size_t text_find(const char *text, size_t len, size_t from, const char *needle);

extern const struct pane_ops pane_table_ops, pane_workers_ops, pane_timeline_ops, pane_diagnosis_ops, pane_method_ops,
    pane_results_ops, pane_log_ops, pane_processes_ops, pane_output_ops, pane_inspector_ops;

/* Panes that are shown over all others, on request. */
extern const struct pane_ops pane_filters_ops, pane_texts_ops, pane_sums_ops;
extern const struct pane_ops pane_help_ops, pane_record_ops, pane_comparison_ops;

void record_show_row(struct pane *p, int64_t row); /* of pane_record_ops: which row it shows */

/* Of the process tree: which one is under the cursor (0: none), and to put it on another. */
int64_t processes_pid(const struct pane *p);
void processes_choose(struct pane *p, int64_t pid);

/* Of the table, as it was drawn last: how wide a column is, and all that was seen of it. */
int table_width(const struct pane *p, size_t column);
int table_width_seen(const struct pane *p, size_t column);

/* Of the program's output: its terminal. */
struct vt *output_terminal(const struct pane *p);

#endif
