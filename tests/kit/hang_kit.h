/* SPDX-License-Identifier: MIT
 * What tests on real processes share: start a case of tests/hang_cases, watch it, wait for a condition. */
#ifndef TESTS_KIT_HANG_KIT_H
#define TESTS_KIT_HANG_KIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/hang/hang.h"
#include "core/proc/proc.h"

struct kit {
    pid_t root;   /* the program */
    pid_t target; /* the process that is meant */
    struct scene scene;
    struct hang_settings settings;
    struct findings findings; /* of the last look */
};

/* False if this machine cannot have the case. Fails the test if it does not start. */
bool kit_start(struct kit *k, const char *name);
void kit_stop(struct kit *k);

/* One update of the scene and the judgement of it. */
void kit_look(struct kit *k);
const struct finding *kit_finding(const struct kit *k, pid_t pid);

/* Looks until the condition holds; fails the test after 30 s. */
void kit_look_until(struct kit *k, bool (*holds)(const struct kit *));

bool kit_target_is_confirmed(const struct kit *k); /* asleep at one instant, looked at a few times */
bool kit_target_has_finding(const struct kit *k);
bool kit_target_is_proved(const struct kit *k);

/* For whoever reads the log. */
void kit_print_stack(const struct texts *frames, double stopped);

#endif
