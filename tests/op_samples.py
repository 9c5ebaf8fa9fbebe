"""For every op of the catalogue: inputs to try it on. The walk in test_ops fails for an op without a row."""

import numpy as np

FLOATS = ("float32", "float64")
NUMBERS = (*FLOATS, "int32", "int64")
ALL = (*NUMBERS, "uint8", "bool")
LAYOUTS = ("C", "F", "strided")
SHAPES = ((), (1,), (5,), (3, 4), (2, 3, 5), (0, 3), (17, 33), (2, 1, 3, 2, 2))


class Sample:
    """Inputs, attributes, and which inputs to differentiate."""

    def __init__(self, inputs, attrs=None, wrt=None):
        self.inputs = [np.asarray(x) for x in inputs]
        self.attrs = attrs or {}
        floats = [i for i, x in enumerate(self.inputs) if x.dtype.kind == "f"]
        self.wrt = floats if wrt is None else wrt


def lay_out(x, layout):
    """The same values in other strides."""
    if layout == "F" and x.ndim:
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        wide = np.repeat(x, 2, axis=-1)
        return wide[..., ::2]
    return x


def away_from(values, step=0.05):
    """Move numbers off the kinks at integers and halves."""
    return values + np.where(np.abs(values * 2 - np.round(values * 2)) < step, step, 0)


def draw(rng, shape, dtype, low=-2.0, high=2.0):
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if np.dtype(dtype).kind in "iu":
        low = 0 if dtype == "uint8" else max(int(low), -9)
        return np.asarray(rng.integers(low, max(int(high), low + 5), shape)).astype(dtype)
    return np.asarray(away_from(rng.uniform(low, high, shape)).clip(low, high)).astype(dtype)


# name -> (low, high) of the domain, dtypes
UNARY = {
    **dict.fromkeys(["negative", "sign", "square"], ((-2, 2), (*NUMBERS, "uint8"))),
    "abs": ((-2, 2), ALL),
    "copy": ((-2, 2), ALL),
    **dict.fromkeys(
        "exp expm1 sin cos arctan sinh cosh arcsinh tanh sigmoid erf floor ceil round trunc isnan isinf isfinite relu "
        "selu softplus gelu gelu_tanh silu".split(),
        ((-3, 3), FLOATS),
    ),
    **dict.fromkeys(["sqrt", "rsqrt", "reciprocal", "log", "log1p"], ((0.3, 4), FLOATS)),
    **dict.fromkeys(["arcsin", "arccos", "arctanh"], ((-0.9, 0.9), FLOATS)),
    "tan": ((-1.2, 1.2), FLOATS),
    "arccosh": ((1.2, 4), FLOATS),
    "logical_not": ((0, 1), ("bool",)),
}
BINARY = {
    **dict.fromkeys(["add", "multiply", "maximum", "minimum"], ((-2, 2), ALL)),
    "subtract": ((-2, 2), (*NUMBERS, "uint8")),
    **dict.fromkeys(["floor_divide", "mod"], ((0.6, 3), (*NUMBERS, "uint8"))),
    **dict.fromkeys(["divide", "divide_no_nan", "power", "arctan2"], ((0.3, 3), FLOATS)),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"], ((-2, 2), ALL)),
    **dict.fromkeys(["logical_and", "logical_or", "logical_xor"], ((0, 1), ("bool",))),
    **dict.fromkeys(["relu_grad", "selu_grad", "sigmoid_grad", "tanh_grad"], ((-0.95, 0.95), FLOATS)),
    **dict.fromkeys(
        ["softplus_grad", "gelu_grad", "gelu_tanh_grad", "silu_grad", "sigmoid_crossentropy"], ((-3, 3), FLOATS)
    ),
}
WITH_ATTRS = {
    "leaky_relu": (1, [{"negative_slope": 0.2}, {"negative_slope": 0.0}, {"negative_slope": -0.5}]),
    "elu": (1, [{"alpha": 1.0}, {"alpha": 0.3}]),
    "relu_dropout_grad": (2, [{"scale": 1.25}]),
    "leaky_relu_grad": (2, [{"negative_slope": 0.3}]),
    "elu_grad": (2, [{"alpha": 0.7}]),
}
REDUCE = {
    **dict.fromkeys(["sum", "prod", "max", "min"], NUMBERS),
    **dict.fromkeys(["argmax", "argmin"], NUMBERS),
    **dict.fromkeys(["any", "all"], ("bool",)),
}


