"""Every loss: formula, derivative, weights and reductions, ranks, names, stored form."""

import numpy as np
import pytest
from part_tools import assert_gradient, run_traced, stored_and_restored
from scipy import special

from fastnn import GradientTape, Tensor, activations, losses, ops
from fastnn.losses.base import REDUCTIONS, squeeze_or_expand_to_same_rank

EPS = 1e-7
N, K = 6, 4
rng = np.random.default_rng(2)
REAL = (rng.normal(size=(N, K)), rng.normal(size=(N, K)))
POSITIVE = (rng.uniform(0.1, 2.0, (N, K)), rng.uniform(0.1, 2.0, (N, K)))
BINARY = (rng.integers(0, 2, (N, K)).astype(float), rng.uniform(0.05, 0.95, (N, K)))
CLASSES = rng.integers(0, K, N)
ONE_HOT = (np.eye(K)[CLASSES], rng.uniform(0.05, 0.95, (N, K)))
SPARSE = (CLASSES, ONE_HOT[1])
LOGITS = rng.normal(size=(N, K)) * 3


def binary(t, p):
    p = np.clip(p, EPS, 1 - EPS)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(-1)


def categorical(t, p):
    p = np.clip(p / p.sum(-1, keepdims=True), EPS, 1 - EPS)
    return -(t * np.log(p)).sum(-1)


def huber(t, p, delta=1.0):
    e = np.abs(p - t)
    return np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1)


def cosine(t, p, axis=-1):
    return -(t * p).sum(axis) / np.linalg.norm(t, axis=axis) / np.linalg.norm(p, axis=axis)


def binary_focal(t, p, gamma=2.0, alpha=None, axis=-1):
    terms = -(t * np.log(p) + (1 - t) * np.log(1 - p)) * (t * (1 - p) + (1 - t) * p) ** gamma
    return (terms if alpha is None else terms * (t * alpha + (1 - t) * (1 - alpha))).mean(axis)


def categorical_focal(t, p, gamma=2.0, alpha=0.25, axis=-1):
    p = p / p.sum(axis, keepdims=True)
    return -(alpha * (1 - p) ** gamma * t * np.log(p)).sum(axis)


def generalized(t, p, q=0.5):
    return (1 - p[np.arange(len(t)), t] ** q) / q


def tversky(t, p, alpha=0.5, beta=0.5, axis=-1):
    both = (t * p).sum(axis)
    return 1 - both / (both + alpha * (t * (1 - p)).sum(axis) + beta * ((1 - t) * p).sum(axis) + EPS)


