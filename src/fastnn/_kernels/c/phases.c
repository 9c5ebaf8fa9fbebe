/* What threads share, and where they have to wait for each other.
 *
 * A phase is a run of steps without a barrier between them: no thread meets, in one of them, what another writes in
 * another. That is so for two steps if
 *   the memory that one of them writes is not touched by the other, or
 *   both are cut alike, so that a thread finds there only what it has written itself, or
 *   both are the caller's.
 * So a batch goes through narrow layers, forward and backward, as rows that never leave their thread, and all
 * updates are one phase.
 *
 * Steps that touch their own part of rows in each unit are shared BY_ROWS: all of a phase are cut at the same
 * fractions of their units, those of the fewest units among them. Others are shared BY_UNITS, each as it likes, if
 * they are work for two threads or threads have their operands already; else the CALLER runs them.
 */
#include "fnn.h"

#include <stdlib.h>

enum { CALLER, BY_UNITS, BY_ROWS };
enum { FEWEST_ROWS = 8 };   /* that are cut */

/* How many threads a step is work for. */
static double work(const fnn_step *s)
{
    return (double)s->units / (double)s->grain;
}

/* How many threads share it by units. */
static double wanted(const fnn_step *s)
{
    const double homes = (double)s->homes;
    return work(s) > homes ? work(s) : homes;
}

/* Whether each unit writes to rows of its own. */
static int writes_rows(const fnn_reach *r)
{
    int written = 0;
    for (int i = 0; i < r->count; i++) {
        if (r->touch[i].written && !r->touch[i].row)
            return 0;
        written |= r->touch[i].written;
    }
    return r->known && written;
}

/* How a step is shared in a phase that is cut into `rows`, 0: not yet. */
static int share_of(const fnn_step *s, const fnn_reach *r, int64_t rows)
{
    const int fits = !rows || s->units % rows == 0 || rows % s->units == 0;
    if (s->units >= FEWEST_ROWS && fits && writes_rows(r))
        return BY_ROWS;
    return s->units > 1 && wanted(s) >= 2 ? BY_UNITS : CALLER;
}

/* ---- whom a step meets ---- */

/* Whether a thread may be in step b, which touches y, while another is still in a, which touches x. */
static int apart(const fnn_step *a, const fnn_touch *x, const fnn_step *b, const fnn_touch *y)
{
    if (!(x->written || y->written) || x->low >= y->high || y->low >= x->high)
        return 1;
    if (a->share == CALLER && b->share == CALLER)
        return 1;
    const int cut_alike = a->share == BY_ROWS && b->share == BY_ROWS;
    return cut_alike && x->row && x->low == y->low && x->row * a->units == y->row * b->units;
}

/* Whether who is apart from the one is apart from the other. */
static int alike(const fnn_step *a, const fnn_touch *x, const fnn_step *b, const fnn_touch *y)
{
    return x->low == y->low && x->high == y->high && x->written == y->written && a->share == b->share &&
           x->row * a->units == y->row * b->units;
}

/* The touches of a plan: number k FNN_TOUCHES + i is touch i of step k. Memory that overlaps is one area, in whose list
 * are those that a touch may meet: a step need not look at all that its phase touches. */
typedef struct {
    fnn_step *steps;
    const fnn_reach *reach;
    int64_t n;
    int64_t *area;          /* of a touch */
    int64_t *newest;        /* of an area: the touch that came last into its list, or -1 */
    int64_t *older;         /* of a touch in a list: the one before it there, or -1 */
} touches;

typedef struct {
    const fnn_touch *touch;
    int64_t number;
} place;

static int by_address(const void *a, const void *b)
{
    const char *x = ((const place *)a)->touch->low, *y = ((const place *)b)->touch->low;
    return (x > y) - (x < y);
}

/* Finds the areas; returns 0 where there is no memory for that. */
static int make_lists(touches *t)
{
    const size_t most = (size_t)t->n * FNN_TOUCHES;
    place *places = malloc(most * sizeof *places);
    t->area = malloc(3 * most * sizeof *t->area);
    if (!places || !t->area) {
        free(places);
        return 0;
    }
    t->newest = t->area + most, t->older = t->newest + most;
    int64_t count = 0, areas = 0;
    for (int64_t k = 0; k < t->n; k++)
        for (int i = 0; i < t->reach[k].count; i++)
            places[count++] = (place){&t->reach[k].touch[i], k * FNN_TOUCHES + i};
    qsort(places, (size_t)count, sizeof *places, by_address);
    const char *end = NULL;
    for (int64_t c = 0; c < count; c++) {
        if (places[c].touch->low >= end)
            t->newest[areas++] = -1;
        if (places[c].touch->high > end)
            end = places[c].touch->high;
        t->area[places[c].number] = areas - 1;
    }
    free(places);
    return 1;
}