def _elementwise(rng, n, shapes, dtype, low, high, attrs=None):
    wrt = None if dtype in FLOATS else []
    for shape in shapes:
        yield Sample([draw(rng, shape, dtype, low, high) for _ in range(n)], attrs, wrt)


def _unary(rng, name):
    (low, high), dtypes = UNARY[name]
    for dtype in dtypes:
        yield from _elementwise(rng, 1, SHAPES, dtype, low, high)


def _binary(rng, name):
    (low, high), dtypes = BINARY[name]
    for dtype in dtypes:
        yield from _elementwise(rng, 2, SHAPES, dtype, low, high)
        for a, b in (((3, 1), (1, 4)), ((), (2, 3)), ((4,), (2, 3, 4)), ((2, 1, 3), (5, 1)), ((0, 3), (1, 3))):
            yield Sample([draw(rng, a, dtype, low, high), draw(rng, b, dtype, low, high)])
    if name == "divide_no_nan":
        yield from (Sample([np.array([1.0, 0.0, 2.0], d), np.array([0.0, 0.0, 4.0], d)], wrt=[]) for d in FLOATS)


def _reduce(rng, name):
    for dtype in REDUCE[name]:
        for shape in SHAPES:
            if name.startswith("arg") and 0 in shape:
                continue
            ranks = range(len(shape))
            axes = [tuple(ranks), *((i,) for i in ranks), *((i, j) for i in ranks for j in ranks if i < j)]
            for axis in axes:
                if np.dtype(dtype).kind == "i" and name in ("max", "min") and 0 in shape:
                    continue
                x = draw(rng, shape, dtype)
                if dtype in FLOATS and x.size:  # no ties: the extremes have derivatives
                    x = x + np.arange(x.size).reshape(shape).astype(dtype) * 1e-3
                scales = [{}] if name != "sum" else [{"scale": s} for s in ((1.0, 0.25) if dtype in FLOATS else (1.0,))]
                yield from (Sample([x], {"axes": axis, **scale}) for scale in scales)


def _f(rng, *shape, dtype="float64", low=-2.0, high=2.0):
    return draw(rng, shape, dtype, low, high)


def _probabilities(rng, *shape, dtype):
    p = rng.uniform(0.1, 1, shape)
    return (p / p.sum(-1, keepdims=True)).astype(dtype)


def _labels(rng, shape, classes, dtype):
    return rng.integers(0, classes, shape).astype(dtype)


PART_SHAPES = ((1, 1), (2, 3), (7, 5), (0, 3), (3, 0), (33, 17))


def _matmul_parts(rng):
    for dtype in FLOATS:
        for k, n in PART_SHAPES:
            for m in (1, 4):
                yield Sample([_f(rng, m, k, dtype=dtype), _f(rng, k, n, dtype=dtype)])


def _with_ties(rng, shape, dtype):
    """Few different numbers; floats with a NaN here and there."""
    x = np.asarray(rng.integers(-4, 5, shape)).astype(dtype)
    return np.where(rng.random(shape) < 0.1, np.nan, x).astype(dtype) if dtype in FLOATS else x


def _matmul(rng):
    for dtype in FLOATS:
        for m, n, k in ((1, 1, 1), (3, 5, 7), (2, 3, 0), (0, 3, 2), (3, 0, 2), (33, 17, 41), (64, 10, 100), (5, 1, 9)):
            yield Sample([_f(rng, m, k, dtype=dtype), _f(rng, k, n, dtype=dtype)])
        yield Sample([_f(rng, 2, 3, 4, dtype=dtype), _f(rng, 2, 4, 5, dtype=dtype)])


def _dense(rng):
    for dtype in FLOATS:
        for activation in ("linear", "relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh"):
            parameter = {"leaky_relu": 0.3, "elu": 0.8}.get(activation, 0.0)
            attrs = {"activation": activation, "parameter": parameter}
            for b, i, o in ((1, 1, 1), (4, 3, 5), (7, 31, 2), (2, 150, 3)):
                operands = [_f(rng, b, i, dtype=dtype), _f(rng, i, o, dtype=dtype), _f(rng, o, dtype=dtype)]
                yield Sample(operands, attrs)


