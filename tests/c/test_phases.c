/* What threads share and where they wait: phases of made-up steps, and plans that show every barrier that is missing. */
#include "check.h"
#include "flag.h"
#include "fnn.h"

#include <string.h>

enum { ROWS = 96, WIDE = 64, STEPS = 8 };

static float x[ROWS * WIDE], y[ROWS * WIDE], z[ROWS * WIDE], total, spare;

/* A plan as it is made: steps and what they touch. */
typedef struct {
    fnn_step steps[STEPS];
    fnn_reach reach[STEPS];
    int n;
} plan;

static fnn_touch touch(float *low, int64_t elements, int64_t row, int written)
{
    return (fnn_touch){(char *)low, (char *)(low + elements), row * (int64_t)sizeof(float), written};
}

/* Appends a step that reads `in` and writes `out`, row elements a unit or, with 0, all of it. */
static void add(plan *p, fnn_kernel run, int64_t units, int64_t grain, fnn_touch out, fnn_touch in)
{
    p->steps[p->n] = (fnn_step){.run = run, .units = units, .grain = grain};
    p->reach[p->n] = (fnn_reach){.known = 1, .count = 2, .touch = {out, in}};
    p->n++;
}

/* The steps' phases, counted from 1, 0 for the caller's, as digits. */
static int phases(plan *p)
{
    int digits = 0, count = 0;
    int64_t last = 0;
    fnn_share(p->steps, p->reach, p->n);
    for (int k = 0; k < p->n; k++) {
        const int64_t phase = p->steps[k].phase;
        count += phase && phase != last;
        last = phase;
        digits = 10 * digits + (phase ? count : 0);
    }
    return digits;
}

static void nothing(const fnn_step *s, int64_t begin, int64_t end) { (void)s, (void)begin, (void)end; }

#define OWN(a, row) touch(a, ROWS * WIDE, row, 0)
#define OWN_OUT(a, row) touch(a, ROWS * WIDE, row, 1)
#define PHASES(expected, ...)                                                    \
    do {                                                                         \
        plan p = {.n = 0};                                                       \
        __VA_ARGS__;                                                             \
        const int found = phases(&p);                                            \
        CHECK(found == expected, "phases %d, expected %d", found, expected);     \
    } while (0)
#define BY_ROWS(out, in) add(&p, nothing, ROWS, 8, OWN_OUT(out, WIDE), OWN(in, WIDE))
#define BY_ELEMENTS(out, in) add(&p, nothing, ROWS * WIDE, 512, OWN_OUT(out, 1), OWN(in, 1))
#define ALONE(out, in) add(&p, nothing, 1, 1, touch(out, 1, 0, 1), in)

