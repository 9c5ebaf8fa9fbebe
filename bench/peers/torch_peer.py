"""PyTorch: the eager loop with a fused optimizer, and a whole step as one compiled function.

Rows are gathered by ``index_select`` from a permutation: a DataLoader is 1.2 to 1.4 times slower. The
loss is never read back. Compiling the whole step (gather, gradient by ``torch.func``, the optimizer's
rule on a list of tensors) is twice as fast on W1 as compiling the loss and keeping ``torch.optim``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from workloads import ACCUMULATOR, BETA_1, BETA_2, DECAY, EPSILON, LEARNING_RATE, MOMENTUM, RHO, Task, Workload, glorot

from peers import Trainer

VERSION = {"torch": torch.__version__}


def trainers(task: Task) -> dict[str, Trainer]:
    torch.set_num_threads(task.threads)
    return {"PyTorch, eager": eager(task), "PyTorch, compiled": compiled(task)}


def loop(task: Task, step: Callable[[Tensor | None], None]) -> Callable[[], None]:
    """Return the training that calls ``step(rows)`` for all batches; None means all rows."""
    workload = task.workload

    def train() -> None:
        for _ in range(workload.epochs):
            if workload.one_batch:
                step(None)
                continue
            for rows in torch.randperm(workload.rows).split(workload.batch):
                step(rows)

    return train


def batch(x: Tensor, y: Tensor, rows: Tensor | None) -> tuple[Tensor, Tensor]:
    return (x, y) if rows is None else (x.index_select(0, rows), y.index_select(0, rows))


def objective(workload: Workload) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of the last layer's outputs; softmax is the loss's affair."""
    if workload.output == "softmax":
        return functional.cross_entropy
    if workload.output == "sigmoid":
        return lambda outputs, y: functional.mse_loss(torch.sigmoid(outputs), y)
    return functional.mse_loss


# ---- eager -----------------------------------------------------------------------------------------------


def network(weights: Sequence[np.ndarray], dropout: float = 0.0) -> nn.Sequential:
    """Return the network with these weights; what stands behind its last layer is added elsewhere."""
    layers = []
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        layers += [nn.Linear(*kernel.shape, dtype=getattr(torch, str(bias.dtype))), nn.ReLU()]
        layers[-2].load_state_dict({"weight": torch.from_numpy(kernel.T), "bias": torch.from_numpy(bias)})
        if dropout and len(layers) == 2:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers[:-1])


def optimizer(name: str, parameters) -> torch.optim.Optimizer:
    """Return the fastest implementation of the rule that there is: fused, else for all tensors at once."""
    rules = {
        "adam": lambda: torch.optim.Adam(parameters, LEARNING_RATE, eps=EPSILON, fused=True),
        "adamw": lambda: torch.optim.AdamW(parameters, LEARNING_RATE, eps=EPSILON, weight_decay=DECAY, fused=True),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, LEARNING_RATE, alpha=RHO, eps=EPSILON, foreach=True),
        "sgd": lambda: torch.optim.SGD(parameters, LEARNING_RATE, momentum=MOMENTUM, nesterov=True, fused=True),
        "adagrad": lambda: torch.optim.Adagrad(
            parameters, LEARNING_RATE, initial_accumulator_value=ACCUMULATOR, eps=EPSILON, fused=True
        ),
    }
    return rules[name]()


def eager(task: Task) -> Trainer:
    workload = task.workload
    x, y = torch.from_numpy(task.x), torch.from_numpy(task.y)
    model = network(glorot(workload.sizes, task.dtype), workload.dropout)
    rule = optimizer(task.optimizer, model.parameters())
    loss = objective(workload)

    def step(rows: Tensor | None) -> None:
        inputs, targets = batch(x, y, rows)
        rule.zero_grad()
        loss(model(inputs), targets).backward()
        rule.step()

    return Trainer(loop(task, step), lambda: [p.detach().numpy().T for p in model.parameters()])


