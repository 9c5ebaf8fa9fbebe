/* Vectors of uint64 whose product takes the low halves: all that Philox needs of the instruction set.
 *
 *   wide              WIDE_LEN lanes of uint64
 *   wide_mul(a, b)    low 32 bits of a times low 32 bits of b, 64 bits, in each lane */
#ifndef FNN_WIDE_H
#define FNN_WIDE_H

#include "simd.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define WIDE_LEN ((int)(VEC_BYTES / 8))
typedef uint64_t wide __attribute__((vector_size(VEC_BYTES)));

static inline wide wide_mul(wide a, wide b)
{
#if defined(__AVX512F__)
    return (wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif defined(__aarch64__)
    return (wide)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

#endif
