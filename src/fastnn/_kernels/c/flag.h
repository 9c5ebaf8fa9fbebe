/* A counter that one thread posts and one thread awaits: the only primitive under the pool.
 *
 * The waiter spins for a while, then gives its time slice away a few times, then sleeps in the kernel.
 * Bit 0 of the word says that the waiter sleeps, so that a post costs one exchange and no system call
 * as long as nobody does. Values count upward; they may wrap around.
 */
#ifndef FNN_FLAG_H
#define FNN_FLAG_H

#include <stdatomic.h>
#include <stdint.h>

/* Two cache lines: x86 fetches lines in pairs. */
typedef struct {
    _Alignas(128) atomic_uint word; /* value * 2 + (the waiter sleeps) */
} fnn_flag;

void fnn_flag_post(fnn_flag *f, unsigned value);
int64_t fnn_flag_await(fnn_flag *f, unsigned value, int64_t spin_ns); /* returns how long it took, ns; 0: hardly */
void fnn_flag_after_fork(void);   /* in the child: forget the threads that slept */

int64_t fnn_now_ns(void);

#endif
