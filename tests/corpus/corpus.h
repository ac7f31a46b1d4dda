/* SPDX-License-Identifier: MIT
 * The corpus: small real programs that hang, or look as if, with what is to be said of each; and how they are run under
 * `poolscope watch`, many at a time. */
#ifndef TESTS_CORPUS_CORPUS_H
#define TESTS_CORPUS_CORPUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/event/finding.h"

enum corpus_by {
    BY_C,       /* tests/corpus */
    BY_HANGS,   /* tests/programs/hangs.py */
    BY_HEALTHY, /* tests/programs/healthy.py */
    BY_SHELL    /* sh -c */
};

/* What runs until it is ended by --timeout, as most healthy programs do. */
enum { UNTIL_ENDED = -1 };

struct corpus_case {
    const char *name;
    enum corpus_by by;
    const char *run;      /* the program's name (with arguments), or the shell's line; NULL: as `name` */
    const char *rule;     /* a word, or several with | between them; NULL: nothing is to be found */
    const char *cause;    /* the same; NULL: not looked at */
    enum certainty least; /* at least; of a healthy one that is pending: the most that is borne */
    int status;           /* of a healthy one that ends by itself */
    const char *needs;    /* a program, or an environment variable ($NAME), without which there is no such case */
    bool semaphores;      /* needs POSIX semaphores, as Python's multiprocessing does */
    int times;            /* how often; 0: once */
    double seconds;       /* how long it is looked at, where the usual time does not fit */
    bool alone;           /* nobody waits for it: else it runs below a shell that does, so that rules may speak */
    const char *pending;  /* why another judgement is known and borne; NULL: none is */
};
extern const struct corpus_case corpus_cases[];
extern const size_t corpus_ncases;

struct corpus_run {
    const struct corpus_case *c;
    char name[64];
    const char *missing; /* what it needs and is not there; NULL: it ran */
    int status;          /* as a shell has it; -1: it had to be killed */
    bool ready;          /* it said so, and was looked at for a while after that */
    json_t *report;      /* NULL: there is none */
    char *out, *err;
    size_t left; /* processes of it that were there when the watch had ended */
};

/* Runs all, some at a time. Needs kin_adopt(). */
void corpus_run_all(struct corpus_run *runs, size_t n);
void corpus_run_done(struct corpus_run *r);

#endif
