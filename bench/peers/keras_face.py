"""A workload's network in Keras' names: the same lines for Keras and for fastnn."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np
from workloads import EPSILON, LEARNING_RATE, MOMENTUM, Task

from peers import Trainer


def model(keras: ModuleType, sizes: Sequence[int], output: str, dropout: float = 0.0):
    first, *hidden, last = sizes
    layers = [keras.Input((first,))]
    for number, units in enumerate(hidden):
        layers.append(keras.layers.Dense(units, activation="relu"))
        if dropout and number == 0:
            layers.append(keras.layers.Dropout(dropout))
    layers.append(keras.layers.Dense(last, activation=output))
    return keras.Sequential(layers)


def optimizer(keras: ModuleType, name: str):
    optimizers = keras.optimizers
    if name == "sgd":
        return optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM, nesterov=True)
    rules = {
        "adam": optimizers.Adam,
        "adamw": optimizers.AdamW,
        "rmsprop": optimizers.RMSprop,
        "adagrad": optimizers.Adagrad,
    }
    return rules[name](LEARNING_RATE, epsilon=EPSILON)


def trainer(keras: ModuleType, task: Task, **compile_options) -> Trainer:
    """Return a trainer that calls ``model.fit`` on the NumPy arrays."""
    workload = task.workload
    keras.config.set_floatx(task.dtype)
    network = model(keras, workload.sizes, workload.output, workload.dropout)
    loss = "sparse_categorical_crossentropy" if workload.output == "softmax" else "mse"
    network.compile(optimizer=optimizer(keras, task.optimizer), loss=loss, **compile_options)

    def train() -> None:
        network.fit(task.x, task.y, batch_size=workload.batch, epochs=workload.epochs, verbose=0)

    return Trainer(train, network.get_weights)


def trained(keras: ModuleType, weights: Sequence[np.ndarray]):
    """Return the network with these weights, softmax behind it."""
    network = model(keras, [len(weights[0]), *(len(bias) for bias in weights[1::2])], "softmax")
    network.set_weights(weights)
    return network
