/* The matrix products against their definition (see families.h). */
#include "families.h"
#include "matmul_reference.h"

#include <string.h>

typedef void (*reference_f32)(int64_t, int64_t, int64_t, float *, int64_t, const float *, int64_t, int64_t,
                              const float *, int64_t, int64_t, int);
typedef void (*reference_f64)(int64_t, int64_t, int64_t, double *, int64_t, const double *, int64_t, int64_t,
                              const double *, int64_t, int64_t, int);

static const reference_f32 in_f32[] = {matmul_axpy_reference_f32, matmul_dot_reference_f32};
static const reference_f64 in_f64[] = {matmul_axpy_reference_f64, matmul_dot_reference_f64};

/* Where part p of k begins. */
static int64_t part_begins(int64_t k, int64_t p, int64_t parts, int64_t multiple)
{
    return p < parts ? k * p / parts / multiple * multiple : k;
}

/* Puts into `all`, laid out as C, what a product is by definition, `item` of a batch; part p of k. */
static void define(const fnn_step *s, int dtype, int dot, char *all, int64_t item, int64_t p, int64_t from, int64_t k)
{
    const int64_t *d = s->dim, c = item * d[15] + p * d[12];
    const int64_t a = item * d[16] + from * d[5], b = item * d[17] + from * d[6];
    int fused = strcmp(fnn_isa(), "baseline") != 0;
    if (dtype == FNN_F32)
        in_f32[dot](d[0], d[1], k, (float *)all + c, d[3], (float *)s->buf[1] + a, d[4], d[5],
                    (float *)s->buf[2] + b, d[6], d[7], fused);
    else
        in_f64[dot](d[0], d[1], k, (double *)all + c, d[3], (double *)s->buf[1] + a, d[4], d[5],
                    (double *)s->buf[2] + b, d[6], d[7], fused);
}

void check_product(const trial *t, const char *name, int dtype, const char *what)
{
    const fnn_step *s = &t->step;
    const int64_t *d = s->dim;
    int in_parts = !strcmp(name, "matmul_parts"), batch = !strcmp(name, "matmul_batch");
    int dot = batch ? d[18] != 0 : !strcmp(name, "matmul_dot");
    if ((!dot && !in_parts && !batch && strcmp(name, "matmul_axpy")) || d[8] != 0)
        return;
    if (d[1] >= (d[2] <= 128 ? 8 : 64)) /* short, or wide: a chain, too */
        dot = 0;
    const operand *c = &t->operands[0];
    size_t bytes = (size_t)c->count * item_size(dtype);
    char *all = malloc(bytes + 1);
    CHECK(all, "no memory");
    memcpy(all, c->data, bytes); /* for what lies between the rows */
    for (int64_t i = 0, items = batch ? d[14] : 1; i < items; i++)
        for (int64_t p = 0, parts = in_parts ? d[11] : 1; p < parts; p++) {
            int64_t multiple = in_parts ? d[9] : 1, from = part_begins(d[2], p, parts, multiple);
            define(s, dtype, dot, all, i, p, from, part_begins(d[2], p + 1, parts, multiple) - from);
        }
    int64_t difference = first_difference(t, all);
    CHECK(difference < 0, "%s: element %lld is not the defined chain of additions", what, (long long)difference);
    free(all);
}

/* The loop of a product of 64 columns and m rows, whose B has rows of this stride, and A, transposed, of that. */
static fnn_kernel loop_of(int dtype, int64_t m, int64_t k, int64_t b_row, int64_t a_k)
{
    fnn_step s = {.dim = {m, 64, k, 64, a_k ? 1 : k, a_k ? a_k : 1, b_row, 1}};
    CHECK(fnn_find("matmul_axpy", dtype)->prepare(&s) == 0, "a product was refused");
    return s.run;
}

void check_loops(int dtype)
{
    const int64_t page = 4096 / (int64_t)item_size(dtype), line = 64 / (int64_t)item_size(dtype);
    const fnn_kernel near = loop_of(dtype, 64, 300, 64, 0), far = loop_of(dtype, 64, 300, page, 0);
    CHECK(near != far, "operands are packed that stand well, or not where rows meet in the same lines");
    CHECK(loop_of(dtype, 64, 300, page + line, 0) == near, "rows off a page are packed");
    CHECK(loop_of(dtype, 64, 300, 3 * page, 0) == far, "rows at several pages are not packed");
    CHECK(loop_of(dtype, 64, 600, page / 2, 0) == far, "rows at half pages are not packed");
    CHECK(loop_of(dtype, 64, 100, page, 0) == near, "a few rows are packed");
    CHECK(loop_of(dtype, 8, 300, page, 0) != far, "operands are packed for a few rows of C");
    CHECK(loop_of(dtype, 64, 6000, 65, 0) == far, "columns too long for L2 are not packed");
    CHECK(loop_of(dtype, 64, 300, 64, 70) == near, "a small transposed operand is packed");
    CHECK(loop_of(dtype, 64, 300, 64, page) == far, "a large transposed operand is not packed");
}
