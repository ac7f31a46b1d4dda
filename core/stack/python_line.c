/* SPDX-License-Identifier: MIT
 * The line table of a code object (CPython's Objects/locations.md). Each entry begins with a byte that has bit 7 set,
 * and holds the kind of entry and its number of code units; numbers of six bits a byte follow. The bytes may be
 * anything. */
#include "core/stack/python.h"

struct cursor {
    const unsigned char *at, *end;
};

/* Bit 6 is clear in the last byte of a number. Bytes beyond the width of the result are ignored. */
static uint64_t take_number(struct cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0; c->at < c->end; shift += 6) {
        unsigned char byte = *c->at++;
        value |= shift < 32 ? (uint64_t)(byte & 63) << shift : 0;
        if (!(byte & 64))
            break;
    }
    return value;
}

static int64_t take_signed(struct cursor *c)
{
    uint64_t value = take_number(c);
    return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

int python_line(const unsigned char *table, size_t len, int64_t first_line, uint64_t unit)
{
    enum { NO_COLUMNS = 13, LONG = 14, NO_LOCATION = 15, ONE_LINE = 10 };
    struct cursor c = {table, table + len};
    int64_t line = first_line;
    for (uint64_t end = 0; c.at < c.end;) {
        unsigned char first = *c.at++;
        unsigned kind = first >> 3 & 15;
        end += (first & 7) + 1u;
        if (kind == LONG || kind == NO_COLUMNS)
            line += take_signed(&c);
        else if (kind >= ONE_LINE && kind < NO_COLUMNS)
            line += kind - ONE_LINE;
        if (unit < end)
            return kind != NO_LOCATION && line > 0 && line < INT32_MAX ? (int)line : 0;
        while (c.at < c.end && !(*c.at & 128)) /* columns */
            c.at++;
    }
    return 0;
}
