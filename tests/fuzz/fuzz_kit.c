/* SPDX-License-Identifier: MIT
 * Compares two tables that must be equal, cell by cell. */
#include "tests/fuzz/fuzz_kit.h"

#include <string.h>

/* Complete fields, single characters and line ends; rarely a piece that strict libcsv refuses. */
static const char *const common[] = {
    "a",
    "1",
    "001234",
    "x y",
    ",",
    ",",
    ",",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\"q\"",
    "\"a,b\"",
    "\"a\nb\"",
    "\"\"",
    "\"a\"\"b\"",
    "\"\"\"\"",
    "\"\n001234,fake,1\"",
    "\xe5\xb1\xb1",
    "\xff",
    "-7",
    "2.5",
    "\"\"\"x\"",
    "\"x\"\"\"",
    "",
    ";",
    "\t",
};
static const char *const odd[] = {"\r", "\"", "\"a\"\r", "\r\"a\"", "a\"b", "\"a\"b", "\0", "\"a\" ", "|"};

/* Settings that divide short inputs into windows and chunks of all relevant sizes. */
const struct fuzz_pieces fuzz_pieces = {
    .common = common,
    .ncommon = sizeof common / sizeof *common,
    .odd = odd,
    .nodd = sizeof odd / sizeof *odd,
    .letters = "a,\"\n\r",
    .nletters = 5,
    .headers = {"h\n", "h,i\n"},
    .usual = 3, /* a comma */
};

bool fuzz_same_cell(const struct cell *a, const struct cell *b)
{
    return a->null == b->null && a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

void fuzz_compare_rows(const struct table *reference, const struct table *t, unsigned step)
{
    struct table_reader *r, *s;
    const struct row *a, *b;
    MUST(!table_reader_new(reference, &r) && !table_reader_new(t, &s));
    for (uint64_t i = 0; i < table_rows(reference); i++) {
        if (i % step == 0)
            MUST(!table_seek(s, (i * 7 + 3) % table_rows(t)) && !table_next(s, &b) && b && !table_seek(s, i));
        MUST(!table_next(r, &a) && a);
        MUST(!table_next(s, &b) && b);
        MUST(a->number == i && b->number == i && a->ncells == b->ncells);
        for (size_t c = 0; c < a->ncells; c++)
            MUST(fuzz_same_cell(&a->cells[c], &b->cells[c]));
    }
    MUST(!table_next(r, &a) && !a && !table_next(s, &b) && !b);
    table_reader_free(r);
    table_reader_free(s);
}

void fuzz_compare_facts(const struct table *reference, const struct table *t)
{
    struct table_ragged a = table_ragged(reference), b = table_ragged(t);
    const char *fault = table_fault(reference), *other = table_fault(t);
    MUST(table_rows(reference) == table_rows(t));
    MUST(a.short_rows == b.short_rows && a.first_short == b.first_short);
    MUST(a.long_rows == b.long_rows && a.first_long == b.first_long);
    MUST(!fault == !other && (!fault || strcmp(fault, other) == 0));
    MUST(table_stage(t) >= TABLE_INDEXED);
}
