/* The floating-point mode of kernels: denormals are zero (an update that meets them runs at half its
 * speed), round to nearest, no traps. Each thread enters it before kernels and leaves it after, which also
 * gives the caller its exception flags back. A Python step is outside: there denormals are numbers. */
#ifndef FNN_FPMODE_H
#define FNN_FPMODE_H

#include <stdint.h>

#if defined(__SSE2__)
typedef unsigned fnn_fpmode;
enum { FNN_MXCSR_DEFAULT = 0x1f80, FNN_MXCSR_FTZ = 0x8000, FNN_MXCSR_DAZ = 0x0040 };

static inline fnn_fpmode fnn_fp_set(unsigned mxcsr)
{
    unsigned old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mxcsr);
    return old;
}

static inline fnn_fpmode fnn_fp_enter(void)
{
    return fnn_fp_set(FNN_MXCSR_DEFAULT | FNN_MXCSR_FTZ | FNN_MXCSR_DAZ);
}

static inline fnn_fpmode fnn_fp_outside(void)
{
    return fnn_fp_set(FNN_MXCSR_DEFAULT);
}

static inline void fnn_fp_leave(fnn_fpmode old)
{
    __builtin_ia32_ldmxcsr(old);
}

#elif defined(__aarch64__)
typedef uint64_t fnn_fpmode;
#define FNN_FPCR_FZ ((uint64_t)1 << 24)

static inline fnn_fpmode fnn_fp_set(uint64_t fpcr)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" ::"r"(fpcr));
    return old;
}

static inline fnn_fpmode fnn_fp_enter(void)
{
    return fnn_fp_set(FNN_FPCR_FZ);
}

static inline fnn_fpmode fnn_fp_outside(void)
{
    return fnn_fp_set(0);
}

static inline void fnn_fp_leave(fnn_fpmode old)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(old));
}

#else
typedef int fnn_fpmode;

static inline fnn_fpmode fnn_fp_enter(void)
{
    return 0;
}

static inline fnn_fpmode fnn_fp_outside(void)
{
    return 0;
}

static inline void fnn_fp_leave(fnn_fpmode old)
{
    (void)old;
}
#endif

#endif
