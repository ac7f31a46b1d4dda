/* SPDX-License-Identifier: MIT
 * Shared by the files of this room only. */
#ifndef MODEL_PRIVATE_H
#define MODEL_PRIVATE_H

#include "core/model/model.h"

/* --- list.c --- */

/* Adds a zeroed element to a list that grows by doubling at powers of two. Returns the element, or NULL without
 * memory. */
void *model_list_add(void *list, size_t *n, size_t size);

/* Moves a text: frees the old one and clears the source. */
void model_take_text(char **to, char **from);

/* --- words.c --- */

/* Fills `note` with the log line for `e`; its text stays NULL if the log gets none. Call it before `e` is applied: some
 * lines depend on the state before the event. */
void model_describe(const struct model *m, const struct event *e, struct event *note);

/* --- workers.c --- */

static inline struct model_worker *model_worker_by_id(struct model *m, int64_t id)
{
    return (struct model_worker *)model_worker(m, id);
}

void model_clear_workers(struct model *m);
bool model_gone(const struct model_worker *w); /* it has exited or was killed */
void model_enter(struct model_worker *w, enum worker_state state, double now);

/* A span is the time that a worker spends on one task. Closing it leaves the worker without a task; opening one closes
 * the span before it. */
void model_close_span(struct model_worker *w, double now);
enum err model_open_span(struct model_worker *w, int64_t task, double now) MUST_CHECK;

/* The host has died, and the workers that were still there with it. */
void model_kill_workers(struct model *m, double now);

enum err model_on_worker_started(struct model *m, struct event *e);
enum err model_on_worker_ready(struct model *m, struct event *e);
enum err model_on_worker_exited(struct model *m, struct event *e);

/* --- tasks.c --- */

void model_clear_tasks(struct model *m);
void model_expect_tasks(struct model *m, int64_t total);
void model_settle_rest(struct model *m, enum task_state state, double now); /* all that are pending or running */
enum err model_on_task_submitted(struct model *m, struct event *e);
enum err model_on_task_started(struct model *m, struct event *e);
enum err model_on_task_returned(struct model *m, struct event *e);
enum err model_on_task_ended(struct model *m, struct event *e);
enum err model_on_tasks(struct model *m, struct event *e);

/* --- processes.c --- */

void model_clear_processes(struct model *m); /* and the findings */
enum err model_on_process(struct model *m, struct event *e);
enum err model_on_process_gone(struct model *m, struct event *e);
enum err model_on_finding(struct model *m, struct event *e);
enum err model_on_finding_ended(struct model *m, struct event *e);

/* --- command.c --- */

void model_clear_command(struct model *m);
enum err model_on_command_started(struct model *m, struct event *e);
enum err model_on_command_exited(struct model *m, struct event *e);
enum err model_on_output(struct model *m, struct event *e);
enum err model_on_inspection(struct model *m, struct event *e);
enum err model_on_sampled(struct model *m, struct event *e);
enum err model_on_denied(struct model *m, struct event *e);

#endif
