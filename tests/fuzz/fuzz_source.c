/* SPDX-License-Identifier: MIT
 * Fuzzes streams: bytes that arrive through a pipe in pieces, packed, or in another encoding. The bytes received must
 * be those that were sent, and the table must be that of a file with the same bytes. Any difference aborts. fuzz_main.c
 * runs the function without libFuzzer. */
#include "tests/fuzz/fuzz_kit.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/io.h"

const char fuzz_corpus[] = "tests/fuzz/corpus-source";

enum { INPUT_MAX = 32 * 1024, ROOM = 8 * INPUT_MAX }; /* fits into a pipe; the most bytes it may become */

static const char *const encodings[] = {"SHIFT_JIS",   "LATIN1",  "UTF-16",     "UTF-16LE", "EUC-JP", "CP1252",
                                        "ISO-2022-JP", "GB18030", "BIG5-HKSCS", "CP1258",   "UTF-7",  "UTF-32"};

static int (*const packers[])(struct archive *) = {archive_write_add_filter_gzip, archive_write_add_filter_zstd,
                                                   archive_write_add_filter_xz, archive_write_add_filter_bzip2};

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct text {
    unsigned char bytes[ROOM];
    size_t len;
};

/* --- expected bytes ----------------------------------------------------------------------------------------------- */

