/* SPDX-License-Identifier: MIT
 * Packs bytes by libarchive, in all formats that the machine supports. */
#ifndef TESTS_KIT_PACK_KIT_H
#define TESTS_KIT_PACK_KIT_H

#include "core/base/buf.h"

enum { PACKERS = 4 };
extern const char *const packer_names[PACKERS]; /* gzip, zstd, xz, bzip2 */

/* `bytes` packed in format i; freed by the caller (buf_done). */
struct buf kit_pack(size_t i, const struct buf *bytes);

#endif
