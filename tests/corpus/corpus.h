/* SPDX-License-Identifier: MIT
 * The corpus: small real programs that hang, or look like it, and what poolscope must say about each. They are run
 * under `poolscope watch`, many at a time. */
#ifndef TESTS_CORPUS_CORPUS_H
#define TESTS_CORPUS_CORPUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/event/finding.h"

enum corpus_by {
    BY_C,       /* tests/programs/corpus*.c */
    BY_HANGS,   /* tests/programs/hangs.py */
    BY_HEALTHY, /* tests/programs/healthy.py */
    BY_SHELL    /* sh -c */
};

/* The status of a program that runs until --timeout ends it, as most healthy programs do. */
enum { UNTIL_ENDED = -1 };

struct corpus_case {
    const char *name;
    enum corpus_by by;
    const char *run;      /* the name of the program, with arguments, or a line for the shell; NULL: same as `name` */
    const char *rule;     /* the rule, or several with | between them; NULL: there must be no finding */
    const char *cause;    /* likewise; NULL: any */
    enum certainty least; /* the least certainty; for a healthy program with `pending`: the most that is accepted */
    int status;           /* exit status of a healthy program */
    const char *needs;    /* a program or an environment variable ($NAME), without which the case is skipped */
    bool semaphores;      /* needs POSIX semaphores, like multiprocessing in Python */
    int times;            /* number of runs; 0: one */
    double seconds;       /* how long it is watched; 0: the usual time */
    bool alone;           /* nobody waits for it; otherwise a shell does, so that rules that need a waiter may match */
    const char *pending;  /* why a wrong finding is accepted for now; NULL: none is */
};
extern const struct corpus_case corpus_cases[];
extern const size_t corpus_ncases;

struct corpus_run {
    const struct corpus_case *c;
    char name[64];
    const char *missing; /* what it needs and this machine lacks; NULL: it ran */
    int status;          /* as a shell reports it; -1: the watch had to be killed */
    bool ready;          /* it printed "ready", and was watched for a while after that */
    json_t *report;      /* NULL: there is none; owned, as the texts */
    char *out, *err;
    size_t left; /* its processes that still existed after the watch had ended */
};

/* Runs all, some at a time. Call kin_adopt() before. */
void corpus_run_all(struct corpus_run *runs, size_t n);
void corpus_run_done(struct corpus_run *r);

#endif
