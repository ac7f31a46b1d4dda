/* SPDX-License-Identifier: MIT
 * The one run over all bytes: header, record boundaries, faults with line and column. What remains of it is the place
 * of each 64th record, as sealed memory that every process maps read-only. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/io.h"
#include "core/table/table_priv.h"

/* The first bytes of the index memory; the offsets follow. */
struct index_head {
    char magic[8];
    uint64_t rows, n;
};
static const char index_magic[8] = "psindex1";

struct build {
    const struct table_source *source;
    const char *path;
    struct table_header *header;
    struct problem *problem;
    struct table_lines lines;
    struct table_csv csv;
    struct buf offsets;           /* of uint64_t */
    bool has_header;
    uint64_t rows;
    uint64_t line, line_start;    /* where the segment lies; the first line is 1 */
    uint64_t record, record_line; /* where the record began */
};

/* A fault in field `field` of the record. */
static enum err fault_at_field(struct build *b, enum err e, size_t field, const char *words)
{
    uint64_t line = b->record_line, column = 1;
    enum err failed = table_csv_locate(b->source, b->record, field, &line, &column);
    if (failed)
        return table_problem(b->problem, failed, b->path);
    return problem_set(b->problem, e, "%s:%llu:%llu: %s", b->path, (unsigned long long)line, (unsigned long long)column,
                       words);
}

static enum err never_closed(struct build *b)
{
    return fault_at_field(b, ERR_PARSE, b->csv.ncells,
                          "a quoted field is never closed; close it, and write a quote inside it twice");
}

static const char stray_quote[] = "a quote inside an unquoted field; quote the whole field and double the quote";
static const char behind_quote[] = "text behind a closing quote; a quote inside a quoted field is written twice";

/* libcsv refuses the byte behind `used` of this segment. */
static enum err refused(struct build *b, const struct table_segment *s)
{
    uint64_t characters = 0;
    enum err e = table_count_characters(b->source, b->line_start, s->offset + b->csv.used, &characters);
    if (e)
        return table_problem(b->problem, e, b->path);
    return problem_set(b->problem, ERR_PARSE, "%s:%llu:%llu: %s", b->path, (unsigned long long)b->line,
                       (unsigned long long)characters + 1, b->csv.parser.quoted ? behind_quote : stray_quote);
}

static enum err fault(struct build *b, enum err e, const struct table_segment *s)
{
    if (e == ERR_PARSE)
        return refused(b, s);
    if (e == ERR_TOO_BIG && b->csv.open)
        return fault_at_field(b, ERR_PARSE, b->csv.ncells, "a field longer than 256 MiB; is its quote ever closed?");
    return table_problem(b->problem, e, b->path);
}

static enum err take_header(struct build *b)
{
    if (b->csv.ncells == 1 && b->csv.cells[0].null)
        return OK; /* empty lines before the header are skipped */
    b->has_header = true;
    b->csv.keep = false;
    return table_header_read(b->header, &b->csv, b->path, b->record_line, b->problem);
}

static enum err take_row(struct build *b)
{
    if (b->csv.ncells > b->header->n) {
        char words[160];
        snprintf(words, sizeof words,
                 "field %zu of a row, but the header has %zu; quote a comma that belongs to the text",
                 b->header->n + 1, b->header->n);
        return fault_at_field(b, ERR_PARSE, b->header->n, words);
    }
    enum err e = OK;
    if (b->rows % TABLE_STRIDE == 0)
        e = buf_add(&b->offsets, &b->record, sizeof b->record);
    b->rows++;
    return e ? table_problem(b->problem, e, b->path) : OK;
}

static enum err take_record(struct build *b)
{
    return b->has_header ? take_row(b) : take_header(b);
}

static enum err take_segment(struct build *b, const struct table_segment *s)
{
    if (!b->csv.open) {
        b->record = s->offset;
        b->record_line = b->line;
    }
    enum err e = table_csv_feed(&b->csv, s);
    if (e)
        return fault(b, e, s);
    e = b->csv.done ? take_record(b) : OK;
    if (s->ends_line) {
        b->line++;
        b->line_start = s->offset + s->len;
    }
    return e;
}

