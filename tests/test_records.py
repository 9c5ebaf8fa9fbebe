"""Programs of equal records: what tells records apart, and that whatever was compiled before, models train to the bits
of those that compile their own."""

import gc
import inspect
import threading
import weakref

import numpy as np
import pytest

import fastnn
from fastnn import (
    Sequential,
    Variable,
    config,
    constraints,
    graph,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    plan,
    records,
    regularizers,
)
from fastnn._kernels import core
from fastnn.ops.py_op import py_op
from fastnn.optimizers import schedules
from fastnn.template import Templates

ROWS = 20
X = np.random.default_rng(0).normal(size=(ROWS, 4)).astype("float32")
CLASSES = np.arange(ROWS) % 3
SHARES = np.random.default_rng(1).dirichlet(np.ones(3), ROWS).astype("float32")
WEIGHTS = np.linspace(1, 2, ROWS)


@pytest.fixture
def templates(monkeypatch):
    """Begin with no templates; return what is kept."""
    found = Templates(1000, 10**6)
    monkeypatch.setattr(plan, "_TEMPLATES", found)
    return found._kept


# ---- keys ---------------------------------------------------------------------------------------------------


def key(fn, shape=(2, 3), dtype="float64"):
    return records.key_of(graph.trace(fn, [(shape, dtype)]))[0]


def reading(*variables, late=False):
    def fn(x):
        first = variables[0].value
        total = x + first if not late else x
        for variable in variables:
            variable.assign(variable * 2.0)
        return total + first

    return fn


def matrix(**settings):
    return Variable(np.ones((2, 3)), **settings)


def read(before):
    w = matrix()

    def fn(x):
        value = w.value if before else None
        w.assign(x)
        return x + (value if before else w.value)

    return fn


WAS = matrix().value


def shared_twice(x):
    w = matrix()
    return x + w, x * w


DIFFERENT = {
    "op": (lambda x: ops.exp(x), lambda x: ops.tanh(x)),
    "order of inputs": (lambda x: x - ops.exp(x), lambda x: ops.exp(x) - x),
    "attribute": (lambda x: ops.elu(x, 0.5), lambda x: ops.elu(x, 0.25)),
    "sign of zero": (lambda x: ops.leaky_relu(x, 0.0), lambda x: ops.leaky_relu(x, -0.0)),
    "constant": (lambda x: x + 1.0, lambda x: x + 2.0),
    "sign of a zero constant": (lambda x: x + np.zeros(3), lambda x: x + -np.zeros(3)),
    "dtype of a constant": (lambda x: ops.cast(x, "float32") + np.float32(1), lambda x: x + np.float64(1)),
    "shape of a constant": (lambda x: x + np.ones(3), lambda x: x + np.ones((1, 3))),
    "strides of a constant": (lambda x: x + np.ones((2, 3)), lambda x: x + np.ones((3, 2)).T),
    "what is given out": (lambda x: [ops.exp(x), x], lambda x: [x, ops.exp(x)]),
    "how much is": (lambda x: ops.exp(x), lambda x: [ops.exp(x), ops.exp(x)]),
    "one variable for two": (shared_twice, lambda x: (x + matrix(), x * matrix())),
    "layout": (lambda x: x + matrix(), lambda x: x + matrix(layout="kernel")),
    "dtype of a variable": (
        lambda x: ops.cast(matrix(dtype="float32"), "float64") + x,
        lambda x: ops.cast(matrix(), "float64") + x,
    ),
    "a read before a write": (reading(matrix()), reading(matrix(), late=True)),
    "the side of a write on which it is read": (read(True), read(False)),
    "which is written": (reading(matrix(), matrix()), reading(matrix())),
    "a constant that was a variable's": (lambda x: x + np.ones((2, 3)), lambda x: x + WAS),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_programs_hang_on_tells_records_apart(name):
    one, other = DIFFERENT[name]
    assert key(one) is not None
    assert key(other) is not None
    assert key(one) != key(other)
    assert key(one) == key(one)


def test_inputs_tell_records_apart():
    shapes, dtypes = ((2, 3), (3, 2), (6,)), ("float32", "float64")
    assert len({key(ops.exp, shape, dtype) for shape in shapes for dtype in dtypes}) == 6


def test_attributes_are_what_they_are_to_the_last_bit():
    values = [0, 0.0, -0.0, False, True, 1, 1.0, "1", None, (1,), (1.0,), ((),), (), {"a": 1}, np.dtype("int32")]
    said = [records.marshal.dumps(records._exact(value), 2) for value in values]
    assert len(set(said)) == len(values)
    for unknown in ([1], np.ones(2), np.float64(1), np.int32(1), slice(2), object(), (1, [2])):
        with pytest.raises(records._UnknownError):
            records._exact(unknown)


def test_variables_and_names_are_no_difference():
    """Records of other variables are equal; they come in the order in which they are met."""
    found = []
    for name in ("a", "b"):
        pair = [Variable(np.full((2, 3), len(found)), name=name), matrix(name=f"{name}_2")]
        record = graph.trace(reading(*pair), [((2, 3), "float64")])
        found.append(records.key_of(record)[0])
        assert records.key_of(record)[1] == pair
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "fn",
    [
        py_op(np.sin),
        lambda x: ops.sum(x + np.ones((5000, 2, 3))),
        lambda x: sum(ops.sum(x + np.ones((500, 2, 3))) for _ in range(2)),
    ],
    ids=["an op of the user's", "a large constant", "constants that are large together"],
)
def test_what_no_key_holds_is_compiled_each_time(templates, fn):
    assert key(fn) is None
    for _ in range(2):
        plan.compile(fn, [((2, 3), "float64")]).run()
    assert not templates


