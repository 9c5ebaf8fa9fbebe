/* See families.h. Each filler follows its section of docs/kernels.md. */
#include "families.h"

#include <string.h>

static int among(const char *name, const char *list)
{
    size_t n = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == 0))
            return 1;
    return 0;
}

static int pick_dtype(trial *t, int first, int last)
{
    return (int)random_int(&t->rng, first, last);
}

static int index_dtype(trial *t)
{
    return one_in(t, 2) ? FNN_I32 : FNN_I64;
}

/* A row stride: the columns, sometimes padded. */
static int64_t pad(trial *t, int64_t cols)
{
    return one_in(t, 2) ? cols : cols + random_int(&t->rng, 1, 19);
}

/* ---- map ------------------------------------------------------------------------------------------- */

static const char *const unary = "copy negative abs sign square cast_f32 cast_f64 cast_i32 cast_i64 cast_u8 cast_bool "
                                 "sqrt rsqrt reciprocal exp expm1 log log1p sin cos tan arcsin arccos arctan sinh "
                                 "cosh arcsinh arccosh arctanh tanh sigmoid erf floor ceil round trunc relu "
                                 "leaky_relu elu selu softplus gelu gelu_tanh silu isnan isinf isfinite logical_not";
static const char *const binary = "add subtract multiply maximum minimum floor_divide mod divide power arctan2 equal "
                                  "not_equal less less_equal greater greater_equal logical_and logical_or logical_xor "
                                  "divide_no_nan relu_grad relu_dropout_grad leaky_relu_grad elu_grad selu_grad sigmoid_grad tanh_grad softplus_grad "
                                  "gelu_grad gelu_tanh_grad silu_grad sigmoid_crossentropy";
static const char *const ternary = "where clip sigmoid_crossentropy_grad";
static const char *const to_bool = "isnan isinf isfinite logical_not equal not_equal less less_equal greater "
                                   "greater_equal logical_and logical_or logical_xor cast_bool";

static int map_inputs(const char *name)
{
    return among(name, unary) ? 1 : among(name, binary) ? 2 : among(name, ternary) ? 3 : 0;
}

static int map_output(const char *name, int dtype)
{
    static const char *const casts[] = {"cast_f32", "cast_f64", "cast_i32", "cast_i64", "cast_u8"};
    for (int i = 0; i < 5; i++)
        if (!strcmp(name, casts[i]))
            return i;
    return among(name, to_bool) ? FNN_BOOL : dtype;
}

/* Strides of one operand, axis 0 outermost: contiguous, or spread, reversed or (inputs) broadcast axes. */
static void pick_strides(trial *t, int rank, const int64_t *sizes, int is_input, int64_t *strides)
{
    int64_t next = 1;
    int plain = one_in(t, 2);
    for (int d = rank - 1; d >= 0; d--) {
        strides[d] = next;
        if (!plain && one_in(t, 4))
            strides[d] *= random_int(&t->rng, 2, 3);
        next = strides[d] * (sizes[d] ? sizes[d] : 1);
        if (!plain && one_in(t, 5))
            strides[d] = -strides[d];
        if (is_input && !plain && one_in(t, 3))
            strides[d] = 0;
    }
}

static void put_map_operand(trial *t, int k, int rank, const int64_t *strides)
{
    t->step.dim[1 + k] = strides[rank - 1];
    for (int d = 0; d < rank - 1; d++)
        t->step.dim[7 + 5 * d + k] = strides[d];
}

static void fill_map(trial *t, const char *name, int dtype, int inputs)
{
    int64_t sizes[4], out_strides[4], strides[4];
    int rank = (int)random_int(&t->rng, 1, 4), out = map_output(name, dtype);
    for (int d = 0; d < rank; d++)
        sizes[d] = d == rank - 1 ? pick_size(t, rank > 1 ? 300 : 20000) : pick_size(t, 5);
    pick_strides(t, rank, sizes, 0, out_strides);
    give(t, 0, out, OUTPUT, rank, sizes, out_strides);
    put_map_operand(t, 0, rank, out_strides);
    for (int k = 1; k <= inputs; k++) {
        int in = !strcmp(name, "where") && k == 1 ? FNN_BOOL : dtype;
        if (in == out && one_in(t, 4)) { /* in place */
            t->step.buf[k] = t->step.buf[0];
            put_map_operand(t, k, rank, out_strides);
            continue;
        }
        pick_strides(t, rank, sizes, 1, strides);
        give(t, k, in, INPUT, rank, sizes, strides);
        put_map_operand(t, k, rank, strides);
    }
    t->step.dim[0] = sizes[rank - 1];
    t->step.dim[5] = rank - 1;
    for (int d = 0; d < rank - 1; d++)
        t->step.dim[6 + 5 * d] = sizes[d];
    t->step.par[0] = 0.3;
}

