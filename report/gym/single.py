"""One robot as an environment."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray
from typing_extensions import override

from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.policy.episodes import Episodes
from vgps.report.gym.spaces import action_space, observation_space
from vgps.report.gym.starts import start_of
from vgps.report.gym.view import View

Array = NDArray[np.float64]
ONLY = np.array([0])  # the number of its episode


class RobotEnv(gymnasium.Env[Any, Any]):
    """A robot and its task; see the head of the package.

    model     the compiled robot
    episodes  one
    """

    metadata = {"render_modes": ["rgb_array"]}

    def __init__(
        self,
        robot: str | Path,
        overrides: Mapping[str, object] = MappingProxyType({}),
        disturbed: bool = True,
        terminate: bool = True,
        render_mode: str | None = None,
    ) -> None:
        """Build the robot, if that has not been done.

        Args:
            robot: a name in models/, or the path of a file.
            overrides: values in place of those of the file, such as {"task.horizon": 100}.
            disturbed: whether the task's process noise acts.
            terminate: whether an episode ends where the task cannot succeed any more.  Every
                further step has a cost, so that an agent may learn to end it soon; without this it
                goes on to the horizon.
            render_mode: "rgb_array", or None for no pictures.

        Raises:
            RobotFileError: for a robot that is none, or whose file has mistakes.
            UnlimitedAction: for an action with neither limits nor a scale.
            ValueError: for another render mode.
        """
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode must be 'rgb_array' or None, not {render_mode!r}")
        self.model = build(load(robot, overrides))
        self.episodes = Episodes(self.model, 1, disturbed, terminate)
        self.observation_space = observation_space(self.model)
        self.action_space = action_space(self.model)
        self.render_mode = render_mode
        self.metadata = {**self.metadata, "render_fps": round(1.0 / self.model.dt) or 1}
        self._view = View(self.model)
        self._ended: bool | None = None  # None before the first episode

    @override
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin an episode, around an initial state of the task or at options["x0"] (nx,).

        Raises:
            ValueError: for another option, or an x0 that is no state.
        """
        super().reset(seed=seed)
        self.episodes.begin(0, self.np_random, start_of(self.model, options, (self.model.nx,)))
        self._view, self._ended = View(self.model), False
        return self.episodes.observed()[0], {}

    @override
    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Hold the action (nu,) for a control period.

        Raises:
            ResetNeeded: where no episode goes on.
            ValueError: for an action of another shape or that is not a number.
        """
        if self._ended is not False:
            begun = "the episode has ended" if self._ended else "no episode has begun"
            raise ResetNeeded(f"{begun}: call reset before step")
        outcome = self.episodes.advance(ONLY, np.asarray(action)[None])
        (cost,), (terminated,), (truncated,) = (part.tolist() for part in outcome)
        info: dict[str, Any] = {"cost": cost}
        self._ended = terminated or truncated
        if self._ended:
            info["success"] = self.episodes.succeeded(0)
        return self.episodes.observed()[0], -cost, terminated, truncated, info

    @override
    def render(self) -> NDArray[np.uint8] | None:
        """A picture (height, width, 3) of the robot as it is, or None without a render mode."""
        if self.render_mode is None:
            return None
        if self._ended is None:
            raise ResetNeeded("no episode has begun: call reset before render")
        return self._view.picture(self.episodes.X[0, self.episodes.t[0]])
