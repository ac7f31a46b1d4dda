/* SPDX-License-Identifier: MIT
 * The command table. Adding a command: a line here and its function in one of the command_*.c files. */
#include "tui/keys/keymap.h"

#include <string.h>

#include "tui/commands/command_list.h"

const struct command_group command_groups[COMMAND_GROUPS] = {
    [MOVING] = {"Moving about", WHERE_PANES},     [CHOOSING] = {"Choosing", WHERE_PANES},
    [TABULAR] = {"The table", WHERE_PANES},        [RUNNING] = {"Running", WHERE_PANES},
            [LOOKING] = {"Looking closer", WHERE_PANES},
    [PROGRAM] = {"The program", WHERE_PANES},     [TYPING] = {"While typing", WHERE_PROMPT},
    [ASKED] = {"When asked", WHERE_QUESTION},      [WATCHED] = {"The watched program", WHERE_PANES},
    [PASSING] = {"While typing into the program", WHERE_INPUT},
};

enum { EXPLORE = 1 << SCOPE_EXPLORE, WATCH = 1 << SCOPE_WATCH, ATTACH = 1 << SCOPE_ATTACH };

/* group, name, key, more keys, function, the rest by name */
static const struct command table[] = {
    {MOVING, "up", "Up", "k", do_up, .summary = "one line up; at the edge the view goes on by half a page",
     .steps = true},
    {MOVING, "down", "Down", "j", do_down, .summary = "one line down; at the edge the view goes on by half a page",
     .steps = true},
    {MOVING, "left", "Left", "h", do_left, .summary = "to the left; a smaller value of a setting", .hint = "less"},
    {MOVING, "right", "Right", "l", do_right, .summary = "to the right; a larger value of a setting", .hint = "more"},
    {MOVING, "page-up", "PgUp", "C-b", do_page_up, .summary = "one page up", .steps = true},
    {MOVING, "page-down", "PgDn", "C-f", do_page_down, .summary = "one page down", .steps = true},
    {MOVING, "first", "g", "Home", do_first, .summary = "to the first line", .steps = true},
    {MOVING, "last", "G", "End", do_last, .summary = "to the last line", .steps = true},
    {MOVING, "next-pane", "Tab", NULL, do_next_pane, .summary = "to the next pane", .hint = "pane", .rank = 5},
    {MOVING, "previous-pane", "S-Tab", NULL, do_previous_pane, .summary = "to the pane before"},
    {MOVING, "pane", "1", "2 3 4 5 6 7", do_pane, .summary = "to the pane of that number or name", .args = "PANE"},
    {MOVING, "zoom", "z", NULL, do_zoom, .summary = "the pane alone on the screen, and back",
     .hint = "zoom", .rank = 9},

    {CHOOSING, "pick", "Space", NULL, do_pick,
     .summary = "pick or unpick the code of this row; choose this start method; switch this filter",
     .hint = "pick", .rank = 6, .scopes = EXPLORE},
    {CHOOSING, "all", "a", NULL, do_all, .summary = "pick every code of the table, or none if all are picked",
     .hint = "all", .scopes = EXPLORE},
    {CHOOSING, "invert", "i", NULL, do_invert, .summary = "pick what is not picked, and the other way round",
     .hint = "invert", .scopes = EXPLORE},
    {CHOOSING, "pick-view", "P", NULL, do_pick_view,
     .summary = "pick the codes of all rows in view: those of the filters",
     .hint = "pick view", .scopes = EXPLORE},
    {CHOOSING, "add", "+", NULL, do_add, .summary = "add a code by typing it; it need not occur in the table",
     .args = "CODE", .hint = "type", .scopes = EXPLORE},
    {CHOOSING, "method", "m", NULL, do_method, .summary = "the next start method, or the one named",
     .args = "METHOD", .hint = "method", .rank = 4, .scopes = EXPLORE},
    {CHOOSING, "workers", NULL, NULL, do_workers, .summary = "how many workers the next run has",
     .args = "N", .scopes = EXPLORE},
    {CHOOSING, "threads", NULL, NULL, do_threads, .summary = "how many threads the table engine has; 1 is none",
     .args = "N", .scopes = EXPLORE},
    {CHOOSING, "at-fork", NULL, NULL, do_at_fork,
     .summary = "what happens to the engine at a fork: none, reinit, warn",
     .args = "POLICY", .scopes = EXPLORE},

    {TABULAR, "filter", "&", NULL, do_filter,
     .summary = "rows with COLUMN==VALUE (!= < <= > >=), COLUMN~PATTERN (!~), or the words in a cell",
     .args = "WORDS", .hint = "filter", .scopes = EXPLORE},
    {TABULAR, "filters", "v", NULL, do_filters, .summary = "the filters in view: Space switches one off and on",
     .hint = "filters", .scopes = EXPLORE},
    {TABULAR, "remove", "d", "Delete", do_remove, .summary = "take away the filter under the cursor", .hint = "remove",
     .scopes = EXPLORE},
    {TABULAR, "undo", "u", NULL, do_undo, .summary = "undo the last change of the filters or the order", .hint = "undo",
     .scopes = EXPLORE},
    {TABULAR, "sort", "<", NULL, do_sort, .summary = "by this column, the least first; once more: as in the file",
     .scopes = EXPLORE},
    {TABULAR, "sort-down", ">", NULL, do_sort_down, .summary = "by this column, the greatest first",
     .scopes = EXPLORE},
    {TABULAR, "frequency", "%", NULL, do_frequency,
     .summary = "how often each text is in this column; Enter filters by one, Space picks it", .hint = "frequency",
     .scopes = EXPLORE},
    {TABULAR, "statistics", "=", NULL, do_statistics, .summary = "what this column amounts to", .scopes = EXPLORE},
    {TABULAR, "freeze", "f", NULL, do_freeze, .summary = "this column stands still, or scrolls again",
     .scopes = EXPLORE},
    {TABULAR, "hide", "-", NULL, do_hide, .summary = "hide this column", .scopes = EXPLORE},
    {TABULAR, "show-all", "_", NULL, do_show_all, .summary = "show all columns", .scopes = EXPLORE},
    {TABULAR, "save", "S", NULL, do_save,
     .summary = "save what is seen of the table as CSV, or as JSON lines (.jsonl), to a file", .args = "FILE",
     .hint = "save", .scopes = EXPLORE},
    {TABULAR, "column-left", "H", NULL, do_column_left, .summary = "move this column to the left", .scopes = EXPLORE},
    {TABULAR, "column-right", "L", NULL, do_column_right, .summary = "move this column to the right",
     .scopes = EXPLORE},
    {TABULAR, "narrower", "(", NULL, do_narrower, .summary = "make this column narrower", .scopes = EXPLORE},
    {TABULAR, "wider", ")", NULL, do_wider, .summary = "make this column wider", .scopes = EXPLORE},
    {TABULAR, "fit", "|", NULL, do_fit, .summary = "this column as wide as all that was seen of it, and back",
     .scopes = EXPLORE},
    {TABULAR, "dtype", "t", NULL, do_dtype, .summary = "read this column as another dtype", .args = "DTYPE",
     .scopes = EXPLORE},
    {TABULAR, "mark", "M", NULL, do_mark, .summary = "mark this row with a letter", .args = "LETTER",
     .scopes = EXPLORE},
    {TABULAR, "go-to-mark", "'", NULL, do_go_to_mark,
     .summary = "back to the row with this mark; ' is where you came from", .args = "LETTER", .scopes = EXPLORE},
    {TABULAR, "row", "C-g", NULL, do_row, .summary = "to the row of that number", .args = "NUMBER", .scopes = EXPLORE},
    {TABULAR, "column", "C", NULL, do_column, .summary = "to the column of that name", .args = "NAME",
     .scopes = EXPLORE},
    {TABULAR, "follow", "F", NULL, do_follow, .summary = "follow the file as it grows, or stop that",
     .scopes = EXPLORE},

    {RUNNING, "run", "r", NULL, do_run,
     .summary = "run a task for each picked code; without any, one task over the whole table",
     .hint = "run", .rank = 3, .scopes = EXPLORE},
    {RUNNING, "compare", "c", NULL, do_compare,
     .summary = "measure the start methods and the engine's own threads side by side",
     .hint = "compare", .scopes = EXPLORE},
    {RUNNING, "kill", "x", NULL, do_kill, .summary = "kill the worker under the cursor, or the one that hangs; asks",
     .hint = "kill", .rank = 8, .scopes = EXPLORE},
    {RUNNING, "stop", "X", NULL, do_stop, .summary = "stop the run; asks", .hint = "stop run", .scopes = EXPLORE},

    {WATCHED, "type", "i", NULL, do_type,
     .summary = "type into the program: every key goes to it, but for the one that ends it",
     .hint = "type into it", .rank = 3, .scopes = WATCH},
    {WATCHED, "kill-all", "x", NULL, do_kill_all, .summary = "kill the program and all below it (SIGKILL); asks",
     .hint = "kill all", .rank = 8, .scopes = WATCH | ATTACH},
    {WATCHED, "stop-all", "X", NULL, do_stop_all,
     .summary = "ask the program to end (SIGTERM), and kill what is left after two seconds; asks", .hint = "stop",
     .scopes = WATCH},

    {LOOKING, "open", "Enter", NULL, do_open,
     .summary = "open what is under the cursor: a row, a setting, a process, a result",
     .hint = "open"},
    {LOOKING, "explain", "e", NULL, do_explain, .summary = "explain what is under the cursor, or what hangs",
     .hint = "explain", .rank = 7},
    {LOOKING, "stack", "s", NULL, do_stack,
     .summary = "the stack of the process under the cursor, or of the one that hangs",
     .hint = "stack", .rank = 10},
    {LOOKING, "search", "/", NULL, do_search,
     .summary = "search this pane; small letters match capitals too; ~PATTERN in the table",
     .args = "TEXT", .hint = "search"},
    {LOOKING, "search-next", "n", NULL, do_search_next, .summary = "the next place that matches"},
    {LOOKING, "search-previous", "N", NULL, do_search_previous, .summary = "the place before that matches"},
    {LOOKING, "copy", "y", NULL, do_copy,
     .summary = "copy what is under the cursor to the terminal's clipboard (OSC 52)",
     .hint = "copy"},
    {LOOKING, "copy-cell", "Y", NULL, do_copy_cell, .summary = "copy the cell in this row and column",
     .scopes = EXPLORE},
    {LOOKING, "copy-rows", "\"", NULL, do_copy_rows, .summary = "copy the rows between a mark and the cursor",
     .args = "LETTER", .scopes = EXPLORE},
    {LOOKING, "write", "w", NULL, do_write, .summary = "write the report to a file, as JSON",
     .args = "FILE", .hint = "report"},

    {PROGRAM, "palette", ":", NULL, do_palette, .summary = "type a command; Tab completes it",
     .hint = "commands", .rank = 11},
    {PROGRAM, "help", "?", "F1", do_help, .summary = "all keys and commands", .hint = "help", .rank = 1},
    {PROGRAM, "redraw", "C-l", NULL, do_redraw, .summary = "draw the screen again"},
    {PROGRAM, "suspend", "C-z", NULL, do_suspend, .summary = "back to the shell for a while; what is watched goes on"},
    {PROGRAM, "back", "Esc", NULL, do_back, .summary = "close what is open; at last, quit"},
    {PROGRAM, "quit", "q", "C-c", do_quit, .summary = "close what is open; at last, quit", .hint = "quit", .rank = 2},

    {TYPING, "accept", "Enter", NULL, do_accept, .summary = "take what is typed"},
    {TYPING, "cancel", "Esc", "C-c", do_cancel, .summary = "leave without doing anything"},
    {TYPING, "complete", "Tab", NULL, do_complete, .summary = "complete the command"},
    {TYPING, "choose-next", "Down", NULL, do_choose_next, .summary = "the next command of the list"},
    {TYPING, "choose-previous", "Up", NULL, do_choose_previous, .summary = "the command before"},
    {TYPING, "edit-left", "Left", "C-b", do_edit_left, .summary = "one character left"},
    {TYPING, "edit-right", "Right", "C-f", do_edit_right, .summary = "one character right"},
    {TYPING, "edit-home", "Home", "C-a", do_edit_home, .summary = "to the start of the line"},
    {TYPING, "edit-end", "End", "C-e", do_edit_end, .summary = "to the end of the line"},
    {TYPING, "backspace", "Backspace", NULL, do_backspace, .summary = "delete the character before the cursor"},
    {TYPING, "delete", "Delete", "C-d", do_delete, .summary = "delete the character under the cursor"},
    {TYPING, "kill-line", "C-u", NULL, do_kill_line, .summary = "delete to the start of the line"},
    {TYPING, "kill-word", "C-w", NULL, do_kill_word, .summary = "delete the word before the cursor"},

    {ASKED, "yes", "y", "Y", do_yes, .summary = "yes, do it"},
    {ASKED, "no", "n", "N Esc q C-c", do_no, .summary = "no, leave it"},

    {PASSING, "stop-typing", "C-]", NULL, do_stop_typing, .summary = "back to poolscope's own keys", .scopes = WATCH},
};

const struct command *command_at(size_t i)
{
    return i < sizeof table / sizeof *table ? &table[i] : NULL;
}

const struct command *command_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

bool command_is_in(const struct command *c, enum scope scope)
{
    return !c->scopes || c->scopes & 1u << scope;
}

const struct command *command_by_key(enum scope scope, enum where where, key_code key)
{
    char label[24];
    key_label(key, label);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (command_groups[table[i].group].where == where && command_is_in(&table[i], scope) &&
            (key_is_in(label, table[i].key) || key_is_in(label, table[i].also)))
            return &table[i];
    return NULL;
}

const char *command_key(const char *name)
{
    const struct command *c = command_by_name(name);
    return c && c->key ? c->key : "";
}
