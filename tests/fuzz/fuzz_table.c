/* SPDX-License-Identifier: MIT
 * Fuzzes tables: raw structure must give the same table as libcsv over the whole file. Any difference aborts.
 * fuzz_main.c runs the function without libFuzzer. */
#include "tests/fuzz/fuzz_kit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/engine/table.h"
#include "core/table/index/walk.h"

const char fuzz_corpus[] = "tests/fuzz/corpus-csv";

enum { KNOBS = FUZZ_KNOBS };

/* How this input is to be read. */
struct knobs {
    struct table_tuning tuning;
    struct table_options options;
    size_t cut; /* the file has this many bytes at first, then all */
    struct find find;
};

static struct knobs turn(const uint8_t *k, const uint8_t *data, size_t len)
{
    static const char delimiters[] = ",;\t|";
    struct knobs out = {0};
    out.tuning.window = 1 + k[0] % 32;
    out.tuning.chunk = out.tuning.window * (1 + k[0] / 32);
    out.tuning.raw = k[1] & 1 ? &raw_portable : raw_best();
    out.tuning.even_if_complete = true;
    out.options = (struct table_options){
        .path = "fuzz.csv", .no_header = k[1] & 2, .delimiter = delimiters[k[1] >> 2 & 3]};
    out.cut = len * k[2] / 255;
    out.find.what = (enum find_what)(k[3] % (FIND_GREATER_EQUAL + 1));
    out.find.column = k[3] & 64 ? FIND_ANY_COLUMN : 0;
    out.find.any_case = k[3] & 128;
    out.find.inverted = k[4] & 128;
    out.find.len = k[4] % 8 < len ? k[4] % 8 : 0;
    size_t from = len ? (size_t)k[5] * len / 256 : 0;
    if (out.find.len > len - from)
        out.find.len = len - from;
    out.find.text = (const char *)data + from; /* a text of the file is more likely to be found */
    return out;
}

/* Walks over spans of one window each, all columns or the last one. */
static void compare_walk(const struct table *reference, const struct table *t, bool all)
{
    struct table_reader *r;
    struct table_walk *w;
    struct table_batch batch;
    const struct row *a;
    uint64_t seen = 0;
    size_t column = table_columns(t) - 1;
    MUST(!table_reader_new(reference, &r) && !table_walk_new(t, all ? NULL : &column, 1, NULL, &w));
    for (size_t i = 0; i < table_spans(t, 1); i++) {
        MUST(!table_walk_begin(w, table_span(t, 1, i)));
        while (!table_walk_next(w, &batch) && batch.rows > 0) {
            MUST(batch.row == seen);
            for (size_t k = 0; k < batch.rows; k++, seen++) {
                MUST(!table_next(r, &a) && a);
                for (size_t c = 0; c < batch.width; c++)
                    MUST(fuzz_same_cell(&a->cells[all ? c : column], &batch.cells[k * batch.width + c]));
            }
        }
    }
    MUST(seen == table_rows(reference));
    table_walk_free(w);
    table_reader_free(r);
}

static void compare_find(const struct table *reference, const struct table *t, const struct find *f, struct engine *e)
{
    struct row_list a, b;
    uint64_t x, y;
    if (f->what >= FIND_ODD && table_column(reference, 0)->dtype != table_column(t, 0)->dtype)
        return; /* a grown table has the dtypes of its first rows */
    enum err expected = engine_find(e, reference, f, NULL, &a, NULL);
    MUST(engine_find(e, t, f, NULL, &b, NULL) == expected);
    if (expected)
        return;
    MUST(a.n == b.n);
    for (uint64_t i = 0; i < a.n; i++)
        MUST(!row_list_read(&a, i, 1, &x) && !row_list_read(&b, i, 1, &y) && x == y);
    for (uint64_t from = 0; from <= table_rows(t) && from < 8; from++) {
        MUST(!row_list_find(&a, from, &y));
        uint64_t next = UINT64_MAX, before = UINT64_MAX;
        if (y < a.n)
            MUST(!row_list_read(&a, y, 1, &next));
        if (next == from && from < table_rows(t))
            before = from;
        else if (y > 0)
            MUST(!row_list_read(&a, y - 1, 1, &before));
        MUST(!engine_find_next(e, t, f, from, false, NULL, &x, NULL) && x == next);
        MUST(!engine_find_next(e, t, f, from, true, NULL, &x, NULL) && x == before);
    }
    row_list_done(&a);
    row_list_done(&b);
}

