/* SPDX-License-Identifier: MIT
 * Each row is added to a buffer as a line; a full buffer is written to the file. */
#include "core/table/output/save.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/io.h"
#include "core/base/text.h"

enum { PIECE = 1 << 18, ROWS_A_STEP = 1024 };
enum { LISTED_BYTES = 32 << 20, ROWS_A_PIECE = 1 << 20 }; /* of a list of rows: in memory at once */

static const size_t line_max = (size_t)1 << 34; /* cells have no maximum length, and escapes make them longer */

struct saver {
    const struct table *t;
    const struct save *save;
    struct table_progress *progress;
    struct buf out;
    int fd;
    uint64_t bytes;
};

enum save_format save_format_of(const char *path)
{
    static const char *const ends[] = {".jsonl", ".ndjson", ".json"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++)
        if (strcasecmp(dot, ends[i]) == 0)
            return SAVE_JSON_LINES;
    return SAVE_CSV;
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

/* Also quotes what another program may take for a delimiter, for spaces to trim, or for a byte order mark. */
static bool needs_quotes(const char *text, size_t len)
{
    static const bool needed[256] = {
        ['"'] = true, [','] = true, [';'] = true, ['\t'] = true, ['|'] = true, ['\r'] = true, ['\n'] = true};
    if (len == 0 || text[0] == ' ' || text[len - 1] == ' ' || text[0] == '\xef')
        return true;
    for (size_t i = 0; i < len; i++)
        if (needed[(unsigned char)text[i]])
            return true;
    return false;
}

static void add_csv_text(struct buf *b, const char *text, size_t len)
{
    const char *quote;
    if (!needs_quotes(text, len)) {
        buf_add(b, text, len);
        return;
    }
    buf_add_char(b, '"');
    for (; len > 0 && (quote = memchr(text, '"', len)); len -= (size_t)(quote + 1 - text), text = quote + 1) {
        buf_add(b, text, (size_t)(quote + 1 - text));
        buf_add_char(b, '"');
    }
    buf_add(b, text, len);
    buf_add_char(b, '"');
}

static void csv_head(struct saver *s)
{
    for (size_t i = 0; i < s->save->ncolumns; i++) {
        const struct column *c = table_column(s->t, s->save->columns[i]);
        if (i)
            buf_add_char(&s->out, ',');
        add_csv_text(&s->out, c->name, c->name_len);
    }
    buf_add_char(&s->out, '\n');
}

static void add_csv_cell(struct buf *b, bool first, const struct cell *c)
{
    if (!first)
        buf_add_char(b, ',');
    if (!c->null)
        add_csv_text(b, c->text, c->len);
}

static void csv_row(struct saver *s, const struct row *row)
{
    for (size_t i = 0; i < s->save->ncolumns; i++)
        add_csv_cell(&s->out, i == 0, &row->cells[s->save->columns[i]]);
    for (size_t i = table_columns(s->t); i < row->ncells; i++)
        add_csv_cell(&s->out, false, &row->cells[i]);
    buf_add_char(&s->out, '\n');
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void add_json_text(struct buf *b, const char *text, size_t len)
{
    buf_add_char(b, '"');
    for (size_t at = 0, n; at < len; at += n) {
        unsigned char c = (unsigned char)text[at];
        size_t one;
        n = c < 0x80 ? 1 : text_prefix(text + at, len - at, 1, &one);
        if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else if (c < 0x20)
            buf_addf(b, "\\u%04x", c);
        else if (c < 0x80 || text_is_utf8(text + at, n))
            buf_add(b, text + at, n);
        else
            buf_add_text(b, "\xef\xbf\xbd"); /* JSON is UTF-8 */
    }
    buf_add_char(b, '"');
}

static size_t skip_digits(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

/* Numbers of RFC 8259 have no plus, no leading zeros, and digits on both sides of the point. */
static bool is_json_number(const char *text, size_t len)
{
    size_t at = len > 0 && text[0] == '-', from = at;
    at = skip_digits(text, len, at);
    if (at == from || (text[from] == '0' && at > from + 1))
        return false;
    if (at < len && text[at] == '.') {
        from = ++at;
        at = skip_digits(text, len, at);
        if (at == from)
            return false;
    }
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at += 1 + (at + 1 < len && (text[at + 1] == '+' || text[at + 1] == '-'));
        from = at;
        at = skip_digits(text, len, at);
        if (at == from)
            return false;
    }
    return at == len;
}

static bool is_word(const struct cell *c, const char *word)
{
    return c->len == strlen(word) && memcmp(c->text, word, c->len) == 0;
}

/* A value that is not valid JSON by itself is written as a text. */
static void add_json_value(struct buf *b, enum dtype dtype, const struct cell *c)
{
    bool number = (dtype == DTYPE_I64 || dtype == DTYPE_F64) && is_json_number(c->text, c->len);
    bool word = dtype == DTYPE_BOOL && (is_word(c, "true") || is_word(c, "false"));
    if (c->null)
        buf_add_text(b, "null");
    else if (number || word)
        buf_add(b, c->text, c->len);
    else
        add_json_text(b, c->text, c->len);
}

static void json_row(struct saver *s, const struct row *row)
{
    struct buf *b = &s->out;
    for (size_t i = 0; i < s->save->ncolumns; i++) {
        const struct column *c = table_column(s->t, s->save->columns[i]);
        buf_add_char(b, i ? ',' : '{');
        add_json_text(b, c->name, c->name_len);
        buf_add_char(b, ':');
        add_json_value(b, c->dtype, &row->cells[s->save->columns[i]]);
    }
    for (size_t i = table_columns(s->t); i < row->ncells; i++) {
        buf_addf(b, ",\"column_%zu\":", i + 1);
        add_json_value(b, DTYPE_STR, &row->cells[i]);
    }
    buf_add_text(b, "}\n");
}

/* --- all rows ----------------------------------------------------------------------------------------------------- */

static const struct {
    void (*head)(struct saver *s); /* NULL: none */
    void (*row)(struct saver *s, const struct row *row);
} formats[SAVE_FORMATS] = {[SAVE_CSV] = {csv_head, csv_row}, [SAVE_JSON_LINES] = {NULL, json_row}};

static enum err flush(struct saver *s)
{
    enum err err = s->out.err ? s->out.err : s->out.len ? io_write_all(s->fd, s->out.data, s->out.len) : OK;
    s->bytes += s->out.len;
    if (s->out.cap > 4 * PIECE) { /* after a huge row */
        buf_done(&s->out);
        buf_init(&s->out, line_max);
    }
    buf_clear(&s->out);
    return err;
}

static enum err add_row(struct saver *s, struct table_reader *r)
{
    const struct row *row;
    enum err err = table_next(r, &row);
    if (err || !row)
        return err ? err : ERR_CHANGED;
    formats[s->save->format].row(s, row);
    return s->out.err;
}

static enum err flush_full(struct saver *s)
{
    return s->out.len >= PIECE || s->out.err ? flush(s) : OK;
}

static enum err save_all(struct saver *s, struct table_reader *r)
{
    uint64_t rows = table_rows(s->t);
    enum err err = table_seek(r, 0);
    for (uint64_t i = 0; !err && i < rows; i++) {
        err = add_row(s, r);
        if (!err)
            err = flush_full(s);
        if (!err && i % ROWS_A_STEP == 0)
            err = table_progress_stopped(s->progress) ? ERR_CANCELLED : OK;
        table_progress_add(s->progress, 1);
    }
    return err;
}

/* --- rows in any order -------------------------------------------------------------------------------------------- */

/* A row of the list: its number, its position in the list, and its line in the buffer. */
struct listed {
    uint64_t number, place;
    size_t from, len;
};

static int by_number(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int by_place(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static enum err read_numbers(const struct row_list *rows, uint64_t at, size_t n, struct listed *out)
{
    uint64_t numbers[ROWS_A_STEP];
    enum err err = OK;
    for (size_t done = 0; done < n && !err; done += ROWS_A_STEP) {
        size_t some = n - done < ROWS_A_STEP ? n - done : ROWS_A_STEP;
        err = row_list_read(rows, at + done, some, numbers);
        for (size_t i = 0; i < some; i++)
            out[done + i] = (struct listed){.number = numbers[i], .place = done + i};
    }
    return err;
}

static enum err read_lines(struct saver *s, struct table_reader *r, struct listed *v, size_t n)
{
    enum err err = OK;
    for (size_t i = 0; i < n && !err; i++) {
        v[i].from = s->out.len;
        err = table_seek(r, v[i].number);
        if (!err)
            err = add_row(s, r);
        v[i].len = s->out.len - v[i].from;
        if (!err && i % ROWS_A_STEP == 0)
            err = table_progress_stopped(s->progress) ? ERR_CANCELLED : OK;
        table_progress_add(s->progress, 1);
    }
    return err;
}

/* Reads the rows in file order, because those of a sorted list are all over the file; writes them in list order. */
static enum err save_piece(struct saver *s, struct table_reader *r, uint64_t at, struct listed *v, size_t n)
{
    struct buf lines = s->out;
    enum err err = read_numbers(s->save->rows, at, n, v);
    buf_init(&s->out, line_max);
    qsort(v, n, sizeof *v, by_number);
    if (!err)
        err = read_lines(s, r, v, n);
    qsort(v, n, sizeof *v, by_place);
    struct buf unordered = s->out;
    s->out = lines;
    for (size_t i = 0; i < n && !err; i++) {
        buf_add(&s->out, unordered.data + v[i].from, v[i].len);
        err = flush_full(s);
    }
    buf_done(&unordered);
    return err;
}

/* The number of rows in memory at once follows from the length of the lines so far. */
static enum err save_listed(struct saver *s, struct table_reader *r)
{
    uint64_t all = s->save->rows->n, at = 0;
    size_t n = ROWS_A_STEP;
    struct listed *v = calloc(ROWS_A_PIECE, sizeof *v);
    enum err err = v ? OK : ERR_NOMEM;
    while (!err && at < all) {
        n = all - at < n ? (size_t)(all - at) : n;
        err = save_piece(s, r, at, v, n);
        at += n;
        n = (size_t)((uint64_t)LISTED_BYTES / ((s->bytes + s->out.len) / at + 1));
        n = n < 1 ? 1 : n < ROWS_A_PIECE ? n : ROWS_A_PIECE;
    }
    free(v);
    return err;
}

enum err table_save(const struct table *t, const struct save *save, int fd, struct table_progress *progress,
                    uint64_t *bytes)
{
    struct saver s = {.t = t, .save = save, .progress = progress, .fd = fd};
    struct table_reader *r;
    enum err err = table_reader_new(t, &r);
    if (err)
        return err;
    buf_init(&s.out, line_max);
    table_progress_begin(progress, save->rows ? save->rows->n : table_rows(t));
    if (formats[save->format].head)
        formats[save->format].head(&s);
    err = save->rows ? save_listed(&s, r) : save_all(&s, r);
    if (!err)
        err = flush(&s);
    *bytes = s.bytes;
    buf_done(&s.out);
    table_reader_free(r);
    return err;
}
