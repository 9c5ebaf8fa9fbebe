# Random orders, from NumPy's generators of bits. Included by core.pyx.

def shuffles(bit_generator, table, first):
    """Fill a table, (rows, n) of int64: first (n,), shuffled; that, shuffled; ... as `numpy.random.RandomState.shuffle`.

    ``bit_generator`` is a `numpy.random.BitGenerator`. Draws from it without the GIL, under its lock.
    """
    cdef operand t, f
    cdef const fnn_bitgen *bits = <const fnn_bitgen *>PyCapsule_GetPointer(bit_generator.capsule, "BitGenerator")
    read(table, &t, True)
    read(first, &f, False)
    if t.dtype != FNN_I64 or f.dtype != FNN_I64:
        raise TypeError(f"shuffles takes int64, got {DTYPES[t.dtype]} and {DTYPES[f.dtype]}")
    if t.rank != 2 or f.rank != 1 or t.shape[1] != f.shape[0]:
        raise ValueError(f"shuffles: shapes {shape_of(&t)} and {shape_of(&f)}")
    require_contiguous(&t, "the table of shuffles")
    require_contiguous(&f, "the first order of shuffles")
    if overlap(&t, &f):
        raise ValueError("shuffles: the table overlaps the first order")
    with bit_generator.lock, nogil:
        fnn_shuffles(bits, <int64_t *>t.data, <const int64_t *>f.data, t.shape[0], t.shape[1])
