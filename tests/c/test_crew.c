/* How many threads a job gets, on a clock of our own. */
#include "check.h"
#include "crew.h"
#include "flag.h"
#include "fnn.h"

enum { UNIT = 4000000 }; /* the unit of these tests, LEAST_NS: a loss that counts */

static int64_t now;

int64_t fnn_now_ns(void)
{
    return now;
}

int fnn_default_threads(void)
{
    return 6;
}

static int size_now(int limit)
{
    int n = fnn_crew_join(limit);
    fnn_crew_part();
    return n;
}

/* A job on n threads that takes so long, of which its caller waits some. */
static void job(int n, int64_t takes, int64_t waits)
{
    fnn_crew_begin();
    now += takes;
    fnn_crew_waited(waits);
    fnn_crew_end(n);
}

static void begin_afresh(int threads)
{
    fnn_crew_after_fork(); /* nothing remembered */
    fnn_set_threads(threads);
}

static void test_settings(void)
{
    CHECK(fnn_threads() == 6 && size_now(0) == 6, "not set yet");
    fnn_set_threads(4);
    CHECK(size_now(0) == 4 && size_now(9) == 4 && size_now(3) == 3 && size_now(1) == 1, "limits");
    CHECK(fnn_limit_threads(2) == 0 && size_now(0) == 2 && size_now(1) == 1 && fnn_threads() == 4, "of this thread");
    CHECK(fnn_limit_threads(7) == 2 && size_now(0) == 4, "no more than are set");
    CHECK(fnn_limit_threads(0) == 7 && size_now(0) == 4, "no limit");
    fnn_set_threads(-5);
    CHECK(fnn_threads() == 1, "clipped");
    fnn_set_threads(1 << 20);
    CHECK(fnn_threads() == FNN_MAX_THREADS, "clipped");
}

static void test_company(void)
{
    begin_afresh(3);
    int first = fnn_crew_join(0), second = fnn_crew_join(0), third = fnn_crew_join(0), fourth = fnn_crew_join(0);
    CHECK(first == 3 && second == 2 && third == 1 && fourth == 1, "%d %d %d %d", first, second, third, fourth);
    CHECK(fnn_crew_is(1, 0) && !fnn_crew_is(3, 0) && fnn_crew_is(1, 1), "one of four jobs on three threads");
    for (int i = 0; i < 3; i++)
        fnn_crew_part();
    CHECK(fnn_crew_is(3, 0) && !fnn_crew_is(1, 0) && fnn_crew_is(2, 2), "the last one left");
    fnn_crew_part();
}

static void test_losses(void)
{
    begin_afresh(3);
    job(3, UNIT - 1, UNIT - 1);
    CHECK(size_now(0) == 3, "a small loss counts for nothing");
    begin_afresh(3);
    job(3, 9 * UNIT, 3 * UNIT);
    CHECK(size_now(0) == 3, "a third was lost: two threads would take as long");
    job(3, UNIT, UNIT);
    CHECK(size_now(0) == 2 && size_now(1) == 1, "one thread fewer");
    job(2, 10 * UNIT, 6 * UNIT);
    CHECK(size_now(0) == 1, "another one fewer");
    fnn_set_threads(3);
    CHECK(size_now(0) == 3, "setting the number begins afresh");
}

static void test_jobs_add_up(void)
{
    begin_afresh(2);
    for (int i = 0; i < 100; i++) {
        job(2, UNIT, UNIT / 3);
        CHECK(size_now(0) == 2, "a third of each job is not half of them");
    }
}

static void test_time_between_jobs_does_not_count(void)
{
    begin_afresh(2);
    for (int i = 0; i < 5; i++) {
        now += 250 * UNIT;
        job(2, UNIT / 4, UNIT / 5);
    }
    CHECK(size_now(0) == 1, "four fifths of the jobs' time was lost");
}

static void test_old_times_fade(void)
{
    begin_afresh(2);
    for (int i = 0; i < 100; i++)
        job(2, 10 * UNIT, 0);
    for (int i = 0; i < 8; i++)
        job(2, 4 * UNIT, 3 * UNIT);
    CHECK(size_now(0) == 1, "a second without loss weighs no more than the last moments");
}

static void test_within_a_job(void)
{
    begin_afresh(2);
    CHECK(fnn_crew_join(0) == 2, "two");
    fnn_crew_begin();
    now += 5 * UNIT;
    CHECK(fnn_crew_is(2, 0), "nothing was lost");
    fnn_crew_waited(4 * UNIT);
    CHECK(!fnn_crew_is(2, 0) && !fnn_crew_is(2, 0) && fnn_crew_is(1, 0), "four of five");
    fnn_crew_end(2);
    CHECK(fnn_crew_is(1, 0), "what ends is not a try that went well");
    now += 250 * UNIT;
    CHECK(!fnn_crew_is(1, 0), "time for a try");
    fnn_crew_part();
}

/* How long until more than `n` threads are tried, in units. */
static int time_to_try(int n)
{
    for (int units = 0;; units++, now += UNIT)
        if (size_now(0) > n)
            return units;
}

static void test_tries(void)
{
    begin_afresh(2);
    job(2, 3 * UNIT, 2 * UNIT);
    int first = time_to_try(1);
    job(2, 3 * UNIT, 2 * UNIT);
    int second = time_to_try(1);
    CHECK(first >= 5 && second == 2 * first, "%d units, then %d", first, second);
    job(2, 3 * UNIT, 1 * UNIT);
    CHECK(size_now(0) == 2, "it went well");
    job(2, 30 * UNIT, 20 * UNIT);
    CHECK(time_to_try(1) >= 10 * first && size_now(0) == 2, "a larger loss, a longer time");
    for (int i = 0; i < 20; i++) {
        job(2, 3 * UNIT, 2 * UNIT);
        second = time_to_try(1);
    }
    CHECK(second >= 8 * first && second <= 32 * first, "%d units at most", second);
}

static void test_one_after_the_other(void)
{
    begin_afresh(4);
    job(4, 10 * UNIT, 9 * UNIT);
    job(3, 10 * UNIT, 9 * UNIT);
    CHECK(size_now(0) == 2, "two fewer");
    for (int n = 3; n <= 4; n++) {
        time_to_try(n - 1);
        CHECK(size_now(0) == n, "one more");
        job(n, 10 * UNIT, 0);
    }
    CHECK(size_now(0) == 4, "all back");
}

static void test_refused(void)
{
    begin_afresh(4);
    fnn_crew_refused(2);
    CHECK(size_now(0) == 2 && time_to_try(2) >= 100 && size_now(0) == 3, "one more after a while");
}

int main(void)
{
    test_settings();
    test_company();
    test_losses();
    test_jobs_add_up();
    test_time_between_jobs_does_not_count();
    test_old_times_fade();
    test_within_a_job();
    test_tries();
    test_one_after_the_other();
    test_refused();
    puts("crew: passed");
    return 0;
}