def test_what_comes_of_another_trace_is_refused_as_ever(templates):
    kept = []
    plan.compile(lambda x: kept.append(x) or x * 2.0, [((2, 3), "float64")])
    with pytest.raises(RuntimeError, match="a tensor of another trace"):
        plan.compile(lambda x: x + kept[0], [((2, 3), "float64")])


def test_outputs_that_are_memory_of_variables_are_compiled_each_time(templates):
    for value in (1.0, 2.0):
        w = Variable(np.full(3, value))
        program = plan.compile(lambda w=w: w.value, [])
        np.testing.assert_array_equal(program.run()[0], np.full(3, value))
        w.assign(np.full(3, 5.0))
        np.testing.assert_array_equal(program.run()[0], np.full(3, 5.0))
    assert not templates


def test_outputs_have_the_structure_and_the_names_of_their_own_trace(templates):
    for name in ("a", "b"):
        program = plan.compile(lambda x, name=name: {name: [x * 2.0, None], "of": name}, [((3,), "float64")])
        program.inputs[0][...] = 1.0
        program.run()
        result = program.result()
        assert list(result) == [name, "of"]
        assert result["of"] == name
        np.testing.assert_array_equal(result[name][0], np.full(3, 2.0))
    assert len(templates) == 1


def test_a_bound_program_shares_nothing_with_the_first(templates):
    def program(value):
        w = Variable(np.full(3, value))
        return plan.compile(lambda x: w.assign_add(x), [((3,), "float64")]), w

    (one, a), (other, b) = program(1.0), program(2.0)
    assert len(templates) == 1
    one.inputs[0][...] = 10.0
    other.inputs[0][...] = 20.0
    other.run()
    np.testing.assert_array_equal([a.numpy(), b.numpy()], [[1.0] * 3, [22.0] * 3])
    one.run()
    np.testing.assert_array_equal([a.numpy(), b.numpy()], [[11.0] * 3, [22.0] * 3])


# ---- parts of models: each with one argument changed ----------------------------------------------------------

