"""Every optimizer: 20 steps against the published formula, with every option, eagerly and inside a program; 50 of those
that are composed of ops against Keras, where it is installed."""

import copy
import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from optimizer_formulas import ROWS, updated
from part_tools import stored_and_restored

from fastnn import GradientTape, Tensor, Variable, constraints, layers, losses, ops, optimizers, plan
from fastnn.optimizers import schedules

rng = np.random.default_rng(5)
STEPS = 20
START = [rng.normal(size=(5, 3)), rng.normal(size=3)]
GRADS = [[rng.normal(size=(5, 3)), rng.normal(size=3)] for _ in range(STEPS)]
RATE = 0.05


SETTINGS = [
    {},
    {"weight_decay": 0.05},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.7},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4},
    {"loss_scale_factor": 4.0},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 3, "use_ema": True, "clipnorm": 0.5, "weight_decay": 0.1, "loss_scale_factor": 2.0},
]
CASES = [
    pytest.param(name, arguments, settings, id=f"{name}-{i}-{'-'.join(settings) or 'plain'}")
    for name, (_, rows) in ROWS.items()
    for i, arguments in enumerate(rows)
    for settings in SETTINGS
    if not (name == "AdamW" and "weight_decay" in settings)
]
# Those that are written in ops, by themselves and with all at once.
AGAINST_KERAS = [
    (name, arguments, settings)
    for name, (_, rows) in ROWS.items()
    if not issubclass(getattr(optimizers, name), optimizers.RuleOptimizer)
    for arguments in rows
    for settings in (SETTINGS[0], SETTINGS[-1])
]
GRADS_FOR_KERAS = [[rng.normal(size=(5, 3)), rng.normal(size=3)] for _ in range(50)]


def clipped(grads, clipnorm=None, clipvalue=None, global_clipnorm=None):
    if clipnorm:
        return [g * clipnorm / max(clipnorm, np.linalg.norm(g)) for g in grads]
    if clipvalue:
        return [np.clip(g, -clipvalue, clipvalue) for g in grads]
    if global_clipnorm:
        norm = np.sqrt(sum((g**2).sum() for g in grads))
        return [g * min(1.0, global_clipnorm / norm) for g in grads]
    return grads


def with_decay(arguments, settings):
    """Return a class' own arguments and its weight decay."""
    return {**arguments, **{key: value for key, value in settings.items() if key == "weight_decay"}}


