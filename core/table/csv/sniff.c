/* SPDX-License-Identifier: MIT
 * Guesses the delimiter: the candidate that occurs most often in the first line, and the comma in case of a tie. */
#include <string.h>

#include "core/base/io.h"
#include "core/table/table.h"

enum { LOOK = 16 * 1024 };

static const char candidates[] = {',', ';', '\t', '|'};

char table_sniff(int fd)
{
    char bytes[LOOK];
    size_t n, counts[sizeof candidates] = {0}, best = 0;
    bool inside = false;
    if (io_read_some_at(fd, bytes, sizeof bytes, 0, &n))
        return candidates[0];
    for (size_t i = 0; i < n && (inside || (bytes[i] != '\n' && bytes[i] != '\r')); i++) {
        inside ^= bytes[i] == '"';
        const char *at = inside || !bytes[i] ? NULL : memchr(candidates, bytes[i], sizeof candidates);
        if (at)
            counts[at - candidates]++;
    }
    for (size_t i = 1; i < sizeof candidates; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}