static void test_phases(void)
{
    PHASES(111, BY_ROWS(y, x), BY_ROWS(z, y), BY_ROWS(y, z));
    PHASES(111, BY_ROWS(y, x), BY_ELEMENTS(z, y), BY_ROWS(x, z)); /* the same rows, more units */
    PHASES(12, BY_ROWS(y, x), add(&p, nothing, ROWS, 8, OWN_OUT(z, WIDE), OWN(y, 0))); /* reads other rows */
    PHASES(12, add(&p, nothing, ROWS, 8, OWN_OUT(z, WIDE), OWN(y, 0)), BY_ROWS(y, x)); /* writes what others read */
    PHASES(12, BY_ROWS(y, x), add(&p, nothing, ROWS, 8, OWN_OUT(z, WIDE), touch(y, ROWS * WIDE / 2, WIDE / 2, 0)));
    PHASES(12, BY_ROWS(y, x), add(&p, nothing, ROWS, 8, OWN_OUT(z, WIDE), touch(y + 1, ROWS * WIDE - 1, WIDE, 0)));
    PHASES(11, BY_ROWS(y, x), add(&p, nothing, ROWS, 8, OWN_OUT(z, WIDE), OWN(x, 0)));        /* nobody writes x */
    PHASES(12, BY_ROWS(y, x), add(&p, nothing, ROWS - 1, 8, OWN_OUT(z, WIDE), OWN(y, WIDE))); /* cannot be cut alike */
    PHASES(122, BY_ROWS(y, x), ALONE(&total, OWN(y, 0)), BY_ROWS(z, y));
    PHASES(1022, BY_ROWS(y, x), ALONE(&total, OWN(y, 0)), BY_ROWS(y, z), BY_ROWS(z, y));
    PHASES(111, ALONE(&total, OWN(z, 0)), BY_ROWS(y, x), ALONE(&total, OWN(z, 0))); /* the caller's own affair */
    PHASES(0, ALONE(&total, OWN(y, 0)), ALONE(x, touch(&total, 1, 0, 0)));
    PHASES(0, add(&p, nothing, ROWS, ROWS, OWN_OUT(y, WIDE), OWN(x, WIDE)));       /* work for one thread */
    PHASES(12, BY_ROWS(y, x), add(&p, nothing, ROWS, ROWS, OWN_OUT(z, WIDE), OWN(y, 0))); /* which there are two for */
    PHASES(10, BY_ROWS(y, x), add(&p, nothing, ROWS, ROWS + 1, OWN_OUT(z, WIDE), OWN(y, 0)));
    PHASES(11, add(&p, nothing, ROWS, ROWS, OWN_OUT(y, WIDE), OWN(x, WIDE)),       /* together for two */
           add(&p, nothing, ROWS, ROWS, OWN_OUT(z, WIDE), OWN(y, WIDE)));
    PHASES(123, BY_ROWS(y, x), BY_ROWS(z, y), BY_ROWS(x, z), p.reach[1].known = 0); /* it may touch anything */
}

static void test_parts(void)
{
    plan p = {.n = 0};
    BY_ROWS(y, x);
    BY_ELEMENTS(z, y);
    add(&p, nothing, 40, 10, touch(x, 40, 0, 1), touch(x, 1, 0, 0));
    ALONE(&total, touch(&total, 1, 0, 0));
    CHECK(phases(&p) == 1122, "%d", phases(&p));
    const fnn_step *s = p.steps;
    CHECK(s[0].parts == 48 && s[0].cuts == ROWS && s[0].per_cut == 1 && !s[0].lead, "%d", (int)s[0].parts);
    CHECK(s[1].parts == 48 && s[1].cuts == ROWS && s[1].per_cut == WIDE, "%d", (int)s[1].per_cut);
    CHECK(s[2].parts == 4 && s[2].cuts == 40 && s[2].per_cut == 1, "%d", (int)s[2].parts);
    CHECK(s[2].lead == 10, "%d: what the caller has to do besides is a quarter of it", (int)s[2].lead);
    CHECK(s[3].parts == 1 && s[3].phase == s[2].phase, "the caller's step of a shared phase");
}

/* Little work on what two threads have in their caches is shared, too, but does not call another thread. */
static void test_homes(void)
{
    plan p = {.n = 0};
    BY_ROWS(y, x);
    add(&p, nothing, 40, 100, touch(z, 40, 0, 1), OWN(y, 0));
    CHECK(phases(&p) == 10, "%d", phases(&p));
    p.steps[1].homes = 2;
    CHECK(phases(&p) == 12 && p.steps[1].parts == 2 && !p.steps[1].lead, "%d", (int)p.steps[1].parts);
    p.steps[1].grain = 10;
    CHECK(phases(&p) == 12 && p.steps[1].parts == 4, "work for more threads: %d", (int)p.steps[1].parts);
    plan alone = {.n = 0};
    add(&alone, nothing, 40, 100, touch(z, 40, 0, 1), OWN(y, 0));
    alone.steps[0].homes = 2;
    CHECK(phases(&alone) == 0, "%d", phases(&alone));
}

/* ---- long plans ----------------------------------------------------------------------------------------- */

enum { LONG = 300, SHORT = 60, CALLER = 0, BY_UNITS, SHARED_BY_ROWS };

/* What phases.c does, by a look at all touches of all steps of a phase. */