WEIGHTS_OF_LAYERS = "kernel", "bias", "beta", "gamma", "alpha", "embeddings"
#: The arguments that make a part at all.
NEEDED = {
    "Activation": {"activation": "relu"},
    "AlphaDropout": {"rate": 0.3},
    "Dense": {"units": 4},
    "Dropout": {"rate": 0.3},
    "Embedding": {"input_dim": 4, "output_dim": 2},
    "GaussianDropout": {"rate": 0.3},
    "GaussianNoise": {"stddev": 0.1},
    "Permute": {"dims": (2, 1)},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (4, 1)},
    "SpatialDropout1D": {"rate": 0.3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 2},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [1], "values": [0.1, 0.05]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
}
#: Another value of each argument, by its name or by the part's and its own; what stands beside it gives it a meaning.
OTHER = {
    "activation": "tanh",
    "activity_regularizer": "l2",
    "adam_beta_1": 0.5,
    "adam_beta_2": 0.5,
    "adam_lr_ratio": 0.5,
    "adam_weight_decay": 0.1,
    "alpha": 0.7,
    "BinaryFocalCrossentropy.alpha": {"apply_class_balancing": True, "alpha": 0.7},
    "amsgrad": True,
    "apply_class_balancing": True,
    "autocast": False,
    "average": "macro",
    "axis": 1,
    "MaxNorm.axis": (0, 1),
    "MinMaxNorm.axis": (0, 1),
    "UnitNorm.axis": (0, 1),
    "beta": 0.7,
    "beta_1": 0.5,
    "beta_2": 0.5,
    "beta_2_decay": -0.5,
    "boundaries": [2],
    "center": False,
    "centered": True,
    "class_aggregation": "variance_weighted_average",
    "class_id": 1,
    "clip_threshold": 0.5,
    "clipnorm": 0.1,
    "clipvalue": 0.1,
    "curve": "PR",
    "cycle": True,
    "data_format": "channels_first",
    "decay_rate": 0.7,
    "decay_steps": 3,
    "delta": 0.1,
    "dims": (1, 2),
    "dtype": "float64",
    "ema_momentum": {"use_ema": True, "ema_momentum": 0.5},
    "ema_overwrite_frequency": {"use_ema": True, "ema_overwrite_frequency": 2},
    "end_learning_rate": 0.01,
    "epsilon": 0.1,
    "epsilon_1": 0.1,
    "epsilon_2": 0.1,
    "exclude_embeddings": False,
    "exclude_layers": ["dense"],
    "factor": 0.1,
    "first_decay_steps": 1,
    "from_logits": True,
    "from_sorted_ids": False,
    "gamma": 1.0,
    "global_clipnorm": 0.1,
    "gradient_accumulation_steps": 2,
    "ignore_class": 1,
    "initial_accumulator_value": 0.3,
    "initial_learning_rate": 0.2,
    "input_dim": 5,
    "invert": True,
    "k": 1,
    "keepdims": True,
    "l1": 0.1,
    "l1_regularization_strength": 0.1,
    "l2": 0.1,
    "l2_regularization_strength": 0.1,
    "l2_shrinkage_regularization_strength": 0.1,
    "label_smoothing": 0.1,
    "label_weights": {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 2.0, 3.0]},
    "learning_rate": 0.2,
    "learning_rate_power": -0.3,
    "loss_scale_factor": 8.0,
    "m_mul": 0.5,
    "max_value": 0.5,
    "mean": {"mean": 0.5, "variance": 2.0},
    "min_value": 0.2,
    "mode": "columns",
    "momentum": 0.5,
    "multi_label": True,
    "muon_a": 3.0,
    "muon_b": -4.7,
    "muon_c": 2.0,
    "n": 3,
    "name": "another",
    "negative_slope": 0.1,
    "nesterov": {"momentum": 0.5, "nesterov": True},
    "Muon.nesterov": False,
    "noise_shape": (None, 1, 2),
    "ns_steps": 3,
    "num_labels": {"multi_label": True, "num_labels": 3},
    "num_regressors": 2,
    "num_thresholds": 20,
    "offset": 0.3,
    "output_dim": 3,
    "power": 2.0,
    "precision": 0.7,
    "q": 0.7,
    "rate": 0.6,
    "recall": 0.7,
    "reduction": "sum",
    "relative_step": False,
    "rho": 0.5,
    "rms_rate": 0.5,
    "scale": False,
    "Rescaling.scale": 0.25,
    "seed": 7,
    "sensitivity": 0.7,
    "shared_axes": [1],
    "specificity": 0.7,
    "staircase": True,
    "stddev": 0.7,
    "summation_method": "majoring",
    "t_mul": 1.5,
    "target_shape": (1, 4),
    "threshold": 0.3,
    "thresholds": [0.2, 0.7],
    "top_k": 2,
    "trainable": False,
    "units": 3,
    "use_bias": False,
    "use_ema": True,
    "values": [0.1, 0.01],
    "variance": {"mean": 0.0, "variance": 3.0},
    "warmup_steps": {"warmup_target": 0.3, "warmup_steps": 2},
    "ScheduleFreeAdamW.warmup_steps": 2,
    "warmup_target": {"warmup_target": 0.2, "warmup_steps": 2},
    "weight_decay": 0.1,
    "weights": np.ones((4, 2)),
    **{f"{name}_regularizer": "l1_l2" for name in WEIGHTS_OF_LAYERS},
    **{f"{name}_constraint": "max_norm" for name in WEIGHTS_OF_LAYERS},
    **{f"{name}_initializer": "random_uniform" for name in (*WEIGHTS_OF_LAYERS, "moving_mean", "moving_variance")},
}
MISSING = {"mask_zero"}  # documented
BASES = (losses.LossFunctionWrapper, metrics.Mean, metrics.MeanMetricWrapper, metrics.Sum, layers.InputLayer)