# class -> list of (arguments, (targets, predictions), losses of samples). A class without a row fails the walk.
ROWS = {
    "MeanSquaredError": [({}, REAL, lambda t, p: ((t - p) ** 2).mean(-1))],
    "MeanAbsoluteError": [({}, REAL, lambda t, p: np.abs(t - p).mean(-1))],
    "MeanAbsolutePercentageError": [
        ({}, POSITIVE, lambda t, p: 100 * (np.abs(t - p) / np.maximum(np.abs(t), EPS)).mean(-1))
    ],
    "MeanSquaredLogarithmicError": [({}, POSITIVE, lambda t, p: ((np.log1p(t) - np.log1p(p)) ** 2).mean(-1))],
    "Huber": [({}, REAL, huber), ({"delta": 0.3}, REAL, lambda t, p: huber(t, p, 0.3))],
    "LogCosh": [({}, REAL, lambda t, p: np.log(np.cosh(p - t)).mean(-1))],
    "CosineSimilarity": [({}, REAL, cosine), ({"axis": 0}, REAL, lambda t, p: cosine(t, p, 0))],
    "Hinge": [
        ({}, (BINARY[0], REAL[1]), lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0).mean(-1)),
        ({}, (2 * BINARY[0] - 1, REAL[1]), lambda t, p: np.maximum(1 - t * p, 0).mean(-1)),
    ],
    "SquaredHinge": [({}, (BINARY[0], REAL[1]), lambda t, p: (np.maximum(1 - (2 * t - 1) * p, 0) ** 2).mean(-1))],
    "CategoricalHinge": [
        ({}, (ONE_HOT[0], LOGITS), lambda t, p: np.maximum(1 + ((1 - t) * p).max(-1) - (t * p).sum(-1), 0))
    ],
    "KLDivergence": [
        ({}, (BINARY[1], ONE_HOT[1]), lambda t, p: (t * np.log(t / p)).sum(-1)),
    ],
    "Poisson": [({}, POSITIVE, lambda t, p: (p - t * np.log(p + EPS)).mean(-1))],
    "BinaryCrossentropy": [
        ({}, BINARY, binary),
        ({"label_smoothing": 0.1}, BINARY, lambda t, p: binary(0.9 * t + 0.05, p)),
        ({"from_logits": True}, (BINARY[0], LOGITS), lambda t, p: binary(t, special.expit(p))),
        ({"axis": 0}, BINARY, lambda t, p: binary(t.T, p.T)),
    ],
    "CategoricalCrossentropy": [
        ({}, ONE_HOT, categorical),
        ({"label_smoothing": 0.2}, ONE_HOT, lambda t, p: categorical(0.8 * t + 0.05, p)),
        ({"from_logits": True}, (ONE_HOT[0], LOGITS), lambda t, p: categorical(t, special.softmax(p, -1))),
        ({"axis": 0}, (ONE_HOT[0].T, ONE_HOT[1].T), lambda t, p: categorical(t.T, p.T)),
    ],
    "SparseCategoricalCrossentropy": [
        ({}, SPARSE, lambda t, p: categorical(np.eye(K)[t], p)),
        ({"from_logits": True}, (CLASSES, LOGITS), lambda t, p: categorical(np.eye(K)[t], special.softmax(p, -1))),
    ],
    "BinaryFocalCrossentropy": [
        ({}, BINARY, binary_focal),
        ({"gamma": 0.0}, BINARY, binary),
        ({"gamma": 0.5, "from_logits": True}, (BINARY[0], LOGITS), lambda t, x: binary_focal(t, special.expit(x), 0.5)),
        ({"label_smoothing": 0.2, "axis": 0}, BINARY, lambda t, p: binary_focal(0.8 * t + 0.1, p, axis=0)),
        (
            {"apply_class_balancing": True, "alpha": 0.7, "gamma": 3.0},
            (ONE_HOT[1], BINARY[1]),
            lambda t, p: binary_focal(t, p, 3.0, 0.7),
        ),
    ],
    "CategoricalFocalCrossentropy": [
        ({}, ONE_HOT, categorical_focal),
        ({"gamma": 0.0, "alpha": 1.0}, ONE_HOT, categorical),
        (
            {"gamma": 0.5, "from_logits": True},
            (ONE_HOT[0], LOGITS),
            lambda t, x: categorical_focal(t, special.softmax(x, -1), 0.5),
        ),
        ({"label_smoothing": 0.2}, ONE_HOT, lambda t, p: categorical_focal(0.8 * t + 0.05, p)),
        (
            {"alpha": [0.1, 0.2, 0.3, 0.4], "axis": 0},
            (ONE_HOT[0].T, ONE_HOT[1].T),
            lambda t, p: categorical_focal(t, p, 2.0, np.array([[0.1], [0.2], [0.3], [0.4]]), 0),
        ),
    ],
    "CategoricalGeneralizedCrossEntropy": [
        ({}, SPARSE, generalized),
        ({"q": 0.1}, SPARSE, lambda t, p: generalized(t, p, 0.1)),
    ],
    "Dice": [
        ({"axis": -1}, BINARY, lambda t, p: 1 - 2 * (t * p).sum(-1) / (t.sum(-1) + p.sum(-1) + EPS)),
        ({"axis": (0,)}, BINARY, lambda t, p: 1 - 2 * (t * p).sum(0) / (t.sum(0) + p.sum(0) + EPS)),
    ],
    "Tversky": [
        ({"axis": -1}, BINARY, tversky),
        ({"alpha": 0.3, "beta": 0.9, "axis": [0]}, BINARY, lambda t, p: tversky(t, p, 0.3, 0.9, 0)),
    ],
}
CASES = [pytest.param(name, *row, id=f"{name}-{i}") for name in ROWS for i, row in enumerate(ROWS[name])]


