/* SPDX-License-Identifier: MIT
 * Runs the built program without a terminal, follows the processes that it starts, and makes files for it to read. */
#ifndef TESTS_KIT_PROGRAM_H
#define TESTS_KIT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/buf.h"

enum { PROGRAM_BOUND = 60, KIN_MAX = 256 };

/* The path of $builddir/poolscope; and PATH below $srcdir, freed by the caller. */
const char *program_path(void);
char *source_path(const char *path);

struct program {
    pid_t pid;
    int status;          /* as a shell has it: 128 + N for signal N; -1 while it runs */
    int out_fd, err_fd;  /* files that get its output, so that it never waits for a reader */
    struct buf out, err; /* what it had printed at the last program_look */
};

/* In a child that is about to become the program: no signal is ignored or blocked, whatever those who run the tests
 * (CI, a shell's background job, nohup) have left us with. */
void program_default_signals(void);

/* Sleeps a few milliseconds, between two looks. */
void nap(void);

/* Starts poolscope with `args`, which ends with NULL and lacks the program's own name. `input` is what it reads from
 * stdin; NULL is /dev/null. It is killed if the test dies. */
void program_start(struct program *p, const char *const *args, const char *input);
void program_start_fd(struct program *p, const char *const *args, int fd);   /* takes `fd`, its stdin */
void program_start_argv(struct program *p, const char *const *argv, int fd); /* another program: argv[0] is its path */
void program_wait(struct program *p); /* until it has exited; fails the test after PROGRAM_BOUND seconds */
void program_look(struct program *p); /* reads out and err again, and status if it has exited */
void program_done(struct program *p); /* kills it if it still runs, and frees */

/* Starts it and waits until it has exited. */
#define PROGRAM_RUN(p, ...) program_run(p, (const char *const[]){__VA_ARGS__, NULL})
void program_run(struct program *p, const char *const *args);

/* Fails, and prints stderr, unless the program exited with `status`. */
void program_assert_status(const struct program *p, int status);

/* An extended regular expression, in which ^ and $ match at each line. */
bool text_matches(const char *text, const char *regex);
void assert_text_matches(const char *text, const char *regex);

/* From now on every orphan below this process becomes its child, so that none is overlooked. */
void kin_adopt(void);

/* The living processes (no zombies) below `root`, or its children; in no order. Returns how many. */
size_t kin_below(pid_t root, pid_t out[KIN_MAX]);
size_t kin_children(pid_t parent, pid_t out[KIN_MAX]);
bool kin_command_has(pid_t pid, const char *words);
bool kin_is_named(pid_t pid, const char *name); /* by /proc/PID/comm */
bool kin_alive(pid_t pid);

/* Reaps orphans and waits until no process is left below this one. After PROGRAM_BOUND seconds prints those that are
 * left, and fails. */
void kin_wait_none(void);
int kin_none_left(void **state); /* the same, as a teardown for cmocka */

/* Makes a temporary file of these bytes. file_done removes it and frees the path. */
char *file_with(const char *bytes, size_t len);
void file_done(char *path);
void file_append(const char *path, const char *text);
void file_rewrite(const char *path, const char *text); /* in place: it remains the same inode */
void file_read(const char *path, struct buf *out);     /* fails the test if it cannot */

#endif
