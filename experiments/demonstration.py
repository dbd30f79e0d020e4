"""A recorded trajectory to start the optimiser from: the .npz of `optimize`, or one like it.

U  (N, nu)      actions, N·m or N, at least as many as the task's horizon
X  (N + 1, nx)  states, optional; the first must be the mean of the task's initial state, because
                from another one the actions would not repeat the recording

For a task with S initial states it holds a recording from each, in their order: U (S, N, nu) and X
(S, N + 1, nx).  Actions recorded from one state say nothing of how to begin at another.

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
    """Actions (S, T, nu) from each initial state over the task's horizon T, within the limits.

    Raises:
        DemonstrationError: when the file is not a recording of this robot from its initial states,
            or its actions drive the robot to a state that is not finite.
    """
    try:
        arrays = read_arrays(
            path, "a recording", _RECORDING, robot=model.robot, others=True, piped=True
        )
    except ArrayFileError as error:
        raise DemonstrationError(str(error)) from None
    U = arrays["U"]
    if "X" in arrays and U.ndim == len(_before(model)) + 2:
        _refuse_another_start(path, model, arrays["X"], U.shape[-2])
    return checked_actions(path, U, model)


def checked_actions(origin: str | Path, U: ArrayLike, model: Model) -> Array:
    """Actions (S, T, nu) from each initial state over the task's horizon T, within the limits.

    Args:
        origin: where they come from, for the error's sentence.
        U: (T or more, nu) actions, N·m or N; (S, T or more, nu) of several initial states.
        model: the robot.

    Raises:
        DemonstrationError: when they are of another shape or not finite, or drive the robot to a
            state that is not finite.
    """
    U = np.asarray(U)
    if U.dtype.kind not in "fiu":
        raise DemonstrationError(f"{origin}: U must hold real numbers, found {U.dtype}")
    U = U.astype(float)
    before, T = _before(model), model.robot.task.horizon
    fits = U.ndim == len(before) + 2 and (*U.shape[:-2], U.shape[-1]) == (*before, model.nu)
    if not fits or U.shape[-2] < T:
        wanted = ", ".join([*map(str, before), f"{T} or more", str(model.nu)])
        each = "".join(f", from each of the {S} initial states" for S in before)
        raise DemonstrationError(f"{origin}: U must have shape ({wanted}){each}, found {U.shape}")
    U = U.reshape(-1, *U.shape[-2:])  # (S, T or more, nu)
    if not np.isfinite(U).all():
        s, step, action = np.argwhere(~np.isfinite(U))[0]
        raise DemonstrationError(
            f"{origin}: the action '{model.u_names[action]}' is not finite at step {step}"
            f"{model.robot.task.of_initial(s)}"
        )
    U = U[:, :T].clip(*model.limits)  # (S, T, nu)
    for s, x0 in enumerate(model.x0s):
        try:
            model.rollout(x0, U[s])
        except FloatingPointError as error:
            raise DemonstrationError(
                f"{origin}: replayed on {model.robot.name}{model.robot.task.of_initial(s)}, {error}"
            ) from None
    return U


def _refuse_another_start(path: Path, model: Model, X: Array, steps: int) -> None:
    shape = (*_before(model), steps + 1, model.nx)
    if X.shape != shape:
        raise DemonstrationError(
            f"{path}: X must have shape {shape}, one state more than U has actions, found {X.shape}"
        )
    for s, (begun, x0) in enumerate(zip(X.reshape(-1, *shape[-2:])[:, 0], model.x0s, strict=True)):
        difference = np.abs(begun - x0)  # (nx,)
        if not (difference <= SAME_STATE).all():
            i = int(np.argmax(difference))
            raise DemonstrationError(
                f"{path}: starts at {model.x_names[i]} = {begun[i]:.9g}, the task of "
                f"{model.robot.name}{model.robot.task.of_initial(s)} at {x0[i]:.9g}"
            )


def _before(model: Model) -> tuple[int, ...]:
    """The axes before those of one recording: (S,) of several initial states."""
    S = len(model.x0s)
    return (S,) if S > 1 else ()
