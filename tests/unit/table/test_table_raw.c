/* SPDX-License-Identifier: MIT
 * Raw structure: all implementations agree, also where bytes only look like a row, a code or a quote. The expected
 * result is always that of libcsv over the whole file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/engine/table.h"
#include "core/table/private.h"
#include "core/table/index/walk.h"
#include "tests/kit/table_kit.h"

/* Makes a table with tiny windows and chunks, so that they begin everywhere. */
static struct table *raw_table(const char *text, const char *key, uint64_t window, uint64_t chunk)
{
    struct table *first = NULL, *t = NULL;
    struct problem problem = {""};
    struct table_tuning tuning = {.window = window, .chunk = chunk, .even_if_complete = true};
    int fd = kit_file(text, strlen(text));
    if (table_open(fd, &(struct table_options){.path = "t.csv", .key = key}, &first, &problem) ||
        table_index_tuned(first, &tuning, NULL, NULL, &t, &problem))
        fail_msg("%s", problem.text);
    table_free(first);
    close(fd);
    return t;
}

struct trap {
    const char *text, *key, *code;
    uint64_t rows, found, first; /* how many rows; how many have the code, the first of them */
    bool regular;                /* raw structure is exact */
    const char *fault;
};

static const struct trap traps[] = {
    {"code,n\n001234,1\n", NULL, "001234", 1, 1, 0, true, NULL},    /* the first record */
    {"code,n\n5,1\n001234,2", NULL, "001234", 2, 1, 1, true, NULL}, /* the last, without a newline */
    {"code\n001234", NULL, "001234", 1, 1, 0, true, NULL},
    {"code,n\n\"001234\",1\n", NULL, "001234", 1, 1, 0, true, NULL}, /* quoted */
    {"code,n\n0012345,1\n1001234,1\n", NULL, "001234", 2, 0, 0, true, NULL},
    {"code,n\n5,001234\n", NULL, "001234", 1, 0, 0, true, NULL},           /* in another column */
    {"n,code\n1,001234\n001234,2\n", NULL, "001234", 2, 1, 0, true, NULL}, /* the key is another column */
    {"n,code\n1,\"001234\"\r\n", NULL, "001234", 1, 1, 0, true, NULL},
    {"code,n\n5,\"x\n001234,fake\"\n001234,1\n", NULL, "001234", 2, 1, 1, true, NULL}, /* a row within quotes */
    {"code,n\n5,\"\n\n001234,\"\n\"\",\"001234\"\n", NULL, "001234", 2, 0, 0, true, NULL},
    {"code,n\n\"a,b\",1\na,2\n", NULL, "a,b", 2, 1, 0, true, NULL},                  /* a separator in the code */
    {"code,n\n\"a\"\"b\",1\n\"a\"\"\"\"b\",2\n", NULL, "a\"b", 2, 1, 0, true, NULL}, /* quotes in it */
    {"code,n\n\"\"\"\",1\n", NULL, "\"", 1, 1, 0, true, NULL},
    {"code,n\n\"a\nb\",1\n", NULL, "a\nb", 1, 1, 0, true, NULL},
    {"code,n\n\"\",1\n,2\n", NULL, "", 2, 1, 0, true, NULL},       /* empty, which is not null */
    {"code,n\n001234\r,1\n", NULL, "001234", 1, 1, 0, true, NULL}, /* CRs at the edge are trimmed */
    {"code,n\n\r001234,1\n", NULL, "001234", 1, 1, 0, true, NULL},
    {"code,n\n5,1\r001234,2\n", NULL, "001234", 1, 0, 0, true, NULL}, /* a lone CR does not end a row */
    {"code,n\r\n001234,1\r\n\r\n001234,2\r\n", NULL, "001234", 3, 2, 0, true, NULL},
    {"\xef\xbb\xbf"
     "code,n\n001234,1\n",
     NULL, "001234", 1, 1, 0, true, NULL},
    {"code,n\n\n\n001234,1\n\n", NULL, "001234", 4, 1, 2, true, NULL},     /* empty lines are rows */
    {"code,n\n001234\n001234,1,2\n", NULL, "001234", 2, 2, 0, true, NULL}, /* too short, too long */
    {"code,n\n\"a\"\r,1\n001234,2\n", NULL, "001234", 2, 1, 1, false,
     NULL}, /* a CR next to a quote is left to libcsv */
    {"code,n\n\r\"001234\",1\n", NULL, "001234", 1, 1, 0, false, NULL},
    {"code,n\n001234,1\n\r", NULL, "001234", 1, 1, 0, false, NULL},          /* a single CR is not a row */
    {"code,n\n001234,1\nx,a\"b\n001234,2\n", NULL, "001234", 1, 1, 0, false, /* a stray quote ends the rows */
     "t.csv:3:4: a quote inside an unquoted field; quote the whole field and double the quote"},
    {"code,n\n001234,1\nx,\"a\"b\n001234,2\n", NULL, "001234", 1, 1, 0, false,
     "t.csv:3:6: text after a closing quote; write a quote inside a quoted field twice"},
    {"code,n\n001234,1\nx,\"a\n001234,2\n", NULL, "001234", 1, 1, 0, false, /* so does a quote that is never closed */
     "t.csv:3:3: a quoted field is never closed; close it, and write a quote inside it twice"},
};