def reference(name, arguments, settings, rate=lambda step: RATE):
    """Return the weights after all steps, and what finalize_variable_values makes of them."""
    every = settings.get("gradient_accumulation_steps", 1)
    clip = {key: settings[key] for key in ("clipnorm", "clipvalue", "global_clipnorm") if key in settings}
    arguments = with_decay(arguments, settings)
    weights, state = [w.copy() for w in START], [{"first": w} for w in START]
    average, gathered = None, [np.zeros_like(w) for w in START]
    for i, grads in enumerate(GRADS):
        # loss_scale_factor: the gradients given are those of the scaled loss.
        gathered = [a + g / settings.get("loss_scale_factor", 1.0) for a, g in zip(gathered, grads, strict=True)]
        if (i + 1) % every == 0:
            lr = rate(i)
            grads = clipped([g / every for g in gathered], **clip)
            weights = [
                updated(name, arguments, w, g, s, lr, i // every + 1)
                for w, g, s in zip(weights, grads, state, strict=True)
            ]
            gathered = [np.zeros_like(w) for w in START]
        if settings.get("use_ema"):
            keep = settings.get("ema_momentum", 0.99)
            first = i // every == 0
            average = weights if first else [keep * a + (1 - keep) * w for a, w in zip(average, weights, strict=True)]
            if (i // every + 1) % settings.get("ema_overwrite_frequency", STEPS + 1) == 0:
                weights = average
    return weights, average or weights


def make(name, arguments, settings, rate=RATE):
    return getattr(optimizers, name)(learning_rate=rate, **arguments, **settings)


def variables(dtype="float64"):
    return [
        Variable(START[0].astype(dtype), name="kernel", layout="kernel"),
        Variable(START[1].astype(dtype), name="bias"),
    ]


def program_of(optimizer, weights):
    return plan.compile(lambda *grads: optimizer.apply(grads, weights), [(w.shape, w.dtype) for w in weights])


def run(program, grads):
    for memory, g in zip(program.inputs, grads, strict=True):
        memory[...] = g
    program.run()


def test_every_optimizer_has_a_row():
    assert {cls.__name__ for cls in optimizers.REGISTRY.classes} == set(ROWS)


@pytest.mark.parametrize(("name", "arguments", "settings"), CASES)
def test_twenty_steps_follow_the_formula(name, arguments, settings):
    weights = variables()
    optimizer = make(name, arguments, settings)
    for grads in GRADS:
        optimizer.apply([Tensor(g) for g in grads], weights)
    expected, averaged = reference(name, arguments, settings)
    for w, e in zip(weights, expected, strict=True):
        np.testing.assert_allclose(w.numpy(), e, rtol=1e-10, atol=1e-10)
    optimizer.finalize_variable_values(weights)
    for w, e in zip(weights, averaged, strict=True):
        np.testing.assert_allclose(w.numpy(), e, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("name", "arguments", "settings"), CASES)
def test_a_program_makes_the_same_steps_bit_for_bit(name, arguments, settings):
    eager, traced = variables("float32"), variables("float32")
    one, other = make(name, arguments, settings), make(name, arguments, settings)
    program = program_of(other, traced)
    assert not program.plan.calls_python
    for grads in GRADS:
        one.apply([Tensor(g.astype("float32")) for g in grads], eager)
        run(program, grads)
    for a, b in zip(eager + one.variables, traced + other.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.name)
    assert int(other.iterations) == STEPS // settings.get("gradient_accumulation_steps", 1)


@pytest.fixture(scope="module")
def keras_weights():
    """Return (name, arguments, settings) → what Keras made of 50 steps, and what it finalizes them to."""
    if not all(map(importlib.util.find_spec, ("keras", "jax"))):
        pytest.skip("Keras on JAX is not installed")
    cases = [(name, {"learning_rate": RATE, **arguments, **settings}) for name, arguments, settings in AGAINST_KERAS]
    found = subprocess.run(
        [sys.executable, Path(__file__).with_name("keras_optimizers.py")],
        input=pickle.dumps((START, GRADS_FOR_KERAS, cases)),
        env={**os.environ, "KERAS_BACKEND": "jax"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return pickle.loads(found.stdout)


@pytest.mark.parametrize("i", range(len(AGAINST_KERAS)), ids=lambda i: f"{AGAINST_KERAS[i][0]}-{i}")
def test_fifty_steps_are_those_of_keras(i, keras_weights):
    weights = variables()
    optimizer = make(*AGAINST_KERAS[i])
    # Keras' mean and matrix norm of float64, by which these divide, have the precision of float32.
    bound = 1e-6 if AGAINST_KERAS[i][0] in ("Adafactor", "Muon") else 1e-10
    for grads in GRADS_FOR_KERAS:
        optimizer.apply([Tensor(g) for g in grads], weights)
    for expected in keras_weights[i]:
        for w, e in zip(weights, expected, strict=True):
            np.testing.assert_allclose(w.numpy(), e, rtol=bound, atol=bound)
        optimizer.finalize_variable_values(weights)


@pytest.mark.parametrize("name", ROWS)
def test_default_learning_rates_are_those_of_keras(name):
    rates = {"SGD": 0.01, "ScheduleFreeAdamW": 0.0025}
    assert float(getattr(optimizers, name)().learning_rate) == rates.get(name, 0.001)


# ---- in training: the rule is fused into the matrix product that makes the gradient -------------------------------

X, Y = rng.normal(size=(8, 5)), rng.normal(size=(8, 2))


def network():
    model = [layers.Dense(7, "tanh", dtype="float64"), layers.Dense(2, dtype="float64")]
    shape = (None, 5)
    for layer in model:
        layer.build(shape)
        shape = layer.compute_output_shape(shape)
    generator = np.random.default_rng(6)
    for layer in model:
        layer.set_weights([generator.normal(size=w.shape) * 0.5 for w in layer.weights])
    return model


def backprop(weights):
    """Return the gradients of the mean squared error of the network, written out."""
    w1, b1, w2, b2 = weights
    h = np.tanh(X @ w1 + b1)
    dy = 2 * (h @ w2 + b2 - Y) / Y.size
    dz = dy @ w2.T * (1 - h**2)
    return [X.T @ dz, dz.sum(0), h.T @ dy, dy.sum(0)]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [pytest.param(name, a, id=f"{name}-{i}") for name, (_, rows) in ROWS.items() for i, a in enumerate(rows)],
)
@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.05}, {"clipnorm": 0.01}], ids=str)
def test_training_steps_follow_the_formula(name, arguments, settings):
    if name == "AdamW" and "weight_decay" in settings:
        settings = {}
    model = network()
    weights = [w for layer in model for w in layer.weights]
    expected, state = [w.numpy() for w in weights], [{"first": w.numpy()} for w in weights]
    optimizer, loss_fn = make(name, arguments, settings), losses.MeanSquaredError()

    def step(x, y):
        with GradientTape() as tape:
            loss = loss_fn(y, model[1](model[0](x, training=True), training=True))
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    program = plan.compile(step, [(X.shape, "float64"), (Y.shape, "float64")])
    for t in range(1, STEPS + 1):
        run(program, (X, Y))
        grads = clipped(backprop(expected), settings.get("clipnorm"))
        expected = [
            updated(name, with_decay(arguments, settings), w, g, s, RATE, t)
            for w, g, s in zip(expected, grads, state, strict=True)
        ]
    for w, e in zip(weights, expected, strict=True):
        np.testing.assert_allclose(w.numpy(), e, rtol=1e-10, atol=1e-10)


