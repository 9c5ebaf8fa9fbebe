/* The pool and the executor, for ThreadSanitizer and for plain runs. No kernels: plans of its own steps. */
#define _GNU_SOURCE
#include "check.h"
#include "cpus.h"
#include "fnn.h"
#include "steps.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N = 5000, REPEATS = 40, MOST = 4 };

/* ---- a plan whose result shows every missing barrier ------------------------------------------------ */

typedef struct {
    float x[N], y[N], total;
    fnn_state state;
    fnn_step steps[5];
} plan;

/* y[i] = x[N - 1 - i] + cursor: reads what other threads wrote in the last repeat. */
static void mirror(const fnn_step *s, int64_t begin, int64_t end)
{
    plan *p = s->buf[0];
    for (int64_t i = begin; i < end; i++)
        p->y[i] = 0.5f * p->x[N - 1 - i] + (float)p->state.cursor;
}

static void scale(const fnn_step *s, int64_t begin, int64_t end)
{
    plan *p = s->buf[0];
    for (int64_t i = begin; i < end; i++)
        p->x[i] = p->y[i] * (1.0f + p->y[(i * 7 + 3) % N]) / (1.0f + p->total);
}

static void sum(const fnn_step *s, int64_t begin, int64_t end)
{
    plan *p = s->buf[0];
    CHECK(begin == 0 && end == 1, "a serial step was split");
    p->total = 0;
    for (int i = 0; i < N; i++)
        p->total += p->y[i] * p->y[i];
}

static void halve(const fnn_step *s, int64_t begin, int64_t end)
{
    plan *p = s->buf[0];
    p->total *= 0.5f * (float)(end - begin);
}

static void never(const fnn_step *s, int64_t begin, int64_t end)
{
    CHECK(!s, "a step without units ran on %d..%d", (int)begin, (int)end);
}

static void make_plan(plan *p)
{
    fnn_step steps[5] = {
        {.run = mirror, .units = N, .grain = 64},  {.run = sum, .units = 1, .grain = 1},
        {.run = halve, .units = 1, .grain = 9},    {.run = never, .units = 0, .grain = 1},
        {.run = scale, .units = N, .grain = 2000}, /* at most two threads */
    };
    memset(p, 0, sizeof *p);
    memcpy(p->steps, steps, sizeof steps);
    for (int i = 0; i < 5; i++)
        p->steps[i].buf[0] = p;
    share_each(p->steps, 5);
    for (int i = 0; i < N; i++)
        p->x[i] = (float)(i % 97) * 0.01f;
}

static int64_t run_plan(plan *p, int threads)
{
    return fnn_run(p->steps, 5, REPEATS, 3, &p->state, threads);
}

static plan expected;

static void check_plan(const plan *p, const char *when)
{
    CHECK(p->state.cursor == 3 * REPEATS && p->state.step == REPEATS, "%s", when);
    CHECK(!memcmp(p->x, expected.x, sizeof p->x) && !memcmp(p->y, expected.y, sizeof p->y), "%s", when);
}

static void test_same_bits(void)
{
    static plan p;
    make_plan(&expected);
    CHECK(run_plan(&expected, 1) == REPEATS, "alone");
    for (int round = 0; round < 3; round++) {
        for (int threads = 1; threads <= MOST; threads++) {
            fnn_set_threads(threads);
            make_plan(&p);
            CHECK(run_plan(&p, 0) == REPEATS, "%d threads", threads);
            check_plan(&p, "same bits");
        }
    }
}

/* ---- stop, and degenerate plans --------------------------------------------------------------------- */

static void guard(const fnn_step *s, int64_t begin, int64_t end)
{
    fnn_state *state = s->buf[1];
    if (begin < end && state->step == 7)
        __atomic_store_n(&state->stop, 1 + state->step, __ATOMIC_RELAXED);
}

static void test_stop(void)
{
    static plan p;
    for (int threads = 1; threads <= MOST; threads++) {
        fnn_set_threads(threads);
        make_plan(&p);
        p.steps[2].run = guard;
        p.steps[2].buf[1] = &p.state;
        CHECK(run_plan(&p, 0) == 8 && p.state.stop == 8 && p.state.step == 8, "stopped by a guard");
        p.state.stop = 1;
        CHECK(run_plan(&p, 0) == 1 && p.state.step == 9, "stopped beforehand");
        CHECK(fnn_run(p.steps, 5, 0, 1, &p.state, 0) == 0, "no repeats");
        CHECK(fnn_run(p.steps, 0, 1, 1, &p.state, 0) == 1, "no steps");
        CHECK(fnn_run(p.steps, 1, 2, 1, 0, 0) == 2, "no state");
    }
}

