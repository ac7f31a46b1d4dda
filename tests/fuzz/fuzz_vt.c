/* SPDX-License-Identifier: MIT
 * Fuzzes the terminal emulator of a watched program with bytes cut anywhere, changes of size, keys and pastes. What
 * reaches libvterm must be clean and must not depend on the cuts, and the cursor and every line must stay within the
 * screen. Works with libFuzzer, and without it through fuzz_main.c. Any violation aborts, as does a sanitizer. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "tui/term/vt.h"
#include "tui/term/vt_filter.h"

const char fuzz_corpus[] = "tests/fuzz/corpus-vt";

static const char *const common[] = {
    "a",
    "xyz",
    "\r\n",
    "\n",
    "\t",
    "\b",
    "\033[",
    "\033[?",
    "0",
    "1",
    "2",
    "4",
    "5",
    "24",
    "80",
    "999999999999",
    ";",
    ":",
    "H",
    "J",
    "K",
    "L",
    "M",
    "P",
    "@",
    "X",
    "S",
    "T",
    "b",
    "m",
    "r",
    "s",
    "u",
    "A",
    "D",
    "h",
    "l",
    "69",
    "1049h",
    "1049l",
    "1048h",
    "6h",
    "4h",
    "7l",
    "\0337",
    "\0338",
    "\033M",
    "\033D",
    "\033(0",
    "\033)0",
    "\016",
    "\017",
    "\033#6",
    "\033#8",
    "\033]0;",
    "\033P$qm",
    "\033\\",
    "\a",
    "\033N",
    "\033c",
    "\xc3\xa9",
    "\xe6\x97\xa5",
    "\xe3\x82\x99",
    "\xcc\x81",
    "\xc2\x9b",
    "\xff",
    "\xfe\0020",
    "\xfe\004\n\t",
    "\xfe\b\x30\x20",
    "\xfe\f\2\2",
    "\033[20;34r\033[34;1H",
};
static const char *const odd[] = {
    "\030",    "\032",    "\177",       "",        "\xf0\x9f",  "\xe2\x80\x8d", "\xf0\x9f\x98\x80",
    "\033[!p", "\033[ q", "\033[38;2;", "\033[6n", "\033[?6$p", "\xed\xa0\x80", "\xc2\x85",
};
const struct fuzz_pieces fuzz_pieces = {
    .common = common,
    .ncommon = sizeof common / sizeof *common,
    .odd = odd,
    .nodd = sizeof odd / sizeof *odd,
    .letters = "\033[9;b\n",
    .nletters = 6,
    .headers = {"\xe3\x81\x82", "\033[3;9r"},
    .usual = 15,
};

enum { COMMAND = 0xfe }; /* the byte after it is a command; UTF-8 has no such byte */

/* --- the filter alone --------------------------------------------------------------------------------------------- */

static void add_to_buf(void *user, const char *piece, size_t len)
{
    MUST(len > 0 && text_is_utf8(piece, len));
    buf_add(user, piece, len);
}

/* Checks the CSI sequence at text[0]. Returns its length. */
static size_t check_csi(const char *text, size_t len)
{
    size_t i = 2, nargs = 1;
    long value = 0;
    i += i < len && strchr("?>", text[i]);
    for (; i < len && strchr("0123456789;", text[i]); i++) {
        nargs += text[i] == ';';
        value = text[i] == ';' ? 0 : value * 10 + (text[i] - '0');
        MUST(value <= VT_FILTER_VALUE_MAX && nargs <= 16);
    }
    i += i < len && text[i] >= 0x20 && text[i] <= 0x2f;
    MUST(i < len && text[i] >= 0x40 && text[i] <= 0x7e && text[i] != 's' && text[i] != 'b');
    MUST(!(value == 69 && nargs == 1 && strchr("hl", text[i])));
    return i + 1;
}

