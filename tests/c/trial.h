/* One trial of a kernel: a step whose operands are allocated to their exact size and filled at random. */
#ifndef TRIAL_H
#define TRIAL_H

#include "check.h"
#include "fnn.h"

#include <stddef.h>

typedef struct {
    char *base;     /* from malloc */
    char *data;     /* lowest element; base, or one element above: kernels may rely on no more alignment */
    int64_t count;  /* elements */
    int dtype;
    int written;    /* an output; what the kernel may write is marked in `live` */
    char *live;     /* [count]: 0 must not change, 1 a result, SPARE: whatever the kernel likes */
    char *before;   /* the bytes at the start of the trial */
} operand;

typedef struct {
    fnn_step step;
    operand operands[FNN_BUFS];
    int used;
    uint64_t rng;
    int wild;       /* values: any bits, infinities, extremes; else small and finite */
} trial;

enum { INPUT, OUTPUT };
enum { SPARE = 2 };

size_t item_size(int dtype);
int is_real(int dtype);
int64_t pick_size(trial *t, int64_t most);     /* 0, 1, odd and round sizes, up to `most` */
int one_in(trial *t, int n);

/* Allocates step.buf[k] for the given axes, fills it, and returns its first element. */
void *give(trial *t, int k, int dtype, int written, int rank, const int64_t *sizes, const int64_t *strides);
void *give_vector(trial *t, int k, int dtype, int written, int64_t n);
void *give_rows(trial *t, int k, int dtype, int written, int64_t rows, int64_t cols, int64_t stride);

/* Makes what lies behind `cols` of the last operand's rows, of the given stride, SPARE. */
void spare_ends(trial *t, int64_t cols, int64_t stride);

void remember(trial *t);                       /* the state to which `restore` returns */
void restore(trial *t);
void check_untouched(const trial *t, const char *what);
void *copy_results(const trial *t, size_t *size);
int64_t first_difference(const trial *t, const void *results); /* NaN equals NaN; -1: none */
uint64_t hash_results(const trial *t);
void end_trial(trial *t);

#endif
