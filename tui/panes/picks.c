/* SPDX-License-Identifier: MIT
 * A list keeps the order; a hash table over it finds a code. */
#include "tui/panes/picks.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *text, size_t len)
{
    uint64_t h = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3;
    return h;
}

/* The slot that holds the code, or the free slot where it belongs. */
static uint32_t *slot_of(const struct picks *p, const char *text, size_t len)
{
    size_t at = hash(text, len) & (p->nslots - 1);
    for (;; at = (at + 1) & (p->nslots - 1)) {
        const struct pick *pick = p->slots[at] ? &p->v[p->slots[at] - 1] : NULL;
        if (!pick || (pick->len == len && memcmp(pick->text, text, len) == 0))
            return &p->slots[at];
    }
}

static void fill_slots(struct picks *p)
{
    if (p->slots)
        memset(p->slots, 0, p->nslots * sizeof *p->slots);
    for (size_t i = 0; i < p->n; i++)
        *slot_of(p, p->v[i].text, p->v[i].len) = (uint32_t)i + 1;
}

static enum err make_room(struct picks *p)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 16;
        struct pick *v = realloc(p->v, cap * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        p->v = v;
        p->cap = cap;
    }
    if (p->n * 2 >= p->nslots) {
        size_t nslots = p->nslots ? p->nslots * 2 : 64;
        uint32_t *slots = calloc(nslots, sizeof *slots);
        if (!slots)
            return ERR_NOMEM;
        free(p->slots);
        p->slots = slots;
        p->nslots = nslots;
        fill_slots(p);
    }
    return OK;
}

bool picks_has(const struct picks *p, const char *text, size_t len)
{
    return p->n > 0 && *slot_of(p, text, len) != 0;
}

/* Texts are stored one after the other, so that a million small ones need little more than their bytes. */
struct pick_block {
    struct pick_block *next;
    size_t used, size;
    char bytes[];
};

static const char *keep_text(struct picks *p, const char *text, size_t len)
{
    enum { BLOCK = 64 << 10 };
    struct pick_block *b = p->blocks;
    if (!b || b->size - b->used < len + 1) {
        size_t size = len + 1 > BLOCK ? len + 1 : BLOCK;
        b = malloc(sizeof *b + size);
        if (!b)
            return NULL;
        *b = (struct pick_block){.next = p->blocks, .size = size};
        p->blocks = b;
    }
    char *copy = b->bytes + b->used;
    memcpy(copy, text, len);
    copy[len] = '\0';
    b->used += len + 1;
    return copy;
}

enum err picks_add_borrowed(struct picks *p, const char *text, size_t len, bool typed)
{
    if (picks_has(p, text, len))
        return OK;
    if (len > UINT32_MAX)
        return ERR_TOO_BIG;
    if (make_room(p))
        return ERR_NOMEM;
    p->v[p->n] = (struct pick){text, (uint32_t)len, typed};
    *slot_of(p, text, len) = (uint32_t)++p->n;
    p->changes++;
    return OK;
}

enum err picks_add(struct picks *p, const char *text, size_t len, bool typed)
{
    if (picks_has(p, text, len))
        return OK;
    const char *copy = keep_text(p, text, len);
    return copy ? picks_add_borrowed(p, copy, len, typed) : ERR_NOMEM;
}

void picks_remove(struct picks *p, const char *text, size_t len)
{
    if (!picks_has(p, text, len))
        return;
    size_t at = *slot_of(p, text, len) - 1;
    memmove(&p->v[at], &p->v[at + 1], (p->n - at - 1) * sizeof *p->v);
    p->n--;
    p->changes++;
    fill_slots(p);
}

void picks_clear(struct picks *p)
{
    while (p->blocks) {
        struct pick_block *next = p->blocks->next;
        free(p->blocks);
        p->blocks = next;
    }
    p->n = 0;
    p->changes++;
    fill_slots(p);
}

void picks_done(struct picks *p)
{
    picks_clear(p);
    free(p->v);
    free(p->slots);
    *p = (struct picks){0};
}
