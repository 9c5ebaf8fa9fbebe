"""The published formulas of the optimizers, in NumPy: what the tests of optimizers and of training compare with.

A formula takes a weight w, its gradient g, its state s (a dict, which holds ``first``, the weight before all steps),
the learning rate, the number of the update t from 1 and the arguments of the class; it changes s and returns the new w.
"""

import numpy as np


def sgd(w, g, s, lr, t, momentum=0.0, nesterov=False):
    if not momentum:
        return w - lr * g
    v = s["v"] = momentum * s.get("v", 0.0) - lr * g
    return w + (momentum * v - lr * g if nesterov else v)


def rmsprop(w, g, s, lr, t, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    v = s["v"] = rho * s.get("v", 0.0) + (1 - rho) * g**2
    if centered:
        s["a"] = rho * s.get("a", 0.0) + (1 - rho) * g
        v = v - s["a"] ** 2
    step = lr * g / np.sqrt(v + epsilon)
    if momentum:
        step = s["m"] = momentum * s.get("m", 0.0) + step
    return w - step


def adagrad(w, g, s, lr, t, initial_accumulator_value=0.1, epsilon=1e-7):
    s["a"] = s.get("a", initial_accumulator_value) + g**2
    return w - lr * g / np.sqrt(s["a"] + epsilon)


def adadelta(w, g, s, lr, t, rho=0.95, epsilon=1e-7):
    a = s["a"] = rho * s.get("a", 0.0) + (1 - rho) * g**2
    d = np.sqrt(s.get("d", 0.0) + epsilon) / np.sqrt(a + epsilon) * g
    s["d"] = rho * s.get("d", 0.0) + (1 - rho) * d**2
    return w - lr * d


def moments(g, s, beta_1, beta_2):
    m = s["m"] = beta_1 * s.get("m", 0.0) + (1 - beta_1) * g
    v = s["v"] = beta_2 * s.get("v", 0.0) + (1 - beta_2) * g**2
    return m, v


def adam(w, g, s, lr, t, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    m, v = moments(g, s, beta_1, beta_2)
    if amsgrad:
        v = s["h"] = np.maximum(s.get("h", 0.0), v)
    return w - lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (np.sqrt(v) + epsilon)


def adamax(w, g, s, lr, t, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = s["m"] = beta_1 * s.get("m", 0.0) + (1 - beta_1) * g
    u = s["u"] = np.maximum(beta_2 * s.get("u", 0.0), abs(g))
    return w - lr / (1 - beta_1**t) * m / (u + epsilon)


def nadam(w, g, s, lr, t, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v = moments(g, s, beta_1, beta_2)
    now, following = (beta_1 * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
    product = s["p"] = s.get("p", 1.0) * now
    m = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
    return w - lr * m / (np.sqrt(v / (1 - beta_2**t)) + epsilon)


def lamb(w, g, s, lr, t, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v = moments(g, s, beta_1, beta_2)
    d = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    of_w, of_d = np.linalg.norm(w), np.linalg.norm(d)
    return w - lr * (of_w / of_d if of_w and of_d else 1.0) * d


def lion(w, g, s, lr, t, beta_1=0.9, beta_2=0.99):
    m = s.get("m", np.zeros_like(w))
    s["m"] = beta_2 * m + (1 - beta_2) * g
    return w - lr * np.sign(beta_1 * m + (1 - beta_1) * g)


def ftrl(
    w, g, s, lr, t, learning_rate_power=-0.5, initial_accumulator_value=0.1, l1_regularization_strength=0.0,
    l2_regularization_strength=0.0, l2_shrinkage_regularization_strength=0.0, beta=0.0,
):  # fmt: skip
    n = s.get("n", initial_accumulator_value)
    root, s["n"] = n**-learning_rate_power, n + g**2
    new_root = s["n"] ** -learning_rate_power
    pulled = g + 2 * l2_shrinkage_regularization_strength * w
    z = s["z"] = s.get("z", 0.0) + pulled - (new_root - root) / lr * w
    divisor = (beta + new_root) / lr + 2 * l2_regularization_strength
    return np.where(abs(z) <= l1_regularization_strength, 0.0, (np.sign(z) * l1_regularization_strength - z) / divisor)


def adafactor(
    w, g, s, lr, t, beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=1e-3, clip_threshold=1.0, relative_step=True
):  # fmt: skip
    keep, squares = 1 - t**beta_2_decay, g**2 + epsilon_1
    if w.ndim == 2:
        r = s["r"] = keep * s.get("r", 0.0) + (1 - keep) * squares.mean(1)
        c = s["c"] = keep * s.get("c", 0.0) + (1 - keep) * squares.mean(0)
        v = np.outer(r, c) / r.mean()
    else:
        v = s["v"] = keep * s.get("v", 0.0) + (1 - keep) * squares
    u = g / np.sqrt(v)
    u = u / max(1.0, np.sqrt((u**2).mean()) / clip_threshold)
    return w - max(epsilon_2, np.sqrt((w**2).mean())) * min(lr, 1 / np.sqrt(t)) * u


def orthogonal(x, steps, a, b, c):
    """Newton and Schulz' iteration, on the singular values: what x xᵀ and its square do to them."""
    u, singular, v = np.linalg.svd(x, full_matrices=False)
    singular = singular / (np.linalg.norm(singular) + 1e-7)
    for _ in range(steps):
        singular = a * singular + b * singular**3 + c * singular**5
    return u * singular @ v


def muon(
    w, g, s, lr, t, adam_beta_1=0.9, adam_beta_2=0.999, epsilon=1e-7, muon_a=3.4445, muon_b=-4.7750, muon_c=2.0315,
    adam_lr_ratio=1.0, momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2,
):  # fmt: skip
    if w.ndim != 2:
        return adam(w, g, s, lr * adam_lr_ratio, t, adam_beta_1, adam_beta_2, epsilon)
    m = s["m"] = momentum * s.get("m", 0.0) + g
    x = orthogonal(g + momentum * m if nesterov else m, ns_steps, muon_a, muon_b, muon_c)
    return w - lr * (1.0 if rms_rate is None else np.sqrt(max(w.shape)) * rms_rate) * x


def schedule_free(w, g, s, lr, t, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0):
    lr = lr * min(t / warmup_steps, 1.0) if warmup_steps else lr
    v = s["v"] = beta_2 * s.get("v", 0.0) + (1 - beta_2) * g**2
    z = s.get("z", s["first"])
    x = (w - (1 - beta_1) * z) / beta_1
    z = s["z"] = z - lr * g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
    x = (1 - 1 / t) * x + z / t
    return (1 - beta_1) * z + beta_1 * x


_MOMENTS = {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}

#: class -> (formula, list of arguments). A class without a row fails the walks in `test_optimizers` and `test_parity`.
ROWS = {
    "SGD": (sgd, [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}]),
    "RMSprop": (
        rmsprop,
        [{}, {"rho": 0.5, "epsilon": 1e-3}, {"momentum": 0.5}, {"centered": True}, {"momentum": 0.5, "centered": True}],
    ),
    "Adagrad": (adagrad, [{}, {"initial_accumulator_value": 0.5, "epsilon": 1e-3}]),
    "Adam": (adam, [{}, {"amsgrad": True}, _MOMENTS]),
    "AdamW": (adam, [{}, {"weight_decay": 0.1}, {"amsgrad": True}]),
    "Nadam": (nadam, [{}, _MOMENTS]),
    "Adamax": (adamax, [{}, _MOMENTS]),
    "Adadelta": (adadelta, [{}, {"rho": 0.5, "epsilon": 1e-3}]),
    "Adafactor": (
        adafactor,
        [
            {},
            {"beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 2.0, "clip_threshold": 0.5},
            {"relative_step": False},
        ],
    ),
    "Ftrl": (
        ftrl,
        [
            {},
            {"learning_rate_power": 0.0, "l1_regularization_strength": 1.0},
            {
                "learning_rate_power": -0.7,
                "initial_accumulator_value": 0.5,
                "l1_regularization_strength": 0.5,
                "l2_regularization_strength": 0.2,
                "l2_shrinkage_regularization_strength": 0.1,
                "beta": 0.3,
            },
        ],
    ),
    "Lion": (lion, [{}, {"beta_1": 0.5, "beta_2": 0.7}]),
    "Lamb": (lamb, [{}, _MOMENTS]),
    "Muon": (
        muon,
        [
            {},
            {"nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_lr_ratio": 0.5, "adam_weight_decay": 0.1},
            {"muon_a": 2.0, "muon_b": -1.5, "muon_c": 0.5, "momentum": 0.5, "adam_weight_decay": None},
            {"adam_beta_1": 0.5, "adam_beta_2": 0.9, "epsilon": 1e-3},
        ],
    ),
    "ScheduleFreeAdamW": (schedule_free, [{}, {**_MOMENTS, "warmup_steps": 10}]),
}
_DECAYS = ("weight_decay", "adam_weight_decay")


def updated(name, arguments, w, g, s, lr, t):
    """Return a weight after one update by the class of this name: weight decay, then its formula."""
    given = {**dict.fromkeys(_DECAYS, 0.004 if name in ("AdamW", "Muon") else 0.0), **arguments}
    decay = given["adam_weight_decay" if name == "Muon" and w.ndim != 2 else "weight_decay"] or 0.0
    formula = ROWS[name][0]
    rest = {key: value for key, value in arguments.items() if key not in _DECAYS}
    return formula(w - w * decay * lr, g, s, lr, t, **rest)
