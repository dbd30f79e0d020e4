"""A recorded trajectory to start the optimiser from: the .npz of `optimize`, or one like it.

U  (N, nu)      actions, N·m or N, at least as many as the task's horizon
X  (N + 1, nx)  states, optional; the first must be the task's mean initial state, because from
                another one the actions would not repeat the recording
"""

import io
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.experiments.errors import DemonstrationError

Array = NDArray[np.float64]

SAME_STATE = 1e-6  # largest difference in any coordinate, m, rad, m/s or rad/s


def read_demonstration(path: Path, model: Model) -> Array:
    """Actions (T, nu) of the task's horizon T, within the torque limits.

    Raises:
        DemonstrationError: when the file is not a recording of this robot from its initial state,
            or its actions drive the robot to a state that is not finite.
    """
    arrays = _read(path)
    U = _numbers(path, "U", arrays["U"])
    if "X" in arrays and U.ndim == 2:
        _refuse_another_start(path, model, _numbers(path, "X", arrays["X"]), len(U))
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
    U = _numbers(origin, "U", np.asarray(U))
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
    U = np.clip(U[:T], -model.limits, model.limits)  # (T, nu)
    try:
        model.rollout(model.x0, U)
    except FloatingPointError as error:
        raise DemonstrationError(f"{origin}: replayed on {model.robot.name}, {error}") from None
    return U


def _read(path: Path) -> dict[str, NDArray]:
    """U and, where there is one, X."""
    names, arrays = None, {}
    try:
        # Opened here, because NumPy leaves a damaged file open; read here, because it wants to jump
        # about in the file, which a pipe does not allow.
        with io.BytesIO(path.read_bytes()) as file:
            recording = np.load(file, allow_pickle=False)
            if isinstance(recording, np.lib.npyio.NpzFile):
                names = recording.files
                arrays = {name: recording[name] for name in names if name in ("U", "X")}
    except OSError as error:
        raise DemonstrationError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception:
        # Damage surfaces as whatever zipfile, zlib, struct or tokenize makes of it inside NumPy.
        names = None
    if names is None:
        raise DemonstrationError(f"{path}: is not an .npz file of numbers, or is damaged")
    if "U" not in arrays:
        listed = ", ".join(names) or "nothing"
        raise DemonstrationError(f"{path}: must hold actions U, found {listed}")
    return arrays


def _numbers(path: str | Path, name: str, array: NDArray) -> Array:
    array = np.asarray(array)
    if array.dtype.kind not in "fiu":
        raise DemonstrationError(f"{path}: {name} must hold real numbers, found {array.dtype}")
    return array.astype(float)


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