def compiled(*inside, optimizer="sgd", loss="categorical_crossentropy", metrics=None, last="softmax", **settings):
    """Return a model that looks at vectors of two, with a part in it."""
    model = Sequential([layers.Reshape((2, 2)), *inside, layers.Flatten(), layers.Dense(3, last)])
    model.compile(optimizer, loss, metrics=metrics, **settings)
    return model


def takes_classes(part):
    others = metrics.Accuracy, losses.CategoricalGeneralizedCrossEntropy
    return type(part).__name__.startswith("Sparse") or type(part) in others


def with_layer(part):
    if isinstance(part, layers.Embedding):
        return compiled(layers.ReLU(max_value=3.0), part), SHARES
    if isinstance(part, layers.RepeatVector):
        return compiled(layers.Flatten(), part), SHARES
    if not isinstance(part, layers.merging.MergingLayer):
        return compiled(part), SHARES
    inputs = layers.Reshape((2, 2))(fastnn.Input((4,)))
    merged = layers.Flatten()(part([inputs, layers.Dense(2)(inputs)]))
    model = fastnn.Model(inputs.inputs, layers.Dense(3, "softmax")(merged))
    model.compile("sgd", "categorical_crossentropy")
    return model, SHARES


def with_loss(part):
    return compiled(loss=part), CLASSES if takes_classes(part) else SHARES


def with_metric(part):
    if type(part) is metrics.Accuracy:
        return compiled(loss="mse", metrics=[part]), SHARES
    if takes_classes(part):
        return compiled(loss="sparse_categorical_crossentropy", metrics=[part]), CLASSES
    return compiled(metrics=[part]), np.eye(3, dtype="float32")[CLASSES] if type(part) is metrics.AUC else SHARES


def on_weights(**part):
    return compiled(layers.Dense(4, **part), layers.Dropout(0.5)), SHARES


FAMILIES = {
    layers: with_layer,
    losses: with_loss,
    metrics: with_metric,
    optimizers: lambda part: (compiled(layers.Dense(4, "relu"), optimizer=part), SHARES),
    schedules: lambda part: (compiled(optimizer=optimizers.Adam(part)), SHARES),
    regularizers: lambda part: on_weights(kernel_regularizer=part),
    constraints: lambda part: on_weights(kernel_constraint=part),
}
CASES = [
    pytest.param(family, cls, id=f"{family.__name__.rpartition('.')[2]}-{cls.__name__}")
    for family in FAMILIES
    for cls in family.REGISTRY.classes
    if cls not in BASES
]


