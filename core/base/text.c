/* SPDX-License-Identifier: MIT
 * UTF-8 text as a terminal shows it. libutf8proc knows where grapheme clusters end and how wide a code point is; this
 * file has the rules for clusters (emoji sequences, lone marks, replaced characters), and a fast path for ASCII. */
#include "core/base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

enum {
    ZWJ = 0x200d,
    TEXT_STYLE = 0xfe0e,
    EMOJI_STYLE = 0xfe0f,
    REPLACEMENT = 0xfffd,
    DOTTED_CIRCLE = 0x25cc,
    KHMER_LINKER = 0x17d2
};

/* Longer clusters on a screen are cut, so that the time never grows with the square of the length. */
enum { CLUSTER_MAX = 1024 };

/* A cluster before anything is replaced. */
struct cluster {
    size_t len;    /* bytes */
    int columns;   /* by UAX #11 */
    int32_t first; /* its first code point; -1 for an invalid byte */
    int32_t last;
};

static bool is_plain_ascii(unsigned char c)
{
    return c >= 0x20 && c < 0x7f;
}

/* How many bytes at the start are printable ASCII. */
static size_t plain_run(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && is_plain_ascii((unsigned char)text[n]))
        n++;
    return n;
}

/* The code point at text[0], -1 if the bytes are not UTF-8; *n is its length, 1 for an invalid byte. */
static int32_t decode(const char *text, size_t len, size_t *n)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t got = utf8proc_iterate((const utf8proc_uint8_t *)text, len < 4 ? (utf8proc_ssize_t)len : 4, &c);
    *n = got > 0 ? (size_t)got : 1;
    return got > 0 ? c : -1;
}

static int bound_class(int32_t c)
{
    return (int)utf8proc_get_property(c)->boundclass;
}

