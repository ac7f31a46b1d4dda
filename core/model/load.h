/* SPDX-License-Identifier: MIT
 * Two histograms whose size does not depend on the length of a run or the number of its tasks: a load is an amount over
 * time, in bins that get wider as time passes; durations are counted in classes. Plain data, empty when zeroed. */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include <stdint.h>

enum { LOAD_BINS = 256, DURATION_CLASSES = 192 };

struct load {
    double width; /* of a bin, in seconds; 0: nothing was added */
    float v[LOAD_BINS];
};

/* Adds an amount, spread evenly from `from` to `to`, in seconds since the start of the run. */
void load_add(struct load *l, double from, double to, double amount);

/* The amount a second between these times; 0 if nothing was added there. */
double load_rate(const struct load *l, double from, double to);

struct durations {
    uint64_t n;
    uint32_t v[DURATION_CLASSES]; /* four classes for each doubling, from one nanosecond on */
};

void durations_add(struct durations *d, double seconds);

/* The duration that the share `q` (0 … 1) of them does not exceed, rounded up by at most a fifth; 0 without any. */
double durations_quantile(const struct durations *d, double q);

#endif
