"""A recorded trajectory to start the optimiser from: the .npz of `optimize`, or one like it.

U  (N, nu)      actions, N·m or N, at least as many as the task's horizon
X  (N + 1, nx)  states, optional; the first must be the task's mean initial state, because from
                another one the actions would not repeat the recording

What is recorded may be of any length, and of any robot where the file does not say of which.
"""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.experiments.errors import DemonstrationError
from vgps.policy.archive import ArrayFileError, Schema, any_numbers, read_arrays

Array = NDArray[np.float64]

_RECORDING: Schema = {"U": any_numbers(), "X": any_numbers(optional=True)}

SAME_STATE = 1e-6  # largest difference in any coordinate, m, rad, m/s or rad/s


def read_demonstration(path: Path, model: Model) -> Array:
    """Actions (T, nu) of the task's horizon T, within the torque limits.

    Raises:
        DemonstrationError: when the file is not a recording of this robot from its initial state,
            or its actions drive the robot to a state that is not finite.
    """
    try:
        arrays = read_arrays(
            path, "a recording", _RECORDING, robot=model.robot, others=True, piped=True
        )
    except ArrayFileError as error:
        raise DemonstrationError(str(error)) from None
    U = arrays["U"]
    if "X" in arrays and U.ndim == 2:
        _refuse_another_start(path, model, arrays["X"], len(U))
    return checked_actions(path, U, model)


def checked_actions(origin: str | Path, U: ArrayLike, model: Model) -> Array:
    """Actions (T, nu) of the task's horizon T, within the torque limits.

    Args:
        origin: where they come from, for the error's sentence.
        U: (T or more, nu) actions, N·m or N.
        model: the robot.

    Raises:
        DemonstrationError: when they are of another shape or not finite, or drive the robot to a
            state that is not finite.
    """
    U = np.asarray(U)
    if U.dtype.kind not in "fiu":
        raise DemonstrationError(f"{origin}: U must hold real numbers, found {U.dtype}")
    U = U.astype(float)
    T = model.robot.task.horizon
    if U.ndim != 2 or U.shape[1] != model.nu or len(U) < T:
        raise DemonstrationError(
            f"{origin}: U must have shape ({T} or more, {model.nu}), found {U.shape}"
        )
    if not np.isfinite(U).all():
        step, action = np.argwhere(~np.isfinite(U))[0]
        raise DemonstrationError(
            f"{origin}: the action '{model.u_names[action]}' is not finite at step {step}"
        )
    U = U[:T].clip(-model.limits, model.limits)  # (T, nu)
    try:
        model.rollout(model.x0, U)
    except FloatingPointError as error:
        raise DemonstrationError(f"{origin}: replayed on {model.robot.name}, {error}") from None
    return U


def _refuse_another_start(path: Path, model: Model, X: Array, steps: int) -> None:
    if X.shape != (steps + 1, model.nx):
        raise DemonstrationError(
            f"{path}: X must have shape ({steps + 1}, {model.nx}), one state more than U has "
            f"actions, found {X.shape}"
        )
    difference = np.abs(X[0] - model.x0)  # (nx,)
    if not (difference <= SAME_STATE).all():
        i = int(np.argmax(difference))
        name = model.q_names[i % model.nq] + (".q" if i < model.nq else ".v")
        raise DemonstrationError(
            f"{path}: starts at {name} = {X[0, i]:.9g}, the task of {model.robot.name} at "
            f"{model.x0[i]:.9g}"
        )