def settings_of(family, cls):
    """Return the arguments of a part, and those with one changed, for each that it takes."""
    names = list(inspect.signature(cls).parameters)
    if family is optimizers:
        names += optimizers.base.Settings.__annotations__
    if family is layers:
        names += ["trainable", "dtype", "autocast", "name"]
    needed = NEEDED.get(cls.__name__, {})
    for name in dict.fromkeys(names):
        if name not in MISSING and name not in ("more", "settings", "kwargs"):
            other = OTHER.get(f"{cls.__name__}.{name}", OTHER.get(name))
            assert other is not None, f"{name} of {cls.__name__} has no other value: add it to OTHER"
            yield {**needed, **(other if isinstance(other, dict) else {name: other})}
    yield needed


def outcome(model, y, **settings):
    """Return all bits that training, testing and predicting leave."""
    given = {"sample_weight": WEIGHTS, "validation_data": (X, y), "batch_size": 16, "epochs": 2, "verbose": 0}
    history = model.fit(X, y, **{**given, **settings}).history
    return [
        *[weights.tobytes() for weights in model.get_weights()],
        *[variable.numpy().tobytes() for variable in model.optimizer.variables],
        [np.array(column).tobytes() for column in history.values()],
        model.predict(X, verbose=0).tobytes(),
    ]


@pytest.fixture(scope="module")
def all_templates():
    """Templates of all parts, which none of them must get from another."""
    return Templates(10**6, 10**9)


@pytest.mark.parametrize(("family", "cls"), CASES)
def test_no_argument_is_forgotten(family, cls, all_templates, monkeypatch):
    def fitted(arguments):
        fastnn.utils.set_random_seed(1)
        return outcome(*FAMILIES[family](cls(**arguments)), batch_size=ROWS, epochs=3)

    alone = []
    for arguments in settings_of(family, cls):
        monkeypatch.setattr(plan, "_TEMPLATES", Templates(1000, 10**6))
        alone.append((arguments, fitted(arguments)))
        all_templates._kept.update(plan._TEMPLATES._kept)
    monkeypatch.setattr(plan, "_TEMPLATES", all_templates)
    made = len(all_templates._kept)
    for arguments, expected in alone:
        assert fitted(arguments) == expected, arguments
    assert len(all_templates._kept) == made


# ---- what else models differ in -----------------------------------------------------------------------------------


def small(units=4, **settings):
    return Sequential([layers.Dense(units, "relu", **settings), layers.Dropout(0.5), layers.Dense(3, "softmax")])


def trained(model=None, optimizer="adam", loss="categorical_crossentropy", y=SHARES, settings=None, **compiling):
    fastnn.utils.set_random_seed(3)
    model = small() if model is None else model()
    model.compile(optimizer, loss, **compiling)
    return outcome(model, y, **(settings or {}))


def shared():
    layer = layers.Dense(4, "relu")
    return Sequential([layer, layer, layers.Dense(3, "softmax")])


def frozen():
    model = small()
    model.layers[0].trainable = False
    return model


def changed():
    model = small()
    model.layers[1].rate = 0.25
    return model


class OfTheUsers(layers.Layer):
    factor = 2.0

    def call(self, inputs):
        return inputs * self.factor


class Net(fastnn.Model):
    def __init__(self):
        super().__init__()
        self.out = layers.Dense(3, "softmax")

    def call(self, inputs):
        return self.out(inputs)

    def train_step(self, data):
        x, y, _ = data
        with fastnn.GradientTape() as tape:
            loss = ops.mean(ops.square(y - self(x, training=True)))
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
        )
        return {"loss": loss, "own": loss * 2.0}


