/* SPDX-License-Identifier: MIT
 * Infers dtypes from cells by the rules of Polars: the kind of each cell, then the dtype that fits all kinds in a
 * column. There are two differences: all rows are used, and a column with a number that has leading zeros is text. */
#include <string.h>

#include "core/table/values/values.h"

/* What a cell looks like. */
enum kind {
    KIND_BOOL = 1,
    KIND_INT = 2,
    KIND_BIG = 4, /* an integer that does not fit into i64 */
    KIND_FLOAT = 8,
    KIND_TEXT = 16,
    KIND_ZEROS = 32, /* 007: a code, not a number */
};

struct scan {
    const char *at, *end;
};

static size_t digits(struct scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return (size_t)(s->at - from);
}

static bool one_of(struct scan *s, const char *set)
{
    if (s->at == s->end || *s->at == '\0' || !strchr(set, *s->at))
        return false;
    s->at++;
    return true;
}

static bool word(const struct cell *cell, size_t from, const char *text)
{
    size_t len = strlen(text);
    return cell->len - from == len && memcmp(cell->text + from, text, len) == 0;
}

static bool no_case_word(const struct cell *cell, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (cell->len != len || (cell->text[i] | 0x20) != text[i])
            return false;
    return true;
}

static enum kind integer_kind(const struct cell *cell)
{
    return table_value_fit(DTYPE_I64, false, cell) == TABLE_FIT_YES ? KIND_INT : KIND_BIG;
}

/* A number is [-+]? digits . digits exponent?, where parts may be missing; an integer may have a minus but no plus. */
static enum kind number_kind(const struct cell *cell)
{
    struct scan s = {cell->text, cell->text + cell->len};
    bool plus = s.at < s.end && *s.at == '+';
    bool sign = one_of(&s, "+-");
    if (word(cell, sign, "inf") || word(cell, sign, "NaN"))
        return KIND_FLOAT;
    bool leading_zero = s.end - s.at > 1 && s.at[0] == '0' && s.at[1] >= '0' && s.at[1] <= '9';
    size_t before = digits(&s), after = 0;
    bool point = one_of(&s, ".");
    if (point)
        after = digits(&s);
    if (before + after == 0)
        return KIND_TEXT;
    bool exponent = (!point || after) && one_of(&s, "eE");
    if (exponent) {
        one_of(&s, "+-");
        if (!digits(&s))
            return KIND_TEXT;
    }
    if (s.at != s.end || (plus && !point && !exponent))
        return KIND_TEXT;
    if (leading_zero)
        return KIND_ZEROS;
    return point || exponent ? KIND_FLOAT : integer_kind(cell);
}

static enum kind cell_kind(const struct cell *cell)
{
    if (cell->len == 0)
        return KIND_TEXT;
    char c = cell->text[0];
    if (c == 't' || c == 'T' || c == 'f' || c == 'F')
        return no_case_word(cell, "true") || no_case_word(cell, "false") ? KIND_BOOL : KIND_TEXT;
    return number_kind(cell);
}

void table_infer_init(struct table_infer *f)
{
    *f = (struct table_infer){.bad = {UINT64_MAX, UINT64_MAX}, .first_date = UINT64_MAX};
}

static void note_bad(struct table_infer *f, bool day_first, uint64_t row)
{
    if (row < f->bad[day_first])
        f->bad[day_first] = row;
}

/* The first date of a column decides whether all are day first; that is tried first, as in Polars. */
static void check_date(struct table_infer *f, uint64_t row, const struct cell *cell)
{
    enum table_fit fits[2] = {table_value_fit(DTYPE_DATE, false, cell), table_value_fit(DTYPE_DATE, true, cell)};
    if (fits[0] == TABLE_FIT_NULL)
        return;
    for (int day_first = 0; day_first < 2; day_first++)
        if (fits[day_first] == TABLE_FIT_NO)
            note_bad(f, day_first, row);
    if (f->first_date == UINT64_MAX) {
        f->first_date = row;
        f->first_is_day_first = fits[1] == TABLE_FIT_YES;
    }
}

bool table_infer_wants(const struct table_infer *f, const struct column *c)
{
    return c->given ? c->dtype != DTYPE_STR : !(f->seen & (KIND_TEXT | KIND_ZEROS));
}

void table_infer_cell(struct table_infer *f, const struct column *c, uint64_t row, const struct cell *cell)
{
    if (c->given && c->dtype == DTYPE_DATE)
        check_date(f, row, cell);
    else if (c->given && c->dtype != DTYPE_STR && table_value_fit(c->dtype, false, cell) == TABLE_FIT_NO)
        note_bad(f, false, row);
    else if (!c->given && !cell->null)
        f->seen |= (uint8_t)cell_kind(cell);
}

void table_infer_merge(struct table_infer *all, const struct table_infer *part)
{
    all->seen |= part->seen;
    for (int i = 0; i < 2; i++)
        if (part->bad[i] < all->bad[i])
            all->bad[i] = part->bad[i];
    if (part->first_date < all->first_date) {
        all->first_date = part->first_date;
        all->first_is_day_first = part->first_is_day_first;
    }
}

enum dtype table_infer_dtype(const struct table_infer *f)
{
    switch (f->seen) {
    case KIND_BOOL: return DTYPE_BOOL;
    case KIND_INT: return DTYPE_I64;
    case KIND_FLOAT:
    case KIND_FLOAT | KIND_INT:
    case KIND_FLOAT | KIND_BIG: return DTYPE_F64;
    default: return DTYPE_STR;
    }
}

uint64_t table_infer_bad_row(const struct table_infer *f, enum dtype dtype)
{
    return f->bad[dtype == DTYPE_DATE && f->first_is_day_first];
}
