/* The native vector of the instruction set being compiled for.
 *
 * For T in {f32, f64}: vec_T, and
 *   vload_T(p), vstore_T(p, v)              unaligned, V = VEC_BYTES / sizeof(T) elements
 *   vload_part_T(p, n), vstore_part_T(p, v, n)   the first n < V elements; a load sets the rest to 0
 *   vset_T(x)                               x in every lane
 *   vfmadd_T(a, b, c)                       a b + c, one rounding wherever the instruction exists
 *   vfmadd_half_T(a, p, c)                  a p[l] + c in the lower half of the lanes; the upper ones hold anything
 *   vroot_T(x)                              the square root of every lane
 *   vroot_half_T(x), vdiv_half_T(a, b)      square root, a / b in the lower half; the upper lanes hold anything
 *   vstore_half_T(p, v, n)                  the first n <= V/2 elements
 *   vnonzero_T(x)                           bit l: whether lane l is not zero (NaN is not)
 * and where VEC_ESTIMATES
 *   vestimate_T(x)                          1 / x, to within 2^-14 of it
 *   vfmadd_up_T(a, b, c)                    a b + c, rounded up
 *   vfinite_T(x)                            whether all lanes are finite
 *   vsum4_T(a, b, c, d, out)                out[0..3] = sum of the lanes of a, b, c, d
 *
 * vsum4 adds lane l to lane l + V/2, then l + V/4, ..., then l + 1: the last levels of the one
 * reduction tree that is the same on every instruction set. It ends by adding +0, so that a zero sum
 * is +0 whether or not lanes without elements took part in FMAs of zeros.
 * Intrinsics are here and, for one multiplication, in wide.h; nowhere else. NEON's have names like these, and for halves of
 * vectors vfma_T and vsqrt_T themselves.
 *
 * Within a body included for one element type, VEC_LEN is V.
 */
#ifndef FNN_SIMD_H
#define FNN_SIMD_H

#include "fnn.h"

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define VEC_BYTES 64
#define VEC_REGISTERS 32
#define VEC_MASKED 1
#define VEC_HALVES 1
#define VEC_ESTIMATES 1
#define VEC_KEEP(x) __asm__("" : "+v"(x))
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define VEC_BYTES 32
#define VEC_REGISTERS 16
#define VEC_KEEP(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#include <arm_neon.h>
#define VEC_BYTES 16
#define VEC_REGISTERS 32
#define VEC_KEEP(x) __asm__("" : "+w"(x))
#else
#define VEC_BYTES 16
#define VEC_REGISTERS 16
#define VEC_KEEP(x) ((void)0)
#endif
#ifndef VEC_HALVES /* whether half a vector may be faster than a whole one, which some processors take in two halves */
#define VEC_HALVES 0
#endif
#ifndef VEC_ESTIMATES /* whether there are estimates of reciprocals, of both types */
#define VEC_ESTIMATES 0
#endif
#ifndef VEC_MASKED /* whether a part of a vector is loaded and stored as fast as a whole one */
#define VEC_MASKED 0
#endif
/* VEC_KEEP(x): x stays in a register from here on, so that a load used by several FMAs is not turned
 * into a memory operand of each of them. VEC_FORGET(p): what was computed from p is computed anew. */
#define VEC_FORGET(p) __asm__("" : "+r"(p))

#define VEC_LEN ((int64_t)(VEC_BYTES / sizeof(real)))
#define VECS_OF(n) (((n) + VEC_LEN - 1) / VEC_LEN) /* vectors that hold so many elements */

typedef float vec_f32 __attribute__((vector_size(VEC_BYTES)));
typedef double vec_f64 __attribute__((vector_size(VEC_BYTES)));
typedef int32_t vec_i32 __attribute__((vector_size(VEC_BYTES)));
typedef int64_t vec_i64 __attribute__((vector_size(VEC_BYTES)));
typedef float vec_unaligned_f32 __attribute__((vector_size(VEC_BYTES), aligned(4), may_alias));
typedef double vec_unaligned_f64 __attribute__((vector_size(VEC_BYTES), aligned(8), may_alias));

FNN_INLINE vec_f32 vload_f32(const float *p) { return *(const vec_unaligned_f32 *)p; }
FNN_INLINE vec_f64 vload_f64(const double *p) { return *(const vec_unaligned_f64 *)p; }
FNN_INLINE void vstore_f32(float *p, vec_f32 v) { *(vec_unaligned_f32 *)p = v; }
FNN_INLINE void vstore_f64(double *p, vec_f64 v) { *(vec_unaligned_f64 *)p = v; }

