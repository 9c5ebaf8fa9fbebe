"""What the tests of layers, losses, metrics and optimizers share: programs, central differences, stored forms."""

import json

import numpy as np

from fastnn import GradientTape, Tensor, ops, plan


def run_traced(fn, *arrays):
    """Compile fn for the shapes of these arrays, run it once on them and return its outputs as arrays."""
    program = plan.compile(fn, [(x.shape, x.dtype) for x in arrays])
    for memory, x in zip(program.inputs, arrays, strict=True):
        memory[...] = x
    return [np.array(out) for out in program.run()]


def gradient_of_sum(fn, x, weights):
    """Return the derivative of sum(weights * fn(x)) by the tape."""
    x = Tensor(x)
    with GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(fn(x) * weights)
    return tape.gradient(total, x, unconnected_gradients="zero").numpy()


def central_difference(fn, x, weights, step=1e-6):
    """Return the derivative of sum(weights * fn(x)) by central differences; fn takes and returns arrays."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        found[i] = np.sum(weights * (fn(up) - fn(down))) / (2 * step)
    return found


def assert_gradient(fn, x, tolerance=1e-6):
    """Check the tape's derivative of fn at x (float64) against central differences."""
    shape = fn(Tensor(x)).shape
    weights = np.random.default_rng(3).uniform(0.5, 1.5, shape)
    got = gradient_of_sum(fn, x, weights)
    expected = central_difference(lambda a: fn(Tensor(a)).numpy(), x, weights)
    np.testing.assert_allclose(
        got, expected, rtol=tolerance, atol=tolerance * max(1.0, np.abs(expected).max(initial=0))
    )


def stored_and_restored(module, obj):
    """Serialize an object with a module's functions, take it through JSON, and return it restored."""
    stored = module.serialize(obj)
    assert stored["module"] == "keras." + module.__name__.removeprefix("fastnn.")
    assert stored["class_name"] == type(obj).__name__
    assert stored["registered_name"] is None
    restored = module.deserialize(json.loads(json.dumps(stored)))
    assert type(restored) is type(obj)
    assert json.dumps(restored.get_config()) == json.dumps(obj.get_config())
    return restored
