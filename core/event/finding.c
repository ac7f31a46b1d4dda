/* SPDX-License-Identifier: MIT
 * The fields of a finding, in the order of the report. */
#include "core/event/finding.h"

const char *const certainty_names[] = {"possible", "likely", "proved", NULL};

#define AT(member) offsetof(struct finding, member)
const struct field finding_fields[] = {
    {"rule", FIELD_TEXT, AT(rule), NULL},
    {"certainty", FIELD_ENUM, AT(certainty), certainty_names},
    {"pid", FIELD_INT, AT(pid), NULL},
    {"tid", FIELD_INT, AT(tid), NULL},
    {"after_seconds", FIELD_REAL, AT(after_seconds), NULL},
    {"summary", FIELD_TEXT, AT(summary), NULL},
    {"evidence", FIELD_TEXTS, AT(evidence), NULL},
    {"cause", FIELD_TEXT, AT(cause), NULL},
    {"stack", FIELD_TEXTS, AT(stack), NULL},
    {"fix", FIELD_TEXT, AT(fix), NULL},
    {"victims", FIELD_INTS, AT(victims), NULL},
    {0},
};
#undef AT

void finding_done(struct finding *f)
{
    shape_done(finding_fields, f);
}

enum err finding_copy(const struct finding *from, struct finding *to)
{
    *to = (struct finding){0};
    return shape_copy(finding_fields, from, to);
}