/* ---- set, fma, partial loads and stores ------------------------------------------------------------ */
#if defined(__AVX512F__)

FNN_INLINE vec_f32 vset_f32(float x) { return (vec_f32)_mm512_set1_ps(x); }
FNN_INLINE vec_f64 vset_f64(double x) { return (vec_f64)_mm512_set1_pd(x); }
FNN_INLINE vec_f32 vfmadd_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
FNN_INLINE vec_f64 vfmadd_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
FNN_INLINE vec_f32 vfmadd_half_f32(vec_f32 a, const float *b, vec_f32 c)
{
    const __m256 low =
        _mm256_fmadd_ps(_mm512_castps512_ps256((__m512)a), _mm256_loadu_ps(b), _mm512_castps512_ps256((__m512)c));
    return (vec_f32)_mm512_zextps256_ps512(low);
}
FNN_INLINE vec_f64 vfmadd_half_f64(vec_f64 a, const double *b, vec_f64 c)
{
    const __m256d low =
        _mm256_fmadd_pd(_mm512_castpd512_pd256((__m512d)a), _mm256_loadu_pd(b), _mm512_castpd512_pd256((__m512d)c));
    return (vec_f64)_mm512_zextpd256_pd512(low);
}
FNN_INLINE vec_f32 vroot_f32(vec_f32 x) { return (vec_f32)_mm512_sqrt_ps((__m512)x); }
FNN_INLINE vec_f64 vroot_f64(vec_f64 x) { return (vec_f64)_mm512_sqrt_pd((__m512d)x); }
FNN_INLINE vec_f32 vroot_half_f32(vec_f32 x)
{
    return (vec_f32)_mm512_zextps256_ps512(_mm256_sqrt_ps(_mm512_castps512_ps256((__m512)x)));
}
FNN_INLINE vec_f64 vroot_half_f64(vec_f64 x)
{
    return (vec_f64)_mm512_zextpd256_pd512(_mm256_sqrt_pd(_mm512_castpd512_pd256((__m512d)x)));
}
FNN_INLINE vec_f32 vdiv_half_f32(vec_f32 a, vec_f32 b)
{
    const __m256 low = _mm256_div_ps(_mm512_castps512_ps256((__m512)a), _mm512_castps512_ps256((__m512)b));
    return (vec_f32)_mm512_zextps256_ps512(low);
}
FNN_INLINE vec_f64 vdiv_half_f64(vec_f64 a, vec_f64 b)
{
    const __m256d low = _mm256_div_pd(_mm512_castpd512_pd256((__m512d)a), _mm512_castpd512_pd256((__m512d)b));
    return (vec_f64)_mm512_zextpd256_pd512(low);
}
/* A mask is widened by hand: GCC 12 may store the 16 bits of one and load 64. */
FNN_INLINE uint64_t vnonzero_f32(vec_f32 x)
{
    uint64_t bits;
    __asm__("kmovw %1, %k0" : "=r"(bits) : "k"(_mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ)));
    return bits;
}
FNN_INLINE uint64_t vnonzero_f64(vec_f64 x)
{
    uint64_t bits;
    __asm__("kmovb %1, %k0" : "=r"(bits) : "k"(_mm512_cmp_pd_mask((__m512d)x, _mm512_setzero_pd(), _CMP_NEQ_UQ)));
    return bits;
}
FNN_INLINE vec_f32 vestimate_f32(vec_f32 x) { return (vec_f32)_mm512_rcp14_ps((__m512)x); }
FNN_INLINE vec_f64 vestimate_f64(vec_f64 x) { return (vec_f64)_mm512_rcp14_pd((__m512d)x); }
#define VEC_UP (_MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)
FNN_INLINE vec_f32 vfmadd_up_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)_mm512_fmadd_round_ps((__m512)a, (__m512)b, (__m512)c, VEC_UP);
}
FNN_INLINE vec_f64 vfmadd_up_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)_mm512_fmadd_round_pd((__m512d)a, (__m512d)b, (__m512d)c, VEC_UP);
}
#define VEC_NO_NUMBER 0x99 /* quiet or signalling NaN, either infinity */
FNN_INLINE int vfinite_f32(vec_f32 x) { return !_mm512_fpclass_ps_mask((__m512)x, VEC_NO_NUMBER); }
FNN_INLINE int vfinite_f64(vec_f64 x) { return !_mm512_fpclass_pd_mask((__m512d)x, VEC_NO_NUMBER); }
FNN_INLINE vec_f32 vload_part_f32(const float *p, int64_t n)
{
    return (vec_f32)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
FNN_INLINE vec_f64 vload_part_f64(const double *p, int64_t n)
{
    return (vec_f64)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}
FNN_INLINE void vstore_part_f32(float *p, vec_f32 v, int64_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}
FNN_INLINE void vstore_part_f64(double *p, vec_f64 v, int64_t n)
{
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
}

FNN_INLINE void vstore_half_f32(float *p, vec_f32 v, int64_t n)
{
    _mm256_mask_storeu_ps(p, (__mmask8)((1u << n) - 1), _mm512_castps512_ps256((__m512)v));
}
FNN_INLINE void vstore_half_f64(double *p, vec_f64 v, int64_t n)
{
    _mm256_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), _mm512_castpd512_pd256((__m512d)v));
}

