/* SPDX-License-Identifier: MIT
 * Finds and parses _Py_DebugOffsets: at the start of _PyRuntime, CPython 3.13 and later describes where the fields of
 * its structs are. The table consists of 64-bit words, in sections that each begin with the size of a struct and grow
 * from version to version. It is in the writable data of the program or of libpython, and begins with a cookie. */
#include "core/stack/python.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/proc/parse.h"
#include "core/proc/read.h"

enum section { RUNTIME, INTERPRETER, THREAD, FRAME, CODE, BYTES, TEXT, SECTIONS };

/* Where sections begin, in words. Source: Include/internal/pycore_runtime.h (3.13), pycore_debug_offsets.h
 * (3.14, 3.15). */
static const struct layout {
    unsigned version, section[SECTIONS], thread_tid;
    bool copies_code;
} layouts[] = {
    {0x030f, {3, 6, 22, 39, 47, 86, 89}, 9, true},
    {0x030e, {3, 6, 22, 31, 39, 74, 77}, 6, true},
    {0x030d, {3, 6, 19, 28, 34, 64, 67}, 6, false},
};

/* Fields that have the same place in their section in every version, and how many bytes are read there. */
#define AT(field) offsetof(struct python_offsets, field)
static const struct item {
    size_t to;
    enum section section;
    unsigned index, width;
} items[] = {
    {AT(interpreters), RUNTIME, 2, 8}, {AT(interpreter_next), INTERPRETER, 2, 8},
    {AT(threads), INTERPRETER, 3, 8},  {AT(thread_next), THREAD, 2, 8},
    {AT(thread_frame), THREAD, 4, 8},  {AT(frame_previous), FRAME, 1, 8},
    {AT(frame_code), FRAME, 2, 8},     {AT(frame_instruction), FRAME, 3, 8},
    {AT(frame_owner), FRAME, 5, 1},    {AT(code_file), CODE, 1, 8},
    {AT(code_name), CODE, 3, 8},       {AT(code_lines), CODE, 4, 8},
    {AT(code_first_line), CODE, 5, 4}, {AT(code_bytes), CODE, 9, 1},
    {AT(bytes_length), BYTES, 1, 8},   {AT(bytes_data), BYTES, 2, 1},
    {AT(text_state), TEXT, 1, 4},      {AT(text_length), TEXT, 2, 8},
    {AT(text_ascii), TEXT, 3, 1},
};

static const char cookie[8] = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};

struct table {
    uint64_t words[PYTHON_TABLE_MAX / 8];
};
static_assert(PYTHON_TABLE_MAX / 8 > 89 + 10, "the last section of every layout is in the table");

static bool take_field(const struct table *t, const struct layout *l, const struct item *item,
                       struct python_offsets *out)
{
    enum { LARGEST = 16 * 1024 * 1024 };
    unsigned start = l->section[item->section];
    uint64_t size = t->words[start], offset = t->words[start + item->index];
    memcpy((char *)out + item->to, &offset, sizeof offset);
    return size <= LARGEST && item->width <= size && offset <= size - item->width;
}

/* Without the GIL, threads run their own copies of the bytecode, so lines are found through the copy. */
static bool take_all(const struct table *t, const struct layout *l, struct python_offsets *out)
{
    const struct item tid = {AT(thread_tid), THREAD, l->thread_tid, 8}, copy = {AT(frame_copy), FRAME, 7, 4},
                      copies = {AT(code_copies), CODE, 10, 8};
    bool good = take_field(t, l, &tid, out);
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        good = good && take_field(t, l, &items[i], out);
    out->thread_size = t->words[l->section[THREAD]];
    out->frame_size = t->words[l->section[FRAME]];
    out->code_size = t->words[l->section[CODE]];
    out->free_threaded = t->words[2] != 0;
    out->copies_code = l->copies_code && out->free_threaded;
    if (out->copies_code)
        good = good && take_field(t, l, &copy, out) && take_field(t, l, &copies, out);
    return good && out->thread_size <= PYTHON_STRUCT_MAX && out->frame_size <= PYTHON_STRUCT_MAX &&
           out->code_size <= PYTHON_STRUCT_MAX;
}

