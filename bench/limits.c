/* What the machine can do at best, for bench/kernels.py: multiply-adds and reads a second.
 *
 * Compiled when the benchmark runs, with VECTOR bytes a vector; no kernel of fastnn is involved. The accumulators
 * are variables of their own, because compilers put an array of them into memory. */
#include <stddef.h>

typedef float vec __attribute__((vector_size(VECTOR), may_alias));
enum { LANES = VECTOR / sizeof(float), CHAINS = 12 }; /* chains: more than latency times throughput asks for */
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

/* Keeps a value in a register, and hides from the compiler that nobody looks at it. */
#if defined(__x86_64__)
#define KEEP(x) __asm__ volatile("" : "+x"(x));
#elif defined(__aarch64__)
#define KEEP(x) __asm__ volatile("" : "+w"(x));
#else
#define KEEP(x) __asm__ volatile("" : "+m"(x));
#endif
#define ZERO(c) vec a##c = {0};

/* Do `repeats` multiply-adds in each of the chains; return the number of operations (a multiply-add is two). */
double multiply_adds(long repeats)
{
    vec x = {0}, y = {0};
    EACH(ZERO)
    KEEP(x)
    KEEP(y)
#define STEP(c) a##c = a##c * x + y; KEEP(a##c)
    for (long i = 0; i < repeats; i++) {
        EACH(STEP)
    }
    return 2.0 * LANES * CHAINS * (double)repeats;
}

/* Add up n bytes, a multiple of CHAINS vectors, `repeats` times; return the number of bytes read. */
double reads(const char *data, size_t n, long repeats)
{
    EACH(ZERO)
#define ADD(c) a##c += *(const vec *)(data + i + c * VECTOR); KEEP(a##c)
    for (long r = 0; r < repeats; r++)
        for (size_t i = 0; i < n; i += CHAINS * VECTOR) {
            EACH(ADD)
        }
    return (double)n * (double)repeats;
}
