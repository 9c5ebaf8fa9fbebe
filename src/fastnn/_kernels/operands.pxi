# Operands: arrays as the kernels see them. Included by core.pyx.

cdef struct operand:
    char *data
    int dtype
    int rank
    int64_t size
    int64_t item
    int64_t shape[MAX_RANK]
    int64_t stride[MAX_RANK]    # in elements


cdef int dtype_code(const char *format, Py_ssize_t item) except -1:
    cdef char c = format[0]
    if c == b'<' or c == b'=' or c == b'@':
        c = format[1]
    if c == b'f' and item == 4:
        return FNN_F32
    if c == b'd' and item == 8:
        return FNN_F64
    if (c == b'i' or c == b'l') and item == 4:
        return FNN_I32
    if (c == b'l' or c == b'q') and item == 8:
        return FNN_I64
    if c == b'B':
        return FNN_U8
    if c == b'?':
        return FNN_BOOL
    raise TypeError(f"no kernel takes the array format {format.decode()!r}; the dtypes are {', '.join(DTYPES)}")


cdef int read(object array, operand *o, bint written) except -1:
    """Fill `o` from anything with the buffer protocol; the caller keeps `array` alive."""
    cdef Py_buffer view
    cdef int i
    PyObject_GetBuffer(array, &view, PyBUF_STRIDES | PyBUF_FORMAT | (PyBUF_WRITABLE if written else 0))
    try:
        if view.ndim > MAX_RANK:
            raise ValueError(f"at most {MAX_RANK} axes, got {view.ndim}")
        o.data = <char *>view.buf
        o.dtype = dtype_code(view.format, view.itemsize)
        o.rank = view.ndim
        o.item = view.itemsize
        o.size = 1
        for i in range(view.ndim):
            o.shape[i] = view.shape[i]
            o.size *= view.shape[i]
        if o.size and <size_t>view.buf % <size_t>view.itemsize:
            raise ValueError("an operand is not aligned to its item size")
        for i in range(view.ndim):
            if o.size and view.strides[i] % view.itemsize:
                raise ValueError("an operand's strides are no multiple of its item size")
            o.stride[i] = view.strides[i] // view.itemsize
            if view.shape[i] == 1:
                o.stride[i] = 0
    finally:
        PyBuffer_Release(&view)
    return 0


cdef tuple shape_of(operand *o):
    return tuple([o.shape[i] for i in range(o.rank)])


cdef int require_contiguous(operand *o, str what) except -1:
    cdef int i
    cdef int64_t expected = 1
    for i in range(o.rank - 1, -1, -1):
        if o.shape[i] != 1 and o.stride[i] != expected and o.size > 0:
            raise ValueError(f"{what} must be C-contiguous")
        expected *= o.shape[i]
    return 0


cdef void extent(operand *o, char **low, char **high) noexcept:
    cdef int i
    low[0] = o.data
    high[0] = o.data + o.item
    for i in range(o.rank):
        if o.stride[i] < 0:
            low[0] += o.stride[i] * (o.shape[i] - 1) * o.item
        else:
            high[0] += o.stride[i] * (o.shape[i] - 1) * o.item


cdef bint overlap(operand *a, operand *b) noexcept:
    cdef char *a_low
    cdef char *a_high
    cdef char *b_low
    cdef char *b_high
    if a.size == 0 or b.size == 0:
        return False
    extent(a, &a_low, &a_high)
    extent(b, &b_low, &b_high)
    return a_low < b_high and b_low < a_high


cdef int64_t row_bytes(operand *o) noexcept:
    """Bytes from one row, along the first axis, to the next; 0 where rows lie between each other."""
    cdef int i
    cdef int64_t inner = 0
    for i in range(1, o.rank):
        if o.stride[i] < 0:
            return 0
        inner += o.stride[i] * (o.shape[i] - 1)
    return o.stride[0] * o.item if o.rank and inner < o.stride[0] else 0