def expected_value(values, reduction, weights=None):
    """Keras' reductions, in plain NumPy."""
    if weights is not None:
        values = values * weights
    if reduction in (None, "none"):
        return values
    if reduction == "sum":
        return values.sum()
    if reduction == "mean_with_sample_weight" and weights is not None:
        return values.sum() / weights.sum()
    return values.mean()


def test_every_loss_has_a_row():
    wrapper = losses.LossFunctionWrapper
    assert {cls.__name__ for cls in losses.REGISTRY.classes if cls is not wrapper} == set(ROWS)


@pytest.mark.parametrize(("name", "arguments", "data", "reference"), CASES)
def test_formula_in_both_dtypes(name, arguments, data, reference):
    t, p = data
    for dtype, tolerance in (("float64", 1e-10), ("float32", 2e-5)):
        cast_t = t if t.dtype.kind == "i" else t.astype(dtype)
        loss = getattr(losses, name)(reduction=None, **arguments)(cast_t, p.astype(dtype))
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss.numpy(), reference(t, p), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", [*REDUCTIONS, None])
@pytest.mark.parametrize(("name", "arguments", "data", "reference"), CASES)
def test_reductions_and_weights(name, arguments, data, reference, reduction, weighted):
    t, p = data
    values = reference(t, p)
    weights = np.random.default_rng(1).uniform(0, 2, values.shape) if weighted else None
    loss = getattr(losses, name)(reduction=reduction, **arguments)
    got = loss(t, p, weights).numpy()
    np.testing.assert_allclose(got, expected_value(values, reduction, weights), rtol=1e-10, atol=1e-12)
    given = (t, p) if weights is None else (t, p, weights)
    np.testing.assert_array_equal(run_traced(loss, *given)[0], got)


@pytest.mark.parametrize(("name", "arguments", "data", "reference"), CASES)
def test_derivative(name, arguments, data, reference):
    t, p = data
    assert_gradient(lambda p: getattr(losses, name)(**arguments)(t, p), p)


@pytest.mark.parametrize(("name", "arguments", "data", "reference"), CASES)
def test_stored_form(name, arguments, data, reference):
    loss = getattr(losses, name)(reduction="sum", name="mine", **arguments)
    restored = stored_and_restored(losses, loss)
    assert restored.name == "mine"
    assert float(restored(*data)) == float(loss(*data))


OVERLAP = ([[[[1.0], [1.0]], [[0.0], [0.0]]]] * 2, [[[[0.0], [1.0]], [[0.0], [1.0]]], [[[0.4], [0.0]], [[0.0], [0.9]]]])


@pytest.mark.parametrize(
    ("loss", "t", "p", "value"),
    # The examples in the docstrings of keras.losses, Keras 3.15.
    [
        (losses.MeanSquaredError(), [1.0, 0.0, 1.0], [0.9, 0.1, 0.8], 0.02),
        (losses.MeanAbsoluteError(), [1.0, 0.3, 1.0], [1.9, 0.3, 1.8], 0.5666667),
        (losses.CategoricalCrossentropy(), [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]], 1.177),
        (losses.SparseCategoricalCrossentropy(), [1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]], 1.177),
        (losses.BinaryCrossentropy(from_logits=True), [0, 1, 0, 0], [-18.6, 0.51, 2.94, -12.8], 0.8654),
        (losses.BinaryFocalCrossentropy(gamma=2, from_logits=True), [0, 1, 0, 0], [-18.6, 0.51, 2.94, -12.8], 0.691),
        (losses.CategoricalFocalCrossentropy(), [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]], 0.23315276),
        (losses.Dice(), OVERLAP[0], OVERLAP[1], 0.6164384),
        (losses.Tversky(), OVERLAP[0], OVERLAP[1], 0.6164384),
    ],
)
def test_the_examples_of_keras(loss, t, p, value):
    assert float(loss(t, p)) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("bad", ["mean_over_batch", "auto", 3])
def test_unknown_reduction(bad):
    with pytest.raises(ValueError, match="Unknown reduction"):
        losses.MeanSquaredError(reduction=bad)


