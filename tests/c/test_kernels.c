/* Every kernel of the table at every instruction set of the machine, on operands of exact size.
 *
 * The sanitizers see what is read or written out of bounds; the test itself sees writes into inputs and
 * between rows, and results that depend on how the units are divided, on which FMA set runs them, or on whether rules divide.
 *
 *     test_kernels [trials]           so many for each kernel and dtype
 *     test_kernels [trials] threads   on threads only, at the instruction set in use: for ThreadSanitizer
 *     test_kernels --problem          print what FASTNN_ISA is blamed for
 */
#include "families.h"
#include "fpmode.h"
#include "steps.h"

#include <string.h>

enum { TRIALS = 40, KERNELS = 2048, MOST_TRIALS = 400 };

static int only_threads;
static uint64_t hashes[KERNELS][MOST_TRIALS]; /* of the first FMA set's results */

static uint64_t seed_of(const fnn_entry *e, int number)
{
    uint64_t seed = (uint64_t)number * 1000003 + (uint64_t)e->dtype;
    for (const char *c = e->name; *c; c++)
        seed = seed * 31 + (uint64_t)*c;
    return seed;
}

static const char *describe(const fnn_entry *e, const trial *t, int number)
{
    static const char *const dtypes[] = {"f32", "f64", "i32", "i64", "u8", "bool"};
    static char text[400];
    size_t end =
        (size_t)snprintf(text, sizeof text, "%s %s of %s, trial %d, dim", e->name, dtypes[e->dtype], fnn_isa(), number);
    for (int d = 0; d < FNN_DIMS; d++)
        end += (size_t)snprintf(text + end, sizeof text - end, " %lld", (long long)t->step.dim[d]);
    return text;
}

/* The same units in random ranges, last first. */
static void run_in_pieces(trial *t)
{
    const fnn_step *s = &t->step;
    for (int64_t end = s->units; end > 0;) {
        int64_t begin = end - random_int(&t->rng, 1, end < 5 || one_in(t, 3) ? end : end / 3);
        s->run(s, begin, end);
        end = begin;
    }
}

static void run_on_threads(trial *t)
{
    fnn_step step = t->step;
    step.grain = 1;
    share_each(&step, 1);
    fnn_run(&step, 1, 1, 0, 0, (int)random_int(&t->rng, 2, 4));
}

/* Returns 0 when the kernel refused the sizes. */
static int run_trial(const fnn_entry *e, int number, uint64_t *hash)
{
    trial t = {.rng = seed_of(e, number), .wild = number % 3 == 2};
    CHECK(fill_step(&t, e->name, e->dtype) == 0,
          "no family knows kernel %s: add it to families.c, as docs/kernels.md describes it", e->name);
    int taken = e->prepare(&t.step) == 0;
    if (taken) {
        const fnn_step *s = &t.step;
        const char *what = describe(e, &t, number);
        size_t size;
        CHECK(s->run && s->units >= 0 && s->grain >= 1, "%s: units %lld, grain %lld", what, (long long)s->units,
              (long long)s->grain);
        remember(&t);
        if (s->units > 0)
            s->run(s, 0, s->units);
        check_untouched(&t, what);
        check_product(&t, e->name, e->dtype, what);
        void *whole = copy_results(&t, &size);
        restore(&t);
        fnn_slow_divider = !fnn_slow_divider;
        if (number % 2 && !only_threads)
            run_in_pieces(&t);
        else
            run_on_threads(&t);
        check_untouched(&t, what);
        int64_t difference = first_difference(&t, whole);
        fnn_slow_divider = !fnn_slow_divider;
        CHECK(difference < 0, "%s: result %lld depends on the division of the units, or on who divides", what,
              (long long)difference);
        *hash = t.wild ? 0 : hash_results(&t);
        free(whole);
    }
    end_trial(&t);
    return taken;
}

static void test_kernel(const fnn_entry *e, uint64_t *known, int trials, int fma)
{
    int taken = 0;
    for (int i = 0; i < trials; i++) {
        uint64_t hash = 0;
        taken += run_trial(e, i, &hash);
        if (fma && !known[i])
            known[i] = hash;
        CHECK(!fma || known[i] == hash, "%s dtype %d, trial %d: %s differs from another FMA instruction set", e->name,
              e->dtype, i, fnn_isa());
    }
    CHECK(2 * taken > trials, "%s dtype %d refused %d of %d trials", e->name, e->dtype, trials - taken, trials);
}

static int test_table(int trials)
{
    const fnn_entry *e;
    int n = 0, fma = strcmp(fnn_isa(), "baseline") != 0;
    for (; fnn_entry_at(n, &e); n++) {
        CHECK(n < KERNELS, "enlarge KERNELS");
        CHECK(fnn_find(e->name, e->dtype) == e, "%s dtype %d is twice in the table", e->name, e->dtype);
        test_kernel(e, hashes[n], trials, fma);
    }
    CHECK(n > 0 && !fnn_entry_at(n, &e) && !fnn_entry_at(-1, &e), "the table's ends");
    CHECK(!fnn_find("no such kernel", FNN_F32) && !fnn_find("guard", FNN_BOOL), "kernels that do not exist");
    return n;
}

static void test_isa(const char *name, int trials)
{
    CHECK(fnn_isa_select(name) == 0 && !strcmp(fnn_isa(), name), "%s", name);
    int n = test_table(trials);
    check_loops(FNN_F32);
    check_loops(FNN_F64);
    printf("%s: %d kernels passed %d trials each\n", name, n, trials);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *name, *problem = fnn_isa_problem();
    if (argc > 1 && !strcmp(argv[1], "--problem")) {
        puts(problem ? problem : "none");
        return 0;
    }
    int trials = argc > 1 ? atoi(argv[1]) : TRIALS;
    only_threads = argc > 2 && !strcmp(argv[2], "threads");
    CHECK(trials > 0 && trials <= MOST_TRIALS, "1 to %d trials", MOST_TRIALS);
    fnn_fp_enter();
    fnn_set_threads(4);
    CHECK(fnn_isa_select("nonsense") == -1, "an unknown instruction set");
    if (only_threads)
        test_isa(fnn_isa(), trials);
    for (int i = 0; !only_threads && fnn_isa_available(i, &name); i++)
        test_isa(name, trials);
    return 0;
}