/* ---- reduce, rows ---------------------------------------------------------------------------------- */

static void fill_reduce(trial *t, const char *name, int dtype)
{
    int arg = among(name, "argmax argmin");
    int64_t sizes[3] = {pick_size(t, 40), pick_size(t, 5000), one_in(t, 2) ? 1 : pick_size(t, 70)}, strides[3];
    sizes[1] += arg && sizes[1] == 0;
    pick_strides(t, 3, sizes, 1, strides);
    if (one_in(t, 3)) { /* the reduced axis innermost in memory */
        strides[1] = 1;
        strides[2] = sizes[1];
        strides[0] = sizes[1] * sizes[2];
    }
    give_vector(t, 0, arg ? FNN_I32 : dtype, OUTPUT, sizes[0] * sizes[2]);
    give(t, 1, dtype, INPUT, 3, sizes, strides);
    memcpy(t->step.dim, sizes, sizeof sizes);
    memcpy(t->step.dim + 3, strides, sizeof strides);
    t->step.par[0] = one_in(t, 2) ? 1 : 0.25;
}

static void fill_rows(trial *t, const char *name, int dtype)
{
    int64_t rows = pick_size(t, 200), cols = pick_size(t, one_in(t, 2) ? 16 : 1100), all = rows * cols;
    int sparse = !strncmp(name, "sparse", 6), is_grad = strstr(name, "_grad") != 0;
    t->step.dim[0] = rows;
    t->step.dim[1] = cols;
    t->step.dim[2] = sparse ? index_dtype(t) : 0;
    if (!strncmp(name, "squared_error", 13)) {
        give_vector(t, 0, dtype, OUTPUT, is_grad ? all : rows);
        if (is_grad)
            give_vector(t, 1, dtype, INPUT, rows);
        for (int k = 0; k < 2; k++)
            give_vector(t, 1 + is_grad + k, dtype, INPUT, all);
        return;
    }
    if (!strstr(name, "crossentropy")) {
        for (int k = 0; k < (is_grad ? 3 : 2); k++)
            give_vector(t, k, dtype, k ? INPUT : OUTPUT, all);
        return;
    }
    give_vector(t, 0, dtype, OUTPUT, is_grad ? all : rows);
    give_vector(t, 1, dtype, is_grad ? INPUT : OUTPUT, is_grad ? rows : all);
    if (one_in(t, 3)) /* in place */
        t->step.buf[2] = t->step.buf[is_grad ? 0 : 1];
    else
        give_vector(t, 2, dtype, INPUT, all);
    give_vector(t, 3, sparse ? (int)t->step.dim[2] : dtype, INPUT, sparse ? rows : all);
}

static void fill_standardize(trial *t, const char *name, int dtype)
{
    int64_t rows = pick_size(t, one_in(t, 2) ? 60 : 1100), cols = pick_size(t, one_in(t, 2) ? 60 : 1100);
    int64_t vector = strstr(name, "cols") ? cols : rows;
    int is_grad = strstr(name, "_grad") != 0;
    t->step.dim[0] = rows;
    t->step.dim[1] = cols;
    t->step.par[0] = 1e-3;
    give_vector(t, 0, dtype, OUTPUT, rows * cols);
    for (int k = 1; k < 3; k++)
        give_vector(t, k, dtype, is_grad ? INPUT : OUTPUT, is_grad ? rows * cols : vector);
    give_vector(t, 3, dtype, is_grad ? INPUT : OUTPUT, vector);
    if (!is_grad)
        give_vector(t, 4, dtype, INPUT, rows * cols);
}

/* ---- gather ---------------------------------------------------------------------------------------- */

static void fill_gather_rows(trial *t, int dtype)
{
    fnn_step *s = &t->step;
    int source = is_real(dtype) ? pick_dtype(t, 0, FNN_DTYPES - 1) : dtype;
    int64_t rows = pick_size(t, 64), size = pick_size(t, 900), more = pick_size(t, 20);
    int64_t stride = pad(t, size), out_stride = pad(t, size);
    int64_t dim[] = {rows, size, rows + more, stride, source, out_stride};
    memcpy(s->dim, dim, sizeof dim);
    if (one_in(t, 3))
        s->dim[7] = random_int(&t->rng, 1, 5);
    give_rows(t, 0, dtype, OUTPUT, rows, size, out_stride);
    give_rows(t, 1, source, INPUT, rows + more, size, stride);
    if (!one_in(t, 4)) {
        int64_t *perm = give_vector(t, 2, FNN_I64, INPUT, rows + more);
        for (int64_t i = 0; !t->wild && i < rows + more; i++)
            perm[i] = random_int(&t->rng, 0, rows + more - 1);
    }
    if (!one_in(t, 4))
        *(int64_t *)give_vector(t, 3, FNN_I64, INPUT, 1) = random_int(&t->rng, 0, more);
}