@pytest.mark.parametrize(
    ("shape1", "shape2", "expected"),
    # As keras.src.losses.loss.squeeze_or_expand_to_same_rank.
    [
        ((5,), (5, 1), ((5, 1), (5, 1))),
        ((5, 1), (5,), ((5, 1), (5, 1))),
        ((5, 2), (5, 2, 1), ((5, 2), (5, 2))),
        ((5,), (5, 3), ((5,), (5, 3))),
        ((), (1,), ((), ())),
        ((5, 3), (5, 3), ((5, 3), (5, 3))),
        ((5,), (5, 1, 1), ((5,), (5, 1, 1))),
    ],
)
def test_ranks(shape1, shape2, expected):
    pair = squeeze_or_expand_to_same_rank(Tensor(np.zeros(shape1)), Tensor(np.zeros(shape2)))
    assert tuple(x.shape for x in pair) == expected


def test_columns_and_vectors_are_the_same_targets():
    t, p = rng.normal(size=N), rng.normal(size=(N, 1))
    loss = losses.MeanSquaredError()
    assert float(loss(t, p)) == float(loss(t[:, None], p)) == pytest.approx(((t - p[:, 0]) ** 2).mean())
    sparse = losses.SparseCategoricalCrossentropy()
    assert float(sparse(CLASSES, ONE_HOT[1])) == float(sparse(CLASSES[:, None], ONE_HOT[1]))


def test_class_numbers_of_any_dtype():
    expected = float(losses.SparseCategoricalCrossentropy()(CLASSES, ONE_HOT[1]))
    generalized = float(losses.CategoricalGeneralizedCrossEntropy()(CLASSES[:, None], ONE_HOT[1]))
    for dtype in ("int32", "int64", "uint8", "float32", "float64", "int8"):
        assert float(losses.SparseCategoricalCrossentropy()(CLASSES.astype(dtype), ONE_HOT[1])) == expected
        assert float(losses.CategoricalGeneralizedCrossEntropy()(CLASSES.astype(dtype), ONE_HOT[1])) == generalized
    assert np.isnan(losses.categorical_generalized_cross_entropy([-1, K], ONE_HOT[1][:2]).numpy()).all()


def test_weights_of_samples_broadcast_as_in_keras():
    t, p = REAL
    loss = losses.MeanSquaredError()
    w = rng.uniform(0, 1, N)
    expected = (((t - p) ** 2).mean(-1) * w).mean()
    for shape in ((N,), (N, 1)):
        assert float(loss(t, p, w.reshape(shape))) == pytest.approx(expected)
    assert float(loss(t, p, 2.0)) == pytest.approx(2 * ((t - p) ** 2).mean())
    with pytest.raises(ValueError, match=r"sample_weight` of shape \(3,\)"):
        loss(t, p, w[:3])