static void pack(int (*add_packer)(struct archive *), const uint8_t *data, size_t len, struct text *out)
{
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    MUST(a && entry && add_packer(a) == ARCHIVE_OK && archive_write_set_format_raw(a) == ARCHIVE_OK);
    MUST(archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK);
    MUST(archive_write_open_memory(a, out->bytes, sizeof out->bytes, &out->len) == ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    MUST(archive_write_header(a, entry) == ARCHIVE_OK && archive_write_data(a, data, len) == (la_ssize_t)len);
    MUST(archive_write_close(a) == ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
}

/* Converts everything at once. False: some bytes are invalid in this encoding. */
static bool convert(const char *encoding, const uint8_t *data, size_t len, struct text *out)
{
    char *from = (char *)data, *to = (char *)out->bytes;
    size_t room = sizeof out->bytes;
    iconv_t how = iconv_open("UTF-8", encoding);
    MUST(how != (iconv_t)-1);
    bool whole = iconv(how, &from, &len, &to, &room) != (size_t)-1 && iconv(how, NULL, NULL, &to, &room) != (size_t)-1;
    MUST(whole || errno != E2BIG);
    out->len = sizeof out->bytes - room;
    iconv_close(how);
    return whole;
}

static bool looks_packed(const void *bytes, size_t len)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    bool packed;
    MUST(fd >= 0 && !io_write_all(fd, bytes, len) && !table_stream_needed(fd, &packed));
    close(fd);
    return packed;
}

/* --- received bytes ----------------------------------------------------------------------------------------------- */

/* Pumps the bytes that have arrived, or all. False: the input cannot be read any further. */
static bool pump(struct table_stream *s, bool all, bool *done)
{
    struct problem problem = {""};
    enum err err;
    do {
        struct pollfd input = {table_stream_input(s), POLLIN, 0};
        int ready = 1;
        while (all && (ready = poll(&input, 1, -1)) == -1 && errno == EINTR)
            continue; /* the fuzzer's timer interrupted the call */
        MUST(ready == 1);
        err = table_stream_pump(s, 1, done, &problem);
    } while ((!err && !*done) || (err == ERR_AGAIN && all));
    MUST(!err || err == ERR_AGAIN || (err == ERR_PARSE && problem.text[0]));
    return !err || err == ERR_AGAIN;
}

static void same_bytes(const struct table_stream *s, const void *bytes, size_t len)
{
    struct table_spool spool = table_stream_spool(s);
    char *arrived = malloc(spool.size + 1);
    MUST(arrived && !io_read_at(spool.fd, arrived, spool.size, 0));
    MUST(spool.size == len && memcmp(arrived, bytes, len) == 0);
    free(arrived);
}

static void same_table(const struct table *t, const struct table_options *how, const void *bytes, size_t len)
{
    struct table *reference = NULL, *all = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(fd >= 0 && !io_write_all(fd, bytes, len));
    if (!table_open(fd, how, &reference, NULL)) {
        MUST(!table_index(reference, NULL, NULL, &all, NULL));
        fuzz_compare_facts(all, t);
        fuzz_compare_rows(all, t, 3);
        table_free(all);
        table_free(reference);
    }
    close(fd);
}

static struct table *indexed(const struct table_stream *s, const struct table_options *how)
{
    struct table *first = NULL, *all = NULL;
    if (!table_stream_open_table(s, how, &first, NULL))
        MUST(!table_index(first, NULL, NULL, &all, NULL));
    table_free(first);
    return all;
}

/* Grows the table of the bytes so far to all bytes. */
static void grow(const struct table_stream *s, struct table **t)
{
    struct table *more = NULL;
    struct table_spool spool = table_stream_spool(s);
    enum err err = table_grow_spool(*t, &spool, NULL, NULL, &more, NULL);
    MUST(!err || err == ERR_CHANGED || err == ERR_PARSE);
    table_free(*t);
    *t = err ? NULL : more;
}

/* Sends all bytes, the first `cut` before the others. `whole` is what must arrive; NULL: unknown. */
static void send_all(const uint8_t *data, size_t len, size_t cut, const char *encoding, const struct table_options *how,
                     const struct text *whole)
{
    struct table_stream *s = NULL;
    struct table *t = NULL;
    bool done = false;
    int ends[2];
    MUST(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 && write(ends[1], data, cut) == (ssize_t)cut);
    MUST(!table_stream_open(ends[0], how->path, &table_unpacker, &s, NULL));
    if (encoding)
        MUST(!table_stream_convert(s, encoding));
    bool fit = pump(s, false, &done);
    if (fit && table_stream_size(s) > 0)
        t = indexed(s, how);
    MUST(write(ends[1], data + cut, len - cut) == (ssize_t)(len - cut));
    close(ends[1]);
    fit = fit && pump(s, true, &done);
    MUST(!fit || done);
    MUST(!whole || fit || !whole->len); /* only invalid bytes cannot be read */
    if (whole && fit)
        same_bytes(s, whole->bytes, whole->len);
    if (t && fit)
        grow(s, &t);
    else if (fit)
        t = indexed(s, how);
    if (t && fit && whole)
        same_table(t, how, whole->bytes, whole->len);
    table_free(t);
    table_stream_free(s);
    close(ends[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct text given, whole;
    static const char delimiters[] = ",;\t|";
    if (size < FUZZ_KNOBS || size > INPUT_MAX)
        return 0;
    const uint8_t *data = bytes + FUZZ_KNOBS;
    size_t len = size - FUZZ_KNOBS;
    struct table_options how = {
        .path = "fuzz.csv", .no_header = bytes[1] & 2, .delimiter = delimiters[bytes[1] >> 2 & 3]};
    const char *encoding = bytes[0] & 1 ? encodings[bytes[3] % COUNT(encodings)] : NULL;
    bool packed = bytes[0] & 2;
    whole.len = len;
    memcpy(whole.bytes, data, len);
    bool fit = !encoding || convert(encoding, data, len, &whole);
    if (!fit)
        whole.len = 0;
    given.len = len;
    memcpy(given.bytes, data, len);
    if (packed)
        pack(packers[bytes[4] % COUNT(packers)], data, len, &given);
    if (bytes[0] & 4) { /* damaged packed bytes, or bytes that only look packed */
        given.bytes[given.len ? bytes[5] * given.len / 256 : 0] ^= (unsigned char)(1 + bytes[4]);
        given.len -= bytes[0] & 8 ? given.len / 3 : 0;
    }
    bool known = !(bytes[0] & 4) && !looks_packed(data, len); /* input that is packed twice is unpacked twice */
    if (given.len <= INPUT_MAX)
        send_all(given.bytes, given.len, given.len * bytes[2] / 255, encoding, &how, known ? &whole : NULL);
    return 0;
}
