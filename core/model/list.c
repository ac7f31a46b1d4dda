/* SPDX-License-Identifier: MIT
 * Growing lists and owned texts. */
#include <stdlib.h>
#include <string.h>

#include "core/model/private.h"

void *model_list_add(void *list, size_t *n, size_t size)
{
    void **at = list;
    if ((*n & (*n - 1)) == 0) {
        void *v = realloc(*at, (*n ? *n * 2 : 1) * size);
        if (!v)
            return NULL;
        *at = v;
    }
    return memset((char *)*at + (*n)++ * size, 0, size);
}

void model_take_text(char **to, char **from)
{
    free(*to);
    *to = *from;
    *from = NULL;
}