def test_weights_that_sum_to_zero_give_zero():
    t, p = REAL
    assert float(losses.MeanSquaredError(reduction="mean_with_sample_weight")(t, p, np.zeros(N))) == 0.0


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="shape"):
        losses.MeanSquaredError()(np.zeros((5, 3)), np.zeros((5, 2)))
    with pytest.raises(ValueError, match="shape"):
        losses.CategoricalCrossentropy()(CLASSES, ONE_HOT[1])
    with pytest.raises(ValueError, match="shape"):
        losses.SparseCategoricalCrossentropy()(ONE_HOT[0], ONE_HOT[1])


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class=0.5), "ignore_class"),
        (lambda: losses.BinaryFocalCrossentropy(alpha=1.5), "alpha"),
        (lambda: losses.BinaryFocalCrossentropy(gamma=-1), "gamma"),
        (lambda: losses.BinaryFocalCrossentropy(apply_class_balancing="no"), "apply_class_balancing"),
        (lambda: losses.CategoricalFocalCrossentropy(alpha=[0.2, "a"]), "alpha"),
        (lambda: losses.CategoricalFocalCrossentropy(alpha=[0.2, 0.8])(*ONE_HOT), "one for each of the 4 classes"),
        (lambda: losses.CategoricalFocalCrossentropy()(CLASSES, ONE_HOT[1]), r"y_true of shape \(6,\) and y_pred"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), "`q` must be a finite number above 0.0 and below 1"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy()(*ONE_HOT), r"labels of shape \(6, 4\) do not fit"),
        (lambda: losses.Dice(axis=0.5), "axis"),
        (lambda: losses.Dice(axis=(0, "1")), "axis"),
        (lambda: losses.Dice()(BINARY[0][:, 0], BINARY[1]), "dice: y_true of shape"),
        (lambda: losses.Tversky(beta=-1), "beta"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=1.5), "label_smoothing"),
        (lambda: losses.CategoricalCrossentropy(axis=0.5), "axis"),
        (lambda: losses.Huber(delta=-1), "delta"),
        (lambda: losses.MeanSquaredError(dtype="int32"), "dtype"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize("name", ["crossentropy", "focal_crossentropy"])
def test_categorical_crossentropies_of_one_class_warn(name):
    with pytest.warns(SyntaxWarning, match=f"Use binary_{name}") as warned:
        getattr(losses, f"categorical_{name}")(np.ones((3, 1)), np.ones((3, 1)))
    assert warned[0].filename == __file__


@pytest.mark.parametrize("name", ["Dice", "Tversky"])
def test_losses_of_overlap_are_of_the_whole_batch(name):
    """And weights weight that, as in Keras."""
    t, p = BINARY
    weights = np.arange(1.0, N + 1)
    loss = getattr(losses, name)()
    assert loss(t, p).shape == getattr(losses, name)(reduction=None)(t, p).shape == ()
    expected = tversky(t, p, axis=None)
    np.testing.assert_allclose(float(loss(t, p)), expected, rtol=1e-6)
    np.testing.assert_allclose(float(loss(t, p, weights)), expected * weights.mean(), rtol=1e-6)
    assert float(loss(np.zeros((2, 3)), np.zeros((2, 3)))) == 1.0


@pytest.mark.parametrize("loss", [losses.Dice(), losses.Tversky(alpha=0.3)])
def test_losses_of_overlap_are_precise_where_little_is_lost(loss):
    t, p = BINARY[0].astype("float32"), np.where(BINARY[0] > 0, 1 - 2.0**-20, 2.0**-20).astype("float32")
    expected = float(loss(t.astype("float64"), p.astype("float64")))
    np.testing.assert_allclose(float(loss(t, p)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "t", "p"),
    [
        (losses.CategoricalGeneralizedCrossEntropy(q=0.01), [0, 1], [[0.0, 1.0], [0.0, 1.0]]),
        (losses.BinaryFocalCrossentropy(gamma=0.5), [[0.0, 1.0]] * 2, [[0.0, 1.0], [1.0, 0.0]]),
        (losses.CategoricalFocalCrossentropy(gamma=0.5), [[0.0, 1.0]] * 2, [[0.0, 1.0], [1.0, 0.0]]),
        (losses.BinaryFocalCrossentropy(gamma=0.5, from_logits=True), [[0.0, 1.0]] * 2, [[-2e3, 2e3], [2e3, -2e3]]),
        (losses.CategoricalFocalCrossentropy(gamma=0.5, from_logits=True), [[0.0, 1.0]] * 2, [[-2e3, 2e3], [2e3, 0]]),
        (losses.Dice(axis=-1), [[0.0, 0.0]], [[0.0, 0.0]]),
        (losses.Tversky(alpha=0.0, beta=0.0), [[0.0, 1.0]], [[1.0, 0.0]]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives_stay_finite_at_the_ends(loss, t, p, dtype):
    p = Tensor(np.array(p, dtype))
    with GradientTape() as tape:
        tape.watch(p)
        value = loss(t, p)
    assert np.isfinite(value.numpy())
    assert np.isfinite(tape.gradient(value, p).numpy()).all()


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(N,), (N, 1), (2, 3), (2, 3, 1)])
@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_ignored_classes_do_not_count(from_logits, shape, dtype):
    """In no reduction: losses are those of the others alone, which Keras' are, too."""
    t, p = CLASSES.copy(), LOGITS if from_logits else ONE_HOT[1]
    t[[0, 3]] = -1
    kept, weights = t >= 0, np.arange(1.0, N + 1)
    given, outputs = t.astype(dtype).reshape(shape), p.reshape(*(shape[:-1] if shape[-1] == 1 else shape), K)
    for reduction in (*REDUCTIONS, None):
        settings = {"from_logits": from_logits, "reduction": reduction}
        ignoring = losses.SparseCategoricalCrossentropy(ignore_class=-1, **settings)
        plain = losses.SparseCategoricalCrossentropy(**settings)
        for w in (None, weights):
            of_kept = None if w is None else w[kept]
            got = ignoring(given, outputs, None if w is None else w.reshape(outputs.shape[:-1])).numpy()
            expected = plain(t[kept], p[kept], of_kept).numpy()
            if reduction in (None, "none"):
                assert (got.reshape(-1)[~kept] == 0).all()
                got = got.reshape(-1)[kept]
            np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_array_equal(run_traced(ignoring, given, outputs)[0], ignoring(given, outputs).numpy())
    gradient = value_and_gradient(losses.SparseCategoricalCrossentropy(from_logits, -1), lambda x: x, p, t)[1]
    assert (gradient[~kept] == 0).all()
    assert (gradient[kept] != 0).any(axis=1).all()


def test_ignored_classes_of_any_kind():
    for number, dtype in ((255, "uint8"), (2, "int64"), (-1, "int8")):
        t = np.array([0, number, 1], dtype)
        loss = losses.SparseCategoricalCrossentropy(ignore_class=number)
        assert float(loss(t, ONE_HOT[1][:3])) == pytest.approx(
            float(losses.SparseCategoricalCrossentropy()(t[[0, 2]], ONE_HOT[1][[0, 2]]))
        )
        assert float(loss(t[1:2], ONE_HOT[1][1:2])) == 0.0  # nothing counts
        stored_and_restored(losses, loss)
        wrapped = losses.LossFunctionWrapper(losses.sparse_categorical_crossentropy, ignore_class=number)
        assert float(wrapped(t, ONE_HOT[1][:3])) == float(loss(t, ONE_HOT[1][:3]))
    assert np.isnan(float(losses.SparseCategoricalCrossentropy(ignore_class=-1)([7, -1], ONE_HOT[1][:2])))
    assert losses.SparseCategoricalCrossentropy().get_config()["ignore_class"] is None


def test_parameters_are_attributes():
    loss = losses.CategoricalFocalCrossentropy(gamma=3)
    assert (loss.gamma, loss.alpha, loss.from_logits, loss.axis) == (3.0, 0.25, False, -1)


def test_dtype():
    t, p = REAL
    assert losses.MeanSquaredError()(t, p).dtype == "float64"
    assert losses.MeanSquaredError()(t, p.astype("float32")).dtype == "float32"
    assert losses.MeanSquaredError(dtype="float64")(t, p.astype("float32")).dtype == "float64"
    assert losses.MeanSquaredError()([1, 2], [3, 4]).dtype == "float32"


def test_empty_batches():
    assert losses.MeanSquaredError()(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)
    assert float(losses.MeanSquaredError(reduction="sum")(np.zeros((3, 2)), np.zeros((3, 2)))) == 0.0


def test_names_of_functions_and_classes():
    assert losses.get("mse") is losses.get("MSE") is losses.mean_squared_error
    assert losses.get("huber") is losses.huber
    assert isinstance(losses.get("Huber"), losses.Huber)
    assert losses.get(None) is None
    for function in losses.REGISTRY.functions:
        assert losses.get(function.__name__) is function
        assert losses.deserialize(losses.serialize(function)) is function
    with pytest.raises(ValueError, match="Did you mean 'categorical_crossentropy'"):
        losses.get("categorical_crossentrpy")


def test_default_names_are_those_of_keras():
    assert losses.Huber().name == "huber_loss"
    assert losses.MeanSquaredError().name == "mean_squared_error"
    assert losses.SparseCategoricalCrossentropy().name == "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("identifier", "y_true", "y_pred", "name", "function"),
    [
        ("mse", (8, 1), (8, 1), "mse", losses.mean_squared_error),
        (losses.mean_absolute_error, (8, 1), (8, 1), "mean_absolute_error", losses.mean_absolute_error),
        ("crossentropy", (8,), (8, 1), "crossentropy", losses.binary_crossentropy),
        ("ce", (8,), (8, 3), "ce", losses.sparse_categorical_crossentropy),
        ("crossentropy", (8, 1), (8, 3), "crossentropy", losses.sparse_categorical_crossentropy),
        ("crossentropy", (8, 3), (8, 3), "crossentropy", losses.categorical_crossentropy),
    ],
)
def test_resolve_loss(identifier, y_true, y_pred, name, function):
    loss = losses.resolve_loss(identifier, y_true, y_pred)
    assert loss.name == name
    assert loss.fn is function
    assert loss.takes_class_numbers == (function is losses.sparse_categorical_crossentropy)


def test_resolve_loss_keeps_objects():
    loss = losses.Huber()
    assert losses.resolve_loss(loss, (8, 1), (8, 1)) is loss
    assert losses.resolve_loss(None, (8, 1), (8, 1)) is None
    assert isinstance(losses.resolve_loss("MeanSquaredError", (8,), (8,)), losses.MeanSquaredError)


def test_losses_of_users():
    class Cubic(losses.Loss):
        def call(self, y_true, y_pred):
            return abs(y_true - y_pred) ** 3

    t, p = REAL
    assert float(Cubic()(t, p)) == pytest.approx((np.abs(t - p) ** 3).mean())
    assert Cubic(name="mine").name == "mine"

    def quartic(y_true, y_pred):
        return (y_true - y_pred) ** 4

    loss = losses.resolve_loss(quartic, t.shape, p.shape)
    assert loss.name == "quartic"
    assert float(loss(t, p)) == pytest.approx(((t - p) ** 4).mean())
    restored = losses.deserialize(losses.serialize(losses.LossFunctionWrapper(losses.huber, delta=0.5)))
    assert float(restored(t, p)) == float(losses.Huber(0.5)(t, p))
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()(t, p)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_cosh_is_precise_for_errors_of_any_size(dtype):
    """Its value and its gradient, tanh, are within a few roundings of those in long doubles."""
    sizes = np.concatenate([np.logspace(-15, 30, 901), np.linspace(0.5, 1.5, 901)])
    error = np.concatenate([sizes, -sizes]).astype(dtype)[:, None]
    value, slope = value_and_gradient(losses.LogCosh(reduction=None), lambda x: x, error, np.zeros_like(error))
    error = error.astype(np.longdouble)
    far = np.maximum(np.abs(error), 0.5)
    exact = np.where(
        np.abs(error) < 0.5,
        np.log1p(2 * np.sinh(np.minimum(np.abs(error), 0.5) / 2) ** 2),
        far + np.log1p(np.expm1(-2 * far) / 2),
    )[:, 0]
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(value, exact, rtol=5 * eps, atol=np.finfo(dtype).tiny)
    np.testing.assert_allclose(slope, np.tanh(error), rtol=4 * eps)
    assert value.min() >= 0


def value_and_gradient(loss, predict, x, t):
    """Return the loss of what ``predict`` makes of x, and its gradient, by a program."""

    def gradient(x, t):
        with GradientTape() as tape:
            tape.watch(x)
            value = loss(t, predict(x))
        return value, tape.gradient(value, x)

    return run_traced(gradient, x, t)


def column(p):
    return ops.expand_dims(p, -1)


def twice(p):
    return ops.broadcast_to(column(p), (*p.shape, 2))


SIGMOID, SOFTMAX = activations.sigmoid, activations.softmax


@pytest.mark.parametrize(
    ("activation", "loss", "t", "view"),
    [
        (SOFTMAX, losses.SparseCategoricalCrossentropy(), CLASSES, lambda p: p),
        (SOFTMAX, losses.CategoricalCrossentropy(), ONE_HOT[0], lambda p: p),
        (SIGMOID, losses.BinaryCrossentropy(), BINARY[0], lambda p: p),
        (SOFTMAX, losses.CategoricalFocalCrossentropy(alpha=1.0), ONE_HOT[0], lambda p: p),
        (SIGMOID, losses.BinaryFocalCrossentropy(), BINARY[0], lambda p: p),
        (SIGMOID, losses.BinaryCrossentropy(), BINARY[0], column),
        (SIGMOID, losses.BinaryCrossentropy(), BINARY[0].reshape(8, 3), lambda p: ops.reshape(p, (8, 3))),
        (SIGMOID, losses.BinaryCrossentropy(), BINARY[0][:, 1:].T, lambda p: ops.transpose(p)[1:]),
        (SOFTMAX, losses.SparseCategoricalCrossentropy(), CLASSES.reshape(2, 3), lambda p: ops.reshape(p, (2, 3, K))),
        (SOFTMAX, losses.SparseCategoricalCrossentropy(), CLASSES[2:, None], lambda p: ops.expand_dims(p[2:], 1)),
        (SOFTMAX, losses.SparseCategoricalCrossentropy(axis=0), CLASSES, ops.transpose),
        (SOFTMAX, losses.SparseCategoricalCrossentropy(axis=1), CLASSES[:, None, None], column),
        (SOFTMAX, losses.CategoricalCrossentropy(axis=1), np.stack([ONE_HOT[0]] * 2, -1), twice),
        (lambda x: ops.softmax(x, 0), losses.SparseCategoricalCrossentropy(axis=0), CLASSES[:K], lambda p: p),
    ],
)  # fmt: skip
def test_a_program_uses_the_stable_loss_of_the_logits(activation, loss, t, view):
    """Probabilities that round to 0 keep their gradient, as in Keras on TensorFlow; views between do not matter."""
    logits = LOGITS * 100
    value, dx = value_and_gradient(loss, lambda x: view(activation(x)), logits, t)
    from_logits = type(loss).from_config({**loss.get_config(), "from_logits": True})
    expected, expected_dx = value_and_gradient(from_logits, view, logits, t)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-12, atol=1e-15)
    assert value > 17
    assert np.abs(dx).max() > 1e-3


