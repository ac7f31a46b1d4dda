/* SPDX-License-Identifier: MIT
 * Bytes packed as people pack their tables, by libarchive: whatever packers the machine has. */
#ifndef TESTS_KIT_PACK_KIT_H
#define TESTS_KIT_PACK_KIT_H

#include "core/base/buf.h"

enum { PACKERS = 4 };
extern const char *const packer_names[PACKERS]; /* gzip, zstd, xz, bzip2 */

/* `bytes` packed by packers[i]; freed by the caller (buf_done). */
struct buf kit_pack(size_t i, const struct buf *bytes);

#endif
