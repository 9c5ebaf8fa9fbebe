"""Functions written in ops: each against NumPy, eagerly and in a program, and its derivative against differences."""

import numpy as np
import pytest
from test_ops import numeric_gradient

from fastnn import GradientTape, Tensor, ops, plan
from fastnn.ops import composites, counting, cumulative, nan_reduce, scattering, sorting
from fastnn.tensor import TracingError

RNG = np.random.default_rng(0)
GRID, CUBE = RNG.uniform(0.3, 2, (3, 4)), RNG.standard_normal((2, 3, 4))
WHOLE, BITS = np.arange(-6, 6, dtype="int32").reshape(3, 4), np.eye(3, 4) > 0
SMALL = np.array([[250, 3], [4, 5]], "uint8")
HOLED = np.where(np.eye(3, 4, dtype=bool) | (np.arange(3)[:, None] == 0), np.nan, GRID)  # the first row is NaN
ENDS = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.5, -2.0])
TIES = RNG.integers(0, 4, (3, 40)).astype("int32")
LONG = RNG.standard_normal((2, 37))


def _nan_extreme(reduce, beyond):
    """NumPy's, without its warning of what has nothing but NaN."""

    def reference(x, axis=None, keepdims=False):
        y = reduce(np.where(np.isnan(x), beyond, x), axis=axis, keepdims=keepdims)
        return np.where(np.isnan(x).all(axis=axis, keepdims=keepdims), np.nan, y) if x.dtype.kind == "f" else y

    return reference


def _nan_moment(root):
    def reference(x, axis=None, keepdims=False):
        with np.errstate(invalid="ignore"):
            there = ~np.isnan(x)
            n = there.sum(axis=axis, keepdims=True)
            mean = np.where(there, x, 0).sum(axis=axis, keepdims=True) / n
            y = (np.where(there, x - mean, 0) ** 2).sum(axis=axis, keepdims=True) / n
        return root(y if keepdims else y.squeeze(axis))

    return reference


def _nan_mean(x, axis=None, keepdims=False):
    with np.errstate(invalid="ignore"):
        total = np.nansum(x, axis=axis, keepdims=keepdims)
        return total / (~np.isnan(x)).sum(axis=axis, keepdims=keepdims)


def _wide(fn):
    """NumPy's running sums and products in int32 where it would take int64."""

    def reference(x, axis=None, dtype=None):
        return fn(x, axis=axis, dtype=dtype or ("int32" if x.dtype in ("bool", "uint8") else x.dtype))

    return reference


def _stable(fn):
    return lambda x, axis=-1: fn(x, axis=axis, kind="stable")


def _top_k(x, k):
    """NumPy's places from the greatest on: those of the same elements in the opposite order, read from the end."""
    places = x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    return [np.take_along_axis(x, places, -1), places]


def _rms(x, scale=1.0, axis=-1, epsilon=1e-7):
    return x / np.sqrt(np.mean(x * x, axis, keepdims=True) + epsilon) * scale


def _scatter_update(inputs, indices, updates, reduction=None):
    y, place = np.array(inputs), tuple(np.moveaxis(np.asarray(indices), -1, 0))
    if reduction is None:
        y[place] = updates
    else:
        {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}[reduction].at(y, place, updates)
    return y


def _scatter(indices, values, shape):
    return _scatter_update(np.zeros(shape, values.dtype), indices, values, "add")


def _segments(fn, empty):
    def reference(data, ids, n=None, sorted=False):
        n = ids.max() + 1 if n is None else n
        nothing = empty(np.finfo if data.dtype.kind == "f" else np.iinfo, data.dtype)
        parts = [data[ids == i] for i in range(n)]
        return np.array([fn(part, axis=0) if len(part) else np.full(data.shape[1:], nothing) for part in parts])

    return reference


def _slice(x, starts, shape):
    return x[tuple(slice(a, a + n) for a, n in zip(np.asarray(starts), shape, strict=True))]


def _slice_update(x, starts, updates):
    y = x.copy()
    y[tuple(slice(a, a + n) for a, n in zip(np.asarray(starts), updates.shape, strict=True))] = updates
    return y


def _multi_hot(x, n, axis=-1):
    return np.max(x[..., None] == np.arange(n), axis=1 if x.ndim > 1 else 0)


