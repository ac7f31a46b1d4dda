/* SPDX-License-Identifier: MIT
 * The table of all commands. Everything except the screen's start gets it as a pointer (app.commands, view.commands).
 */
#ifndef TUI_COMMANDS_COMMAND_TABLE_H
#define TUI_COMMANDS_COMMAND_TABLE_H

#include "tui/keys/keymap.h"

extern const struct command_table command_table;

#endif
