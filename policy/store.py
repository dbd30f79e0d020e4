"""Policies and search states as plain named arrays, and back: nothing is pickled."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.policy.gaussian import Policy
from vgps.policy.state import SearchState
from vgps.solver.distribution import TrajectoryDistribution

Arrays = dict[str, NDArray]

_POLICY = ("observed", "W1", "b1", "W2", "b2", "log_sigma")


def policy_to_arrays(policy: Policy) -> Arrays:
    return {name: getattr(policy, name) for name in _POLICY}


def policy_from_arrays(arrays: Arrays) -> Policy:
    return Policy(**{name: arrays[name] for name in _POLICY})


def load_policy(path: str | Path) -> Policy:
    """The policy of a run: a ``policy.npz`` or the run folder that holds one.

    Raises FileNotFoundError, and ValueError where the file is not a policy.
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
    """A search state after at least one iteration."""
    arrays = {"k": np.array(state.k), "rollouts": np.array(state.rollouts)}
    arrays |= policy_to_arrays(state.policy) | _named("q", state.q)
    return arrays if state.memory is None else arrays | _named("memory", state.memory)


def state_from_arrays(arrays: Arrays, memory: type | None = None) -> SearchState:
    """The state whose method has a ``memory`` of this type."""
    return SearchState(
        k=int(arrays["k"]),
        policy=policy_from_arrays(arrays),
        q=_collected("q", arrays, TrajectoryDistribution),
        memory=None if memory is None else _collected("memory", arrays, memory),
        rollouts=int(arrays.get("rollouts", 0)),  # the first checkpoints knew only vgps
    )


def _named(prefix: str, fields: NamedTuple) -> Arrays:
    return {f"{prefix}_{name}": np.asarray(value) for name, value in fields._asdict().items()}


def _collected(prefix: str, arrays: Arrays, kind: type) -> NamedTuple:
    return kind(**{name: arrays[f"{prefix}_{name}"] for name in kind._fields})
