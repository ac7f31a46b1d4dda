/* SPDX-License-Identifier: MIT
 * What tests of the engine share: an engine, and a table that it has indexed. */
#ifndef TESTS_KIT_ENGINE_KIT_H
#define TESTS_KIT_ENGINE_KIT_H

#include "core/engine/table.h"

struct engine *kit_engine(int threads);

/* A table of the file, indexed by this engine. Freed by the caller. */
struct table *kit_indexed(struct engine *e, int fd);

/* A file of KIT_ROWS rows with a code, a name and a number, and one more row with the code 999999. It has 1 MB, which
 * is many spans. */
enum { KIT_ROWS = 60000 };
int kit_names_file(size_t rows);

/* The cells that the file is made of: the number of a row, its name, and the position of a name in natural order. */
bool kit_is_number(const struct cell *c);
long kit_number_of(const struct cell *c);
int kit_name_rank(const struct cell *c);

#endif
