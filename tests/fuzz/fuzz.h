/* SPDX-License-Identifier: MIT
 * What every fuzzed function declares: the function itself, under the name that libFuzzer calls; the pieces of which
 * fuzz_main.c makes inputs without libFuzzer; and an assertion that aborts. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FUZZ_KNOBS = 6 }; /* the first bytes of an input are settings, the others are the data */

/* The folder of its kept inputs, relative to the top folder. */
extern const char fuzz_corpus[];

/* Inputs are made of `common` pieces, rarely with some `odd` ones ("" is a NUL byte). Short inputs are all texts of
 * `letters` after one of the headers. `usual` masks the second setting in most inputs. */
extern const struct fuzz_pieces {
    const char *const *common, *const *odd;
    size_t ncommon, nodd;
    const char *letters, *headers[2];
    size_t nletters;
    unsigned char usual;
} fuzz_pieces;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, #condition, __LINE__))
_Noreturn static inline void fuzz_fail(const char *file, const char *what, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

#endif
