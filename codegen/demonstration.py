"""A recorded trajectory to start the optimiser from: the .npz of `optimize`, one like it, a .csv.

An .npz holds

    U  (N, nu)      actions, N·m or N, at least as many as the task's horizon
    X  (N + 1, nx)  states, optional, or (N, nx) without where the last step leads; the first must
                    be the mean of the task's initial state

For a task with S initial states it holds a recording from each, in their order: U (S, N, nu) and X
(S, N + 1, nx).  Actions recorded from one state say nothing of how to begin at another.

A .csv has a line for each step and, in its first line, the names of the columns: hip.u of every
action, and hip.q and hip.v of the state in which the step begins.  With those of all coordinates it
is a recording with states; of some, the first line alone is read.  Others are not read.

What is recorded may be of any length, and of any robot where the file does not say of which.  What
a robot does under it is in `solver.demonstrated`.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.archive import ArrayFileError, Schema, any_numbers, of_each, read_arrays
from vgps.codegen.description.robot import Robot
from vgps.codegen.errors import DemonstrationError, hint
from vgps.codegen.table import read_table

Array = NDArray[np.float64]

_RECORDING: Schema = {"U": any_numbers(), "X": any_numbers(optional=True)}

SAME_STATE = 1e-6  # largest difference in any coordinate, m, rad, m/s or rad/s


class Recording(NamedTuple):
    """From each of S initial states, of N steps, at least as many as the horizon."""

    U: Array  # (S, N, nu) N·m or N, within the limits
    X: Array | None = None  # (S, N, nx), the states in which the steps begin

    @property
    def arrays(self) -> dict[str, Array]:
        """As an .npz holds them."""
        return {name: of_each(part) for name, part in self._asdict().items() if part is not None}


def read_recording(path: Path, robot: Robot, *, piped: bool) -> Recording:
    """A recording of this robot from its initial states; ``piped``: whether it may be a pipe.

    Raises:
        DemonstrationError: when the file is none.
    """
    try:
        read = _of_columns(path, robot) if path.suffix == ".csv" else _of_arrays(path, robot, piped)
    except ArrayFileError as error:
        raise DemonstrationError(str(error)) from None
    return recording_of(path, robot, *read)


def own_recording(robot: Robot) -> Recording | None:
    """What the robot's file names as `task.start.demo`; None where it names nothing.

    Raises:
        RobotFileError: when that is no recording of this robot from its initial states.
    """
    if robot.demo is None:
        return None
    try:
        return read_recording(robot.demo, robot, piped=False)
    except DemonstrationError as error:
        raise robot.demo_error(str(error)) from None


def recording_of(
    origin: str | Path, robot: Robot, U: ArrayLike, X: Array | None = None
) -> Recording:
    """A recording of the right shapes, its actions within the limits.

    Args:
        origin: where it comes from, for the error's sentence.
        robot: whose it is.
        U: (T or more, nu) actions, N·m or N; (S, T or more, nu) of several initial states.
        X: states in which their steps begin and, perhaps, where the last one leads.

    Raises:
        DemonstrationError: when an array is of another shape or not finite, or a first state is
            not the task's.
    """
    U = _real_numbers(origin, "U", U)
    before, T = _before(robot), robot.task.horizon
    fits = U.ndim == len(before) + 2 and (*U.shape[:-2], U.shape[-1]) == (*before, robot.nu)
    if not fits or U.shape[-2] < T:
        wanted = ", ".join([*map(str, before), f"{T} or more", str(robot.nu)])
        each = "".join(f", from each of the {S} initial states" for S in before)
        raise DemonstrationError(f"{origin}: U must have shape ({wanted}){each}, found {U.shape}")
    N = U.shape[-2]
    X = None if X is None else _real_numbers(origin, "X", X)
    if X is not None and X.shape not in [(*before, rows, robot.nx) for rows in (N, N + 1)]:
        raise DemonstrationError(
            f"{origin}: X must have shape {(*before, N + 1, robot.nx)}, one state more than U has "
            f"actions, found {X.shape}"
        )
    U = U.reshape(-1, *U.shape[-2:])  # (S, N, nu)
    _refuse_what_is_not_finite(origin, robot, "action", robot.u_names, U)
    if X is not None:
        X = X.reshape(-1, *X.shape[-2:])[:, :N]  # (S, N, nx)
        for s, begun in enumerate(X[:, 0]):
            _refuse_another_start(origin, robot, s, begun)
        _refuse_what_is_not_finite(origin, robot, "state", robot.x_names, X)
    return Recording(U.clip(*robot.action_limits), X)


def _real_numbers(origin: str | Path, name: str, values: ArrayLike) -> Array:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise DemonstrationError(f"{origin}: {name} must hold real numbers, found {array.dtype}")
    return array.astype(float)


def _of_arrays(path: Path, robot: Robot, piped: bool) -> tuple[Array, Array | None]:
    arrays = read_arrays(path, "a recording", _RECORDING, robot=robot, others=True, piped=piped)
    return arrays["U"], arrays.get("X")


def _of_columns(path: Path, robot: Robot) -> tuple[Array, Array | None]:
    columns = read_table(path)
    names = [f"{name}.u" for name in robot.u_names]
    if missing := [name for name in names if name not in columns]:
        lacks = ", ".join(missing)
        raise DemonstrationError(f"{path}:1: lacks {lacks}{hint(missing[0], columns)}")
    U = np.column_stack([columns[name] for name in names])  # (N, nu)
    if all(name in columns for name in robot.x_names):
        return U, np.column_stack([columns[name] for name in robot.x_names])
    begun = np.array(robot.initial_states[0])
    for i, name in enumerate(robot.x_names):
        if name in columns and len(U):
            begun[i] = columns[name][0]
    _refuse_another_start(path, robot, 0, begun)
    return U, None


def _refuse_what_is_not_finite(
    origin: str | Path, robot: Robot, what: str, names: tuple[str, ...], values: Array
) -> None:
    """Of values (S, N, n) with such names."""
    if not np.isfinite(values).all():
        s, step, i = np.argwhere(~np.isfinite(values))[0]
        raise DemonstrationError(
            f"{origin}: the {what} '{names[i]}' is not finite at step {step}"
            f"{robot.task.of_initial(s)}"
        )


def _refuse_another_start(origin: str | Path, robot: Robot, s: int, begun: Array) -> None:
    """Refuse a recording that begins at another state (nx,) than task.initial number s."""
    x0 = np.array(robot.initial_states[s])
    difference = np.abs(begun - x0)  # (nx,)
    if not (difference <= SAME_STATE).all():
        i = int(np.argmax(difference))
        raise DemonstrationError(
            f"{origin}: starts at {robot.x_names[i]} = {begun[i]:.9g}, the task of "
            f"{robot.name}{robot.task.of_initial(s)} at {x0[i]:.9g}"
        )


def _before(robot: Robot) -> tuple[int, ...]:
    """The axes before those of one recording: (S,) of several initial states."""
    S = len(robot.initial_states)
    return (S,) if S > 1 else ()
