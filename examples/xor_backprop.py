"""XOR by hand-written backpropagation, and the same numbers through fastnn, to the printed digit.

The network 3-6-1 has sigmoid units, no biases, and starts from NumPy's random numbers with seed 5.
Its third input is always 1; and after each forward pass its last hidden unit is overwritten with 1,
which makes w1's last row a bias. That unit does not depend on w0: since the slope of the sigmoid is
written as l·(1 - l), it is 0 there, and w0's last column never moves.

By hand, a step of 0.2 goes along dE/dw of E = ½·Σe², with the sum over the four rows. Keras' mean
squared error is Σe²/4, half as large a gradient: its learning rate is 0.4.

The course prints 0.01144685, 0.98853856, 0.98734948, 0.01447403 under a loop of 10,000 steps. Its
own code gives these digits in the 31,020th step and in no other (a cell of a notebook that is run
again goes on from the weights it finds); in the 10,000th it gives 0.02391914, … Both are shown.
"""

import numpy as np

import fastnn as keras
from fastnn import ops

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype="float64")
Y = np.array([[0], [1], [1], [0]], dtype="float64")
STOPS = (10_000, 31_020)


def first_weights():
    random = np.random.RandomState(5)  # the stream of np.random.seed(5)
    w0 = 2 * random.random_sample((3, 6)) - 1
    w1 = 2 * random.random_sample((6, 1)) - 1
    return w0, w1


def by_hand():
    """The course's loop in NumPy; the outputs are those of the forward pass of the last step."""
    w0, w1 = first_weights()
    outputs = {}
    for step in range(1, STOPS[-1] + 1):
        l1 = 1 / (1 + np.exp(-X @ w0))
        l1[:, -1] = 1
        l2 = 1 / (1 + np.exp(-l1 @ w1))
        if step in STOPS:
            outputs[step] = l2
        d2 = (l2 - Y) * l2 * (1 - l2)
        d1 = (d2 @ w1.T) * l1 * (1 - l1)
        w1 -= 0.2 * l1.T @ d2
        w0 -= 0.2 * X.T @ d1
    return outputs


def by_tape():
    """The same network in fastnn's ops: the derivatives come from GradientTape."""
    w0, w1 = (keras.Variable(w, dtype="float64") for w in first_weights())
    ones = ops.ones((4, 1), dtype="float64")

    @keras.function
    def train_step(x, y):
        with keras.GradientTape() as tape:
            hidden = ops.sigmoid(ops.matmul(x, w0))
            hidden = ops.concatenate([hidden[:, :-1], ones], axis=1)
            output = ops.sigmoid(ops.matmul(hidden, w1))
            loss = 0.5 * ops.sum(ops.square(output - y))
        dw0, dw1 = tape.gradient(loss, [w0, w1])
        w0.assign_sub(0.2 * dw0)
        w1.assign_sub(0.2 * dw1)
        return output

    outputs = {}
    for step in range(1, STOPS[-1] + 1):
        output = train_step(X, Y)
        if step in STOPS:
            outputs[step] = output.numpy()
    return outputs


def by_layers():
    """The same network as two layers: a hidden unit that is always 1 is the next layer's bias."""
    w0, w1 = first_weights()
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(5, activation="sigmoid", use_bias=False, dtype="float64"),
            keras.layers.Dense(1, activation="sigmoid", dtype="float64"),
        ]
    )
    model.set_weights([w0[:, :5], w1[:5], w1[5]])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.4), loss="mse")
    outputs = {}
    done = 1  # a step's forward pass comes before its update: the first pass needs none
    for stop in STOPS:
        model.fit(X, Y, batch_size=4, epochs=stop - done, shuffle=False, verbose=0)
        done = stop
        outputs[stop] = model.predict(X, verbose=0)
    return outputs


def main():
    found = {f.__name__: f() for f in (by_hand, by_tape, by_layers)}
    for stop in STOPS:
        print(f"\noutputs of step {stop:,}")
        for name, outputs in found.items():
            print(f"  {name:9}", *(f"{value:.8f}" for value in outputs[stop].ravel()))
    return found


if __name__ == "__main__":
    main()
