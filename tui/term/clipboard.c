/* SPDX-License-Identifier: MIT
 * OSC 52 is the text in base64 between an escape sequence and BEL. */
#include "tui/term/clipboard.h"

#include <string.h>

static void add_base64(struct buf *b, const unsigned char *in, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        unsigned bits = (unsigned)in[i] << 16;
        bits |= i + 1 < len ? (unsigned)in[i + 1] << 8 : 0;
        bits |= i + 2 < len ? in[i + 2] : 0;
        buf_add_char(b, digits[bits >> 18]);
        buf_add_char(b, digits[bits >> 12 & 63]);
        buf_add_char(b, i + 1 < len ? digits[bits >> 6 & 63] : '=');
        buf_add_char(b, i + 2 < len ? digits[bits & 63] : '=');
    }
}

bool clipboard_is_known(const char *term)
{
    return term && strncmp(term, "linux", 5) != 0 && strncmp(term, "vt", 2) != 0;
}

enum err clipboard_add(const char *text, size_t len, struct buf *out)
{
    buf_add_text(out, "\033]52;c;");
    add_base64(out, (const unsigned char *)text, len);
    return buf_add_text(out, "\a");
}