static void compare_learned(const struct table *reference, const struct table *t)
{
    struct table *all;
    MUST(!table_learn(t, NULL, NULL, &all, NULL));
    MUST(table_codes(reference) == table_codes(all) && table_key(reference) == table_key(all));
    for (size_t i = 0; i < table_codes(all); i++) {
        const struct table_code *a = table_code(reference, i), *b = table_code(all, i);
        MUST(a->len == b->len && a->count == b->count && memcmp(a->text, b->text, a->len) == 0);
    }
    for (size_t i = 0; i < table_columns(all); i++)
        MUST(table_column(reference, i)->dtype == table_column(all, i)->dtype);
    table_free(all);
}

static void compare_all(const struct table *reference, const struct table *t, const struct knobs *k, struct engine *e)
{
    fuzz_compare_facts(reference, t);
    fuzz_compare_rows(reference, t, 1 + (unsigned)k->tuning.window % 5);
    compare_walk(reference, t, true);
    compare_walk(reference, t, false);
    compare_find(reference, t, &k->find, e);
}

/* Opens the file when it has only `cut` bytes, and grows the table. */
static void compare_growth(const struct table *reference, const uint8_t *data, size_t len, const struct knobs *k,
                           struct engine *e)
{
    struct table *first = NULL, *indexed = NULL, *grown = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(fd >= 0 && pwrite(fd, data, k->cut, 0) == (ssize_t)k->cut);
    if (!table_open(fd, &k->options, &first, NULL)) {
        bool same = table_columns(first) == table_columns(reference);
        MUST(!table_index_tuned(first, &k->tuning, NULL, NULL, &indexed, NULL));
        MUST(pwrite(fd, data + k->cut, len - k->cut, (off_t)k->cut) == (ssize_t)(len - k->cut));
        enum err err = table_grow_tuned(indexed, &k->tuning, NULL, NULL, &grown, NULL);
        if (indexed->body.source.lone_crs != reference->body.source.lone_crs) {
            MUST(err == ERR_CHANGED); /* its line ends were not known before */
        } else if (!same || indexed->body.index.facts->start != reference->body.index.facts->start) {
            table_free(err ? NULL : grown); /* the header itself grew: another table */
        } else {
            MUST(!err);
            compare_all(reference, grown, k, e);
            table_free(grown);
        }
        table_free(indexed);
        table_free(first);
    }
    close(fd);
}

/* A file of lone CRs must give the same table as one with newlines in their place. */
static void compare_ends(const struct table *reference, const uint8_t *data, size_t len, const struct knobs *k)
{
    struct table *converted = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(fd >= 0);
    for (size_t i = 0; i < len; i++) {
        bool lone = data[i] == '\r' && (i + 1 == len || data[i + 1] != '\n');
        MUST(!io_write_all(fd, lone ? "\n" : (const char *)data + i, 1));
    }
    MUST(!table_open(fd, &k->options, &converted, NULL) && !converted->body.source.lone_crs);
    fuzz_compare_facts(converted, reference);
    fuzz_compare_rows(converted, reference, 2);
    table_free(converted);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct table *reference = NULL, *t = NULL;
    struct engine *e = NULL;
    if (size < KNOBS || size > 32 * 1024)
        return 0;
    const uint8_t *data = bytes + KNOBS;
    size_t len = size - KNOBS;
    struct knobs k = turn(bytes, data, len);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(fd >= 0 && !io_write_all(fd, data, len));
    bool packed;
    MUST(!table_stream_needed(fd, &packed));
    if (packed) { /* not tested here */
        close(fd);
        return 0;
    }
    MUST(!engine_new(&(struct engine_options){.threads = 1}, &e));
    if (!table_open(fd, &k.options, &reference, NULL)) {
        MUST(!reference->body.index.facts->regular); /* indexed by libcsv */
        MUST(!table_index_tuned(reference, &k.tuning, NULL, NULL, &t, NULL));
        compare_all(reference, t, &k, e);
        if (reference->body.source.lone_crs)
            compare_ends(reference, data, len, &k);
        if (!table_fault(t))
            compare_learned(reference, t);
        table_free(t);
        compare_growth(reference, data, len, &k, e);
        table_free(reference);
    }
    engine_free(e);
    close(fd);
    return 0;
}
