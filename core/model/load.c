/* SPDX-License-Identifier: MIT
 * Amounts in bins of time, and durations in classes. */
#include "core/model/load.h"

#include <math.h> /* frexp, ldexp, isinf: nothing that needs libm */
#include <string.h>

static const double first_width = 0.01; /* seconds */

static void widen(struct load *l)
{
    for (int i = 0; i < LOAD_BINS / 2; i++)
        l->v[i] = l->v[2 * i] + l->v[2 * i + 1];
    memset(&l->v[LOAD_BINS / 2], 0, LOAD_BINS / 2 * sizeof *l->v);
    l->width *= 2;
}

static double overlap(double a, double b, double from, double to)
{
    double start = a > from ? a : from, end = b < to ? b : to;
    return end > start ? end - start : 0;
}

void load_add(struct load *l, double from, double to, double amount)
{
    if (!(to >= 0) || to > 1e9 || !(amount > 0))
        return;
    from = from > 0 ? from < to ? from : to : 0;
    if (l->width == 0)
        l->width = first_width;
    while (to >= l->width * LOAD_BINS)
        widen(l);
    int first = (int)(from / l->width), last = (int)(to / l->width);
    if (first == last) {
        l->v[last] += (float)amount;
        return;
    }
    for (int i = first; i <= last && i < LOAD_BINS; i++)
        l->v[i] += (float)(amount * overlap(from, to, i * l->width, (i + 1) * l->width) / (to - from));
}

double load_rate(const struct load *l, double from, double to)
{
    double sum = 0;
    if (l->width == 0 || !(to > from) || to <= 0)
        return 0;
    int first = from <= 0 ? 0 : from / l->width < LOAD_BINS ? (int)(from / l->width) : LOAD_BINS;
    for (int i = first; i < LOAD_BINS && i * l->width < to; i++)
        sum += l->v[i] * overlap(from, to, i * l->width, (i + 1) * l->width) / l->width;
    return sum / (to - from);
}

/* --- how long tasks take ------------------------------------------------------------------------------------------ */

/* A doubling in four equal ratios: 2 to the power of 0, 1/4, 1/2 and 3/4. */
static const double quarters[] = {1, 1.189207115002721, 1.4142135623730951, 1.681792830507429};

static int class_of(double seconds)
{
    int power, quarter = 3;
    if (isinf(seconds))
        return seconds < 0 ? 0 : DURATION_CLASSES - 1;
    double part = 2 * frexp(seconds > 1e-9 ? seconds * 1e9 : 1, &power); /* 1 … 2 */
    while (quarter > 0 && part < quarters[quarter])
        quarter--;
    int at = 4 * (power - 1) + quarter;
    return at < DURATION_CLASSES ? at : DURATION_CLASSES - 1;
}

void durations_add(struct durations *d, double seconds)
{
    d->v[class_of(seconds)]++;
    d->n++;
}

double durations_quantile(const struct durations *d, double q)
{
    uint64_t seen = 0, wanted = (uint64_t)((double)d->n * q);
    for (int i = 0; i < DURATION_CLASSES && d->n > 0; i++)
        if ((seen += d->v[i]) > wanted || seen == d->n)
            return ldexp(quarters[(i + 1) % 4], (i + 1) / 4) * 1e-9;
    return 0;
}
