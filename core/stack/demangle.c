/* SPDX-License-Identifier: MIT
 * Demangles names with libiberty. Anybody may have written the file they come from, and a name of a few hundred bytes
 * can demangle to gigabytes, so the result is bounded. */
#include "core/stack/stack.h"

#if __has_include(<libiberty/demangle.h>)
#include <libiberty/demangle.h>
#else
#include <demangle.h>
#endif
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/text.h"

enum { MANGLED_MAX = 4096, UNFOLDED_MAX = 16 * 1024, NAME_MAX_CHARACTERS = 80 };

/* The demangler can only be stopped by jumping out of it. It has all its data on the stack. */
struct unfolding {
    struct buf text;
    jmp_buf enough;
};

static void take(const char *text, size_t len, void *arg)
{
    struct unfolding *u = arg;
    if (buf_add(&u->text, text, len))
        longjmp(u->enough, 1);
}

/* Rust is tried first, as its older names are valid C++ names that end with a hash. */
static bool unfold(struct unfolding *u, const char *mangled)
{
    if (setjmp(u->enough))
        return true; /* too long: its beginning is enough */
    if (rust_demangle_callback(mangled, DMGL_NO_OPTS, take, u))
        return true;
    buf_clear(&u->text);
    return cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, take, u);
}

/* The length without a symbol version and without suffixes of functions that the compiler split or copied. */
static size_t plain_length(const char *symbol)
{
    static const char *const marks[] = {".cold",  ".part.",     ".isra.",     ".constprop.",
                                        ".llvm.", ".lto_priv.", ".localalias"};
    size_t len = strcspn(symbol, "@");
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *mark = strstr(symbol, marks[i]);
        if (mark && mark > symbol && (size_t)(mark - symbol) < len)
            len = (size_t)(mark - symbol);
    }
    return len > 0 ? len : strlen(symbol);
}

/* Shortens a path that is too long to its last segments, and a last segment that is too long to its beginning. */
static enum err add_fitting(struct buf *out, const char *name)
{
    enum { CUT_MARK = 3 }; /* characters of "…::" */
    size_t characters, bytes = text_prefix(name, strlen(name), NAME_MAX_CHARACTERS, &characters);
    if (!name[bytes])
        return text_add_safe(out, name, bytes);
    const char *tail = name, *colons;
    while ((colons = strstr(tail, "::"))) {
        tail = colons + strlen("::");
        bytes = text_prefix(tail, strlen(tail), NAME_MAX_CHARACTERS - CUT_MARK, &characters);
        if (!tail[bytes])
            break;
    }
    buf_add_text(out, tail > name ? "…::" : "");
    bytes = text_prefix(tail, strlen(tail), NAME_MAX_CHARACTERS - CUT_MARK - 1, &characters);
    text_add_safe(out, tail, colons ? strlen(tail) : bytes);
    return buf_add_text(out, colons ? "" : "…");
}

enum err stack_demangle(const char *symbol, struct buf *out)
{
    struct unfolding u;
    struct buf path;
    char plain[MANGLED_MAX];
    size_t len = plain_length(symbol);
    if (len >= sizeof plain)
        len = sizeof plain - 1;
    memcpy(plain, symbol, len);
    plain[len] = '\0';
    buf_init(&u.text, UNFOLDED_MAX);
    buf_init(&path, UNFOLDED_MAX);
    bool unfolded = unfold(&u, plain);
    enum err err = u.text.err == ERR_NOMEM ? ERR_NOMEM : OK;
    if (!err && unfolded && stack_shorten(buf_text(&u.text), &path) == ERR_NOMEM)
        err = ERR_NOMEM;
    if (!err)
        err = add_fitting(out, unfolded ? buf_text(&path) : plain);
    buf_done(&path);
    buf_done(&u.text);
    return err;
}
