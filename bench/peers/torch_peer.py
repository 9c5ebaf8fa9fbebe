"""PyTorch: the eager loop with a fused optimizer, and the same step under torch.compile.

Rows are gathered by ``index_select`` from a permutation: a DataLoader would be 1.2 to 1.4 times
slower. The loss is not read back in the loop.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from workloads import EPSILON, LEARNING_RATE, Task

VERSION = {"torch": torch.__version__}


def model(task: Task) -> nn.Sequential:
    """Return the network; behind it, softmax is left to the loss."""
    workload = task.workload
    layers = []
    pairs = list(zip(workload.sizes, workload.sizes[1:], strict=False))
    for number, (inputs, units) in enumerate(pairs):
        layers.append(nn.Linear(inputs, units))
        if number < len(pairs) - 1:
            layers.append(nn.ReLU())
        if workload.dropout and number == 0:
            layers.append(nn.Dropout(workload.dropout))
    if workload.output == "sigmoid":
        layers.append(nn.Sigmoid())
    return nn.Sequential(*layers).to(getattr(torch, task.dtype))


def optimizer(name: str, parameters) -> torch.optim.Optimizer:
    """Return the fastest implementation that there is of the rule."""
    rules = {
        "adam": lambda: torch.optim.Adam(parameters, LEARNING_RATE, eps=EPSILON, fused=True),
        "adamw": lambda: torch.optim.AdamW(parameters, LEARNING_RATE, eps=EPSILON, weight_decay=0.004, fused=True),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, LEARNING_RATE, alpha=0.9, eps=EPSILON, foreach=True),
        "sgd": lambda: torch.optim.SGD(parameters, LEARNING_RATE, momentum=0.9, nesterov=True, fused=True),
        "adagrad": lambda: torch.optim.Adagrad(parameters, LEARNING_RATE, eps=EPSILON, fused=True),
    }
    return rules[name]()


def trainers(task: Task) -> dict[str, Callable[[], object]]:
    torch.set_num_threads(task.threads)
    return {"PyTorch, eager": trainer(task, compiled=False), "PyTorch, compiled": trainer(task, compiled=True)}


def trainer(task: Task, compiled: bool) -> Callable[[], object]:
    workload = task.workload
    x, y = torch.from_numpy(task.x), torch.from_numpy(task.y)
    network = model(task)
    rule = optimizer(task.optimizer, network.parameters())
    loss_of = nn.functional.cross_entropy if workload.output == "softmax" else nn.functional.mse_loss

    def loss(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return loss_of(network(inputs), targets)

    if compiled:
        loss = torch.compile(loss)

    def step(inputs: torch.Tensor, targets: torch.Tensor) -> None:
        rule.zero_grad()
        loss(inputs, targets).backward()
        rule.step()

    def train() -> None:
        for _ in range(workload.epochs):
            if workload.batch >= workload.rows:  # one batch: its order does not matter
                step(x, y)
                continue
            order = torch.randperm(workload.rows)
            for rows in order.split(workload.batch):
                step(x.index_select(0, rows), y.index_select(0, rows))

    return train
