/* SPDX-License-Identifier: MIT
 * What a run does over time, in bounded memory however long it goes on and however many tasks it has: amounts in bins
 * that grow wider as time goes on, and how long tasks take, in classes. Plain data; zeroed is empty. */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include <stdint.h>

enum { LOAD_BINS = 256, DURATION_CLASSES = 192 };

struct load {
    double width; /* of a bin, seconds; 0: nothing was added */
    float v[LOAD_BINS];
};

/* An amount that came about evenly from `from` to `to`, seconds since the run's start. */
void load_add(struct load *l, double from, double to, double amount);

/* The amount a second between these; 0 where nothing was added. */
double load_rate(const struct load *l, double from, double to);

struct durations {
    uint64_t n;
    uint32_t v[DURATION_CLASSES]; /* four for each doubling, from a nanosecond on */
};

void durations_add(struct durations *d, double seconds);

/* Not less than the share `q` (0 … 1) of them, and at most a fifth more; 0 of none. */
double durations_quantile(const struct durations *d, double q);

#endif