def _rows(rng, name):
    for dtype in FLOATS:
        for shape in ((1, 1), (3, 10), (2, 3, 7), (0, 4), (5, 33), (7, 1)):
            x = _f(rng, *shape, dtype=dtype)
            label = "int32" if dtype == "float32" else "int64"
            targets = _probabilities(rng, *shape, dtype=dtype)
            labels = _labels(rng, shape[:-1], shape[-1], label)
            loss = _f(rng, *shape[:-1], dtype=dtype)
            other = _f(rng, *shape, dtype=dtype)
            inputs = {
                "softmax": [x],
                "log_softmax": [x],
                "softmax_grad": [x, targets],
                "softmax_crossentropy": [x, targets],
                "softmax_crossentropy_grad": [loss, targets, targets[..., ::-1].copy()],
                "sparse_softmax_crossentropy": [x, labels],
                "sparse_softmax_crossentropy_grad": [loss, targets, labels],
                "squared_error": [x, other],
                "squared_error_grad": [loss, x, other],
            }
            yield Sample(inputs[name])


def _standardize(rng, name):
    for dtype in FLOATS:
        for shape in ((2, 1), (1, 3), (3, 10), (0, 4), (5, 33), (7, 70)):
            for axis in (0, 1):
                x, y = (_f(rng, *shape, dtype=dtype) for _ in range(2))
                if name == "standardize":
                    yield Sample([x], {"axis": axis, "epsilon": 0.1})
                else:
                    yield Sample([x, y, np.abs(_f(rng, shape[1 - axis], dtype=dtype)) + 0.5], {"axis": axis})


def _where(rng):
    for dtype in ALL:
        for a, b, c in (((3, 4),) * 3, ((4,), (3, 1), ()), ((2, 1), (1, 3), (2, 3))):
            yield Sample([draw(rng, a, "bool"), draw(rng, b, dtype), draw(rng, c, dtype)])


def _clip(rng):
    for dtype in NUMBERS:
        x = draw(rng, (4, 5), dtype)
        yield Sample([x, np.asarray(-1, dtype), np.asarray(1, dtype)], wrt=[0] if dtype in FLOATS else [])


def _casts(rng):
    for source in ALL:
        for target in ALL:
            x = draw(rng, (3, 7), source, 0 if "u" in target else -2, 2)
            yield Sample([x], {"dtype": np.dtype(target)}, wrt=[])


def _views(rng, name):
    cases = {
        "reshape": [((2, 6), {"newshape": (3, 4)}), ((0, 3), {"newshape": (3, 0)}), ((1,), {"newshape": ()})],
        "transpose": [((2, 3), {"axes": (1, 0)}), ((2, 3, 4), {"axes": (2, 0, 1)})],
        "broadcast_to": [((3, 1), {"shape": (2, 3, 4)}), ((), {"shape": (2,)})],
        "slice": [
            ((5, 6), {"index": (slice(1, 4), slice(None, None, -2))}),
            ((3, 4), {"index": (1,)}),
            ((3, 4), {"index": (Ellipsis, None, -1)}),
        ],
        "stop_gradient": [((2, 3), {})],
    }
    for dtype in ALL:
        for shape, attrs in cases[name]:
            yield Sample(
                [draw(rng, shape, dtype)], attrs, wrt=[] if name == "stop_gradient" or dtype not in FLOATS else None
            )


