/* See crew.h.
 *
 * Threads that meet at barriers go at the pace of the slowest. When another program, or another thread of
 * this one, takes a processor away, the slowest is off its processor for milliseconds, and n threads may take
 * longer than n - 1 would. The caller sees that as time spent waiting. Let n threads take T, of which it
 * waited L: the work is n (T - L), and n - 1 threads would take n (T - L) / (n - 1), less than T as soon as
 * L > T / n. Then one thread fewer works, for a time in proportion to the loss, after which one more is tried
 * again. Tries that fail in a row are made more and more seldom: so on a busy machine little is lost, on a quiet
 * one nothing, and after a moment's disturbance all are soon back.
 *
 * The pool has one caller at a time. Others that want it work alone meanwhile, and its caller leaves each of
 * them a processor.
 */
#include "crew.h"

#include "flag.h"
#include "fnn.h"

enum {
    LEAST_NS = 4000000,   /* a loss; less is waking up, in a virtual machine milliseconds */
    WINDOW_NS = 20000000, /* what was before counts less */
    PATIENCE = 4,         /* a loss is worth so many times its length without a try, */
    MOST_PATIENCE = 64,   /* and up to this many times after tries that failed */
    REFUSED_NS = 1000000000
};

static struct {
    atomic_int threads;    /* set; 0: not yet */
    atomic_int jobs;       /* here now */
    atomic_int most;       /* threads that were not too many; 0: no bound */
    atomic_llong retry_at; /* when one more may be tried, ns */
    /* the rest is its own who has the pool: */
    int patience;
    int64_t since;  /* the job's beginning, less the time in the jobs before */
    int64_t spent;  /* in jobs */
    int64_t waited; /* of that time */
} crew;

int fnn_threads(void)
{
    int n = atomic_load_explicit(&crew.threads, memory_order_relaxed);
    if (n)
        return n;
    atomic_compare_exchange_strong(&crew.threads, &n, fnn_default_threads()); /* unless set meanwhile */
    return atomic_load_explicit(&crew.threads, memory_order_relaxed);
}

static _Thread_local int limit_here; /* 0: none */

int fnn_limit_threads(int n)
{
    int before = limit_here;
    limit_here = n > 0 ? n : 0;
    return before;
}

void fnn_set_threads(int n)
{
    n = n < 1 ? 1 : n > FNN_MAX_THREADS ? FNN_MAX_THREADS : n;
    atomic_store_explicit(&crew.threads, n, memory_order_relaxed);
    atomic_store_explicit(&crew.most, 0, memory_order_relaxed);
}

/* ---- how many now ---------------------------------------------------------------------------------- */

static int size(int limit, int others)
{
    int n = fnn_threads();
    if (limit_here && limit_here < n)
        n = limit_here;
    if (limit > 0 && limit < n)
        n = limit;
    if (others > 0)
        n = n > others ? n - others : 1;
    int most = atomic_load_explicit(&crew.most, memory_order_relaxed);
    if (!most || n <= most)
        return n;
    return fnn_now_ns() < atomic_load_explicit(&crew.retry_at, memory_order_relaxed) ? most : most + 1;
}

int fnn_crew_join(int limit)
{
    return size(limit, atomic_fetch_add_explicit(&crew.jobs, 1, memory_order_relaxed));
}

void fnn_crew_part(void)
{
    atomic_fetch_sub_explicit(&crew.jobs, 1, memory_order_relaxed);
}

/* ---- were they too many ------------------------------------------------------------------------------ */

static void bound(int n, int64_t until)
{
    atomic_store_explicit(&crew.retry_at, until, memory_order_relaxed);
    atomic_store_explicit(&crew.most, n, memory_order_relaxed);
}

static void shrink(int n, int64_t now)
{
    int failed_again = n == atomic_load_explicit(&crew.most, memory_order_relaxed) + 1;
    crew.patience = !failed_again ? PATIENCE : crew.patience < MOST_PATIENCE ? 2 * crew.patience : MOST_PATIENCE;
    bound(n - 1, now + crew.patience * crew.waited);
    crew.since = now;
    crew.waited = 0;
}

/* Returns whether they were. */
static int judge(int n, int64_t now)
{
    int64_t spent = now - crew.since;
    if (crew.waited >= LEAST_NS && crew.waited * n > spent) {
        shrink(n, now);
        return 1;
    }
    if (spent > WINDOW_NS) {
        crew.since = now - spent / 2;
        crew.waited /= 2;
    }
    return 0;
}

void fnn_crew_begin(void)
{
    crew.since = fnn_now_ns() - crew.spent;
}

void fnn_crew_waited(int64_t ns)
{
    crew.waited += ns;
}

void fnn_crew_end(int n)
{
    int64_t now = fnn_now_ns();
    int most = atomic_load_explicit(&crew.most, memory_order_relaxed);
    if (!judge(n, now) && most && n > most && now >= atomic_load_explicit(&crew.retry_at, memory_order_relaxed))
        atomic_store_explicit(&crew.most, n, memory_order_relaxed); /* the try went well */
    crew.spent = now - crew.since;
}

int fnn_crew_is(int n, int limit)
{
    if (limit == 1)
        return 1;
    if (n > 1 && crew.waited >= LEAST_NS && judge(n, fnn_now_ns()))
        return 0;
    return size(limit, atomic_load_explicit(&crew.jobs, memory_order_relaxed) - 1) == n;
}

void fnn_crew_refused(int n)
{
    bound(n, fnn_now_ns() + REFUSED_NS);
}

void fnn_crew_after_fork(void)
{
    atomic_store_explicit(&crew.jobs, 0, memory_order_relaxed);
    atomic_store_explicit(&crew.most, 0, memory_order_relaxed);
    crew.spent = crew.waited = 0;
}
