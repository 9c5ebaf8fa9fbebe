"""Matrices between products have rows of whole vectors where only products read them, and no bit hangs on it."""

import numpy as np
import pytest

import fastnn
from fastnn import Variable, fusion, graph, layers, layout, losses, ops, plan
from fastnn._kernels.core import Plan
from fastnn.template import Templates


def spaced(fn, *specs):
    """Return the shapes of a function's padded values, in the order in which they are made."""
    record = graph.trace(fn, specs)
    nodes = fusion.fuse(record.nodes, record.outputs)
    found = layout.padded(nodes, record.outputs)
    return [x.shape for node in nodes for x in node.outputs if x in found]


def kernel(rows, cols):
    return Variable(np.random.default_rng(rows).standard_normal((rows, cols)), layout="kernel")


def test_what_only_products_read_is_padded():
    first, second, third = kernel(5, 9), kernel(9, 7), kernel(7, 3)

    def network(x):
        hidden = ops.dense(ops.dense(x, first, None, "relu"), second, None, "tanh")
        return [ops.dense(hidden, third)]

    assert spaced(network, ((20, 5), "float64")) == [(20, 9), (20, 7)]


@pytest.mark.parametrize(
    "read",
    [
        lambda hidden: hidden,
        lambda hidden: ops.transpose(hidden),
        lambda hidden: ops.softmax(hidden),
        lambda hidden: ops.reshape(hidden, (9, 20)),
        lambda hidden: ops.exp(ops.transpose(hidden)),
    ],
    ids=["itself", "turned", "softmax", "reshaped", "turned and more"],
)
def test_what_others_read_is_not(read):
    first, second = kernel(5, 9), kernel(9, 3)

    def network(x):
        hidden = ops.dense(x, first)
        return [read(hidden), ops.dense(hidden, second)]

    assert spaced(network, ((20, 5), "float64")) == []


@pytest.mark.parametrize("shape", [(20, 8), (20, 64), (20, 129), (20, 1), (1, 9)])
def test_rows_of_whole_vectors_long_ones_and_single_ones_are_left(shape):
    first, second = kernel(5, shape[1]), kernel(shape[1], 3)
    network = lambda x: [ops.dense(ops.dense(x, first), second)]  # noqa: E731
    assert spaced(network, ((shape[0], 5), "float64")) == []


def test_rows_of_up_to_a_kilobyte_are_not():
    first, second = kernel(5, 65), kernel(65, 3)
    assert spaced(lambda x: [ops.dense(ops.dense(x, first), second)], ((20, 5), "float64"))


def test_a_derivative_is_laid_out_as_its_output_or_neither_is():
    x, (first, second) = np.ones((20, 5)), (kernel(5, 9), kernel(9, 3))

    def gradients(read):
        def step(x):
            with fastnn.GradientTape() as tape:
                hidden = ops.dense(x, first, None, "tanh")
                loss = ops.sum(ops.square(ops.dense(hidden, second)))
            g1, g2 = tape.gradient(loss, [first, second])
            scalars = ops.step_scalars(0.1, 0)
            ops.sgd_update(first, g1, scalars)
            ops.sgd_update(second, g2, scalars)
            return [read(hidden)]

        return spaced(step, (x.shape, "float64"))

    assert gradients(lambda hidden: ops.ones(()))[:2] == [(20, 9), (20, 9)]
    assert (20, 9) not in gradients(ops.sum)


def test_sums_in_parts_of_a_batch_are_padded():
    w, b = kernel(40, 50), Variable(np.zeros(50))

    def step(x):
        with fastnn.GradientTape() as tape:
            loss = ops.sum(ops.square(ops.dense(x, w, b)))
        optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
        return []

    optimizer = fastnn.optimizers.SGD()
    optimizer.build([w, b])
    assert spaced(step, ((200, 40), "float64")) == [(2, 40, 50), (2, 50)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("batch", "units"), [(32, (20, 20, 1)), (64, (10, 33, 50, 3)), (7, (3, 5, 2)), (200, (100, 20, 12))]
)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_no_bit_hangs_on_it(dtype, batch, units, activation, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((300, 11)).astype(dtype), rng.standard_normal((300, units[-1])).astype(dtype)

    def train():
        fastnn.utils.set_random_seed(1)
        hidden = [layers.Dense(n, activation, dtype=dtype) for n in units[:-1]]
        model = fastnn.Sequential([*hidden, layers.Dense(units[-1], dtype=dtype)])
        model.compile(fastnn.optimizers.Adam(0.01), losses.MeanSquaredError())
        model.fit(x, y, batch_size=batch, epochs=3, verbose=0)
        return [w.tobytes() for w in (*model.get_weights(), model.predict(x, verbose=0))]

    with_room = train()
    monkeypatch.setattr(layout, "padded", lambda nodes, wanted: set())
    monkeypatch.setattr(plan, "_TEMPLATES", Templates(0))  # of programs with room
    assert with_room == train()


@pytest.mark.parametrize("epilogue", ["store", "activation", "derivative"])
@pytest.mark.parametrize("shape", [(32, 20), (9, 3), (40, 61), (4, 20)])
def test_only_what_a_plan_owns_is_written(epilogue, shape):
    rng = np.random.default_rng(2)
    (m, n), k = shape, 12
    length = layout.row_length(shape, 4) + (0 if epilogue == "store" else 16)
    a, b = rng.standard_normal((m, k)).astype("float32"), rng.standard_normal((k, n)).astype("float32")
    y = np.zeros((m, length), "float32")
    y[:, :n] = rng.standard_normal((m, n))
    more = {
        "store": {},
        "activation": {"activation": "relu", "bias": np.ones(n, "float32")},
        "derivative": {"activation": "relu", "y": y[:, :n]},
    }[epilogue]
    found = []
    for owned in (False, True):
        memory = np.full((m + 1, length), 7, "float32")
        plan = Plan()
        if owned:
            plan.own_rows(memory[:m, :n])
            plan.own_rows(y[:, :n])
        plan.matmul(memory[:m, :n], a, b, **more)
        plan.run()
        found.append(memory[:m, :n].tobytes())
        assert (memory[m] == 7).all()
        assert owned or (memory[:, n:] == 7).all()
    assert found[0] == found[1]


def test_one_that_is_not_padded_unties_all_of_a_chain():
    links = [(i, i + 1) for i in range(50)]
    assert layout._tied(links[::2] + links[1::2], set(range(50))) == set(range(51))
    assert layout._tied([*links, (60, 61)], set(range(1, 70))) == set(range(51))