static int is_written_by_rows(const fnn_reach *r)
{
    int written = 0, whole = 0;
    for (int i = 0; i < r->count; i++) {
        written |= r->touch[i].written;
        whole |= r->touch[i].written && !r->touch[i].row;
    }
    return r->known && written && !whole;
}

static int share_of(const fnn_step *s, const fnn_reach *r, int64_t rows)
{
    if (s->units >= 8 && (!rows || s->units % rows == 0 || rows % s->units == 0) && is_written_by_rows(r))
        return SHARED_BY_ROWS;
    return s->units > 1 && s->units >= 2 * s->grain ? BY_UNITS : CALLER;
}

static int apart(const fnn_step *a, int share_a, const fnn_reach *ra, const fnn_step *b, int share_b, const fnn_reach *rb)
{
    if (share_a == CALLER && share_b == CALLER)
        return 1;
    if (!ra->known || !rb->known)
        return 0;
    for (int i = 0; i < ra->count; i++)
        for (int j = 0; j < rb->count; j++) {
            const fnn_touch *s = &ra->touch[i], *t = &rb->touch[j];
            const int meet = (s->written || t->written) && s->low < t->high && t->low < s->high;
            const int cut_alike = share_a == SHARED_BY_ROWS && share_b == SHARED_BY_ROWS;
            if (meet && !(cut_alike && s->row && s->low == t->low && s->row * a->units == t->row * b->units))
                return 0;
        }
    return 1;
}

/* Fills in the number of each step's phase and its share. */
static void share_slowly(const fnn_step *steps, const fnn_reach *reach, int n, int *phase, int *share)
{
    int64_t rows = 0;
    for (int k = 0, first = 0; k < n; k++) {
        int joins = k > 0;
        share[k] = share_of(&steps[k], &reach[k], rows);
        for (int j = first; j < k; j++)
            joins &= apart(&steps[j], share[j], &reach[j], &steps[k], share[k], &reach[k]);
        phase[k] = k ? phase[k - 1] + !joins : 1;
        if (!joins)
            first = k, rows = 0, share[k] = share_of(&steps[k], &reach[k], 0);
        if (share[k] == SHARED_BY_ROWS && (!rows || steps[k].units < rows))
            rows = steps[k].units;
    }
}

static unsigned random_below(unsigned n)
{
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return (state >> 16) % n;
}

/* Makes a step that touches some of the places, whole or by rows; `writes`: one touch in so many is. */
static void make_step(fnn_step *s, fnn_reach *r, unsigned places, unsigned writes)
{
    static const int64_t units[] = {1, 1, ROWS, ROWS, ROWS, 2 * ROWS, ROWS / 2, ROWS - 1};
    *s = (fnn_step){.run = nothing, .units = units[random_below(8)], .grain = random_below(4) ? 8 : 4096};
    *r = (fnn_reach){.known = random_below(100) > 0, .count = 1 + (int)random_below(3)};
    for (int i = 0; i < r->count; i++) {
        char *low = (char *)x + 1024 * random_below(places) + (random_below(30) ? 0 : 512);
        const int64_t bytes = random_below(10) ? 768 : 192;
        r->touch[i] = (fnn_touch){low, low + bytes, random_below(4) ? bytes / s->units : 0, !random_below(writes)};
    }
}

static void test_long_plans(void)
{
    static fnn_step steps[LONG];
    static fnn_reach reach[LONG];
    int phase[LONG], share[LONG], longest = 0;
    for (unsigned round = 0; round < 200; round++) {
        const int n = round % 2 ? LONG : SHORT;
        for (int k = 0; k < n; k++) make_step(&steps[k], &reach[k], 1 + round % 20, 1 + round / 2);
        share_slowly(steps, reach, n, phase, share);
        fnn_share(steps, reach, n);
        for (int k = 0, first = 0; k < n; k++) {
            CHECK(steps[k].share == share[k], "round %u: step %d is shared otherwise", round, k);
            CHECK(!steps[k].phase || steps[k].phase == phase[k], "round %u: step %d, phase %d", round, k, phase[k]);
            first = phase[k] == phase[first] ? first : k;
            longest = k - first > longest ? k - first : longest;
        }
    }
    CHECK(longest > 30, "phases of at most %d steps", longest);
}