# ---- compiled --------------------------------------------------------------------------------------------


def adam(w: Tensor, g: Tensor, m: Tensor, v: Tensor, rate: Tensor) -> None:
    m.lerp_(g, 1 - BETA_1)
    v.mul_(BETA_2).addcmul_(g, g, value=1 - BETA_2)
    w.sub_(rate * m / (v.sqrt() + EPSILON))


def adamw(w: Tensor, g: Tensor, m: Tensor, v: Tensor, rate: Tensor) -> None:
    w.mul_(1 - LEARNING_RATE * DECAY)
    adam(w, g, m, v, rate)


def rmsprop(w: Tensor, g: Tensor, v: Tensor, rate: Tensor) -> None:
    v.mul_(RHO).addcmul_(g, g, value=1 - RHO)
    w.sub_(LEARNING_RATE * g / (v.sqrt() + EPSILON))


def sgd(w: Tensor, g: Tensor, velocity: Tensor, rate: Tensor) -> None:
    velocity.mul_(MOMENTUM).add_(g)
    w.sub_(LEARNING_RATE * (g + MOMENTUM * velocity))


def adagrad(w: Tensor, g: Tensor, v: Tensor, rate: Tensor) -> None:
    v.addcmul_(g, g)
    w.sub_(LEARNING_RATE * g / (v.sqrt() + EPSILON))


RULES = {"adam": (adam, 2), "adamw": (adamw, 2), "rmsprop": (rmsprop, 1), "sgd": (sgd, 1), "adagrad": (adagrad, 1)}


def compiled(task: Task) -> Trainer:
    workload = task.workload
    x, y = torch.from_numpy(task.x), torch.from_numpy(task.y)
    parameters = [torch.from_numpy(w.T.copy()) for w in glorot(workload.sizes, task.dtype)]
    rule, count = RULES[task.optimizer]
    start = ACCUMULATOR if task.optimizer == "adagrad" else 0.0
    slots = [[torch.full_like(w, start) for _ in range(count)] for w in parameters]
    loss = objective(workload)
    rate = torch.zeros((), dtype=x.dtype)  # Adam's step size: a tensor, lest every value compile anew
    done = 0

    def loss_of(parameters, inputs, targets):
        for number in range(0, len(parameters), 2):
            if number:
                inputs = torch.relu(inputs)
            if workload.dropout and number == 2:
                inputs = functional.dropout(inputs, workload.dropout)
            inputs = functional.linear(inputs, parameters[number], parameters[number + 1])
        return loss(inputs, targets)

    # "static" shapes: the last short batch gets its own code instead of making all code general
    @torch.compile(fullgraph=True, dynamic=False)
    def update(parameters, slots, rate, x, y, rows):
        inputs, targets = batch(x, y, rows)
        gradients = torch.func.grad(loss_of)(parameters, inputs, targets)
        for w, g, own in zip(parameters, gradients, slots, strict=True):
            rule(w, g, *own, rate)

    def step(rows: Tensor | None) -> None:
        nonlocal done
        done += 1
        rate.fill_(LEARNING_RATE * (1 - BETA_2**done) ** 0.5 / (1 - BETA_1**done))
        update(parameters, slots, rate, x, y, rows)

    return Trainer(loop(task, step), lambda: [w.numpy().T for w in parameters])


# ---- inference -------------------------------------------------------------------------------------------


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    torch.set_num_threads(threads)
    model = nn.Sequential(network(weights), nn.Softmax(dim=1)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is on its way out
        traced = torch.jit.freeze(torch.jit.trace(model, torch.from_numpy(x)))
    faster = torch.compile(model, fullgraph=True, dynamic=False)

    def caller(function) -> Callable[[], np.ndarray]:
        def call() -> np.ndarray:
            with torch.inference_mode():
                return function(torch.from_numpy(x)).numpy()

        return call

    return {"PyTorch": caller(model), "PyTorch, jit": caller(traced), "PyTorch, compiled": caller(faster)}
