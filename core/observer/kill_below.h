/* SPDX-License-Identifier: MIT
 * The end of everything below this process, however much it is and however fast it forks. */
#ifndef KILL_BELOW_H
#define KILL_BELOW_H

#include <stddef.h>
#include <sys/types.h>

/* What kill_below left alive: processes that we may not signal, for instance set-user-ID programs (kill(2), EPERM), and
 * a terminal guard of ours. */
struct kill_left {
    size_t denied;   /* how many may not be signalled; that never changes, so nobody waits for them */
    pid_t pid;       /* of one of them */
    char name[64];   /* its name, made safe to print */
    pid_t guard;     /* 0: none */
};

/* The line for the user, "" if nothing was denied. */
enum { KILL_LEFT_TEXT = 256 };
char *kill_left_text(const struct kill_left *left, char out[KILL_LEFT_TEXT]);

/* SIGKILL for each process below us, round after round until none is left, orphans included if we are a subreaper
 * (PR_SET_CHILD_SUBREAPER, prctl(2)). After each round `reap` is to reap what has ended, without blocking. A terminal
 * guard of ours is spared. Bounded: what does not die of SIGKILL for a minute (state D) is given up, and what we may
 * not kill at once. `left` tells what is still there. */
void kill_below(void (*reap)(void *arg), void *arg, struct kill_left *left);

#endif
