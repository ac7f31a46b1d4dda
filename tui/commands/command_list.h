/* SPDX-License-Identifier: MIT
 * The functions of the command table, by file, and what these files share. For this room only. Like everything that
 * changes struct app they run on the main thread. A function that returns an error other than ERR_NOMEM leaves the
 * message to app_command. */
#ifndef TUI_COMMANDS_COMMAND_LIST_H
#define TUI_COMMANDS_COMMAND_LIST_H

#include "tui/app/app.h"

typedef enum err command_run(struct app *a);
typedef enum err command_run_how(struct app *a, int how);
typedef enum err command_run_arg(struct app *a, const char *arg);

/* look.c: moving, inspecting, and poolscope itself */
command_run_how do_move;       /* how: an enum motion */
command_run_how do_move_aside; /* how: -1 to the left, 1 to the right */
command_run_how do_step_pane;  /* how: -1 for the previous pane, 1 for the next */
command_run_how do_leave;      /* how: LEAVE_… */
command_run_arg do_pane, do_write;
command_run do_zoom, do_open, do_explain, do_help, do_redraw, do_suspend, do_palette;

enum { LEAVE_AT_ONCE, LEAVE_ASKING }; /* whether to ask before quitting even if nothing runs */

/* search.c */
command_run_arg do_search;
command_run_how do_search_again; /* how: 1 backwards, 0 forwards */

/* run.c: choosing and running */
command_run do_pick, do_all, do_invert, do_run, do_kill, do_stop, do_stack;
command_run_arg do_add, do_method, do_workers, do_threads, do_at_fork;

enum err choose_method(struct app *a, size_t method);                 /* index for start_method_at, wraps around */
enum err step_setting(struct app *a, struct subject subject, int by); /* to the next (1) or previous (-1) value */
enum err ask_setting(struct app *a, struct subject subject);          /* opens a prompt for its value */

/* copy.c */
command_run do_copy, do_copy_cell;
command_run_arg do_copy_rows;

/* save.c */
command_run_arg do_save;

/* mark.c: marks, and going to a row of the table */
command_run_arg do_mark, do_go_to_mark;
void table_go(struct app *a, uint64_t place); /* place: index of a row in view; marks where the cursor was with ' */
enum err table_go_on(struct app *a);          /* goes to app.awaited_row once the view that was asked for is ready */
enum err ask_letter(struct app *a, const char *command, const char *label);
bool find_mark(struct app *a, const char *name, uint64_t *out); /* false: there is none, and app_say has said so */

/* table.c: the open table */
command_run do_filters, do_remove, do_undo, do_freeze, do_hide, do_show_all, do_frequency, do_statistics, do_pick_view,
    do_follow, do_fit;
command_run_arg do_filter, do_dtype, do_row, do_column;
command_run_how do_sort;   /* how: 1 descending, 0 ascending */
command_run_how do_shift;  /* how: -1 to the left, 1 to the right */
command_run_how do_resize; /* how: columns of the screen to add */

enum err app_give_table(struct app *a) MUST_CHECK; /* before a run: the observer gets the table if it has another one */
enum err switch_filter(struct app *a, int64_t i) MUST_CHECK;
enum err filter_by_value(struct app *a, int64_t i); /* shows the rows that have the i-th text of the frequency view */
enum err pick_value(struct app *a, int64_t i);      /* picks or unpicks that text */

/* watch.c: a watched program */
command_run do_type, do_stop_typing, do_kill_all, do_stop_all;
enum err stack_of_process(struct app *a) MUST_CHECK;
int64_t pid_of(const struct app *a, struct subject subject); /* the process that a subject is about; 0: none */

/* palette.c: runs a line that was typed into the palette */
enum err palette_run(struct app *a, const char *typed) MUST_CHECK;

/* compare.c */
command_run do_compare;

/* edit.c: the prompt, and the answer to a question */
command_run do_accept, do_cancel, do_complete;
command_run_how do_edit;   /* how: an enum prompt_edit */
command_run_how do_choose; /* how: -1 for the previous command of the palette, 1 for the next */
command_run_how do_answer; /* how: 1 yes, 0 no */

#endif
