/* See flag.h. */
#define _GNU_SOURCE
#include "flag.h"

#include <sched.h>
#include <time.h>

#if defined(__linux__) && __has_include(<linux/futex.h>) && !defined(FNN_NO_FUTEX) /* musl comes without */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns at once when the word has changed, and sometimes for no reason: callers look again. */
static void sleep_while(atomic_uint *word, unsigned value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, (void *)0, (void *)0, 0);
}

static void wake(atomic_uint *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, (void *)0, (void *)0, 0);
}

void fnn_flag_after_fork(void)
{
}

#else
#include <pthread.h>

/* Elsewhere all sleepers share one condition variable. */
static pthread_mutex_t lot = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell = PTHREAD_COND_INITIALIZER;

static void sleep_while(atomic_uint *word, unsigned value)
{
    pthread_mutex_lock(&lot);
    if (atomic_load(word) == value)
        pthread_cond_wait(&bell, &lot);
    pthread_mutex_unlock(&lot);
}

static void wake(atomic_uint *word)
{
    (void)word;
    pthread_mutex_lock(&lot);
    pthread_cond_broadcast(&bell);
    pthread_mutex_unlock(&lot);
}

void fnn_flag_after_fork(void)
{
    pthread_mutex_init(&lot, 0);
    pthread_cond_init(&bell, 0);
}
#endif

enum {
    LOOKS = 64,       /* between two readings of the clock */
    POLITE_NS = 2000, /* spinning longer than this gives slices away */
    YIELDS = 4        /* slices given away before sleeping */
};

static int reached(unsigned word, unsigned value)
{
    return (int)((word & ~1u) - (value << 1)) >= 0;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); /* `yield` does nothing on most cores */
#endif
}

int64_t fnn_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Looks for a while without a look at the clock. */
static int look(fnn_flag *f, unsigned value)
{
    for (int i = 0; i < LOOKS; i++) {
        if (reached(atomic_load_explicit(&f->word, memory_order_acquire), value))
            return 1;
        relax();
    }
    return 0;
}

/* On a busy machine the awaited thread may be queued on this very processor: after two microseconds
 * every further round of looks begins by letting it run. */
static int spin(fnn_flag *f, unsigned value, int64_t start, int64_t spin_ns)
{
    for (int64_t took = 0; took < spin_ns; took = fnn_now_ns() - start) {
        if (took >= POLITE_NS)
            sched_yield();
        if (look(f, value))
            return 1;
    }
    return 0;
}

static void doze(fnn_flag *f, unsigned value)
{
    unsigned word = atomic_load_explicit(&f->word, memory_order_acquire);
    for (int i = 0; i < YIELDS && !reached(word, value); i++) {
        sched_yield();
        word = atomic_load_explicit(&f->word, memory_order_acquire);
    }
    while (!reached(word, value)) {
        if ((word & 1) || atomic_compare_exchange_strong(&f->word, &word, word | 1)) {
            sleep_while(&f->word, word | 1);
            word = atomic_load_explicit(&f->word, memory_order_acquire);
        }
    }
}

void fnn_flag_post(fnn_flag *f, unsigned value)
{
    unsigned old = atomic_exchange_explicit(&f->word, value << 1, memory_order_acq_rel);
    if (old & 1)
        wake(&f->word);
}

int64_t fnn_flag_await(fnn_flag *f, unsigned value, int64_t spin_ns)
{
    if (look(f, value))
        return 0;
    int64_t start = fnn_now_ns();
    if (!spin(f, value, start, spin_ns))
        doze(f, value);
    return fnn_now_ns() - start;
}
