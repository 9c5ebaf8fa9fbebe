/* See trial.h. */
#include "trial.h"

#include <string.h>

size_t item_size(int dtype)
{
    static const size_t size[FNN_DTYPES] = {4, 8, 4, 8, 1, 1};
    return size[dtype];
}

int is_real(int dtype)
{
    return dtype == FNN_F32 || dtype == FNN_F64;
}

int one_in(trial *t, int n)
{
    return random_int(&t->rng, 1, n) == 1;
}

int64_t pick_size(trial *t, int64_t most)
{
    static const int64_t usual[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 127, 128, 130};
    int64_t n = usual[random_int(&t->rng, 0, sizeof usual / sizeof usual[0] - 1)];
    if (one_in(t, 6))
        n = random_int(&t->rng, 1, most);
    return n < most ? n : most;
}

/* ---- values ---------------------------------------------------------------------------------------- */

static double wild_real(trial *t)
{
    static const double special[] = {
        0.0,  -0.0,  1.0,   -1.0,   0.5, 88.73, -104.0, 709.8, 1e-40,           -1e-310,          1e30,
        3e38, -3e38, 1e300, -1e300, 2e9, -3e9,  1e19,   -1e19, __builtin_inf(), -__builtin_inf(), __builtin_nan(""),
    };
    if (one_in(t, 2))
        return special[random_int(&t->rng, 0, sizeof special / sizeof special[0] - 1)];
    return random_unit(&t->rng) * 100;
}

static int64_t wild_integer(trial *t)
{
    static const int64_t special[] = {0, -1, 1, INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, 255, 128};
    if (one_in(t, 2))
        return special[random_int(&t->rng, 0, 8)];
    return (int64_t)random_bits(&t->rng);
}

static void put_value(trial *t, int dtype, void *at)
{
    double real = t->wild ? wild_real(t) : 2 * random_unit(&t->rng);
    int64_t integer = t->wild ? wild_integer(t) : random_int(&t->rng, -9, 9);
    float f = __builtin_fabs(real) > 3.4e38 ? (float)__builtin_copysign(3.4e38, real) : (float)real;
    int32_t i = (int32_t)(integer == INT64_MIN ? INT32_MIN : integer);
    uint8_t b = (uint8_t)(dtype == FNN_BOOL ? integer & 1 : integer & 255);
    if (real != real || __builtin_isinf(real))
        f = (float)real;
    const void *value[FNN_DTYPES] = {&f, &real, &i, &integer, &b, &b};
    memcpy(at, value[dtype], item_size(dtype));
}

/* ---- operands -------------------------------------------------------------------------------------- */

static void mark_live(char *at, int rank, const int64_t *sizes, const int64_t *strides)
{
    if (rank == 0)
        *at = 1;
    else
        for (int64_t i = 0; i < sizes[0]; i++)
            mark_live(at + i * strides[0], rank - 1, sizes + 1, strides + 1);
}

void *give(trial *t, int k, int dtype, int written, int rank, const int64_t *sizes, const int64_t *strides)
{
    int64_t below = 0, above = 1;
    for (int d = 0; d < rank; d++) {
        *(strides[d] < 0 ? &below : &above) += (strides[d] < 0 ? -strides[d] : strides[d]) * (sizes[d] - 1);
        if (sizes[d] == 0) {
            below = above = 0;
            break;
        }
    }
    operand *o = &t->operands[t->used++];
    size_t size = item_size(dtype), shift = one_in(t, 2) ? 0 : size;
    *o = (operand){.count = below + above, .dtype = dtype, .written = written};
    o->base = malloc((size_t)o->count * size + shift);
    o->live = calloc((size_t)o->count + 1, 1);
    CHECK(o->base && o->live, "no memory");
    o->data = o->base + shift;
    for (int64_t i = 0; i < o->count; i++)
        put_value(t, dtype, o->data + i * (int64_t)size);
    if (written && o->count)
        mark_live(o->live + below, rank, sizes, strides);
    return t->step.buf[k] = o->data + below * (int64_t)size;
}

