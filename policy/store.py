"""Policies and search states as plain named arrays, and back: nothing is pickled."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policy.mlp import Policy
from policy.vgps import State
from solver.distribution import TrajectoryDistribution

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


def state_to_arrays(state: State) -> Arrays:
    """A search state after at least one iteration."""
    q = {f"q_{name}": value for name, value in state.q._asdict().items()}
    return {"k": np.array(state.k)} | policy_to_arrays(state.policy) | q


def state_from_arrays(arrays: Arrays) -> State:
    q = TrajectoryDistribution(**{n: arrays[f"q_{n}"] for n in TrajectoryDistribution._fields})
    return State(int(arrays["k"]), policy_from_arrays(arrays), q)
