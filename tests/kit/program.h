/* SPDX-License-Identifier: MIT
 * The built program run without a terminal, the processes that come of it, and files for it to read. */
#ifndef TESTS_KIT_PROGRAM_H
#define TESTS_KIT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/buf.h"

enum { PROGRAM_BOUND = 60, KIN_MAX = 256 };

/* $builddir/poolscope, and PATH below $srcdir (freed by the caller). */
const char *program_path(void);
char *source_path(const char *path);

struct program {
    pid_t pid;
    int status;          /* as a shell has it: 128 + N for signal N; -1 while it runs */
    int out_fd, err_fd;  /* what it prints goes here, so a full pipe never stops it */
    struct buf out, err; /* what it had printed when it was last looked at */
};

/* In a child that is about to become the program: no signal is ignored or blocked, whatever those who run the tests (CI, a
 * shell's background job, nohup) have left us with. */
void program_default_signals(void);

/* A few milliseconds, between two looks. */
void nap(void);

/* Starts poolscope with these arguments (ends with NULL; without the program's own name). `input` is what it reads on
 * stdin, NULL for nothing. */
void program_start(struct program *p, const char *const *args, const char *input);
void program_start_fd(struct program *p, const char *const *args, int fd);   /* which is its stdin; taken */
void program_start_argv(struct program *p, const char *const *argv, int fd); /* another program: argv[0] is its path */
void program_wait(struct program *p); /* until it has exited; fails the test after PROGRAM_BOUND seconds */
void program_look(struct program *p); /* refreshes out and err, and status if it has exited */
void program_done(struct program *p); /* kills it if it still runs */

#define PROGRAM_RUN(p, ...) program_run(p, (const char *const[]){__VA_ARGS__, NULL})
void program_run(struct program *p, const char *const *args);

/* Fails with what it said on stderr. */
void program_assert_status(const struct program *p, int status);

/* An extended regular expression in which ^ and $ are those of a line. */
bool text_matches(const char *text, const char *regex);
void assert_text_matches(const char *text, const char *regex);

/* From now on every orphan below this process becomes its child, so that nothing can slip away unseen. */
void kin_adopt(void);

/* Living processes (no zombies) below `root`, in no order; how many. */
size_t kin_below(pid_t root, pid_t out[KIN_MAX]);
size_t kin_children(pid_t parent, pid_t out[KIN_MAX]);
bool kin_command_has(pid_t pid, const char *words);
bool kin_is_named(pid_t pid, const char *name); /* by /proc/PID/comm */
bool kin_alive(pid_t pid);

/* Reaps orphans and waits until no process is left below this one; prints what is left and fails after the bound. */
void kin_wait_none(void);
int kin_none_left(void **state); /* the same, as cmocka's teardown: whatever the test was about */

/* A temporary file with these bytes; its path is freed and the file removed by file_done. */
char *file_with(const char *bytes, size_t len);
void file_done(char *path);
void file_append(const char *path, const char *text);
void file_rewrite(const char *path, const char *text); /* in place: the same file */
void file_read(const char *path, struct buf *out);     /* fails the test if it cannot */

#endif
