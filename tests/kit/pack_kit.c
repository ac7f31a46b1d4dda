/* SPDX-License-Identifier: MIT
 * Packing by libarchive's raw format. */
#include "tests/kit/pack_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

const char *const packer_names[PACKERS] = {"gzip", "zstd", "xz", "bzip2"};

struct buf kit_pack(size_t i, const struct buf *bytes)
{
    size_t cap = bytes->len + 100000;
    struct buf out;
    buf_init(&out, cap);
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_true(buf_reserve(&out, cap) && a && entry);
    assert_int_equal(archive_write_add_filter_by_name(a, packer_names[i]), ARCHIVE_OK);
    /* Packing well takes xz a second and a half; what is tested is unpacking. */
    assert_int_equal(archive_write_set_filter_option(a, packer_names[i], "compression-level", "1"), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_bytes_per_block(a, 0), ARCHIVE_OK); /* no padding */
    assert_int_equal(archive_write_open_memory(a, out.data, cap, &out.len), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, bytes->data, bytes->len), bytes->len);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
    return out;
}