# ---- settings ----------------------------------------------------------------------------------------------------


def test_clipping_of_what_is_not_finite():
    """A gradient that is not finite must reach the weights, so that training notices."""
    for settings in ({"clipnorm": 1.0}, {"global_clipnorm": 1.0}):
        weights = variables()
        optimizer = optimizers.SGD(**settings)
        bad = [GRADS[0][0].copy(), GRADS[0][1]]
        bad[0][0, 0] = np.inf
        optimizer.apply([Tensor(g) for g in bad], weights)
        assert not np.isfinite(weights[0].numpy()).all()
        assert np.isfinite(weights[1].numpy()).any() == ("clipnorm" in settings)  # the norm of all is theirs, too


@pytest.mark.parametrize("name", ["SGD", "Lion", "Muon"])
def test_weight_decay_can_be_excluded(name):
    for exclude in ({"var_names": ["bias"]}, {"var_list": None}):
        weights = variables()
        optimizer = make(name, {"adam_weight_decay": 0.5} if name == "Muon" else {}, {"weight_decay": 0.5}, 0.1)
        if "var_list" in exclude:
            exclude = {"var_list": [weights[1]]}
        optimizer.exclude_from_weight_decay(**exclude)
        for _ in range(2):  # a copy from before the slots are made, and one from after
            weights, optimizer = copy.deepcopy((weights, optimizer))
            optimizer.apply([Tensor(np.zeros(w.shape)) for w in weights], weights)
        np.testing.assert_allclose(weights[0].numpy(), START[0] * 0.95**2, rtol=1e-15)
        np.testing.assert_array_equal(weights[1].numpy(), START[1])
        with pytest.raises(ValueError, match="before the optimizer is built"):
            optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_what_muon_leaves_to_adam():
    matrix, vector = variables()
    embedding = Variable(START[0], name="embeddings")
    embedding.path = "Embedding_1/embeddings"
    for arguments, adams in (
        ({}, [False, True, True]),
        ({"exclude_embeddings": False}, [False, False, True]),
        ({"exclude_layers": ["k.*l$"]}, [True, True, True]),
        ({"exclude_layers": ("bias", "Embed"), "exclude_embeddings": False}, [False, True, True]),
    ):
        optimizer = optimizers.Muon(**arguments)
        optimizer.build([matrix, embedding, vector])
        assert [len(optimizer.slots_of(each)) == 2 for each in (matrix, embedding, vector)] == adams


def test_lamb_without_weights_moves_as_with_a_ratio_of_one():
    weights = [Variable(np.zeros(3), name="bias")]
    optimizers.Lamb(0.1, epsilon=0.0).apply([Tensor(GRADS[0][1])], weights)
    np.testing.assert_allclose(weights[0].numpy(), -0.1 * np.sign(GRADS[0][1]), rtol=1e-12)


def test_ftrl_keeps_weights_of_small_gradients_at_zero():
    weights = [Variable(np.zeros(2), name="bias")]
    optimizer = optimizers.Ftrl(0.1, initial_accumulator_value=0.0, l1_regularization_strength=1.0)
    for _ in range(5):
        optimizer.apply([Tensor(np.array([0.1, 2.0]))], weights)
    assert weights[0].numpy()[0] == 0.0
    assert weights[0].numpy()[1] < 0.0


@pytest.mark.parametrize("name", ROWS)
def test_a_pickled_optimizer_goes_on(name):
    weights = variables()
    optimizer = make(name, ROWS[name][1][-1], {"use_ema": True})
    for grads in GRADS[:3]:
        optimizer.apply([Tensor(g) for g in grads], weights)
    others, other = pickle.loads(pickle.dumps((weights, optimizer)))
    for grads in GRADS[3:6]:
        optimizer.apply([Tensor(g) for g in grads], weights)
        run(program_of(other, others), grads)
    for a, b in zip(weights + optimizer.variables, others + other.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.name)


def test_constraints_are_applied_after_the_update():
    weights = variables()
    weights[0].constraint = constraints.NonNeg()
    optimizer = optimizers.SGD(0.1)
    optimizer.apply([Tensor(g) for g in GRADS[0]], weights)
    np.testing.assert_allclose(weights[0].numpy(), np.maximum(START[0] - 0.1 * GRADS[0][0], 0), rtol=1e-14)
    run(program_of(optimizer, weights), GRADS[1])
    assert (weights[0].numpy() >= 0).all()


def test_loss_scale():
    loss = Tensor(np.float64(3.0))
    assert float(optimizers.SGD(loss_scale_factor=4.0).scale_loss(loss)) == 12.0
    assert optimizers.SGD().scale_loss(loss) is loss


