/* All kernels, for one instruction set.
 *
 * Compiled once per instruction set with FNN_TABLE naming the function it exports. The bodies are included
 * once per element type. Compiled without floating-point contraction and without fast-math: RFMA alone makes
 * fused operations, so that every instruction set that has them gives the same bits. */
#include "ahead.h"
#include "fnn.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__FMA__) || defined(__aarch64__)
#define HAVE_FMA
#endif

#include "simd.h"
#include "walk.inc"
#include "philox.inc"
#include "map.inc"
#include "map_list.inc"

#define TYPE 0
#include "type.inc"
#include "poly_f32.inc"
#include "real.inc"

#define TYPE 1
#include "type.inc"
#include "poly_f64.inc"
#include "real.inc"

#define TYPE 2
#include "type.inc"
#include "integers.inc"

#define TYPE 3
#include "type.inc"
#include "integers.inc"
#include "shuffle.inc"

#define TYPE 4
#include "type.inc"
#include "bytes.inc"

#define TYPE 5
#include "type.inc"
#include "bools.inc"

/* ---- rows of all types, whose conversions are all known now ---------------------------------------- */
#define TYPE 0
#include "type.inc"
#include "gather.inc"

#define TYPE 1
#include "type.inc"
#include "gather.inc"

#define TYPE 2
#include "type.inc"
#include "gather.inc"

#define TYPE 3
#include "type.inc"
#include "gather.inc"

#define TYPE 4
#include "type.inc"
#include "gather.inc"

#define TYPE 5
#include "type.inc"
#include "gather.inc"

/* ---- the table --------------------------------------------------------------------------------------- */
#define ENTRY(name, ...) {#name, DTYPE, FN(prepare_##name)},

static const fnn_entry table[] = {
#define TYPE 0
#include "type.inc"
#include "table_real.inc"
#define TYPE 1
#include "type.inc"
#include "table_real.inc"
#define TYPE 2
#include "type.inc"
#include "table_integer.inc"
#define TYPE 3
#include "type.inc"
#include "table_integer.inc"
    ENTRY(next_key)
    ENTRY(permutation)
#define TYPE 4
#include "type.inc"
    MAP1_ANY(ENTRY) MAP1_NUMBER(ENTRY) MAP2_ANY(ENTRY) MAP2_NUMBER(ENTRY) MAP3_ANY(ENTRY) GATHER_ANY(ENTRY)
#define TYPE 5
#include "type.inc"
    MAP1_ANY(ENTRY) MAP1_BOOL(ENTRY) MAP2_ANY(ENTRY) MAP2_BOOL(ENTRY) MAP3_ANY(ENTRY) REDUCE_BOOL(ENTRY)
    GATHER_ANY(ENTRY)
};

const fnn_entry *FNN_TABLE(int *count);

const fnn_entry *FNN_TABLE(int *count)
{
    *count = (int)(sizeof table / sizeof *table);
    return table;
}
