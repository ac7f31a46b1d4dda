/* SPDX-License-Identifier: MIT
 * A comparison as text: the verdict first, then tables of numbers with a unit each, then plots made of blocks. */
#include "core/report/bench.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum { NAME = 22, CELL = 11 };

/* --- numbers in words --------------------------------------------------------------------------------------------- */

static void rate_words(double v, char out[32])
{
    if (v < 100)
        snprintf(out, 32, "%.1f", v);
    else
        text_count((unsigned long long)(v + 0.5), out);
}

static void kib_words(double v, char out[32])
{
    text_bytes(v * 1024, out);
}

static void seconds_words(double v, char out[32])
{
    bench_seconds(v, out);
}

static void count_words(double v, char out[32])
{
    snprintf(out, 32, "%.3g", v);
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

enum shown { SHOW_MEDIAN, SHOW_MIN, SHOW_SPREAD, SHOW_SPEED_UP };

struct column {
    const char *title;
    enum measure what;
    enum shown shown;
    void (*words)(double v, char out[32]);
    bool broad; /* left out if the lines are too narrow for all columns */
};

static const struct column from_nothing[] = {{"first", MEASURE_FIRST, SHOW_MEDIAN, seconds_words, false},
                                             {"min", MEASURE_FIRST, SHOW_MIN, seconds_words, true},
                                             {"spread", MEASURE_FIRST, SHOW_SPREAD, NULL, true},
                                             {"total", MEASURE_TOTAL, SHOW_MEDIAN, seconds_words, false},
                                             {"min", MEASURE_TOTAL, SHOW_MIN, seconds_words, false},
                                             {"spread", MEASURE_TOTAL, SHOW_SPREAD, NULL, false},
                                             {"speed-up", MEASURE_TOTAL, SHOW_SPEED_UP, NULL, false},
                                             {NULL, 0, 0, NULL, false}};
static const struct column warm[] = {{"tasks/s", MEASURE_RATE, SHOW_MEDIAN, rate_words, false},
                                     {"spread", MEASURE_RATE, SHOW_SPREAD, NULL, false},
                                     {"round trip", MEASURE_TRIP, SHOW_MEDIAN, seconds_words, false},
                                     {"min", MEASURE_TRIP, SHOW_MIN, seconds_words, false},
                                     {"p99", MEASURE_TRIP_P99, SHOW_MEDIAN, seconds_words, false},
                                     {NULL, 0, 0, NULL, false}};
static const struct column pool_itself[] = {{"empty/s", MEASURE_NOOP_RATE, SHOW_MEDIAN, rate_words, false},
                                            {"round trip", MEASURE_NOOP_TRIP, SHOW_MEDIAN, seconds_words, false},
                                            {"p99", MEASURE_NOOP_TRIP_P99, SHOW_MEDIAN, seconds_words, true},
                                            {"PSS each", MEASURE_PSS, SHOW_MEDIAN, kib_words, false},
                                            {"USS each", MEASURE_USS, SHOW_MEDIAN, kib_words, false},
                                            {"open fds", MEASURE_FDS, SHOW_MEDIAN, count_words, false},
                                            {"shutdown", MEASURE_SHUTDOWN, SHOW_MEDIAN, seconds_words, true},
                                            {NULL, 0, 0, NULL, false}};

static void add_padded(struct buf *out, const char *text, int width, bool right)
{
    int blanks = width - text_width(text, strlen(text));
    if (right && blanks > 0)
        buf_addf(out, "%*s", blanks, "");
    buf_add_text(out, text);
    if (!right && blanks > 0)
        buf_addf(out, "%*s", blanks, "");
}

static void cell_words(const struct bench *b, const struct bench_row *r, const struct column *c, char out[32])
{
    const struct bench_stat *s = &r->stats[c->what];
    const struct bench_row *one = bench_find(b, "inline");
    out[0] = '\0';
    if (s->n == 0)
        return;
    if (c->shown == SHOW_SPREAD)
        snprintf(out, 32, "%.0f %%", bench_spread(s) * 100);
    else if (c->shown == SHOW_SPEED_UP && one)
        snprintf(out, 32, "%.3g x", bench_median(&one->stats[c->what]) / bench_median(s));
    else if (c->shown == SHOW_MEDIAN || c->shown == SHOW_MIN)
        c->words(c->shown == SHOW_MIN ? bench_min(s) : bench_median(s), out);
}

static void add_row(const struct bench *b, const struct bench_row *r, const struct column *columns, bool broad,
                    struct buf *out)
{
    char words[32];
    buf_add_text(out, "  ");
    add_padded(out, r->name, NAME - 2, false);
    if (r->state == BENCH_HUNG)
        buf_addf(out, "  hung, %s", certainty_names[r->finding.certainty]);
    else if (r->state == BENCH_FAILED)
        buf_add_text(out, "  could not be measured");
    else
        for (const struct column *c = columns; c->title; c++) {
            cell_words(b, r, c, words);
            if (broad || !c->broad)
                add_padded(out, words, CELL, true);
        }
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    buf_add_char(out, '\n');
}

static void add_table(const struct bench *b, const char *title, const struct column *columns, bool pools, bool broad,
                      struct buf *out)
{
    buf_add_char(out, '\n');
    add_padded(out, title, NAME, false);
    for (const struct column *c = columns; c->title; c++)
        if (broad || !c->broad)
            add_padded(out, c->title, CELL, true);
    buf_add_char(out, '\n');
    for (int i = 0; i < b->nrows; i++)
        if (!pools || b->rows[i].is_pool)
            add_row(b, &b->rows[i], columns, broad, out);
}

/* --- plots -------------------------------------------------------------------------------------------------------- */

/* A bar of at most `width` columns, in eighths of a column, and of at least one eighth. */
static void add_bar(struct buf *out, double share, int width)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)(share * width * 8 + 0.5);
    if (eighths < 1)
        eighths = 1;
    for (int i = 0; i < eighths / 8; i++)
        buf_add_text(out, "█");
    buf_add_text(out, parts[eighths % 8]);
}

