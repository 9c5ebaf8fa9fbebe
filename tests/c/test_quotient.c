/* Quotients of products are those of the divider (quotient.inc), to the last bit: random ones, the hardest ones, and those that
 * the divider is left with.
 *
 * The hardest are closest to the middle between two numbers: with P bits a 2^P or a 2^(P+1) leaves a remainder of next to
 * nothing when it is divided by b. Estimates of reciprocals differ between processors, so they are also spoilt on purpose.
 *
 *     test_quotient [step]    every step-th odd b of float32
 */
#include "check.h"
#include "fpmode.h"
#include "simd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#if VEC_ESTIMATES
static double spoil; /* relative error of estimates, beside their own */

static vec_f32 spoilt_f32(vec_f32 x) { return vestimate_f32(x) * (float)(1 + spoil); }
static vec_f64 spoilt_f64(vec_f64 x) { return vestimate_f64(x) * (1 + spoil); }

#define vestimate_f32 spoilt_f32
#define vestimate_f64 spoilt_f64

#define real float
#define FN(name) name##_f32
#include "quotient.inc"
#undef real
#undef FN
#define real double
#define FN(name) name##_f64
#include "quotient.inc"
#undef real
#undef FN

enum { F32_LANES = VEC_BYTES / 4, F64_LANES = VEC_BYTES / 8, HARDEST = 8 };

static void check_f32(vec_f32 a, vec_f32 b)
{
    const vec_f32 q = vquotient_f32(a, b), expected = a / b;
    for (int l = 0; l < F32_LANES; l++)
        CHECK(q[l] == expected[l] || (isnan(q[l]) && isnan(expected[l])), "%a / %a = %a, not %a", (double)a[l],
              (double)b[l], (double)expected[l], (double)q[l]);
}

static void check_f64(vec_f64 a, vec_f64 b)
{
    const vec_f64 q = vquotient_f64(a, b), expected = a / b;
    for (int l = 0; l < F64_LANES; l++)
        CHECK(q[l] == expected[l] || (isnan(q[l]) && isnan(expected[l])), "%a / %a = %a, not %a", a[l], b[l], expected[l],
              q[l]);
}

/* 2^-bits modulo an odd b */
static uint64_t inverse_power(int bits, uint64_t b)
{
    unsigned __int128 power = 1 % b, half = (b + 1) / 2 % b;
    for (; bits; bits >>= 1, half = half * half % b)
        if (bits & 1)
            power = power * half % b;
    return (uint64_t)power;
}

/* An a of at most 2^bits with a 2^shift = remainder modulo an odd b */
static uint64_t hard_numerator(uint64_t inverse, int remainder, uint64_t b, int bits)
{
    const uint64_t r = (uint64_t)abs(remainder) % b, least = (uint64_t)((unsigned __int128)inverse * r % b);
    const uint64_t a = remainder < 0 && least ? b - least : least;
    return a + ((((uint64_t)1 << bits) - 1 - a) / b) * b;
}

static void hardest_f32(uint64_t b)
{
    for (int shift = 24; shift <= 25; shift++) {
        const uint64_t inverse = inverse_power(shift, b);
        vec_f32 a = {0};
        for (int l = 0; l < F32_LANES; l++)
            a[l] = (float)hard_numerator(inverse, (l % 2 ? -1 : 1) * (1 + l / 2 % HARDEST), b, 24);
        check_f32(a, vset_f32((float)b));
    }
}

static void hardest_f64(uint64_t b)
{
    for (int shift = 53; shift <= 54; shift++) {
        const uint64_t inverse = inverse_power(shift, b);
        vec_f64 a = {0};
        for (int l = 0; l < F64_LANES; l++)
            a[l] = (double)hard_numerator(inverse, (l % 2 ? -1 : 1) * (1 + l / 2), b, 53);
        check_f64(a, vset_f64((double)b));
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 11;
}

/* Numbers of both signs (numerators), of denominators below 2^126 and 2^1022 */
static void random_ones(uint64_t *rng)
{
    for (int i = 0; i < 200000; i++) {
        vec_f32 a, b;
        vec_f64 x, y;
        for (int l = 0; l < F32_LANES; l++) {
            a[l] = ldexpf((float)(next_random(rng) >> 29) - 0x1p23f, (int)(next_random(rng) % 254) - 152);
            b[l] = ldexpf(1 + (float)(next_random(rng) >> 30) * 0x1p-23f, (int)(next_random(rng) % 252) - 126);
        }
        for (int l = 0; l < F64_LANES; l++) {
            x[l] = ldexp((double)next_random(rng) - 0x1p52, (int)(next_random(rng) % 2044) - 1072);
            y[l] = ldexp(1 + (double)(next_random(rng) >> 1) * 0x1p-52, (int)(next_random(rng) % 2044) - 1022);
        }
        check_f32(a, b);
        check_f64(x, y);
    }
}

/* Markstein's exception: all numerators of few bits by a b whose bits are all ones, without spoilt estimates */
static void all_ones(void)
{
    for (int i = 1; i < 1 << 16; i++) {
        check_f32(vset_f32((float)i), vset_f32(0x1.fffffep3f));
        check_f64(vset_f64(i), vset_f64(0x1.fffffffffffffp3));
    }
}

/* Zeros, infinities, NaN, quotients beyond all numbers: every pair */
static void special_ones(void)
{
    const double values[] = {0, 1, 0x1p-126, 0x1p-78, 0x1p79, 0x1p80, 0x1p100, 0x1p125, INFINITY, NAN, 0x1.fffffep127};
    enum { COUNT = sizeof values / sizeof values[0] };
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < COUNT; k++) {
            if (values[k] > 0x1p126 && values[k] < INFINITY)
                continue;
            check_f32(vset_f32((float)values[i]), vset_f32((float)values[k]));
            check_f32(vset_f32((float)-values[i]), vset_f32((float)values[k]));
            check_f64(vset_f64(values[i]), vset_f64(values[k]));
            check_f64(vset_f64(values[i] * 0x1p896), vset_f64(values[k]));
        }
    }
}

int main(int argc, char **argv)
{
    const uint64_t step = argc > 1 ? (uint64_t)atoll(argv[1]) : 997;
    const double errors[] = {0, 0x1p-15, -0x1p-15};
    uint64_t rng = 7;
    CHECK(step > 0, "a step of one or more");
    fnn_fp_enter();
    all_ones();
    for (int e = 0; e < 3; e++) {
        spoil = errors[e];
        special_ones();
        random_ones(&rng);
        for (uint64_t b = 1; b < 1 << 24; b += 2 * step)
            hardest_f32(b);
        for (int i = 0; i < 100000; i++)
            hardest_f64(next_random(&rng) | 1 | (uint64_t)1 << 52);
    }
    puts("quotients of products are those of the divider");
    return 0;
}
#else
int main(void)
{
    puts("no estimates of reciprocals: nothing to test");
    return 0;
}
#endif
