"""What is asked of a model for its stability, without a compiler, for tests that need many robots."""

import numpy as np
import yaml
from virtual import Virtual

from vgps.codegen.description.robot import Robot


class Uncompiled(Virtual):
    """The robot of a file's text."""

    def __init__(self, text: str):
        super().__init__(Robot.model_validate(yaml.safe_load(text), context={}))
        self.nq, self.nx, self.dt = self.robot.nq, self.robot.nx, self.robot.task.dt
        self.q_names = self.robot.q_names

    def acceleration_derivatives(self, q, v, u) -> np.ndarray:
        """(nv, nx + nu)."""
        return self.__getattr__("acceleration_derivatives")(q, v, u)[1]