MODELS = {
    "small": trained,
    "wider": lambda: trained(lambda: small(5)),
    "twelve of them": lambda: trained(lambda: Sequential([*map(layers.Dense, [3] * 12), layers.Softmax()])),
    "a layer that stands twice": lambda: trained(shared),
    "two in its place": lambda: trained(
        lambda: Sequential([layers.Dense(4, "relu"), layers.Dense(4, "relu"), layers.Dense(3, "softmax")])
    ),
    "frozen": lambda: trained(frozen),
    "a changed attribute": lambda: trained(changed),
    "float64": lambda: trained(lambda: small(dtype="float64")),
    "regularized": lambda: trained(lambda: small(kernel_regularizer="l2", bias_constraint="non_neg")),
    "a model inside": lambda: trained(lambda: Sequential([small(), layers.Dense(3, "softmax")])),
    "optimizer": lambda: trained(optimizer="rmsprop"),
    "schedule": lambda: trained(optimizer=optimizers.Adam(schedules.CosineDecay(0.1, 5))),
    "metrics": lambda: trained(metrics=["accuracy", "mse"]),
    "metrics the other way": lambda: trained(metrics=["mse", "accuracy"]),
    "a metric of another name": lambda: trained(metrics=[metrics.MeanSquaredError(name="other"), "accuracy"]),
    "weighted metrics": lambda: trained(weighted_metrics=["accuracy", "mse"]),
    "loss_weights": lambda: trained(loss_weights=2.0),
    "loss of the user's": lambda: trained(loss=lambda y, p: ops.mean(ops.square(y - p), -1)),
    "another": lambda: trained(loss=lambda y, p: ops.mean(ops.absolute(y - p), -1)),
    "layer of the user's": lambda: trained(lambda: Sequential([OfTheUsers(), small()])),
    "step of the user's": lambda: trained(Net),
    "op by op": lambda: trained(run_eagerly=True),
    "without sample_weight": lambda: trained(settings={"sample_weight": None}),
    "class_weight": lambda: trained(
        loss="sparse_categorical_crossentropy",
        y=CLASSES,
        settings={"sample_weight": None, "class_weight": {0: 1.0, 1: 2.0}},
    ),
    "its first classes alone": lambda: trained(loss="sparse_categorical_crossentropy", y=CLASSES),
    "batch_size": lambda: trained(settings={"batch_size": 7}),
    "one batch": lambda: trained(settings={"batch_size": 64}),
    "a seed of its own": lambda: trained(lambda: Sequential([layers.Dropout(0.5, seed=5), layers.Dense(3, "softmax")])),
    "another seed": lambda: trained(lambda: Sequential([layers.Dropout(0.5, seed=6), layers.Dense(3, "softmax")])),
}


def test_models_train_to_the_bits_of_those_that_are_compiled_alone(templates, monkeypatch):
    alone = {}
    with monkeypatch.context() as patched:
        patched.setattr(records, "key_of", lambda graph: (None, []))
        for name, fit in MODELS.items():
            alone[name] = fit()
    assert not templates
    made = []
    for turn in range(2):
        for name in np.random.default_rng(turn).permutation(list(MODELS)):
            assert MODELS[name]() == alone[name], name
        made.append(len(templates))
    assert made[0] == made[1]


