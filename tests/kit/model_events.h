/* SPDX-License-Identifier: MIT
 * Applies events to a model, for tests: each function applies one event, at the time `t`. */
#ifndef TESTS_KIT_MODEL_EVENTS_H
#define TESTS_KIT_MODEL_EVENTS_H

#include "core/model/model.h"

void feed_table(struct model *m, double t, const char *path, int64_t rows, int64_t columns);
/* The run was asked for at 0, or at `asked`. */
void feed_run(struct model *m, double t, int64_t run, const char *method, int64_t workers, int64_t threads);
void feed_asked_run(struct model *m, double asked, double t, int64_t run, const char *method, int64_t workers,
                    int64_t threads);
void feed_submit(struct model *m, double t, int64_t task, const char *code);
void feed_worker(struct model *m, double t, int64_t worker, int64_t pid, int64_t parent_threads, bool forked);
void feed_ready(struct model *m, double t, int64_t worker);
void feed_start(struct model *m, double t, int64_t task, int64_t worker);
void feed_end(struct model *m, double t, int64_t task, int64_t worker, enum task_state state, int64_t rows);
void feed_exit(struct model *m, double t, int64_t worker, int64_t signal, bool expected);
void feed_run_end(struct model *m, double t, bool stopped);
/* A finding of the rule no-waker with the cause lost-threads, evidence and a stack. */
void feed_proved(struct model *m, double t, int64_t pid);
void feed_host_exit(struct model *m, double t, int64_t pid, int64_t signal);

/* A fork run that hangs: two workers, of pids 14072 and 14073, have 0001 and 00002; task 0005 is pending. */
void feed_hung_run(struct model *m);

#endif
