"""Rollouts of a policy as a data set of Minari, https://minari.farama.org.

An episode is what `vgps/Robot-v0` would have told of the rollout: observations, actions, minus the
cost as reward, and the state of the robot in `infos`.  It is truncated at its end, or terminated by
the first number that is not finite.  The data set knows its environment, with the robot's file of
the run, so that `recover_environment` makes it.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from vgps.experiments.errors import ExportError
from vgps.experiments.run import Run
from vgps.experiments.run_folder import ROBOT, RunFolder
from vgps.policy.rollouts import LARGEST_COST
from vgps.report.gym.spaces import observation_space

_NAME = re.compile(r"(?:\w[\w.-]*/)*\w[\w.-]*-v\d+")


def write_minari(
    name: str, run: Run, folder: Path, data: Mapping[str, NDArray], disturbed: bool
) -> None:
    """Write a data set where Minari keeps its own.

    Args:
        name: of the data set, such as walker/learned-v0.
        run: whose policy was run.
        folder: of the run.
        data: what `experiments.rollout_data` gives.
        disturbed: whether the task's process noise acted.

    Raises:
        ExportError: without Minari, for a name that is none, or one that is taken.
    """
    try:
        import h5py  # noqa: F401  # what Minari stores with
        import minari
        from minari.data_collector import EpisodeBuffer
    except ImportError:
        text = "a Minari data set needs minari with hdf5, which is not installed: "
        raise ExportError(f"{text}pip install 'minari[hdf5]'") from None
    if not _NAME.fullmatch(name):
        raise ExportError(f"{name}: a data set of Minari has a name such as walker/learned-v0")
    robot, seen = run.model.robot, run.policy.observation
    X, U = data["X"], data["U"]
    o = seen.at_steps(X, np.arange(X.shape[1]))  # (R, T+1, n_in)
    episodes = []
    for r, c in enumerate(data["c"]):
        failed = np.flatnonzero(~np.isfinite(c))
        T = int(failed[0]) + 1 if failed.size else len(c)
        last = np.arange(1, T + 1) == T
        episodes.append(
            EpisodeBuffer(
                id=r,
                observations=o[r, : T + 1],
                actions=U[r, :T],
                rewards=-np.minimum(c[:T], LARGEST_COST),
                terminations=last & bool(failed.size),
                truncations=last & (not failed.size),
                infos={"state": X[r, : T + 1], "success": np.full(T + 1, data["success"][r])},
            )
        )
    overrides = {**robot.overrides, "task.horizon": U.shape[1]}
    arguments = {"robot": str(RunFolder(folder).existing(ROBOT).resolve()), "overrides": overrides}
    environment = replace(
        gymnasium.spec("vgps/Robot-v0"), kwargs=arguments | {"disturbed": disturbed}
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a published data set should have besides
            minari.create_dataset_from_buffers(
                name,
                episodes,
                env=environment,
                action_space=Box(*run.model.limits, dtype=np.float64),
                observation_space=observation_space(run.model),
                algorithm_name=run.settings.method,
                description=f"rollouts of a policy of {run.settings.hidden} hidden units that was "
                f"learned by vgps for {data['robot']}",
                data_format="hdf5",
                requirements=["vgps"],
            )
    except ValueError as error:
        raise ExportError(f"{name}: {' '.join(str(error).split())}") from None