/* take_rows and scatter_add_rows; any index value is allowed. */
static void fill_indexed(trial *t, const char *name, int dtype)
{
    int takes = !strcmp(name, "take_rows"), index = index_dtype(t);
    int64_t n = pick_size(t, 300), size = pick_size(t, 200), rows = 1 + pick_size(t, 60);
    int64_t dim[] = {n, size, rows, index};
    memcpy(t->step.dim, dim, sizeof dim);
    give_vector(t, 0, dtype, OUTPUT, (takes ? n : rows) * size);
    give_vector(t, 1, dtype, INPUT, (takes ? rows : n) * size);
    give_vector(t, 2, index, INPUT, n);
}

static void fill_one_hot(trial *t, int dtype)
{
    int64_t dim[] = {pick_size(t, 300), pick_size(t, 100), index_dtype(t)};
    memcpy(t->step.dim, dim, sizeof dim);
    give_vector(t, 0, dtype, OUTPUT, dim[0] * dim[1]);
    give_vector(t, 1, (int)dim[2], INPUT, dim[0]);
}

static void fill_argsort_rows(trial *t, int dtype)
{
    int64_t dim[] = {pick_size(t, 40), pick_size(t, 300), one_in(t, 2)};
    memcpy(t->step.dim, dim, sizeof dim);
    give_vector(t, 0, FNN_I32, OUTPUT, dim[0] * dim[1]);
    give_vector(t, 1, FNN_I32, OUTPUT, dim[0] * dim[1]);
    give_vector(t, 2, dtype, INPUT, dim[0] * dim[1]);
}

/* ---- random ---------------------------------------------------------------------------------------- */

static void fill_random(trial *t, const char *name, int dtype)
{
    int64_t n = pick_size(t, 20000);
    int is_dropout = !strcmp(name, "dropout");
    t->step.dim[0] = n;
    give_vector(t, 0, dtype, OUTPUT, n);
    if (is_dropout && one_in(t, 3))
        t->step.buf[1] = t->step.buf[0];
    else if (is_dropout)
        give_vector(t, 1, dtype, INPUT, n);
    give_vector(t, is_dropout ? 2 : 1, FNN_I64, INPUT, 2);
    t->step.par[0] = is_dropout ? 0.2 : -3;
    t->step.par[1] = 5;
}

/* ---- update ---------------------------------------------------------------------------------------- */

static const char *const rules[] = {"sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam"};
enum { RULES = 6, SLOTS = 3 };

/* Which slots the rule uses, its parameters and its option. */
static void pick_rule(trial *t, int rule, int uses[SLOTS], double *par, int64_t *option)
{
    static const double usual[RULES][3] = {{0}, {0.9}, {0.9}, {0.9, 1e-7, 0}, {0, 1e-7}, {0.9, 0.999, 1e-7}};
    memcpy(par, usual[rule], sizeof usual[rule]);
    *option = rule == 3 || rule == 5 ? one_in(t, 2) : 0;
    if (rule == 3 && one_in(t, 2))
        par[2] = 0.9;
    par[5] = one_in(t, 2) ? 0.01 : 0;
    uses[0] = rule > 0;
    uses[1] = rule == 5 || (rule == 3 && par[2] > 0);
    uses[2] = *option;
}

/* Squares accumulate in slots: they are not negative. */
static void make_positive(operand *o)
{
    for (int64_t i = 0; i < o->count; i++) {
        if (o->dtype == FNN_F32)
            ((float *)o->data)[i] = __builtin_fabsf(((float *)o->data)[i]);
        else
            ((double *)o->data)[i] = __builtin_fabs(((double *)o->data)[i]);
    }
}

static void give_slots(trial *t, int first, int dtype, const int uses[SLOTS], int64_t rows, int64_t cols,
                       int64_t stride)
{
    for (int i = 0; i < SLOTS; i++) {
        if (!uses[i])
            continue;
        give_rows(t, first + i, dtype, OUTPUT, rows, cols, stride);
        make_positive(&t->operands[t->used - 1]);
    }
}

static void give_scalars(trial *t, int k)
{
    double *scalars = give_vector(t, k, FNN_F64, INPUT, 2);
    scalars[0] = 1e-2;
    scalars[1] = 2e-2;
}

