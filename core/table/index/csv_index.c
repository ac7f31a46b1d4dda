/* SPDX-License-Identifier: MIT
 * Builds the index with libcsv, record by record: for the first rows of a table, and for all rows of a file in which
 * raw structure is not exact. Reports every fault of libcsv's strict mode with line and column. */
#include <stdio.h>
#include <string.h>

#include "core/base/io.h"
#include "core/table/index/index.h"

enum { PATIENCE = 4 * 1024 * 1024 }; /* the first rows do not wait for a longer record */

struct build {
    const struct table_parse *how;
    const struct table_source *source;
    const char *path;
    struct table_header *header;
    struct problem problem;
    struct table_lines lines;
    struct table_csv csv;
    struct buf entries; /* of struct raw_entry */
    struct table_index_facts facts;
    bool has_header, ready; /* a header was read; it is valid */
    bool enough;
    uint64_t next;                /* where the next window without an entry begins */
    uint64_t line, line_start;    /* of the segment; the first line is 1 */
    uint64_t record, record_line; /* of the current record */
    uint64_t rows_end;            /* the end of the last record */
};

/* Reports a fault in field `field` of the record. */
static enum err fault_at_field(struct build *b, enum err err, size_t field, const char *words)
{
    uint64_t line = b->record_line, column = 1;
    enum err failed = table_csv_locate(b->source, b->how->delimiter, b->record, field, &line, &column);
    if (failed)
        return table_problem(&b->problem, failed, b->path);
    return problem_set(&b->problem, err, "%s:%llu:%llu: %s", b->path, (unsigned long long)line,
                       (unsigned long long)column, words);
}

static enum err never_closed(struct build *b)
{
    return fault_at_field(b, ERR_PARSE, b->csv.ncells,
                          "a quoted field is never closed; close it, and write a quote inside it twice");
}

static const char stray_quote[] = "a quote inside an unquoted field; quote the whole field and double the quote";
static const char after_quote[] = "text after a closing quote; write a quote inside a quoted field twice";

/* Reports that libcsv refused the byte at `used` of this segment. */
static enum err refused(struct build *b, const struct table_segment *s)
{
    uint64_t characters = 0;
    enum err err = table_count_characters(b->source, b->line_start, s->offset + b->csv.used, &characters);
    if (err)
        return table_problem(&b->problem, err, b->path);
    return problem_set(&b->problem, ERR_PARSE, "%s:%llu:%llu: %s", b->path, (unsigned long long)b->line,
                       (unsigned long long)characters + 1, b->csv.parser.quoted ? after_quote : stray_quote);
}

static enum err fault(struct build *b, enum err err, const struct table_segment *s)
{
    if (err == ERR_PARSE)
        return refused(b, s);
    if (err == ERR_TOO_BIG && b->csv.open)
        return fault_at_field(b, ERR_PARSE, b->csv.ncells, "a field longer than 256 MiB; is its quote ever closed?");
    return table_problem(&b->problem, err, b->path);
}

static enum err add_entry(struct build *b)
{
    struct raw_entry entry = {b->record, b->facts.rows};
    enum err err = OK;
    for (; !err && b->next <= b->record; b->next += b->facts.window)
        err = buf_add(&b->entries, &entry, sizeof entry);
    return err;
}

static void count_ragged(struct build *b)
{
    struct table_ragged *r = &b->facts.ragged;
    bool too_long = b->csv.ncells > b->header->n;
    uint64_t *count = too_long ? &r->long_rows : &r->short_rows, *first = too_long ? &r->first_long : &r->first_short;
    if (b->csv.ncells != b->header->n && (*count)++ == 0)
        *first = b->facts.rows;
}

static enum err take_row(struct build *b)
{
    if (b->how->strict && b->csv.ncells > b->header->n) {
        char words[160];
        snprintf(words, sizeof words,
                 "field %zu of a row, but the header has %zu; quote a comma that belongs to the text", b->header->n + 1,
                 b->header->n);
        return fault_at_field(b, ERR_PARSE, b->header->n, words);
    }
    count_ragged(b);
    enum err err = add_entry(b);
    b->facts.rows++;
    return err ? table_problem(&b->problem, err, b->path) : OK;
}

/* The header is done, and rows begin at `start`. */
static void begin_rows(struct build *b, uint64_t start)
{
    b->ready = true;
    b->csv.keep = false;
    b->facts.start = b->next = b->rows_end = start;
    b->facts.window = table_index_window(b->source->size > start ? b->source->size - start : 0);
}

/* `end` is the end of this record. */
static enum err take_header(struct build *b, uint64_t end)
{
    if (b->csv.ncells == 1 && b->csv.cells[0].null)
        return OK; /* empty lines before the header are skipped */
    b->has_header = true;
    enum err err = b->how->no_header ? table_header_number(b->header, &b->csv, b->path, b->record_line, &b->problem)
                                     : table_header_read(b->header, &b->csv, b->path, b->record_line, &b->problem);
    if (err)
        return err;
    begin_rows(b, b->how->no_header ? b->record : end);
    return b->how->no_header ? take_row(b) : OK;
}

