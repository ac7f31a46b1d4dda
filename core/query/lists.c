/* SPDX-License-Identifier: MIT
 * Results of a query server in files without a name: lists of rows, and distinct texts with their counts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/query/private.h"

enum { TEXTS_MAX = 64 << 20 };

enum err query_list_within(const struct query *a, const int *fds, int nfds, struct row_list *out)
{
    if (a->within < 0 || nfds < 1)
        return ERR_USAGE;
    int fd;
    enum err err = io_dup(fds[0], &fd);
    if (err)
        return err;
    row_list_take(out, fd, (uint64_t)a->within, a->within_wide);
    return OK;
}

/* Sets the bit of each row of the list. */
static enum err mark_rows(const struct row_list *l, unsigned char *marks)
{
    struct row_list_walk w = {.list = l};
    uint64_t row;
    enum err err;
    while (!(err = row_list_next(&w, &row)) && row != UINT64_MAX)
        marks[row / 8] |= (unsigned char)(1u << row % 8);
    return err;
}

enum err query_sorted_within(const struct row_list *sorted, const struct row_list *within, uint64_t rows,
                             struct row_list *out)
{
    struct row_list_walk w = {.list = sorted};
    uint64_t row = 0;
    unsigned char *marks = calloc(1, rows / 8 + 1);
    row_list_init(out, rows);
    enum err err = marks ? mark_rows(within, marks) : ERR_NOMEM;
    while (!err && !(err = row_list_next(&w, &row)) && row != UINT64_MAX)
        if (marks[row / 8] >> row % 8 & 1)
            err = row_list_add(out, row);
    free(marks);
    if (err)
        row_list_done(out);
    return err;
}

/* The most frequent first; equally frequent ones in the order of their first row. */
static int by_count(const void *a, const void *b, void *set)
{
    const struct table_set_entry *entries = ((const struct table_set *)set)->entries;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (entries[x].count != entries[y].count)
        return entries[x].count > entries[y].count ? -1 : 1;
    return x < y ? -1 : 1;
}

static enum err add_texts(const struct table_set *texts, const uint32_t *order, struct buf *entries, struct buf *bytes)
{
    enum err err = OK;
    for (size_t i = 0; !err && i < texts->n; i++) {
        const struct table_set_entry *entry = &texts->entries[order[i]];
        struct query_text t = {entry->count, texts->n * sizeof t + bytes->len, entry->len};
        err = buf_add(entries, &t, sizeof t);
        if (!err)
            err = buf_add(bytes, table_set_text(texts, order[i]), entry->len);
    }
    return err;
}

enum err query_texts_write(const struct table_set *texts, int *fd)
{
    struct buf entries, bytes;
    uint32_t *order = malloc((texts->n + 1) * sizeof *order);
    buf_init(&entries, TEXTS_MAX);
    buf_init(&bytes, TEXTS_MAX);
    enum err err = order ? OK : ERR_NOMEM;
    for (size_t i = 0; !err && i < texts->n; i++)
        order[i] = (uint32_t)i;
    if (!err) {
        qsort_r(order, texts->n, sizeof *order, by_count, (void *)texts);
        err = add_texts(texts, order, &entries, &bytes);
    }
    if (!err && (*fd = table_nameless_file()) < 0)
        err = ERR_SYS;
    if (!err && entries.len > 0)
        err = io_write_all(*fd, entries.data, entries.len);
    if (!err && bytes.len > 0)
        err = io_write_all(*fd, bytes.data, bytes.len);
    if (err)
        io_close(fd);
    free(order);
    buf_done(&entries);
    buf_done(&bytes);
    return err;
}

enum err query_text_read(int fd, uint64_t i, struct query_text *out)
{
    return io_read_at(fd, out, sizeof *out, i * sizeof *out);
}
