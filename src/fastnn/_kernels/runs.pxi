# Other ways to run plans than `Plan.run`: many in turn, and one on an array of the caller's. Included by core.pyx.

cdef class Sequence:
    """Plans run one after the other, again and again, without a return to Python."""
    cdef fnn_stretch *stretches
    cdef Py_ssize_t count
    cdef list plans
    cdef readonly int64_t completed    # rounds of the last run

    def __cinit__(self, parts):
        """``parts``: (plan, gather, repeats, advance, cursor) each, as for `Plan.run`; no step is appended later."""
        cdef Plan plan
        cdef fnn_stretch *s
        cdef Py_ssize_t first
        self.completed = 0
        self.plans = list({id(part[0]): part[0] for part in parts}.values())
        self.count = len(parts)
        self.stretches = <fnn_stretch *>calloc(self.count + 1, sizeof(fnn_stretch))
        if self.stretches == NULL:
            raise MemoryError("no memory for a sequence")
        for i, (plan, gather, repeats, advance, cursor) in enumerate(parts):
            first = 0 if gather else len(plan.keep_gather)
            s = &self.stretches[i]
            s.steps = plan.steps + first
            s.n = plan.count - first
            s.repeats = repeats
            s.advance = advance
            s.cursor = cursor
            s.state = &plan.state

    def __dealloc__(self):
        free(self.stretches)

    def run(self, int64_t rounds, int threads=0):
        """Run all plans ``rounds`` times; return the rounds completed: fewer when a guard stopped one of them."""
        cdef Plan plan
        for plan in self.plans:
            plan.require_idle()
        for plan in self.plans:
            plan.enter()
        with nogil:
            self.completed = fnn_run_sequence(self.stretches, self.count, rounds, threads)
        for plan in self.plans:
            plan.running = False
        for plan in self.plans:
            plan.leave()
        return self.completed


cdef struct place:          # where a step has a pointer into the input
    Py_ssize_t step
    int buf
    Py_ssize_t offset


cdef class Call:
    """A plan as a function of one array, which its steps read where it stands.

    ``memory`` is the input that the plan was made on, C-contiguous, which no step writes; ``out`` lies elsewhere. Not
    to be called by two threads at once.
    """
    cdef Plan plan
    cdef object memory
    cdef object out
    cdef operand input
    cdef place *places
    cdef Py_ssize_t count

    def __cinit__(self, Plan plan, memory, out):
        cdef operand o
        cdef Py_ssize_t i
        cdef int k
        cdef char *low
        cdef char *high
        self.places = NULL
        self.count = 0
        read(memory, &self.input, False)
        read(out, &o, False)
        require_contiguous(&self.input, "the input")
        if overlap(&self.input, &o):
            raise ValueError("the output overlaps the input")
        if plan.calls_python:
            raise ValueError("a Python step looks at the memory that it was made with")
        self.plan, self.memory, self.out = plan, memory, out
        self.places = <place *>calloc(plan.count * FNN_BUFS + 1, sizeof(place))
        if self.places == NULL:
            raise MemoryError("no memory for a call")
        extent(&self.input, &low, &high)
        for i in range(plan.count if self.input.size else 0):
            for k in range(FNN_BUFS):
                if low <= <char *>plan.steps[i].buf[k] < high:
                    self.places[self.count] = place(i, k, <char *>plan.steps[i].buf[k] - low)
                    self.count += 1

    def __dealloc__(self):
        free(self.places)

    cdef void look_at(self, char *data) noexcept:
        cdef place *p
        for p in self.places[:self.count]:
            self.plan.steps[p.step].buf[p.buf] = data + p.offset

    def __call__(self, x):
        """Return a copy of the output for x; None where x has not the dtype, shape and layout of the memory."""
        cdef operand o
        cdef int i
        cdef Plan plan = self.plan
        cdef Py_ssize_t first = len(plan.keep_gather)
        try:
            read(x, &o, False)
        except (BufferError, TypeError, ValueError):
            return None
        if o.dtype != self.input.dtype or o.rank != self.input.rank:
            return None
        for i in range(o.rank):
            if o.shape[i] != self.input.shape[i] or o.stride[i] != self.input.stride[i]:
                return None
        plan.enter()
        fnn_rewind(&plan.state, 0)
        self.look_at(o.data)
        with nogil:
            fnn_run(plan.steps + first, plan.count - first, 1, 0, &plan.state, 0)
        self.look_at(self.input.data)
        plan.leave()
        return self.out.copy()