/* ---- running ------------------------------------------------------------------------------------------ */

/* y[r] = 2 x[r] + 1, element by element of rows or alone */
static void forth(const fnn_step *s, int64_t begin, int64_t end)
{
    const int64_t each = ROWS * WIDE / s->units;
    for (int64_t i = begin * each; i < end * each; i++) y[i] = 2 * x[i] + 1;
}

/* x[r] = half the sum of y's row r, plus the total */
static void back(const fnn_step *s, int64_t begin, int64_t end)
{
    (void)s;
    for (int64_t r = begin; r < end; r++) {
        float sum = total;
        for (int64_t i = 0; i < WIDE; i++) sum += y[r * WIDE + i] / WIDE;
        for (int64_t i = 0; i < WIDE; i++) x[r * WIDE + i] = sum / 2;
    }
}

static void keep_count(const fnn_step *s, int64_t begin, int64_t end)
{
    (void)s;
    spare += (float)(end - begin);
}

static void add_up(const fnn_step *s, int64_t begin, int64_t end)
{
    CHECK(begin == 0 && end == s->units, "a step of the caller's was split");
    total = 0;
    for (int64_t i = 0; i < ROWS * WIDE; i++) total += x[i] / (ROWS * WIDE);
}

/* The plan from the start; spent: NULL, or the seconds of its five steps. */
static void run(int threads, double *spent)
{
    plan p = {.n = 0};
    add(&p, forth, ROWS * WIDE, 4096, OWN_OUT(y, 1), OWN(x, 1));
    add(&p, back, ROWS, 32, OWN_OUT(x, WIDE), OWN(y, WIDE));
    p.reach[1].touch[p.reach[1].count++] = touch(&total, 1, 0, 0);
    add(&p, keep_count, 1, 1, touch(&spare, 1, 0, 1), touch(&spare, 1, 0, 0)); /* makes the caller's parts smaller */
    add(&p, forth, ROWS, 16, OWN_OUT(y, WIDE), OWN(x, WIDE));
    add(&p, add_up, 1, 1, touch(&total, 1, 0, 1), OWN(x, 0));
    CHECK(phases(&p) == 11110 && p.steps[1].lead == 9, "%d", phases(&p));
    for (int i = 0; i < ROWS * WIDE; i++) x[i] = (float)(i % 97) * 0.01f;
    total = 0;
    fnn_set_threads(threads);
    CHECK(fnn_run_timed(p.steps, p.n, 300, 0, 0, 0, spent) == 300, "%d threads", threads);
}

static void test_same_bits(void)
{
    static float expected[ROWS * WIDE];
    run(1, 0);
    memcpy(expected, x, sizeof x);
    for (int threads = 2; threads <= 5; threads++) {
        run(threads, 0);
        CHECK(!memcmp(expected, x, sizeof x), "%d threads", threads);
    }
}

/* All that passes belongs to one step or another, on any number of threads, and the clock changes nothing. */
static void test_times(void)
{
    static float expected[ROWS * WIDE];
    run(1, 0);
    memcpy(expected, x, sizeof x);
    for (int threads = 1; threads <= 3; threads++) {
        double spent[5] = {0}, sum = 0;
        const int64_t start = fnn_now_ns();
        run(threads, spent);
        const double all = 1e-9 * (double)(fnn_now_ns() - start);
        for (int k = 0; k < 5; k++) {
            CHECK(spent[k] > 0, "%d threads: step %d takes no time", threads, k);
            sum += spent[k];
        }
        CHECK(sum <= all, "%d threads: %g s of %g", threads, sum, all);
        CHECK(!memcmp(expected, x, sizeof x), "%d threads", threads);
    }
}

int main(void)
{
    test_phases();
    test_parts();
    test_homes();
    test_long_plans();
    test_same_bits();
    test_times();
    puts("phases: passed");
    return 0;
}
