"""What `render` writes: the motion of a policy or of a trajectory as an animation."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import ArrayFileError
from vgps.codegen.build import build
from vgps.codegen.description.robot import Robot
from vgps.codegen.lock import locked
from vgps.experiments.motion import read_motion, robot_of_motion
from vgps.experiments.run import Run
from vgps.policy.push import Pushing, pushed_rollout
from vgps.policy.rollouts import mean_rollout, run_policy
from vgps.report.animation import ShownPush, animate
from vgps.report.motion import drawable
from vgps.report.page.run import write_run_page

Array = NDArray[np.float64]
_NOISY = 12  # rollouts with all noise


def render_run(
    run: Run,
    out: Path | None = None,
    horizon: int | None = None,
    push: Pushing | None = None,
    noise: bool = False,
) -> dict[str, str]:
    """Write an animation of the policy of a run, which has a folder, and its page.

    Args:
        run: The run.
        out: The file; gait.gif, push.gif or noise.gif in the folder when absent.
        horizon: Steps of the rollout; the task's when absent.
        push: What the robot is pushed by.
        noise: Whether rollouts with all noise are drawn behind the one without any.

    Returns:
        What `render --json` prints: where the animation and the page are.

    Raises:
        MissingEncoder: when the format cannot be written.
        PushError: for a push that this robot cannot be given.
        FolderError: when another process is writing into the folder.
    """
    if run.folder is None:
        raise ValueError("a run that is kept nowhere has no place for its pictures")
    model, policy = run.model, run.policy
    T = horizon or model.robot.task.horizon
    shown, others = None, np.empty((0, T + 1, model.nx))
    if push is None:
        X = mean_rollout(model, policy, T)
    else:
        X = pushed_rollout(model, policy, T, push)
        shown = ShownPush(push.point, push.impulse < 0.0, push.instant, push.duration)
    if noise:
        rng = np.random.default_rng(run.settings.seed)
        others = run_policy(model, policy, _NOISY, T, rng).X
    name = "push" if push is not None else "noise" if noise else "gait"
    path = run.folder.file(f"{name}.gif") if out is None else out
    with locked(run.folder.path):
        page = write_run_page(run)
        animate(model, X, path, others=list(others), push=shown)
    return {"animation": str(path), "report": str(page)}


def render_trajectory(path: Path, robot: Robot | None, out: Path | None = None) -> dict[str, str]:
    """Write an animation of a trajectory.npz, beside it when ``out`` is absent.

    Raises:
        InputError: when the file holds no motion of the robot, or does not say of which it is, or
            the motion has diverged from the first state on.
        MissingEncoder: when the format cannot be written.
    """
    described = robot_of_motion(path) if robot is None else robot
    X = read_motion(path, described)
    try:
        drawable(X)
    except ValueError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    target = path.with_suffix(".gif") if out is None else out
    animate(build(described), X, target)
    return {"animation": str(target)}