static void fill_update(trial *t, int dtype, int rule)
{
    fnn_step *s = &t->step;
    int uses[SLOTS];
    int64_t rows = pick_size(t, 70), cols = pick_size(t, 1000), stride = pad(t, cols), g_stride = pad(t, cols);
    int64_t planes = one_in(t, 4) ? random_int(&t->rng, 1, 4) : 0; /* whose sum is the gradient */
    int64_t summed = !planes && rows > 0 && one_in(t, 3) ? rows * random_int(&t->rng, 1, 20) : 0; /* rows of a bias' */
    if (summed)
        rows = 1;
    pick_rule(t, rule, uses, s->par, &s->dim[4]);
    give_rows(t, 0, dtype, OUTPUT, rows, cols, stride);
    give_slots(t, 1, dtype, uses, rows, cols, stride);
    if (planes)
        give(t, 4, dtype, INPUT, 3, (int64_t[]){planes, rows, cols}, (int64_t[]){rows * g_stride, g_stride, 1});
    else
        give_rows(t, 4, dtype, INPUT, summed ? summed : rows, cols, g_stride);
    give_scalars(t, 5);
    s->dim[5] = planes + summed;
    s->dim[6] = planes ? rows * g_stride : g_stride;
    s->dim[0] = rows;
    s->dim[1] = cols;
    s->dim[2] = stride;
    s->dim[3] = g_stride;
}

static void fill_adam_scalars(trial *t, int dtype)
{
    give_vector(t, 0, FNN_F64, OUTPUT, 2);
    give_vector(t, 1, dtype, INPUT, 1);
    *(int64_t *)give_vector(t, 2, FNN_I64, INPUT, 1) = random_int(&t->rng, 0, 100000);
    t->step.par[0] = 0.9;
    t->step.par[1] = 0.999;
}

/* ---- matmul ---------------------------------------------------------------------------------------- */

enum { STORE, ACTIVATE, ACTIVATE_GRAD, UPDATE, EPILOGUES };
static const int kinds[EPILOGUES] = {1, 7, 8, RULES};

static void fill_epilogue(trial *t, int dtype, int epilogue, int64_t m, int64_t n, int64_t stride)
{
    fnn_step *s = &t->step;
    int uses[SLOTS];
    s->dim[8] = epilogue;
    s->dim[9] = random_int(&t->rng, 0, kinds[epilogue] - 1);
    if (epilogue == UPDATE) {
        pick_rule(t, (int)s->dim[9], uses, s->par, &s->dim[10]);
        give_slots(t, 3, dtype, uses, m, n, stride);
        give_scalars(t, 6);
        return;
    }
    s->par[0] = 0.3;
    if (epilogue == ACTIVATE && !one_in(t, 4))
        give_vector(t, 3, dtype, INPUT, n);
    if (epilogue == ACTIVATE_GRAD)
        give_rows(t, 3, dtype, INPUT, m, s->dim[13] ? stride : n, stride);
}

/* Gives C [m][n], sometimes, but for an update, with room between its rows; returns their stride. */
static int64_t give_c(trial *t, int dtype, int epilogue, int64_t m, int64_t n)
{
    const int64_t line = 64 / (int64_t)item_size(dtype);
    t->step.dim[13] = epilogue != UPDATE && n > 0 && one_in(t, 3);
    if (!t->step.dim[13]) {
        const int64_t stride = pad(t, n);
        give_rows(t, 0, dtype, OUTPUT, m, n, stride);
        return stride;
    }
    const int64_t stride = one_in(t, 4) ? n + 1 : (n + line - 1) / line * line;
    give_rows(t, 0, dtype, OUTPUT, m, stride, stride);
    spare_ends(t, n, stride);
    return stride;
}

/* Gives B [k][n], often with rows of whole cache lines. Rows of whole vectors, be they short ones, may be read to their
 * ends. */
static void give_b(trial *t, int dtype, int64_t k, int64_t n, int64_t *b)
{
    const int64_t line = 64 / (int64_t)item_size(dtype), least = 16 / (int64_t)item_size(dtype);
    if (b[1] == 1 && one_in(t, 3))
        b[0] = (n + line - 1) / line * line;
    give(t, 2, dtype, INPUT, 2, (int64_t[]){k, b[1] == 1 && b[0] % least == 0 ? b[0] : n}, b);
    t->step.dim[6] = b[0];
}

/* Makes so many of a hundred elements zero, of either sign. */
static void thin_out(trial *t, operand *o, int percent)
{
    for (int64_t i = 0; i < o->count; i++)
        if (random_int(&t->rng, 1, 100) <= percent) {
            const double zero = one_in(t, 9) ? -0.0 : 0.0;
            const float narrow = (float)zero;
            memcpy(o->data + i * (int64_t)item_size(o->dtype), o->dtype == FNN_F32 ? (void *)&narrow : (void *)&zero,
                   item_size(o->dtype));
        }
}

