/* SPDX-License-Identifier: MIT
 * Words and roles that several panes share, so that a thing is called the same everywhere. */
#ifndef TUI_PANES_WORDS_H
#define TUI_PANES_WORDS_H

#include "core/model/model.h"
#include "tui/draw/theme.h"

/* "hung, proved" or just "busy". Returns out. */
const char *words_state(const struct model *m, const struct model_worker *w, char out[64]);
enum role words_role(enum worker_state state);

/* A task's code, or "all rows"; borrowed from the model. */
const char *words_task(const struct model *m, int64_t task);

/* "worker 2" or "process 4242". Returns out. */
const char *words_process(const struct model *m, int64_t pid, char out[64]);

/* What the table's file is called: its last component, or "standard input". */
const char *words_file(const char *path);

#endif