def test_learning_rate_can_be_changed_between_runs_of_a_program():
    weights = variables()
    optimizer = optimizers.SGD(0.1)
    program = program_of(optimizer, weights)
    run(program, GRADS[0])
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    run(program, GRADS[1])
    optimizer.learning_rate.assign(2.0)
    run(program, GRADS[2])
    expected = START[0] - 0.1 * GRADS[0][0] - 0.5 * GRADS[1][0] - 2.0 * GRADS[2][0]
    np.testing.assert_allclose(weights[0].numpy(), expected, rtol=1e-12)
    assert optimizer.version == 0


@pytest.mark.parametrize("settings", [{}, {"gradient_accumulation_steps": 2}])
@pytest.mark.parametrize("name", ROWS)
def test_schedules_are_followed_inside_a_program(name, settings):
    schedule = schedules.ExponentialDecay(RATE, 5, 0.5)
    weights = variables()
    optimizer = make(name, {}, settings, schedule)
    program = program_of(optimizer, weights)
    for grads in GRADS:
        run(program, grads)
    expected, _ = reference(name, {}, settings, lambda step: RATE * 0.5 ** (step / 5))
    for w, e in zip(weights, expected, strict=True):
        np.testing.assert_allclose(w.numpy(), e, rtol=1e-10, atol=1e-10)
    assert float(optimizer.learning_rate) == pytest.approx(RATE * 0.5 ** (STEPS / 5))


def test_a_schedule_begins_where_a_variable_stands():
    adam = optimizers.Adam(0.25)
    adam.learning_rate = schedules.PolynomialDecay(
        adam.learning_rate, decay_steps=4, end_learning_rate=Tensor(np.array(0.05))
    )
    assert adam.get_config()["learning_rate"]["config"]["initial_learning_rate"] == 0.25
    np.testing.assert_allclose(float(adam.learning_rate), 0.25)


def test_a_schedule_can_replace_a_number_but_not_the_reverse():
    optimizer = optimizers.Adam(0.1)
    optimizer.learning_rate = schedules.ExponentialDecay(0.2, 5, 0.5)
    assert float(optimizer.learning_rate) == 0.2
    assert optimizer.version == 1
    assert [variable.name for variable in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"learning_rate": -0.1}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"learning_rate": lambda: 0.1}, "function as `learning_rate` is not supported"),
        ({"momentum": 1.5}, "momentum"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"clipnorm": 0.0}, "clipnorm"),
        ({"clipvalue": -1.0}, "clipvalue"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of"),
        ({"use_ema": True, "ema_momentum": 1.5}, "ema_momentum"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps"),
        ({"loss_scale_factor": 0.0}, "loss_scale_factor"),
    ],
)
def test_bad_settings(arguments, match):
    with pytest.raises(ValueError, match=match):
        optimizers.SGD(**arguments)


def test_bad_arguments_of_rules():
    for make_bad, match in (
        (lambda: optimizers.Adam(beta_1=1.0), "beta_1"),
        (lambda: optimizers.Adam(epsilon=-1e-3), "epsilon"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay"),
        (lambda: optimizers.RMSprop(rho=2.0), "rho"),
        (lambda: optimizers.Adagrad(initial_accumulator_value=-1), "initial_accumulator_value"),
        (lambda: optimizers.Nadam(beta_2=1.0), "beta_2"),
        (lambda: optimizers.Adamax(beta_1="0.9"), "beta_1"),
        (lambda: optimizers.Lamb(epsilon=None), "epsilon"),
        (lambda: optimizers.Lion(beta_1=0.0), "beta_1"),
        (lambda: optimizers.Lion(beta_2=1.5), "beta_2"),
        (lambda: optimizers.Adadelta(rho=-0.1), "rho"),
        (lambda: optimizers.Adafactor(beta_2_decay=0.8), "beta_2_decay"),
        (lambda: optimizers.Adafactor(clip_threshold=0), "clip_threshold"),
        (lambda: optimizers.Adafactor(relative_step="yes"), "relative_step"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), "l1_regularization_strength"),
        (lambda: optimizers.Ftrl(beta=float("nan")), "beta"),
        (lambda: optimizers.Muon(ns_steps=2.5), "ns_steps"),
        (lambda: optimizers.Muon(rms_rate=-1), "rms_rate"),
        (lambda: optimizers.Muon(adam_weight_decay=-1), "adam_weight_decay"),
        (lambda: optimizers.Muon(exclude_layers="out"), "exclude_layers"),
        (lambda: optimizers.Muon(exclude_layers=["("]), "exclude_layers"),
        (lambda: optimizers.ScheduleFreeAdamW(warmup_steps=-1), "warmup_steps"),
        (lambda: optimizers.SGD(momentun=0.9), "momentun"),
    ):
        with pytest.raises(ValueError, match=match):
            make_bad()


