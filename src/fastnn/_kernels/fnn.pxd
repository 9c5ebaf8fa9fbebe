# The C contract (c/fnn.h), as Cython sees it.
from libc.stdint cimport int64_t

cdef extern from "fnn.h" nogil:
    enum: FNN_F32, FNN_F64, FNN_I32, FNN_I64, FNN_U8, FNN_BOOL
    enum: FNN_BUFS, FNN_DIMS, FNN_PARS
    ctypedef struct fnn_step
    ctypedef void (*fnn_kernel)(const fnn_step *s, int64_t begin, int64_t end) noexcept
    ctypedef struct fnn_step:
        fnn_kernel run
        int64_t units
        int64_t grain
        void *buf[10]
        int64_t dim[24]
        double par[8]
        int by_rows
        int64_t phase
        int64_t parts
    enum: FNN_TOUCHES
    ctypedef struct fnn_touch:
        const char *low
        const char *high
        int64_t row
        int written
    ctypedef struct fnn_reach:
        int known
        int count
        fnn_touch touch[12]
    void fnn_share(fnn_step *steps, const fnn_reach *reach, int64_t n)
    ctypedef int (*fnn_prepare)(fnn_step *s) noexcept
    ctypedef struct fnn_entry:
        const char *name
        int dtype
        fnn_prepare prepare
    const char *fnn_isa()
    const char *fnn_isa_problem()
    int fnn_isa_available(int i, const char **name)
    int fnn_isa_select(const char *name)
    const fnn_entry *fnn_find(const char *name, int dtype)
    int fnn_entry_at(int i, const fnn_entry **e)
    ctypedef struct fnn_state:
        int64_t cursor
        int64_t step
        int64_t stop
        int64_t failed
    void fnn_rewind(fnn_state *state, int64_t cursor)
    int64_t fnn_run(const fnn_step *steps, int64_t n, int64_t repeats, int64_t advance,
                    fnn_state *state, int threads)
    int64_t fnn_run_timed(const fnn_step *steps, int64_t n, int64_t repeats, int64_t advance,
                    fnn_state *state, int threads, double *spent)
    ctypedef struct fnn_stretch:
        const fnn_step *steps
        int64_t n, repeats, advance, cursor
        fnn_state *state
        int shared
    int64_t fnn_run_sequence(fnn_stretch *stretches, int64_t n, int64_t rounds, int threads)
    int fnn_threads()
    void fnn_set_threads(int n)
    int fnn_limit_threads(int n)

cdef extern from "fpmode.h" nogil:
    ctypedef int fnn_fpmode
    fnn_fpmode fnn_fp_outside()
    void fnn_fp_leave(fnn_fpmode old)

cdef extern from "orders.h" nogil:
    ctypedef struct fnn_bitgen
    void fnn_shuffles(const fnn_bitgen *bits, int64_t *table, const int64_t *first, int64_t rows, int64_t n)
