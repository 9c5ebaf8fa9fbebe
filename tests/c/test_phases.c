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
    test_same_bits();
    test_times();
    puts("phases: passed");
    return 0;
}
