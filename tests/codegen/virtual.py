"""The functions of a robot without a C compiler: on CasADi's virtual machine, with NumPy arrays."""

from collections.abc import Callable

import numpy as np

from vgps.codegen.description.robot import Robot
from vgps.codegen.mechanics.function import compile_expressions
from vgps.codegen.mechanics.functions import generate

_MATRICES = {"M", "a_z", "v_z", "c_xx", "c_ux", "c_uu", "p", "J"}  # outputs; all others are vectors


class Virtual:
    """The generated functions by name; each takes arrays and returns one, or a tuple of several."""

    def __init__(self, robot: Robot):
        self.robot = robot
        generated = generate(robot)
        self.casadi = {f.name: compile_expressions(f) for f in generated.functions}
        self.point_names = generated.point_names

    def __getattr__(self, name: str) -> Callable:
        if name not in self.casadi:
            raise AttributeError(name)
        f = self.casadi[name]

        def call(*arguments):
            results = f.call([np.asarray(a, dtype=float) for a in arguments])
            arrays = tuple(
                result.full() if name in _MATRICES else result.full()[:, 0]
                for name, result in zip(f.name_out(), results, strict=True)
            )
            return arrays if len(arrays) > 1 else arrays[0]

        return call