def _others(rng):
    i64 = np.int64
    key = np.array([7, 3], i64)
    return {
        "sum_of_squares": lambda: (Sample([_f(rng, *shape, dtype=d)]) for d in FLOATS for shape in SHAPES),
        "cast": lambda: _casts(rng),
        "where": lambda: _where(rng),
        "clip": lambda: _clip(rng),
        "relu6": lambda: (
            Sample([_f(rng, 3, 4, dtype=d) * 4, np.zeros((), d), np.full((), 6, d)], wrt=[0]) for d in FLOATS
        ),
        "matmul": lambda: _matmul(rng),
        "matmul_parts": lambda: _matmul_parts(rng),
        "sum_parts": lambda: (Sample([_f(rng, *shape, dtype=d)]) for d in FLOATS for shape in PART_SHAPES),
        "dense": lambda: _dense(rng),
        "sigmoid_crossentropy_grad": lambda: (Sample([_f(rng, 3, 4, dtype=d) for _ in range(3)]) for d in FLOATS),
        "unslice": lambda: (
            Sample(
                [draw(rng, (2, 3), d)],
                {"shape": (4, 7), "index": (slice(1, 3), slice(0, 6, 2))},
                None if d in FLOATS else [],
            )
            for d in ALL
        ),
        "concatenate": lambda: (
            Sample([draw(rng, (2, n, 3), d) for n in (1, 4, 0)], {"axis": 1}, None if d in FLOATS else []) for d in ALL
        ),
        "take_rows": lambda: (
            Sample([draw(rng, (5, 3), d), np.array([[0, -1], [4, 0]], t)], {"rows": 5}, [0] if d in FLOATS else [])
            for d in ALL
            for t in ("int32", "int64")
        ),
        "scatter_add_rows": lambda: (
            Sample([draw(rng, (4, 3), d), np.array([0, 2, 0, 4], t)], {"rows": 5}, [0])
            for d in FLOATS
            for t in ("int32", "int64")
        ),
        "one_hot": lambda: (
            Sample([np.array([[0, 3], [-1, 9]], t)], {"depth": 4, "dtype": np.dtype(d)})
            for d in FLOATS
            for t in ("int32", "int64")
        ),
        "argsort": lambda: (
            Sample([_with_ties(rng, shape, d)], {"descending": down}, wrt=[])
            for shape in ((5,), (1, 1), (3, 16), (2, 3, 17), (2, 100), (0, 3), (3, 0))
            for d in NUMBERS
            for down in (False, True)
        ),
        "step_scalars": lambda: (
            Sample([np.asarray(1e-3, d), np.asarray(4, i64)], {"beta_1": 0.9, "beta_2": 0.999}, wrt=[]) for d in FLOATS
        ),
        "csr_dense": lambda: (Sample(_csr(rng, m, k, d, 2), {"features": k}, wrt=[]) for m, k in CSR for d in FLOATS),
        "csr_transpose": lambda: (Sample(_csr(rng, m, k, d), {"rows": k}, wrt=[]) for m, k in CSR for d in FLOATS),
        "csr_matmul": lambda: (
            Sample([*_csr(rng, m, k, d, 2), _f(rng, k, n, dtype=d)], wrt=[3])
            for m, k in CSR
            for n in (1, 7, 40)
            for d in FLOATS
        ),
        "random_dropout": lambda: (Sample([_f(rng, 40, 3, dtype=d), key], {"rate": 0.4}, [0]) for d in FLOATS),
        "random_fill": lambda: (
            Sample([key], {"kernel": k, "shape": (3, 50), "dtype": np.dtype(d), "a": 0.0, "b": 2.0})
            for k, dtypes in (
                ("uniform", FLOATS),
                ("normal", FLOATS),
                ("truncated_normal", FLOATS),
                ("randint", ("int32", "int64")),
            )
            for d in dtypes
        ),
        "random_permutation": lambda: (Sample([key], {"n": n}) for n in (0, 1, 2, 100)),
    }


CSR = ((1, 1), (3, 5), (20, 300))


def _csr(rng, rows, columns, dtype, more=0):
    """Bounds, values and columns of a sparse matrix; there is room for some more elements than there are."""
    full = rng.random((rows, columns)) < 0.2
    ends = np.cumsum(full.sum(axis=1))
    bounds = np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1).astype("int32")
    columns = np.pad(np.nonzero(full)[1], (0, more)).astype("int32")
    return bounds, draw(rng, len(columns), dtype), columns


# Ops that write variables: test_update.py has their tests.
MUTATING = {"accumulate", "assign", "guard", "next_key", "optimizer_update", "record"}
# Ops whose NumPy reference cannot know their numbers: test_random.py has their tests.
RANDOM = {"random_dropout", "random_fill", "random_permutation"}