static void fill_matmul(trial *t, int dtype, int dot)
{
    fnn_step *s = &t->step;
    int64_t m = pick_size(t, 150), n = pick_size(t, 150), k = pick_size(t, one_in(t, 2) ? 900 : 100);
    if (one_in(t, 4)) { /* large enough for blocks, panels and what runs beside them */
        m = random_int(&t->rng, 32, 150);
        n = random_int(&t->rng, 64, 250);
        k = random_int(&t->rng, 16, 1100);
        if (dot && one_in(t, 2)) /* whole vectors of C hold sums over pieces of k */
            n = n / 16 * 16;
    } else if (!dot && one_in(t, 8)) { /* weights for which updates run beside products of every instruction set */
        m = random_int(&t->rng, 520, 560);
        n = random_int(&t->rng, 520, 560);
        k = random_int(&t->rng, 16, 40);
    }
    const int far = !dot && one_in(t, 6); /* B's rows meet in the same lines of a cache */
    if (far) {
        m = random_int(&t->rng, 32, 80);
        n = random_int(&t->rng, 64, 200);
        k = random_int(&t->rng, 256, 600);
    }
    int epilogue = (int)random_int(&t->rng, 0, EPILOGUES - 1);
    int64_t stride = give_c(t, dtype, epilogue, m, n), a[2] = {pad(t, k), 1}, b[2] = {pad(t, n), 1};
    if (far)
        b[0] = 4096 / (int64_t)item_size(dtype);
    if (dot) {
        b[0] = 1;
        b[1] = pad(t, k);
    } else if (one_in(t, 2)) { /* A transposed */
        a[0] = 1;
        a[1] = pad(t, m);
    }
    if (m == 1 && one_in(t, 2))
        a[0] = 0;
    int64_t dim[] = {m, n, k, stride, a[0], a[1], b[0], b[1]};
    memcpy(s->dim, dim, sizeof dim);
    give(t, 1, dtype, INPUT, 2, (int64_t[]){m, k}, a);
    if (one_in(t, 2)) /* zeros of A are left out where they are many */
        thin_out(t, &t->operands[t->used - 1], (int)random_int(&t->rng, 30, 100));
    give_b(t, dtype, k, n, b);
    fill_epilogue(t, dtype, epilogue, m, n, stride);
}

/* Items side by side or apart, in either order of memory; sometimes all have the same A or B. */
static void fill_matmul_batch(trial *t, int dtype)
{
    fnn_step *s = &t->step;
    int64_t items = pick_size(t, 20), m = pick_size(t, 40), n = pick_size(t, 100);
    int64_t k = pick_size(t, one_in(t, 4) ? 300 : 40);
    if (one_in(t, 6)) { /* zeros of A are left out, blocks, tiles in groups */
        items = random_int(&t->rng, 1, 3);
        m = random_int(&t->rng, 32, 100);
        n = random_int(&t->rng, 64, 250);
    }
    const int dot = one_in(t, 2);
    const int64_t room = n > 0 && one_in(t, 4), least = 16 / (int64_t)item_size(dtype);
    int64_t c[3] = {0, pad(t, n), 1}, a[3] = {0, pad(t, k), 1}, b[3] = {0, pad(t, n), 1};
    if (dot) {
        b[1] = 1;
        b[2] = pad(t, k);
    }
    if (!dot && one_in(t, 2)) { /* A transposed */
        a[1] = 1;
        a[2] = pad(t, m);
    }
    c[0] = pad(t, m) * c[1];
    a[0] = one_in(t, 4) ? 0 : pad(t, m * a[1] + k * a[2]);
    b[0] = one_in(t, 4) ? 0 : pad(t, k * b[1] + n * b[2]);
    int64_t dim[] = {m, n, k, c[1], a[1], a[2], b[1], b[2], 0, 0, 0, 0, 0, room, items, c[0], a[0], b[0], dot};
    memcpy(s->dim, dim, sizeof dim);
    give(t, 0, dtype, OUTPUT, 3, (int64_t[]){items, m, room ? c[1] : n}, c);
    if (room)
        spare_ends(t, n, c[1]);
    give(t, 1, dtype, INPUT, 3, (int64_t[]){items, m, k}, a);
    if (one_in(t, 2))
        thin_out(t, &t->operands[t->used - 1], (int)random_int(&t->rng, 30, 100));
    give(t, 2, dtype, INPUT, 3, (int64_t[]){items, k, b[2] == 1 && b[1] % least == 0 ? b[1] : n}, b);
}

