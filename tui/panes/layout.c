/* SPDX-License-Identifier: MIT
 * Layouts as data: bands from top to bottom, columns in a band, panes in a column. The first layout that fits is
 * taken: a smaller screen loses the timeline first, then the log. */
#include "tui/panes/layout.h"

#include <stddef.h>

/* One pane in a layout. Its height is fixed, in rows with the frame, or a share of the rows that are left. */
struct place {
    enum pane_id pane;
    int band, column;
    int rows; /* 0: by weight */
    int weight;
};
struct grid {
    int min_width, min_height;
    int bands[2];      /* weights */
    int columns[2][3]; /* weights by band; 0: no such column */
    const struct place *places;
};

static const struct place wide[] = {
    {PANE_TABLE, 0, 0, 0, 1},     {PANE_METHOD, 0, 0, 12, 0}, {PANE_WORKERS, 0, 1, 0, 2}, {PANE_TIMELINE, 0, 1, 0, 2},
    {PANE_DIAGNOSIS, 0, 1, 0, 4}, {PANE_RESULTS, 0, 2, 0, 3}, {PANE_LOG, 0, 2, 0, 2},     {PANE_COUNT, 0, 0, 0, 0},
};
static const struct place full[] = {
    {PANE_TABLE, 0, 0, 0, 1},     {PANE_METHOD, 0, 0, 12, 0}, {PANE_WORKERS, 0, 1, 7, 0}, {PANE_TIMELINE, 0, 1, 6, 0},
    {PANE_DIAGNOSIS, 0, 1, 0, 1}, {PANE_RESULTS, 1, 0, 0, 1}, {PANE_LOG, 1, 1, 0, 1},     {PANE_COUNT, 0, 0, 0, 0},
};
static const struct place no_timeline[] = {
    {PANE_TABLE, 0, 0, 0, 1},   {PANE_METHOD, 0, 0, 12, 0}, {PANE_WORKERS, 0, 1, 7, 0}, {PANE_DIAGNOSIS, 0, 1, 0, 1},
    {PANE_RESULTS, 1, 0, 0, 1}, {PANE_LOG, 1, 1, 0, 1},     {PANE_COUNT, 0, 0, 0, 0},
};
static const struct place no_log[] = {
    {PANE_TABLE, 0, 0, 0, 1},     {PANE_METHOD, 0, 0, 12, 0}, {PANE_WORKERS, 0, 1, 7, 0},
    {PANE_DIAGNOSIS, 0, 1, 0, 3}, {PANE_RESULTS, 0, 1, 0, 2}, {PANE_COUNT, 0, 0, 0, 0},
};

/* The watched program's terminal gets as much width as possible; the explanations are to its right. */
static const struct place watch_wide[] = {
    {PANE_PROCESSES, 0, 0, 0, 1}, {PANE_OUTPUT, 0, 0, 0, 2}, {PANE_DIAGNOSIS, 0, 1, 0, 1},
    {PANE_INSPECTOR, 0, 2, 0, 3}, {PANE_LOG, 0, 2, 0, 1},    {PANE_COUNT, 0, 0, 0, 0},
};
static const struct place watch_full[] = {
    {PANE_PROCESSES, 0, 0, 9, 0}, {PANE_OUTPUT, 0, 0, 0, 1},    {PANE_LOG, 0, 0, 7, 0},
    {PANE_DIAGNOSIS, 0, 1, 0, 4}, {PANE_INSPECTOR, 0, 1, 0, 3}, {PANE_COUNT, 0, 0, 0, 0},
};
static const struct place watch_no_log[] = {
    {PANE_PROCESSES, 0, 0, 8, 0}, {PANE_OUTPUT, 0, 0, 0, 1}, {PANE_DIAGNOSIS, 0, 1, 0, 4},
    {PANE_INSPECTOR, 0, 1, 0, 3}, {PANE_COUNT, 0, 0, 0, 0},
};
static const struct place attach_full[] = {
    {PANE_PROCESSES, 0, 0, 0, 2}, {PANE_LOG, 0, 0, 0, 1},   {PANE_DIAGNOSIS, 0, 1, 0, 4},
    {PANE_INSPECTOR, 0, 1, 0, 3}, {PANE_COUNT, 0, 0, 0, 0},
};