cdef void add_touch(fnn_reach *reach, operand *o, bint written, int64_t row) noexcept:
    """The step of this reach touches ``o``; unit u only the ``row`` bytes from u rows on, 0: each all of it."""
    cdef fnn_touch *touch
    cdef char *low
    cdef char *high
    reach.known = reach.count < FNN_TOUCHES
    if o.size == 0 or not reach.known:
        return
    touch = &reach.touch[reach.count]
    extent(o, &low, &high)
    touch.low, touch.high, touch.row, touch.written = low, high, row, written
    reach.count += 1


cdef bint same_memory(operand *a, operand *b) noexcept:
    cdef int i
    if a.data != b.data or a.rank != b.rank or a.item != b.item:
        return False
    for i in range(a.rank):
        if a.shape[i] != b.shape[i] or a.stride[i] != b.stride[i]:
            return False
    return True


cdef int broadcast(operand *o, operand *out) except -1:
    """Give `o` the shape of `out`, with stride 0 along broadcast axes."""
    cdef int i, shift = out.rank - o.rank
    if shift < 0:
        raise ValueError(f"shape {shape_of(o)} does not broadcast to {shape_of(out)}")
    for i in range(out.rank - 1, -1, -1):
        if i < shift:
            o.stride[i] = 0
        else:
            if o.shape[i - shift] != out.shape[i] and o.shape[i - shift] != 1:
                raise ValueError(f"an operand does not broadcast to {shape_of(out)}")
            o.stride[i] = 0 if o.shape[i - shift] == 1 else o.stride[i - shift]
    for i in range(out.rank):
        o.shape[i] = out.shape[i]
    o.rank = out.rank
    return 0


cdef void sort_axes(operand *ops, int n) noexcept:
    """Order the axes of all operands by the output's strides, largest first (stable insertion sort)."""
    cdef int i, j, k
    cdef int64_t t
    for i in range(1, ops[0].rank):
        j = i
        while j > 0 and abs(ops[0].stride[j - 1]) < abs(ops[0].stride[j]):
            for k in range(n):
                t = ops[k].stride[j]; ops[k].stride[j] = ops[k].stride[j - 1]; ops[k].stride[j - 1] = t
                t = ops[k].shape[j]; ops[k].shape[j] = ops[k].shape[j - 1]; ops[k].shape[j - 1] = t
            j -= 1


cdef void collapse(operand *ops, int n) noexcept:
    """Drop axes of size 1 and merge neighbours that all operands walk as one."""
    cdef int i, k, rank = 0
    cdef bint merge
    for i in range(ops[0].rank):
        if ops[0].shape[i] == 1:
            continue
        merge = rank > 0
        for k in range(n):
            if merge and ops[k].stride[rank - 1] != ops[k].stride[i] * ops[0].shape[i]:
                merge = False
        for k in range(n):
            if merge:
                ops[k].stride[rank - 1] = ops[k].stride[i]
                ops[k].shape[rank - 1] *= ops[k].shape[i]
            else:
                ops[k].stride[rank] = ops[k].stride[i]
                ops[k].shape[rank] = ops[k].shape[i]
        if not merge:
            rank += 1
    if rank == 0:       # one element: any stride will do, and kernels are quick at adjacent ones
        for k in range(n):
            ops[k].shape[0] = 1
            ops[k].stride[0] = 1
        rank = 1
    for k in range(n):
        ops[k].rank = rank


# ---- matrices and rows of parameters

cdef int check_csr(object columns, object starts, int64_t elements, int64_t features) except -1:
    """Raise ValueError unless starts go up from 0 to the number of elements and columns are among the features."""
    ends = starts[1:] >= starts[:-1]
    if starts[0] != 0 or starts[-1] != elements or len(columns) != elements or not ends.all():
        raise ValueError("starts must go up from 0 to the number of elements")
    if elements and not (0 <= columns.min() and columns.max() < features):
        raise ValueError(f"columns must be between 0 and {features - 1}")
    return 0


