/* SPDX-License-Identifier: MIT
 * Parses a cell as a value of its dtype, and shows it in a frame, as Polars 2.1 does. */
#include <locale.h>
#include <math.h> /* isnan and isinf, which do not need libm */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/table/private.h"

const char *const dtype_names[] = {
    [DTYPE_STR] = "str", [DTYPE_I64] = "i64", [DTYPE_F64] = "f64", [DTYPE_BOOL] = "bool", [DTYPE_DATE] = "date", NULL,
};

enum { SHORT_TEXT = 30 }; /* characters of a text that a frame shows */

enum err dtype_from_name(const char *name, enum dtype *out)
{
    for (int i = 0; i < DTYPE_COUNT; i++) {
        if (strcmp(name, dtype_names[i]) == 0) {
            *out = (enum dtype)i;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err dtype_override_parse(const char *text, size_t *name_len, enum dtype *out)
{
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text || dtype_from_name(equals + 1, out))
        return ERR_USAGE;
    *name_len = (size_t)(equals - text);
    return OK;
}

struct span {
    const char *at, *end;
};

struct date {
    int64_t year;
    int month, day;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(struct span *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool take_digits(struct span *s)
{
    const char *from = s->at;
    while (s->at < s->end && is_digit(*s->at))
        s->at++;
    return s->at > from;
}

static struct span without_spaces(const struct cell *cell)
{
    struct span s = {cell->text, cell->text + cell->len};
    while (s.at < s.end && (*s.at == ' ' || *s.at == '\t'))
        s.at++;
    return s;
}

static bool is_word(struct span s, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(s.end - s.at) == len && strncasecmp(s.at, word, len) == 0;
}

static bool parse_i64(struct span s, int64_t *out)
{
    bool negative = take(&s, '-');
    int64_t value = 0;
    if (!negative)
        take(&s, '+');
    if (s.at == s.end)
        return false;
    for (; s.at < s.end; s.at++) {
        if (!is_digit(*s.at) || __builtin_mul_overflow(value, 10, &value))
            return false;
        int digit = *s.at - '0';
        if (__builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

/* Whether Polars would parse it as a number. strtod(3) accepts other texts. */
static bool is_f64(struct span s)
{
    if (!take(&s, '-'))
        take(&s, '+');
    if (is_word(s, "inf") || is_word(s, "infinity") || is_word(s, "nan"))
        return true;
    bool digits = take_digits(&s);
    if (take(&s, '.'))
        digits |= take_digits(&s);
    if (!digits)
        return false;
    if (take(&s, 'e') || take(&s, 'E')) {
        if (!take(&s, '-'))
            take(&s, '+');
        if (!take_digits(&s))
            return false;
    }
    return s.at == s.end;
}

static bool parse_bool(struct span s, bool *out)
{
    *out = is_word(s, "true");
    return *out || is_word(s, "false");
}

/* Parses a number of at most `width` digits, after any spaces. */
static bool take_number(struct span *s, int width, int64_t *out)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
        s->at++;
    const char *from = s->at;
    for (*out = 0; s->at < s->end && is_digit(*s->at) && s->at - from < width; s->at++)
        *out = *out * 10 + (*s->at - '0');
    return s->at > from;
}

/* A year has at most four digits, or six with a sign, which is the limit of the library that Polars uses. */
static bool take_year(struct span *s, int64_t *out)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
        s->at++;
    if (take(s, '-')) {
        bool ok = take_number(s, 6, out);
        *out = -*out;
        return ok;
    }
    return take_number(s, take(s, '+') ? 6 : 4, out);
}

static bool is_real_date(const struct date *d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d->month < 1 || d->month > 12 || d->day < 1 || d->year < -262143 || d->year > 262142)
        return false;
    bool leap = (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;
    return d->day <= days[d->month - 1] + (leap && d->month == 2);
}

/* Parses 2024-01-31, 2024/01/31 and 2024.01.31, or, if day_first, 31-01-2024 and so on. */
static bool parse_date(struct span s, bool day_first, struct date *out)
{
    int64_t month, day, other;
    bool ok = day_first ? take_number(&s, 2, &day) : take_year(&s, &out->year);
    char separator = s.at < s.end ? *s.at : '\0';
    ok = ok && (separator == '-' || separator == '/' || separator == '.') && take(&s, separator) &&
         take_number(&s, 2, &month) && take(&s, separator);
    if (!ok)
        return false;
    ok = day_first ? take_year(&s, &out->year) : take_number(&s, 2, &other);
    out->month = (int)month;
    out->day = (int)(day_first ? day : other);
    return ok && s.at == s.end && is_real_date(out);
}

/* Days since 1970-01-01. */
static int64_t days_of(const struct date *d)
{
    int64_t year = d->month <= 2 ? d->year - 1 : d->year, era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400, month = (d->month + 9) % 12, of_year = (153 * month + 2) / 5 + d->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* strtod(3) in the "C" locale, which is built into the C library and needs no memory. The exponent may follow more
 * digits than fit into `small`. */
static bool read_f64(struct span s, double *out)
{
    char small[64], *text = small;
    size_t len = (size_t)(s.end - s.at);
    if (len >= sizeof small && !(text = malloc(len + 1)))
        return false;
    memcpy(text, s.at, len);
    text[len] = '\0';
    *out = strtod_l(text, NULL, newlocale(LC_ALL_MASK, "C", (locale_t)0));
    if (text != small)
        free(text);
    return true;
}

/* `value` may be NULL. */
static enum table_fit read_value(enum dtype dtype, bool day_first, const struct cell *cell, struct table_value *value)
{
    struct span s = {cell->text, cell->text + cell->len};
    bool yes = true, flag = false;
    struct date date;
    int64_t number = 0;
    if (cell->null || (dtype != DTYPE_STR && cell->len == 0))
        return TABLE_FIT_NULL;
    if (dtype == DTYPE_I64 || dtype == DTYPE_F64) {
        s = without_spaces(cell);
        if (s.at == s.end)
            return TABLE_FIT_NULL;
    }
    switch (dtype) {
    case DTYPE_I64: yes = parse_i64(s, &number); break;
    case DTYPE_F64: yes = is_f64(s) && (!value || read_f64(s, &value->f64)); break;
    case DTYPE_BOOL:
        yes = parse_bool(s, &flag);
        number = flag;
        break;
    case DTYPE_DATE:
        yes = parse_date(s, day_first, &date);
        number = yes && value ? days_of(&date) : 0;
        break;
    case DTYPE_STR:
    case DTYPE_COUNT: break;
    }
    if (value)
        value->i64 = number;
    return yes ? TABLE_FIT_YES : TABLE_FIT_NO;
}

enum table_fit table_value_fit(enum dtype dtype, bool day_first, const struct cell *cell)
{
    return read_value(dtype, day_first, cell, NULL);
}

enum table_fit table_value_read(enum dtype dtype, bool day_first, const struct cell *cell, struct table_value *out)
{
    *out = (struct table_value){0};
    return read_value(dtype, day_first, cell, out);
}

/* How Polars estimates a width: one column for each byte, but at most two for each character. */
static size_t estimate_width(size_t bytes, size_t characters)
{
    if (bytes == characters)
        return characters;
    double adjust = (double)bytes / (double)characters;
    double product = (double)characters * adjust;
    size_t wide = (size_t)product;
    wide += (double)wide < product; /* rounds up */
    return wide < characters * 2 ? wide : characters * 2;
}

enum err table_add_short(struct buf *b, const char *text, size_t len, size_t *estimate)
{
    static const char ellipsis[] = "…";
    size_t characters, at = text_prefix(text, len, SHORT_TEXT, &characters);
    bool cut = at < len;
    if (estimate)
        *estimate = cut ? estimate_width(at + sizeof ellipsis - 1, characters + 1) : estimate_width(at, characters);
    text_add_plain(b, text, at);
    return cut ? buf_add_text(b, ellipsis) : b->err;
}

/* Writes the shortest digits that are parsed as `v` again, as "d.ddde±x". */
static void shortest_digits(double v, char out[40])
{
    for (int precision = 0; precision <= 17; precision++) {
        snprintf(out, 40, "%.*e", precision, v);
        if (strtod(out, NULL) == v)
            return;
    }
}

/* Makes "1.5e6" of "1.5e+06". */
static void plain_exponent(char *text)
{
    char *e = strchr(text, 'e');
    if (e)
        sprintf(e + 1, "%d", atoi(e + 1));
}

/* How many digits follow the point when the shortest digits are written without an exponent. */
static int shortest_decimals(const char *scientific)
{
    const char *e = strchr(scientific, 'e'), *point = strchr(scientific, '.');
    int decimals = (point ? (int)(e - point) - 1 : 0) - atoi(e + 1);
    return decimals > 0 ? decimals : 0;
}

static void trim_zeros(char *text)
{
    size_t len = strlen(text);
    while (len && text[len - 1] == '0')
        text[--len] = '\0';
    if (len && text[len - 1] == '.')
        strcpy(text + len, "0");
}

/* Whole numbers below a bound have one decimal, short numbers are written as they are, and the rest have six decimals
 * or an exponent. */
static void format_finite(double v, char out[400])
{
    static const double bound = 999999.0;
    char digits[40];
    double size = fabs(v);
    bool whole = size >= 1e15 || v == (double)(int64_t)v;
    if (whole && size < bound) {
        snprintf(out, 400, "%.1f", v);
        return;
    }
    shortest_digits(v, digits);
    snprintf(out, 400, "%.*f", shortest_decimals(digits), v); /* what Rust's {} prints */
    if (strlen(out) <= 9) {
        if (whole) {
            plain_exponent(digits);
            strcpy(out, digits);
        }
    } else if (size < 0.000001 || size > bound) {
        snprintf(out, 400, "%.4e", v);
        plain_exponent(out);
    } else {
        snprintf(out, 400, "%.6f", v);
        trim_zeros(out);
    }
}

/* In the "C" locale, because the locale of the program may use a comma; it is built into the C library. */
static enum err add_f64(struct buf *b, struct span s)
{
    char small[64], out[400];
    size_t len = (size_t)(s.end - s.at);
    char *text = len < sizeof small ? small : malloc(len + 1);
    if (!text)
        return ERR_NOMEM;
    memcpy(text, s.at, len);
    text[len] = '\0';
    locale_t before = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
    double v = strtod(text, NULL);
    if (isnan(v))
        strcpy(out, "NaN");
    else if (isinf(v))
        strcpy(out, v < 0 ? "-inf" : "inf");
    else
        format_finite(v, out);
    uselocale(before);
    if (text != small)
        free(text);
    return buf_add_text(b, out);
}

static enum err add_date(struct buf *b, struct date d)
{
    bool plain = d.year >= 0 && d.year <= 9999;
    return buf_addf(b, plain ? "%04lld-%02d-%02d" : "%+05lld-%02d-%02d", (long long)d.year, d.month, d.day);
}

enum err table_add_value(const struct table *t, size_t column, const struct cell *cell, struct buf *out)
{
    enum dtype dtype = t->columns[column].dtype;
    struct span s = {cell->text, cell->text + cell->len};
    enum table_fit fit = table_value_fit(dtype, t->day_first[column], cell);
    struct date date = {0};
    int64_t number = 0;
    bool flag = false;
    if (fit == TABLE_FIT_NULL)
        return buf_add_text(out, "null");
    if (fit == TABLE_FIT_NO ||
        dtype == DTYPE_STR) /* TABLE_FIT_NO: the file changed, or the dtype is wrong; shows the text */
        return table_add_short(out, cell->text, cell->len, NULL);
    switch (dtype) {
    case DTYPE_I64: parse_i64(without_spaces(cell), &number); return buf_addf(out, "%lld", (long long)number);
    case DTYPE_F64: return add_f64(out, without_spaces(cell));
    case DTYPE_BOOL: parse_bool(s, &flag); return buf_add_text(out, flag ? "true" : "false");
    default: parse_date(s, t->day_first[column], &date); return add_date(out, date);
    }
}
