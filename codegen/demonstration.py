"""A recorded trajectory to start the optimiser from: the .npz of `optimize`, one like it, a .csv.

An .npz holds

    U  (N, nu)      actions, N·m or N, at least as many as the task's horizon
    X  (N + 1, nx)  states, optional; the first must be the mean of the task's initial state,
                    because from another one the actions would not repeat the recording

For a task with S initial states it holds a recording from each, in their order: U (S, N, nu) and X
(S, N + 1, nx).  Actions recorded from one state say nothing of how to begin at another.

A .csv has a line for each step and, in its first line, the names of the columns: hip.u of every
action and, for the first state, hip.q and hip.v of any coordinate.  Others are not read.

What is recorded may be of any length, and of any robot where the file does not say of which.
"""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.archive import ArrayFileError, Schema, any_numbers, read_arrays
from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import DemonstrationError, hint
from vgps.codegen.model import Model
from vgps.codegen.table import read_table

Array = NDArray[np.float64]

_RECORDING: Schema = {"U": any_numbers(), "X": any_numbers(optional=True)}

SAME_STATE = 1e-6  # largest difference in any coordinate, m, rad, m/s or rad/s


def read_demonstration(path: Path, model: Model) -> Array:
    """Actions (S, T, nu) from each initial state over the task's horizon T, within the limits.

    Raises:
        DemonstrationError: when the file is not a recording of this robot from its initial states,
            or its actions drive the robot to a state that is not finite.
    """
    return _replayed(path, _recorded(path, model.robot, piped=True), model)


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
    return _replayed(origin, _fitting(origin, U, model.robot), model)


def own_recording(robot: Robot) -> Array | None:
    """What the robot's file names as `task.start.demo`: (S, T or more, nu), within the limits.

    None where it names nothing.

    Raises:
        RobotFileError: when that is no recording of this robot from its initial states.
    """
    if robot.demo is None:
        return None
    try:
        return _recorded(robot.demo, robot, piped=False)
    except DemonstrationError as error:
        raise robot.demo_error(str(error)) from None


def own_demonstration(model: Model) -> Array | None:
    """Actions (S, T, nu) over the task's horizon T of what the robot's file names, or None.

    Raises:
        RobotFileError: when `own_recording` does, or a state is not finite under the actions.
    """
    U, path = own_recording(model.robot), model.robot.demo
    if U is None or path is None:
        return None
    try:
        return _replayed(path, U, model)
    except DemonstrationError as error:
        raise model.robot.demo_error(str(error)) from None


def _recorded(path: Path, robot: Robot, piped: bool) -> Array:
    """Actions (S, T or more, nu) of a file, within the limits."""
    try:
        U = _of_columns(path, robot) if path.suffix == ".csv" else _of_arrays(path, robot, piped)
    except ArrayFileError as error:
        raise DemonstrationError(str(error)) from None
    return _fitting(path, U, robot)


def _of_arrays(path: Path, robot: Robot, piped: bool) -> Array:
    arrays = read_arrays(path, "a recording", _RECORDING, robot=robot, others=True, piped=piped)
    U = arrays["U"]
    if "X" in arrays and U.ndim == len(_before(robot)) + 2:
        X, shape = arrays["X"], (*_before(robot), U.shape[-2] + 1, robot.nx)
        if X.shape != shape:
            raise DemonstrationError(
                f"{path}: X must have shape {shape}, one state more than U has actions, "
                f"found {X.shape}"
            )
        for s, begun in enumerate(X.reshape(-1, *shape[-2:])[:, 0]):
            _refuse_another_start(path, robot, s, begun)
    return U


def _of_columns(path: Path, robot: Robot) -> Array:
    columns = read_table(path)
    names = [f"{name}.u" for name in robot.u_names]
    if missing := [name for name in names if name not in columns]:
        lacks = ", ".join(missing)
        raise DemonstrationError(f"{path}:1: lacks {lacks}{hint(missing[0], columns)}")
    U = np.column_stack([columns[name] for name in names])  # (N, nu)
    begun = np.array(robot.initial_states[0])
    for i, name in enumerate(robot.x_names):
        if name in columns and len(U):
            begun[i] = columns[name][0]
    _refuse_another_start(path, robot, 0, begun)
    return U


def _fitting(origin: str | Path, U: ArrayLike, robot: Robot) -> Array:
    """Actions of the right shape as (S, T or more, nu), within the limits."""
    U = np.asarray(U)
    if U.dtype.kind not in "fiu":
        raise DemonstrationError(f"{origin}: U must hold real numbers, found {U.dtype}")
    U = U.astype(float)
    before, T = _before(robot), robot.task.horizon
    fits = U.ndim == len(before) + 2 and (*U.shape[:-2], U.shape[-1]) == (*before, robot.nu)
    if not fits or U.shape[-2] < T:
        wanted = ", ".join([*map(str, before), f"{T} or more", str(robot.nu)])
        each = "".join(f", from each of the {S} initial states" for S in before)
        raise DemonstrationError(f"{origin}: U must have shape ({wanted}){each}, found {U.shape}")
    U = U.reshape(-1, *U.shape[-2:])  # (S, T or more, nu)
    if not np.isfinite(U).all():
        s, step, action = np.argwhere(~np.isfinite(U))[0]
        raise DemonstrationError(
            f"{origin}: the action '{robot.u_names[action]}' is not finite at step {step}"
            f"{robot.task.of_initial(s)}"
        )
    return U.clip(*robot.action_limits)


def _replayed(origin: str | Path, U: Array, model: Model) -> Array:
    """The first T of the actions (S, T or more, nu), which do not drive the robot to infinity."""
    U = U[:, : model.robot.task.horizon]  # (S, T, nu)
    for s, x0 in enumerate(model.x0s):
        try:
            model.rollout(x0, U[s])
        except FloatingPointError as error:
            raise DemonstrationError(
                f"{origin}: replayed on {model.robot.name}{model.robot.task.of_initial(s)}, {error}"
            ) from None
    return U


def _refuse_another_start(path: Path, robot: Robot, s: int, begun: Array) -> None:
    """Refuse a recording that begins at another state (nx,) than task.initial number s."""
    x0 = np.array(robot.initial_states[s])
    difference = np.abs(begun - x0)  # (nx,)
    if not (difference <= SAME_STATE).all():
        i = int(np.argmax(difference))
        raise DemonstrationError(
            f"{path}: starts at {robot.x_names[i]} = {begun[i]:.9g}, the task of "
            f"{robot.name}{robot.task.of_initial(s)} at {x0[i]:.9g}"
        )


def _before(robot: Robot) -> tuple[int, ...]:
    """The axes before those of one recording: (S,) of several initial states."""
    S = len(robot.initial_states)
    return (S,) if S > 1 else ()