@pytest.mark.parametrize(
    ("activation", "loss", "t", "view"),
    [
        (SIGMOID, losses.BinaryCrossentropy(dtype="float64"), BINARY[0], lambda p: p),
        (SOFTMAX, losses.SparseCategoricalCrossentropy(dtype="float64"), CLASSES[:, None], lambda p: p[:, None]),
    ],
)
def test_a_program_uses_the_logits_of_probabilities_in_another_dtype(activation, loss, t, view):
    logits = np.round(LOGITS * 100).astype("float32")
    value, dx = value_and_gradient(loss, lambda x: view(activation(x)), logits, t)
    expected = type(loss)(from_logits=True)(t, view(Tensor(logits.astype("float64"))))
    assert value.dtype == "float64"
    assert dx.dtype == "float32"
    np.testing.assert_allclose(value, float(expected), rtol=1e-12)
    assert np.abs(dx).max() > 1e-3


@pytest.mark.parametrize(
    "view",
    [
        lambda p: p[:, :3],
        lambda p: p[:, ::-1],
        lambda p: ops.reshape(p, (N, 2, 2)),
        lambda p: ops.transpose(p[:K]),
        lambda p: ops.reshape(p, (1, N * K))[:, : K * K : K],
        lambda p: ops.reshape(p, (1, N * K))[:, 2 : 2 + K],
        lambda p: ops.reshape(p, (4, 6))[:, :K],
        lambda p: ops.reshape(ops.transpose(p), (N, K)),
        lambda p: ops.sqrt(p),
        lambda p: ops.cast(ops.cast(p, "bool"), "float64"),
    ],
    ids="part backwards split across of_all_rows between_rows ever_later copied root bool".split(),
)
def test_a_program_does_not_take_for_logits_what_are_none(view):
    """Rows of the view are no rows of softmax: the formula of probabilities is what is meant, as without a program."""
    loss, logits = losses.CategoricalCrossentropy(), LOGITS * 2
    logits[0, 0] = -1000  # of probability 0
    shape = view(Tensor(logits)).shape
    t = rng.uniform(size=shape)
    (value,) = run_traced(lambda x, t: loss(t, view(SOFTMAX(x))), logits, t)
    np.testing.assert_allclose(value, float(loss(t, view(SOFTMAX(Tensor(logits))))), rtol=1e-6)
