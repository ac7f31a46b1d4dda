/* SPDX-License-Identifier: MIT
 * The fields of queries and answers on the wire. */
#include "core/query/private.h"

#define ASK(kind, member)                                                                                              \
    {                                                                                                                  \
#member, kind, offsetof(struct query, member), NULL                                                            \
    }
const struct field query_fields[] = {
    ASK(FIELD_INT, type),       ASK(FIELD_INT, id),           ASK(FIELD_INT, column),     ASK(FIELD_INT, what),
    ASK(FIELD_BOOL, any_case),  ASK(FIELD_BOOL, inverted),    ASK(FIELD_BOOL, backwards), ASK(FIELD_BOOL, descending),
    ASK(FIELD_BOOL, growing),   ASK(FIELD_TEXT, text),        ASK(FIELD_INT, from),       ASK(FIELD_INT, size),
    ASK(FIELD_INT, within),     ASK(FIELD_BOOL, within_wide), ASK(FIELD_TEXT, columns),   ASK(FIELD_BOOL, replace),
    {NULL, FIELD_END, 0, NULL},
};

#define ANSWER(kind, member)                                                                                           \
    {                                                                                                                  \
#member, kind, offsetof(struct query_answer, member), NULL                                                     \
    }
const struct field query_answer_fields[] = {
    ANSWER(FIELD_INT, type),       ANSWER(FIELD_INT, id),       ANSWER(FIELD_INT, error),
    ANSWER(FIELD_TEXT, problem),   ANSWER(FIELD_INT, row),      ANSWER(FIELD_INT, n),
    ANSWER(FIELD_BOOL, wide),      ANSWER(FIELD_INT, size),     ANSWER(FIELD_INT, rows),
    ANSWER(FIELD_INT, nulls),      ANSWER(FIELD_INT, odd),      ANSWER(FIELD_INT, others),
    ANSWER(FIELD_BOOL, complete),  ANSWER(FIELD_INT, distinct), ANSWER(FIELD_TEXT, least),
    ANSWER(FIELD_TEXT, greatest),  ANSWER(FIELD_REAL, sum),     ANSWER(FIELD_REAL, mean),
    ANSWER(FIELD_REAL, deviation), ANSWER(FIELD_INT, shortest), ANSWER(FIELD_INT, longest),
    ANSWER(FIELD_REAL, seconds),   {NULL, FIELD_END, 0, NULL},
};

void query_answer_done(struct query_answer *a)
{
    shape_done(query_answer_fields, a);
}
