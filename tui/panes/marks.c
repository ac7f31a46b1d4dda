/* SPDX-License-Identifier: MIT
 * Marks by their names. */
#include "tui/panes/marks.h"

#include <string.h>

static const char names[MARKS + 1] = "abcdefghijklmnopqrstuvwxyz'";

int mark_by_name(const char *name)
{
    const char *at = name[0] && !name[1] ? strchr(names, name[0]) : NULL;
    return at ? (int)(at - names) : -1;
}

char marks_letter(const struct marks *m, uint64_t row)
{
    for (int i = 0; i < MARKS - 1; i++)
        if (m->set[i] && m->rows[i] == row)
            return names[i];
    return ' ';
}