def _nan_arg(fn, beyond):
    def reference(x, axis=None, keepdims=False):
        place = fn(np.where(np.isnan(x), beyond, x), axis=axis, keepdims=keepdims)
        return np.where(np.isnan(x).all(axis=axis, keepdims=keepdims), -1, place)

    return reference


def _bincount(x, weights=None, minlength=0):
    if x.ndim == 1:
        return np.bincount(x, weights, minlength)
    minlength = max(minlength, x.max() + 1)
    return np.stack([np.bincount(x[i], None if weights is None else weights[i], minlength) for i in range(len(x))])


REDUCED = [((GRID,), {}), ((HOLED,), {"axis": 0}), ((HOLED,), {"axis": 1, "keepdims": True}), ((WHOLE,), {"axis": -1})]
RUNNING = [
    ((GRID,), {}),
    ((np.where(GRID > 1, 0, GRID),), {"axis": 0}),
    ((LONG,), {"axis": -1}),
    ((WHOLE,), {"axis": 1}),
    ((BITS,), {"axis": 0}),
    ((SMALL,), {"axis": 0}),
    ((WHOLE,), {"axis": 0, "dtype": "float64"}),
    ((ENDS,), {}),
    ((GRID[:0],), {"axis": 0}),
]
ORDERED = [
    ((GRID,), {}),
    ((CUBE,), {"axis": 1}),
    ((CUBE, None), {}),
    ((TIES,), {}),
    ((ENDS,), {}),
    ((SMALL,), {"axis": 0}),
    ((BITS,), {}),
    ((GRID[:0],), {"axis": 0}),
]
IDS = np.array([3, 0, 3, 7, -1, 0, 3])
SEGMENTS = [
    ((LONG.reshape(37, 2)[:7], IDS, 5), {}),
    ((WHOLE.reshape(-1)[:7], IDS, 4), {}),
    ((GRID[:0], IDS[:0], 2), {}),
]
_REDUCTIONS = None, "add", "max", "min", "mul"
VECTORS = [(([GRID[0], GRID[1]],), {}), (([GRID, WHOLE],), {}), (([CUBE, CUBE],), {}), (([GRID[0, 0], 2.0],), {})]

