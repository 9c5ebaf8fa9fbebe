# Plans made from a finished one, without doing its work again. Included by core.pyx.

cdef struct region:         # of memory
    const char *low
    const char *high
    Py_ssize_t place        # which array's it is


cdef class Template:
    """The steps of a plan without their memory.

    ``memory`` and ``constants``: arrays that hold all that the steps point into, each with memory of its own. `bind`
    gives a copy of the steps other arrays in the place of the former, laid out like them; the latter are only read, and
    shared.
    """
    cdef fnn_step *steps
    cdef fnn_reach *reach
    cdef Py_ssize_t count
    cdef operand *memory       # where it was: nobody looks there any more
    cdef Py_ssize_t arrays
    cdef region *regions       # where all was, by address; places behind the arrays: the plan's state, the constants
    cdef Py_ssize_t n_regions
    cdef const char *state     # of the plan, where it was
    cdef list names, keep
    cdef Py_ssize_t gathers

    def __cinit__(self, Plan plan, memory, constants=()):
        cdef operand o
        cdef Py_ssize_t i
        self.steps = NULL
        self.reach = NULL
        self.memory = NULL
        self.regions = NULL
        self.count, self.arrays, self.n_regions, self.gathers = plan.count, len(memory), 0, len(plan.keep_gather)
        self.names, self.keep, self.state = list(plan.names), list(constants), <const char *>&plan.state
        self.memory = <operand *>calloc(self.arrays + 1, sizeof(operand))
        self.regions = <region *>calloc(self.arrays + 1 + len(constants), sizeof(region))
        self.steps = <fnn_step *>calloc(self.count + 1, sizeof(fnn_step))
        self.reach = <fnn_reach *>calloc(self.count + 1, sizeof(fnn_reach))
        if self.memory == NULL or self.regions == NULL or self.steps == NULL or self.reach == NULL:
            raise MemoryError("no memory for a template")
        for i in range(self.arrays):
            read(memory[i], &self.memory[i], True)
            self.add_region(&self.memory[i], i)
        self.regions[self.n_regions] = region(self.state, self.state + sizeof(fnn_state), self.arrays)
        self.n_regions += 1
        for array in constants:
            read(array, &o, False)
            self.add_region(&o, self.arrays + 1)
        qsort(self.regions, self.n_regions, sizeof(region), by_address)
        for i in range(1, self.n_regions):
            if self.regions[i].low < self.regions[i - 1].high:
                raise ValueError("two arrays of a template share memory")
        memcpy(self.steps, plan.steps, self.count * sizeof(fnn_step))
        memcpy(self.reach, plan.reach, self.count * sizeof(fnn_reach))
        self.move(self.steps, self.reach, NULL)    # whether all is found

    def __dealloc__(self):
        free(self.steps)
        free(self.reach)
        free(self.memory)
        free(self.regions)

    def bind(self, memory):
        """Return a plan of the same steps on this memory, without gathers; it keeps the memory alive."""
        cdef Plan plan = Plan()
        cdef operand o
        cdef Py_ssize_t *shift
        cdef Py_ssize_t i
        if len(memory) != self.arrays:
            raise ValueError(f"{len(memory)} arrays for a template of {self.arrays}")
        shift = <Py_ssize_t *>calloc(self.arrays + 2, sizeof(Py_ssize_t))
        plan.steps = <fnn_step *>calloc(self.count + 1, sizeof(fnn_step))
        plan.reach = <fnn_reach *>calloc(self.count + 1, sizeof(fnn_reach))
        try:
            if shift == NULL or plan.steps == NULL or plan.reach == NULL:
                raise MemoryError("no memory for a plan")
            for i in range(self.arrays):
                read(memory[i], &o, True)
                if not alike(&o, &self.memory[i]):
                    raise ValueError(f"array {i} is not laid out as that of the template")
                shift[i] = o.data - self.memory[i].data
            shift[self.arrays] = <const char *>&plan.state - self.state
            memcpy(plan.steps, self.steps, self.count * sizeof(fnn_step))
            memcpy(plan.reach, self.reach, self.count * sizeof(fnn_reach))
            self.move(plan.steps, plan.reach, shift)
        finally:
            free(shift)
        plan.count = plan.capacity = self.count
        plan.names = list(self.names)
        plan.keep_gather = [None] * self.gathers
        plan.keep.append((list(memory), self.keep))
        return plan

    cdef void add_region(self, operand *o, Py_ssize_t place) noexcept:
        cdef region *r = &self.regions[self.n_regions]
        cdef char *low
        cdef char *high
        if o.size:
            extent(o, &low, &high)
            r.low, r.high, r.place = low, high, place
            self.n_regions += 1

    cdef Py_ssize_t place_of(self, const char *p) except -1:
        """Which array a pointer into the memory as it was points into."""
        cdef Py_ssize_t first = 0, end = self.n_regions, middle
        while first < end:
            middle = (first + end) // 2
            if self.regions[middle].high <= p:
                first = middle + 1
            else:
                end = middle
        if first == self.n_regions or p < self.regions[first].low:
            raise ValueError("a step points into memory that is not the template's")
        return self.regions[first].place

    cdef int move(self, fnn_step *steps, fnn_reach *reach, const Py_ssize_t *shift) except -1:
        """Move the pointers of copies of the steps on by as many bytes as each place's memory is away; NULL: nowhere."""
        cdef Py_ssize_t i, place
        cdef int k
        cdef fnn_touch *touch
        for i in range(self.count):
            for k in range(FNN_BUFS):
                if steps[i].buf[k] != NULL:
                    place = self.place_of(<const char *>steps[i].buf[k])
                    if shift != NULL:
                        steps[i].buf[k] = <char *>steps[i].buf[k] + shift[place]
            for k in range(reach[i].count):
                touch = &reach[i].touch[k]
                place = self.place_of(touch.low)
                if shift != NULL:
                    touch.low, touch.high = touch.low + shift[place], touch.high + shift[place]
        return 0


cdef int by_address(const void *a, const void *b) noexcept nogil:
    cdef const char *x = (<const region *>a).low
    cdef const char *y = (<const region *>b).low
    return (x > y) - (x < y)


cdef bint alike(const operand *a, const operand *b) noexcept:
    """Whether two arrays have the same dtype, shape and strides, and begin at the same place of a cache line."""
    cdef int i
    if a.dtype != b.dtype or a.rank != b.rank or (<size_t>a.data - <size_t>b.data) % 64:
        return False
    for i in range(a.rank):
        if a.shape[i] != b.shape[i] or a.stride[i] != b.stride[i]:
            return False
    return True
