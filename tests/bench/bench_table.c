/* SPDX-License-Identifier: MIT
 * How fast the table is, as lines "name value unit": bench_table [FILE | MEGABYTES] [THREADS] [ROUNDS]. Without a file
 * one is made: codes of six digits, names of which some are quoted and hold commas, newlines, doubled quotes and what
 * looks like a row; the last row is 999999,ZZLASTROW,99. Times are the median of the rounds, over a warm file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/engine/table.h"
#include "core/table/index/walk.h"

enum { ROUNDS_MAX = 99 };

struct bench {
    int fd;
    struct engine *engine;
    struct table *table; /* with all its rows */
    int rounds;
    double seconds[ROUNDS_MAX], cpu[ROUNDS_MAX];
};

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static int add_name(char *out, uint64_t x)
{
    static const char *const first[] = {"Alice", "Bob",   "Carol", "Dmitri", "Elena",
                                        "Farid", "Grace", "Hiro",  "Ines",   "Jun"};
    static const char *const last[] = {"Smith",  "Jones",  "Garcia", "Ivanova", "Tanaka",
                                       "Okafor", "Nguyen", "Silva",  "Kim"};
    const char *f = first[x % 10], *l = last[(x >> 8) % 9];
    unsigned kind = (x >> 16) % 100;
    if (kind < 80)
        return sprintf(out, "%s %s", f, l);
    if (kind < 90)
        return sprintf(out, "\"%s, %s\"", l, f);
    if (kind < 94)
        return sprintf(out, "\"%s \"\"%s\"\"\"", f, l);
    if (kind < 98)
        return sprintf(out, "\"%s\n%s\"", f, l);
    return sprintf(out, "\"%s\n%06u,%s,1\"", f, (unsigned)((x >> 32) % 10000), l);
}

static int make_file(double megabytes)
{
    int fd = table_nameless_file();
    FILE *f = fd >= 0 ? fdopen(dup(fd), "w") : NULL;
    uint64_t s = 88172645463325252u;
    char name[128];
    if (!f)
        return -1;
    double n = fprintf(f, "code,name,age\n");
    while (n < megabytes * 1e6) {
        add_name(name, next_random(&s));
        n += fprintf(f, "%06u,%s,%u\n", (unsigned)(next_random(&s) % 10000), name,
                     (unsigned)(next_random(&s) % 90) + 10);
    }
    fprintf(f, "999999,ZZLASTROW,99\n");
    fclose(f);
    return fd;
}

