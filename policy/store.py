"""Policies and search states as plain named arrays, and back: nothing is pickled.

Of the arrays here every one is checked on its way back, for later code indexes with them unchecked.
The names of their sizes: nx, nu, n_in numbers that are observed, hidden units; S the task's initial
states, T its horizon, T_learned the steps of it that a policy learns from; after_last the first
iteration not asked for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.archive import (
    ArrayFileError,
    Arrays,
    Schema,
    numbers,
    of_each,
    read_arrays,
    require_arrays,
    split_each,
    text,
    whole,
)
from vgps.codegen.description.robot import Robot
from vgps.codegen.model import Model
from vgps.policy import finish
from vgps.policy.finish import FinishState
from vgps.policy.gaussian import Policy
from vgps.policy.mlp import count_weights
from vgps.policy.observation import Expressions, spelled
from vgps.policy.settings import RunSettings
from vgps.policy.state import Beginning, Memory, SearchState
from vgps.solver.distribution import TrajectoryDistribution, square_root

_POLICY: Schema = {
    "observed": whole("n_in", below="nx", optional=True),  # one of these two
    "expressions": text("n_in", optional=True),
    "W1": numbers("hidden", "n_in"),
    "b1": numbers("hidden"),
    "W2": numbers("nu", "hidden"),
    "b2": numbers("nu"),
    "log_sigma": numbers("nu"),
}
_WEIGHTS = ("W1", "b1", "W2", "b2", "log_sigma")
_CLOSING_OF_EARLY_VERSIONS = 336  # of 420 iterations
# k of its `SearchState`; early versions did not say.
POLICY_FILE: Schema = _POLICY | {"iteration": whole(least=1, below="after_last", optional=True)}

_DISTRIBUTION: Schema = {
    "X": numbers("T", "nx", each="S"),
    "U": numbers("T", "nu", each="S"),
    "k": numbers("T", "nu", each="S"),
    "K": numbers("T", "nu", "nx", each="S"),
    "covariance": numbers("T", "nu", "nu", each="S"),
    "mu": numbers("T", "nx", each="S"),
    "Sigma": numbers("T", "nx", "nx", each="S"),
}
FINISH: Schema = {
    "passes": whole(optional=True),  # early versions had one
    "earlier": whole(optional=True),  # early versions did all rounds of a pass
    "iteration": whole(),
    "closing": whole(optional=True),  # in early versions always the same
    "least": numbers(optional=True),  # which early versions did not ask for, like the next
    "idle": whole(optional=True),
    "theta": numbers("n_theta"),
    "before": numbers("n_theta"),
    "momentum": numbers("n_weights"),
    "total": numbers("n_weights"),
    "pool": numbers("starts", "nx"),
    "visited": numbers("states", "nx"),
    "visited_t": numbers("states", optional=True),  # early versions knew no policy that sees t
    "cap": numbers(),
    "dead": numbers(),
    "clipped": numbers(optional=True),  # early versions had one
}


def policy_to_arrays(policy: Policy) -> Arrays:
    """The arrays of a policy."""
    seen: Arrays = {"observed": policy.observed}
    if policy.expressions is not None:
        seen = {"expressions": np.array(policy.expressions.texts)}
    return seen | {name: getattr(policy, name) for name in _WEIGHTS}


def policy_from_arrays(arrays: Mapping[str, NDArray]) -> Policy:
    """The policy of which these are the arrays, among others.

    One that sees expressions is not bound to a model.

    Raises:
        ValueError: when one is missing, or the shapes do not fit together.
    """
    require_arrays(arrays, _POLICY)
    if ("observed" in arrays) == ("expressions" in arrays):
        raise ValueError("a policy has one of the arrays observed and expressions")
    weights: dict[str, Any] = {name: arrays[name] for name in _WEIGHTS}
    if "observed" in arrays:
        return Policy(arrays["observed"], **weights)
    expressions = Expressions(tuple(map(str, arrays["expressions"])))
    return Policy(expressions.indices, **weights, expressions=expressions)


def load_policy(path: str | Path, model: Model | None = None) -> Policy:
    """The policy of a run: a ``policy.npz`` or the run folder that holds one.

    Args:
        path: of the file or the folder.
        model: that it must be of; one that sees expressions cannot compute them without.

    Raises:
        ArrayFileError: an InputError and a ValueError, when there is none, or the file is damaged,
            not a policy, or not one of the model's robot.
    """
    path = Path(path)
    robot = None if model is None else model.robot
    policy = read_policy(path / "policy.npz" if path.is_dir() else path, robot)[0]
    return policy if model is None else policy.bound(model)


def read_policy(
    path: Path, robot: Robot | None = None, iterations: int | None = None
) -> tuple[Policy, int | None]:
    """The policy in a file, and after which iteration it was stored, if the file says so.

    Args:
        path: a policy.npz.
        robot: that it must be of.
        iterations: of the run, as many as were asked for.

    Raises:
        ArrayFileError: when it is damaged, not a policy, or not one of this robot.
    """
    sizes = {} if robot is None else {"nx": robot.nx, "nu": robot.nu}
    if iterations is not None:
        sizes["after_last"] = iterations + 1
    arrays = read_arrays(path, "a policy", POLICY_FILE, sizes, robot)
    try:
        policy = policy_from_arrays(arrays)
        if robot is not None:
            _require_expressions(policy, robot)
    except ValueError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return policy, int(arrays["iteration"]) if "iteration" in arrays else None


def state_schema(memory: Memory | None = None) -> Schema:
    """The arrays of a search state, for a method with this ``memory``."""
    return (
        {
            "k": whole(least=1, below="after_last"),
            "rollouts": whole(optional=True),
        }  # early versions counted none
        | _POLICY
        | _named("q", _DISTRIBUTION)
        | _named("memory", {} if memory is None else memory.schema)
    )


def state_sizes(robot: Robot, settings: RunSettings) -> dict[str, int]:
    """What the sizes of a search state's arrays are, for a robot and the settings of a run."""
    n_in, hidden, horizon = len(robot.observed_indices), settings.hidden, robot.task.horizon
    n_weights = count_weights(n_in, hidden, robot.nu)
    return {
        "nx": robot.nx,
        "nu": robot.nu,
        "n_in": n_in,
        "hidden": hidden,
        "S": len(robot.task.initials),
        "T": horizon,
        "T_learned": horizon - robot.tail,
        "after_last": settings.last_iteration(robot) + 1,
        "n_weights": n_weights,
        "n_theta": n_weights + robot.nu,
    }