static void check_trap(const struct trap *c, size_t i, uint64_t window, uint64_t chunk)
{
    struct engine *e = NULL;
    struct row_list list;
    uint64_t first = 0;
    struct table *t = raw_table(c->text, c->key, window, chunk);
    struct find f = {.what = FIND_TEXT, .column = table_key(t), .text = c->code, .len = strlen(c->code)};
    assert_int_equal(engine_new(&(struct engine_options){.threads = 1}, &e), OK);
    assert_int_equal(engine_find(e, t, &f, NULL, &list, NULL), OK);
    if (list.n)
        assert_int_equal(row_list_read(&list, 0, 1, &first), OK);
    const char *fault = table_fault(t) ? table_fault(t) : "", *expected = c->fault ? c->fault : "";
    if (table_rows(t) != c->rows || list.n != c->found || first != c->first || table_has_hits(t) != c->regular ||
        strcmp(fault, expected) != 0)
        fail_msg("trap %zu, window %d, chunk %d: %d rows, %d found, first %d, fault \"%s\"", i, (int)window, (int)chunk,
                 (int)table_rows(t), (int)list.n, (int)first, fault);
    row_list_done(&list);
    engine_free(e);
    table_free(t);
}

static void a_filter_finds_exactly_the_rows_that_libcsv_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        for (uint64_t window = 1; window < 40; window += 1 + window / 4)
            for (uint64_t chunk = window; chunk <= 4 * window; chunk += window)
                check_trap(&traps[i], i, window, chunk);
}

/* One record over many chunks, and many windows in which no record begins. */
static void reads_a_record_longer_than_a_chunk(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "code,n\n1,\"");
    for (int i = 0; i < 5000; i++)
        buf_add_text(&b, "\n001234,fake");
    buf_add_text(&b, "\"\n001234,2\n");
    struct trap c = {b.data, NULL, "001234", 2, 1, 1, true, NULL};
    for (uint64_t window = 16; window <= 4096; window *= 16)
        for (uint64_t chunk = window; chunk < 20000; chunk *= 5)
            check_trap(&c, 0, window, chunk);
    buf_done(&b);
}

static void random_bytes(char *text, size_t len, unsigned *seed)
{
    static const char alphabet[] = "ab,,\"\"\n\r;01\x80";
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[(size_t)rand_r(seed) % (sizeof alphabet - 1)];
}

static void all_implementations_find_the_same_structure(void **state)
{
    (void)state;
    enum { LEN = 1000 };
    unsigned seed = 11;
    char *text = malloc(LEN + RAW_PAD);
    assert_non_null(text);
    memset(text, '"', LEN + RAW_PAD); /* bytes after the text must not matter */
    for (int round = 0; round < 2000; round++) {
        size_t len = (size_t)rand_r(&seed) % LEN;
        uint64_t ends[2][RAW_WORDS], seps[2][RAW_WORDS];
        struct raw_state s[2] = {raw_begin(), raw_begin()};
        const struct raw_ops *ops[2] = {&raw_portable, raw_best()};
        struct raw_tally tally[2];
        struct raw_entry entries[2][LEN];
        random_bytes(text, len, &seed);
        for (int k = 0; k < 2; k++) {
            ops[k]->split(text, len, ',', &s[k], ends[k], seps[k]);
            tally[k] = (struct raw_tally){.expected = 2, .window = 16, .limit = len, .entry = entries[k]};
            ops[k]->tally(&tally[k], ends[k], seps[k], (len + 63) / 64, 0);
        }
        assert_memory_equal(ends[0], ends[1], (len + 63) / 64 * sizeof **ends);
        assert_memory_equal(seps[0], seps[1], (len + 63) / 64 * sizeof **seps);
        assert_int_equal(s[0].inside, s[1].inside);
        assert_int_equal(s[0].strange, s[1].strange);
        assert_int_equal(tally[0].rows, tally[1].rows);
        assert_int_equal(tally[0].ragged.long_rows, tally[1].ragged.long_rows);
        assert_memory_equal(entries[0], entries[1], (size_t)(tally[0].entry - entries[0]) * sizeof **entries);
    }
    free(text);
}

