/* SPDX-License-Identifier: MIT
 * UTF-8 text as a terminal shows it: grapheme clusters and their width in columns. Harmful characters are replaced.
 * Clusters follow Unicode UAX #29, widths UAX #11 (libutf8proc). All functions are pure and thread-safe. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum { TEXT_GLYPH_MAX = 32 };

/* A glyph is one grapheme cluster made safe for a terminal, with its width. */
struct text_glyph {
    char bytes[TEXT_GLYPH_MAX]; /* NUL-terminated UTF-8 with no control, no bidi override, no newline */
    int width;                  /* columns: 1 or 2; an escaped byte such as \x80 has 4, a control picture 1 */
    bool escaped;               /* it replaces something that is never sent to a terminal; drawn in another colour */
};

/* Makes a glyph of the cluster that starts at text[0] (len > 0); returns how many bytes it covers (>= 1).
 * C0 controls and DEL become control pictures (U+2400…); C1 and bidi controls and unassigned code points become U+FFFD;
 * an invalid byte becomes `\xNN`; a lone combining mark is put on a dotted circle. A cluster longer than
 * TEXT_GLYPH_MAX is cut. */
size_t text_next(const char *text, size_t len, struct text_glyph *out);

/* How many bytes at the start are printable ASCII, each a cluster of one column that text_next does not change. */
size_t text_plain(const char *text, size_t len);

/* Columns that `text` takes when drawn by text_next. */
int text_width(const char *text, size_t len);

/* Appends the glyphs of `text`, which are safe to print on any terminal. */
enum err text_add_safe(struct buf *b, const char *text, size_t len);

/* Appends `text` with only the characters replaced that a terminal must not get: control characters other than newline
 * become pictures, bidi controls and invalid bytes become U+FFFD. text_columns measures the result. */
enum err text_add_plain(struct buf *b, const char *text, size_t len);

/* The length in bytes of the cluster at text[0] (len > 0), and its columns by UAX #11 (0 for a lone combining mark, 1
 * for a control, 2 for an emoji sequence), without replacing anything. */
size_t text_cluster(const char *text, size_t len, int *columns);

/* The sum of text_cluster's columns. */
int text_columns(const char *text, size_t len);

/* The length in bytes of the first `characters` code points (an invalid byte counts as one); *got: how many exist. */
size_t text_prefix(const char *text, size_t len, size_t characters, size_t *got);

/* True if the bytes are valid UTF-8 without NUL. */
bool text_is_utf8(const char *text, size_t len);

/* Formats seconds in at most 8 columns: "0.4 ms", "12 ms", "3.9 s", "2 min 05 s", "3 h 02 min".
 * Returns out. */
char *text_seconds(double seconds, char out[24]);

/* Formats the time since the start of a run as mm:ss.d or h:mm:ss: "00:04.2". Returns out. */
char *text_clock(double seconds, char out[24]);

/* Formats a number of bytes: "812 KiB", "1.3 GiB". Returns out. */
char *text_bytes(double bytes, char out[24]);

/* Formats a count with separators as Polars does: 1_000. Returns out. */
char *text_count(unsigned long long n, char out[32]);

#endif
