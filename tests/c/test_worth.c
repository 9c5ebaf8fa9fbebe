/* Which way a plan runs, on a clock of our own. */
#include "check.h"
#include "worth.h"

enum { MS = 1000000 };

static int64_t now, most; /* most: repeats of the longest run that was allowed */
static int64_t alone_ns;  /* spent alone */

/* Asks and runs as often as it takes to spend so long; a repeat takes so long together, or alone. */
static void run_for(fnn_worth *w, int64_t ns, int64_t together, int64_t alone)
{
    for (const int64_t end = now + ns; now < end;) {
        int64_t repeats = 1 << 20;
        const int by_itself = fnn_worth_alone(w, &repeats, now), each = (int)(by_itself ? alone : together);
        if (repeats == 1 << 20)
            repeats = 10 * MS / each + 1; /* what a caller would ask for */
        else if (repeats > most)
            most = repeats;
        now += repeats * each;
        alone_ns += by_itself ? repeats * each : 0;
        fnn_worth_note(w, repeats, repeats * each, now);
    }
}

static void begin(void)
{
    now = 5000000000;
    most = alone_ns = 0;
}

static void test_threads_that_gain(void)
{
    fnn_worth w = {0};
    begin();
    run_for(&w, 10 * MS, 50000, 90000);
    CHECK(alone_ns == 0, "a short plan is not tried");
    run_for(&w, 2000 * (int64_t)MS, 50000, 90000);
    CHECK(!w.alone && alone_ns > 0 && alone_ns < 10 * MS, "one trial: %lld ns alone", (long long)alone_ns);
    CHECK(most <= 50, "a trial is short: %lld repeats", (long long)most);
    run_for(&w, 40000 * (int64_t)MS, 50000, 90000);
    CHECK(alone_ns < 60 * MS, "few trials: %lld ns alone", (long long)alone_ns);
}

static void test_threads_that_lose(void)
{
    fnn_worth w = {0};
    begin();
    run_for(&w, 10000 * (int64_t)MS, 90000, 60000);
    CHECK(w.alone && alone_ns > 9800 * (int64_t)MS, "mostly alone: %lld ns", (long long)alone_ns);
    run_for(&w, 1000 * (int64_t)MS, 40000, 60000);
    CHECK(!w.alone, "soon together again, when that gains");
    const int64_t before = alone_ns;
    run_for(&w, 3000 * (int64_t)MS, 40000, 60000);
    CHECK(alone_ns == before, "and stays so");
    run_for(&w, 10000 * (int64_t)MS, 90000, 60000);
    CHECK(w.alone, "till it loses");
}

static void test_little_difference(void)
{
    fnn_worth w = {0};
    begin();
    run_for(&w, 20000 * (int64_t)MS, 50000, 47000);
    CHECK(!w.alone, "less than a tenth is no difference");
}

static void test_long_repeats(void)
{
    fnn_worth w = {0};
    begin();
    run_for(&w, 20000 * (int64_t)MS, 5 * MS, 3 * MS);
    CHECK(alone_ns == 0, "long ones are not tried");
}

int main(void)
{
    test_threads_that_gain();
    test_threads_that_lose();
    test_little_difference();
    test_long_repeats();
    puts("worth: passed");
    return 0;
}