# name → NumPy's function, and what both are called with
ROWS = {
    "deg2rad": (np.deg2rad, [((GRID,), {}), ((ENDS,), {})]),
    "rad2deg": (np.rad2deg, [((GRID,), {}), ((ENDS,), {})]),
    "exp2": (np.exp2, [((GRID,), {}), ((ENDS,), {}), ((np.arange(-20, 20, dtype="float32"),), {})]),
    "fabs": (np.fabs, [((-GRID,), {}), ((ENDS,), {})]),
    "log2": (np.log2, [((GRID,), {})]),
    "log10": (np.log10, [((GRID,), {})]),
    "cbrt": (np.cbrt, [((-GRID,), {}), ((ENDS,), {}), ((WHOLE.astype("float32") ** 3 * 1e6,), {})]),
    "sinc": (np.sinc, [((GRID,), {}), ((np.array([0.0, 1.0, -0.5, np.nan]),), {})]),
    "signbit": (np.signbit, [((ENDS,), {}), ((WHOLE,), {})]),
    "hypot": (
        np.hypot,
        [
            ((GRID, CUBE), {}),
            ((ENDS[:, None], ENDS), {}),
            ((np.full(2, 1e30, "f"), np.full(2, -1e30, "f")), {}),
            ((WHOLE, 3), {}),
        ],
    ),
    "logaddexp2": (np.logaddexp2, [((GRID, CUBE), {}), ((np.array([1e4, -np.inf]), np.array([1e4, 2.0])), {})]),
    "fmax": (np.fmax, [((ENDS[:, None], ENDS), {}), ((GRID, CUBE), {}), ((WHOLE, WHOLE[::-1]), {})]),
    "fmin": (np.fmin, [((ENDS[:, None], ENDS), {}), ((GRID, CUBE), {}), ((WHOLE, WHOLE[::-1]), {})]),
    "fmod": (np.fmod, [((CUBE, GRID), {}), ((ENDS[:, None], ENDS), {}), ((WHOLE, 4), {}), ((WHOLE, -4), {})]),
    "heaviside": (np.heaviside, [((ENDS, 0.5), {}), ((GRID, GRID[0]), {})]),
    "nan_to_num": (
        np.nan_to_num,
        [((ENDS,), {}), ((ENDS,), {"nan": 1.0, "posinf": 2.0, "neginf": 3.0}), ((WHOLE,), {}), ((GRID,), {})],
    ),
    "isposinf": (np.isposinf, [((ENDS,), {}), ((WHOLE,), {})]),
    "isneginf": (np.isneginf, [((ENDS,), {}), ((WHOLE,), {})]),
    "isclose": (
        np.isclose,
        [((ENDS, ENDS[::-1]), {}), ((ENDS, ENDS), {}), ((ENDS, ENDS), {"equal_nan": True})]
        + [((GRID, GRID * (1 + each)), {"rtol": 1e-3, "atol": 0.0}) for each in (9e-4, 1.1e-3)],
    ),
    "allclose": (np.allclose, [((GRID, GRID + 1e-9), {}), ((GRID, GRID + 0.1), {}), ((ENDS, ENDS), {})]),
    "select": (
        np.select,
        [(([BITS, GRID > 1], [GRID, GRID * 2], -1.0), {}), (([BITS], [WHOLE], 0.5), {}), (([BITS], [GRID]), {})],
    ),
    "saturate_cast": (
        lambda x, dtype: np.clip(np.trunc(x), np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype),
        [((WHOLE, "uint8"), {}), ((GRID * 300, "uint8"), {}), ((np.array([2**40, -(2**40), 7]), "int32"), {})],
    ),
    "nansum": (np.nansum, REDUCED[:3]),
    "nanprod": (np.nanprod, REDUCED[:3]),
    "nanmax": (_nan_extreme(np.max, -np.inf), REDUCED[:3]),
    "nanmin": (_nan_extreme(np.min, np.inf), REDUCED[:3]),
    "nanmean": (_nan_mean, REDUCED[:3]),
    "nanvar": (_nan_moment(lambda y: y), [*REDUCED[:3], ((np.array([1.0, np.inf, np.nan]), 0), {})]),
    "nanstd": (_nan_moment(np.sqrt), [*REDUCED[:3], ((np.array([1.0, np.inf, np.nan]), 0), {})]),
    "nanargmax": (_nan_arg(np.argmax, -np.inf), REDUCED[:3]),
    "nanargmin": (_nan_arg(np.argmin, np.inf), REDUCED[:3]),
    "nancumsum": (np.nancumsum, [((GRID,), {}), ((HOLED,), {"axis": 0}), ((WHOLE,), {"axis": 1, "dtype": "int64"})]),
    "nancumprod": (np.nancumprod, [((GRID,), {}), ((HOLED,), {"axis": 0})]),
    "ptp": (np.ptp, [((GRID,), {}), ((CUBE,), {"axis": (0, 2)}), ((WHOLE,), {"axis": 1, "keepdims": True})]),
    "average": (
        np.average,
        [((GRID,), {}), ((GRID, 1, GRID[0]), {}), ((GRID, None, GRID), {}), ((CUBE, -2), {"weights": GRID[:, 0]})],
    ),
    "cumsum": (_wide(np.cumsum), RUNNING),
    "cumprod": (_wide(np.cumprod), RUNNING),
    "diff": (
        np.diff,
        [((GRID,), {}), ((CUBE, 2, 1), {}), ((WHOLE,), {"axis": 0}), ((BITS,), {}), ((GRID, 0), {}), ((GRID, 9), {})],
    ),
    "trapezoid": (
        getattr(np, "trapezoid", None) or np.__dict__["trapz"],  # the name before NumPy 2
        [
            *[((GRID,), {}), ((CUBE, None, 0.5, 1), {}), ((GRID, GRID[0]), {}), ((CUBE, CUBE), {"axis": 0})],
            *[((CUBE, GRID[:, 0], 1.0, -2), {}), ((WHOLE,), {"axis": 0}), ((GRID[:0],), {"axis": 0})],
        ],
    ),
    "argsort": (_stable(np.argsort), ORDERED),
    "sort": (_stable(np.sort), ORDERED),
    "top_k": (_top_k, [((GRID, 2), {}), ((TIES, 3), {}), ((ENDS, 7), {}), ((SMALL, 1), {}), ((CUBE, 0), {})]),
    "median": (np.median, [((GRID,), {}), ((CUBE,), {"axis": (0, 2)}), ((HOLED,), {"axis": 1, "keepdims": True})]),
    "quantile": (
        np.quantile,
        [((CUBE, 0.3), {}), ((CUBE, [0.0, 0.25, 1.0], 1), {}), ((GRID, [0.5], (0, 1)), {"keepdims": True})]
        + [((LONG, [0.1, 0.5, 0.77], 1), {"method": method}) for method in sorting._PLACES]
        + [((WHOLE, 0.4), {"axis": -1}), ((HOLED, 0.5), {"axis": 0})],
    ),
    "nanquantile": (
        np.nanquantile,
        [((CUBE, 0.3), {}), ((HOLED[1:], [0.0, 0.25, 1.0], 1), {}), ((HOLED, 0.5, 0), {"keepdims": True})]
        + [((HOLED[1:], [0.3, 0.8]), {"method": method}) for method in sorting._PLACES],
    ),
    "nanpercentile": (np.nanpercentile, [((HOLED[1:], [30, 90.0]), {"axis": 1})]),
    "nanmedian": (np.nanmedian, [((HOLED,), {}), ((HOLED[1:],), {"axis": 1}), ((WHOLE,), {"axis": 0})]),
    "percentile": (np.percentile, [((CUBE, 30), {"axis": 2}), ((GRID, [5, 95]), {})]),
    "append": (np.append, [((GRID, CUBE), {}), ((GRID, GRID), {"axis": 0})]),
    "hstack": (np.hstack, VECTORS),
    "vstack": (np.vstack, VECTORS),
    "dstack": (np.dstack, VECTORS),
    "hsplit": (np.hsplit, [((GRID, 2), {}), ((CUBE, [1, 2]), {}), ((GRID[0], 2), {})]),
    "vsplit": (np.vsplit, [((GRID, 3), {}), ((CUBE, [1]), {})]),
    "dsplit": (np.dsplit, [((CUBE, 2), {}), ((CUBE, [1, 1]), {})]),
    "unstack": (
        lambda x, num=None, axis=0: [np.take(x, i, axis) for i in range(x.shape[axis])],
        [((GRID,), {}), ((CUBE, 4, -1), {})],
    ),
    "array_split": (np.array_split, [((GRID, 3, 1), {}), ((GRID, 5), {}), ((GRID, [1, 2]), {"axis": 1})]),
    "fliplr": (np.fliplr, [((GRID,), {}), ((CUBE,), {})]),
    "flipud": (np.flipud, [((GRID,), {}), ((GRID[0],), {})]),
    "trace": (np.trace, [((GRID,), {}), ((GRID, 1), {}), ((CUBE, -1, 2, 1), {})]),
    "diag": (np.diag, [((x, k), {}) for x in (GRID[0], GRID, GRID[0][:0]) for k in (0, 1, -1, 3, -6)]),
    "diagflat": (np.diagflat, [((GRID,), {}), ((GRID[0], -2), {}), ((GRID[:0],), {})]),
    "rot90": (np.rot90, [((CUBE, k, axes), {}) for k in range(-1, 4) for axes in ((0, 1), (-1, 0))]),
    "logspace": (np.logspace, [((-1, 2, 5), {"dtype": "float64"}), ((0, 3, 4, False, 2), {"dtype": "float64"})]),
    "geomspace": (
        np.geomspace,
        [
            *[((1, 1000, 4), {"dtype": "float64"}), ((-2.0, -32.0, 4, False), {"dtype": "float64"})],
            ((GRID[0], GRID[1] * 9, 5), {"axis": -1, "dtype": "float64"}),
        ],
    ),
    "searchsorted": (
        np.searchsorted,
        [((np.sort(GRID[0]), CUBE), {}), ((np.arange(-3, 9, 2, dtype="int32"), WHOLE, "right"), {})]
        + [((np.sort(ENDS), ENDS, side), {}) for side in ("left", "right")]
        + [((GRID[0, :0], GRID), {}), ((np.sort(TIES[0]), TIES[:0]), {})],
    ),
    "digitize": (np.digitize, [((CUBE, np.sort(GRID[0])), {}), ((WHOLE, np.array([-2, 1, 1, 3])), {})]),
    "histogram": (
        np.histogram,
        [
            ((x,), settings)
            for x in (CUBE, WHOLE.astype("float32"), np.full(3, 2, "float32"), GRID[:0])
            for settings in ({}, {"bins": 4}, {"bins": np.array([-1.0, 0, 0.5, 2])}, {"range": (-1, 0.5)})
        ],
    ),
    "isin": (np.isin, [((WHOLE, [1, -3, 99]), {}), ((ENDS, ENDS), {"invert": True}), ((GRID, GRID[:0]), {})]),
    "unravel_index": (np.unravel_index, [((np.arange(24), (2, 3, 4)), {}), ((TIES, (2, 2)), {})]),
    "multi_hot": (_multi_hot, [((TIES[:, :2], 5), {}), ((TIES[0, :3], 3), {}), ((TIES.reshape(3, 20, 2) - 1, 3), {})]),
    "slice": (_slice, [((CUBE, (0, 1, 2), (2, 2, 0)), {}), ((GRID, np.array([1, 2]), (2, 2)), {})]),
    "slice_update": (
        _slice_update,
        [((CUBE, (0, 1, 2), CUBE[:1, 1:, 1:3]), {}), ((GRID, np.array([1, 1]), CUBE[0, :2, :3]), {})],
    ),
    "scatter": (
        _scatter,
        [((np.array([[0], [2], [0], [-1]]), CUBE[0, :1].repeat(4, 0), (5, 4)), {})]
        + [((np.array([[[0, 1], [0, 1]]]), x[None, :2], (1, 2)), {}) for x in (GRID[0], WHOLE[0])]
        + [((np.zeros((0, 1), int), GRID[:0], (3, 4)), {})],
    ),
    "scatter_update": (
        _scatter_update,
        [((x, np.array([[2], [0], [2]]), x[:3] * 2), {"reduction": r}) for x in (GRID, WHOLE) for r in _REDUCTIONS]
        + [((CUBE, np.array([[0, -1], [1, 2]]), 5.0), {}), ((GRID, np.zeros((0, 2), int), GRID[0, :0]), {})],
    ),
    "segment_sum": (_segments(np.sum, lambda info, dtype: 0), SEGMENTS),
    "segment_prod": (_segments(np.prod, lambda info, dtype: 1), SEGMENTS),
    "segment_max": (_segments(np.max, lambda info, dtype: -np.inf if info is np.finfo else info(dtype).min), SEGMENTS),
    "segment_min": (_segments(np.min, lambda info, dtype: np.inf if info is np.finfo else info(dtype).max), SEGMENTS),
    "tri": (np.tri, [((3,), {}), ((3, 5, 1), {}), ((4, 2), {"k": -1})]),
    "meshgrid": (
        lambda *x, indexing="xy": list(np.meshgrid(*x, indexing=indexing)),
        [((GRID[0], GRID[1, :2], GRID[2, :3]), {}), ((GRID[0], GRID[0, :0]), {"indexing": "ij"}), ((GRID[0],), {})],
    ),
    "inner": (np.inner, [((GRID, GRID), {}), ((CUBE, GRID), {}), ((GRID[0], GRID[1]), {}), ((GRID, 2.0), {})]),
    "rms_normalization": (
        _rms,
        [((GRID,), {}), ((GRID, GRID[0]), {}), ((CUBE,), {"axis": (1, 2), "epsilon": 0.1})],
    ),
    "einsum": (
        np.einsum,
        [
            ((subscripts, *operands), {})
            for subscripts, *operands in (
                ("ij,kj->ik", GRID, GRID),
                ("ij,kj", GRID, GRID),
                (" b i j , k j -> b k i ", CUBE, GRID),
                ("...ij,kj->...ik", CUBE, GRID),
                ("...,...", CUBE, GRID),
                ("ii", GRID[:, :3]),
                ("ii->i", GRID[:, :3]),
                ("iij->j", RNG.standard_normal((3, 3, 4))),
                ("ba", GRID),
                ("bij->", CUBE),
                ("i,j->ji", GRID[0], GRID[1]),
                ("ij,ij->i", GRID, GRID),
                ("bi,ijk,bk->bj", GRID[:, :2], CUBE, GRID),
                ("abc,bc,dc,e->dae", CUBE, GRID, GRID, GRID[0]),
                ("ij,ij->ij", GRID, GRID[:, :1]),
                ("ij,jk->ik", GRID[:, :0], GRID[:0]),
                ("i,->i", GRID[0], np.float64(2)),
                ("ij,kj->ik", WHOLE, WHOLE),
            )
        ],
    ),
}
CALLS = [(name, *call) for name, (_, calls) in ROWS.items() for call in calls]