def finish_from_arrays(arrays: Mapping[str, NDArray]) -> FinishState:
    """The state of the finish of which these are the arrays, among others.

    Raises:
        ValueError: when they do not fit together.
    """
    require_arrays(arrays, FINISH, {"starts": finish.PAIRS})
    if int(arrays["iteration"]) % finish.ROUND or int(arrays["iteration"]) > finish.ITERATIONS:
        raise ValueError(f"iteration must end a round, found {arrays['iteration']}")
    passes = int(arrays.get("passes", 0))
    if passes >= finish.PASSES:
        raise ValueError(f"passes must be less than {finish.PASSES}, found {passes}")
    earlier = int(arrays.get("earlier", passes * finish.ROUNDS))
    if earlier > passes * finish.ROUNDS:
        raise ValueError(f"earlier must be at most {passes * finish.ROUNDS}, found {earlier}")
    closing = int(arrays.get("closing", _CLOSING_OF_EARLY_VERSIONS))
    latest = finish.ITERATIONS - finish.CLOSING
    if closing > latest:
        raise ValueError(f"closing must be at most {latest}, found {closing}")
    if not len(arrays["visited"]):
        raise ValueError("visited holds no states")
    return FinishState(
        passes=passes,
        earlier=earlier,
        iteration=int(arrays["iteration"]),
        closing=closing,
        least=float(arrays.get("least", np.inf)),
        idle=int(arrays.get("idle", 0)),
        theta=arrays["theta"],
        before=arrays["before"],
        momentum=arrays["momentum"],
        total=arrays["total"],
        pool=arrays["pool"],
        visited=arrays["visited"],
        visited_t=arrays.get("visited_t", np.zeros(len(arrays["visited"]))),
        cap=float(arrays["cap"]),
        dead=float(arrays["dead"]),
        clipped=float(arrays.get("clipped", finish.CLIPPED)),
    )