static void add_bar_line(struct buf *out, const char *name, double v, double most, int width)
{
    char words[24];
    buf_add_text(out, "  ");
    add_padded(out, name, NAME - 2, false);
    add_padded(out, bench_seconds(v, words), CELL, true);
    buf_add_text(out, "  ");
    add_bar(out, most > 0 ? v / most : 0, width);
    buf_add_char(out, '\n');
}

static void add_plot(const struct bench *b, const char *title, enum measure what, int width, struct buf *out)
{
    double most = 0;
    for (int i = 0; i < b->nrows; i++)
        if (bench_median(&b->rows[i].stats[what]) > most)
            most = bench_median(&b->rows[i].stats[what]);
    if (most <= 0)
        return;
    buf_addf(out, "\n%s\n", title);
    for (int i = 0; i < b->nrows; i++)
        if (b->rows[i].stats[what].n)
            add_bar_line(out, b->rows[i].name, bench_median(&b->rows[i].stats[what]), most, width);
}

static void add_growth(const struct bench *b, int width, struct buf *out)
{
    double most = 0;
    char name[64], size[24];
    for (int i = 0; i < b->ngrowth; i++) {
        double f = bench_median(&b->growth[i].fork), s = bench_median(&b->growth[i].spawn);
        most = f > most ? f : most;
        most = s > most ? s : most;
    }
    if (most <= 0)
        return;
    buf_add_text(out, "\nFrom creating the pool to its first result, as the memory of its parent grows\n");
    for (int spawn = 0; spawn < 2; spawn++)
        for (int i = 0; i < b->ngrowth; i++) {
            text_bytes(b->growth[i].mib * 1048576, size);
            snprintf(name, sizeof name, "%s %s%s", spawn ? "spawn" : "fork ", b->growth[i].mib > 0 ? "+ " : "as it is",
                     b->growth[i].mib > 0 ? size : "");
            add_bar_line(out, name, bench_median(spawn ? &b->growth[i].spawn : &b->growth[i].fork), most, width);
        }
}

/* --- the whole report
 * ---------------------------------------------------------------------------------------------------- */

/* Breaks lines at spaces. */
static void add_wrapped(struct buf *out, const char *text, int width)
{
    int column = 0;
    for (const char *word = text; *word;) {
        size_t len = strcspn(word, " \n");
        int w = text_width(word, len);
        if (column > 0 && column + 1 + w > width) {
            buf_add_char(out, '\n');
            column = 0;
        }
        if (column > 0)
            buf_add_char(out, ' ');
        buf_add(out, word, len);
        column += w + (column > 0);
        word += len;
        if (*word == '\n') {
            buf_add_char(out, '\n');
            column = 0;
        }
        word += *word != '\0';
    }
}

static void add_head(const struct bench *b, struct buf *out)
{
    char rows[32];
    if (b->path && text_add_safe(out, b->path, strlen(b->path)))
        return;
    if (b->table_rows >= 0)
        buf_addf(out, ", %s row%s", text_count((unsigned long long)b->table_rows, rows), b->table_rows == 1 ? "" : "s");
    buf_add_text(out, "; ");
    if (b->codes)
        buf_addf(out, "%zu code%s", b->codes, b->codes == 1 ? "" : "s");
    else
        buf_add_text(out, "the whole table");
    buf_addf(out, "; %d worker%s, engine %d thread%s; %d round%s\n", b->workers, b->workers == 1 ? "" : "s", b->threads,
             b->threads == 1 ? "" : "s", b->rounds, b->rounds == 1 ? "" : "s");
    if (b->cancelled)
        buf_add_text(out, "Cancelled before the end.\n");
}

enum err bench_text(const struct bench *b, int width, struct buf *out)
{
    struct buf words;
    int bar = width - NAME - CELL - 2;
    bool broad = width >= NAME + 7 * CELL;
    if (b->problem) {
        if (text_add_safe(out, b->problem, strlen(b->problem)))
            return out->err;
        return buf_add_char(out, '\n');
    }
    buf_init(&words, 64 << 10);
    add_head(b, &words);
    buf_add_char(&words, '\n');
    enum err err = bench_verdict(b, &words);
    add_wrapped(out, buf_text(&words), width);
    buf_done(&words);
    add_table(b, "From nothing", from_nothing, false, broad, out);
    add_table(b, "Once started", warm, false, broad, out);
    add_table(b, "The pool itself", pool_itself, true, broad, out);
    bar = bar > 60 ? 60 : bar < 10 ? 10 : bar;
    add_plot(b, "Total: every code once, from nothing", MEASURE_TOTAL, bar, out);
    add_plot(b, "One code at a time, from the request to the result", MEASURE_TRIP, bar, out);
    add_growth(b, bar, out);
    buf_add_char(out, '\n');
    add_wrapped(out,
                "first: from creating the pool to its first result. total: to its last result. spread: the largest"
                " value minus the smallest, in percent of the median. speed-up: compared with one thread. empty:"
                " tasks that do nothing. A forked worker inherits all of the host's fds. PSS splits the memory that"
                " processes share among them; USS is the memory of one process alone.\n",
                width);
    return err ? err : out->err;
}
