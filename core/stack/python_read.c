/* SPDX-License-Identifier: MIT
 * Python frames from the memory of a running CPython, without a stop: interpreters → threads → frames → code objects.
 * As the process runs on, and may hold anything, a walk ends at what makes no sense, and every walk is bounded. */
#include "core/stack/python.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/proc/read.h"

enum { INTERPRETERS_MAX = 64, THREADS_MAX = 20000, TEXT_MAX = 4096, LINES_MAX = 1024 * 1024 };

/* From this owner on, a frame is only a mark: in 3.13 of the C stack, later of the interpreter or the thread. */
enum { OWNER_FIRST_MARK = 3 };

struct reader {
    pid_t tid;       /* read through this thread: the main thread may have ended, and then shows no memory */
    uint64_t number; /* its TID in its own PID namespace, which its process knows */
    struct python_offsets o;
    uint64_t runtime;
    unsigned char bytes[PYTHON_STRUCT_MAX]; /* of the struct that was read last */
};

/* The last number of "NSpid: 4242 17". */
static uint64_t own_number(pid_t tid)
{
    char path[32];
    int dir;
    struct buf status;
    uint64_t number = (uint64_t)tid;
    snprintf(path, sizeof path, "/proc/%d", (int)tid);
    if (proc_open_dir(AT_FDCWD, path, &dir))
        return number;
    buf_init(&status, PROC_FILE_MAX);
    if (!proc_read(dir, "status", &status)) {
        const char *line = strstr(buf_text(&status), "\nNSpid:");
        const char *end = line ? strchr(line + 1, '\n') : NULL;
        const char *tab = end ? memrchr(line, '\t', (size_t)(end - line)) : NULL;
        number = tab ? strtoull(tab, NULL, 10) : number;
    }
    buf_done(&status);
    io_close(&dir);
    return number;
}

static enum err pull_word(const struct reader *r, uint64_t address, uint64_t *out)
{
    return python_pull(r->tid, address, out, sizeof *out);
}

static uint64_t word(const struct reader *r, uint64_t offset)
{
    uint64_t value;
    memcpy(&value, r->bytes + offset, sizeof value);
    return value;
}

static int32_t number(const struct reader *r, uint64_t offset)
{
    int32_t value;
    memcpy(&value, r->bytes + offset, sizeof value);
    return value;
}

/* A stack reference is a pointer with tags in its lowest bits. */
static uint64_t pointer(uint64_t reference)
{
    return reference & ~(uint64_t)7;
}

struct found {
    uint64_t frame; /* the innermost one, or 0 */
    size_t threads; /* looked at so far */
    bool named;     /* the thread was found by its number */
};

/* Looks for the thread among those of one interpreter. It may be known to several interpreters. */
static enum err look_for_thread(struct reader *r, uint64_t thread, struct found *found)
{
    const struct python_offsets *o = &r->o;
    enum err err = OK;
    for (; thread && !(found->named && found->frame) && !err; thread = word(r, o->thread_next)) {
        if (found->threads++ == THREADS_MAX)
            return ERR_PARSE;
        if ((err = python_pull(r->tid, thread, r->bytes, o->thread_size)))
            break;
        bool named = word(r, o->thread_tid) == r->number;
        if (named || (found->threads == 1 && !found->named))
            found->frame = word(r, o->thread_frame);
        found->named |= named;
    }
    return err;
}

/* If Python did not notice a fork, the only thread of the child still has the number of its parent's thread. */
static enum err find_thread(struct reader *r, bool is_main, uint64_t *frame)
{
    struct found found = {0};
    uint64_t interpreter, threads;
    enum err err = pull_word(r, r->runtime + r->o.interpreters, &interpreter);
    for (int i = 0; i < INTERPRETERS_MAX && interpreter && !(found.named && found.frame) && !err; i++) {
        err = pull_word(r, interpreter + r->o.threads, &threads);
        if (!err)
            err = look_for_thread(r, threads, &found);
        if (!err)
            err = pull_word(r, interpreter + r->o.interpreter_next, &interpreter);
    }
    bool is_it = found.named || (found.threads == 1 && is_main);
    *frame = is_it ? found.frame : 0;
    return err ? err : *frame ? OK : ERR_NOT_FOUND;
}

/* The lowest bits of a str's state: interned, kind, compact, ascii. Without the GIL, `interned` takes a byte. */
static bool text_kind(const struct reader *r, uint32_t state, unsigned *kind, bool *ascii)
{
    unsigned shift = r->o.free_threaded && r->o.version >> 16 >= 0x030e ? 8 : 2;
    *kind = state >> shift & 7;
    *ascii = state >> (shift + 4) & 1;
    bool compact = state >> (shift + 3) & 1;
    return compact && (*kind == 1 || *kind == 2 || *kind == 4) && (!*ascii || *kind == 1);
}

static void add_characters(struct buf *out, const unsigned char *data, size_t n, unsigned kind)
{
    for (size_t i = 0; i < n; i++) {
        utf8proc_uint8_t bytes[4];
        utf8proc_int32_t c = 0;
        memcpy(&c, data + i * kind, kind);
        utf8proc_ssize_t len = utf8proc_codepoint_valid(c) ? utf8proc_encode_char(c, bytes) : 0;
        buf_add(out, len > 0 ? (const char *)bytes : "?", len > 0 ? (size_t)len : 1);
    }
}

