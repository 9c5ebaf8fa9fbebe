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
#include <string.h>

enum { CALLER, BY_UNITS, BY_ROWS };
enum { FEWEST_ROWS = 8 };   /* that are cut */
enum { SHORT = 256 };       /* touches of a plan */

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

/* A touch of a step. Memory that overlaps is one area: whom a touch may meet is in the list of its area, so that a step
 * need not look at all that its phase touches. In a short plan all is one area: to look takes less than to sort. */
typedef struct spot {
    const fnn_touch *touch;
    const fnn_step *step;
    int64_t area;
    struct spot *older;     /* the spot that came before this one into its list, or NULL */
} spot;

typedef struct {
    fnn_step *steps;
    const fnn_reach *reach;
    int64_t n;
    int is_short;
    spot *spots;            /* of the first step, of the second, ... */
    spot **newest;          /* of each area: what came last into its list, or NULL */
    spot *last;             /* that of the one area of a short plan */
} plan;

/* Whether a thread may be at x while another is at y. */
static int apart(const spot *x, const spot *y)
{
    const fnn_touch *s = x->touch, *t = y->touch;
    if (!(s->written || t->written) || s->low >= t->high || t->low >= s->high)
        return 1;
    if (x->step->share == CALLER && y->step->share == CALLER)
        return 1;
    const int cut_alike = x->step->share == BY_ROWS && y->step->share == BY_ROWS;
    return cut_alike && s->row && s->low == t->low && s->row * x->step->units == t->row * y->step->units;
}

/* Whether whoever is apart from x is apart from y. */
static int alike(const spot *x, const spot *y)
{
    const fnn_touch *s = x->touch, *t = y->touch;
    return s->low == t->low && s->high == t->high && s->written == t->written && x->step->share == y->step->share &&
           s->row * x->step->units == t->row * y->step->units;
}

static int by_address(const void *a, const void *b)
{
    const char *x = (*(spot *const *)a)->touch->low, *y = (*(spot *const *)b)->touch->low;
    return (x > y) - (x < y);
}

/* Finds the areas of n spots; newest: room for as many. */
static void find_areas(spot *spots, int64_t n, spot **newest)
{
    const char *end = NULL;
    int64_t areas = 0;
    for (int64_t i = 0; i < n; i++) newest[i] = &spots[i];
    qsort(newest, (size_t)n, sizeof *newest, by_address);
    for (int64_t i = 0; i < n; i++) {
        areas += newest[i]->touch->low >= end;
        end = newest[i]->touch->high > end ? newest[i]->touch->high : end;
        newest[i]->area = areas - 1;
    }
    memset(newest, 0, (size_t)n * sizeof *newest);
}

/* Fills in the spots, in no list; returns 0 where there is no memory for them. few: room for those of a short plan. */
static int find_spots(plan *p, spot *few)
{
    int64_t n = 0, i = 0;
    for (int64_t k = 0; k < p->n; k++) n += p->reach[k].count;
    p->is_short = n <= SHORT;
    p->spots = p->is_short ? few : malloc((size_t)n * (sizeof *p->spots + sizeof *p->newest));
    if (!p->spots)
        return 0;
    for (int64_t k = 0; k < p->n; k++)
        for (int t = 0; t < p->reach[k].count; t++)
            p->spots[i++] = (spot){&p->reach[k].touch[t], &p->steps[k], 0, NULL};
    p->newest = p->is_short ? &p->last : (spot **)(p->spots + n);
    if (!p->is_short)
        find_areas(p->spots, n, p->newest);
    return 1;
}

/* The steps of a phase so far. */
typedef struct {
    int64_t first;          /* the number of the first */
    spot *begin, *end;      /* their spots, and those of the step that comes next from `end` on */
    int64_t rows;           /* what the phase is cut into, 0: not yet */
    int shared;             /* whether one is not the caller's, */
    int unknown, shared_unknown;    /* one may touch anything, one of these may */
} phase;

/* Whether a spot is apart from all of the phase. */
static int is_apart(const plan *p, const phase *ph, const spot *s)
{
    for (const spot *x = p->newest[s->area]; x >= ph->begin; x = x->older)
        if (!apart(x, s))
            return 0;
    return 1;
}

/* Puts a spot into its list, unless that may be long and one like it is there. */
static void note(const plan *p, const phase *ph, spot *s)
{
    for (const spot *x = p->newest[s->area]; !p->is_short && x >= ph->begin; x = x->older)
        if (alike(x, s))
            return;
    s->older = p->newest[s->area];
    p->newest[s->area] = s;
}

/* Whether step k, which comes next, joins the phase. */
static int joins(const plan *p, phase *ph, int64_t k)
{
    fnn_step *s = &p->steps[k];
    const fnn_reach *r = &p->reach[k];
    s->share = share_of(s, r, ph->rows);
    const int shared = s->share != CALLER;
    if (k > ph->first && (shared || ph->shared)) {
        if (!r->known || (shared ? ph->unknown : ph->shared_unknown))
            return 0;
        for (int i = 0; i < r->count; i++)
            if (!is_apart(p, ph, &ph->end[i]))
                return 0;
    }
    for (int i = 0; i < r->count; i++) note(p, ph, ph->end++);
    ph->shared |= shared;
    ph->unknown |= !r->known;
    ph->shared_unknown |= shared && !r->known;
    if (s->share == BY_ROWS && (!ph->rows || s->units < ph->rows))
        ph->rows = s->units;
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
    spot few[SHORT];
    plan p = {.steps = steps, .reach = reach, .n = n};
    double all = 0;
    for (int64_t k = 0; k < n; k++) {
        steps[k].share = CALLER;
        all += work(&steps[k]);
    }
    if (all < 2 || !find_spots(&p, few)) {
        settle(steps, n, 0, 0);
        return;
    }
    int worth = 0;
    spot *next = p.spots;
    for (int64_t end = 0, number = 1; end < n; number++) {
        phase ph = {.first = end, .begin = next, .end = next};
        while (end < n && joins(&p, &ph, end)) end++;
        worth |= settle(steps + ph.first, end - ph.first, ph.rows, number);
        next = ph.end;
    }
    for (int64_t k = 0; k < n && !worth; k++) steps[k].phase = 0;
    if (!p.is_short)
        free(p.spots);
}