static const struct grid explore_grids[] = {
    {170, 45, {1, 0}, {{10, 17, 13}, {0}}, wide},
    {110, 38, {26, 10}, {{19, 41, 0}, {4, 5, 0}}, full},
    {110, 33, {22, 8}, {{19, 41, 0}, {4, 5, 0}}, no_timeline},
    {100, 28, {1, 0}, {{2, 3, 0}, {0}}, no_log},
    {0},
};
static const struct grid watch_grids[] = {
    {170, 40, {1, 0}, {{9, 6, 6}, {0}}, watch_wide},
    {110, 33, {1, 0}, {{3, 2, 0}, {0}}, watch_full},
    {100, 28, {1, 0}, {{3, 2, 0}, {0}}, watch_no_log},
    {0},
};
static const struct grid attach_grids[] = {
    {100, 28, {1, 0}, {{3, 2, 0}, {0}}, attach_full},
    {0},
};
static const struct grid *const grids[SCOPES] = {
    [SCOPE_EXPLORE] = explore_grids,
    [SCOPE_WATCH] = watch_grids,
    [SCOPE_ATTACH] = attach_grids,
};

enum { TITLE_ROWS = 1, STRIP_ROWS = 2, FOOTER_ROWS = 1, STATUS_HEIGHT = 7, STATUS_WIDTH = 24 };

/* Divides `total` by weights, and returns where part i of n begins. */
static int cut_at(int total, const int *weights, int n, int i)
{
    int sum = 0, before = 0;
    for (int k = 0; k < n; k++) {
        sum += weights[k];
        before += k < i ? weights[k] : 0;
    }
    return sum ? total * before / sum : 0;
}

static void place_column(const struct grid *g, struct rect area, int band, int column, struct layout *out)
{
    int weights[PANE_COUNT], panes[PANE_COUNT], fixed[PANE_COUNT], n = 0, left = area.height;
    for (const struct place *p = g->places; p->pane != PANE_COUNT; p++)
        if (p->band == band && p->column == column) {
            panes[n] = (int)p->pane;
            weights[n] = p->weight;
            fixed[n++] = p->rows;
            left -= p->rows;
        }
    int y = area.y;
    for (int i = 0; i < n; i++) {
        int rows = fixed[i] ? fixed[i] : cut_at(left, weights, n, i + 1) - cut_at(left, weights, n, i);
        out->panes[panes[i]] = (struct rect){area.x, y, area.width, rows};
        y += rows;
    }
}

static void place_grid(const struct grid *g, struct layout *out)
{
    struct rect body = out->body;
    for (int band = 0; band < 2; band++) {
        int top = cut_at(body.height, g->bands, 2, band), end = cut_at(body.height, g->bands, 2, band + 1);
        for (int column = 0; column < 3; column++) {
            int left = cut_at(body.width, g->columns[band], 3, column);
            int right = cut_at(body.width, g->columns[band], 3, column + 1);
            if (right > left && end > top)
                place_column(g, (struct rect){body.x + left, body.y + top, right - left, end - top}, band, column, out);
        }
    }
}

static const struct grid *find_grid(enum scope scope, int width, int height)
{
    for (const struct grid *g = grids[scope]; g->places; g++)
        if (width >= g->min_width && height >= g->min_height)
            return g;
    return NULL;
}

void layout_compute(enum scope scope, int width, int height, enum pane_id focus, bool zoomed, struct layout *out)
{
    const struct grid *grid = find_grid(scope, width, height);
    *out = (struct layout){.screen = grid ? SCREEN_GRID : SCREEN_ONE};
    if (height < STATUS_HEIGHT || width < STATUS_WIDTH) {
        *out = (struct layout){.screen = SCREEN_STATUS, .body = {0, 0, width, height}};
        return;
    }
    int tabs = grid ? 0 : 1, top = TITLE_ROWS + STRIP_ROWS;
    out->title = (struct rect){0, 0, width, TITLE_ROWS};
    out->strip = (struct rect){0, TITLE_ROWS, width, STRIP_ROWS};
    out->tabs = (struct rect){0, top, width, tabs};
    out->footer = (struct rect){0, height - FOOTER_ROWS, width, FOOTER_ROWS};
    out->body = (struct rect){0, top + tabs, width, height - top - tabs - FOOTER_ROWS};
    if (grid)
        place_grid(grid, out);
    if (grid && !zoomed && out->panes[focus].height > 0)
        return;
    for (int i = 0; i < PANE_COUNT; i++)
        out->panes[i] = (struct rect){0};
    out->panes[focus] = out->body;
}

struct rect layout_inside(const struct layout *l, struct rect r)
{
    if (l->screen == SCREEN_GRID)
        return (struct rect){r.x + 1, r.y + 1, r.width - 2, r.height - 2};
    return (struct rect){r.x, r.y + 1, r.width, r.height - 1};
}
