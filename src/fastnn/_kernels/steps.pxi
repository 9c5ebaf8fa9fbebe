# The steps of a plan. Included by core.pyx.

_TO_BOOL = frozenset(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isnan", "isinf",
                      "isfinite"])


cdef class Steps:
    """A straight line of steps over memory that it keeps alive.

    The methods append steps, and check their operands, which C trusts.
    """
    cdef fnn_step *steps
    cdef fnn_reach *reach          # of each step
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity
    cdef bint shared               # whether fnn_share knows the steps as they are
    cdef readonly list names
    cdef readonly list scratch     # memory that these steps alone use, whole; who allocates it for them appends it
    cdef list keep
    cdef dict own                  # where a matrix stands -> bytes from row to row, all of which is its own

    def __cinit__(self):
        self.steps = NULL
        self.reach = NULL
        self.count = self.capacity = 0
        self.shared = False
        self.names = []
        self.scratch = []
        self.keep = []
        self.own = {}

    def __dealloc__(self):
        free(self.steps)
        free(self.reach)

    def __len__(self):
        return self.count

    def describe(self):
        """(kernel, units, grain) of every step, for people."""
        return [(self.names[i], self.steps[i].units, self.steps[i].grain) for i in range(self.count)]

    cdef fnn_step *new_step(self) except NULL:
        cdef Py_ssize_t capacity
        cdef void *grown
        if self.count == self.capacity:
            capacity = 2 * self.capacity if self.capacity else 1
            grown = realloc(self.steps, capacity * sizeof(fnn_step))
            if grown == NULL:
                raise MemoryError("no memory for a plan")
            self.steps = <fnn_step *>grown
            grown = realloc(self.reach, capacity * sizeof(fnn_reach))
            if grown == NULL:
                raise MemoryError("no memory for a plan")
            self.reach = <fnn_reach *>grown
            self.capacity = capacity
        memset(&self.steps[self.count], 0, sizeof(fnn_step))
        memset(&self.reach[self.count], 0, sizeof(fnn_reach))
        self.shared = False
        return &self.steps[self.count]

    cdef void touch(self, operand *o, bint written) noexcept:
        """The step being made touches ``o``, each unit all of it as far as is known."""
        add_touch(&self.reach[self.count], o, written, 0)

    cdef int prepare(self, fnn_step *step, str name, int dtype) except -1:
        cdef const fnn_entry *entry = fnn_find(name.encode(), dtype)
        if entry == NULL:
            raise TypeError(f"no kernel {name!r} for dtype {DTYPES[dtype]}")
        if entry.prepare(step) != 0:
            raise ValueError(f"kernel {name!r} refused its sizes")
        return 0

    cdef int commit(self, str name, int dtype) except -1:
        self.prepare(&self.steps[self.count], name, dtype)
        self.names.append(name)
        self.count += 1
        return 0

    def hold(self, *objects):
        """Keep objects alive as long as the plan."""
        self.keep.extend(objects)

    def own_rows(self, matrix):
        """What lies between the rows of this matrix, and behind the last, is memory that products may write to."""
        cdef operand o
        read(matrix, &o, True)
        self.own[<size_t>o.data] = row_bytes(&o)

    cdef bint owns_rows(self, operand *o) except -1:
        return self.own.get(<size_t>o.data) == row_bytes(o)

    # -- kernels --

    def map(self, str name, out, *ins, double a=0.0, double b=0.0, double c=0.0):
        """Elementwise: out = name(*ins), the inputs broadcast to out's shape."""
        cdef operand ops[4]
        cdef int i, k, n = 1 + len(ins)
        cdef int dtype
        if not 2 <= n <= 4:
            raise ValueError(f"map takes 1 to 3 inputs, got {n - 1}")
        read(out, &ops[0], True)
        for i in range(1, n):
            read(ins[i - 1], &ops[i], False)
        dtype = ops[2].dtype if name == "where" else ops[1].dtype
        self.check_map_dtypes(name, ops, n)
        for i in range(1, n):
            broadcast(&ops[i], &ops[0])
            if overlap(&ops[0], &ops[i]) and not same_memory(&ops[0], &ops[i]):
                raise ValueError(f"{name}: the output overlaps an input")
        if ops[0].size == 0:
            return
        for k in range(ops[0].rank):
            if ops[0].shape[k] > 1 and ops[0].stride[k] == 0:
                raise ValueError(f"{name}: the output may not be a broadcast view")
        sort_axes(ops, n)
        collapse(ops, n)
        self.keep.append((out, ins))
        self.append_map(name, ops, n, dtype, a, b, c)

    cdef int check_map_dtypes(self, str name, operand *ops, int n) except -1:
        cdef int i, first = 2 if name == "where" else 1
        cdef int out = ops[first].dtype
        if name.startswith("cast_"):
            out = DTYPES.index({"f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64",
                                "u8": "uint8", "bool": "bool"}[name[5:]])
        elif name in _TO_BOOL:
            out = FNN_BOOL
        if ops[0].dtype != out:
            raise TypeError(f"{name}: the output must be {DTYPES[out]}, got {DTYPES[ops[0].dtype]}")
        if name == "where" and ops[1].dtype != FNN_BOOL:
            raise TypeError(f"where: the condition must be bool, got {DTYPES[ops[1].dtype]}")
        for i in range(first, n):
            if ops[i].dtype != ops[first].dtype:
                raise TypeError(f"{name}: inputs of dtypes {DTYPES[ops[first].dtype]} and {DTYPES[ops[i].dtype]}")
        return 0

    cdef int append_map(self, str name, operand *ops, int n, int dtype, double a, double b, double c) except -1:
        cdef fnn_step *step
        cdef operand part[4]
        cdef int64_t i, row
        cdef int d, k, rank = ops[0].rank
        if rank > OUTER + 1:     # rare: one step for each index of the outermost axis
            for i in range(ops[0].shape[0]):
                for k in range(n):
                    part[k] = ops[k]
                    part[k].data += i * ops[k].stride[0] * ops[k].item
                    part[k].rank = rank - 1
                    for d in range(rank - 1):
                        part[k].shape[d] = ops[k].shape[d + 1]
                        part[k].stride[d] = ops[k].stride[d + 1]
                self.append_map(name, part, n, dtype, a, b, c)
            return 0
        step = self.new_step()
        step.dim[0] = ops[0].shape[rank - 1]
        step.dim[5] = rank - 1
        for k in range(n):
            step.buf[k] = ops[k].data
            step.dim[1 + k] = ops[k].stride[rank - 1]
            for d in range(rank - 1):
                step.dim[6 + 5 * d] = ops[0].shape[d]
                step.dim[7 + 5 * d + k] = ops[k].stride[d]
            row = ops[k].item if rank == 1 and ops[k].stride[0] == 1 else 0
            add_touch(&self.reach[self.count], &ops[k], k == 0, row)
        step.par[0] = a
        step.par[1] = b
        step.par[2] = c
        return self.commit(name, dtype)

    def reduce(self, str name, out, x, double scale=1.0):
        """Reduce the middle axis: out[outer, inner] = name over r of x[outer, r, inner]."""
        cdef operand o, a
        cdef fnn_step *step
        cdef int i
        read(out, &o, True)
        read(x, &a, False)
        if a.rank != 3 or o.rank != 2 or o.shape[0] != a.shape[0] or o.shape[1] != a.shape[2]:
            raise ValueError(f"{name}: shapes {shape_of(&o)} and {shape_of(&a)} are not (outer, inner) and (outer, r, inner)")
        expected = FNN_I32 if name in ("argmax", "argmin") else a.dtype
        if o.dtype != expected:
            raise TypeError(f"{name}: the output must be {DTYPES[expected]}, got {DTYPES[o.dtype]}")
        if a.shape[1] == 0 and name in ("argmax", "argmin"):
            raise ValueError(f"{name} of an empty axis")
        require_contiguous(&o, f"the output of {name}")
        if overlap(&o, &a):
            raise ValueError(f"{name}: the output overlaps the input")
        step = self.new_step()
        step.buf[0] = o.data
        step.buf[1] = a.data
        for i in range(3):
            step.dim[i] = a.shape[i]
            step.dim[3 + i] = a.stride[i]
        step.par[0] = scale
        self.touch(&o, True)
        self.touch(&a, False)
        self.keep.append((out, x))
        self.commit(name, a.dtype)

    def matmul(self, out, a, b, *, bias=None, str activation="linear", y=None, double parameter=0.0,
               str rule=None, slots=(), scalars=None, hyper=(), int option=0):
        """out = epilogue(a @ b) for matrices.

        With ``bias`` and ``activation``: out = act(ab + bias). With ``y``: out = act_grad(ab, y), y laid out as
        out. With ``rule``: ab is the gradient of the parameters ``out``, updated in place.
        Raises BufferError when the strides suit no kernel: copy an operand then.
        """
        cdef operand o, p, q, e
        cdef fnn_step *step
        cdef fnn_reach *reach
        cdef bint by_rows, swapped
        read(out, &o, True)
        read(a, &p, False)
        read(b, &q, False)
        if o.rank != 2 or p.rank != 2 or q.rank != 2:
            raise ValueError("matmul takes matrices")
        if overlap(&o, &p) or overlap(&o, &q):
            raise ValueError("matmul: the output overlaps an input")
        step = self.new_step()
        plain = bias is None and (y is not None or activation == "linear")
        name = self.fill_product(step, &o, &p, &q, plain, &swapped)
        step.par[0] = parameter
        if rule is not None:
            self.matmul_update(step, &o, rule, slots, scalars, hyper, option, swapped)
        elif y is not None:
            read(y, &e, False)
            if swapped:
                transpose(&e)
            require_like(&e, &o, "y")
            step.dim[8] = 2
            step.dim[9] = DERIVATIVES.index(activation)
            step.buf[3] = e.data
        elif bias is not None or activation != "linear":
            if swapped:
                raise BufferError("matmul: a bias needs an output with adjacent columns")
            step.dim[8] = 1
            step.dim[9] = ACTIVATIONS.index(activation)
            if bias is not None:
                read(bias, &e, False)
                require_contiguous(&e, "bias")
                if e.rank != 1 or e.shape[0] != o.shape[1] or e.dtype != o.dtype:
                    raise ValueError(f"bias of shape {shape_of(&e)} for {o.shape[1]} columns")
                step.buf[3] = e.data
                self.touch(&e, False)
        if rule is None:
            step.dim[13] = self.owns_rows(&o) and (y is None or self.owns_rows(&e))
        self.keep.append((out, a, b, bias, y, slots, scalars))
        self.commit(name, o.dtype)
        reach, by_rows = &self.reach[self.count - 1], self.steps[self.count - 1].by_rows
        add_touch(reach, &o, True, row_bytes(&o) if by_rows else 0)
        add_touch(reach, &p, False, row_bytes(&p) if by_rows else 0)
        add_touch(reach, &q, False, 0)
        if y is not None:
            add_touch(reach, &e, False, row_bytes(&e) if by_rows else 0)

    cdef str fill_product(self, fnn_step *step, operand *o, operand *p, operand *q, bint plain, bint *swapped):
        """Fill in that o = p @ q, for matrices; return the kernel that makes it.

        Where it is ``plain`` all three may be transposed, ``swapped`` then.
        """
        cdef operand t
        if p.shape[1] != q.shape[0] or o.shape[0] != p.shape[0] or o.shape[1] != q.shape[1]:
            raise ValueError(f"matmul: shapes {shape_of(p)} @ {shape_of(q)} -> {shape_of(o)}")
        if o.dtype != p.dtype or o.dtype != q.dtype:
            raise TypeError(f"matmul: dtypes {DTYPES[p.dtype]} @ {DTYPES[q.dtype]} -> {DTYPES[o.dtype]}")
        swapped[0] = o.stride[1] > 1 or (plain and o.shape[1] == 1 and o.stride[0] == 1 and p.stride[0] == 1)
        if swapped[0]:     # C^T = B^T A^T, so that C's columns are adjacent
            transpose(o); transpose(p); transpose(q)
            t = p[0]; p[0] = q[0]; q[0] = t
        if o.shape[1] > 1 and o.stride[1] != 1:
            raise BufferError("matmul: the output has no adjacent axis")
        adjacent_k = (p.shape[1] == 1 or p.stride[1] == 1) and (q.shape[0] == 1 or q.stride[0] == 1)
        adjacent_j = q.shape[1] == 1 or q.stride[1] == 1
        if not (adjacent_k or adjacent_j):
            raise BufferError("matmul: the second operand has no adjacent axis")
        if adjacent_k and adjacent_j:    # one of k, n is 1, or a vector
            adjacent_k = q.shape[1] == 1
        step.buf[0] = o.data
        step.buf[1] = p.data
        step.buf[2] = q.data
        step.dim[0] = o.shape[0]
        step.dim[1] = o.shape[1]
        step.dim[2] = p.shape[1]
        step.dim[3] = o.stride[0] if o.shape[0] > 1 else o.shape[1]
        step.dim[4] = p.stride[0]
        step.dim[5] = 1 if p.shape[1] == 1 else p.stride[1]
        step.dim[6] = 1 if q.shape[0] == 1 and adjacent_k else q.stride[0]
        step.dim[7] = 1 if q.shape[1] == 1 else q.stride[1]
        return "matmul_dot" if adjacent_k else "matmul_axpy"

    def matmul_batch(self, out, a, b):
        """out[i] = a[i] @ b[i] for all i, to the bits of `matmul`; operands may be the same matrix in all items.

        Raises BufferError when the strides suit no kernel: copy an operand then.
        """
        cdef operand ops[3]
        cdef fnn_step *step
        cdef bint swapped
        cdef int i
        for i, array in enumerate((out, a, b)):
            read(array, &ops[i], i == 0)
            if ops[i].rank != 3 or ops[i].shape[0] != ops[0].shape[0]:
                raise ValueError(f"matmul_batch takes as many matrices each, got {shape_of(&ops[i])}")
        if overlap(&ops[0], &ops[1]) or overlap(&ops[0], &ops[2]) or (
                ops[0].shape[0] > 1 and ops[0].size and not row_bytes(&ops[0])):
            raise ValueError("matmul_batch: the products overlap an operand, or each other")
        step = self.new_step()
        for i in range(3):
            self.touch(&ops[i], i == 0)
            see_items(&ops[i])
        name = self.fill_product(step, &ops[0], &ops[1], &ops[2], True, &swapped)
        step.dim[13] = self.owns_rows(&ops[0])
        step.dim[14] = ops[0].shape[2]
        for i in range(3):
            step.dim[15 + i] = ops[i].stride[2]
        step.dim[18] = name == "matmul_dot"
        self.keep.append((out, a, b))
        self.commit("matmul_batch", ops[0].dtype)

    def matmul_parts(self, planes, a, b, int64_t multiple=1):
        """planes[p] = a @ b over the p-th part of what is summed, which begins at such a multiple: see c/matmul_parts.inc.

        Raises BufferError when the strides suit no kernel: copy an operand then.
        """
        cdef operand o, p, q, plane
        cdef fnn_step *step
        read(planes, &o, True)
        read(a, &p, False)
        read(b, &q, False)
        if o.rank != 3 or p.rank != 2 or q.rank != 2:
            raise ValueError("matmul_parts takes matrices and planes")
        if p.shape[1] != q.shape[0] or o.shape[1] != p.shape[0] or o.shape[2] != q.shape[1]:
            raise ValueError(f"matmul_parts: shapes {shape_of(&p)} @ {shape_of(&q)} -> {shape_of(&o)}")
        if o.dtype != p.dtype or o.dtype != q.dtype:
            raise TypeError(f"matmul_parts: dtypes {DTYPES[p.dtype]} @ {DTYPES[q.dtype]} -> {DTYPES[o.dtype]}")
        if overlap(&o, &p) or overlap(&o, &q) or (o.shape[0] > 1 and o.size and not row_bytes(&o)):
            raise ValueError("matmul_parts: the planes overlap an operand, or each other")
        if o.shape[2] > 1 and (o.stride[2] != 1 or q.stride[1] != 1):
            raise BufferError("matmul_parts: rows of planes and of the second operand must be adjacent")
        step = self.new_step()
        step.buf[0], step.buf[1], step.buf[2] = o.data, p.data, q.data
        plane = o
        drop_first(&plane)
        for i, number in enumerate((o.shape[1], o.shape[2], p.shape[1], o.stride[1], p.stride[0], p.stride[1],
                                    q.stride[0], 1, 0, multiple, 0, o.shape[0], o.stride[0], self.owns_rows(&plane))):
            step.dim[i] = number
        self.touch(&o, True)
        self.touch(&p, False)
        self.touch(&q, False)
        self.keep.append((planes, a, b))
        self.commit("matmul_parts", o.dtype)

    def sum_planes(self, out, planes, *, bias=None, str activation="linear", double parameter=0.0):
        """out = act(planes[0] + planes[1] + ... + bias)."""
        cdef operand o, p, e
        cdef fnn_step *step
        read(out, &o, True)
        read(planes, &p, False)
        if o.rank != 2 or p.rank != 3 or o.shape[0] != p.shape[1] or o.shape[1] != p.shape[2] or o.dtype != p.dtype:
            raise ValueError(f"sum_planes: {shape_of(&p)} -> {shape_of(&o)}")
        if overlap(&o, &p):
            raise ValueError("sum_planes: the output overlaps the planes")
        if o.stride[1] != 1 or p.stride[2] != 1:
            raise BufferError("sum_planes: rows must be adjacent")
        step = self.new_step()
        step.buf[0], step.buf[1] = o.data, p.data
        for i, number in enumerate((o.shape[0], o.shape[1], p.shape[0], o.stride[0], p.stride[1], p.stride[0],
                                    ACTIVATIONS.index(activation))):
            step.dim[i] = number
        step.par[0] = parameter
        if bias is not None:
            read(bias, &e, False)
            require_contiguous(&e, "bias")
            if e.rank != 1 or e.shape[0] != o.shape[1] or e.dtype != o.dtype:
                raise ValueError(f"bias of shape {shape_of(&e)} for {o.shape[1]} columns")
            if overlap(&o, &e):
                raise ValueError("sum_planes: the output overlaps the bias")
            step.buf[2] = e.data
            self.touch(&e, False)
        self.keep.append((out, planes, bias))
        self.commit("sum_planes", o.dtype)
        add_touch(&self.reach[self.count - 1], &o, True, row_bytes(&o))
        add_touch(&self.reach[self.count - 1], &p, False, 0)

    def sum_parts(self, sums, x):
        """sums[p] = the sum of the p-th part of the rows of x: see c/matmul_parts.inc."""
        cdef operand o, p
        cdef fnn_step *step
        read(sums, &o, True)
        read(x, &p, False)
        if o.rank != 2 or p.rank != 2 or o.shape[1] != p.shape[1] or o.dtype != p.dtype or overlap(&o, &p) or (
                o.shape[0] > 1 and o.size and not row_bytes(&o)):
            raise ValueError(f"sum_parts: {shape_of(&p)} -> {shape_of(&o)}")
        if o.shape[1] > 1 and (o.stride[1] != 1 or p.stride[1] != 1):
            raise BufferError("sum_parts: rows must be adjacent")
        step = self.new_step()
        step.buf[0], step.buf[1] = o.data, p.data
        for i, number in enumerate((p.shape[0], o.shape[1], o.shape[0], p.stride[0], o.stride[0])):
            step.dim[i] = number
        self.touch(&o, True)
        self.touch(&p, False)
        self.keep.append((sums, x))
        self.commit("sum_parts", o.dtype)

    cdef int64_t parts_of(self, const operand *x) noexcept:
        """Of a matrix that is gathered, in how many parts of its rows the first product wants it; 0: it does not matter."""
        cdef Py_ssize_t i
        for i in range(self.count):
            if self.steps[i].buf[1] == x.data and self.steps[i].dim[9] > 1 and self.names[i] == "matmul_parts":
                return self.steps[i].dim[11]
        return 0

    cdef int matmul_update(self, fnn_step *step, operand *o, str rule, slots, scalars, hyper, int option,
                           bint swapped) except -1:
        cdef operand e
        cdef int i
        require_slots(slots)
        step.dim[8] = 3
        step.dim[9] = RULES.index(rule)
        step.dim[10] = option
        for i, slot in enumerate(slots):
            if slot is None:
                continue
            read(slot, &e, True)
            if swapped:
                transpose(&e)
            require_like(&e, o, "a slot")
            step.buf[3 + i] = e.data
            self.touch(&e, True)
        read_scalars(scalars, &e)
        step.buf[6] = e.data
        self.touch(&e, False)
        set_pars(step, hyper)
        return 0

    def update(self, str rule, w, g, scalars, slots=(), hyper=(), int option=0, bint summed=False):
        """An optimizer rule on w and its slots (equal layouts), in place.

        g has w's shape; with ``summed`` an axis more, the first, over which the gradient is the sum.
        """
        cdef operand o, e, q, term
        cdef fnn_step *step
        cdef int i
        require_slots(slots)
        read(w, &o, True)
        read(g, &q, False)
        if shape_of(&o) != shape_of(&q)[1 if summed else 0:] or o.dtype != q.dtype or (summed and not q.rank):
            raise ValueError(f"{rule}: a gradient of shape {shape_of(&q)} {DTYPES[q.dtype]} for parameters of "
                             f"shape {shape_of(&o)} {DTYPES[o.dtype]}")
        if overlap(&o, &q):
            raise ValueError(f"{rule}: the gradient overlaps the parameters")
        if o.size == 0:
            return
        if summed and q.shape[0] == 0:
            raise ValueError(f"{rule}: a gradient summed over no rows")
        term = q
        if summed:
            drop_first(&term)
        as_rows(&o)
        read(w, &e, False)
        rows_in_order_of(&e, &term)
        if term.shape[1] > 1 and term.stride[1] != 1:
            raise BufferError(f"{rule}: the gradient's layout does not suit the parameters'")
        step = self.new_step()
        for i, slot in enumerate(slots):
            if slot is None:
                continue
            read(slot, &e, True)
            as_rows(&e)
            require_like(&e, &o, "a slot")
            step.buf[1 + i] = e.data
            self.touch(&e, True)
        step.buf[0] = o.data
        step.buf[4] = q.data
        self.touch(&o, True)
        self.touch(&q, False)
        read_scalars(scalars, &e)
        step.buf[5] = e.data
        self.touch(&e, False)
        step.dim[0] = o.shape[0]
        step.dim[1] = o.shape[1]
        step.dim[2] = o.stride[0]
        step.dim[3] = term.stride[0]
        step.dim[4] = option
        if summed:
            step.dim[5] = q.shape[0]
            step.dim[6] = q.stride[0]
        set_pars(step, hyper)
        self.keep.append((w, g, scalars, slots))
        self.commit(rule, o.dtype)

    def call(self, str name, outs, ins, dims=(), pars=(), dtype=None, int by_unit=0):
        """A kernel on contiguous operands whose sizes the op has checked: buf = outs + ins; all floats among ins are alike.

        ``dtype`` (default: of the first input, else of the first output) selects the kernel. The first ``by_unit``
        operands are divided evenly among the kernel's units, each of which touches its own part of them.
        """
        cdef operand ops[FNN_BUFS]
        cdef operand *o
        cdef fnn_step *step = self.new_step()
        cdef fnn_touch *touch
        cdef int i, k, code = -1, real = -1, n_outs = len(outs)
        if n_outs + len(ins) > FNN_BUFS or len(dims) > FNN_DIMS:
            raise ValueError(f"{name}: too many operands")
        for i, array in enumerate((*outs, *ins)):
            o = &ops[i]
            o.size = 0
            if array is None:
                continue
            read(array, o, i < n_outs)
            require_contiguous(o, f"operand {i} of {name}")
            step.buf[i] = o.data
            self.touch(o, i < n_outs)
            if i == n_outs or (code < 0 and i == 0):
                code = o.dtype
            for k in range(min(i, n_outs)):
                if ops[k].size and overlap(&ops[k], o) and (i < n_outs or ops[k].data != o.data):
                    raise ValueError(f"{name}: operands {k} and {i} overlap")
            if i >= n_outs and o.dtype in (FNN_F32, FNN_F64):
                if real not in (-1, o.dtype):
                    raise TypeError(f"{name}: inputs of dtypes {DTYPES[real]} and {DTYPES[o.dtype]}")
                real = o.dtype
        for i, value in enumerate(dims):
            step.dim[i] = value
        set_pars(step, pars)
        self.keep.append((outs, ins))
        self.commit(name, code if dtype is None else DTYPES.index(str(dtype)))
        step = &self.steps[self.count - 1]
        for i in range(by_unit if step.units else 0):
            touch = &self.reach[self.count - 1].touch[i]
            if (touch.high - touch.low) % step.units:
                raise ValueError(f"{name}: operand {i} is not divided evenly among {step.units} units")
            touch.row = (touch.high - touch.low) // step.units

    # -- sparse matrices, by (bounds, values, columns): see c/csr.inc. What these hold is the business of who writes it --

    cdef int read_csr(self, fnn_step *step, int first, csr, operand *p) except -1:
        """Fill p from the three arrays of a sparse matrix, which become buffers of the step from ``first`` on."""
        cdef int i
        for i in range(3):
            read(csr[i], &p[i], False)
            require_contiguous(&p[i], "a sparse matrix")
            step.buf[first + i] = p[i].data
            self.touch(&p[i], False)
        if (p[0].rank != 2 or p[0].shape[1] != 2 or p[1].rank != 1 or p[2].rank != 1 or p[1].size != p[2].size
                or p[0].dtype != FNN_I32 or p[2].dtype != FNN_I32):
            raise ValueError(f"bounds {shape_of(&p[0])}, values {shape_of(&p[1])} and columns {shape_of(&p[2])} are no "
                             "sparse matrix")
        return 0

    cdef int check_csr_product(self, str name, operand *o, operand *p, operand *q) except -1:
        if o.rank != 2 or q.rank != 2 or o.shape[0] != p[0].shape[0] or o.shape[1] != q.shape[1]:
            raise ValueError(f"{name}: {p[0].shape[0]} sparse rows @ {shape_of(q)} -> {shape_of(o)}")
        if o.dtype != p[1].dtype or o.dtype != q.dtype:
            raise TypeError(f"{name}: dtypes {DTYPES[p[1].dtype]} @ {DTYPES[q.dtype]} -> {DTYPES[o.dtype]}")
        if overlap(o, &p[0]) or overlap(o, &p[1]) or overlap(o, &p[2]) or overlap(o, q):
            raise ValueError(f"{name}: the output overlaps an input")
        if o.shape[1] > 1 and (o.stride[1] != 1 or q.stride[1] != 1):
            raise BufferError(f"{name}: rows of the output and of the dense operand must be adjacent")
        return 0

    def csr_matmul(self, out, csr, b):
        """out = a @ b for a sparse matrix a.

        Raises BufferError where rows of ``b`` or ``out`` do not stand side by side.
        """
        cdef operand o, q
        cdef operand p[3]
        cdef fnn_step *step = self.new_step()
        read(out, &o, True)
        read(b, &q, False)
        self.read_csr(step, 1, csr, p)
        self.check_csr_product("csr_matmul", &o, p, &q)
        step.buf[0], step.buf[4] = o.data, q.data
        for i, number in enumerate((o.shape[0], o.shape[1], q.shape[0], o.stride[0] if o.shape[0] > 1 else o.shape[1],
                                    q.stride[0], p[1].size)):
            step.dim[i] = number
        self.touch(&q, False)
        self.keep.append((out, csr, b))
        self.commit("csr_matmul", o.dtype)
        add_touch(&self.reach[self.count - 1], &o, True, row_bytes(&o))

    def csr_update(self, str rule, w, csr, b, scalars, slots=(), hyper=(), int option=0):
        """An optimizer rule on w and its slots (equal layouts) with the gradient a @ b, in place; a is sparse.

        Raises BufferError where rows of ``b`` or ``w`` do not stand side by side.
        """
        cdef operand o, q, e
        cdef operand p[3]
        cdef int i
        cdef fnn_reach *reach
        cdef fnn_step *step = self.new_step()
        require_slots(slots)
        read(w, &o, True)
        read(b, &q, False)
        self.read_csr(step, 4, csr, p)
        self.check_csr_product("csr_update", &o, p, &q)
        step.buf[0], step.buf[7] = o.data, q.data
        for i, number in enumerate((o.shape[0], o.shape[1], q.shape[0], o.stride[0] if o.shape[0] > 1 else o.shape[1],
                                    q.stride[0], RULES.index(rule), option)):
            step.dim[i] = number
        read_scalars(scalars, &e)
        step.buf[8] = e.data
        self.touch(&e, False)
        self.touch(&q, False)
        set_pars(step, hyper)
        reach = &self.reach[self.count]
        add_touch(reach, &o, True, row_bytes(&o))
        for i, slot in enumerate(slots):
            if slot is None:
                continue
            read(slot, &e, True)
            require_like(&e, &o, "a slot")
            step.buf[1 + i] = e.data
            add_touch(reach, &e, True, row_bytes(&e))
        self.keep.append((w, csr, b, scalars, slots))
        self.commit("csr_update", o.dtype)

    def perceptron(self, w, state, x, y, d, order, *, q=None, columns=None, starts=None, hyper=()):
        """A pass of the perceptron over the rows of x that ``order`` names, changing w, state and q in place.

        With ``columns`` and ``starts`` (int32) x holds the elements of CSR rows. ``hyper``: shrink, what u grows by a
        row, L2 and L1 strength, decay of the intercept; see c/perceptron.inc.
        """
        cdef operand o[9]
        cdef fnn_step *step
        cdef int i
        cdef int64_t rows
        cdef bint is_sparse = starts is not None
        given = (w, state, q, x, y, d, order, columns, starts)
        names = ("w", "state", "q", "x", "y", "d", "order", "columns", "starts")
        for i in range(9):
            if given[i] is not None:
                read(given[i], &o[i], i < 3)
                if i != 3:
                    require_contiguous(&o[i], f"perceptron: {names[i]}")
                if o[i].rank != (2 if i == 3 and not is_sparse else 1):
                    raise ValueError(f"perceptron: {names[i]} has shape {shape_of(&o[i])}")
                wanted = FNN_F64 if i == 1 else FNN_I64 if i == 6 else FNN_I32 if i > 6 else o[0].dtype
                if o[i].dtype != wanted:
                    raise TypeError(f"perceptron: {names[i]} must be {DTYPES[wanted]}, got {DTYPES[o[i].dtype]}")
        rows = o[8].shape[0] - 1 if is_sparse else o[3].shape[0]
        if (o[1].size < 6 or o[4].size != rows or o[5].size != rows or (q is not None and o[2].size != o[0].size)
                or (o[6].size and not rows)):
            raise ValueError(f"perceptron: {[shape_of(&o[i]) for i in range(7) if given[i] is not None]} do not fit")
        if is_sparse:
            check_csr(columns, starts, o[3].size, o[0].size)
        elif o[3].shape[1] != o[0].size or (o[3].shape[1] > 1 and o[3].stride[1] != 1):
            raise ValueError(f"perceptron: rows of {shape_of(&o[3])} for {o[0].size} weights")
        step = self.new_step()
        for i in range(9):
            if given[i] is not None:
                step.buf[i] = o[i].data
        step.dim[0] = o[6].size
        step.dim[1] = rows
        step.dim[2] = o[0].size
        step.dim[3] = 0 if is_sparse else o[3].stride[0] if rows > 1 else o[0].size
        set_pars(step, hyper)
        self.keep.append(given)
        self.commit("perceptron_csr" if is_sparse else "perceptron", o[0].dtype)
