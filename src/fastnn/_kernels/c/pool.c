/* The pool: threads that wait for one job at a time.
 *
 * Seat i belongs to thread i of a job; seat 0 is the caller's and has no thread of its own. Threads are
 * made when first wanted, kept for ever, and sleep between jobs. The pool belongs to one caller at a
 * time; whoever finds it taken works alone, so that nobody waits and nested jobs cannot deadlock.
 */
#define _GNU_SOURCE
#include "cpus.h"
#include "crew.h"
#include "flag.h"
#include "fnn.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum {
    ROUNDS = 8,              /* log2(FNN_MAX_THREADS): rounds of a barrier */
    IDLE_SPIN_NS = 50000,    /* a thread without a job: covers the gap between two plans in a row */
    LONG_WAIT_NS = 50000,    /* at a barrier: has the other one a processor? */
    BARRIER_SPIN_NS = 50000, /* inside a job: longer waits mean that the other is off its processor */
    WORKER_STACK = 2 << 20   /* bytes; the matrix products pack into up to 310 KiB of it */
};

_Static_assert(FNN_MAX_THREADS <= 1 << ROUNDS, "a barrier needs log2(threads) rounds");

typedef struct {
    fnn_flag go;           /* posted by the caller: number of the job, counted per seat */
    fnn_flag done;         /* posted by the thread: the same number */
    fnn_flag slot[ROUNDS]; /* posted by another thread: the barrier's phase */
    _Alignas(128) unsigned phase; /* barriers passed; the thread's own */
    unsigned jobs;         /* jobs given; the caller's */
    atomic_int cpu;        /* where the thread was when last it looked */
} seat;

static seat seats[FNN_MAX_THREADS];

/* All but `taken` is written only by the caller that has taken the pool. */
static struct {
    atomic_flag taken;
    atomic_int workers; /* threads made, in seats 1 .. workers */
    int barrier_n;      /* how many threads the barrier's slots are set up for */
    int cpus;
    int hooked;         /* the fork handler is in place */
    int64_t idle_spin, barrier_spin;
    void (*job)(void *arg, int i, int n);
    void *arg;
    int n;
} pool = {.taken = ATOMIC_FLAG_INIT};

/* ---- one processor each ----------------------------------------------------------------------------- */

/* A thread that wakes up is often put where the one that woke it runs, and may stay there for a long while though
 * another processor is idle: both spin, and each waits for the other's slice. The one with the higher seat moves. */
static void spread(int i, int n)
{
    int taken[FNN_MAX_THREADS], here = fnn_cpu_here(), shared = 0;
    atomic_store_explicit(&seats[i].cpu, here, memory_order_relaxed);
    for (int k = 0; k < i; k++) {
        taken[k] = atomic_load_explicit(&seats[k].cpu, memory_order_relaxed);
        shared |= taken[k] == here;
    }
    if (here < 0 || !shared || n > pool.cpus)
        return;
    fnn_move_from(taken, i);
    atomic_store_explicit(&seats[i].cpu, fnn_cpu_here(), memory_order_relaxed);
}

/* ---- threads --------------------------------------------------------------------------------------- */

static void *worker(void *arg)
{
    seat *me = arg;
    int64_t idle_spin = 0;
    for (unsigned number = 1;; number++) {
        fnn_flag_await(&me->go, number, idle_spin);
        spread((int)(me - seats), pool.n);
        pool.job(pool.arg, (int)(me - seats), pool.n);
        idle_spin = pool.idle_spin; /* once done is posted, `pool` is the next caller's */
        fnn_flag_post(&me->done, number);
    }
    return 0;
}

/* Signals are the caller's business: a worker blocks them all. */
static int start(int i)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, old;
    if (pthread_attr_init(&attr))
        return -1;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&thread, &attr, worker, &seats[i]);
    pthread_sigmask(SIG_SETMASK, &old, 0);
    pthread_attr_destroy(&attr);
    return failed ? -1 : 0;
}

