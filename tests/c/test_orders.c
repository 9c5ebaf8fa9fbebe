/* Random orders against the rule that they follow, word by word. */
#include "check.h"
#include "orders.h"

#include <string.h>

enum { MOST = 1100, ROWS = 5 };

static uint32_t next_uint32(void *state) { return (uint32_t)(random_bits(state) >> 32); }
static uint64_t next_uint64(void *state) { return random_bits(state); }
static double next_double(void *state) { return (double)(random_bits(state) >> 11) * 0x1p-53; }

static void shuffle_reference(uint64_t *state, int64_t *order, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        uint32_t mask = 0, word;
        while (mask < i) mask = mask << 1 | 1;
        do word = next_uint32(state) & mask;
        while (word > i);
        const int64_t moved = order[word];
        order[word] = order[i];
        order[i] = moved;
    }
}

int main(void)
{
    static int64_t table[ROWS * MOST + 1], order[MOST], first[MOST];
    for (int64_t n = 0; n <= MOST; n = n < 20 ? n + 1 : n + 97) {
        uint64_t seeds[2] = {(uint64_t)n, (uint64_t)n};
        const fnn_bitgen bits = {&seeds[0], next_uint64, next_uint32, next_double, next_uint64};
        for (int64_t i = 0; i < n; i++) first[i] = order[i] = 7 - i;
        table[ROWS * n] = -1;
        fnn_shuffles(&bits, table, first, ROWS, n);
        CHECK(table[ROWS * n] == -1, "written beyond %d rows of %lld", ROWS, (long long)n);
        for (int row = 0; row < ROWS; row++) {
            shuffle_reference(&seeds[1], order, n);
            CHECK(!memcmp(table + row * n, order, (size_t)n * sizeof *order), "row %d of %lld", row, (long long)n);
        }
        CHECK(seeds[0] == seeds[1], "as many words are drawn for %lld", (long long)n);
    }
    puts("orders: passed");
    return 0;
}