def test_bad_gradients_change_nothing():
    weights = variables()
    optimizer = optimizers.Adam()
    good = [Tensor(g) for g in GRADS[0]]
    for grads, chosen, match in (
        ([good[0], good[0]], weights, r"gradient of 'bias' has shape \(5, 3\)"),
        (good[:1], weights, "1 gradients for 2 variables"),
        ([None, None], weights, "No gradients provided for any variable"),
        (good, None, "trainable_variables"),
    ):
        with pytest.raises(ValueError, match=match):
            optimizer.apply(grads, chosen)
    assert not optimizer.built
    assert int(optimizer.iterations) == 0
    np.testing.assert_array_equal(weights[0].numpy(), START[0])
    optimizer.apply(good, weights)
    with pytest.raises(ValueError, match=r"Unknown variables \['kernel', 'bias'\]"):
        optimizer.apply(good, variables())
    assert int(optimizer.iterations) == 1
    optimizer.apply(good)
    assert int(optimizer.iterations) == 2
    optimizer.apply([], weights)
    assert int(optimizer.iterations) == 2


def test_missing_gradients_warn_and_leave_the_variable():
    weights = variables()
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['bias'\]"):
        optimizers.SGD(0.1).apply([Tensor(GRADS[0][0]), None], weights)
    np.testing.assert_array_equal(weights[1].numpy(), START[1])
    assert (weights[0].numpy() != START[0]).any()


def test_gradients_are_accumulated_anew_where_one_was_missing():
    weights, g = variables(), [Tensor(each) for each in GRADS[0]]
    optimizer = optimizers.SGD(0.1, gradient_accumulation_steps=2)
    optimizer.apply(g, weights)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([g[0], None], weights)
    np.testing.assert_array_equal(weights[1].numpy(), START[1])
    optimizer.apply(g, weights)
    optimizer.apply(g, weights)
    np.testing.assert_allclose(weights[1].numpy(), START[1] - 0.1 * GRADS[0][1], rtol=1e-12)
    assert not any(variable.numpy().any() for variable in optimizer.variables if "accumulator" in variable.name)


def test_apply_gradients_takes_pairs():
    weights = variables()
    optimizer = optimizers.SGD(0.1)
    iteration = optimizer.apply_gradients(zip(map(Tensor, GRADS[0]), weights, strict=True))
    assert int(iteration) == 1
    np.testing.assert_allclose(weights[1].numpy(), START[1] - 0.1 * GRADS[0][1], rtol=1e-15)


def test_all_state_can_be_written():
    first, second = (optimizers.Adam(0.1, use_ema=True) for _ in range(2))
    with pytest.raises(ValueError, match="before `set_weights"):
        second.set_weights(first.variables)
    w = [Variable(value) for value in START]
    for optimizer in (first, second):
        optimizer.build(w)
    first.apply([Tensor(g) for g in GRADS[0]])
    second.set_weights(first.variables)
    for given, found in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(found.numpy(), given.numpy())
    changed = [variable.numpy() + 1 for variable in first.variables]
    for bad in (changed[:-1], [*changed[:-1], np.zeros(7)]):
        with pytest.raises(ValueError, match="must have the shapes of `optimizer.variables`"):
            second.set_weights(bad)
    assert int(second.iterations) == 1


# [v.name for v in optimizer.variables] behind iteration and learning_rate, after build for a Dense named "d", Keras
# 3.15; there Nadam's last has a number for a name.
_OF_ADAM = ["d_kernel_momentum", "d_kernel_velocity", "d_bias_momentum", "d_bias_velocity"]
SLOTS = {
    "SGD": [],
    "Adagrad": ["d_kernel_accumulator", "d_bias_accumulator"],
    "Adam": _OF_ADAM,
    "AdamW": _OF_ADAM,
    "RMSprop": ["d_kernel_velocity", "d_bias_velocity"],
    "Nadam": [*_OF_ADAM, "u_product"],
    "Adamax": ["d_kernel_momentum", "d_kernel_norm", "d_bias_momentum", "d_bias_norm"],
    "Adadelta": [
        "d_kernel_accumulated_grad",
        "d_kernel_accumulated_delta_var",
        "d_bias_accumulated_grad",
        "d_bias_accumulated_delta_var",
    ],
    "Adafactor": ["kernel", "kernel", "d_kernel_velocity", "bias", "bias", "d_bias_velocity"],
    "Ftrl": ["d_kernel_accumulator", "d_kernel_linear", "d_bias_accumulator", "d_bias_linear"],
    "Lion": ["d_kernel_momentum", "d_bias_momentum"],
    "Lamb": _OF_ADAM,
    "Muon": ["d_kernel_momentum", "d_bias_momentum", "d_bias_velocity"],
    "ScheduleFreeAdamW": _OF_ADAM,
}


@pytest.mark.parametrize("name", ROWS)
def test_slots_of_every_optimizer_have_the_names_and_the_order_of_keras(name):
    dense = layers.Dense(2, name="d")
    dense.build((None, 3))
    optimizer = getattr(optimizers, name)(use_ema=True, gradient_accumulation_steps=2)
    optimizer.build(dense.weights)
    around = [f"d_{each}_{kind}" for kind in ("average", "gradient_accumulator") for each in ("kernel", "bias")]
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", *around, *SLOTS[name]]


