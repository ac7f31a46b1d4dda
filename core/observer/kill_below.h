/* SPDX-License-Identifier: MIT
 * The end of everything below this process, however much it is and however fast it forks. */
#ifndef KILL_BELOW_H
#define KILL_BELOW_H

/* SIGKILL for each process below us, round after round until none is left, orphans included if we are a subreaper
 * (PR_SET_CHILD_SUBREAPER, prctl(2)). After each round `reap` is to reap what has ended, without blocking. A terminal
 * guard of ours is spared. Bounded: what does not die of SIGKILL for a minute (state D) is given up. */
void kill_below(void (*reap)(void *arg), void *arg);

#endif