def test_numbers_that_are_variables_are_no_difference(templates):
    made = []
    for rate in (0.1, 0.2):
        model = Sequential([layers.Dropout(0.5, seed=int(rate * 10)), layers.Dense(3, "softmax")])
        trained(lambda model=model: model, optimizers.Adam(rate), settings={"sample_weight": WEIGHTS * rate})
        made.append(len(templates))
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("owner", "name", "other"),
    [
        (layers.Dense, "call", lambda self, inputs: ops.softmax(ops.matmul(inputs, self.kernel) + self.bias)),
        (layers.Dropout, "call", lambda self, inputs, training=None: inputs),
        (
            losses.LossFunctionWrapper,
            "call",
            lambda self, y_true, y_pred: ops.mean(ops.square(y_true - y_pred), -1),
        ),
        (optimizers.Adam, "betas", (0.5, 0.5)),
        (optimizers.Adam, "apply_rule", lambda self, g, v, s, decay: ops.sgd_update(v, g, s)),
        (OfTheUsers, "factor", 3.0),
        (fastnn.layers.elementwise.ops, "relu", lambda x, *more: ops.tanh(x)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_classes_and_functions_that_change_are_not_served_the_old_program(templates, monkeypatch, owner, name, other):
    def fit():
        return trained(lambda: Sequential([OfTheUsers(), layers.Dense(4), layers.ReLU(), layers.Dropout(0.5), small()]))

    before = fit()
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, other)
        after = fit()
        templates.clear()
        assert fit() == after != before
    assert fit() == before


def test_a_layer_of_two_models_is_trained_by_both(templates):
    def together():
        fastnn.utils.set_random_seed(1)
        layer = layers.Dense(4, "relu")
        found = []
        for _ in range(2):
            model = Sequential([layer, layers.Dense(3, "softmax")])
            model.compile("adam", "categorical_crossentropy")
            found.append(outcome(model, SHARES))
        return found

    first = together()
    templates.clear()
    assert together() == first


def test_a_model_is_compiled_again_with_other_optimizers(templates):
    def in_turn():
        fastnn.utils.set_random_seed(1)
        model = small()
        found = []
        for optimizer in ("adam", "sgd", optimizers.Adam(beta_1=0.5), "adam"):
            model.compile(optimizer, "categorical_crossentropy")
            found.append(outcome(model, SHARES))
        return found

    first = in_turn()
    assert in_turn() == first
    templates.clear()
    assert in_turn() == first


def test_configuration_between_models_counts(templates):
    def fits():
        floatx, epsilon, isa, threads = config.floatx(), config.epsilon(), core.get_isa(), config.get_num_threads()
        found = [trained(loss="kld")]
        try:
            config.set_floatx("float64")
            found.append(trained(loss="kld"))
            config.set_floatx(floatx)
            config.set_epsilon(1e-2)
            found.append(trained(loss="kld"))
            config.set_epsilon(epsilon)
            config.set_num_threads(3)
            found.append(trained(loss="kld"))
            config.set_num_threads(threads)
            core.set_isa("baseline")
            found.append(trained(loss="kld"))
        finally:
            config.set_floatx(floatx)
            config.set_epsilon(epsilon)
            config.set_num_threads(threads)
            core.set_isa(isa)
        return found

    first = fits()
    assert first[0] != first[1]
    assert first[0] != first[2]
    assert first[0] == first[3]  # whatever the threads
    assert fits() == first
    templates.clear()
    assert fits() == first


def test_threads_of_python_train_models_of_one_template(templates):
    expected = [outcome_of(seed) for seed in range(4)]
    found = [None] * 4

    def work(seed):
        found[seed] = outcome_of(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def outcome_of(seed):
    with fastnn.random.seeded(seed):
        model = small()
        model.compile("adam", "categorical_crossentropy")
        return outcome(model, SHARES, epochs=20)


def test_templates_keep_no_model_alive(templates):
    def leaves():
        model = small()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        model.fit(X, SHARES, verbose=0)
        model.predict(X, verbose=0)
        return [weakref.ref(each) for each in (model, *model.variables, *model.optimizer.variables)]

    for _ in range(2):
        alive = leaves()
        gc.collect()
        assert all(each() is None for each in alive)
    assert templates


def test_outputs_read_from_variables_keep_none_alive(templates):
    """Where the variable is written, what is given out is a copy of what was read."""

    def run():
        w = Variable(np.ones(3))

        def fn():
            before = w.value
            w.assign(before * 2.0)
            return before

        np.testing.assert_array_equal(plan.compile(fn, []).run()[0], np.ones(3))
        return weakref.ref(w)

    for _ in range(2):
        alive = run()
        gc.collect()
        assert alive() is None
    assert templates
