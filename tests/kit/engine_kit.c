/* SPDX-License-Identifier: MIT
 * Engines and tables for their tests. */
#include "tests/kit/engine_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/kit/table_kit.h"

struct engine *kit_engine(int threads)
{
    struct engine *e = NULL;
    assert_int_equal(engine_new(&(struct engine_options){.threads = threads}, &e), OK);
    return e;
}

struct table *kit_indexed(struct engine *e, int fd)
{
    struct table *first = NULL, *all = NULL;
    struct problem problem = {""};
    if (table_open(fd, &(struct table_options){.path = "t.csv"}, &first, &problem) ||
        engine_index(e, first, NULL, &all, &problem))
        fail_msg("%s", problem.text);
    table_free(first);
    return all;
}

int kit_names_file(size_t rows)
{
    static const char *const names[] = {"Anna",       "\"Bea \"\"B\"\"\"",
                                        "\"Ci,ara\"", "\"D\n000007,fake,1\"",
                                        "山田",       "",
                                        "item9",      "item10",
                                        "Item 1",     "zoë",
                                        "\"\""};
    struct buf b;
    unsigned seed = 17;
    buf_init(&b, 256 << 20);
    buf_add_text(&b, "code,name,n\n");
    for (size_t i = 0; i < rows; i++) {
        buf_addf(&b, "%06d,%s%s,", rand_r(&seed) % 500, names[rand_r(&seed) % 11], "");
        if (rand_r(&seed) % 20 != 0)
            buf_addf(&b, "%d", rand_r(&seed) % 2000 - 1000);
        buf_add_text(&b, "\n");
    }
    buf_add_text(&b, "999999,ZZLAST,5\n");
    assert_int_equal(b.err, OK);
    int fd = kit_file(b.data, b.len);
    buf_done(&b);
    return fd;
}

bool kit_is_number(const struct cell *c)
{
    return !c->null && c->len > 0;
}

long kit_number_of(const struct cell *c)
{
    char text[32] = "";
    memcpy(text, c->text, c->len < 31 ? c->len : 31);
    return strtol(text, NULL, 10);
}

int kit_name_rank(const struct cell *c)
{
    static const char *const order[] = {
        "", "Anna", "Bea \"B\"", "Ci,ara", "D\n000007,fake,1", "Item 1", "ZZLAST", "item9", "item10", "zoë", "山田"};
    for (int i = 0; i < 11; i++)
        if (strlen(order[i]) == c->len && memcmp(order[i], c->text, c->len) == 0)
            return i;
    fail_msg("\"%.*s\"", (int)c->len, c->text);
    return 0;
}