/* The child has only the thread that forked, and nobody is waiting for it: start again from nothing. */
static void after_fork(void)
{
    int workers = atomic_load(&pool.workers);
    memset(seats, 0, sizeof seats[0] * (size_t)(workers + 1));
    atomic_store(&pool.workers, 0);
    pool.barrier_n = 0;
    fnn_flag_after_fork();
    fnn_crew_after_fork();
    atomic_flag_clear(&pool.taken);
}

/* Sees to it that there are n - 1 workers; returns n, or fewer where the system refuses. The count goes
 * up first, so that a fork in between clears the seat that is being filled. */
static int grow(int n)
{
    if (!pool.hooked) {
        pthread_atfork(0, 0, after_fork);
        pool.hooked = 1;
        pool.cpus = fnn_cpus();
    }
    for (int i = atomic_load(&pool.workers) + 1; i < n; i++) {
        atomic_store(&pool.workers, i);
        if (start(i)) {
            atomic_store(&pool.workers, i - 1);
            fnn_crew_refused(i);
            return i;
        }
    }
    return n;
}

/* ---- jobs ------------------------------------------------------------------------------------------ */

/* Slots count phases modulo 2^31. Those in use move on together, but one left behind by a job with
 * fewer threads would one day look as if it were ahead. */
static void reset_barrier(int n)
{
    int most = n > pool.barrier_n ? n : pool.barrier_n;
    for (int i = 0; i < most; i++) {
        seats[i].phase = 0;
        for (int r = 0; r < ROUNDS; r++)
            atomic_store_explicit(&seats[i].slot[r].word, 0, memory_order_relaxed);
    }
    pool.barrier_n = n;
}

/* The caller's waiting tells whether the crew is too large; more threads than processors are somebody's wish. */
static void await(fnn_flag *f, unsigned value, int by)
{
    int64_t took = fnn_flag_await(f, value, pool.barrier_spin);
    if (took && by == 0 && pool.barrier_spin)
        fnn_crew_waited(took);
    if (took > LONG_WAIT_NS)
        spread(by, pool.n);
}

static void run_on(int n, void (*job)(void *arg, int i, int n), void *arg)
{
    int crowded = n > pool.cpus; /* spinning would keep the awaited thread from its processor */
    if (n != pool.barrier_n)
        reset_barrier(n);
    pool.job = job;
    pool.arg = arg;
    pool.n = n;
    pool.idle_spin = crowded ? 0 : IDLE_SPIN_NS;
    pool.barrier_spin = crowded ? 0 : BARRIER_SPIN_NS;
    spread(0, n);
    fnn_crew_begin();
    for (int i = 1; i < n; i++)
        fnn_flag_post(&seats[i].go, ++seats[i].jobs);
    job(arg, 0, n);
    for (int i = 1; i < n; i++)
        await(&seats[i].done, seats[i].jobs, 0);
    fnn_crew_end(n);
}

static int take(void)
{
    return !atomic_flag_test_and_set_explicit(&pool.taken, memory_order_acquire);
}

void fnn_parallel(void (*job)(void *arg, int i, int n), void *arg, int threads)
{
    int n = fnn_crew_join(threads);
    if (n > 1 && take()) {
        n = grow(n);
        if (n > 1)
            run_on(n, job, arg);
        atomic_flag_clear_explicit(&pool.taken, memory_order_release);
    } else
        n = 1;
    if (n == 1)
        job(arg, 0, 1);
    fnn_crew_part();
}

/* Dissemination: in round r thread i tells thread i + 2^r and hears from thread i - 2^r. */
void fnn_barrier(int i, int n)
{
    unsigned phase = ++seats[i].phase;
    for (int r = 0; 1 << r < n; r++) {
        int to = i + (1 << r);
        fnn_flag_post(&seats[to < n ? to : to - n].slot[r], phase);
        await(&seats[i].slot[r], phase, i);
    }
}
