"""The last stage of a run: the finish, measured after each of its rounds and stored as it goes."""

import time
from collections.abc import Callable

import numpy as np

from vgps.codegen.model import Model
from vgps.experiments.checkpoint import read_finish, store_finish, store_policy
from vgps.experiments.measuring import measured
from vgps.experiments.progress import Watch
from vgps.experiments.run_folder import RunFolder
from vgps.policy import finish
from vgps.policy.finish_result import needs_another_pass, result
from vgps.policy.gaussian import Policy
from vgps.policy.settings import RunSettings
from vgps.policy.state import Record

Note = Callable[[dict[str, float | str], Policy], None]

_OF_A_SEARCH: dict[str, float | str] = {
    name: "" if kind is str else float("nan") for name, kind in Record.__annotations__.items()
} | {"spread": float("nan"), "best": float("nan")}


def finish_run(
    model: Model,
    settings: RunSettings,
    policy: Policy,
    k: int,
    rollouts: int,
    folder: RunFolder | None,
    watch: Watch,
    note: Note,
) -> Policy:
    """The policy that the finish makes of ``policy``.

    A folder that holds some rounds of it already gets the others, to the same bits.

    Args:
        model: the robot.
        settings: of the run.
        policy: the best of the search.
        k: iterations of the search; the rows count on from there.
        rollouts: that were sampled by then.
        folder: of the run; None for one that nobody asked to keep.
        watch: shows how far it is.
        note: takes the row of metrics.csv of each round, and the policy.
    """
    rng = np.random.default_rng((settings.seed, k, 1))  # (seed, k) alone measures
    stored = None if folder is None else read_finish(folder, settings, model.robot, k)
    if stored is None:
        state = finish.begin(model, policy, rng)
    else:
        state, rng.bit_generator.state = stored.state, stored.random
    while True:
        with watch("finish", finish.ROUNDS) as update:
            while not state.ended:
                started = time.process_time()
                state, record = finish.improve(model, policy, state, rng)
                seconds = time.process_time() - started
                row = k + state.rounds
                reached = policy.with_theta(state.theta)
                costs = measured(model, reached, settings.seed, row)
                own: dict[str, float | str] = {"stage": "finish", "iteration": row}
                own |= {"seconds": seconds, "rollouts": rollouts + finish.ROLLOUTS * state.rounds}
                note({**_OF_A_SEARCH, **own, **costs}, reached)
                if folder is not None:
                    store_policy(folder, model.robot, reached, row)
                    store_finish(folder, model.robot, state, rng, k)
                update(
                    state.rounds - state.earlier,
                    f"cost stochastic {costs['stochastic_cost']:.1f}, "
                    f"deterministic {costs['deterministic_cost']:.1f}, failed {record.failed:.1%}",
                )
        finished = result(model, policy, state, rng)
        if not needs_another_pass(model, finished, state, rng):
            break
        state = finish.begin(model, finished, rng, state)
    if folder is not None:
        store_policy(folder, model.robot, finished, k + state.rounds)
    return finished
