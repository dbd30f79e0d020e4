"""Policies and search states as plain named arrays, and back: nothing is pickled."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.policy.gaussian import Policy
from vgps.policy.state import SearchState
from vgps.solver.distribution import TrajectoryDistribution

Arrays = dict[str, NDArray]

_POLICY = ("observed", "W1", "b1", "W2", "b2", "log_sigma")


def policy_to_arrays(policy: Policy) -> Arrays:
    """The arrays of a policy.npz."""
    return {name: getattr(policy, name) for name in _POLICY}


def policy_from_arrays(arrays: Arrays) -> Policy:
    """The policy of which these are the arrays, among others.

    Raises:
        KeyError: when one is missing.
        ValueError: when the shapes do not fit together.
    """
    return Policy(**{name: arrays[name] for name in _POLICY})


def load_policy(path: str | Path) -> Policy:
    """The policy of a run: a ``policy.npz`` or the run folder that holds one.

    Raises:
        FileNotFoundError: when there is none.
        ValueError: when the file is not a policy.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "policy.npz"
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in _POLICY if name not in arrays]
        if missing:
            raise ValueError(f"{path} is not a policy: it lacks {', '.join(missing)}")
        return policy_from_arrays(dict(arrays))


def state_to_arrays(state: SearchState) -> Arrays:
    """The arrays of a checkpoint.npz, without those of the random generator."""
    arrays = {"k": np.array(state.k), "rollouts": np.array(state.rollouts)}
    arrays |= policy_to_arrays(state.policy) | _named("q", state.q)
    return arrays if state.memory is None else arrays | _named("memory", state.memory)


def state_from_arrays(arrays: Arrays, memory: type[Any] | None = None) -> SearchState:
    """The state of which these are the arrays, for a method with a ``memory`` of this type."""
    return SearchState(
        k=int(arrays["k"]),
        policy=policy_from_arrays(arrays),
        q=TrajectoryDistribution(**_collected("q", arrays)),
        memory=None if memory is None else memory(**_collected("memory", arrays)),
        rollouts=int(arrays.get("rollouts", 0)),  # missing in checkpoints of early versions
    )


def _named(prefix: str, fields: NamedTuple) -> Arrays:
    """The fields as arrays, with a prefix to their names."""
    return {f"{prefix}_{name}": np.asarray(value) for name, value in fields._asdict().items()}


def _collected(prefix: str, arrays: Arrays) -> Arrays:
    """The fields that `_named` gave this prefix."""
    start = f"{prefix}_"
    return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}
