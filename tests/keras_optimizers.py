"""What Keras' optimizers make of the same gradients: a program of its own, since JAX and forks do not go together.

It reads a pickle (first weights, gradients of each step, cases of name and arguments) from its standard input, and
writes one of the weights after the last step, and after `finalize_variable_values`, of each case.
"""

import pickle
import sys

import jax

jax.config.update("jax_enable_x64", True)

import keras  # noqa: E402


def weights_after(start, grads, name, arguments):
    weights = [keras.Variable(w, name=each, dtype="float64") for w, each in zip(start, ("kernel", "bias"), strict=True)]
    optimizer = getattr(keras.optimizers, name)(**arguments)
    optimizer.build(weights)
    step = jax.jit(optimizer.stateless_apply)  # by itself each op takes as long as all of ours
    values, state = [w.value for w in weights], [v.value for v in optimizer.variables]
    for g in grads:
        values, state = step(state, g, values)
    for variable, value in zip([*weights, *optimizer.variables], [*values, *state], strict=True):
        variable.assign(value)
    found = [w.numpy() for w in weights]
    optimizer.finalize_variable_values(weights)
    return found, [w.numpy() for w in weights]


def main():
    keras.config.set_floatx("float64")
    start, grads, cases = pickle.load(sys.stdin.buffer)
    pickle.dump([weights_after(start, grads, *case) for case in cases], sys.stdout.buffer)


if __name__ == "__main__":
    main()
