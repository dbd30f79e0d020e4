"""Run folders as training leaves them, from a made-up policy and made-up metrics: nothing is learned."""

import numpy as np

from vgps.experiments.config import RunConfig
from vgps.experiments.evaluation import evaluation, store_evaluation
from vgps.experiments.run import Run, Trajectory
from vgps.experiments.run_folder import RunFolder
from vgps.policy.gaussian import Policy
from vgps.policy.observation import observation_of
from vgps.policy.settings import RunSettings

SETTINGS = RunSettings(hidden=3, iterations=8)


def made_policy(model):
    """One that acts a little, with noise."""
    rng = np.random.default_rng(2)
    n_in = len(observation_of(model)(model.x0))
    W1, W2 = rng.normal(size=(3, n_in)), 3.0 * rng.normal(size=(model.nu, 3))
    return Policy(np.arange(n_in), W1, np.zeros(3), W2, -W2.sum(axis=1), np.zeros(model.nu))


def made_metrics(iterations=8):
    """Costs that fall, of which one is lost; the last two rows are of the finish."""
    k = np.arange(1, iterations + 1)
    costs = 900.0 / k
    return {
        "stage": np.array(["search"] * (iterations - 2) + ["finish"] * 2),
        "iteration": k,
        "alpha": np.where(k > iterations - 2, np.nan, 1.0),
        "seconds": np.full(iterations, 0.5),
        "stochastic_cost": np.where(k == 2, np.inf, costs),
        "stochastic_success": np.linspace(0.0, 0.9, iterations),
        "deterministic_cost": 0.9 * costs,
        "deterministic_success": np.linspace(0.1, 1.0, iterations),
        "best": np.where(k > iterations - 2, np.nan, k),
    }


def made_run(model, path, evaluated=True, settings=SETTINGS):
    """A run in a folder, whose initial trajectories are motions without actions."""
    folder = RunFolder(path)
    folder.path.mkdir(parents=True)
    folder.write_config(RunConfig.of(model.robot, settings, None))
    U = np.zeros((model.robot.task.horizon, model.nu))
    rollouts = [model.rollout(x0, U) for x0 in model.x0s]
    trajectories = tuple(Trajectory(X, U, float(model.cost(X, U).sum())) for X in rollouts)
    run = Run(model, settings, trajectories, made_policy(model), made_metrics(), folder)
    if evaluated:
        store_evaluation(folder, evaluation(run, rollouts=10))
    return run
