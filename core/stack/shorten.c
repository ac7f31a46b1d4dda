/* SPDX-License-Identifier: MIT
 * Shortens demangled names of C++ and Rust functions to the path of the function, without parameters and generic
 * arguments: "<a::B<T> as c::D>::e::<F>" becomes "a::B::e", "std::vector<int, std::allocator<int> >::at" becomes
 * "std::vector::at". */
#include "core/stack/stack.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

/* A piece of the name that is still to be read. */
struct rest {
    const char *at, *end;
};

static bool starts(struct rest r, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(r.end - r.at) >= len && memcmp(r.at, word, len) == 0;
}

static bool skip(struct rest *r, const char *word)
{
    if (!starts(*r, word))
        return false;
    r->at += strlen(word);
    return true;
}

/* How the next character changes the depth of brackets: all kinds count alike, and the ">" of "->" does not count. */
static int step(struct rest r, const char *begin)
{
    if (strchr("<([{", *r.at))
        return 1;
    return strchr(">)]}", *r.at) && !(*r.at == '>' && r.at > begin && r.at[-1] == '-') ? -1 : 0;
}

/* Takes the group in brackets at r->at; returns what is between the brackets. */
static struct rest take_group(struct rest *r)
{
    struct rest inner = {r->at + 1, r->end};
    const char *begin = r->at;
    int depth = 0;
    while (r->at < r->end) {
        depth += step(*r, begin);
        r->at++;
        if (depth == 0) {
            inner.end = r->at - 1;
            break;
        }
    }
    return inner;
}

/* The first `word` outside of all brackets, or NULL. */
static const char *find_outside(struct rest r, const char *word)
{
    const char *begin = r.at;
    for (int depth = 0; r.at < r.end; r.at++) {
        if (depth == 0 && starts(r, word))
            return r.at;
        depth += step(r, begin);
    }
    return NULL;
}

static void drop_trailing_colons(struct buf *out, size_t base)
{
    while (out->len > base && out->data[out->len - 1] == ':')
        out->data[--out->len] = '\0';
}

static void add_path(struct buf *out, struct rest r, int depth);

/* Adds X of "<X as Y>", "<impl Y for X>" or "<X>". An impl follows the path of the module in which it was written,
 * which is dropped. */
static void add_self(struct buf *out, struct rest inner, size_t base, int depth)
{
    static const char *const marks[] = {"&", "'_ ", "mut ", "*const ", "*mut ", "dyn ", "unsafe "};
    const char *as = find_outside(inner, " as "), *target;
    if (skip(&inner, "impl ")) {
        if ((target = find_outside(inner, " for ")))
            inner.at = target + strlen(" for ");
        if (out->len > base && !out->err)
            out->data[out->len = base] = '\0';
    } else if (as) {
        inner.end = as;
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks;)
        i = skip(&inner, marks[i]) ? 0 : i + 1;
    add_path(out, inner, depth + 1);
}

/* Adds "{lambda}" for "{lambda(int)#1}", "{closure}" for "{{closure}}" and "{closure#0}". */
static void add_braces(struct buf *out, struct rest inner)
{
    while (skip(&inner, "{"))
        continue;
    size_t len = 0;
    while (inner.at + len < inner.end && !strchr("#(}:", inner.at[len]))
        len++;
    buf_add_char(out, '{');
    buf_add(out, inner.at, len);
    buf_add_char(out, '}');
}

static void add_operator(struct buf *out, struct rest *r)
{
    size_t len = starts(*r, "()") || starts(*r, "[]") ? 2 : 0;
    buf_add_text(out, "operator");
    while (len == 0 && r->at < r->end && strchr("<>=!+-*/%^&|~,", *r->at))
        buf_add_char(out, *r->at++);
    buf_add(out, r->at, len);
    r->at += len;
}

static bool is_operator(struct rest r)
{
    return skip(&r, "operator") && r.at < r.end && !isalnum((unsigned char)*r.at) && *r.at != '_';
}

/* Takes what only the start of a segment may have; false if there is nothing of the kind. */
static bool take_special(struct buf *out, struct rest *r, size_t base, int depth)
{
    if (skip(r, "(anonymous namespace)::") || skip(r, "__cxx11::") || skip(r, "__1::"))
        return true;
    if (is_operator(*r)) {
        skip(r, "operator");
        add_operator(out, r);
    } else if (*r->at == '<') {
        add_self(out, take_group(r), base, depth);
    } else if (*r->at == '{') {
        add_braces(out, take_group(r));
    } else if (*r->at == '(' || *r->at == '[') {
        buf_add_text(out, *r->at == '(' ? "(…)" : "[…]");
        take_group(r);
    } else {
        return false;
    }
    return true;
}

static void add_path(struct buf *out, struct rest r, int depth)
{
    size_t base = out->len;
    bool at_start = true;
    while (r.at < r.end && depth < DEPTH_MAX && !out->err) {
        bool special = at_start && take_special(out, &r, base, depth);
        at_start = special && out->len == base;
        if (special) {
            continue;
        } else if (*r.at == '<' || *r.at == '[') {
            take_group(&r);
            drop_trailing_colons(out, base);
        } else if (*r.at == '(' || starts(r, " [")) {
            break; /* parameters, or "[clone .cold]" */
        } else if (skip(&r, "::")) {
            buf_add_text(out, "::");
            at_start = r.at < r.end && (*r.at != '<' || starts(r, "<impl ")); /* "::<T>" are arguments */
        } else if (starts(r, " <")) {
            r.at++;
        } else {
            buf_add_char(out, *r.at++);
        }
    }
}

enum err stack_shorten(const char *demangled, struct buf *out)
{
    const char *thunk = strstr(demangled, " thunk to ");
    size_t before = out->len;
    if (thunk)
        demangled = thunk + strlen(" thunk to ");
    add_path(out, (struct rest){demangled, demangled + strlen(demangled)}, 0);
    return out->err || out->len > before ? out->err : buf_add_text(out, demangled);
}