/* The data of a str that is not ASCII follows two more words. */
static enum err read_text(const struct reader *r, uint64_t address, char **out)
{
    const struct python_offsets *o = &r->o;
    unsigned char data[TEXT_MAX * 4];
    uint64_t length;
    uint32_t state;
    unsigned kind;
    bool ascii;
    struct buf text;
    enum err err = pull_word(r, address + o->text_length, &length);
    if (!err)
        err = python_pull(r->tid, address + o->text_state, &state, sizeof state);
    if (!err && (!text_kind(r, state, &kind, &ascii) || length > TEXT_MAX))
        err = ERR_PARSE;
    if (!err && length > 0)
        err = python_pull(r->tid, address + o->text_ascii + (ascii ? 0 : 16), data, length * kind);
    if (err)
        return err;
    buf_init(&text, sizeof data);
    add_characters(&text, data, length, kind);
    *out = buf_take(&text);
    buf_done(&text);
    return *out ? OK : ERR_NOMEM;
}

/* The fields of a code object. */
struct code {
    uint64_t address, file, name, lines, copies;
    int32_t first_line;
};

static enum err read_code(struct reader *r, uint64_t address, struct code *out)
{
    const struct python_offsets *o = &r->o;
    enum err err = python_pull(r->tid, address, r->bytes, o->code_size);
    if (err)
        return err;
    *out = (struct code){.address = address,
                         .file = word(r, o->code_file),
                         .name = word(r, o->code_name),
                         .lines = word(r, o->code_lines),
                         .first_line = number(r, o->code_first_line),
                         .copies = o->copies_code ? word(r, o->code_copies) : 0};
    return OK;
}

/* Finds the start of the bytecode that the frame runs; copy 0 is in the code object itself. */
static enum err find_bytecode(const struct reader *r, const struct code *code, int32_t copy, uint64_t *start)
{
    uint64_t n;
    *start = code->address + r->o.code_bytes;
    if (copy == 0 || !code->copies)
        return OK;
    enum err err = pull_word(r, code->copies, &n);
    if (!err && (copy < 0 || (uint64_t)copy >= n))
        err = ERR_PARSE;
    return err ? err : pull_word(r, code->copies + 8 + (uint64_t)copy * 8, start);
}

/* 0 if it cannot be found out: a frame without its line still helps. */
static int read_line(const struct reader *r, const struct code *code, uint64_t instruction, int32_t copy)
{
    uint64_t start, length;
    int line = 0;
    if (find_bytecode(r, code, copy, &start) || instruction < start ||
        pull_word(r, code->lines + r->o.bytes_length, &length) || length > LINES_MAX)
        return 0;
    unsigned char *table = malloc(length ? length : 1);
    if (table && !python_pull(r->tid, code->lines + r->o.bytes_data, table, length))
        line = python_line(table, length, code->first_line, (instruction - start) / 2);
    free(table);
    return line;
}

/* ERR_PARSE: this is not a code object, so the frame is left out. */
static enum err add_frame(struct reader *r, uint64_t code_address, uint64_t instruction, int32_t copy,
                          struct python_frames *out)
{
    struct code code;
    struct python_frame frame = {0};
    enum err err = read_code(r, code_address, &code);
    if (!err)
        err = read_text(r, code.name, &frame.function);
    if (!err)
        err = read_text(r, code.file, &frame.file);
    if (err) {
        free(frame.function);
        return err;
    }
    frame.line = read_line(r, &code, instruction, copy);
    return python_frames_add(out, frame);
}

/* Goes outwards; a mark ends the frames that one call of the interpreter's C function runs. */
static enum err walk(struct reader *r, uint64_t frame, size_t max, struct python_frames *out)
{
    const struct python_offsets *o = &r->o;
    enum { STEPS_MAX = 4096 };
    enum err err = OK;
    for (int i = 0; i < STEPS_MAX && frame && out->n < max; i++) {
        if ((err = python_pull(r->tid, frame, r->bytes, o->frame_size)))
            break;
        uint64_t code = pointer(word(r, o->frame_code)), instruction = word(r, o->frame_instruction);
        int32_t copy = o->copies_code ? number(r, o->frame_copy) : 0;
        bool is_mark = r->bytes[o->frame_owner] >= OWNER_FIRST_MARK;
        frame = word(r, o->frame_previous);
        if (is_mark && out->n > 0)
            out->v[out->n - 1].entry = true;
        else if (!is_mark && (err = add_frame(r, code, instruction, copy, out)) && err != ERR_PARSE)
            break;
    }
    return out->n > 0 && err != ERR_NOMEM ? OK : err ? err : ERR_NOT_FOUND;
}

enum err python_read(pid_t pid, pid_t tid, size_t max, struct python_frames *out, bool *older)
{
    struct reader *r = malloc(sizeof *r);
    uint64_t frame;
    *out = (struct python_frames){0};
    *older = false;
    if (!r)
        return ERR_NOMEM;
    r->tid = tid ? tid : pid;
    r->number = own_number(r->tid);
    enum err err = python_find(r->tid, &r->o, &r->runtime, older);
    *older = *older && err == ERR_NOT_FOUND;
    if (!err)
        err = find_thread(r, r->tid == pid, &frame);
    if (!err)
        err = walk(r, frame, max, out);
    if (err)
        python_frames_done(out);
    free(r);
    return err;
}
