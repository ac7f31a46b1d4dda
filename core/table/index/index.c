/* SPDX-License-Identifier: MIT
 * Writes and reads the row index. Larger files have wider windows, so that their number is bounded. The index is sealed
 * memory, which every process maps read-only. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/index/index.h"

static const char index_magic[8] = "psindex2";

uint64_t table_index_window(uint64_t bytes)
{
    uint64_t window = TABLE_WINDOW;
    while (bytes / window >= TABLE_WINDOWS_MAX)
        window *= 2;
    return window;
}

static void unmap(struct index_builder *d)
{
    if (d->facts)
        munmap(d->facts, d->len);
    d->facts = NULL;
}

void index_builder_done(struct index_builder *d)
{
    unmap(d);
    io_close(&d->fd);
}

enum err index_builder_init(struct index_builder *d, size_t n)
{
    *d = (struct index_builder){.len = sizeof *d->facts + (n + 1) * sizeof *d->entries};
    d->fd = memfd_create("poolscope-index", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (d->fd < 0)
        return ERR_NOMEM;
    void *map = MAP_FAILED;
    if (ftruncate(d->fd, (off_t)d->len) == 0)
        map = mmap(NULL, d->len, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
    if (map == MAP_FAILED) {
        io_close(&d->fd);
        return ERR_NOMEM;
    }
    d->facts = map;
    memcpy(d->facts->magic, index_magic, sizeof index_magic);
    d->facts->n = n;
    d->facts->ragged = (struct table_ragged){.first_short = UINT64_MAX, .first_long = UINT64_MAX};
    d->entries = (struct raw_entry *)(d->facts + 1);
    memset(d->entries, 0xff, (n + 1) * sizeof *d->entries);
    return OK;
}

/* A window in which no record begins has the entry of the next one. The last entry is the end of the rows. */
static void fill_gaps(struct index_builder *d)
{
    d->entries[d->facts->n] = (struct raw_entry){d->facts->end, d->facts->rows};
    for (size_t k = d->facts->n; k-- > 0;)
        if (d->entries[k].offset > d->entries[k + 1].offset)
            d->entries[k] = d->entries[k + 1];
}

enum err index_builder_seal(struct index_builder *d, struct table_index *out)
{
    fill_gaps(d);
    unmap(d);
    int fd = d->fd;
    d->fd = -1;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
        close(fd);
        return ERR_SYS;
    }
    return table_index_open(fd, out);
}

enum err table_index_open(int fd, struct table_index *out)
{
    struct stat st;
    *out = (struct table_index){.fd = fd};
    enum err err = ERR_PARSE;
    if (!table_is_sealed(fd) || fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof *out->facts)
        goto out;
    out->map_len = (size_t)st.st_size;
    void *map = mmap(NULL, out->map_len, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        err = ERR_NOMEM;
        goto out;
    }
    out->facts = map;
    out->entries = (const struct raw_entry *)(out->facts + 1);
    if (memcmp(out->facts->magic, index_magic, sizeof index_magic) == 0 && out->facts->window > 0 &&
        out->facts->n < SIZE_MAX / sizeof *out->entries - 1 &&
        !out->facts->fault.text[sizeof out->facts->fault.text - 1] &&
        out->map_len == sizeof *out->facts + (out->facts->n + 1) * sizeof *out->entries)
        err = OK;
out:
    if (err)
        table_index_close(out);
    return err;
}

enum err table_index_again(const struct table_index *x, struct table_index *out)
{
    int fd;
    *out = (struct table_index){.fd = -1};
    enum err err = io_dup(x->fd, &fd);
    return err ? err : table_index_open(fd, out);
}

void table_index_close(struct table_index *x)
{
    if (x->facts)
        munmap((void *)x->facts, x->map_len);
    io_close(&x->fd);
    *x = (struct table_index){.fd = -1};
}

size_t table_index_at_row(const struct table_index *x, uint64_t row)
{
    size_t low = 0, high = x->facts->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (x->entries[middle].row <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

size_t table_index_at_offset(const struct table_index *x, uint64_t offset)
{
    uint64_t k = offset > x->facts->start ? (offset - x->facts->start) / x->facts->window : 0;
    if (k >= x->facts->n)
        k = x->facts->n ? x->facts->n - 1 : 0;
    while (k > 0 && x->entries[k].offset > offset)
        k--;
    return (size_t)k;
}
