/* The contract between Python, the executor and the kernels.
 *
 * A step is one kernel bound to its operands. A plan is an array of steps. A kernel is given a range
 * of independent units of its step; the executor owns threads and barriers; the Cython layer owns
 * memory and has checked every pointer, size and dtype. C never allocates inside a step.
 */
#ifndef FNN_H
#define FNN_H

#include "worth.h"

#include <stdint.h>

#define FNN_EXPORT __attribute__((visibility("default")))
#define FNN_INLINE static inline __attribute__((always_inline))

enum fnn_dtype { FNN_F32, FNN_F64, FNN_I32, FNN_I64, FNN_U8, FNN_BOOL, FNN_DTYPES };

enum { FNN_BUFS = 10, FNN_DIMS = 24, FNN_PARS = 8 };

typedef struct fnn_step fnn_step;

/* Computes units begin .. end-1 of the step. Every element of an output belongs to exactly one unit
 * and is computed in an order that does not depend on begin and end: same bits on any threads. */
typedef void (*fnn_kernel)(const fnn_step *s, int64_t begin, int64_t end);

struct fnn_step {
    fnn_kernel run;
    int64_t units;          /* how many independent units of work there are (may be 0) */
    int64_t grain;          /* fewest units worth handing to one thread */
    int64_t homes;          /* threads that have its operands in their caches: so many share it, however little it is */
    void *buf[FNN_BUFS];    /* operands, outputs first; each kernel's comment gives their shapes */
    int64_t dim[FNN_DIMS];  /* sizes, strides (in elements) and small options */
    double par[FNN_PARS];   /* scalar parameters */
    int by_rows;            /* of a matrix product: units are rows of the first operand and of the output */
    int share;              /* this and what follows: how threads share the step, see phases.c */
    int64_t phase;          /* steps of one number run without a barrier between them; 0: on the caller */
    int64_t parts;          /* for at most so many threads */
    int64_t cuts, per_cut;  /* a part is a range of `cuts`, each of so many units; */
    int64_t lead;           /* the caller's is so many smaller than the others: it has steps of its own in the phase */
};

/* Chooses `run` from the sizes and fills `units` and `grain`. Returns 0, or -1 if the sizes do not suit. */
typedef int (*fnn_prepare)(fnn_step *s);

typedef struct {
    const char *name;       /* "add", "sum", "matmul_dot", ... */
    int dtype;              /* fnn_dtype of the first input (of the output, where there is no input) */
    fnn_prepare prepare;
} fnn_entry;

/* ---- isa.c: one table per instruction set, the best one chosen at load, or FASTNN_ISA ------------- */
const char *fnn_isa(void);                          /* "avx512", "avx2", "neon", "baseline" */
int fnn_isa_available(int i, const char **name);    /* the i-th usable variant, best first; 0 past the end */
int fnn_isa_select(const char *name);               /* 0, or -1: unknown or not usable here */
const char *fnn_isa_problem(void);                  /* why FASTNN_ISA was not obeyed at load, or NULL */
const fnn_entry *fnn_find(const char *name, int dtype);  /* NULL: no such kernel */
extern int fnn_slow_divider;                        /* whether six products take less time than a division */
int fnn_entry_at(int i, const fnn_entry **e);       /* walks the table in use; 0 past the end */

/* ---- phases.c: what threads share ------------------------------------------------------------------- */
enum { FNN_TOUCHES = 12 };

/* Memory that a step reads or writes: all of low .. high. row > 0: unit u touches only `row` bytes at low + u row. */
typedef struct {
    const char *low, *high;
    int64_t row;
    int written;
} fnn_touch;

typedef struct {
    int known;              /* 0: it may touch anything */
    int count;
    fnn_touch touch[FNN_TOUCHES];
} fnn_reach;

/* Fills in how threads share n steps, the last fields of fnn_step. reach[k]: what step k touches. Until then a step
 * is the caller's. */
void fnn_share(fnn_step *steps, const fnn_reach *reach, int64_t n);

/* x within 0 .. n - 1, as row numbers must be, whatever a caller has in them: n > 0 */
static inline int64_t fnn_clamp(int64_t x, int64_t n)
{
    return x < 0 ? 0 : x < n ? x : n - 1;
}

/* ---- exec.c: runs plans ---------------------------------------------------------------------------- */
typedef struct {
    int64_t cursor;         /* first row of the current batch within the permutation */
    int64_t step;           /* repeats completed since the plan was bound */
    int64_t stop;           /* set to 1 + step by a guard (or from outside): leave after this repeat */
    int64_t failed;         /* set by a step of the caller's: leave at once */
    fnn_worth worth;        /* kept from run to run */
} fnn_state;

/* Makes the state that of a plan about to run from row `cursor` on. */
static inline void fnn_rewind(fnn_state *state, int64_t cursor)
{
    state->cursor = cursor;
    state->step = state->stop = state->failed = 0;
}

/* Runs all steps `repeats` times on at most `threads` threads (0: as many as are set; never more),
 * flush-to-zero on every one of them; after each repeat cursor += advance, step += 1. Returns the
 * repeats completed. `state` may be NULL. Behind a step that has failed nothing more is run. */
int64_t fnn_run(const fnn_step *steps, int64_t n, int64_t repeats, int64_t advance,
                fnn_state *state, int threads);

/* The same; adds to spent[k] the seconds from where step k begins to where the next one does, on the calling thread:
 * with what it waits for the others behind a phase. */
int64_t fnn_run_timed(const fnn_step *steps, int64_t n, int64_t repeats, int64_t advance,
                      fnn_state *state, int threads, double *spent);

/* A plan's part in a sequence: from row `cursor` on, so many repeats. */
typedef struct {
    const fnn_step *steps;
    int64_t n, repeats, advance, cursor;
    fnn_state *state;       /* the plan's own */
    int shared;             /* whether threads share a step; filled in by fnn_run_sequence */
} fnn_stretch;

/* Runs n stretches one after the other, the whole of it `rounds` times, as fnn_run does each. A guard ends
 * everything after its repeat and leaves its plan's state.stop set, a step that fails at once. Returns the rounds
 * completed. */
int64_t fnn_run_sequence(fnn_stretch *stretches, int64_t n, int64_t rounds, int threads);

/* ---- crew.c, pool.c: our threads --------------------------------------------------------------------- */
enum { FNN_MAX_THREADS = 256 };
FNN_EXPORT int fnn_threads(void);                   /* the number in force; seen by threadpoolctl */
FNN_EXPORT void fnn_set_threads(int n);                        /* n >= 1; clipped to 1 .. FNN_MAX_THREADS */
int fnn_limit_threads(int n);                       /* at most n, 0: all, for jobs of the calling thread; returns what was before */
int fnn_default_threads(void);                      /* FASTNN_NUM_THREADS, else the least of affinity, cgroup, OMP_NUM_THREADS */
/* Calls job(arg, i, n) for i in 0..n-1, each on its own thread, the caller being 0; returns when all are
 * done. n is at most `threads` (0: no limit) and the number in force, 1 when another caller has the pool, and
 * less in company: see crew.c. */
void fnn_parallel(void (*job)(void *arg, int i, int n), void *arg, int threads);
/* Inside a job, by its caller: whether n is still what `threads` would give. If not, end the job and begin another. */
int fnn_crew_is(int n, int threads);
/* Inside a job: thread i of n waits for all the others. */
void fnn_barrier(int i, int n);

#endif