static enum err take_record(struct build *b, uint64_t end)
{
    enum err err = b->has_header ? take_row(b) : take_header(b, end);
    if (err)
        return err;
    b->rows_end = end;
    bool far = b->how->limit && end >= b->how->limit;
    bool many = b->how->limit_rows && b->facts.rows >= b->how->limit_rows;
    if (b->ready && b->facts.rows > 0 && (far || many))
        b->enough = true;
    return OK;
}

static enum err take_segment(struct build *b, const struct table_segment *s)
{
    if (!b->csv.open) {
        b->record = s->offset;
        b->record_line = b->line;
    }
    enum err err = table_csv_feed(&b->csv, s);
    if (err)
        return fault(b, err, s);
    err = b->csv.done ? take_record(b, s->offset + s->len) : OK;
    if (s->ends_line) {
        b->line++;
        b->line_start = s->offset + s->len;
    }
    if (b->how->limit && b->ready && s->offset - b->rows_end > PATIENCE && s->offset > b->rows_end)
        b->enough = true;
    return err;
}

/* Skips a UTF-8 byte order mark, which would be part of the first name. UTF-16 is refused. */
static enum err begin(struct build *b)
{
    unsigned char mark[3] = {0};
    size_t n;
    enum err err = io_read_some_at(b->source->fd, mark, sizeof mark, 0, &n);
    if (err)
        return table_problem(&b->problem, err, b->path);
    if ((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff))
        return problem_set(&b->problem, ERR_PARSE, "%s:1:1: UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8",
                           b->path);
    b->line_start = memcmp(mark, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    table_lines_seek(&b->lines, b->line_start);
    return OK;
}

/* While the source grows, its last record may be incomplete and is not counted. */
static enum err finish(struct build *b)
{
    enum err err = OK;
    b->facts.complete = true;
    if (b->source->growing && !b->has_header)
        return problem_set(&b->problem, ERR_AGAIN, "%s: its first line is not complete yet", b->path);
    if (!b->source->growing)
        err = table_csv_finish(&b->csv);
    else
        b->csv.done = false;
    if (err == ERR_PARSE)
        return never_closed(b);
    if (err)
        return table_problem(&b->problem, err, b->path);
    if (b->csv.done)
        err = take_record(b, b->source->size);
    if (!err && !b->has_header)
        err = problem_set(&b->problem, ERR_PARSE, "%s:1:1: empty; the first line must name the columns", b->path);
    return err;
}

/* Reports that the rest of the file cannot be read. */
static enum err unreadable(struct build *b, enum err err)
{
    if (err != ERR_IO || !b->ready)
        return table_problem(&b->problem, err, b->path);
    return problem_set(&b->problem, err, "%s: cannot be read after row %llu: %s", b->path,
                       (unsigned long long)b->facts.rows, err_text(err));
}

static enum err run(struct build *b)
{
    enum err err = begin(b);
    uint64_t reported = 0;
    while (!err && !b->enough) {
        struct table_segment s;
        err = table_lines_next(&b->lines, &s);
        if (err)
            return unreadable(b, err);
        if (s.len == 0)
            return finish(b);
        err = take_segment(b, &s);
        if (s.offset + s.len - reported >= TABLE_BLOCK) {
            table_progress_add(b->how->progress, s.offset + s.len - reported);
            reported = s.offset + s.len;
            if (!err && table_progress_stopped(b->how->progress))
                err = ERR_CANCELLED;
        }
    }
    return err;
}

static enum err seal(const struct build *b, struct table_index *out)
{
    struct index_builder builder;
    size_t n = b->entries.len / sizeof(struct raw_entry);
    enum err err = index_builder_init(&builder, n);
    if (err)
        return err;
    memcpy(builder.entries, buf_text(&b->entries), b->entries.len);
    struct table_index_facts all = b->facts;
    memcpy(all.magic, builder.facts->magic, sizeof all.magic);
    all.n = n;
    *builder.facts = all;
    err = index_builder_seal(&builder, out);
    index_builder_done(&builder);
    return err;
}

/* After a valid header, a fault or a read error only ends the rows, unless the parse is strict. */
static enum err keep_fault(struct build *b, enum err err)
{
    if ((err != ERR_PARSE && err != ERR_IO) || !b->ready || b->how->strict)
        return err;
    b->facts.fault = b->problem;
    b->facts.complete = true;
    return OK;
}

enum err table_index_csv(const struct table_parse *how, const struct table_source *source, struct table_header *header,
                         struct table_index *out, struct problem *problem)
{
    struct build b = {.how = how, .source = source, .path = how->path, .header = header, .line = 1};
    b.facts.ragged = (struct table_ragged){.first_short = UINT64_MAX, .first_long = UINT64_MAX};
    buf_init(&b.entries, (size_t)1 << 40);
    enum err err = table_lines_init(&b.lines, source);
    if (!err)
        err = table_csv_init(&b.csv, how->delimiter, 0, TABLE_COLUMNS_MAX);
    err = err ? table_problem(&b.problem, err, b.path) : keep_fault(&b, run(&b));
    if (!err) {
        b.facts.end = b.rows_end;
        err = seal(&b, out);
        if (err)
            table_problem(&b.problem, err, b.path);
    }
    if (err == ERR_CANCELLED)
        table_problem(&b.problem, err, b.path);
    if (err && problem)
        *problem = b.problem;
    table_csv_done(&b.csv);
    table_lines_done(&b.lines);
    buf_done(&b.entries);
    return err;
}