def test_slots_have_the_shapes_of_keras():
    dense = layers.Dense(2)
    dense.build((None, 3))
    optimizer = optimizers.Adafactor()
    optimizer.build(dense.weights)
    assert [v.shape for v in optimizer.variables[2:]] == [(3,), (2,), (3, 2), (), (), (2,)]


def test_slots_have_the_names_and_the_order_of_keras():
    dense = layers.Dense(2, name="d")
    dense.build((None, 3))
    optimizer = optimizers.Adam(amsgrad=True, name="adam")
    optimizer.build(dense.weights)
    # [v.name for v in keras.optimizers.Adam(amsgrad=True).variables] after build, Keras 3.15.
    assert [variable.name for variable in optimizer.variables] == [
        "iteration",
        "learning_rate",
        "d_kernel_momentum",
        "d_kernel_velocity",
        "d_bias_momentum",
        "d_bias_velocity",
        "d_kernel_velocity_hat",
        "d_bias_velocity_hat",
    ]
    assert all(variable.path == f"adam/{variable.name}" for variable in optimizer.variables)
    assert optimizer.variables[2].layout == dense.kernel.layout
    optimizer.build(dense.weights)
    assert len(optimizer.variables) == 8


@pytest.mark.parametrize("name", ROWS)
def test_stored_form(name):
    for arguments in ROWS[name][1]:
        optimizer = make(name, arguments, {"clipnorm": 1.0, "name": "mine"})
        restored = stored_and_restored(optimizers, optimizer)
        assert restored.name == "mine"
    schedule = schedules.PolynomialDecay(0.1, 10)
    restored = stored_and_restored(optimizers, make(name, {}, {}, schedule))
    assert restored.get_config()["learning_rate"] == schedules.serialize(schedule)
    assert float(restored.learning_rate) == 0.1


def test_get():
    assert isinstance(optimizers.get("adam"), optimizers.Adam)
    assert isinstance(optimizers.get("RMSProp"), optimizers.RMSprop)
    assert isinstance(optimizers.get("SGD"), optimizers.SGD)
    assert isinstance(optimizers.get("schedulefreeadamw"), optimizers.ScheduleFreeAdamW)
    assert all(isinstance(optimizers.get(cls.__name__.lower()), cls) for cls in optimizers.REGISTRY.classes)
    assert isinstance(optimizers.get(optimizers.Adagrad), optimizers.Adagrad)
    assert optimizers.get(None) is None
    optimizer = optimizers.SGD()
    assert optimizers.get(optimizer) is optimizer
    with pytest.raises(ValueError, match="Unknown optimizer 'adaam'. Did you mean 'Adam"):
        optimizers.get("adaam")
    with pytest.raises(ValueError, match="Could not interpret optimizer"):
        optimizers.get(len)


