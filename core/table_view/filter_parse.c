/* SPDX-License-Identifier: MIT
 * Parsing a filter: COLUMN OPERATOR VALUE, or a text that a cell contains. */
#include <stdlib.h>
#include <string.h>

#include "core/table_view/private.h"

static const struct operator
{
    const char *sign;
    enum find_what what;
    bool inverted;
}
operators[] = {
    /* longer signs first: "<=" is not "<" */
    {"==", FIND_EQUAL, false},      {"!=", FIND_UNEQUAL, false},       {"!~", FIND_PATTERN, true},
    {"<=", FIND_LESS_EQUAL, false}, {">=", FIND_GREATER_EQUAL, false}, {"<", FIND_LESS, false},
    {">", FIND_GREATER, false},     {"~", FIND_PATTERN, false},
};

static const struct operator* operator_at(const char *text)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strncmp(text, operators[i].sign, strlen(operators[i].sign)) == 0)
            return &operators[i];
    return NULL;
}

static bool find_column(const struct table *t, const char *name, size_t len, size_t *out)
{
    for (size_t i = 0; i < table_columns(t); i++) {
        const struct column *c = table_column(t, i);
        if (c->name_len == len && memcmp(c->name, name, len) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static enum err give_text(struct query *out, const char *text, struct problem *problem)
{
    out->text = strdup(text);
    return out->text ? OK : problem_set(problem, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

static enum err parse_condition(const struct table *t, const struct operator* o, size_t column, const char *value,
                                struct query *out, struct problem *problem)
{
    *out = (struct query){
        .type = QUERY_FIND, .what = o->what, .inverted = o->inverted, .column = (int64_t)column, .within = -1};
    bool text = table_column(t, column)->dtype == DTYPE_STR;
    if (o->what == FIND_PATTERN)
        out->any_case = find_any_case(value, strlen(value));
    else if (!*value && (o->what == FIND_EQUAL || o->what == FIND_UNEQUAL)) {
        out->inverted = o->what == FIND_UNEQUAL;
        out->what = FIND_NULL;
    } else if (o->what == FIND_EQUAL && text) {
        out->what = FIND_TEXT;
    }
    return give_text(out, value, problem);
}

/* The operator is the first sign that follows the name of a column. Because a name may contain signs, each is tried. */
enum err table_view_words_parse(const struct table *t, const char *words, struct query *out, struct problem *problem)
{
    size_t column, first = 0;
    for (size_t i = 0; words[i]; i++) {
        const struct operator* o = operator_at(words + i);
        if (!o)
            continue;
        if (find_column(t, words, i, &column))
            return parse_condition(t, o, column, words + i + strlen(o->sign), out, problem);
        if (!first)
            first = i;
    }
    if (first)
        return problem_set(problem, ERR_USAGE, "there is no column %.*s", (int)first, words);
    *out = (struct query){.type = QUERY_FIND,
                          .what = FIND_PART,
                          .column = NO_COLUMN,
                          .within = -1,
                          .any_case = find_any_case(words, strlen(words))};
    return give_text(out, words, problem);
}