def samples(name, seed=0):
    """Return the samples of an op; KeyError for an op that nobody has written any for."""
    rng = np.random.default_rng(seed)
    if name in UNARY:
        return list(_unary(rng, name))
    if name in BINARY:
        return list(_binary(rng, name))
    if name in WITH_ATTRS:
        n, attrs = WITH_ATTRS[name]
        return [s for a in attrs for d in FLOATS for s in _elementwise(rng, n, SHAPES, d, -0.95, 0.95, a)]
    if name in REDUCE:
        return list(_reduce(rng, name))
    if "softmax" in name or "squared_error" in name:
        return list(_rows(rng, name))
    if name.startswith("standardize"):
        return list(_standardize(rng, name))
    if name in ("reshape", "transpose", "broadcast_to", "slice", "stop_gradient"):
        return list(_views(rng, name))
    return list(_others(rng)[name]())


def large_samples(name):
    """Return samples big enough to be shared among threads; an op without a row here has none that large."""
    rng = np.random.default_rng(1)
    if name in UNARY or name in BINARY or name in WITH_ATTRS:
        (low, high), dtypes = UNARY.get(name) or BINARY.get(name) or ((-0.95, 0.95), FLOATS)
        n = 1 if name in UNARY else 2 if name in BINARY else WITH_ATTRS[name][0]
        attrs = WITH_ATTRS[name][1][0] if name in WITH_ATTRS else None
        return [s for d in dtypes for s in _elementwise(rng, n, [(40_009,), (211, 197)], d, low, high, attrs)]
    if name in REDUCE:
        axes = [(0,), (1,), (0, 1)]
        scale = {"scale": 1.0} if name == "sum" else {}
        return [Sample([draw(rng, (509, 403), d)], {"axes": a, **scale}) for d in REDUCE[name] for a in axes]
    if name == "sum_of_squares":
        return [Sample([_f(rng, 509, 403, dtype=d)]) for d in FLOATS]
    if name in ("softmax", "log_softmax"):
        return [Sample([_f(rng, 4001, 37, dtype=d)]) for d in FLOATS]
    if name == "standardize":
        axes = (0, 1)
        return [Sample([_f(rng, 1201, 307, dtype=d)], {"axis": a, "epsilon": 1e-3}) for d in FLOATS for a in axes]
    if name == "standardize_grad":
        return [
            Sample([_f(rng, 1201, 307, dtype=d), _f(rng, 1201, 307, dtype=d), _f(rng, n, dtype=d)], {"axis": a})
            for d in FLOATS
            for a, n in ((0, 307), (1, 1201))
        ]
    if name == "sparse_softmax_crossentropy":
        return [Sample([_f(rng, 4001, 37, dtype=d), _labels(rng, (4001,), 37, "int64")]) for d in FLOATS]
    if name == "matmul":
        shapes = [(32, 100, 784), (257, 130, 190), (1, 300, 1000), (300, 1, 500), (64, 513, 300)]
        return [Sample([_f(rng, m, k, dtype=d), _f(rng, k, n, dtype=d)]) for d in FLOATS for m, n, k in shapes]
    if name == "matmul_parts":
        shapes = [(64, 64, 200), (130, 101, 257), (3, 70, 1001)]
        return [Sample([_f(rng, m, k, dtype=d), _f(rng, k, n, dtype=d)]) for d in FLOATS for m, n, k in shapes]
    if name == "sum_parts":
        return [Sample([_f(rng, *shape, dtype=d)]) for d in FLOATS for shape in ((200, 64), (3001, 131), (4000, 1))]
    if name == "dense":
        attrs = {"activation": "relu", "parameter": 0.0}
        return [
            Sample([_f(rng, m, k, dtype=d), _f(rng, k, n, dtype=d), _f(rng, n, dtype=d)], attrs)
            for d in FLOATS
            for m, n, k in [(32, 100, 784), (200, 64, 64), (101, 67, 301), (280, 100, 784)]
        ]
    if name == "argsort":
        shapes = (20, 1001), (3, 40_009)
        return [
            Sample([_with_ties(rng, n, d)], {"descending": down}, [])
            for n in shapes
            for d in NUMBERS
            for down in (0, 1)
        ]
    if name == "random_dropout":
        return [Sample([_f(rng, 300, 401, dtype=d), np.array([7, 3])], {"rate": 0.4}) for d in FLOATS]
    if name == "random_fill":
        attrs = {"kernel": "normal", "shape": (100_003,), "a": 0.0, "b": 2.0}
        return [Sample([np.array([7, 3])], {**attrs, "dtype": np.dtype(d)}) for d in FLOATS]
    return []