cdef void transpose(operand *o) noexcept:
    cdef int64_t t
    t = o.shape[0]; o.shape[0] = o.shape[1]; o.shape[1] = t
    t = o.stride[0]; o.stride[0] = o.stride[1]; o.stride[1] = t


cdef int require_like(operand *e, operand *o, str what) except -1:
    """Shape, dtype and layout of two matrices are the same (adjacent columns)."""
    if e.dtype != o.dtype or shape_of(e) != shape_of(o):
        raise ValueError(f"{what} of shape {shape_of(e)} {DTYPES[e.dtype]} does not match "
                         f"{shape_of(o)} {DTYPES[o.dtype]}")
    if (e.shape[1] > 1 and e.stride[1] != 1) or (e.shape[0] > 1 and e.stride[0] != o.stride[0]):
        raise BufferError(f"{what} is not laid out as the matrix it belongs to")
    return 0


cdef int read_order(object permutation, operand *p) except -1:
    read(permutation, p, False)
    require_contiguous(p, "permutation")
    if p.dtype != FNN_I64 or p.rank != 1:
        raise TypeError("permutation must be a vector of int64")
    return 0


cdef int read_scalars(object scalars, operand *e) except -1:
    read(scalars, e, False)
    if e.dtype != FNN_F64 or e.size < 2:
        raise TypeError("scalars must be two float64 numbers")
    require_contiguous(e, "scalars")
    return 0


cdef void drop_first(operand *o) noexcept:
    """See the first of a number of arrays."""
    cdef int i
    o.rank -= 1
    o.size = 1
    for i in range(o.rank):
        o.shape[i] = o.shape[i + 1]
        o.stride[i] = o.stride[i + 1]
        o.size *= o.shape[i]


cdef void see_items(operand *o) noexcept:
    """See the first of a number of matrices; behind its axes stand the number of them and the stride between them."""
    cdef int64_t items = o.shape[0], stride = o.stride[0]
    drop_first(o)
    o.shape[2] = items
    o.stride[2] = stride


cdef int as_rows(operand *o) except -1:
    """See parameters as rows of adjacent elements: sort axes by stride, merge all but padded rows."""
    sort_axes(o, 1)
    collapse(o, 1)
    if o.rank == 1:
        o.rank = 2
        o.shape[1] = o.shape[0]
        o.stride[1] = o.stride[0]
        o.shape[0] = 1
        o.stride[0] = o.shape[1]
    if o.rank != 2 or (o.shape[1] > 1 and o.stride[1] != 1):
        raise BufferError("parameters must be rows of adjacent elements")
    return 0


cdef int rows_in_order_of(operand *w, operand *g) except -1:
    """See the gradient g through the axes that `as_rows` gave to w."""
    cdef operand pair[2]
    pair[0] = w[0]
    pair[1] = g[0]
    sort_axes(pair, 2)
    w[0] = pair[0]
    collapse(w, 1)
    collapse(&pair[1], 1)
    g[0] = pair[1]
    if g.rank == 1 and w.rank == 1:
        g.shape[1] = g.shape[0]
        g.stride[1] = g.stride[0]
        g.shape[0] = 1
        g.stride[0] = g.shape[1]
    elif g.rank == 1:                    # w has padded rows, g is dense
        g.shape[0] = w.shape[0]
        g.shape[1] = w.shape[1]
        if g.stride[0] != 1:
            raise BufferError("the gradient's layout does not suit the parameters'")
        g.stride[1] = 1
        g.stride[0] = w.shape[1]
    elif w.rank == 1:
        raise BufferError("the gradient's layout does not suit the parameters'")
    g.rank = 2
    return 0


cdef int set_pars(fnn_step *step, pars) except -1:
    cdef int i
    if len(pars) > FNN_PARS:
        raise ValueError(f"{len(pars)} scalar parameters; a step has room for {FNN_PARS}")
    for i in range(len(pars)):
        step.par[i] = pars[i]
    return 0


cdef int require_slots(slots) except -1:
    if len(slots) > 3:
        raise ValueError(f"{len(slots)} slots; a rule has at most 3")
    return 0
