/* SPDX-License-Identifier: MIT
 * Short ways to feed a model with events in tests: each applies one event at a time `t`. */
#ifndef TESTS_KIT_MODEL_EVENTS_H
#define TESTS_KIT_MODEL_EVENTS_H

#include "core/model/model.h"

void feed_table(struct model *m, double t, const char *path, int64_t rows, int64_t columns);
/* Asked for at 0, or when the test says. */
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
/* A no-waker finding, lost-threads, with evidence and stack. */
void feed_proved(struct model *m, double t, int64_t pid);
void feed_host_exit(struct model *m, double t, int64_t pid, int64_t signal);

/* The article's run under fork, hung: two workers with 0001 and 00002, task 0005 pending. Pids 14072 and 14073. */
void feed_hung_run(struct model *m);

#endif
