"""Rollouts of a learned policy as a data set: named arrays for other people's programs."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.identity import identity
from vgps.codegen.files import write_atomically
from vgps.experiments.memory import of_rollouts, require_memory
from vgps.experiments.run import Run
from vgps.policy.evaluation import ROLLOUTS, successes
from vgps.policy.rollouts import run_policy


def rollout_data(
    run: Run,
    rollouts: int | None = None,
    horizon: int | None = None,
    seed: int = 0,
    *,
    stochastic: bool = True,
    disturbed: bool = True,
) -> dict[str, NDArray]:
    """Rollouts of the policy of a run.

    Args:
        run: whose policy.
        rollouts: their number R, from the task's initial states in turn; ROLLOUTS when absent.
        horizon: steps T of each; the task's when absent.
        seed: of initial states and noise.
        stochastic: whether the policy acts with its noise.
        disturbed: whether the task's process noise acts.

    Returns:
        X (R, T+1, nx) states, U (R, T, nu) actions, o (R, T, n_in) what the policy saw, c (R, T)
        the task's cost of each step, success (R,), t (T+1,) s; names of the coordinates, actions
        and observations and their units; the robot and the seed.

    Raises:
        TooLargeError: when they do not fit into the memory.
    """
    model, policy, R = run.model, run.policy, rollouts or ROLLOUTS
    T = horizon or model.robot.task.horizon
    require_memory(f"{R} rollouts of {T} steps", of_rollouts(model, R, T))
    rng = np.random.default_rng(seed)
    runs = run_policy(model, policy, R, T, rng, stochastic=stochastic, disturbed=disturbed)
    seen, robot = policy.observation, model.robot
    return {
        "X": runs.X,
        "U": runs.U,
        "o": seen.at_steps(runs.X[:, :-1], np.arange(T)),
        "c": runs.c,
        "success": successes(model, runs),
        "t": model.dt * np.arange(T + 1),
        "x_names": np.array(robot.x_names),
        "x_units": np.array(robot.x_units),
        "u_names": np.array(robot.u_names),
        "u_units": np.array(robot.u_units),
        "o_names": np.array(seen.texts or [robot.x_names[i] for i in seen.indices]),
        "robot": np.array(identity(robot)),
        "seed": np.array(seed),
    }


def write_rollouts(path: Path, data: dict[str, NDArray]) -> None:
    """Write them as a compressed .npz, without pickles."""

    def write(place: Path) -> None:
        with place.open("wb") as file:  # NumPy would append a suffix to a bare name
            np.savez_compressed(file, allow_pickle=False, **data)

    write_atomically(path, write)
