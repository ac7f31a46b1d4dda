/* SPDX-License-Identifier: MIT
 * Bins and classes, and what follows from them: how many tasks a second, and which task is slow. */
#include "core/model/load.h"

#include <math.h> /* frexp, ldexp, isinf: nothing that needs libm */
#include <string.h>

#include "core/model/private.h"

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

/* A doubling in four equal ratios: 2 to the power of 0, 1/4, 1/2, 3/4. */
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

/* --- of a run ----------------------------------------------------------------------------------------------------- */

double model_slow_after(const struct model *m)
{
    enum { ENOUGH = 20, TIMES = 4 };
    static const double least = 0.1; /* seconds: before that nobody has waited for it */
    double slow = TIMES * durations_quantile(&m->durations, 0.95);
    return m->durations.n < ENOUGH ? 0 : slow > least ? slow : least;
}

bool model_is_slow(const struct model *m, const struct model_worker *w, double now)
{
    double after = model_slow_after(m);
    return after > 0 && w->state == WORKER_BUSY && w->task != 0 && now - w->since > after;
}

void model_note_settled(struct model *m, const struct event_task *ended, double from, double now)
{
    struct model_worker *w = model_worker_by_id(m, ended->worker);
    from = model_run_seconds(m, from);
    now = model_run_seconds(m, now);
    load_add(&m->settled, from, now, 1);
    if (ended->state == TASK_FINISHED)
        durations_add(&m->durations, ended->seconds);
    if (w && from < now) /* of one that was told of by itself there is a span */
        load_add(&w->busy, now - ended->seconds < from ? now - ended->seconds : from, now, ended->seconds);
}
