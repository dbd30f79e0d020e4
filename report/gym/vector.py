"""Many episodes of one robot, a step of all of them in one call of compiled code.

Lane for lane this is Gymnasium's `SyncVectorEnv` of as many `RobotEnv`, seeds included: an episode
that has ended begins anew in the next step, whose action does not count, with a reward of 0.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from typing_extensions import override

from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.policy.episodes import Episodes
from vgps.report.gym.spaces import action_space, observation_space
from vgps.report.gym.starts import start_of

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class RobotVectorEnv(VectorEnv[Array, Array, NDArray]):
    """N episodes of a robot and its task; see the head of the package.

    model     the compiled robot
    episodes  all of them
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        num_envs: int,
        robot: str | Path,
        overrides: Mapping[str, object] = MappingProxyType({}),
        disturbed: bool = True,
        terminate: bool = True,
    ) -> None:
        """Build the robot, if that has not been done.

        Args:
            num_envs: N.
            robot: and all others: as of `RobotEnv`.

        Raises:
            RobotFileError: for a robot that is none, or whose file has mistakes.
            UnlimitedAction: for an action with neither limits nor a scale.
            ValueError: for less than one episode.
        """
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, not {num_envs}")
        self.num_envs = num_envs
        self.model = build(load(robot, overrides))
        self.episodes = Episodes(self.model, num_envs, disturbed, terminate)
        self.single_observation_space = observation_space(self.model)
        self.single_action_space = action_space(self.model)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._ended: Flags | None = None  # None before the first reset

    @override
    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """Begin all episodes, around initial states of the task or at options["x0"] (N, nx).

        Args:
            seed: of the first episode; those after it have the next numbers.  Or one of each, None
                where its generator goes on.
            options: see above.

        Raises:
            ValueError: for another option, an x0 that is no states, or another number of seeds.
        """
        for n, each in enumerate(self._seeds(seed)):
            if each is not None:
                self._generators[n] = seeding.np_random(each)[0]
        x0 = start_of(self.model, options, (self.num_envs, self.model.nx))
        for n in range(self.num_envs):
            self._begin(n, None if x0 is None else x0[n])
        self._ended = np.zeros(self.num_envs, dtype=bool)
        return self.episodes.observed(), {}

    @override
    def step(self, actions: Array) -> tuple[Array, Array, Flags, Flags, dict[str, Any]]:
        """Hold the actions (N, nu) for a control period, or begin anew what has ended.

        Raises:
            ResetNeeded: where no episodes have begun.
            ValueError: for actions of another shape or that are not numbers.
        """
        if self._ended is None:
            raise ResetNeeded("no episodes have begun: call reset before step")
        actions = np.asarray(actions)
        if actions.shape != self.action_space.shape:
            wanted = self.action_space.shape
            raise ValueError(f"actions must have shape {wanted}, found {actions.shape}")
        going = np.flatnonzero(~self._ended)
        cost = np.zeros(self.num_envs)
        terminated, truncated = np.zeros((2, self.num_envs), dtype=bool)
        outcome = self.episodes.advance(going, actions[going])
        cost[going], terminated[going], truncated[going] = outcome
        for n in np.flatnonzero(self._ended).tolist():
            self._begin(n)
        infos: dict[str, Any] = {"cost": cost, "_cost": ~self._ended} if going.size else {}
        self._ended = ended = terminated | truncated
        if ended.any():
            success = np.zeros(self.num_envs, dtype=bool)
            success[ended] = [self.episodes.succeeded(n) for n in np.flatnonzero(ended).tolist()]
            infos |= {"success": success, "_success": ended.copy()}
        return self.episodes.observed(), 0.0 - cost, terminated, truncated, infos

    @property  # type: ignore[misc]  # nobody can put another in its place
    @override
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each episode, as `SyncVectorEnv` has them."""
        return tuple(self._generators)

    def _begin(self, n: int, x0: Array | None = None) -> None:
        self.episodes.begin(n, self._generators[n], x0)

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if not isinstance(seed, Sequence):
            return [None if seed is None else seed + n for n in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"{len(seed)} seeds were given for {self.num_envs} episodes")
        return list(seed)