/* ---- a step of the caller's that fails -------------------------------------------------------------- */

static void fail_at_last(const fnn_step *s, int64_t begin, int64_t end)
{
    fnn_state *state = s->buf[1];
    state->failed = begin < end && state->step == REPEATS - 1;
}

static void fail_early(const fnn_step *s, int64_t begin, int64_t end)
{
    fnn_state *state = s->buf[1];
    state->failed = begin < end && state->step == 2;
}

/* Step k of the plan, which then does nothing else, fails in the repeat after `done` others. */
static void check_failure(fnn_kernel fail, int k, int64_t done, int threads)
{
    static plan p, before;
    fnn_set_threads(1);
    make_plan(&before);
    before.steps[k].units = 0;
    fnn_run(before.steps, 5, done, 3, &before.state, 1);
    fnn_run(before.steps, k, 1, 0, 0, 1);
    fnn_set_threads(threads);
    make_plan(&p);
    p.steps[k].run = fail;
    p.steps[k].units = 1;
    p.steps[k].phase = 0;
    p.steps[k].buf[1] = &p.state;
    CHECK(run_plan(&p, 0) == done && p.state.step == done && !p.state.stop, "failed after %d", (int)done);
    CHECK(!memcmp(p.x, before.x, sizeof p.x) && !memcmp(p.y, before.y, sizeof p.y), "what follows step %d ran", k);
}

static void test_failure(void)
{
    for (int threads = 1; threads <= MOST; threads++)
        for (int k = 1; k < 5; k++) {
            check_failure(fail_early, k, 2, threads);
            check_failure(fail_at_last, k, REPEATS - 1, threads);
        }
}

/* ---- sequences: a shared plan and a small one in turn ------------------------------------------------ */

static int64_t run_sequence(plan *p, int64_t repeats, plan *small, int64_t rounds)
{
    fnn_stretch parts[2] = {{p->steps, 5, repeats, 3, 5, &p->state, 0},
                            {small->steps + 1, 2, 1, 0, 0, &small->state, 0}};
    return fnn_run_sequence(parts, 2, rounds, 0);
}

static void test_sequence(void)
{
    static plan one, p, small;
    for (int threads = 1; threads <= MOST; threads++) {
        fnn_set_threads(threads);
        make_plan(&one);
        for (int round = 0; round < 6; round++) {
            one.state = (fnn_state){.cursor = 5};
            fnn_run(one.steps, 5, 4, 3, &one.state, 1);
        }
        make_plan(&p);
        make_plan(&small);
        CHECK(run_sequence(&p, 4, &small, 6) == 6, "all rounds");
        CHECK(!memcmp(p.x, one.x, sizeof p.x) && p.state.cursor == 17 && p.state.step == 4, "%d threads", threads);
        CHECK(small.state.step == 1 && run_sequence(&p, 4, &small, 0) == 0, "the small plan");
        p.steps[2].run = guard;
        p.steps[2].buf[1] = &p.state;
        small.state.step = 99;
        CHECK(run_sequence(&p, 20, &small, 9) == 0 && p.state.stop == 8, "stopped by a guard");
        CHECK(p.state.step == 8 && small.state.step == 99, "what comes after the guard");
    }
}

/* ---- sequences of stretches that run once, on the caller --------------------------------------------- */

typedef struct {
    fnn_state *state;
    int ran, stops_at, fails_at; /* which run stops the sequence, or fails; 0: none */
} counted;

static void count_run(const fnn_step *s, int64_t begin, int64_t end)
{
    counted *c = s->buf[0];
    CHECK(begin == 0 && end == 1, "%d..%d of one unit", (int)begin, (int)end);
    c->ran++;
    if (c->ran == c->stops_at)
        c->state->stop = 1 + c->state->step;
    c->state->failed = c->ran == c->fails_at;
}

static void test_once(void)
{
    for (int what = 0; what < 3; what++) {
        fnn_state states[2] = {{0}};
        counted first = {.state = &states[0]}, second = {.state = &states[1]};
        fnn_step a = {.run = count_run, .units = 1, .grain = 1, .buf = {&first}};
        fnn_step b[3] = {{.run = never, .units = 0, .grain = 1},
                         {.run = count_run, .units = 1, .grain = 1, .buf = {&second}},
                         {.run = count_run, .units = 1, .grain = 1, .buf = {&first}}};
        fnn_stretch parts[2] = {{&a, 1, 1, 7, 5, &states[0], 0}, {b, 3, 1, 0, 0, &states[1], 0}};
        second.stops_at = what == 1 ? 4 : 0;
        second.fails_at = what == 2 ? 4 : 0;
        int64_t done = fnn_run_sequence(parts, 2, 9, 0);
        CHECK(done == (what ? 3 : 9) && second.ran == (what ? 4 : 9), "rounds: %d", (int)done);
        CHECK(first.ran == (what == 2 ? 7 : 2 * second.ran), "nothing behind what fails: %d", first.ran);
        CHECK(states[0].cursor == 12 && states[0].step == 1, "the state of a stretch");
        CHECK(states[1].step == (what == 2 ? 0 : 1) && states[1].stop == (what == 1), "the state of the last stretch");
    }
}

