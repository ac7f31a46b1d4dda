/* SPDX-License-Identifier: MIT
 * The functions behind the command table, by the file they stand in. For this room only. */
#ifndef TUI_COMMANDS_COMMAND_LIST_H
#define TUI_COMMANDS_COMMAND_LIST_H

#include "tui/app/app.h"

typedef enum err command_fn(struct app *a, const char *arg);

/* command_look.c: moving about, looking closer */
command_fn do_up, do_down, do_left, do_right, do_page_up, do_page_down, do_first, do_last;
command_fn do_next_pane, do_previous_pane, do_pane, do_zoom, do_open, do_explain;
command_fn do_write, do_help, do_redraw, do_suspend, do_back, do_quit, do_palette;

/* search.c */
command_fn do_search, do_search_next, do_search_previous;

/* command_run.c: choosing and running */
command_fn do_pick, do_all, do_invert, do_add, do_method, do_workers, do_threads, do_at_fork;
command_fn do_run, do_kill, do_stop, do_stack;

/* command_copy.c */
command_fn do_copy, do_copy_cell, do_copy_rows;

/* command_save.c */
command_fn do_save;

/* command_mark.c: marks; to a place of the table, which can be come back from */
command_fn do_mark, do_go_to_mark;
void table_go(struct app *a, uint64_t place);
enum err table_go_on(struct app *a); /* to the row that is gone to as soon as the view that was asked for is there */
enum err ask_letter(struct app *a, const char *command, const char *label);
bool find_mark(struct app *a, const char *name, uint64_t *out); /* its row; false: it was said why there is none */

/* command_table.c: the open table */
command_fn do_filter, do_filters, do_remove, do_undo, do_sort, do_sort_down, do_freeze, do_hide, do_show_all;
command_fn do_frequency, do_statistics, do_pick_view, do_dtype;
command_fn do_follow, do_row, do_column, do_column_left, do_column_right, do_narrower, do_wider, do_fit;

enum err switch_filter(struct app *a, int64_t i) MUST_CHECK;

/* What a text of the frequency view is good for. */
enum err filter_by_value(struct app *a, int64_t i);
enum err pick_value(struct app *a, int64_t i);

/* command_watch.c: a watched program */
command_fn do_type, do_stop_typing, do_kill_all, do_stop_all;

/* palette.c */
enum err palette_run(struct app *a, const char *typed) MUST_CHECK;

/* compare.c */
command_fn do_compare;

/* command_edit.c: in a prompt and at a question */
command_fn do_accept, do_cancel, do_edit_left, do_edit_right, do_edit_home, do_edit_end, do_backspace, do_delete,
    do_kill_line, do_kill_word, do_complete, do_choose_next, do_choose_previous, do_yes, do_no;

/* Chooses by what the cursor is on, and the neighbouring value. */
enum err choose_method(struct app *a, size_t method);
enum err step_setting(struct app *a, struct subject subject, int by);
enum err ask_setting(struct app *a, struct subject subject);

/* The process that a subject is about; 0: none. */
int64_t pid_of(const struct app *a, struct subject subject);

enum err stack_of_process(struct app *a) MUST_CHECK;

/* overlays.c: a pane over all others */
enum err help_open(struct app *a) MUST_CHECK;
enum err record_open(struct app *a, int64_t row) MUST_CHECK;

#endif
