/* SPDX-License-Identifier: MIT
 * Writes a report to a file, all of it or nothing. */
#include "core/report/report.h"

#include "core/base/new_file.h"

enum err report_write_file(const char *path, const char *data, size_t len, struct problem *problem)
{
    struct new_file f;
    enum err err = new_file_begin(path, NEW_FILE_PRIVATE, &f, problem);
    if (err)
        return err;
    err = new_file_write(&f, data, len, -1, problem);
    if (!err)
        return new_file_commit(&f, true, problem);
    new_file_drop(&f);
    return err;
}