# Functions that tell a shape by values, which programs do not know
KNOWN_BY_VALUE = {"bincount", "nonzero"}


def leaves(x):
    return [y for each in x for y in leaves(each)] if isinstance(x, (list, tuple)) else [x]


def run(name, args, kwargs, arrays=None):
    """Call the function, its arrays replaced, in order, by others."""
    given = iter(arrays) if arrays is not None else None

    def filled(x):
        if isinstance(x, list):
            return [filled(each) for each in x]
        return next(given) if given is not None and isinstance(x, np.ndarray) else x

    args = list(map(filled, args))
    return leaves(getattr(ops, name)(*args, **{key: filled(x) for key, x in kwargs.items()}))


def arrays_of(args, kwargs):
    return [x for x in leaves([*args, *kwargs.values()]) if isinstance(x, np.ndarray)]


def test_every_function_has_a_row():
    modules = composites, counting, cumulative, nan_reduce, scattering, sorting
    assert {name for module in modules for name in module.__all__} - KNOWN_BY_VALUE <= set(ROWS)


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS)
def test_values_are_those_of_numpy_eagerly_and_in_programs(name, args, kwargs):
    with np.errstate(all="ignore"):
        expected = leaves(ROWS[name][0](*args, **kwargs))
    found = [np.asarray(y) for y in run(name, args, kwargs)]
    for y, r in zip(found, expected, strict=True):
        assert y.shape == np.shape(r)
        np.testing.assert_allclose(y, r, rtol=1e-6 if y.dtype == "float32" else 1e-12, atol=1e-14)
    arrays = arrays_of(args, kwargs)
    program = plan.compile(lambda *xs: run(name, args, kwargs, xs), [(x.shape, x.dtype) for x in arrays])
    for memory, x in zip(program.inputs, arrays, strict=True):
        memory[...] = x
    for y, out in zip(found, program.run(), strict=True):
        np.testing.assert_array_equal(y, out)


