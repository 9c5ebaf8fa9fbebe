/* Random orders as NumPy's RandomState.shuffle makes them, from NumPy's own generators of bits. */
#ifndef FNN_ORDERS_H
#define FNN_ORDERS_H

#include <stdint.h>

/* NumPy's bitgen_t (numpy/random/bitgen.h), which its capsule "BitGenerator" holds */
typedef struct {
    void *state;
    uint64_t (*next_uint64)(void *state);
    uint32_t (*next_uint32)(void *state);
    double (*next_double)(void *state);
    uint64_t (*next_raw)(void *state);
} fnn_bitgen;

/* table[rows][n]: row 0 is first[n], shuffled; each other one is the row before it, shuffled. Nothing overlaps. */
void fnn_shuffles(const fnn_bitgen *bits, int64_t *table, const int64_t *first, int64_t rows, int64_t n);

#endif
