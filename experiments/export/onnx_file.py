"""A policy as ONNX, for the runtimes of neural networks; in float32, which all of them have."""

from typing import Any

import numpy as np

from vgps.experiments.errors import ExportError
from vgps.experiments.export.card import Card

_OPSET, _IR = 13, 8  # old enough for runtimes that are some years old


def to_onnx(card: Card) -> bytes:
    """The file: `u` (N, nu), the mean actions of what is seen, `o` (N, n_in).

    Raises:
        ExportError: without the package onnx.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        text = "an ONNX file needs the package onnx, which is not installed: pip install onnx"
        raise ExportError(text) from None
    policy = card.policy
    n_in, _, nu = policy.shape
    weights = {"W1": policy.W1.T, "b1": policy.b1, "W2": policy.W2.T, "b2": policy.b2}
    nodes = [
        helper.make_node("Gemm", ["o", "W1", "b1"], ["z"]),
        helper.make_node("Softplus", ["z"], ["h"]),
        helper.make_node("Gemm", ["h", "W2", "b2"], ["u"]),
    ]
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, ["N", n_in])],
        [helper.make_tensor_value_info("u", TensorProto.FLOAT, ["N", nu])],
        [
            numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name)
            for name, value in weights.items()
        ],
    )
    opset = helper.make_opsetid("", _OPSET)
    model: Any = helper.make_model(graph, opset_imports=[opset], producer_name="vgps")
    model.ir_version = _IR
    limits = [f"{low:g} to {high:g}" for low, high in zip(card.low, card.high, strict=True)]
    about = {
        "robot": card.robot,
        "mechanics": card.mechanics,
        "dt": f"{card.dt!r} s",
        "o": _listed(card.sees, card.units),
        "u": _listed(card.acts, card.u_units, limits),
    }
    helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _listed(*columns: Any) -> str:
    return "; ".join(", ".join(filter(None, row)) for row in zip(*columns, strict=True))
