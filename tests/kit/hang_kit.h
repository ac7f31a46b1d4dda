/* SPDX-License-Identifier: MIT
 * Real processes for tests: starts a case of tests/hang_cases, watches it, and waits for a condition. */
#ifndef TESTS_KIT_HANG_KIT_H
#define TESTS_KIT_HANG_KIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/hang/hang.h"
#include "core/proc/proc.h"

struct kit {
    pid_t root;   /* the program */
    pid_t target; /* the process that the case is about */
    struct scene scene;
    struct hang_settings settings;
    struct findings findings; /* of the last look */
};

/* False if this machine cannot run the case. Fails the test if the case does not start. End it with kit_stop. */
bool kit_start(struct kit *k, const char *name);
void kit_stop(struct kit *k);

/* Updates the scene once and judges it. */
void kit_look(struct kit *k);
const struct finding *kit_finding(const struct kit *k, pid_t pid);

/* Looks until the condition holds; fails the test after 30 s. */
void kit_look_until(struct kit *k, bool (*holds)(const struct kit *));

bool kit_target_is_confirmed(const struct kit *k); /* asleep at one instant, after a few looks */
bool kit_target_has_finding(const struct kit *k);
bool kit_target_is_proved(const struct kit *k);

/* Prints a stack to the log of the test. */
void kit_print_stack(const struct texts *frames, double stopped);

#endif
