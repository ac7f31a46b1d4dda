/* SPDX-License-Identifier: MIT
 * Shared by the files of this room only: makes JSON of a record with a list of its fields, and reads it back
 * (jansson(3) keeps 64-bit integers and refuses duplicate keys). */
#ifndef REPORT_PRIVATE_H
#define REPORT_PRIVATE_H

#include <jansson.h>

#include "core/event/shape.h"

/* A new JSON string of any bytes: a text that is not UTF-8 is escaped as on the screen. JSON null for NULL. NULL
 * without memory. */
json_t *report_json_text(const char *text);

/* Appends a line of a recording, with its newline: the time, the name of the event, and each field of `record`. */
enum err report_add_line(struct buf *out, double time, const char *event, const struct field *fields,
                         const void *record) MUST_CHECK;

/* A new object with the fields of `record`; NULL without memory. */
json_t *shape_new_json(const struct field *fields, const void *record);

/* Fills a zeroed `record` from an object. A field without a key stays 0. ERR_PARSE: a key has the wrong type, and
 * *wrong is its name (static). On error `record` is empty. */
enum err shape_from_json(const struct field *fields, const json_t *object, void *record, const char **wrong) MUST_CHECK;

#endif
