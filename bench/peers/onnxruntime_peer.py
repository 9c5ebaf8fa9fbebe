"""ONNX Runtime: ``session.run`` on the network as a graph of Gemm, Relu and Softmax.

The graph is written here, field by field in protobuf's encoding (onnx.proto names the numbers), so that the
package onnx is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnxruntime

VERSION = {"onnxruntime": onnxruntime.__version__}
FLOAT = 1  # TensorProto.DataType


def varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def field(number: int, value: int | str | bytes) -> bytes:
    """Return one field of a message: an integer, a text, or bytes (a message, raw data)."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(field(1, size) for size in array.shape)
    return dims + field(2, FLOAT) + field(8, name) + field(9, np.ascontiguousarray(array, "<f4").tobytes())


def matrix(name: str, columns: int) -> bytes:
    """Return the description of an input or output (rows, columns)."""
    shape = field(1, field(2, "rows")) + field(1, field(1, columns))
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, shape)))


def node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)


def model(weights: Sequence[np.ndarray]) -> bytes:
    """Return the serialized ModelProto."""
    nodes, value, layers = [], "x", len(weights) // 2
    for layer in range(layers):
        nodes.append(node("Gemm", (value, f"w{layer}", f"b{layer}"), f"z{layer}"))
        value = "y" if layer == layers - 1 else f"a{layer}"
        nodes.append(node("Softmax" if layer == layers - 1 else "Relu", (f"z{layer}",), value))
    names = [f"{kind}{layer}" for layer in range(layers) for kind in "wb"]
    graph = b"".join(field(1, each) for each in nodes) + field(2, "network")
    graph += b"".join(field(5, tensor(name, array)) for name, array in zip(names, weights, strict=True))
    graph += field(11, matrix("x", len(weights[0]))) + field(12, matrix("y", len(weights[-1])))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))  # IR 8, operators 13


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model(weights), options, providers=["CPUExecutionProvider"])
    return {"ONNX Runtime": lambda: session.run(None, {"x": x})[0]}
