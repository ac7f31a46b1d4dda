/* SPDX-License-Identifier: MIT
 * Words and colours that several panes share, so that a thing has the same name everywhere. */
#ifndef TUI_PANES_WORDS_H
#define TUI_PANES_WORDS_H

#include "core/model/model.h"
#include "tui/draw/theme.h"

/* The state of a worker: "hung, proved", or just "busy". Returns `out`. */
const char *words_state(const struct model *m, const struct model_worker *w, char out[64]);
enum role words_role(enum worker_state state);

/* The code of a task, or "all rows"; borrowed from the model. */
const char *words_task(const struct model *m, int64_t task);

/* "worker 2" or "process 4242". Returns `out`. */
const char *words_process(const struct model *m, int64_t pid, char out[64]);

/* The name of the table's file without its folder, or "standard input". Borrowed. */
const char *words_file(const char *path);

#endif
