"""The gates AND, OR and XOR: by scikit-learn's Perceptron, by hand, and XOR out of two perceptrons."""

import numpy as np

from fastnn import Perceptron

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


def by_hand(labels, rate=0.1, epochs=5):
    """Return weights and threshold of a neuron that fires where ``w x + b >= 0``, learnt one sample after the other."""
    w, b = np.zeros(2), 0.0
    for _ in range(epochs):
        for x, target in zip(X, labels, strict=True):
            error = target - (b + w[0] * x[0] + w[1] * x[1] >= 0.0)
            b += rate * error
            w += rate * error * x
    return w, b


def gate(w, b):
    """Return the function of a neuron."""
    return lambda x: int(b + w[0] * x[0] + w[1] * x[1] >= 0.0)


def main():
    found = {}
    for name, labels in GATES.items():
        perceptron = Perceptron(tol=1e-3, random_state=10).fit(X, labels)
        found[name] = perceptron.predict(X).tolist()
        print(f"{name}: {found[name]}, wanted {labels}, score {perceptron.score(X, labels):.2f}")

    weights = {name: by_hand(GATES[name]) for name in ("AND", "OR")}
    for name, (w, b) in weights.items():
        print(f"{name} by hand: w = {w.round(2).tolist()}, b = {b:.2f}")
    and_gate, or_gate = (gate(*weights[name]) for name in ("AND", "OR"))
    xor = [and_gate([not and_gate(x), or_gate(x)]) for x in X]
    print(f"XOR out of three gates: {xor}")
    return found, weights, xor


if __name__ == "__main__":
    main()
