/* SPDX-License-Identifier: MIT
 * What the tests of the engine over a table share: an engine, and a table that it has indexed. */
#ifndef TESTS_KIT_ENGINE_KIT_H
#define TESTS_KIT_ENGINE_KIT_H

#include "core/engine/table.h"

struct engine *kit_engine(int threads);

/* All rows of the file, found by this engine. Freed by the caller. */
struct table *kit_indexed(struct engine *e, int fd);

/* Rows of a code, a name and a number, and one more with the code 999999. KIT_ROWS of them: 1 MB, many spans. */
enum { KIT_ROWS = 60000 };
int kit_names_file(size_t rows);

/* What its cells are, as a test knows them: a number, which, and where a name stands in natural order. */
bool kit_is_number(const struct cell *c);
long kit_number_of(const struct cell *c);
int kit_name_rank(const struct cell *c);

#endif