static void check_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        MUST(c != 0 && c != 0x7f && c != 0x18 && c != 0x1a);
        MUST(!(c == 0xc2 && (unsigned char)text[i + 1] < 0xa0));
        if (c != '\033') {
            i++;
            continue;
        }
        MUST(i + 1 < len && !strchr("P]X^_NOno", text[i + 1]));
        i += text[i + 1] == '[' ? check_csi(text + i, len - i) : 2;
    }
}

static void filter(const uint8_t *data, size_t len, size_t step, struct buf *out)
{
    struct vt_filter f;
    vt_filter_init(&f, add_to_buf, out);
    buf_init(out, (size_t)64 << 20);
    for (size_t i = 0; i < len; i += step)
        vt_filter_write(&f, (const char *)data + i, len - i < step ? len - i : step);
    MUST(!out->err);
}

static void compare_cuts(const uint8_t *data, size_t len, size_t step)
{
    struct buf whole, cut;
    filter(data, len, len + 1, &whole);
    filter(data, len, step, &cut);
    MUST(whole.len == cut.len && (whole.len == 0 || memcmp(whole.data, cut.data, whole.len) == 0));
    check_clean(buf_text(&whole), whole.len);
    buf_done(&whole);
    buf_done(&cut);
}

/* --- the terminal ------------------------------------------------------------------------------------------------- */

static void check_line(struct vt *t, size_t line)
{
    size_t n, width = 0;
    const struct vt_cell *cells = vt_line(t, line, &n);
    for (size_t i = 0; i < n; i++) {
        width += cells[i].width;
        for (size_t k = 0; k < VT_CHARS_MAX && cells[i].chars[k]; k++)
            MUST(cells[i].chars[k] < 0x110000 && (cells[i].chars[k] < 0x7f || cells[i].chars[k] > 0x9f));
    }
    MUST(width <= 2 * n);
}

static void look(struct vt *t)
{
    size_t line, len, lines = vt_lines(t);
    int column, columns, rows;
    vt_size(t, &columns, &rows);
    vt_cursor(t, &line, &column);
    MUST(lines >= (size_t)rows && line < lines && line >= lines - (size_t)rows && column >= 0 && column < columns);
    for (size_t i = lines > 100 ? lines - 100 : 0; i < lines; i++)
        check_line(t, i);
    vt_take(t, &len);
}

/* Runs the command after a COMMAND byte. Returns how many bytes it took. */
static size_t obey(struct vt *t, const uint8_t *data, size_t len)
{
    static const key_code keys[] = {
        'a',           0xe9,       PRESS_UP,    PRESS_F1, PRESS_ENTER, PRESS_CTRL | 'c', PRESS_ALT | 'x',
        PRESS_BACKTAB, PRESS_HOME, PRESS_DELETE};
    if (len < 3)
        return len;
    switch (data[0] % 4) {
    case 0: vt_resize(t, data[1] % 100, data[2] % 60); return 3;
    case 1: vt_key(t, keys[data[1] % (sizeof keys / sizeof *keys)]); return 2;
    case 2: vt_paste(t, (const char *)data + 1, 2); return 3;
    default: look(t); return 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char last[] = "\n\n\n\n\n\n\n\0338x\033[99S";
    struct vt *t;
    if (size < FUZZ_KNOBS || size > 32 * 1024)
        return 0;
    const uint8_t *data = bytes + FUZZ_KNOBS;
    size_t len = size - FUZZ_KNOBS, step = 1 + bytes[2] % 64;
    compare_cuts(data, len, step);
    MUST(!vt_new(bytes[0] % 100, bytes[1] % 60, &t));
    for (size_t i = 0; i < len;) {
        if (data[i] == COMMAND) {
            i += 1 + obey(t, data + i + 1, len - i - 1);
            continue;
        }
        size_t n = 1;
        while (n < step && i + n < len && data[i + n] != COMMAND)
            n++;
        vt_write(t, (const char *)data + i, n);
        i += n;
    }
    vt_resize(t, 7, 5);
    vt_write(t, last, sizeof last - 1);
    look(t);
    vt_free(t);
    return 0;
}
