/* The matrix products as the kernels define them, one element at a time: the same FMAs in the same
 * order, so results must agree bit for bit.
 *
 * A(i,k) = a[i a_i + k a_k], B(k,j) = b[k b_k + j b_j], C[i][j] = c[i ldc + j]. `fused`: whether the
 * instruction set has FMA (without it a kernel multiplies, rounds and adds).
 *
 *   axpy  one chain over k from 0, and +0 to the sum
 *   dot   lane l of L (64 bytes' worth) is the chain over k = l, l + L, ... from 0; lane l is added to
 *         lane l + L/2, then l + L/4, ..., l + 1, and +0 to the sum
 */
#ifndef MATMUL_REFERENCE_H
#define MATMUL_REFERENCE_H

#include <math.h>
#include <stdint.h>

#define MATMUL_REFERENCE(real, suffix, fma_of)                                                            \
    static inline real chain_##suffix(const real *a, int64_t a_k, const real *b, int64_t b_k,            \
                                      int64_t first, int64_t step, int64_t k, int fused)                 \
    {                                                                                                     \
        volatile real sum = 0;                                                                            \
        for (int64_t p = first; p < k; p += step) {                                                       \
            volatile real product = a[p * a_k] * b[p * b_k];                                              \
            sum = fused ? fma_of(a[p * a_k], b[p * b_k], sum) : product + sum;                            \
        }                                                                                                 \
        return sum;                                                                                       \
    }                                                                                                     \
    static inline void matmul_axpy_reference_##suffix(int64_t m, int64_t n, int64_t k, real *c,          \
                                                      int64_t ldc, const real *a, int64_t a_i,           \
                                                      int64_t a_k, const real *b, int64_t b_k,           \
                                                      int64_t b_j, int fused)                            \
    {                                                                                                     \
        for (int64_t i = 0; i < m; i++)                                                                   \
            for (int64_t j = 0; j < n; j++)                                                               \
                c[i * ldc + j] = chain_##suffix(a + i * a_i, a_k, b + j * b_j, b_k, 0, 1, k, fused) + 0;  \
    }                                                                                                     \
    static inline void matmul_dot_reference_##suffix(int64_t m, int64_t n, int64_t k, real *c,           \
                                                     int64_t ldc, const real *a, int64_t a_i,            \
                                                     int64_t a_k, const real *b, int64_t b_k,            \
                                                     int64_t b_j, int fused)                             \
    {                                                                                                     \
        enum { LANES_OF = 64 / sizeof(real) };                                                            \
        for (int64_t i = 0; i < m; i++)                                                                   \
            for (int64_t j = 0; j < n; j++) {                                                             \
                real lane[LANES_OF];                                                                      \
                for (int l = 0; l < LANES_OF; l++)                                                        \
                    lane[l] =                                                                             \
                        chain_##suffix(a + i * a_i, a_k, b + j * b_j, b_k, l, LANES_OF, k, fused);        \
                for (int half = LANES_OF / 2; half > 0; half /= 2)                                        \
                    for (int l = 0; l < half; l++) lane[l] = lane[l] + lane[l + half];                    \
                c[i * ldc + j] = lane[0] + 0;                                                             \
            }                                                                                             \
    }

MATMUL_REFERENCE(float, f32, fmaf)
MATMUL_REFERENCE(double, f64, fma)

#endif