static void *stop_soon(void *arg)
{
    plan *p = arg;
    while (__atomic_load_n(&p->state.step, __ATOMIC_RELAXED) < 20)
        sched_yield();
    __atomic_store_n(&p->state.stop, 1, __ATOMIC_RELAXED);
    return 0;
}

static void test_stop_from_outside(void)
{
    static plan p;
    pthread_t other;
    fnn_set_threads(2);
    make_plan(&p);
    pthread_create(&other, 0, stop_soon, &p);
    int64_t done = fnn_run(p.steps, 5, 1ll << 40, 0, &p.state, 0);
    pthread_join(other, 0);
    CHECK(done >= 20 && done == p.state.step, "%lld", (long long)done);
}

/* ---- the pool by itself ----------------------------------------------------------------------------- */

static atomic_int seen[FNN_MAX_THREADS], total;

static void count(void *arg, int i, int n)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, 0, &blocked);
    CHECK(!sigismember(&blocked, SIGINT) == (i == 0), "signals are the caller's business, i = %d", i);
    atomic_fetch_add(&seen[i], 1);
    atomic_fetch_add(&total, n);
    fnn_barrier(i, n);
    CHECK(!arg || atomic_load(&total) == n * n, "the barrier let thread %d through early", i);
    fnn_barrier(i, n);
}

static void test_parallel(void)
{
    for (int round = 0; round < 200; round++) {
        int n = 1 + round * 5 % 9;
        fnn_set_threads(n);
        memset(seen, 0, sizeof seen);
        total = 0;
        fnn_parallel(count, &total, 0);
        for (int i = 0; i < FNN_MAX_THREADS; i++)
            CHECK(seen[i] == (i < n), "thread %d of %d ran %d times", i, n, seen[i]);
    }
    fnn_set_threads(4);
    total = 0;
    fnn_parallel(count, 0, 3);
    CHECK(total == 9, "at most 3");
}

