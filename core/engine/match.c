/* SPDX-License-Identifier: MIT
 * Tests whether a row matches: by text, parts of text, patterns, and comparisons by dtype. */
#include "core/engine/match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/table/values/order.h"
#include "core/table/index/walk.h"

enum {
    STEPS_MAX = 10 * 1000 * 1000,
    HEAP_KIB = 16 * 1024
}; /* limits of one match, because some patterns would never end */

static_assert(FIND_EQUAL > FIND_ODD && FIND_GREATER_EQUAL == FIND_EQUAL + 5, "the six comparisons are the last");

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

/* Text outside ASCII is left to PCRE2: \p{Lu} matches upper-case letters. */
bool find_any_case(const char *text, size_t len)
{
    int error;
    PCRE2_SIZE at;
    bool upper = false;
    if (is_ascii(text, len)) {
        for (size_t i = 0; i < len; i++)
            upper |= text[i] >= 'A' && text[i] <= 'Z';
        return !upper;
    }
    pcre2_code *code = pcre2_compile((PCRE2_SPTR) "\\p{Lu}", PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF,
                                     &error, &at, NULL);
    pcre2_match_data *data = code ? pcre2_match_data_create(1, NULL) : NULL;
    if (data)
        upper = pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, data, NULL) >= 0;
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return !upper;
}

/* Also used for a part with letters outside ASCII in any case, which is then a literal pattern. */
static enum err compile(struct match *m, bool literal, struct problem *problem)
{
    const struct find *f = m->find;
    int error;
    PCRE2_SIZE at;
    PCRE2_UCHAR words[200];
    uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (literal ? PCRE2_LITERAL : PCRE2_UCP) |
                     (f->any_case ? PCRE2_CASELESS : 0);
    m->pattern = pcre2_compile((PCRE2_SPTR)f->text, f->len, flags, &error, &at, NULL);
    if (!m->pattern) {
        pcre2_get_error_message(error, words, sizeof words);
        return problem_set(problem, ERR_USAGE, "\"%.*s\" is not a valid pattern: %s at byte %zu", (int)f->len, f->text,
                           (const char *)words, (size_t)at + 1);
    }
    (void)pcre2_jit_compile(m->pattern, PCRE2_JIT_COMPLETE); /* optional: matching is faster with it */
    return OK;
}

static enum err prepare_order(struct match *m, struct problem *problem)
{
    const struct find *f = m->find;
    struct cell value = {.text = f->text, .len = f->len};
    if (f->column >= table_columns(m->table))
        return problem_set(problem, ERR_USAGE, "a comparison needs a column");
    enum dtype dtype = table_column(m->table, f->column)->dtype;
    m->by_value = dtype != DTYPE_STR;
    if (!m->by_value)
        return table_order_text(f->text, f->len, &m->natural);
    if (table_order_value(m->table, f->column, &value, &m->order) != TABLE_CLASS_VALUE)
        return problem_set(problem, ERR_USAGE, "\"%.*s\" is not a valid %s", (int)f->len, f->text, dtype_names[dtype]);
    return OK;
}

/* A row whose cell contains a text contains its raw bytes. The reverse holds if no byte of it is special in CSV. */
static void prepare_raw(struct match *m)
{
    const struct find *f = m->find;
    bool text = f->what == FIND_TEXT || (f->what == FIND_EQUAL && !m->by_value);
    bool part = f->what == FIND_PART && f->len > 0 && !m->pattern;
    m->raw = (text || part) && !f->inverted && table_has_hits(m->table);
    m->sure = m->raw && part && f->column == FIND_ANY_COLUMN && !memchr(f->text, '"', f->len) &&
              !memchr(f->text, '\n', f->len) && !memchr(f->text, '\r', f->len) &&
              !memchr(f->text, table_delimiter(m->table), f->len);
}

enum err match_init(struct match *m, const struct table *t, const struct find *f, struct problem *problem)
{
    enum err err = OK;
    *m = (struct match){.table = t, .find = f};
    buf_init(&m->natural, SIZE_MAX / 2);
    if (f->column >= table_columns(t) && (f->column != FIND_ANY_COLUMN || f->what == FIND_ODD))
        err = problem_set(problem, ERR_USAGE, "there is no such column");
    else if (f->what == FIND_PATTERN || (f->what == FIND_PART && f->any_case && !is_ascii(f->text, f->len)))
        err = compile(m, f->what == FIND_PART, problem);
    else if (f->what >= FIND_EQUAL)
        err = prepare_order(m, problem);
    if (!err)
        prepare_raw(m);
    else
        match_done(m);
    return err;
}