/* The steps of a phase so far. */
typedef struct {
    int64_t first;          /* the number of the first */
    int64_t rows;           /* what the phase is cut into, 0: not yet */
    int shared;             /* whether one is not the caller's, */
    int unknown, shared_unknown;    /* one may touch anything, one of these may */
} phase;

/* Whether touch i of step k is apart from all of the phase. */
static int is_apart(const touches *t, const phase *p, int64_t k, int i)
{
    const fnn_touch *touch = &t->reach[k].touch[i];
    int64_t x = t->newest[t->area[k * FNN_TOUCHES + i]];
    for (; x >= p->first * FNN_TOUCHES; x = t->older[x])
        if (!apart(&t->steps[x / FNN_TOUCHES], &t->reach[x / FNN_TOUCHES].touch[x % FNN_TOUCHES], &t->steps[k], touch))
            return 0;
    return 1;
}

/* Puts touch i of step k into its area's list, unless one like it is there. */
static void note(const touches *t, const phase *p, int64_t k, int i)
{
    const fnn_touch *touch = &t->reach[k].touch[i];
    int64_t *newest = &t->newest[t->area[k * FNN_TOUCHES + i]];
    for (int64_t x = *newest; x >= p->first * FNN_TOUCHES; x = t->older[x])
        if (alike(&t->steps[x / FNN_TOUCHES], &t->reach[x / FNN_TOUCHES].touch[x % FNN_TOUCHES], &t->steps[k], touch))
            return;
    t->older[k * FNN_TOUCHES + i] = *newest;
    *newest = k * FNN_TOUCHES + i;
}

/* Whether step k, which comes next, joins the phase. */
static int joins(const touches *t, phase *p, int64_t k)
{
    fnn_step *s = &t->steps[k];
    const fnn_reach *r = &t->reach[k];
    s->share = share_of(s, r, p->rows);
    const int shared = s->share != CALLER;
    if (k > p->first) {
        if (shared ? p->unknown || !r->known : p->shared_unknown || (p->shared && !r->known))
            return 0;
        for (int i = 0; i < r->count; i++)
            if (!is_apart(t, p, k, i))
                return 0;
    }
    for (int i = 0; i < r->count && k + 1 < t->n; i++) note(t, p, k, i);
    p->shared |= shared;
    p->unknown |= !r->known;
    p->shared_unknown |= shared && !r->known;
    if (s->share == BY_ROWS && (!p->rows || s->units < p->rows))
        p->rows = s->units;
    return 1;
}

/* What the steps of a phase are work for, in threads. */
typedef struct {
    double by_rows, by_units, callers;
} load;

static load load_of(const fnn_step *steps, int64_t n)
{
    load l = {0, 0, 0};
    for (int64_t k = 0; k < n; k++) {
        const double w = work(&steps[k]);
        if (steps[k].share == BY_ROWS)
            l.by_rows += w;
        else if (steps[k].share == BY_UNITS)
            l.by_units += w;
        else
            l.callers += w;
    }
    return l;
}

/* Says who runs n steps of a phase; returns whether that is work for two threads. Rows are shared from half as much
 * work on: what they wait for comes anyway. */
static int settle(fnn_step *steps, int64_t n, int64_t rows, int64_t phase)
{
    const load l = load_of(steps, n);
    const double rows_shared = l.by_rows >= 1 ? l.by_rows : 0, shared = rows_shared + l.by_units;
    const double callers = l.callers + l.by_rows - rows_shared;
    for (int64_t k = 0; k < n; k++) {
        fnn_step *s = &steps[k];
        const double threads = s->share == BY_ROWS ? 2 * l.by_rows : s->share == BY_UNITS ? wanted(s) : 1;
        s->parts = threads < 2 ? 1 : threads < FNN_MAX_THREADS ? (int64_t)threads : FNN_MAX_THREADS;
        s->per_cut = s->share == BY_ROWS ? s->units / rows : 1;
        s->cuts = s->units / s->per_cut;
        s->lead = s->parts > 1 ? (int64_t)((double)s->cuts * callers / shared) : 0;
        s->phase = shared > 0 ? phase : 0;
    }
    return l.by_units >= 2 || l.by_rows >= 2;
}

/* Without a phase that is work for two threads nobody is asked to help, nor where there is no memory to find one. */
void fnn_share(fnn_step *steps, const fnn_reach *reach, int64_t n)
{
    touches t = {steps, reach, n, NULL, NULL, NULL};
    int worth = 0;
    const int ready = n < 2 || make_lists(&t);
    for (int64_t first = 0, end, number = 1; ready && first < n; first = end, number++) {
        phase p = {.first = first};
        for (end = first; end < n && joins(&t, &p, end);) end++;
        worth |= settle(steps + first, end - first, p.rows, number);
    }
    for (int64_t k = 0; k < n && !worth; k++) steps[k].phase = 0;
    free(t.area);
}
