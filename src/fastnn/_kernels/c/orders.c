/* See orders.h. */
#include "orders.h"

#include <string.h>

/* The bits that numbers up to `most` > 0 have, drawn. */
static inline uint64_t word_for(const fnn_bitgen *bits, uint64_t most)
{
    const uint64_t mask = ~0ull >> __builtin_clzll(most);
    return mask & (most <= UINT32_MAX ? bits->next_uint32(bits->state) : bits->next_uint64(bits->state));
}

/* Element i changes places with one of 0 .. i, from the last one on. A word that is too large is none: then i stays where
 * it is, and the next word is for it, too. No branch: half of them would be mispredicted. */
static void shuffle(const fnn_bitgen *bits, int64_t *order, int64_t n)
{
    for (int64_t i = n - 1; i > 0;) {
        const uint64_t word = word_for(bits, (uint64_t)i);
        const int64_t fits = word <= (uint64_t)i, j = i + (((int64_t)word - i) & -fits), moved = order[j];
        order[j] = order[i];
        order[i] = moved;
        i -= fits;
    }
}

void fnn_shuffles(const fnn_bitgen *bits, int64_t *table, const int64_t *first, int64_t rows, int64_t n)
{
    for (int64_t row = 0; row < rows; row++, table += n) {
        memcpy(table, row ? table - n : first, (size_t)n * sizeof *table);
        shuffle(bits, table, n);
    }
}