static void fill_matmul_parts(trial *t, int dtype)
{
    fnn_step *s = &t->step;
    int64_t m = pick_size(t, 80), n = pick_size(t, 270), k = random_int(&t->rng, 0, 900), parts = random_int(&t->rng, 1, 4);
    int64_t c[3] = {0, pad(t, n), 1}, a[2] = {pad(t, k), 1}, b[2] = {pad(t, n), 1};
    c[0] = m * c[1];
    if (one_in(t, 4)) { /* A transposed */
        a[0] = 1;
        a[1] = pad(t, m);
    }
    int64_t room = one_in(t, 3), multiple = one_in(t, 2) ? 16 : 1;
    int64_t dim[] = {m, n, k, c[1], a[0], a[1], b[0], 1, 0, multiple, 0, parts, c[0], room};
    memcpy(s->dim, dim, sizeof dim);
    give(t, 0, dtype, OUTPUT, 3, (int64_t[]){parts, m, room ? c[1] : n}, c);
    if (room)
        spare_ends(t, n, c[1]);
    give(t, 1, dtype, INPUT, 2, (int64_t[]){m, k}, a);
    if (one_in(t, 2))
        thin_out(t, &t->operands[t->used - 1], (int)random_int(&t->rng, 30, 100));
    give_b(t, dtype, k, n, b);
}

static void fill_sum_planes(trial *t, int dtype)
{
    fnn_step *s = &t->step;
    int64_t m = pick_size(t, 80), n = pick_size(t, 270), planes = random_int(&t->rng, 1, 4), row = pad(t, n);
    int64_t dim[] = {m, n, planes, pad(t, n), row, m * row, random_int(&t->rng, 0, kinds[ACTIVATE] - 1)};
    memcpy(s->dim, dim, sizeof dim);
    s->par[0] = 0.3;
    give_rows(t, 0, dtype, OUTPUT, m, n, s->dim[3]);
    give(t, 1, dtype, INPUT, 3, (int64_t[]){planes, m, n}, (int64_t[]){m * row, row, 1});
    if (!one_in(t, 4))
        give_vector(t, 2, dtype, INPUT, n);
}

static void fill_sum_parts(trial *t, int dtype)
{
    int64_t rows = pick_size(t, one_in(t, 4) ? 3000 : 200), n = pick_size(t, 150), parts = random_int(&t->rng, 1, 4);
    int64_t dim[] = {rows, n, parts, pad(t, n), pad(t, n)};
    memcpy(t->step.dim, dim, sizeof dim);
    give_rows(t, 0, dtype, OUTPUT, parts, n, dim[4]);
    give_rows(t, 1, dtype, INPUT, rows, n, dim[3]);
}

/* ---- all -------------------------------------------------------------------------------------------- */

static void fill_guard(trial *t, int dtype)
{
    int64_t *state = give_vector(t, 0, FNN_I64, OUTPUT, sizeof(fnn_state) / 8);
    state[2] = one_in(t, 2) ? 0 : 3;
    int matrices = (int)random_int(&t->rng, 1, FNN_DIMS / 3);
    for (int k = 0; k < matrices; k++) {
        int64_t rows = one_in(t, 3) ? 1 : pick_size(t, 20), cols = pick_size(t, 100), stride = pad(t, cols);
        give_rows(t, 1 + k, dtype, INPUT, rows, cols, stride);
        memcpy(t->step.dim + 3 * k, (int64_t[]){rows, cols, stride}, 3 * sizeof(int64_t));
    }
}

static void fill_record(trial *t, int dtype)
{
    int64_t n = pick_size(t, 40);
    give_vector(t, 0, FNN_F64, OUTPUT, n);
    *(int64_t *)give_vector(t, 1, FNN_I64, OUTPUT, 1) = random_int(&t->rng, -1, n + 1);
    give_vector(t, 2, dtype, INPUT, 1);
    t->step.dim[0] = n;
}

static void fill_accumulate(trial *t, int dtype)
{
    int64_t n = pick_size(t, 5000);
    give_vector(t, 0, dtype, OUTPUT, 1);
    give_vector(t, 1, dtype, OUTPUT, 1);
    give_vector(t, 2, dtype, INPUT, n);
    t->step.dim[0] = n;
    t->step.par[0] = 0.5;
    t->step.par[1] = (double)n;
}

