# Plans made from a finished one, without doing its work again. Included by core.pyx.

cdef class Template:
    """The steps of a plan without their memory.

    ``memory`` and ``constants``: arrays that hold all that the steps point into. `bind` gives a copy of the steps other
    arrays in the place of the former, laid out like them; the latter are only read, and shared.
    """
    cdef fnn_step *steps
    cdef fnn_reach *reach
    cdef Py_ssize_t count
    cdef operand *memory       # where it was: nobody looks there any more
    cdef operand *constants
    cdef Py_ssize_t arrays, shared
    cdef const char *state     # of the plan, where it was
    cdef list names, keep
    cdef Py_ssize_t gathers

    def __cinit__(self, Plan plan, memory, constants=()):
        self.steps = NULL
        self.reach = NULL
        self.memory = self.constants = NULL
        self.count, self.arrays, self.shared, self.gathers = plan.count, 0, 0, len(plan.keep_gather)
        self.names, self.keep, self.state = list(plan.names), list(constants), <const char *>&plan.state
        self.memory = <operand *>calloc(len(memory) + 1, sizeof(operand))
        self.constants = <operand *>calloc(len(constants) + 1, sizeof(operand))
        self.steps = <fnn_step *>calloc(self.count + 1, sizeof(fnn_step))
        self.reach = <fnn_reach *>calloc(self.count + 1, sizeof(fnn_reach))
        if self.memory == NULL or self.constants == NULL or self.steps == NULL or self.reach == NULL:
            raise MemoryError("no memory for a template")
        for array in memory:
            read(array, &self.memory[self.arrays], True)
            self.arrays += 1
        for array in constants:
            read(array, &self.constants[self.shared], False)
            self.shared += 1
        memcpy(self.steps, plan.steps, self.count * sizeof(fnn_step))
        memcpy(self.reach, plan.reach, self.count * sizeof(fnn_reach))
        self.move(self.steps, self.reach, self.memory, self.state)    # nowhere else: whether all is found

    def __dealloc__(self):
        free(self.steps)
        free(self.reach)
        free(self.memory)
        free(self.constants)

    def bind(self, memory):
        """Return a plan of the same steps on this memory, without gathers; it keeps the memory alive."""
        cdef Plan plan = Plan()
        cdef operand *to
        cdef Py_ssize_t i
        if len(memory) != self.arrays:
            raise ValueError(f"{len(memory)} arrays for a template of {self.arrays}")
        to = <operand *>calloc(self.arrays + 1, sizeof(operand))
        plan.steps = <fnn_step *>calloc(self.count + 1, sizeof(fnn_step))
        plan.reach = <fnn_reach *>calloc(self.count + 1, sizeof(fnn_reach))
        try:
            if to == NULL or plan.steps == NULL or plan.reach == NULL:
                raise MemoryError("no memory for a plan")
            for i in range(self.arrays):
                read(memory[i], &to[i], True)
                if not alike(&to[i], &self.memory[i]):
                    raise ValueError(f"array {i} is not laid out as that of the template")
            memcpy(plan.steps, self.steps, self.count * sizeof(fnn_step))
            memcpy(plan.reach, self.reach, self.count * sizeof(fnn_reach))
            self.move(plan.steps, plan.reach, to, <const char *>&plan.state)
        finally:
            free(to)
        plan.count = plan.capacity = self.count
        plan.names = list(self.names)
        plan.keep_gather = [None] * self.gathers
        plan.keep.append((list(memory), self.keep))
        return plan

    cdef int move(self, fnn_step *steps, fnn_reach *reach, const operand *to, const char *state) except -1:
        """Make copies of the steps point to ``to`` and to the state."""
        cdef Py_ssize_t i
        cdef int k
        cdef fnn_touch *touch
        for i in range(self.count):
            for k in range(FNN_BUFS):
                if steps[i].buf[k] != NULL:
                    steps[i].buf[k] = <void *>self.moved(<const char *>steps[i].buf[k], to, state)
            for k in range(reach[i].count):
                touch = &reach[i].touch[k]
                touch.low, touch.high = self.moved(touch.low, to, state), self.moved(touch.high - 1, to, state) + 1
        return 0

    cdef const char *moved(self, const char *p, const operand *to, const char *state) except NULL:
        """What p, a pointer into the memory as it was, is in the arrays ``to``."""
        cdef Py_ssize_t i
        if self.state <= p < self.state + sizeof(fnn_state):
            return state + (p - self.state)
        for i in range(self.arrays):
            if holds(&self.memory[i], p):
                return to[i].data + (p - self.memory[i].data)
        for i in range(self.shared):
            if holds(&self.constants[i], p):
                return p
        raise ValueError("a step points into memory that is not the template's")


cdef bint holds(operand *o, const char *p) noexcept:
    cdef char *low
    cdef char *high
    extent(o, &low, &high)
    return o.size != 0 and low <= p < high


cdef bint alike(const operand *a, const operand *b) noexcept:
    """Whether two arrays have the same dtype, shape and strides, and begin at the same place of a cache line."""
    cdef int i
    if a.dtype != b.dtype or a.rank != b.rank or (<size_t>a.data - <size_t>b.data) % 64:
        return False
    for i in range(a.rank):
        if a.shape[i] != b.shape[i] or a.stride[i] != b.stride[i]:
            return False
    return True
