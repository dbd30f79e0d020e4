"""Actions that do what was recorded, to start the optimiser from.

They are the recorded ones where these lead through the recorded states, or where no states were
recorded.  Otherwise the states count for more, and actions are sought that lead past them (`gaps`):
those of an unstable robot, recorded by another program or processor, soon lead elsewhere.
"""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.demonstration import Recording, own_recording, read_recording, recording_of
from vgps.codegen.errors import DemonstrationError
from vgps.codegen.model import Model
from vgps.solver.gaps import close_gaps

Array = NDArray[np.float64]

REPEATED = 1e-3  # largest distance from a recorded state, m, rad, m/s or rad/s, that is none


def read_demonstration(path: Path, model: Model) -> Array:
    """Actions (S, T, nu) from each initial state over the task's horizon T, within the limits.

    Raises:
        DemonstrationError: when the file is not a recording of this robot from its initial states,
            or the robot comes to a state that is not finite.
    """
    return _done(path, read_recording(path, model.robot, piped=True), model)


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
    return _done(origin, recording_of(origin, model.robot, U), model)


def own_demonstration(model: Model) -> Array | None:
    """Actions (S, T, nu) over the task's horizon T of what the robot's file names, or None.

    Raises:
        RobotFileError: when `own_recording` does, or the robot comes to a state that is not finite.
    """
    recording, path = own_recording(model.robot), model.robot.demo
    if recording is None or path is None:
        return None
    try:
        return _done(path, recording, model)
    except DemonstrationError as error:
        raise model.robot.demo_error(str(error)) from None


def _done(origin: str | Path, recording: Recording, model: Model) -> Array:
    """Actions (S, T, nu) that do the first T steps, through states that are all finite."""
    T = model.robot.task.horizon
    actions = recording.U[:, :T].copy()
    for s, x0 in enumerate(model.x0s):
        try:
            if recording.X is not None and not _repeats(model, x0, recording.X[s, :T], actions[s]):
                X, U = _with_the_last(model, recording.X[s, : T + 1], actions[s])
                X[0] = x0
                _, actions[s] = close_gaps(model, X, U)
            model.rollout(x0, actions[s])
        except FloatingPointError as error:
            raise DemonstrationError(
                f"{origin}: replayed on {model.robot.name}{model.robot.task.of_initial(s)}, {error}"
            ) from None
    return actions


def _repeats(model: Model, x0: Array, X: Array, U: Array) -> bool:
    """Whether the actions U (T, nu) lead from x0 (nx,) through the states X (T, nx)."""
    try:
        reached = model.rollout(x0, U)[:-1]
    except FloatingPointError:
        return False
    return bool((np.abs(reached - X) <= REPEATED).all())


def _with_the_last(model: Model, X: Array, U: Array) -> tuple[Array, Array]:
    """X (T+1, nx) and U (T, nu); of X (T, nx), the last step leads where it leads."""
    if len(X) > len(U):
        return X.copy(), U
    return np.vstack([X, model.step(X[-1], U[-1])]), U