def state_to_arrays(state: SearchState) -> Arrays:
    """The arrays of a checkpoint.npz, without those of the random generator."""
    arrays = {"k": np.array(state.k), "rollouts": np.array(state.rollouts)}
    arrays |= policy_to_arrays(state.policy) | _distributions_to_arrays(state.q)
    return arrays if state.memory is None else arrays | _fields("memory", state.memory)


def state_from_arrays(arrays: Mapping[str, NDArray], memory: Memory | None = None) -> SearchState:
    """The state of which these are the arrays, for a method with this ``memory``.

    Raises:
        ValueError: when arrays are missing or do not fit together.
    """
    require_arrays(arrays, state_schema(memory))
    for name in ("covariance", "Sigma"):
        n = arrays[f"q_{name}"].shape[-1]
        try:
            square_root(arrays[f"q_{name}"].reshape(-1, n, n))
        except FloatingPointError:
            raise ValueError(f"q_{name} is not positive semidefinite at every step") from None
    return SearchState(
        k=int(arrays["k"]),
        policy=policy_from_arrays(arrays),
        q=_distributions_from_arrays(arrays),
        memory=None if memory is None else _remembered(arrays, memory),
        rollouts=int(arrays.get("rollouts", 0)),
    )


def _remembered(arrays: Mapping[str, NDArray], memory: Memory) -> Any:
    names = [name for name in memory.schema if f"memory_{name}" in arrays]
    return memory.restored(**{name: arrays[f"memory_{name}"] for name in names})


def require_state(
    state: SearchState | Beginning, robot: Robot, settings: RunSettings, memory: Memory | None
) -> None:
    """Refuse to search on from a state of another robot, or of other settings.

    Args:
        state: where a search is to go on.
        robot: whose policy is searched.
        settings: of the run.
        memory: of the method's states.

    Raises:
        ValueError: when an array of the state has another shape, or what is observed differs.
    """
    sizes = state_sizes(robot, settings)
    if isinstance(state, Beginning):
        require_arrays(_distributions_to_arrays(state.q), _named("q", _DISTRIBUTION), sizes)
        return
    require_arrays(state_to_arrays(state), state_schema(memory), sizes)
    _require_expressions(state.policy, robot)
    observed, asked = state.policy.observed.tolist(), list(robot.observed_indices)
    if observed != asked:
        raise ValueError(
            f"the policy observes the coordinates {observed}, the robot's file {asked}"
        )


def _require_expressions(policy: Policy, robot: Robot) -> None:
    found, asked = policy.observation.texts, robot.task.expressions
    if found != asked:
        raise ValueError(f"the policy observes {spelled(found)}, the robot's file {spelled(asked)}")


def _distributions_to_arrays(q: Sequence[TrajectoryDistribution]) -> Arrays:
    return {f"q_{name}": of_each([getattr(one, name) for one in q]) for name in _DISTRIBUTION}


def _distributions_from_arrays(
    arrays: Mapping[str, NDArray],
) -> tuple[TrajectoryDistribution, ...]:
    parts = {name: split_each(arrays[f"q_{name}"], entry) for name, entry in _DISTRIBUTION.items()}
    return tuple(
        TrajectoryDistribution(**{name: part[s] for name, part in parts.items()})
        for s in range(len(parts["X"]))
    )


def _named(prefix: str, schema: Schema) -> Schema:
    """With a prefix to the names."""
    return {f"{prefix}_{name}": entry for name, entry in schema.items()}


def _fields(prefix: str, fields: NamedTuple) -> Arrays:
    """The fields as arrays, with a prefix to their names."""
    return {f"{prefix}_{name}": np.asarray(value) for name, value in fields._asdict().items()}