static void alone(void *arg, int i, int n)
{
    CHECK(i == 0 && n == 1, "a nested job must run alone, not as %d of %d", i, n);
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void nested(void *arg, int i, int n)
{
    CHECK(n == 2, "%d of %d", i, n);
    fnn_parallel(alone, arg, 2); /* the pool is taken */
}

static void test_nested(void)
{
    fnn_set_threads(2);
    total = 0;
    fnn_parallel(nested, &total, 2);
    CHECK(total == 2, "%d", total);
}

static void *caller(void *arg)
{
    static _Thread_local plan p;
    for (int round = 0; round < 5; round++) {
        make_plan(&p);
        CHECK(run_plan(&p, *(int *)arg) == REPEATS, "caller");
        check_plan(&p, "concurrent callers");
    }
    return 0;
}

static void test_concurrent_callers(void)
{
    pthread_t t[MOST];
    int threads[MOST] = {0, 1, 2, 3};
    fnn_set_threads(3);
    for (int i = 0; i < MOST; i++)
        pthread_create(&t[i], 0, caller, &threads[i]);
    for (int round = 0; round < 50; round++)
        fnn_set_threads(1 + round % MOST);
    for (int i = 0; i < MOST; i++)
        pthread_join(t[i], 0);
}

/* ---- fork ------------------------------------------------------------------------------------------- */

static void in_child(const char *when)
{
    static plan p;
    fflush(stderr);
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (!child) {
        alarm(60); /* a hang is a death by SIGALRM */
        make_plan(&p);
        run_plan(&p, 0);
        check_plan(&p, when);
        total = 0;
        fnn_set_threads(fnn_threads()); /* all of them, whatever the plan has lost */
        fnn_parallel(count, &total, 0);
        _exit(total == fnn_threads() * fnn_threads() ? 0 : 3);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0, "%s: status %x", when, status);
}

static atomic_int enough;

static void *keep_busy(void *arg)
{
    static plan p;
    while (!enough) {
        make_plan(&p);
        run_plan(&p, 0);
        check_plan(&p, "busy while others fork");
    }
    return arg;
}

static void test_fork(void)
{
    static plan p;
    pthread_t other;
    fnn_set_threads(3);
    make_plan(&p);
    run_plan(&p, 0);
    in_child("fork while idle");
    pthread_create(&other, 0, keep_busy, 0);
    for (int i = 0; i < 20; i++)
        in_child("fork while busy");
    enough = 1;
    pthread_join(other, 0);
    make_plan(&p);
    run_plan(&p, 0);
    check_plan(&p, "the parent after forks");
}

/* ---- floating-point mode, sleep, counting processors ------------------------------------------------- */

static volatile float tiny = 1e-38f, small = 1e-3f;

static void times(const fnn_step *s, int64_t begin, int64_t end)
{
    float *out = s->buf[0];
    for (int64_t i = begin; i < end; i++)
        out[i] = tiny * small;
}

static void test_flush_to_zero(void)
{
    float out[8];
    fnn_step step = {.run = times, .units = 8, .grain = 1, .buf = {out}};
    share_each(&step, 1);
    for (int threads = 1; threads <= MOST; threads++) {
        fnn_set_threads(threads);
        memset(out, 1, sizeof out);
        fnn_run(&step, 1, 3, 0, 0, 0);
        CHECK(tiny * small != 0, "the caller's mode was not restored");
#if defined(__SSE2__) || defined(__aarch64__)
        for (int i = 0; i < 8; i++)
            CHECK(out[i] == 0, "denormals on thread of unit %d", i);
#endif
    }
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void test_idle(void)
{
    fnn_set_threads(4);
    fnn_parallel(count, 0, 0);
    struct timespec pause = {0, 300000000};
    double before = cpu_seconds();
    nanosleep(&pause, 0);
    CHECK(cpu_seconds() - before < 0.05, "an idle pool used %.3f s of 0.3 s", cpu_seconds() - before);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    CHECK(f, "%s", path);
    fputs(text, f);
    fclose(f);
}

static int cgroup_cpus(const char *dir, const char *membership)
{
    char path[4096];
    write_file(dir, "self", membership);
    snprintf(path, sizeof path, "%s/self", dir);
    return fnn_cgroup_cpus(path, dir);
}

static void test_cgroup(void)
{
    char dir[] = "/tmp/fnn_cgroup_XXXXXX", path[64];
    CHECK(mkdtemp(dir), "mkdtemp");
    CHECK(cgroup_cpus(dir, "0::/\n") == 0, "no quota file");
    write_file(dir, "cpu.max", "max 100000\n");
    CHECK(cgroup_cpus(dir, "0::/\n") == 0, "max");
    write_file(dir, "cpu.max", "250000 100000\n");
    CHECK(cgroup_cpus(dir, "0::/\n") == 3, "rounded up");
    CHECK(cgroup_cpus(dir, "0::/not/there\n") == 3, "the host's path");
    snprintf(path, sizeof path, "%s/inner", dir);
    mkdir(path, 0700);
    write_file(path, "cpu.max", "50000 100000\n");
    CHECK(cgroup_cpus(dir, "0::/inner\n") == 1, "the tightest");
    snprintf(path, sizeof path, "%s/cpu", dir);
    mkdir(path, 0700);
    write_file(path, "cpu.cfs_quota_us", "-1\n");
    write_file(path, "cpu.cfs_period_us", "100000\n");
    CHECK(cgroup_cpus(dir, "5:cpuset:/\n4:cpu,cpuacct:/\n") == 0, "version 1, none");
    write_file(path, "cpu.cfs_quota_us", "200000\n");
    CHECK(cgroup_cpus(dir, "5:cpuset:/\n4:cpu,cpuacct:/x\n") == 2, "version 1");
    CHECK(cgroup_cpus(dir, "nonsense\n\n") == 0, "nonsense");
    snprintf(path, sizeof path, "rm -r %s", dir);
    CHECK(!system(path), "%s", path);
}

static void test_default_threads(void)
{
    const char *ignored[] = {"0", "-1", "", "two", "2x", " 2", "99999999999"};
    unsetenv("FASTNN_NUM_THREADS");
    int usual = fnn_default_threads();
    CHECK(usual >= 1 && usual <= fnn_cpus(), "%d", usual);
    for (int i = 0; i < 7; i++) {
        setenv("FASTNN_NUM_THREADS", ignored[i], 1);
        CHECK(fnn_default_threads() == usual, "'%s' was not ignored", ignored[i]);
    }
    setenv("FASTNN_NUM_THREADS", "3", 1);
    CHECK(fnn_default_threads() == 3, "3");
}

int main(void)
{
    test_default_threads();
    test_cgroup();
    test_same_bits();
    test_stop();
    test_failure();
    test_stop_from_outside();
    test_sequence();
    test_once();
    test_parallel();
    test_nested();
    test_concurrent_callers();
    test_flush_to_zero();
    test_idle();
    test_fork();
    puts("pool and executor: passed");
    return 0;
}