static bool is_pictograph(int32_t c)
{
    return bound_class(c) == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool is_skin_tone(int32_t c)
{
    return c >= 0x1f3fb && c <= 0x1f3ff;
}

static bool is_keycap_base(int32_t c)
{
    return (c >= '0' && c <= '9') || c == '#' || c == '*';
}

/* Columns of a single code point. */
static int code_point_columns(int32_t c)
{
    const utf8proc_property_t *p = utf8proc_get_property(c);
    if (p->category == UTF8PROC_CATEGORY_CC)
        return 1;
    if (c == 0x115f) /* the filler of a Hangul syllable is ignorable, but wide */
        return 2;
    if (p->ignorable)
        return 0;
    switch (p->boundclass) {
    case UTF8PROC_BOUNDCLASS_EXTEND: return is_skin_tone(c) ? 2 : 0;
    case UTF8PROC_BOUNDCLASS_V:
    case UTF8PROC_BOUNDCLASS_T:
    case UTF8PROC_BOUNDCLASS_ZWJ: return 0;
    case UTF8PROC_BOUNDCLASS_PREPEND: return p->category == UTF8PROC_CATEGORY_CF;
    default: return utf8proc_charwidth(c) == 2 ? 2 : 1;
    }
}

/* The viramas that link consonants into one cluster (UAX #29, GB9c), which older versions of the library lack. */
static bool is_linker(int32_t c)
{
    return c == 0x94d || c == 0x9cd || c == 0xacd || c == 0xb4d || c == 0xc4d || c == 0xd4d || c == KHMER_LINKER;
}

/* The Unicode blocks of Indic scripts have the same layout. */
static bool is_linked_consonant(int32_t linker, int32_t c)
{
    int32_t block = linker & ~0x7f, at = c - block;
    if (linker == KHMER_LINKER)
        return at >= 0 && at <= 0x22;
    return (at >= 0x15 && at <= 0x3a) || (at >= 0x58 && at <= 0x5f) || at == 0x70 || at == 0x71 ||
           (block == 0x900 && at >= 0x78 && at <= 0x7f);
}

/* Columns of a cluster that begins with `first`, ends with `last` and has `columns` columns, when `c` is appended. An
 * emoji that is joined to it adds none if all are wide; a narrow one (a snowflake) is widened by EMOJI_STYLE. */
static int add_columns(int columns, int32_t first, int32_t last, int32_t c)
{
    if (c == EMOJI_STYLE && (is_pictograph(first) || is_keycap_base(first)))
        return 2;
    if (c == TEXT_STYLE && last == first && is_pictograph(first) && first < 0x10000)
        return 1;
    bool joined = last == ZWJ && columns == 2 && code_point_columns(c) == 2;
    if (is_pictograph(first) && (is_skin_tone(c) || joined))
        return 2;
    if (last == KHMER_LINKER && is_linked_consonant(last, c))
        return columns; /* written below the other consonant */
    return columns + code_point_columns(c);
}

static struct cluster read_cluster(const char *text, size_t len)
{
    size_t n;
    struct cluster k = {.first = decode(text, len, &n)};
    k.len = n;
    if (k.first < 0) {
        k.columns = 1;
        return k;
    }
    k.last = k.first;
    k.columns = code_point_columns(k.first);
    utf8proc_int32_t state = 0;
    int32_t linker = 0;
    while (k.len < len) {
        int32_t c = decode(text + k.len, len - k.len, &n);
        if (c < 0)
            break;
        bool linked = linker && is_linked_consonant(linker, c);
        if (utf8proc_grapheme_break_stateful(k.last, c, &state) && !linked)
            break;
        k.columns = add_columns(k.columns, k.first, k.last, c);
        k.len += n;
        k.last = c;
        linker = is_linker(c) ? c : linked ? 0 : linker;
    }
    return k;
}

size_t text_plain(const char *text, size_t len)
{
    size_t n = plain_run(text, len);
    return n > 0 && n < len && (unsigned char)text[n] >= 0x80 ? n - 1 : n;
}

size_t text_cluster(const char *text, size_t len, int *columns)
{
    if (is_plain_ascii((unsigned char)text[0]) && (len == 1 || (unsigned char)text[1] < 0x80)) {
        *columns = 1;
        return 1;
    }
    struct cluster k = read_cluster(text, len);
    *columns = k.columns;
    return k.len;
}

/* U+0644 and its variants. A terminal draws one followed by an alef as a single glyph. */
static bool is_lam(int32_t c)
{
    return c == 0x644 || (c >= 0x6b5 && c <= 0x6b8) || c == 0x76a || c == 0x8a6;
}

static bool is_alef(int32_t c)
{
    return c == 0x622 || c == 0x623 || c == 0x625 || c == 0x627 || (c >= 0x671 && c <= 0x673) || c == 0x675;
}

int text_columns(const char *text, size_t len)
{
    int sum = 0;
    int32_t before = 0;
    for (size_t i = 0; i < len;) {
        size_t run = plain_run(text + i, len - i);
        if (run > 1) { /* the last one may carry combining marks */
            sum += (int)run - 1;
            i += run - 1;
        }
        struct cluster k = read_cluster(text + i, len - i);
        sum += k.columns - (is_lam(before) && is_alef(k.first));
        i += k.len;
        before = k.first;
    }
    return sum;
}

static bool is_bidi_control(int32_t c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* The replacement of a code point that a terminal must not get; 0: it is harmless. */
static int32_t stand_in(int32_t c)
{
    if (c >= 0 && c < 0x20)
        return 0x2400 + c;
    if (c == 0x7f)
        return 0x2421;
    if (c < 0 || (c >= 0x80 && c < 0xa0) || is_bidi_control(c))
        return REPLACEMENT;
    return 0;
}

/* The same for a screen, where invisible code points and those of unknown width are replaced, too. */
static int32_t screen_stand_in(int32_t c)
{
    int32_t shown = stand_in(c);
    if (shown)
        return shown;
    bool unknown = utf8proc_category(c) == UTF8PROC_CATEGORY_CN;
    return unknown || bound_class(c) == UTF8PROC_BOUNDCLASS_CONTROL ? REPLACEMENT : 0;
}

static size_t encode(int32_t c, char *out)
{
    return (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)out);
}

static size_t glyph_escape(struct text_glyph *out, int32_t shown)
{
    size_t n = encode(shown, out->bytes);
    out->bytes[n] = '\0';
    out->width = 1;
    out->escaped = true;
    return n;
}

/* On a screen everything that a joiner joins is one picture. */
static int add_screen_columns(int columns, int32_t first, int32_t last, int32_t c)
{
    return last == ZWJ && is_pictograph(first) ? 2 : add_columns(columns, first, last, c);
}

/* Fills `out` with as much of the cluster as fits into its bytes and into two columns. Code points that take more
 * columns are left for the next glyph (some Indic clusters are three wide); marks that do not fit into the bytes are
 * dropped. Returns how many bytes of `text` are covered. */
static size_t glyph_fill(struct text_glyph *out, const char *text, struct cluster k)
{
    size_t i = 0, used = 0, n;
    int columns = 0;
    int32_t last = k.first;
    if (code_point_columns(k.first) == 0) {
        used = encode(DOTTED_CIRCLE, out->bytes);
        columns = 1;
        out->escaped = true;
    }
    for (; i < k.len; i += n) {
        int32_t c = decode(text + i, k.len - i, &n);
        int wider = i == 0 ? columns + code_point_columns(c) : add_screen_columns(columns, k.first, last, c);
        if (wider > 2)
            break;
        last = c;
        if (used + n >= sizeof out->bytes || screen_stand_in(c))
            continue;
        memcpy(out->bytes + used, text + i, n);
        used += n;
        columns = wider;
    }
    out->bytes[used] = '\0';
    out->width = columns;
    return i;
}

size_t text_next(const char *text, size_t len, struct text_glyph *out)
{
    unsigned char c = (unsigned char)text[0];
    out->escaped = false;
    if (is_plain_ascii(c) && (len == 1 || (unsigned char)text[1] < 0x80)) {
        out->bytes[0] = (char)c;
        out->bytes[1] = '\0';
        out->width = 1;
        return 1;
    }
    struct cluster k = read_cluster(text, len < CLUSTER_MAX ? len : CLUSTER_MAX);
    if (k.first < 0) {
        out->width = snprintf(out->bytes, sizeof out->bytes, "\\x%02x", c);
        out->escaped = true;
        return 1;
    }
    int32_t shown = screen_stand_in(k.first);
    if (shown) {
        size_t n;
        glyph_escape(out, shown);
        decode(text, len, &n);
        return n; /* CR LF is one cluster but two pictures */
    }
    return glyph_fill(out, text, k);
}

int text_width(const char *text, size_t len)
{
    size_t i = text_plain(text, len);
    int width = (int)i;
    struct text_glyph glyph;
    for (; i < len; width += glyph.width)
        i += text_next(text + i, len - i, &glyph);
    return width;
}

enum err text_add_safe(struct buf *b, const char *text, size_t len)
{
    struct text_glyph glyph;
    for (size_t i = 0; i < len && !b->err;) {
        size_t run = plain_run(text + i, len - i);
        if (run > 1) { /* the last one may carry combining marks */
            buf_add(b, text + i, run - 1);
            i += run - 1;
        }
        i += text_next(text + i, len - i, &glyph);
        buf_add_text(b, glyph.bytes);
    }
    return b->err;
}

enum err text_add_plain(struct buf *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !b->err;) {
        size_t n = plain_run(text + i, len - i);
        if (n) {
            buf_add(b, text + i, n);
            i += n;
            continue;
        }
        int32_t c = decode(text + i, len - i, &n);
        int32_t shown = c == '\n' ? 0 : stand_in(c);
        char bytes[4];
        if (shown)
            buf_add(b, bytes, encode(shown, bytes));
        else
            buf_add(b, text + i, n);
        i += n;
    }
    return b->err;
}

