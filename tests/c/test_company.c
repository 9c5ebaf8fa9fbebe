/* Plans in company: the crew shrinks when it waits, and for others who want the pool. */
#define _GNU_SOURCE
#include "check.h"
#include "cpus.h"
#include "fnn.h"
#include "steps.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static pthread_t caller;
static atomic_int late /* ns */, shared, whole;

/* Two units: the caller's, and one that takes its time on another thread. */
static void lag(const fnn_step *s, int64_t begin, int64_t end)
{
    if (end - begin == s->units)
        atomic_fetch_add(&whole, 1);
    else if (!pthread_equal(pthread_self(), caller)) {
        atomic_fetch_add(&shared, 1);
        nanosleep(&(struct timespec){0, late}, 0);
    }
}

static void test_a_slow_thread_is_left_out(void)
{
    fnn_step step = {.run = lag, .units = 2, .grain = 1};
    fnn_state state = {.cursor = 0};
    share_each(&step, 1);
    if (fnn_cpus() < 2) {
        puts("SKIPPED: crew on one processor");
        return;
    }
    caller = pthread_self();
    late = 5000000;
    fnn_set_threads(2);
    CHECK(fnn_run(&step, 1, 1000, 3, &state, 0) == 1000, "all repeats");
    CHECK(state.cursor == 3000 && state.step == 1000, "%d", (int)state.step);
    CHECK(shared + whole == 1000 && shared < 500, "%d repeats on two threads", shared);
    late = 0;
}

/* Takes part until the plan of the main thread has run a repeat alone. */
static void visit(void *arg, int i, int n)
{
    CHECK(i == 0 && n == 1, "a visitor works alone, not as %d of %d", i, n);
    while (!whole && !*(atomic_int *)arg)
        sched_yield();
}

static void *visitor(void *arg)
{
    while (!shared && !*(atomic_int *)arg)
        sched_yield();
    fnn_parallel(visit, arg, 0);
    return 0;
}

static void test_a_visitor_gets_a_processor(void)
{
    fnn_step step = {.run = lag, .units = 2, .grain = 1};
    static atomic_int done;
    pthread_t other;
    share_each(&step, 1);
    fnn_set_threads(2);
    shared = whole = 0;
    pthread_create(&other, 0, visitor, &done);
    for (int round = 0; round < 1000 && !whole; round++)
        fnn_run(&step, 1, 1000, 0, 0, 0);
    done = 1;
    pthread_join(other, 0);
    CHECK(shared && whole, "%d repeats on two threads, %d alone", shared, whole);
}

int main(void)
{
    test_a_slow_thread_is_left_out();
    test_a_visitor_gets_a_processor();
    puts("company: passed");
    return 0;
}
