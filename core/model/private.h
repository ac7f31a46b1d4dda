/* SPDX-License-Identifier: MIT
 * For the room only. */
#ifndef MODEL_PRIVATE_H
#define MODEL_PRIVATE_H

#include "core/model/model.h"

/* Fills `note` with the line that the log gets for `e`; its text stays NULL where there is nothing to say. To be called
 * before `e` is applied: some words need what was there before. */
void model_describe(const struct model *m, const struct event *e, struct event *note);

/* Lists grow by doubling at powers of two. Returns the new, zeroed element, or NULL. */
void *model_list_add(void *list, size_t *n, size_t size);

/* Hands a text over: the old one is freed, the source loses it. */
void model_take_text(char **to, char **from);

/* Of a worker: it has no task any more, or has this one from now on. */
void model_close_span(struct model_worker *w, double now);
enum err model_open_span(struct model_worker *w, int64_t task, double now) MUST_CHECK;
void model_enter(struct model_worker *w, enum worker_state state, double now);
bool model_gone(const struct model_worker *w);
struct model_worker *model_worker_by_id(struct model *m, int64_t id);

/* model_load.c: one more is settled, some time between `from` and `now`. */
void model_note_settled(struct model *m, const struct event_task *ended, double from, double now);

/* model_tasks.c */
void model_clear_tasks(struct model *m);
struct model_task *model_task_by_id(struct model *m, int64_t id); /* NULL: not kept */
void model_expect_tasks(struct model *m, int64_t total);
void model_settle_rest(struct model *m, enum task_state state, double now); /* all that is pending or running */
enum err model_on_task_submitted(struct model *m, struct event *e);
enum err model_on_task_started(struct model *m, struct event *e);
enum err model_on_task_returned(struct model *m, struct event *e);
enum err model_on_task_ended(struct model *m, struct event *e);
enum err model_on_tasks(struct model *m, struct event *e);

#endif