#elif VEC_BYTES == 32

static const int32_t vec_mask_table[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

FNN_INLINE __m256i vec_mask(int64_t words) /* the first `words` 32-bit words set */
{
    return _mm256_loadu_si256((const __m256i *)(vec_mask_table + 8 - words));
}
FNN_INLINE vec_f32 vset_f32(float x) { return (vec_f32)_mm256_set1_ps(x); }
FNN_INLINE vec_f64 vset_f64(double x) { return (vec_f64)_mm256_set1_pd(x); }
FNN_INLINE vec_f32 vfmadd_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
FNN_INLINE vec_f64 vfmadd_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
FNN_INLINE vec_f32 vroot_f32(vec_f32 x) { return (vec_f32)_mm256_sqrt_ps((__m256)x); }
FNN_INLINE vec_f64 vroot_f64(vec_f64 x) { return (vec_f64)_mm256_sqrt_pd((__m256d)x); }
FNN_INLINE uint64_t vnonzero_f32(vec_f32 x)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}
FNN_INLINE uint64_t vnonzero_f64(vec_f64 x)
{
    return (unsigned)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, _mm256_setzero_pd(), _CMP_NEQ_UQ));
}
FNN_INLINE vec_f32 vload_part_f32(const float *p, int64_t n)
{
    return (vec_f32)_mm256_maskload_ps(p, vec_mask(n));
}
FNN_INLINE vec_f64 vload_part_f64(const double *p, int64_t n)
{
    return (vec_f64)_mm256_maskload_pd(p, vec_mask(2 * n));
}
/* In halves, whose number is foreseen: a store by a mask is slow on AMD processors (bench/README.md). */
FNN_INLINE void vstore_part_f32(float *p, vec_f32 v, int64_t n)
{
    __m128 x = _mm256_castps256_ps128((__m256)v);
    if (n & 4) {
        _mm_storeu_ps(p, x);
        x = _mm256_extractf128_ps((__m256)v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, x);
        x = _mm_movehl_ps(x, x);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, x);
}
FNN_INLINE void vstore_part_f64(double *p, vec_f64 v, int64_t n)
{
    __m128d x = _mm256_castpd256_pd128((__m256d)v);
    if (n & 2) {
        _mm_storeu_pd(p, x);
        x = _mm256_extractf128_pd((__m256d)v, 1);
        p += 2;
    }
    if (n & 1) _mm_store_sd(p, x);
}

#else /* 16 bytes */

