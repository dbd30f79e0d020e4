"""What a diagnosis consists of, and what it is made from: a robot's file and its trajectories."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.fields import Location
from vgps.codegen.description.source import Source
from vgps.codegen.model import Model
from vgps.solver.ilqr import Solution
from vgps.solver.trials import succeeds

Array = NDArray[np.float64]


class Edit(NamedTuple):
    """A change of one value in a robot's file."""

    place: str  # of keys, such as "task.substeps"
    value: str | None  # as YAML has it; None takes the key away


class Finding(NamedTuple):
    """Something that keeps a robot from learning."""

    name: str
    place: str  # path:line:column
    text: str  # what, with its figure
    advice: str  # what to try
    edits: tuple[Edit, ...] = ()

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.place}: {self.text}; try {self.advice}"


class Examined(NamedTuple):
    """The trajectory that was optimised from one of the robot's initial states."""

    model: Model
    source: Source
    initial: int
    solution: Solution

    @property
    def judged(self) -> tuple[Array, Array]:
        """X (T+1, nx) and U (T, nu) of the steps in which it has to succeed."""
        T = self.model.robot.judged_steps
        return self.solution.X[: T + 1], self.solution.U[:T]

    @property
    def succeeds(self) -> bool:
        """Whether it does the task."""
        return succeeds(self.model, self.solution.X, self.solution.U)

    def finding(
        self,
        name: str,
        at: Location,
        text: str,
        advice: str,
        *,
        offset: int | None = None,
        edits: tuple[Edit, ...] = (),
    ) -> Finding:
        """A finding at a place of the file, as `Source.error` has it."""
        which = self.model.robot.task.of_initial(self.initial)
        text += f" (the trajectory{which})" if which else ""
        place = self.source.error(at, text, offset=offset).place
        return Finding(name, place, text, advice, edits)
