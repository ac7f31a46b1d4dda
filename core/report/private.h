/* SPDX-License-Identifier: MIT
 * For the room only: JSON from a field list and back (jansson(3): keeps 64-bit integers, refuses duplicate keys). */
#ifndef REPORT_PRIVATE_H
#define REPORT_PRIVATE_H

#include <jansson.h>

#include "core/event/shape.h"

/* A JSON string for any bytes: what is not UTF-8 is escaped as a screen would show it. NULL text is null; the result is
 * new, or NULL without memory. */
json_t *report_json_text(const char *text);

/* Appends a recording's line, with its end: time, name of the event, each field of `record`. */
enum err report_add_line(struct buf *out, double time, const char *event, const struct field *fields,
                         const void *record) MUST_CHECK;

/* Adds each field of `record` to `object`. */
enum err shape_to_json(const struct field *fields, const void *record, json_t *object) MUST_CHECK;

/* A new object with the fields of `record`; NULL without memory. */
json_t *shape_new_json(const struct field *fields, const void *record);

/* The reverse: absent keys stay 0, a key of the wrong type is ERR_PARSE with its name in *wrong (static). `record` owns
 * nothing before; on error it is left empty. */
enum err shape_from_json(const struct field *fields, const json_t *object, void *record, const char **wrong) MUST_CHECK;

#endif