/* A version newer than all known ones is tried with the newest layout; the checks decide whether it fits. */
enum err python_parse_offsets(const void *bytes, size_t len, struct python_offsets *out)
{
    struct table t = {0};
    *out = (struct python_offsets){0};
    if (len < sizeof cookie || memcmp(bytes, cookie, sizeof cookie) != 0)
        return ERR_PARSE;
    memcpy(t.words, bytes, len < sizeof t.words ? len : sizeof t.words);
    out->version = t.words[1];
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (out->version >> 16 >= layouts[i].version && out->version >> 32 == 0)
            return take_all(&t, &layouts[i], out) ? OK : ERR_PARSE;
    return ERR_PARSE;
}

enum err python_pull(pid_t tid, uint64_t address, void *to, size_t len)
{
    struct iovec local = {.iov_base = to, .iov_len = len};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = len};
    ssize_t n = process_vm_readv(tid, &local, 1, &remote, 1, 0);
    if (n == (ssize_t)len)
        return OK;
    return n >= 0 || errno == EFAULT || errno == EINVAL ? ERR_PARSE : err_from_errno(errno);
}

static bool is_named_python(const struct proc_map *m)
{
    const char *slash = memrchr(m->name, '/', m->name_len);
    size_t skip = slash ? (size_t)(slash + 1 - m->name) : 0, len = m->name_len - skip;
    static const char *const names[] = {"python", "libpython"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slash && len >= strlen(names[i]) && memcmp(slash + 1, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

struct search {
    pid_t tid;
    struct python_offsets *out;
    uint64_t runtime; /* 0: not found yet */
    uint64_t left;    /* bytes that may still be searched */
    unsigned char *chunk;
    const char *exe;
};

enum { CHUNK = 64 * 1024 };

static void search_chunk(struct search *s, uint64_t address, size_t len)
{
    const unsigned char *at = s->chunk, *end = s->chunk + len;
    unsigned char table[PYTHON_TABLE_MAX];
    while (!s->runtime && (at = memmem(at, (size_t)(end - at), cookie, sizeof cookie))) {
        uint64_t found = address + (uint64_t)(at - s->chunk);
        if (found % 8 == 0 && !python_pull(s->tid, found, table, sizeof table) &&
            !python_parse_offsets(table, sizeof table, s->out))
            s->runtime = found;
        at++;
    }
}

static enum err search_map(struct search *s, const struct proc_map *m)
{
    enum err err = OK;
    for (uint64_t at = m->start; at < m->end && !s->runtime && s->left > 0 && (!err || err == ERR_PARSE); at += CHUNK) {
        size_t len = m->end - at < CHUNK ? (size_t)(m->end - at) : CHUNK;
        s->left -= len < s->left ? len : s->left;
        if (!(err = python_pull(s->tid, at, s->chunk, len)))
            search_chunk(s, at, len);
    }
    return err == ERR_PARSE ? OK : err; /* a page that cannot be read holds no table */
}

static enum err search_maps(struct search *s, const char *text, size_t len, bool *is_python)
{
    struct proc_map m;
    size_t used;
    enum err err = OK;
    for (; len > 0 && !s->runtime && !err; text += used, len -= used) {
        if (proc_parse_map(text, len, &m, &used))
            continue;
        bool named = is_named_python(&m);
        bool exe = m.name_len == strlen(s->exe) && memcmp(m.name, s->exe, m.name_len) == 0;
        *is_python |= named;
        if (m.readable && m.writable && !m.shared && m.name_len > 0 && (named || exe))
            err = search_map(s, &m);
    }
    return err ? err : s->runtime ? OK : ERR_NOT_FOUND;
}

enum err python_find(pid_t tid, struct python_offsets *out, uint64_t *runtime, bool *is_python)
{
    enum { SEARCHED_MAX = 64 * 1024 * 1024 };
    char path[32], exe[4096];
    int dir = -1;
    struct buf maps;
    struct search s = {.tid = tid, .out = out, .left = SEARCHED_MAX, .exe = exe, .chunk = malloc(CHUNK)};
    snprintf(path, sizeof path, "/proc/%d", (int)tid);
    buf_init(&maps, PROC_FILE_MAX);
    *is_python = false;
    enum err err = s.chunk ? proc_open_dir(AT_FDCWD, path, &dir) : ERR_NOMEM;
    if (!err && proc_read_link(dir, "exe", exe, sizeof exe))
        exe[0] = '\0'; /* then only mappings that are named like Python are searched */
    if (!err)
        err = proc_read(dir, "maps", &maps);
    if (!err)
        err = search_maps(&s, buf_text(&maps), maps.len, is_python);
    *runtime = s.runtime;
    buf_done(&maps);
    io_close(&dir);
    free(s.chunk);
    return err;
}
