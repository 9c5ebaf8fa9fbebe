# cython: language_level=3, freethreading_compatible=True, binding=True
"""Binds NumPy arrays to the C kernels: checks every operand, fills steps, runs plans without the GIL.

Operands are read through the buffer protocol; a plan keeps them alive. The meaning of a step's fields
is given in ``docs/kernels.md``.
"""
from cpython.buffer cimport (PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release,
                             PyObject_GetBuffer)
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free, qsort, realloc
from libc.string cimport memcpy, memset

from .fnn cimport *

__all__ = ["ACTIVATIONS", "Call", "DTYPES", "Plan", "RULES", "Sequence", "Template", "address",
           "available_isas", "get_isa", "get_num_threads", "isa_problem", "kernel_names",
           "limit_threads", "set_isa", "set_num_threads", "shuffles"]

cdef enum:
    MAX_RANK = 16
    OUTER = 3          # outer axes that a map step can hold

DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")
ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh")
DERIVATIVES = (*ACTIVATIONS, "relu_dropout")
RULES = ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam")

include "operands.pxi"


def address(array):
    """Where the first element of an array stands."""
    cdef operand o
    read(array, &o, False)
    return <size_t>o.data


# ---- threads and instruction sets --------------------------------------------------------------------

def get_num_threads():
    return fnn_threads()

def set_num_threads(int n):
    if n < 1:
        raise ValueError(f"the number of threads must be at least 1, got {n}")
    fnn_set_threads(n)

def limit_threads(int n):
    """Let what the calling Python thread runs use at most n threads, 0: all; return what was before."""
    return fnn_limit_threads(n)

def get_isa():
    return fnn_isa().decode()

def isa_problem():
    """What is wrong with FASTNN_ISA, or None."""
    cdef const char *text = fnn_isa_problem()
    return None if text == NULL else text.decode()

def available_isas():
    cdef const char *name
    cdef int i = 0
    names = []
    while fnn_isa_available(i, &name):
        names.append(name.decode())
        i += 1
    return tuple(names)

def set_isa(str name):
    """Choose the kernels of one instruction set. Plans made before keep theirs."""
    if fnn_isa_select(name.encode()) != 0:
        raise ValueError(f"instruction set {name!r} is not usable here; available: {', '.join(available_isas())}")

def kernel_names():
    """All (name, dtype) pairs of the table in use."""
    cdef const fnn_entry *entry
    cdef int i = 0
    names = []
    while fnn_entry_at(i, &entry):
        names.append((entry.name.decode(), DTYPES[entry.dtype]))
        i += 1
    return names


# ---- plans ---------------------------------------------------------------------------------------------

include "steps.pxi"


