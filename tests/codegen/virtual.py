"""The functions of a robot without a C compiler: on CasADi's virtual machine, with NumPy arrays."""

from collections.abc import Callable

import numpy as np

from codegen.description import Robot
from codegen.emit import compile_expressions
from codegen.functions import generate


class Virtual:
    """The generated functions; each takes arrays and returns one, or a tuple of several.

    Columns come out flat, so that vectors are (n,) as they are from a compiled robot.
    """

    def __init__(self, robot: Robot):
        self.robot = robot
        self.casadi = {f.name: compile_expressions(f) for f in generate(robot).functions}

    def __getattr__(self, name: str) -> Callable:
        f = self.casadi[name]

        def call(*arguments):
            results = f.call([np.asarray(a, dtype=float) for a in arguments])
            arrays = tuple(_flat(result.full()) for result in results)
            return arrays if len(arrays) > 1 else arrays[0]

        return call


def _flat(matrix: np.ndarray) -> np.ndarray:
    return matrix[:, 0] if matrix.shape[1] == 1 else matrix
