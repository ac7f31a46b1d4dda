/* SPDX-License-Identifier: MIT
 * libcsv in strict mode, set up to read CSV as Polars does: only LF ends a record, spaces belong to the field, an empty
 * unquoted field is null, an empty line is a record. A line without quotes is split at its delimiters instead, which
 * gives the same cells (a test compares the two) several times faster. */
#include <stdlib.h>
#include <string.h>

#include "core/table/csv/csv.h"

/* A record that needed more memory than KEEP_MEMORY frees it when it is done. */
enum { KEEP_MEMORY = 1024 * 1024, GROW_BY = 16 * 1024 };

/* libcsv trims what this function calls a space at the edges of fields. Polars drops only the CR of a CR LF there. */
static int is_trimmed(unsigned char c)
{
    return c == '\r';
}

/* A lone CR does not end a record. */
static int is_line_end(unsigned char c)
{
    return c == '\n';
}

static enum err parser_init(struct csv_parser *p, char delimiter)
{
    if (csv_init(p, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL | CSV_REPALL_NL) != 0)
        return ERR_NOMEM;
    csv_set_space_func(p, is_trimmed);
    csv_set_term_func(p, is_line_end);
    csv_set_delim(p, (unsigned char)delimiter);
    return OK;
}

enum err table_csv_init(struct table_csv *c, char delimiter, size_t pad, size_t max)
{
    *c = (struct table_csv){.delimiter = delimiter, .pad = pad, .max = max, .keep = true};
    buf_init(&c->text, TABLE_RECORD_MAX);
    return parser_init(&c->parser, delimiter);
}

void table_csv_done(struct table_csv *c)
{
    csv_free(&c->parser);
    buf_done(&c->text);
    free(c->cells);
    c->cells = NULL;
}

static enum err cells_reserve(struct table_csv *c, size_t n)
{
    if (n <= c->cap)
        return OK;
    size_t cap = c->cap ? c->cap : 16;
    while (cap < n)
        cap *= 2;
    struct cell *cells = reallocarray(c->cells, cap, sizeof *cells);
    if (!cells)
        return ERR_NOMEM;
    c->cells = cells;
    c->cap = cap;
    return OK;
}

/* Adds a cell; NULL if it is only counted, or on error. */
static struct cell *cell_add(struct table_csv *c)
{
    size_t i = c->ncells++;
    if (!c->keep || i >= c->max || c->err)
        return NULL;
    c->err = cells_reserve(c, i + 1);
    return c->err ? NULL : &c->cells[i];
}

static enum err pad_with_nulls(struct table_csv *c)
{
    if (!c->keep || c->err || c->ncells >= c->pad)
        return c->err;
    c->err = cells_reserve(c, c->pad);
    for (size_t i = c->ncells; !c->err && i < c->pad; i++)
        c->cells[i] = (struct cell){.text = "", .null = true};
    return c->err;
}

/* Called by libcsv for a field. The text buffer may still move; end_record sets the cell's text. */
static void on_field(void *field, size_t len, void *data)
{
    struct table_csv *c = data;
    struct cell *cell = cell_add(c);
    if (!cell)
        return;
    *cell = (struct cell){.text = NULL, .len = len, .null = field == NULL};
    if (buf_add(&c->text, field ? field : "", len))
        c->err = c->text.err;
}

static void on_record(int end, void *data)
{
    struct table_csv *c = data;
    (void)end;
    if (c->ncells == 0) /* libcsv reports no field for an empty line, but it has one, which is empty */
        on_field(NULL, 0, c);
    c->done = true;
}

/* Sets the text of the cells, now that the text buffer does not move any more. */
static void end_record(struct table_csv *c)
{
    const char *at = buf_text(&c->text);
    size_t kept = c->keep && c->ncells > c->max ? c->max : c->ncells;
    for (size_t i = 0; c->keep && i < kept; i++) {
        c->cells[i].text = at;
        at += c->cells[i].len;
    }
    c->open = false;
}

static void begin_record(struct table_csv *c)
{
    c->ncells = 0;
    c->done = false;
    if (c->text.cap > KEEP_MEMORY)
        buf_done(&c->text);
    buf_clear(&c->text);
    if (csv_get_buffer_size(&c->parser) > KEEP_MEMORY)
        csv_free(&c->parser);
}

