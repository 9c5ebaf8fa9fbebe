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

static int meet(const fnn_touch *a, const fnn_touch *b)
{
    return (a->written || b->written) && a->low < b->high && b->low < a->high;
}

/* Whether a thread may be in step b while another is still in a. */
static int apart(const fnn_step *a, const fnn_reach *ra, const fnn_step *b, const fnn_reach *rb)
{
    if (a->share == CALLER && b->share == CALLER)
        return 1;
    if (!ra->known || !rb->known)
        return 0;
    const int cut_alike = a->share == BY_ROWS && b->share == BY_ROWS;
    for (int i = 0; i < ra->count; i++)
        for (int j = 0; j < rb->count; j++) {
            const fnn_touch *x = &ra->touch[i], *y = &rb->touch[j];
            const int own = cut_alike && x->row && x->low == y->low && x->row * a->units == y->row * b->units;
            if (meet(x, y) && !own)
                return 0;
        }
    return 1;
}

/* Whether step k joins the phase that began with step `first` and is cut into *rows. */
static int joins(fnn_step *steps, const fnn_reach *reach, int64_t first, int64_t k, int64_t *rows)
{
    steps[k].share = share_of(&steps[k], &reach[k], *rows);
    for (int64_t j = first; j < k; j++)
        if (!apart(&steps[j], &reach[j], &steps[k], &reach[k]))
            return 0;
    if (steps[k].share == BY_ROWS && (!*rows || steps[k].units < *rows))
        *rows = steps[k].units;
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

/* Without a phase that is work for two threads nobody is asked to help. */
void fnn_share(fnn_step *steps, const fnn_reach *reach, int64_t n)
{
    int worth = 0;
    for (int64_t first = 0, end, phase = 1; first < n; first = end, phase++) {
        int64_t rows = 0;
        for (end = first; end < n && joins(steps, reach, first, end, &rows);) end++;
        worth |= settle(steps + first, end - first, rows, phase);
    }
    for (int64_t k = 0; k < n && !worth; k++) steps[k].phase = 0;
}
