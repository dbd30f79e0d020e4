"""How good a policy is in another engine, MuJoCo, beside how good it is in ours."""

from typing import Any

import numpy as np

from vgps.experiments.memory import of_rollouts, require_memory
from vgps.experiments.progress import Watch, unwatched
from vgps.experiments.run import Run
from vgps.experiments.transfer.engine import Engine, GroundKind
from vgps.experiments.transfer.rollouts import follow
from vgps.policy.evaluation import ROLLOUTS, summarize
from vgps.policy.rollouts import draw


def transfer(
    run: Run,
    ground: GroundKind,
    rollouts: int | None = None,
    horizon: int | None = None,
    seed: int = 0,
    watch: Watch = unwatched,
) -> dict[str, Any]:
    """Cost and success of the policy in MuJoCo, as `evaluate --engine mujoco --json` says it.

    They begin at the same states, under the same draws of noise, as those of `evaluation`.

    Args:
        run: whose policy.
        ground: MuJoCo's, with numbers that are fitted to ours or with its default ones, or ours.
        rollouts: of each kind; ROLLOUTS when absent.
        horizon: steps of a rollout; the task's when absent.
        seed: of initial states and noise.
        watch: hears how many rollouts of each kind are done.

    Raises:
        InputError: when the robot cannot be put into MuJoCo, MuJoCo is not installed, or so many
            rollouts do not fit into the memory.
    """
    model, policy, R = run.model, run.policy, rollouts or ROLLOUTS
    T = model.robot.task.horizon
    steps = horizon or T
    require_memory(f"{R} rollouts of {steps} steps", of_rollouts(model, R, steps))
    engine = Engine(model, ground)

    def summary(kind: str, disturbed: bool) -> dict[str, Any]:
        stochastic = kind == "stochastic"
        rng = np.random.default_rng(seed)
        drawn = draw(model, policy, R, steps, rng, stochastic, disturbed)
        with watch(f"{kind}, disturbed" if disturbed else kind, R) as update:
            return summarize(model, follow(engine, model, policy, *drawn, update), T)._asdict()

    def both(disturbed: bool) -> dict[str, Any]:
        return {kind: summary(kind, disturbed) for kind in ("stochastic", "deterministic")}

    fit = engine.fit
    result = {
        "ground": None if model.robot.ground is None and ground != "ours" else ground,
        "timestep": engine.timestep,
        "fit": None if fit is None else fit._asdict(),
    }
    return result | both(disturbed=False) | {"disturbed": both(disturbed=True)}
