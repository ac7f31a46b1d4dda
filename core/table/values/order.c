/* SPDX-License-Identifier: MIT
 * Turns values into numbers and bytes that sort in the order of the values. */
#include "core/table/values/order.h"

#include <string.h>

#include "core/table/private.h"

#define SIGN ((uint64_t)1 << 63)

static uint64_t order_of_f64(double v)
{
    uint64_t bits;
    if (v != v)
        return UINT64_MAX;
    v += 0.0; /* makes 0 of -0 */
    memcpy(&bits, &v, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

static enum table_class read_value(const struct table *t, size_t column, const struct cell *cell, struct table_value *v)
{
    enum table_fit fit = table_value_read(t->columns[column].dtype, t->day_first[column], cell, v);
    if (fit == TABLE_FIT_YES)
        return TABLE_CLASS_VALUE;
    return fit == TABLE_FIT_NULL ? TABLE_CLASS_NULL : TABLE_CLASS_ODD;
}

enum table_class table_order_value(const struct table *t, size_t column, const struct cell *cell, uint64_t *order)
{
    struct table_value v;
    enum table_class class = read_value(t, column, cell, &v);
    *order = 0;
    if (class == TABLE_CLASS_VALUE)
        *order = t->columns[column].dtype == DTYPE_F64 ? order_of_f64(v.f64) : (uint64_t)v.i64 ^ SIGN;
    return class;
}

enum table_class table_number(const struct table *t, size_t column, const struct cell *cell, double *out)
{
    struct table_value v;
    enum table_class class = read_value(t, column, cell, &v);
    *out = 0;
    if (class == TABLE_CLASS_VALUE)
        *out = t->columns[column].dtype == DTYPE_F64 ? v.f64 : (double)v.i64;
    return class;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of digits becomes a digit, so that it sorts as before among other bytes; then the number of digits without
 * leading zeros; then these digits. */
static size_t add_digits(struct buf *b, const char *text, size_t len, bool *zeros)
{
    size_t end = 0, from = 0;
    while (end < len && is_digit(text[end]))
        end++;
    while (from < end && text[from] == '0')
        from++;
    *zeros |= from > 0;
    size_t n = end - from;
    buf_add_char(b, '0');
    if (n < 255)
        buf_add_char(b, (char)n);
    else
        buf_add_char(b, (char)255);
    for (int shift = 56; n >= 255 && shift >= 0; shift -= 8)
        buf_add_char(b, (char)(n >> shift));
    buf_add(b, text + from, n);
    return end;
}

enum err table_order_text(const char *text, size_t len, struct buf *b)
{
    bool zeros = false;
    for (size_t i = 0; i < len;) {
        if (is_digit(text[i])) {
            i += add_digits(b, text + i, len - i, &zeros);
            continue;
        }
        buf_add_char(b, text[i]);
        if (text[i++] == '\0') /* different from the two NULs below */
            buf_add_char(b, '\xff');
    }
    if (zeros) { /* 1, 01 and 001 have equal keys so far */
        buf_add(b, "\0\0", 2);
        buf_add(b, text, len);
    }
    return b->err;
}

int table_order_compare(const char *a, size_t alen, const char *b, size_t blen)
{
    size_t len = alen < blen ? alen : blen;
    int order = len > 0 ? memcmp(a, b, len) : 0;
    return order != 0 ? order : (alen > blen) - (alen < blen);
}