/* Splits a complete line that has no quotes. */
static enum err split_line(struct table_csv *c, const char *text, size_t len)
{
    const char *end = text + len;
    if (!c->keep) {
        c->ncells = 1;
        for (const char *p = text; p < end; p++)
            c->ncells += *p == c->delimiter;
    }
    for (const char *at = text; c->keep; at++) {
        const char *stop = memchr(at, c->delimiter, (size_t)(end - at));
        const char *from = at, *to = stop ? stop : end;
        while (from < to && *from == '\r')
            from++;
        while (from < to && to[-1] == '\r')
            to--;
        struct cell *cell = cell_add(c);
        if (cell)
            *cell = (struct cell){.text = from, .len = (size_t)(to - from), .null = from == to};
        if (!stop)
            break;
        at = stop;
    }
    c->done = true;
    return pad_with_nulls(c);
}

static enum err feed_parser(struct table_csv *c, const char *text, size_t len)
{
    size_t size = csv_get_buffer_size(&c->parser);
    csv_set_blk_size(
        &c->parser, size > GROW_BY ? size : GROW_BY); /* doubles the buffer, so that a long field is not copied often */
    c->open = true;
    c->used = csv_parse(&c->parser, text, len, on_field, on_record, c);
    if (c->used != len) {
        int why = csv_error(&c->parser);
        return why == CSV_EPARSE ? ERR_PARSE : why == CSV_ETOOBIG ? ERR_TOO_BIG : ERR_NOMEM;
    }
    if (!c->done && csv_get_buffer_size(&c->parser) > TABLE_FIELD_MAX)
        return ERR_TOO_BIG;
    if (!c->done)
        return c->err;
    end_record(c);
    return pad_with_nulls(c);
}

enum err table_csv_feed(struct table_csv *c, const struct table_segment *s)
{
    if (c->err)
        return c->err;
    if (!c->open)
        begin_record(c);
    if (!c->open && s->ends_line && !memchr(s->text, '"', s->len))
        return c->err = split_line(c, s->text, s->len - 1);
    return c->err = feed_parser(c, s->text, s->len);
}

enum err table_csv_finish(struct table_csv *c)
{
    if (c->err)
        return c->err;
    if (!c->open) {
        c->done = false;
        return OK;
    }
    if (csv_fini(&c->parser, on_field, on_record, c) != 0)
        return c->err = ERR_PARSE;
    end_record(c);
    return c->done ? pad_with_nulls(c) : c->err;
}

/* Parses the record byte by byte until `field` fields have ended; the next byte is where the wanted one begins. */
static enum err find_field(struct table_csv *c, struct table_lines *l, size_t field, uint64_t *line,
                           uint64_t *line_start, uint64_t *offset)
{
    struct table_segment s = {0};
    while (c->ncells < field) {
        enum err err = table_lines_next(l, &s);
        if (err || s.len == 0)
            return err ? err : ERR_CHANGED;
        size_t i = 0;
        for (; i < s.len && c->ncells < field && !c->done; i++)
            if (csv_parse(&c->parser, s.text + i, 1, on_field, on_record, c) != 1)
                return OK; /* a fault before the field: this is the nearest known place */
        *offset = s.offset + i;
        if (c->done)
            return OK;
        if (i == s.len && s.ends_line) {
            ++*line;
            *line_start = *offset;
        }
    }
    return OK;
}

enum err table_csv_locate(const struct table_source *s, char delimiter, uint64_t record, size_t field, uint64_t *line,
                          uint64_t *column)
{
    struct table_csv c = {0};
    struct table_lines l;
    uint64_t line_start = record, offset = record, characters = 0;
    enum err err = table_lines_init(&l, s);
    if (err)
        return err;
    err = table_csv_init(&c, delimiter, 0, 0);
    c.keep = false;
    table_lines_seek(&l, record);
    if (!err)
        err = find_field(&c, &l, field, line, &line_start, &offset);
    if (!err)
        err = table_count_characters(s, line_start, offset, &characters);
    *column = characters + 1;
    table_csv_done(&c);
    table_lines_done(&l);
    return err;
}