void *give_vector(trial *t, int k, int dtype, int written, int64_t n)
{
    return give(t, k, dtype, written, 1, &n, (int64_t[]){1});
}

void *give_rows(trial *t, int k, int dtype, int written, int64_t rows, int64_t cols, int64_t stride)
{
    return give(t, k, dtype, written, 2, (int64_t[]){rows, cols}, (int64_t[]){stride, 1});
}

void spare_ends(trial *t, int64_t cols, int64_t stride)
{
    operand *o = &t->operands[t->used - 1];
    for (int64_t i = 0; i < o->count; i++)
        if (i % stride >= cols)
            o->live[i] = SPARE;
}

/* ---- before and after ------------------------------------------------------------------------------ */

static size_t bytes(const operand *o)
{
    return (size_t)o->count * item_size(o->dtype);
}

void remember(trial *t)
{
    for (operand *o = t->operands; o < t->operands + t->used; o++) {
        o->before = malloc(bytes(o) + 1);
        CHECK(o->before, "no memory");
        memcpy(o->before, o->data, bytes(o));
    }
}

void restore(trial *t)
{
    for (operand *o = t->operands; o < t->operands + t->used; o++)
        memcpy(o->data, o->before, bytes(o));
}

void check_untouched(const trial *t, const char *what)
{
    for (const operand *o = t->operands; o < t->operands + t->used; o++) {
        size_t size = item_size(o->dtype);
        for (int64_t i = 0; i < o->count; i++)
            CHECK(o->live[i] || !memcmp(o->data + i * (int64_t)size, o->before + i * (int64_t)size, size),
                  "%s wrote element %lld of operand %d, which is not its output", what, (long long)i,
                  (int)(o - t->operands));
    }
}

void *copy_results(const trial *t, size_t *size)
{
    *size = 0;
    for (const operand *o = t->operands; o < t->operands + t->used; o++)
        *size += o->written ? bytes(o) : 0;
    char *all = malloc(*size + 1), *at = all;
    CHECK(all, "no memory");
    for (const operand *o = t->operands; o < t->operands + t->used; o++) {
        if (o->written) {
            memcpy(at, o->data, bytes(o));
            at += bytes(o);
        }
    }
    return all;
}

/* The bits of an element, all NaNs being one. */
static uint64_t bits_of(int dtype, const char *at)
{
    uint64_t bits = 0;
    memcpy(&bits, at, item_size(dtype));
    if (dtype == FNN_F32 && (bits & 0x7fffffff) > 0x7f800000)
        return 0x7fc00000;
    if (dtype == FNN_F64 && (bits & ~(1ull << 63)) > 0x7ffull << 52)
        return 0x7ff8ull << 48;
    return bits;
}

int64_t first_difference(const trial *t, const void *results)
{
    const char *at = results;
    int64_t n = 0;
    for (const operand *o = t->operands; o < t->operands + t->used; o++) {
        size_t size = item_size(o->dtype);
        if (!o->written)
            continue;
        for (int64_t i = 0; i < o->count; i++, at += size, n++)
            if (o->live[i] != SPARE && bits_of(o->dtype, o->data + i * (int64_t)size) != bits_of(o->dtype, at))
                return n;
    }
    return -1;
}

uint64_t hash_results(const trial *t)
{
    uint64_t h = 14695981039346656037u;
    for (const operand *o = t->operands; o < t->operands + t->used; o++)
        for (int64_t i = 0; o->written && i < o->count; i++)
            if (o->live[i] != SPARE)
                h = (h ^ bits_of(o->dtype, o->data + i * (int64_t)item_size(o->dtype))) * 1099511628211u;
    return h;
}

void end_trial(trial *t)
{
    for (operand *o = t->operands; o < t->operands + t->used; o++) {
        free(o->base);
        free(o->live);
        free(o->before);
    }
    t->used = 0;
}
