/* SPDX-License-Identifier: MIT
 * For the room only. */
#ifndef MODEL_PRIV_H
#define MODEL_PRIV_H

#include "core/model/model.h"

/* Fills `note` with the line that the log gets for `e`; its text stays NULL where there is nothing to say. To be called
 * before `e` is applied: some words need what was there before. */
void model_describe(const struct model *m, const struct event *e, struct event *note);

#endif