static void fill_perceptron(trial *t, int dtype, int sparse)
{
    int64_t rows = 1 + pick_size(t, 40), features = 1 + pick_size(t, 1500), n = pick_size(t, 60), stride = pad(t, features);
    int64_t dim[] = {n, rows, features, sparse ? 0 : stride};
    double par[] = {one_in(t, 2) ? 1 : 0.9, 1e-3, 1e-3, 1e-3, 1};
    memcpy(t->step.dim, dim, sizeof dim);
    memcpy(t->step.par, par, sizeof par);
    give_vector(t, 0, dtype, OUTPUT, features);
    give_vector(t, 1, FNN_F64, OUTPUT, 6);
    if (one_in(t, 2))
        give_vector(t, 2, dtype, OUTPUT, features);
    if (sparse) {
        int32_t *starts = give_vector(t, 8, FNN_I32, INPUT, rows + 1);
        for (int64_t r = starts[0] = 0; r < rows; r++)
            starts[r + 1] = starts[r] + (int32_t)random_int(&t->rng, 0, features < 50 ? features : 50);
        int32_t *columns = give_vector(t, 7, FNN_I32, INPUT, starts[rows]);
        for (int64_t i = 0; i < starts[rows]; i++)
            columns[i] = (int32_t)random_int(&t->rng, 0, features - 1);
        give_vector(t, 3, dtype, INPUT, starts[rows]);
    } else
        give_rows(t, 3, dtype, INPUT, rows, features, stride);
    give_vector(t, 4, dtype, INPUT, rows);
    give_vector(t, 5, dtype, INPUT, rows);
    if (!one_in(t, 4))
        give_vector(t, 6, FNN_I64, INPUT, n); /* rows beyond the last are the last */
    else
        t->step.dim[0] = n < rows ? n : rows;
}

/* ---- sparse rows ------------------------------------------------------------------------------------- */

/* Gives bounds, values and columns of a matrix [m][k] from buf[at] on; returns how many elements it has room for. */
static int64_t give_csr(trial *t, int at, int dtype, int64_t m, int64_t k)
{
    int64_t room = random_int(&t->rng, 0, 400), next = 0;
    int32_t *bounds = give(t, at, FNN_I32, INPUT, 2, (int64_t[]){m, 2}, (int64_t[]){2, 1});
    for (int64_t i = 0; i < m; i++) {
        int64_t n = k && !one_in(t, 3) ? random_int(&t->rng, 0, 20) : 0;
        bounds[2 * i] = (int32_t)next;
        next = next + n < room ? next + n : room;
        bounds[2 * i + 1] = (int32_t)next;
    }
    give_vector(t, at + 1, dtype, INPUT, room);
    int32_t *columns = give_vector(t, at + 2, FNN_I32, INPUT, room);
    for (int64_t e = 0; e < room; e++)
        columns[e] = (int32_t)random_int(&t->rng, 0, k ? k - 1 : 0);
    return room;
}

static void fill_csr_matmul(trial *t, int dtype)
{
    int64_t m = pick_size(t, 60), n = pick_size(t, 300), k = pick_size(t, 500), c = pad(t, n), b = pad(t, n);
    give_rows(t, 0, dtype, OUTPUT, m, n, c);
    int64_t dim[] = {m, n, k, c, b, give_csr(t, 1, dtype, m, k)};
    memcpy(t->step.dim, dim, sizeof dim);
    give_rows(t, 4, dtype, INPUT, k, n, b);
}

static void fill_csr_update(trial *t, int dtype)
{
    int64_t m = pick_size(t, 60), n = pick_size(t, 300), k = pick_size(t, 100), w = pad(t, n), b = pad(t, n);
    int rule = (int)random_int(&t->rng, 0, RULES - 1), uses[SLOTS];
    int64_t dim[] = {m, n, k, w, b, rule};
    memcpy(t->step.dim, dim, sizeof dim);
    pick_rule(t, rule, uses, t->step.par, &t->step.dim[6]);
    give_rows(t, 0, dtype, OUTPUT, m, n, w);
    give_slots(t, 1, dtype, uses, m, n, w);
    give_csr(t, 4, dtype, m, k);
    give_rows(t, 7, dtype, INPUT, k, n, b);
    give_scalars(t, 8);
}

static void fill_csr_dense(trial *t, int dtype)
{
    int64_t m = pick_size(t, 60), k = pick_size(t, 500), c = pad(t, k);
    memcpy(t->step.dim, (int64_t[]){m, k, c}, 3 * sizeof(int64_t));
    give_rows(t, 0, dtype, OUTPUT, m, k, c);
    give_csr(t, 1, dtype, m, k);
}

static void fill_csr_transpose(trial *t, int dtype)
{
    int64_t m = pick_size(t, 60), k = pick_size(t, 500), room = give_csr(t, 3, dtype, m, k);
    memcpy(t->step.dim, (int64_t[]){m, k}, 2 * sizeof(int64_t));
    give(t, 0, FNN_I32, OUTPUT, 2, (int64_t[]){k, 2}, (int64_t[]){2, 1});
    give_vector(t, 1, dtype, OUTPUT, room);
    give_vector(t, 2, FNN_I32, OUTPUT, room);
}