static size_t slow_probe(const char *text, size_t len, const char *word, size_t n, bool any_case, size_t from)
{
    for (; from + n <= len; from++) {
        size_t i = 0;
        while (i < n && (text[from + i] == word[i] || (any_case && (text[from + i] | 0x20) == (word[i] | 0x20) &&
                                                       (word[i] | 0x20) >= 'a' && (word[i] | 0x20) <= 'z')))
            i++;
        if (i == n)
            return from;
    }
    return len;
}

static void all_implementations_find_a_literal_at_the_same_offset(void **state)
{
    (void)state;
    enum { LEN = 300 };
    unsigned seed = 7;
    char *text = malloc(LEN + RAW_PAD);
    assert_non_null(text);
    memset(text, 'a', LEN + RAW_PAD);
    for (int round = 0; round < 5000; round++) {
        size_t len = (size_t)rand_r(&seed) % LEN, n = 1 + (size_t)rand_r(&seed) % 6;
        bool any_case = round & 1;
        unsigned char bytes[8], fold[8];
        char word[8];
        for (size_t i = 0; i < len; i++)
            text[i] = "abAB1"[rand_r(&seed) % 5];
        for (size_t i = 0; i < n; i++) {
            word[i] = "abAB1"[rand_r(&seed) % 5];
            fold[i] = any_case && word[i] != '1' ? 0x20 : 0;
            bytes[i] = (unsigned char)word[i] | fold[i];
        }
        struct raw_probe p = {.bytes = bytes, .fold = fold, .len = n, .folded = any_case};
        for (int k = 0; k < RAW_PROBES; k++)
            p.at[k] = (size_t)rand_r(&seed) % n;
        for (size_t from = 0; from <= len; from += 1 + len / 7) {
            size_t right = slow_probe(text, len, word, n, any_case, from);
            assert_int_equal(raw_portable.probe(&p, text, len, from), right);
            assert_int_equal(raw_best()->probe(&p, text, len, from), right);
        }
    }
    free(text);
}

static void guesses_quotes_by_their_neighbours(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool inside;
    } guesses[] = {
        {"x,y\nz", false},      {"x,\"y\",z", false},    {"x y\",z\n", true}, {"001234,fake,1\"\n5,6", true},
        {"ab\"\"cd\",e", true}, {"1,\"a\"\"b\"", false}, {"", false},         {"\"\"\"\"\"\"", false},
    };
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
        assert_int_equal(raw_guess_inside(guesses[i].text, strlen(guesses[i].text), ','), guesses[i].inside);
}

/* Every guess is wrong in this text: each chunk begins in a field that looks like rows. */
static void reads_chunks_with_a_wrong_guess_again(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "code,n\n");
    for (int i = 0; i < 500; i++)
        buf_add_text(&b, "1,\",\"\"a\"\",\n\"\n"); /* within: ,"a",\n */
    buf_add_text(&b, "001234,2\n");
    struct trap c = {b.data, NULL, "001234", 501, 1, 500, true, NULL};
    for (uint64_t window = 5; window < 60; window += 3)
        check_trap(&c, 0, window, window);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_finds_exactly_the_rows_that_libcsv_finds),
        cmocka_unit_test(reads_a_record_longer_than_a_chunk),
        cmocka_unit_test(all_implementations_find_the_same_structure),
        cmocka_unit_test(all_implementations_find_a_literal_at_the_same_offset),
        cmocka_unit_test(guesses_quotes_by_their_neighbours),
        cmocka_unit_test(reads_chunks_with_a_wrong_guess_again),
    };
    return cmocka_run_group_tests_name("table_raw", tests, NULL, NULL);
}
