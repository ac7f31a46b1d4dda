/* SPDX-License-Identifier: MIT
 * UTF-8 text as a terminal shows it: grapheme clusters, their width in columns, and nothing that could harm.
 * Clusters follow Unicode UAX #29, widths UAX #11 (libutf8proc). All functions are pure and thread-safe. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum { TEXT_GLYPH_MAX = 32 };

/* What one grapheme cluster becomes on a screen: safe bytes and a width. */
struct text_glyph {
    char bytes[TEXT_GLYPH_MAX]; /* NUL-terminated UTF-8 with no control, no bidi override, no newline */
    int width;                  /* columns: 1 or 2; an escaped byte such as \x80 has 4, a control picture 1 */
    bool escaped;               /* it stands for something that is never sent as it is: drawn in another role */
};

/* The cluster that starts at text[0] (len bytes left, len > 0); returns how many bytes of `text` it covers (>= 1).
 * C0 controls and DEL become control pictures (U+2400…), C1 and bidi controls and unassigned ones U+FFFD, an invalid
 * byte `\xNN`, a lone combining mark stands on a dotted circle, a cluster longer than TEXT_GLYPH_MAX is cut. */
size_t text_next(const char *text, size_t len, struct text_glyph *out);

/* How many bytes from the start are clusters by themselves that text_next leaves as they are, one column each:
 * printable ASCII. */
size_t text_plain(const char *text, size_t len);

/* Columns that the whole of `text` takes when drawn by text_next. */
int text_width(const char *text, size_t len);

/* Appends to `b` what text_next would draw of `text`: safe to print anywhere. */
enum err text_add_safe(struct buf *b, const char *text, size_t len);

/* Appends `text` as it is but for what no terminal may get: control characters other than newline become pictures, bidi
 * controls and invalid bytes U+FFFD. For output that must otherwise keep every byte; measured by text_columns. */
enum err text_add_plain(struct buf *b, const char *text, size_t len);

/* The raw cluster at text[0] (len > 0): its length in bytes, and the columns that UAX #11 gives it (0 for a lone
 * combining mark, 1 for a control, 2 for an emoji sequence). Nothing is replaced. */
size_t text_cluster(const char *text, size_t len, int *columns);

/* The sum of text_cluster's columns. */
int text_columns(const char *text, size_t len);

/* Bytes of the first `characters` code points (an invalid byte counts as one); *got is how many there were. */
size_t text_prefix(const char *text, size_t len, size_t characters, size_t *got);

/* True if the bytes are valid UTF-8 without NUL. */
bool text_is_utf8(const char *text, size_t len);

/* Seconds as people read them, at most 8 columns: "0.4 ms", "12 ms", "3.9 s", "2 min 05 s", "3 h 02 min".
 * Returns out. */
char *text_seconds(double seconds, char out[24]);

/* A time since the start of a run as mm:ss.d (or h:mm:ss): "00:04.2". Returns out. */
char *text_clock(double seconds, char out[24]);

/* Bytes as people read them: "812 KiB", "1.3 GiB". Returns out. */
char *text_bytes(double bytes, char out[24]);

/* A count with separators as Polars has them: 1_000. Returns out. */
char *text_count(unsigned long long n, char out[32]);

#endif
