"""fastnn, through its public face: NumPy arrays in, all checks and the shuffling included."""

from __future__ import annotations

from collections.abc import Callable

from workloads import EPSILON, LEARNING_RATE, Task

import fastnn as keras

VERSION = {"fastnn": keras.__version__}


def model(task: Task) -> keras.Sequential:
    workload = task.workload
    keras.config.set_floatx(task.dtype)
    first, *hidden, last = workload.sizes
    layers = [keras.Input((first,))]
    for number, units in enumerate(hidden):
        layers.append(keras.layers.Dense(units, activation="relu"))
        if workload.dropout and number == 0:
            layers.append(keras.layers.Dropout(workload.dropout))
    layers.append(keras.layers.Dense(last, activation=workload.output))
    return keras.Sequential(layers)


def optimizer(name: str) -> keras.optimizers.Optimizer:
    optimizers = keras.optimizers
    if name == "sgd":
        return optimizers.SGD(LEARNING_RATE, momentum=0.9, nesterov=True)
    rules = {
        "adam": optimizers.Adam,
        "adamw": optimizers.AdamW,
        "rmsprop": optimizers.RMSprop,
        "adagrad": optimizers.Adagrad,
    }
    return rules[name](LEARNING_RATE, epsilon=EPSILON)


def trainers(task: Task) -> dict[str, Callable[[], object]]:
    workload = task.workload
    network = model(task)
    loss = "sparse_categorical_crossentropy" if workload.output == "softmax" else "mse"
    network.compile(optimizer=optimizer(task.optimizer), loss=loss)

    def train() -> None:
        network.fit(task.x, task.y, batch_size=workload.batch, epochs=workload.epochs, verbose=0)

    return {"fastnn": train}
