/* SPDX-License-Identifier: MIT
 * Runs a fuzzed function without libFuzzer: on all short inputs, then on inputs made from fixed seeds, then on the kept
 * ones. Without arguments it is a test; `fuzz_... FROM TO` runs these seeds, `fuzz_... LENGTH` longer short inputs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { SEEDS = 3000, SHORT = 5, INPUT_MAX = 4096 };

static size_t make_input(unsigned seed, unsigned char *out)
{
    const struct fuzz_pieces *p = &fuzz_pieces;
    unsigned odd = rand_r(&seed) % 8 == 0 ? 6 : 4000; /* most inputs have no odd piece */
    size_t len = 0, want = FUZZ_KNOBS + (size_t)rand_r(&seed) % (rand_r(&seed) % 4 ? 200 : INPUT_MAX - 100);
    for (; len < FUZZ_KNOBS; len++)
        out[len] = (unsigned char)rand_r(&seed);
    if (rand_r(&seed) % 4)
        out[1] &= p->usual;
    while (len < want) {
        const char *piece = rand_r(&seed) % odd == 0 ? p->odd[(size_t)rand_r(&seed) % p->nodd]
                                                     : p->common[(size_t)rand_r(&seed) % p->ncommon];
        size_t n = *piece ? strlen(piece) : 1;
        memcpy(out + len, piece, n);
        len += n;
    }
    return len;
}

static int run_seeds(unsigned from, unsigned to)
{
    unsigned char input[INPUT_MAX + 100];
    for (unsigned seed = from; seed < to; seed++) {
        size_t len = make_input(seed, input);
        LLVMFuzzerTestOneInput(input, len);
    }
    return 0;
}

/* Runs all texts of a few characters up to a length, with different settings. */
static void run_short(size_t max_len)
{
    const struct fuzz_pieces *p = &fuzz_pieces;
    unsigned char input[32];
    for (size_t len = 0; len <= max_len; len++) {
        unsigned long all = 1;
        for (size_t i = 0; i < len; i++)
            all *= p->nletters;
        for (unsigned long n = 0; n < all; n++) {
            unsigned char knobs[FUZZ_KNOBS] = {
                (unsigned char)(n % 3 + 32 * (n / 3 % 2)), n & 1, 128, (unsigned char)(n % 3), 1, 255};
            size_t at = sizeof knobs, header = strlen(p->headers[n & 1]);
            memcpy(input, knobs, at);
            memcpy(input + at, p->headers[n & 1], header);
            at += header;
            unsigned long left = n;
            for (size_t i = 0; i < len; i++, left /= p->nletters)
                input[at++] = (unsigned char)p->letters[left % p->nletters];
            LLVMFuzzerTestOneInput(input, at);
        }
    }
}

static int run_file(const char *path)
{
    static unsigned char input[64 * 1024];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t len = fread(input, 1, sizeof input, f);
    fclose(f);
    LLVMFuzzerTestOneInput(input, len);
    return 0;
}

static int run_corpus(const char *dir)
{
    char path[4096 + 256 + 2];
    DIR *d = opendir(dir);
    int failed = 0, n = 0;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.') {
            failed |= run_file(path);
            n++;
        }
    }
    if (d)
        closedir(d);
    if (n == 0)
        fprintf(stderr, "%s: no corpus\n", dir);
    return failed || n == 0;
}

int main(int argc, char **argv)
{
    char dir[4096];
    const char *srcdir = getenv("srcdir");
    if (argc == 3)
        return run_seeds((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]));
    snprintf(dir, sizeof dir, "%s/%s", srcdir ? srcdir : ".", fuzz_corpus);
    run_short(argc == 2 ? (size_t)atoi(argv[1]) : SHORT);
    return run_seeds(0, SEEDS) | run_corpus(dir);
}