/* Skips the UTF-8 mark, which would be part of the first name, and says so of UTF-16, which would be all NULs. */
static enum err begin(struct build *b)
{
    unsigned char mark[3] = {0};
    size_t n;
    enum err e = io_read_some_at(b->source->fd, mark, sizeof mark, 0, &n);
    if (e)
        return table_problem(b->problem, e, b->path);
    if ((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff))
        return problem_set(b->problem, ERR_PARSE, "%s:1:1: UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8", b->path);
    b->line_start = memcmp(mark, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    table_lines_seek(&b->lines, b->line_start);
    return OK;
}

static enum err finish(struct build *b)
{
    enum err e = table_csv_finish(&b->csv);
    if (e == ERR_PARSE)
        return never_closed(b);
    if (e)
        return table_problem(b->problem, e, b->path);
    if (b->csv.done)
        e = take_record(b);
    if (!e && !b->has_header)
        e = problem_set(b->problem, ERR_PARSE, "%s:1:1: empty; the first line must name the columns", b->path);
    return e;
}

static enum err run(struct build *b)
{
    enum err e = begin(b);
    while (!e) {
        struct table_segment s;
        e = table_lines_next(&b->lines, &s);
        if (e)
            return table_problem(b->problem, e, b->path);
        if (s.len == 0)
            return finish(b);
        e = take_segment(b, &s);
    }
    return e;
}

static enum err seal(const struct build *b, int *fd)
{
    struct index_head head = {.rows = b->rows, .n = b->offsets.len / sizeof(uint64_t)};
    struct buf all;
    memcpy(head.magic, index_magic, sizeof head.magic);
    buf_init(&all, sizeof head + b->offsets.len);
    buf_add(&all, &head, sizeof head);
    buf_add(&all, buf_text(&b->offsets), b->offsets.len);
    enum err e = all.err ? all.err : io_sealed_memory("poolscope-index", all.data, all.len, fd);
    buf_done(&all);
    return e;
}

enum err table_index_build(const struct table_source *source, const char *path, struct table_header *header,
                           struct table_index *out, struct problem *problem)
{
    struct build b = {.source = source, .path = path, .header = header, .problem = problem, .line = 1};
    int fd = -1;
    buf_init(&b.offsets, (size_t)1 << 40);
    enum err e = table_lines_init(&b.lines, source);
    if (!e)
        e = table_csv_init(&b.csv, 0, TABLE_COLUMNS_MAX);
    e = e ? table_problem(problem, e, path) : run(&b);
    if (!e) {
        e = seal(&b, &fd);
        if (!e)
            e = table_index_open(fd, out);
        if (e)
            table_problem(problem, e, path);
    }
    table_csv_done(&b.csv);
    table_lines_done(&b.lines);
    buf_done(&b.offsets);
    return e;
}

enum err table_index_open(int fd, struct table_index *out)
{
    struct stat st;
    struct index_head head;
    *out = (struct table_index){.fd = fd};
    enum err e = ERR_PARSE;
    if (!table_is_sealed(fd) || fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof head)
        goto out;
    out->map_len = (size_t)st.st_size;
    out->map = mmap(NULL, out->map_len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (out->map == MAP_FAILED) {
        out->map = NULL;
        e = ERR_NOMEM;
        goto out;
    }
    memcpy(&head, out->map, sizeof head);
    out->rows = head.rows;
    out->n = head.n;
    out->offsets = (const uint64_t *)((const char *)out->map + sizeof head);
    if (memcmp(head.magic, index_magic, sizeof head.magic) == 0 &&
        head.n == head.rows / TABLE_STRIDE + (head.rows % TABLE_STRIDE != 0) &&
        head.n == (out->map_len - sizeof head) / sizeof(uint64_t))
        e = OK;
out:
    if (e)
        table_index_close(out);
    return e;
}

void table_index_close(struct table_index *x)
{
    if (x->map)
        munmap(x->map, x->map_len);
    io_close(&x->fd);
    *x = (struct table_index){.fd = -1};
}