def is_smooth(name, args, kwargs):
    return all(x.dtype == "float64" and np.isfinite(x).all() and x.size < 50 for x in arrays_of(args, kwargs))


@pytest.mark.parametrize(("name", "args", "kwargs"), [call for call in CALLS if is_smooth(*call)])
def test_derivatives_are_central_differences(name, args, kwargs):
    arrays = [np.array(x) for x in arrays_of(args, kwargs)]

    def total(xs):
        floats = [y for y in run(name, args, kwargs, xs) if ops.dtype(y) == "float64"]
        return sum((ops.sum(ops.sin(y)) for y in floats), start=Tensor(np.zeros(())))

    tensors = [Tensor(x) for x in arrays]
    with GradientTape() as tape:
        tape.watch(tensors)
        y = total(tensors)
    for i, grad in enumerate(tape.gradient(y, tensors, unconnected_gradients="zero")):
        expected = numeric_gradient(lambda xs: float(total(xs)), arrays, i)
        np.testing.assert_allclose(grad.numpy(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.searchsorted(GRID, GRID), r"sorted_sequence must be a vector, got shape \(3, 4\)"),
        (lambda: ops.searchsorted(GRID[0], GRID, "middle"), "side must be 'left' or 'right', got 'middle'"),
        (lambda: ops.bincount(WHOLE), "x must be one or two axes of integers of at least 0"),
        (lambda: ops.bincount(TIES, TIES[0]), r"weights of shape \(40,\) for x of shape \(3, 40\)"),
        (lambda: ops.histogram(GRID, 0), "bins must be at least 1, got 0"),
        (lambda: ops.histogram(GRID, range=(2, 1)), "range must go up"),
        (lambda: ops.multi_hot([0, 1]), "num_classes is needed"),
        (lambda: ops.rot90(GRID, 1, (1, -1)), "two different axes are needed"),
        (lambda: ops.slice(GRID, (0, 3), (3, 2)), "slice: 2 elements from 3 on are not within an axis of 4"),
        (lambda: ops.slice(GRID, (0, 0), (3, 5)), "slice: an axis of 4 has no 5 elements"),
        (lambda: ops.slice(GRID, (0,), (3, 2)), r"slice: 1 start_indices and a slice of shape \(3, 2\) do not fit"),
        (lambda: ops.slice_update(GRID, (0, 0), CUBE), "slice_update: 2 start_indices and a slice of shape"),
        (lambda: ops.scatter_update(GRID, [[0]], GRID[0], "mean"), "reduction must be None, 'add', .* got 'mean'"),
        (lambda: ops.scatter_update(GRID, [[0]], GRID[:, 0]), "scatter_update: indices of shape .* do not fit"),
        (lambda: ops.scatter([[0, 0, 0]], GRID[0, 0], (3, 4)), "scatter: indices of shape .* do not fit"),
        (lambda: ops.segment_sum(GRID, [0, 1]), r"segment_ids must be a vector with a number for each row"),
        (lambda: ops.select([BITS], []), "1 conditions and 0 choices"),
        (lambda: ops.select([], []), "0 conditions and 0 choices"),
        (lambda: ops.average(GRID, 0, GRID[0]), r"average: weights of shape \(4,\) for x of shape \(3, 4\), axis 0"),
        (lambda: ops.top_k(GRID, 5), r"top_k: k is 5, but the last axis of shape \(3, 4\) has 4 elements"),
        (lambda: ops.top_k(GRID, -1), "k must not be negative"),
        (lambda: ops.sort(GRID, 2), "axis 2 is out of range"),
        (lambda: ops.quantile(GRID, 1.5), "q must be a number from 0 to 1, or a vector of such, got 1.5"),
        (lambda: ops.quantile(GRID, np.nan), "q must be a number from 0 to 1"),
        (lambda: ops.quantile(GRID, 0.5, method="best"), "method must be one of linear, .* got 'best'"),
        (lambda: ops.median(GRID[:0], 0), r"quantile of an empty axis \(shape \(0, 4\), axis \(0,\)\)"),
        (lambda: ops.diff(GRID, -1), "n must not be negative"),
        (lambda: ops.cumsum(GRID, 2), "axis 2 is out of range"),
        (lambda: ops.unstack(GRID, 2), r"unstack: num is 2, but axis 0 of shape \(3, 4\) has 3 places"),
        (lambda: ops.array_split(GRID, 0), "the number of parts must be at least 1, got 0"),
        (lambda: ops.diag(CUBE), "diag: a vector or a matrix is needed"),
        (lambda: ops.meshgrid(GRID[0], indexing="yx"), "indexing must be 'xy' or 'ij', got 'yx'"),
        (lambda: ops.inner(GRID, CUBE[..., :2]), "do not match"),
        (lambda: ops.rms_normalization(GRID, np.ones(3)), "scale must have the shape of x along the axes"),
        (lambda: ops.einsum("ij,jk", GRID), "'ij,jk' is for 2 operands, got 1"),
        (lambda: ops.einsum("ij", GRID[0]), "'ij' in 'ij' does not name 1 axes by letters"),
        (lambda: ops.einsum("i1", GRID), "'i1' in 'i1' does not name 2 axes by letters"),
        (lambda: ops.einsum("ij,jk->ik", GRID, GRID), "axes 'j' of 'ij,jk->ik' have sizes 4 and 3"),
        (lambda: ops.einsum("ii", GRID), "axes 'i' of 'ii' have sizes 3 and 4"),
        (lambda: ops.einsum("ii", GRID[:1]), "axes 'i' of one operand have sizes 1 and 4"),
        (lambda: ops.einsum("ij->ik", GRID), "must name axes of the operands, each once"),
        (lambda: ops.einsum("ij->ii", GRID), "must name axes of the operands, each once"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_asked_of_tensors_is_known_while_they_are_traced():
    seen = []

    def look(x):
        seen.append((ops.size(x), ops.ndim(x), ops.shape(x), ops.dtype(x)))
        return ops.get_item(x, (0, slice(1, 3)))

    program = plan.compile(look, [((3, 4), "float32")])
    program.inputs[0][...] = WHOLE
    np.testing.assert_array_equal(program.run()[0], WHOLE[0, 1:3])
    assert seen == [(12, 2, (3, 4), "float32")]
    assert {ops.dtype(2.0): 1} == {"float32": 1}
    assert ops.size(2.0) == 1
    assert ops.ndim([[1, 2]]) == 2


def test_tensors_to_begin_with():
    assert ops.array([1, 2], "float64").dtype == "float64"
    for found in (ops.empty((2, 3), "int32"), ops.empty_like(np.ones((2, 3), "int32"))):
        assert (found.shape, found.dtype) == ((2, 3), "int32")
    np.testing.assert_array_equal(ops.arange(1, 6, step=None), np.arange(1, 6))


def test_what_is_counted():
    x = np.array([0, 3, 3, 1], "uint8")
    np.testing.assert_array_equal(ops.bincount(x).numpy(), [1, 1, 0, 2])
    np.testing.assert_array_equal(ops.bincount(x, minlength=6).numpy(), [1, 1, 0, 2, 0, 0])
    np.testing.assert_array_equal(ops.bincount(x[:0]).numpy(), [])
    np.testing.assert_array_equal(ops.bincount(x, x * 0.5).numpy(), [0, 0.5, 0, 3])
    rows, weights = np.stack([x, x[::-1] // 3]).astype("int64"), RNG.uniform(size=(2, 4))
    for each in (None, weights):
        expected = [np.bincount(row, None if each is None else each[i], 4) for i, row in enumerate(rows)]
        np.testing.assert_allclose(ops.bincount(rows, each).numpy(), expected, rtol=1e-12)
    for y, expected in zip(ops.nonzero(WHOLE), np.nonzero(WHOLE), strict=True):
        np.testing.assert_array_equal(y.numpy(), expected)


@pytest.mark.parametrize("call", [ops.nonzero, ops.bincount])
def test_what_is_known_by_values_only_says_so_in_programs(call):
    with pytest.raises(TracingError, match="not known while a function is traced"):
        plan.compile(call, [((3,), "int32")])


@pytest.mark.parametrize("at", [-4, -1, 0, 1, 2, 9])
def test_slices_may_begin_where_a_program_says(at):
    x, place = np.arange(20.0).reshape(4, 5), min(max(at + 4 * (at < 0), 0), 2)
    expected = x.copy()
    expected[place : place + 2, 1:4] = -1

    def both(x, at):
        return ops.slice(x, (at, 1), (2, 3)), ops.slice_update(x, (at, 1), -ops.ones((2, 3)))

    program = plan.compile(both, [((4, 5), "float64"), ((), "int32")])
    program.inputs[0][...], program.inputs[1][...] = x, at
    part, whole = program.run()
    np.testing.assert_array_equal(part, x[place : place + 2, 1:4])
    np.testing.assert_array_equal(whole, expected)


def test_places_out_of_range_are_refused_or_go_nowhere():
    x, updates = np.zeros((2, 3)), np.ones(2)
    indices = np.array([[0, 1], [1, 3]])
    with pytest.raises(IndexError, match="scatter_update: index 3 is out of range for 3 elements"):
        ops.scatter_update(x, indices, updates)
    program = plan.compile(ops.scatter_update, [(a.shape, a.dtype) for a in (x, indices, updates)])
    for memory, value in zip(program.inputs, (x, indices, updates), strict=True):
        memory[...] = value
    np.testing.assert_array_equal(program.run()[0], [[0, 1, 0], [0, 0, 0]])


def test_derivatives_where_functions_have_kinks():
    for name, at, expected in (("cbrt", 0.0, np.inf), ("sinc", 0.0, 0.0), ("cbrt", 8.0, 1 / 12)):
        x = Tensor(np.array(at))
        with GradientTape() as tape:
            tape.watch(x)
            y = getattr(ops, name)(x)
        np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected)
    x = [Tensor(np.zeros(1)), Tensor(np.zeros(1))]
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.hypot(*x)
    assert all(np.isfinite(dx.numpy()).all() for dx in tape.gradient(y, x))


def test_dtypes_of_what_is_written_and_counted():
    x = np.ones((3, 2), "float32")
    assert ops.scatter_update(x, [[0]], np.zeros(2)).dtype == ops.slice_update(x, (0, 0), [[5]]).dtype == "float32"
    assert ops.searchsorted(x[0], x).dtype == ops.digitize(x, x[0]).dtype == ops.bincount([1, 2]).dtype == "int32"
    assert ops.multi_hot([0, 1], 3).dtype == ops.hypot([3], [4]).dtype == ops.sinc(2).dtype == "float32"