/* Orders, starts and columns may be nonsense, and there may be too little room. */
static void fill_gather_csr(trial *t, int dtype)
{
    int64_t rows = pick_size(t, 40), room = pick_size(t, 200), m = pick_size(t, 60), k = pick_size(t, 500);
    int64_t order = rows + pick_size(t, 40), elements = pick_size(t, 300);
    memcpy(t->step.dim, (int64_t[]){rows, room, m, k, order, elements}, 6 * sizeof(int64_t));
    give(t, 0, FNN_I32, OUTPUT, 2, (int64_t[]){rows, 2}, (int64_t[]){2, 1});
    give_vector(t, 1, dtype, OUTPUT, room);
    give_vector(t, 2, FNN_I32, OUTPUT, room);
    give_vector(t, 3, dtype, INPUT, elements);
    give_vector(t, 4, FNN_I32, INPUT, elements);
    int64_t *starts = give_vector(t, 5, FNN_I64, INPUT, m + 1), at = 0;
    for (int64_t i = 0; i <= m && !t->wild; i++, at += random_int(&t->rng, 0, 9))
        starts[i] = at;
    if (!one_in(t, 3))
        give_vector(t, 6, FNN_I64, INPUT, order);
    if (one_in(t, 2))
        *(int64_t *)give_vector(t, 7, FNN_I64, INPUT, 1) = random_int(&t->rng, 0, order - rows);
}

static int rule_of(const char *name)
{
    for (int i = 0; i < RULES; i++)
        if (!strcmp(name, rules[i]))
            return i;
    return -1;
}

int fill_step(trial *t, const char *name, int dtype)
{
    int inputs = map_inputs(name), rule = rule_of(name);
    if (inputs)
        fill_map(t, name, dtype, inputs);
    else if (rule >= 0)
        fill_update(t, dtype, rule);
    else if (among(name, "sum sum_of_squares prod max min argmax argmin any all"))
        fill_reduce(t, name, dtype);
    else if (among(name, "softmax log_softmax softmax_grad softmax_crossentropy softmax_crossentropy_grad "
                         "sparse_softmax_crossentropy sparse_softmax_crossentropy_grad squared_error squared_error_grad"))
        fill_rows(t, name, dtype);
    else if (!strncmp(name, "standardize", 11))
        fill_standardize(t, name, dtype);
    else if (!strcmp(name, "gather_rows"))
        fill_gather_rows(t, dtype);
    else if (among(name, "take_rows scatter_add_rows"))
        fill_indexed(t, name, dtype);
    else if (!strcmp(name, "one_hot"))
        fill_one_hot(t, dtype);
    else if (!strcmp(name, "argsort_rows"))
        fill_argsort_rows(t, dtype);
    else if (among(name, "uniform normal truncated_normal randint dropout permutation"))
        fill_random(t, name, dtype);
    else if (!strcmp(name, "next_key"))
        for (int k = 0; k < 2; k++) /* the state moves on, too */
            give_vector(t, k, FNN_I64, OUTPUT, 2);
    else if (!strcmp(name, "adam_scalars"))
        fill_adam_scalars(t, dtype);
    else if (among(name, "matmul_dot matmul_axpy"))
        fill_matmul(t, dtype, !strcmp(name, "matmul_dot"));
    else if (!strcmp(name, "matmul_batch"))
        fill_matmul_batch(t, dtype);
    else if (!strcmp(name, "matmul_parts"))
        fill_matmul_parts(t, dtype);
    else if (!strcmp(name, "sum_planes"))
        fill_sum_planes(t, dtype);
    else if (!strcmp(name, "sum_parts"))
        fill_sum_parts(t, dtype);
    else if (!strcmp(name, "guard"))
        fill_guard(t, dtype);
    else if (among(name, "perceptron perceptron_csr"))
        fill_perceptron(t, dtype, !strcmp(name, "perceptron_csr"));
    else if (!strcmp(name, "csr_matmul"))
        fill_csr_matmul(t, dtype);
    else if (!strcmp(name, "csr_update"))
        fill_csr_update(t, dtype);
    else if (!strcmp(name, "csr_dense"))
        fill_csr_dense(t, dtype);
    else if (!strcmp(name, "csr_transpose"))
        fill_csr_transpose(t, dtype);
    else if (!strcmp(name, "gather_csr"))
        fill_gather_csr(t, dtype);
    else if (!strcmp(name, "record"))
        fill_record(t, dtype);
    else if (!strcmp(name, "accumulate"))
        fill_accumulate(t, dtype);
    else
        return -1;
    return 0;
}