cdef class Plan(Steps):
    """Steps that run, on a batch whose rows may be gathered first. Not to be run by two threads at once."""
    cdef fnn_state state
    cdef list keep_gather
    cdef list errors
    cdef bint running
    cdef readonly bint calls_python     # whether a step is a function of Python, which has its own pointers to memory

    def __cinit__(self):
        memset(&self.state, 0, sizeof(fnn_state))
        self.keep_gather = []
        self.errors = []
        self.running = self.calls_python = False

    # -- the batch: rows gathered from sources, and the guard against values that are not finite --

    def reserve_gather(self, int n):
        """Make room for n gather steps at the head of an empty plan."""
        cdef int i
        if self.count:
            raise RuntimeError("gather steps stand at the head of a plan")
        for i in range(n):
            self.new_step().run = do_nothing
            self.names.append("gather_rows")
            self.keep_gather.append(None)
            self.count += 1

    cdef int require_gather(self, int i) except -1:
        """Raise an error unless gather step i is there and may be changed now."""
        self.require_idle()
        if not 0 <= i < len(self.keep_gather):
            raise IndexError(f"gather step {i} of {len(self.keep_gather)}")
        return 0

    cdef int put_gather(self, int i, const fnn_step *step, kept) except -1:
        """Make this step gather step i, which touches nothing yet and keeps ``kept`` alive."""
        self.steps[i] = step[0]
        memset(&self.reach[i], 0, sizeof(fnn_reach))
        self.shared = False
        self.keep_gather[i] = kept
        return 0

    def set_gather(self, int i, out, source, permutation=None, bint watch=False):
        """Step i fills ``out`` (rows, ...) from rows of ``source``, from the plan's cursor on.

        With ``watch`` it stops the plan, as a guard does, at a batch in which a float is not finite.
        """
        cdef operand o, s, p
        cdef fnn_step step
        cdef int64_t row = 1
        cdef int d
        self.require_gather(i)
        read(out, &o, True)
        read(source, &s, False)
        require_contiguous(&o, "a batch buffer")
        if o.rank != s.rank or o.rank == 0:
            raise ValueError(f"rows of shape {shape_of(&s)[1:]} for a batch of {shape_of(&o)}")
        for d in range(o.rank - 1, 0, -1):
            if o.shape[d] != s.shape[d]:
                raise ValueError(f"rows of shape {shape_of(&s)[1:]} for a batch of {shape_of(&o)}")
            if s.shape[d] > 1 and s.stride[d] != row:
                raise ValueError("a source's rows must be contiguous")
            row *= o.shape[d]
        memset(&step, 0, sizeof(fnn_step))
        if permutation is not None:
            read_order(permutation, &p)
            step.buf[2] = p.data
            step.dim[6] = p.size
        step.buf[0] = o.data
        step.buf[1] = s.data
        step.buf[3] = &self.state.cursor
        if watch and o.dtype in (FNN_F32, FNN_F64):
            step.buf[4] = &self.state
        step.dim[0] = o.shape[0]
        step.dim[1] = row
        step.dim[2] = s.shape[0]
        step.dim[3] = s.stride[0] if s.shape[0] > 1 else row
        step.dim[4] = s.dtype
        step.dim[5] = row
        step.dim[7] = self.parts_of(&o)
        if permutation is None:
            step.dim[6] = s.shape[0]
        if o.size:
            self.prepare(&step, "gather_rows", o.dtype)
        else:
            step.run = do_nothing
        self.put_gather(i, &step, (out, source, permutation))
        add_touch(&self.reach[i], &o, True, 0 if step.dim[7] else row * o.item)
        add_touch(&self.reach[i], &s, False, 0)
        if permutation is not None:
            add_touch(&self.reach[i], &p, False, 0)

    def clear_gather(self, int i):
        """Step i does nothing, and its source may go."""
        cdef fnn_step step
        self.require_gather(i)
        memset(&step, 0, sizeof(fnn_step))
        step.run = do_nothing
        self.put_gather(i, &step, None)

    def set_gather_csr(self, int i, out, source, int64_t features, permutation=None):
        """Step i fills ``out``, the (bounds, values, columns) of a batch, from rows of a source, from the plan's cursor on.

        ``source``: the values, columns (int32) and starts (int64: where each row begins, and the end) of a matrix in CSR
        format with so many ``features``. The batch has no room for more elements than its values are; those beyond are left out.
        """
        cdef operand p[3]
        cdef operand s[3]
        cdef operand order
        cdef fnn_step step
        cdef int k
        self.require_gather(i)
        memset(&step, 0, sizeof(fnn_step))
        for k in range(3):
            read(out[k], &p[k], True)
            read(source[k], &s[k], False)
            require_contiguous(&p[k], "a batch of sparse rows")
            require_contiguous(&s[k], "a source of sparse rows")
            step.buf[k], step.buf[3 + k] = p[k].data, s[k].data
        if p[1].dtype != s[0].dtype or p[2].dtype != FNN_I32 or s[1].dtype != FNN_I32 or s[2].dtype != FNN_I64:
            raise TypeError(f"sparse rows of {[DTYPES[s[k].dtype] for k in range(3)]} for a batch of "
                            f"{[DTYPES[p[k].dtype] for k in range(3)]}")
        if (p[0].rank != 2 or p[0].shape[1] != 2 or p[0].dtype != FNN_I32 or p[1].size != p[2].size
                or p[1].size > 0x7fffffff or s[2].size < 2):
            raise ValueError(f"{shape_of(&s[2])} starts for a batch of {shape_of(&p[0])}")
        check_csr(source[1], source[2], s[0].size, features)
        step.dim[0], step.dim[1], step.dim[2], step.dim[3] = p[0].shape[0], p[1].size, s[2].size - 1, features
        step.dim[4], step.dim[5] = s[2].size - 1, s[0].size
        if permutation is not None:
            read_order(permutation, &order)
            step.buf[6] = order.data
            step.dim[4] = order.size
        step.buf[7] = &self.state.cursor
        self.prepare(&step, "gather_csr", s[0].dtype)
        self.put_gather(i, &step, (out, source, permutation))
        for k in range(3):
            add_touch(&self.reach[i], &p[k], True, 0)
            add_touch(&self.reach[i], &s[k], False, 0)
        if permutation is not None:
            add_touch(&self.reach[i], &order, False, 0)

    def guard(self, *values):
        """Stop after the repeat in which one of the arrays, all of one dtype, holds a value that is not finite."""
        cdef operand o
        cdef fnn_step *step
        cdef int i, dtype = -1
        for i in range(0, len(values), FNN_DIMS // 3):
            step = self.new_step()
            step.buf[0] = &self.state
            for k, value in enumerate(values[i : i + FNN_DIMS // 3]):
                read(value, &o, False)
                if dtype not in (-1, o.dtype):
                    raise TypeError(f"guard: arrays of {DTYPES[dtype]} and {DTYPES[o.dtype]}")
                dtype = o.dtype
                as_rows(&o)
                step.buf[1 + k] = o.data
                step.dim[3 * k] = o.shape[0]
                step.dim[3 * k + 1] = o.shape[1]
                step.dim[3 * k + 2] = o.stride[0]
                self.touch(&o, False)
            self.commit("guard", dtype)
        self.keep.append(values)

    def python(self, fn):
        """A step that takes the GIL and calls fn(); an exception ends the run at once, and is raised by ``run``."""
        cdef fnn_step *step = self.new_step()
        call = (fn, self.errors)
        step.run = call_python
        step.units = step.grain = 1
        step.buf[0] = <void *>call
        step.buf[1] = &self.state
        self.keep.append(call)
        self.calls_python = True
        self.names.append("python")
        self.count += 1

    # -- running --

    cdef void share(self) noexcept:
        """Say how threads share the steps, unless that has been done."""
        if not self.shared:
            fnn_share(self.steps, self.reach, self.count)
            self.shared = True

    def require_idle(self):
        """Raise an error where one of the plan's own Python steps asks for what would disturb its run."""
        if self.running:
            raise RuntimeError("a program is running: a Python step of its own (py_op) cannot run or change it")

    def abandon(self):
        """After a fork: forget the run of a thread that is not there any more."""
        self.running = False
        self.errors.clear()

    cdef int enter(self) except -1:
        """Begin a run: say how threads share the steps, unless that has been done."""
        self.require_idle()
        self.share()
        self.running = True
        return 0

    cdef int leave(self) except -1:
        """End a run: raise what a Python step has raised."""
        self.running = False
        if self.errors:
            raise self.errors.pop()
        return 0

    def run(self, int64_t repeats=1, int64_t advance=0, int64_t cursor=0, int threads=0, bint gather=True):
        """Run all steps ``repeats`` times; after each the cursor moves on by ``advance`` rows.

        Returns the number of repeats completed: fewer when a guard stopped the plan, and then
        ``stopped_at`` tells the repeat. ``gather=False`` leaves the gather steps out.
        """
        cdef int64_t done
        cdef Py_ssize_t first = 0 if gather else len(self.keep_gather)
        self.enter()
        fnn_rewind(&self.state, cursor)
        with nogil:
            done = fnn_run(self.steps + first, self.count - first, repeats, advance, &self.state, threads)
        self.leave()
        return done

    def gather(self, int64_t cursor=0):
        """Run the gather steps alone: the rows from the cursor on then stand in the plan's inputs."""
        cdef Py_ssize_t steps = len(self.keep_gather)
        self.require_idle()
        fnn_rewind(&self.state, cursor)
        with nogil:
            fnn_run(self.steps, steps, 1, 0, &self.state, 1)

    def times(self, int64_t repeats=1, int64_t advance=0, int64_t cursor=0, int threads=0):
        """Seconds from where each step begins to where the next one does: where the time of a plan goes.

        The mean over ``repeats`` runs as ``run`` makes them, by the calling thread's clock: what it waits for other
        threads is in the last step of a phase.
        """
        cdef Py_ssize_t i
        cdef int64_t done
        cdef double *spent
        self.require_idle()
        spent = <double *>calloc(self.count + 1, sizeof(double))
        if spent == NULL:
            raise MemoryError("no memory for the times of a plan")
        self.enter()
        fnn_rewind(&self.state, cursor)
        with nogil:
            done = fnn_run_timed(self.steps, self.count, repeats, advance, &self.state, threads, spent)
        try:
            self.leave()
            return [spent[i] / max(done, 1) for i in range(self.count)]
        finally:
            free(spent)

    @property
    def stopped_at(self):
        """Index of the repeat that a guard stopped in the last run, or None."""
        return self.state.stop - 1 if self.state.stop else None

    def phases(self):
        """(kernel, phase, parts) of every step: those of one phase, not 0, run without a barrier between them."""
        self.share()
        return [(self.names[i], self.steps[i].phase, self.steps[i].parts) for i in range(self.count)]


include "runs.pxi"

include "template.pxi"

include "orders.pxi"


cdef void do_nothing(const fnn_step *s, int64_t begin, int64_t end) noexcept nogil:
    pass


cdef void call_python(const fnn_step *s, int64_t begin, int64_t end) noexcept with gil:
    cdef tuple call = <tuple>s.buf[0]
    cdef fnn_fpmode mode = fnn_fp_outside()
    try:
        call[0]()
    except BaseException as error:
        call[1].append(error)
        (<fnn_state *>s.buf[1]).failed = 1
    fnn_fp_leave(mode)