size_t text_prefix(const char *text, size_t len, size_t characters, size_t *got)
{
    size_t i = 0;
    for (*got = 0; i < len && *got < characters; ++*got) {
        size_t n;
        decode(text + i, len - i, &n);
        i += n;
    }
    return i;
}

bool text_is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        int32_t c = decode(text + i, len - i, &n);
        if (c <= 0)
            return false;
    }
    return true;
}

char *text_seconds(double seconds, char out[24])
{
    double limited = !(seconds > 0) ? 0 : seconds > 1e9 ? 1e9 : seconds;
    unsigned whole = (unsigned)(limited + 0.5);
    if (limited < 0.00995)
        snprintf(out, 24, "%.1f ms", limited * 1e3);
    else if (limited < 0.9995)
        snprintf(out, 24, "%.0f ms", limited * 1e3);
    else if (limited < 59.95)
        snprintf(out, 24, "%.1f s", limited);
    else if (whole < 3600)
        snprintf(out, 24, "%u min %02u s", whole / 60, whole % 60);
    else
        snprintf(out, 24, "%u h %02u min", whole / 3600, whole / 60 % 60);
    return out;
}

char *text_clock(double seconds, char out[24])
{
    double limited = !(seconds > 0) ? 0 : seconds > 1e8 ? 1e8 : seconds;
    unsigned tenths = (unsigned)(limited * 10), s = tenths / 10;
    if (s < 3600)
        snprintf(out, 24, "%02u:%02u.%u", s / 60, s % 60, tenths % 10);
    else
        snprintf(out, 24, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    return out;
}

char *text_bytes(double bytes, char out[24])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    while (bytes >= 1023.5 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1024;
        unit++;
    }
    snprintf(out, 24, unit && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes > 0 ? bytes : 0, units[unit]);
    return out;
}

char *text_count(unsigned long long n, char out[32])
{
    char reversed[32];
    int len = 0;
    for (int digits = 0; digits == 0 || n > 0; digits++, n /= 10) {
        if (digits && digits % 3 == 0)
            reversed[len++] = '_';
        reversed[len++] = (char)('0' + n % 10);
    }
    for (int i = 0; i < len; i++)
        out[i] = reversed[len - 1 - i];
    out[len] = '\0';
    return out;
}