#if defined(__aarch64__)
FNN_INLINE vec_f32 vroot_f32(vec_f32 x) { return (vec_f32)vsqrtq_f32((float32x4_t)x); }
FNN_INLINE vec_f64 vroot_f64(vec_f64 x) { return (vec_f64)vsqrtq_f64((float64x2_t)x); }
FNN_INLINE vec_f32 vfmadd_f32(vec_f32 a, vec_f32 b, vec_f32 c)
{
    return (vec_f32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
FNN_INLINE vec_f64 vfmadd_f64(vec_f64 a, vec_f64 b, vec_f64 c)
{
    return (vec_f64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
FNN_INLINE uint64_t vnonzero_f32(vec_f32 x)
{
    return vaddvq_u32(vbicq_u32((uint32x4_t){1, 2, 4, 8}, vceqzq_f32((float32x4_t)x)));
}
FNN_INLINE uint64_t vnonzero_f64(vec_f64 x)
{
    return vaddvq_u64(vbicq_u64((uint64x2_t){1, 2}, vceqzq_f64((float64x2_t)x)));
}
#else
FNN_INLINE vec_f32 vroot_f32(vec_f32 x)
{
    for (int l = 0; l < 4; l++) x[l] = __builtin_sqrtf(x[l]);
    return x;
}
FNN_INLINE vec_f64 vroot_f64(vec_f64 x) { return (vec_f64){__builtin_sqrt(x[0]), __builtin_sqrt(x[1])}; }
FNN_INLINE vec_f32 vfmadd_f32(vec_f32 a, vec_f32 b, vec_f32 c) { return a * b + c; }
FNN_INLINE vec_f64 vfmadd_f64(vec_f64 a, vec_f64 b, vec_f64 c) { return a * b + c; }
FNN_INLINE uint64_t vnonzero_f32(vec_f32 x)
{
    return (unsigned)(x[0] != 0) | (unsigned)(x[1] != 0) << 1 | (unsigned)(x[2] != 0) << 2 | (unsigned)(x[3] != 0) << 3;
}
FNN_INLINE uint64_t vnonzero_f64(vec_f64 x) { return (unsigned)(x[0] != 0) | (unsigned)(x[1] != 0) << 1; }
#endif

FNN_INLINE vec_f32 vset_f32(float x) { return (vec_f32){x, x, x, x}; }
FNN_INLINE vec_f64 vset_f64(double x) { return (vec_f64){x, x}; }
FNN_INLINE vec_f32 vload_part_f32(const float *p, int64_t n)
{
    return (vec_f32){n > 0 ? p[0] : 0, n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
}
FNN_INLINE vec_f64 vload_part_f64(const double *p, int64_t n)
{
    return (vec_f64){n > 0 ? p[0] : 0, 0};
}
FNN_INLINE void vstore_part_f32(float *p, vec_f32 v, int64_t n)
{
    if (n > 0) p[0] = v[0];
    if (n > 1) p[1] = v[1];
    if (n > 2) p[2] = v[2];
}
FNN_INLINE void vstore_part_f64(double *p, vec_f64 v, int64_t n)
{
    if (n > 0) p[0] = v[0];
}
#endif

#if !VEC_HALVES
FNN_INLINE vec_f32 vfmadd_half_f32(vec_f32 a, const float *b, vec_f32 c) { return vfmadd_f32(a, vload_f32(b), c); }
FNN_INLINE vec_f64 vfmadd_half_f64(vec_f64 a, const double *b, vec_f64 c) { return vfmadd_f64(a, vload_f64(b), c); }
FNN_INLINE void vstore_half_f32(float *p, vec_f32 v, int64_t n) { vstore_part_f32(p, v, n); }
FNN_INLINE void vstore_half_f64(double *p, vec_f64 v, int64_t n) { vstore_part_f64(p, v, n); }
FNN_INLINE vec_f32 vroot_half_f32(vec_f32 x) { return vroot_f32(x); }
FNN_INLINE vec_f64 vroot_half_f64(vec_f64 x) { return vroot_f64(x); }
FNN_INLINE vec_f32 vdiv_half_f32(vec_f32 a, vec_f32 b) { return a / b; }
FNN_INLINE vec_f64 vdiv_half_f64(vec_f64 a, vec_f64 b) { return a / b; }
#endif

/* ---- sums over lanes --------------------------------------------------------------------------------- */
#if defined(__clang__) || __GNUC__ >= 12
#define VEC_SHUFFLE(mask_type, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define VEC_SHUFFLE(mask_type, a, b, ...) __builtin_shuffle(a, b, (mask_type){__VA_ARGS__})
#endif

#if VEC_BYTES == 64

FNN_INLINE vec_f32 vfold8_f32(vec_f32 a, vec_f32 b) /* lanes 0-7: a[l] + a[l+8]; 8-15: the same of b */
{
    return VEC_SHUFFLE(vec_i32, a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
         + VEC_SHUFFLE(vec_i32, a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
FNN_INLINE void vsum4_f32(vec_f32 a, vec_f32 b, vec_f32 c, vec_f32 d, float *out)
{
    vec_f32 ab = vfold8_f32(a, b), cd = vfold8_f32(c, d);
    vec_f32 x = /* four lanes left of each: a c b d */
        VEC_SHUFFLE(vec_i32, ab, cd, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
      + VEC_SHUFFLE(vec_i32, ab, cd, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    x += VEC_SHUFFLE(vec_i32, x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    x += VEC_SHUFFLE(vec_i32, x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    x = VEC_SHUFFLE(vec_i32, x, x, 0, 8, 4, 12, 0, 8, 4, 12, 0, 8, 4, 12, 0, 8, 4, 12);
    x += (__typeof__(x)){0};
    memcpy(out, &x, 4 * sizeof *out);
}
FNN_INLINE void vsum4_f64(vec_f64 a, vec_f64 b, vec_f64 c, vec_f64 d, double *out)
{
    vec_f64 ab = VEC_SHUFFLE(vec_i64, a, b, 0, 1, 2, 3, 8, 9, 10, 11)
               + VEC_SHUFFLE(vec_i64, a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    vec_f64 cd = VEC_SHUFFLE(vec_i64, c, d, 0, 1, 2, 3, 8, 9, 10, 11)
               + VEC_SHUFFLE(vec_i64, c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    vec_f64 x = VEC_SHUFFLE(vec_i64, ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) /* a c b d */
              + VEC_SHUFFLE(vec_i64, ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    x += VEC_SHUFFLE(vec_i64, x, x, 1, 0, 3, 2, 5, 4, 7, 6);
    x = VEC_SHUFFLE(vec_i64, x, x, 0, 4, 2, 6, 0, 4, 2, 6);
    x += (__typeof__(x)){0};
    memcpy(out, &x, 4 * sizeof *out);
}

#elif VEC_BYTES == 32

FNN_INLINE void vsum4_f32(vec_f32 a, vec_f32 b, vec_f32 c, vec_f32 d, float *out)
{
    vec_f32 ab = VEC_SHUFFLE(vec_i32, a, b, 0, 1, 2, 3, 8, 9, 10, 11)
               + VEC_SHUFFLE(vec_i32, a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    vec_f32 cd = VEC_SHUFFLE(vec_i32, c, d, 0, 1, 2, 3, 8, 9, 10, 11)
               + VEC_SHUFFLE(vec_i32, c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    vec_f32 x = VEC_SHUFFLE(vec_i32, ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) /* two lanes left: a c b d */
              + VEC_SHUFFLE(vec_i32, ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    x += VEC_SHUFFLE(vec_i32, x, x, 1, 0, 3, 2, 5, 4, 7, 6);
    x = VEC_SHUFFLE(vec_i32, x, x, 0, 4, 2, 6, 0, 4, 2, 6);
    x += (__typeof__(x)){0};
    memcpy(out, &x, 4 * sizeof *out);
}
FNN_INLINE void vsum4_f64(vec_f64 a, vec_f64 b, vec_f64 c, vec_f64 d, double *out)
{
    vec_f64 ab = VEC_SHUFFLE(vec_i64, a, b, 0, 1, 4, 5) + VEC_SHUFFLE(vec_i64, a, b, 2, 3, 6, 7);
    vec_f64 cd = VEC_SHUFFLE(vec_i64, c, d, 0, 1, 4, 5) + VEC_SHUFFLE(vec_i64, c, d, 2, 3, 6, 7);
    vec_f64 x = VEC_SHUFFLE(vec_i64, ab, cd, 0, 2, 4, 6) + VEC_SHUFFLE(vec_i64, ab, cd, 1, 3, 5, 7);
    x += (__typeof__(x)){0};
    memcpy(out, &x, 4 * sizeof *out);
}

#else /* 16 bytes */

FNN_INLINE void vsum4_f32(vec_f32 a, vec_f32 b, vec_f32 c, vec_f32 d, float *out)
{
    vec_f32 ab = VEC_SHUFFLE(vec_i32, a, b, 0, 1, 4, 5) + VEC_SHUFFLE(vec_i32, a, b, 2, 3, 6, 7);
    vec_f32 cd = VEC_SHUFFLE(vec_i32, c, d, 0, 1, 4, 5) + VEC_SHUFFLE(vec_i32, c, d, 2, 3, 6, 7);
    vec_f32 x = VEC_SHUFFLE(vec_i32, ab, cd, 0, 2, 4, 6) + VEC_SHUFFLE(vec_i32, ab, cd, 1, 3, 5, 7);
    x += (__typeof__(x)){0};
    memcpy(out, &x, 4 * sizeof *out);
}
FNN_INLINE void vsum4_f64(vec_f64 a, vec_f64 b, vec_f64 c, vec_f64 d, double *out)
{
    vec_f64 ab = VEC_SHUFFLE(vec_i64, a, b, 0, 2) + VEC_SHUFFLE(vec_i64, a, b, 1, 3);
    vec_f64 cd = VEC_SHUFFLE(vec_i64, c, d, 0, 2) + VEC_SHUFFLE(vec_i64, c, d, 1, 3);
    ab += (vec_f64){0};
    cd += (vec_f64){0};
    memcpy(out, &ab, 2 * sizeof *out);
    memcpy(out + 2, &cd, 2 * sizeof *out);
}
#endif

#endif