void match_done(struct match *m)
{
    pcre2_code_free(m->pattern);
    m->pattern = NULL;
    buf_done(&m->natural);
}

enum err matcher_init(struct matcher *r, const struct match *m)
{
    *r = (struct matcher){.match = m};
    buf_init(&r->natural, SIZE_MAX / 2);
    if (!m->pattern)
        return OK;
    r->data = pcre2_match_data_create(1, NULL);
    r->limits = pcre2_match_context_create(NULL);
    if (!r->data || !r->limits) {
        matcher_done(r);
        return ERR_NOMEM;
    }
    pcre2_set_match_limit(r->limits, STEPS_MAX);
    pcre2_set_heap_limit(r->limits, HEAP_KIB);
    return OK;
}

void matcher_done(struct matcher *r)
{
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->limits);
    r->data = NULL;
    r->limits = NULL;
    buf_done(&r->natural);
}

static unsigned char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)c | 0x20 : (unsigned char)c;
}

static bool has_part(const struct cell *cell, const struct find *f)
{
    if (!f->any_case || f->len == 0 || cell->len < f->len)
        return f->len == 0 || memmem(cell->text, cell->len, f->text, f->len);
    for (size_t at = 0; at + f->len <= cell->len; at++) {
        size_t i = 0;
        while (i < f->len && lower(cell->text[at + i]) == lower(f->text[i]))
            i++;
        if (i == f->len)
            return true;
    }
    return false;
}

static enum err has_pattern(struct matcher *r, const struct cell *cell, bool *out)
{
    int n = pcre2_match(r->match->pattern, (PCRE2_SPTR)cell->text, cell->len, 0, 0, r->data, r->limits);
    *out = n >= 0;
    if (n >= 0 || n == PCRE2_ERROR_NOMATCH)
        return OK;
    return n == PCRE2_ERROR_NOMEMORY ? ERR_NOMEM : ERR_TOO_BIG;
}

static bool holds(enum find_what what, int order)
{
    switch (what) {
    case FIND_EQUAL: return order == 0;
    case FIND_UNEQUAL: return order != 0;
    case FIND_LESS: return order < 0;
    case FIND_LESS_EQUAL: return order <= 0;
    case FIND_GREATER: return order > 0;
    default: return order >= 0;
    }
}

static enum err compare(struct matcher *r, const struct cell *cell, bool *out)
{
    const struct match *m = r->match;
    uint64_t order;
    *out = false;
    if (cell->null)
        return OK;
    if (m->by_value) {
        if (table_order_value(m->table, m->find->column, cell, &order) == TABLE_CLASS_VALUE)
            *out = holds(m->find->what, (order > m->order) - (order < m->order));
        return OK;
    }
    buf_clear(&r->natural);
    enum err err = table_order_text(cell->text, cell->len, &r->natural);
    *out = !err &&
           holds(m->find->what, table_order_compare(r->natural.data, r->natural.len, m->natural.data, m->natural.len));
    return err;
}

static bool is_odd(const struct match *m, const struct cell *cell)
{
    uint64_t order;
    size_t column = m->find->column;
    return !cell->null && table_column(m->table, column)->dtype != DTYPE_STR &&
           table_order_value(m->table, column, cell, &order) == TABLE_CLASS_ODD;
}

static enum err ask_cell(struct matcher *r, const struct cell *cell, bool *out)
{
    const struct find *f = r->match->find;
    *out = f->what == FIND_NULL && cell->null;
    if (f->what == FIND_NULL)
        return OK;
    if (f->what >= FIND_EQUAL)
        return compare(r, cell, out);
    if (cell->null)
        return OK;
    if (f->what == FIND_ODD) {
        *out = is_odd(r->match, cell);
        return OK;
    }
    if (r->match->pattern)
        return has_pattern(r, cell, out);
    if (f->what == FIND_PART)
        *out = has_part(cell, f);
    else
        *out = cell->len == f->len && (f->len == 0 || memcmp(cell->text, f->text, f->len) == 0);
    return OK;
}

enum err matcher_ask(struct matcher *r, const struct cell *cells, size_t n, bool *out)
{
    enum err err = OK;
    bool some = false;
    for (size_t i = 0; !err && !some && i < n; i++)
        err = ask_cell(r, &cells[i], &some);
    *out = some != r->match->find->inverted;
    return err;
}