def test_optimizers_of_users():
    class SignDescent(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.counts = self.add_optimizer_variables(variables, "count", "ones")

        def update_step(self, gradient, variable, learning_rate):
            self.counts[self._get_variable_index(variable)].assign_add(ops.ones(variable.shape))
            variable.assign_sub(ops.sign(gradient) * learning_rate)

    weights = variables("float32")
    optimizer = SignDescent(0.1, weight_decay=0.5)
    optimizer.apply([Tensor(g.astype("float32")) for g in GRADS[0]], weights)
    run(program_of(optimizer, weights), GRADS[1])
    expected = START[1]
    for grads in GRADS[:2]:
        expected = expected - expected * 0.05 - 0.1 * np.sign(grads[1])
    np.testing.assert_allclose(weights[1].numpy(), expected, rtol=1e-5)
    np.testing.assert_array_equal(optimizer.counts[0].numpy(), np.full((5, 3), 3.0))
    with pytest.raises(NotImplementedError, match="update_step"):
        optimizers.Optimizer(0.1).apply([Tensor(g) for g in GRADS[0]], variables())

    class HalfAdam(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate * 0.5)

    one, other = variables(), variables()
    HalfAdam(0.1).apply([Tensor(g) for g in GRADS[0]], one)
    optimizers.Adam(0.05).apply([Tensor(g) for g in GRADS[0]], other)
    np.testing.assert_allclose(one[0].numpy(), other[0].numpy(), rtol=1e-14)


def test_optimizers_of_users_may_assign_as_in_keras():
    class Momentum(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.velocities, self.counts = self.add_optimizer_variables(variables, ["velocity", "count"])

        def update_step(self, gradient, variable, learning_rate):
            i = self._get_variable_index(variable)
            self.assign(self.velocities[i], self.velocities[i] * 0.9 + gradient)
            self.assign_add(self.counts[i], ops.ones(variable.shape, variable.dtype))
            self.assign_sub(variable, self.velocities[i] * learning_rate)

    weights = variables()
    optimizer = Momentum(0.1)
    optimizer.apply([Tensor(g) for g in GRADS[0]], weights)
    run(program_of(optimizer, weights), GRADS[1])
    first, second = GRADS[0][1], GRADS[1][1]
    np.testing.assert_allclose(weights[1].numpy(), START[1] - 0.1 * first - 0.1 * (0.9 * first + second), rtol=1e-12)
    np.testing.assert_array_equal(optimizer.counts[1].numpy(), np.full(START[1].shape, 2.0))


# Keras' arguments in its order: each rule's own, then those of all. A class without a row fails the walk below.
POSITIONS = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adagrad": {"learning_rate": 0.1, "initial_accumulator_value": 0.2, "epsilon": 1e-5, "weight_decay": 0.01},
    "Adam": {
        "learning_rate": 0.1,
        "beta_1": 0.8,
        "beta_2": 0.9,
        "epsilon": 1e-5,
        "amsgrad": True,
        "weight_decay": 0.02,
    },
    "AdamW": {
        "learning_rate": 0.1,
        "weight_decay": 0.02,
        "beta_1": 0.8,
        "beta_2": 0.9,
        "epsilon": 1e-5,
        "amsgrad": True,
    },
    "RMSprop": {
        "learning_rate": 0.1,
        "rho": 0.8,
        "momentum": 0.3,
        "epsilon": 1e-5,
        "centered": True,
        "weight_decay": 0.01,
    },
}
_OF_MOMENTS = {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-5, "weight_decay": 0.02}
POSITIONS |= {
    **dict.fromkeys(["Nadam", "Adamax", "Lamb"], _OF_MOMENTS),
    "Adadelta": {"learning_rate": 0.1, "rho": 0.8, "epsilon": 1e-5, "weight_decay": 0.02},
    "Adafactor": {
        "learning_rate": 0.1,
        "beta_2_decay": -0.7,
        "epsilon_1": 1e-20,
        "epsilon_2": 0.01,
        "clip_threshold": 0.5,
        "relative_step": False,
        "weight_decay": 0.02,
    },
    "Ftrl": {
        "learning_rate": 0.1,
        "learning_rate_power": -0.7,
        "initial_accumulator_value": 0.2,
        "l1_regularization_strength": 0.3,
        "l2_regularization_strength": 0.4,
        "l2_shrinkage_regularization_strength": 0.5,
        "beta": 0.6,
        "weight_decay": 0.02,
    },
    "Lion": {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "weight_decay": 0.02},
    "Muon": {
        "learning_rate": 0.1,
        "adam_beta_1": 0.8,
        "adam_beta_2": 0.9,
        "adam_weight_decay": 0.01,
        "epsilon": 1e-5,
        "weight_decay": 0.02,
    },
    "ScheduleFreeAdamW": {
        "learning_rate": 0.1,
        "beta_1": 0.8,
        "beta_2": 0.9,
        "epsilon": 1e-5,
        "warmup_steps": 7,
        "weight_decay": 0.02,
    },
}
# Those that stand behind them.
BEHIND = {
    "Muon": {
        "exclude_layers": ["out"],
        "exclude_embeddings": False,
        "muon_a": 2.0,
        "muon_b": -1.5,
        "muon_c": 0.5,
        "adam_lr_ratio": 0.5,
        "momentum": 0.8,
        "ns_steps": 3,
        "nesterov": False,
        "rms_rate": 0.1,
    }
}
OF_ALL = {
    "clipnorm": None,
    "clipvalue": 0.5,
    "global_clipnorm": None,
    "use_ema": True,
    "ema_momentum": 0.7,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 4,
    "name": "mine",
}


@pytest.mark.parametrize("cls", optimizers.REGISTRY.classes)
def test_arguments_have_keras_positions(cls):
    given = {**POSITIONS[cls.__name__], **OF_ALL, **BEHIND.get(cls.__name__, {})}
    assert cls(*given.values()).get_config() == given
    with pytest.raises(TypeError, match="positional arguments"):
        cls(*given.values(), 1)


# ---- schedules ---------------------------------------------------------------------------------------------------

# (class, arguments, keyword arguments, formula of the step). A class without a row fails the walk below.
SCHEDULES = [
    ("ExponentialDecay", (0.1, 7, 0.9), {}, lambda s: 0.1 * 0.9 ** (s / 7)),
    ("ExponentialDecay", (0.1, 7, 0.9), {"staircase": True}, lambda s: 0.1 * 0.9 ** (s // 7)),
    ("InverseTimeDecay", (0.1, 7, 0.9), {}, lambda s: 0.1 / (1 + 0.9 * s / 7)),
    ("InverseTimeDecay", (0.1, 7, 0.9), {"staircase": True}, lambda s: 0.1 / (1 + 0.9 * (s // 7))),
    ("PiecewiseConstantDecay", ([3, 8], [1.0, 0.5, 0.1]), {}, lambda s: 1.0 if s <= 3 else 0.5 if s <= 8 else 0.1),
    ("PiecewiseConstantDecay", ([2.0, 5.5], [1.0, 0.5, 0.1]), {}, lambda s: 1.0 if s <= 2 else 0.5 if s < 6 else 0.1),
    ("PolynomialDecay", (0.1, 7), {}, lambda s: 0.0999 * (1 - min(s, 7) / 7) + 0.0001),
    (
        "PolynomialDecay",
        (0.1, 7),
        {"power": 0.5, "cycle": True, "end_learning_rate": 0.02},
        lambda s: 0.08 * (1 - s / (7 * max(1, -(-s // 7)))) ** 0.5 + 0.02,
    ),
    ("CosineDecay", (0.1, 10), {}, lambda s: 0.05 * (1 + np.cos(np.pi * min(s, 10) / 10))),
    ("CosineDecay", (0.1, 10), {"alpha": 0.1}, lambda s: 0.1 * (0.45 * (1 + np.cos(np.pi * min(s, 10) / 10)) + 0.1)),
    (
        "CosineDecay",
        (0.1, 10),
        {"warmup_target": 0.5, "warmup_steps": 4},
        lambda s: 0.1 + 0.1 * s if s < 4 else 0.25 * (1 + np.cos(np.pi * min(s - 4, 10) / 10)),
    ),
    ("CosineDecayRestarts", (0.1, 3), {}, lambda s: restarting(s, 3, 2, 1, 0)),
    ("CosineDecayRestarts", (0.1, 7, 1.0, 0.5), {"alpha": 0.1}, lambda s: restarting(s, 7, 1, 0.5, 0.1)),
    ("CosineDecayRestarts", (0.1, 2, 1.5, 1.25), {"alpha": 0.2}, lambda s: restarting(s, 2, 1.5, 1.25, 0.2)),
]


def restarting(step, length, t_mul, m_mul, alpha):
    """Decay after decay, as the paper tells it."""
    start = 1.0
    while step >= length:
        step, length, start = step - length, length * t_mul, start * m_mul
    return 0.1 * ((1 - alpha) * start * (1 + np.cos(np.pi * step / length)) / 2 + alpha)


def test_every_schedule_has_a_row():
    assert {cls.__name__ for cls in schedules.REGISTRY.classes} == {row[0] for row in SCHEDULES}


@pytest.mark.parametrize(("name", "args", "kwargs", "formula"), SCHEDULES)
def test_schedule(name, args, kwargs, formula):
    schedule = getattr(schedules, name)(*args, **kwargs)
    steps = range(25)
    np.testing.assert_allclose([float(schedule(s)) for s in steps], [formula(s) for s in steps], rtol=1e-12, atol=1e-15)
    program = plan.compile(schedule, [((), "int64")])
    for s in steps:
        program.inputs[0][...] = s
        assert program.run()[0] == schedule(s).numpy()
    stored = json.loads(json.dumps(schedules.serialize(schedule)))
    assert stored["module"] == "keras.optimizers.schedules"
    assert schedules.deserialize(stored).get_config() == schedule.get_config()


@pytest.mark.parametrize(
    ("make_bad", "match"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps"),
        (lambda: schedules.CosineDecay(0.1, -3), "decay_steps"),
        (lambda: schedules.PiecewiseConstantDecay([3], [1.0]), "one longer"),
        (lambda: schedules.PiecewiseConstantDecay([8, 3], [1.0, 0.5, 0.1]), "ascending"),
        (lambda: schedules.PolynomialDecay(float("inf"), 3), "initial_learning_rate"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "`first_decay_steps` must be a finite number above 0"),
        (lambda: schedules.CosineDecayRestarts(0.1, 3, 0.5), "`t_mul` must be a finite number at least 1"),
        (lambda: schedules.CosineDecayRestarts(0.1, 3, m_mul=-1), "m_mul"),
    ],
)
def test_bad_schedules(make_bad, match):
    with pytest.raises(ValueError, match=match):
        make_bad()


@pytest.mark.parametrize("t_mul", [2, 3, 5, 10, 1.5])
def test_decays_restart_at_their_first_step(t_mul):
    """As many decays long as all before: rounding of the logarithm that counts them does not matter."""
    schedule = schedules.CosineDecayRestarts(0.1, 1000, t_mul)
    begin = 0
    for restarts in range(12):
        step = np.int64(np.ceil(begin))
        assert float(schedule(step)) > 0.0999
        assert restarts == 0 or float(schedule(step - 1)) < 0.001
        begin += 1000 * t_mul**restarts


def test_schedules_of_users():
    class Halving(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1 * 0.5 ** ops.cast(step, "float64")

    weights = variables()
    optimizer = optimizers.SGD(Halving())
    program = program_of(optimizer, weights)
    run(program, GRADS[0])
    run(program, GRADS[1])
    np.testing.assert_allclose(weights[1].numpy(), START[1] - 0.1 * GRADS[0][1] - 0.05 * GRADS[1][1], rtol=1e-14)
    with pytest.raises(NotImplementedError, match="__call__"):
        schedules.LearningRateSchedule()(1)