static void die(const char *what, enum err err)
{
    fprintf(stderr, "bench_table: %s: %s\n", what, err_text(err));
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The median of what `once` takes; what it returns is told as well, if it has a unit. */
static void measure(struct bench *b, const char *name, const char *unit, double (*once)(struct bench *b))
{
    char line[100];
    double result = 0;
    for (int i = 0; i < b->rounds; i++) {
        double from = clock_now(), cpu_from = cpu_now();
        result = once(b);
        b->seconds[i] = clock_now() - from;
        b->cpu[i] = cpu_now() - cpu_from;
    }
    qsort(b->seconds, (size_t)b->rounds, sizeof *b->seconds, by_value);
    qsort(b->cpu, (size_t)b->rounds, sizeof *b->cpu, by_value);
    snprintf(line, sizeof line, "%s_time", name);
    tell(line, b->seconds[b->rounds / 2] * 1e3, "ms");
    snprintf(line, sizeof line, "%s_cpu", name); /* of all threads: what a busy machine does not change much */
    tell(line, b->cpu[b->rounds / 2] * 1e3, "ms");
    snprintf(line, sizeof line, "%s_result", name);
    if (unit)
        tell(line, result, unit);
}

static double read_all(struct bench *b)
{
    static char block[256 * 1024];
    size_t got = 1;
    double sum = 0;
    for (uint64_t at = 0; got > 0; at += got) {
        if (io_read_some_at(b->fd, block, sizeof block, at, &got))
            die("read", ERR_SYS);
        sum += (double)got;
    }
    return sum;
}

static struct table *open_table(struct bench *b)
{
    struct table *t = NULL;
    struct problem problem = {""};
    if (table_open(b->fd, &(struct table_options){.path = "bench.csv"}, &t, &problem)) {
        fprintf(stderr, "bench_table: %s\n", problem.text);
        exit(1);
    }
    return t;
}

static double open_once(struct bench *b)
{
    struct table *t = open_table(b);
    double rows = (double)table_rows(t);
    table_free(t);
    return rows;
}

static double tail_once(struct bench *b)
{
    struct table *t = open_table(b);
    struct table_reader *r = NULL;
    const struct row *row;
    bool exact;
    double n = 0;
    if (table_reader_new(t, &r) || table_seek_end(r, 50, &exact))
        die("tail", ERR_SYS);
    while (!table_next(r, &row) && row)
        n++;
    table_reader_free(r);
    table_free(t);
    return n;
}

static double index_once(struct bench *b)
{
    struct table *t = open_table(b);
    table_free(b->table);
    enum err err = engine_index(b->engine, t, NULL, &b->table, NULL);
    if (err)
        die("index", err);
    table_free(t);
    return (double)table_rows(b->table);
}

static double find_once(struct bench *b, const struct find *f)
{
    struct row_list list;
    enum err err = engine_find(b->engine, b->table, f, NULL, &list, NULL);
    if (err)
        die("find", err);
    double n = (double)list.n;
    row_list_done(&list);
    return n;
}

static double filter_once(struct bench *b)
{
    return find_once(b, &(struct find){.what = FIND_TEXT, .column = 0, .text = "001234", .len = 6});
}

static double cold_filter_once(struct bench *b)
{
    index_once(b);
    return filter_once(b);
}

static double greater_once(struct bench *b)
{
    return find_once(b, &(struct find){.what = FIND_GREATER, .column = 2, .text = "97", .len = 2});
}

static double next_once(struct bench *b, enum find_what what, const char *text, size_t column)
{
    struct find f = {.what = what, .column = column, .text = text, .len = strlen(text)};
    uint64_t row;
    enum err err = engine_find_next(b->engine, b->table, &f, 0, false, NULL, &row, NULL);
    if (err)
        die("next", err);
    return (double)row;
}

static double search_once(struct bench *b)
{
    return next_once(b, FIND_PART, "ZZLASTROW", FIND_ANY_COLUMN);
}

static double any_case_once(struct bench *b)
{
    struct find f = {.what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "zzlastrow", .len = 9, .any_case = true};
    return find_once(b, &f);
}

static double pattern_once(struct bench *b)
{
    return next_once(b, FIND_PATTERN, "^ZZ(LAST|FIRST)ROW$", 1);
}

static double count_once(struct bench *b)
{
    struct find f = {.what = FIND_PART, .column = FIND_ANY_COLUMN, .text = "Elena", .len = 5};
    struct row_list list;
    enum err err = engine_find(b->engine, b->table, &f, NULL, &list, NULL);
    if (err)
        die("count", err);
    double n = (double)list.n;
    row_list_done(&list);
    return n;
}

static double frequency_once(struct bench *b)
{
    struct frequency f;
    enum err err = engine_frequency(b->engine, b->table, 0, TABLE_CODES_MAX, NULL, &f);
    if (err)
        die("frequency", err);
    double n = (double)f.texts.n;
    frequency_done(&f);
    return n;
}

static double sort_by(struct bench *b, size_t column)
{
    struct row_list list;
    enum err err = engine_sort(b->engine, b->table, column, false, NULL, &list);
    if (err)
        die("sort", err);
    double n = (double)list.n;
    row_list_done(&list);
    return n;
}

static double sort_number_once(struct bench *b)
{
    return sort_by(b, 2);
}

static double sort_code_once(struct bench *b)
{
    return sort_by(b, 0);
}

static double sort_text_once(struct bench *b)
{
    return sort_by(b, 1);
}

static double statistics_once(struct bench *b)
{
    struct statistics s;
    enum err err = engine_statistics(b->engine, b->table, 2, NULL, &s);
    if (err)
        die("statistics", err);
    double mean = s.mean;
    statistics_done(&s);
    return mean;
}

static double learn_once(struct bench *b)
{
    struct table *t;
    enum err err = engine_learn(b->engine, b->table, NULL, &t, NULL);
    if (err)
        die("learn", err);
    double n = (double)table_codes(t);
    table_free(t);
    return n;
}

/* The most memory so far that was this process's own, and what of it the kernel counts as resident. */
static void tell_memory(const char *name)
{
    char line[200];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            tell(name, atof(line + 6) / 1024, "MiB");
    if (f)
        fclose(f);
}

int main(int argc, char **argv)
{
    struct bench b = {.fd = -1, .rounds = argc > 3 ? atoi(argv[3]) : 3};
    int threads = argc > 2 ? atoi(argv[2]) : engine_usable_cpus();
    bool number = argc < 2 || strspn(argv[1], "0123456789") == strlen(argv[1]);
    struct stat st;
    b.rounds = b.rounds < 1 ? 1 : b.rounds > ROUNDS_MAX ? ROUNDS_MAX : b.rounds;
    b.fd = number ? make_file(argc < 2 ? 100 : atof(argv[1])) : open(argv[1], O_RDONLY | O_CLOEXEC);
    if (b.fd < 0 || fstat(b.fd, &st) < 0)
        die("file", ERR_SYS);
    enum err err = engine_new(&(struct engine_options){.threads = threads}, &b.engine);
    if (err)
        die("engine", err);
    tell("file", (double)st.st_size, "bytes");
    tell("threads", threads, "threads");
    measure(&b, "floor_read", NULL, read_all);
    tell_memory("memory_before");
    measure(&b, "first_rows", "rows", open_once);
    measure(&b, "last_rows", "rows", tail_once);
    measure(&b, "index", "rows", index_once);
    measure(&b, "filter_code", "rows", filter_once);
    measure(&b, "filter_code_from_start", "rows", cold_filter_once);
    measure(&b, "search_last_row", "row", search_once);
    measure(&b, "search_any_case", "rows", any_case_once);
    measure(&b, "count_part", "rows", count_once);
    tell_memory("memory_indexed_filtered_searched");
    measure(&b, "search_pattern_one_column", "row", pattern_once);
    measure(&b, "filter_greater", "rows", greater_once);
    measure(&b, "frequency", "codes", frequency_once);
    tell_memory("memory_frequency");
    measure(&b, "statistics", "mean", statistics_once);
    measure(&b, "learn", "codes", learn_once);
    measure(&b, "sort_number", "rows", sort_number_once);
    measure(&b, "sort_code", "rows", sort_code_once);
    measure(&b, "sort_text", "rows", sort_text_once);
    tell_memory("memory_most");
    table_free(b.table);
    engine_free(b.engine);
    close(b.fd);
    return 0;
}
