"""The paper's policy (section 6): a small neural network with Gaussian noise at its output.

    pi_theta(u | x) = N(mu_theta(x), diag(sigma^2))
    mu_theta(x) = W2 softplus(W1 o + b1) + b2,    o = x[observed] or g(x, t)

theta is everything that is learned: W1, b1, W2, b2, and log(sigma), which keeps sigma positive.
What it sees of the state, o, is a `policy.observation`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgps.codegen.model import Model
from vgps.policy.mlp import count_weights, unpack
from vgps.policy.observation import Coordinates, Expressions, Indices, Observation
from vgps.policy.softplus import softplus

Array = NDArray[np.float64]

LOG_2PI = np.log(2.0 * np.pi)


@dataclass(frozen=True, eq=False)
class Policy:
    """A stochastic policy with one softplus hidden layer.

    States x are (..., nx) and actions u (..., nu), with the same leading dimensions, of any number;
    times t, s, are broadcast to these, and matter where the policy sees the time.
    Two policies are equal only when they are the same object: compare `theta` instead.

    Raises:
        ValueError: when the shapes do not fit together, a number is not finite, or `observed` is
            not a list of different indices.
    """

    observed: Indices  # (n_in,) of what the policy sees: coordinates of the state, or expressions
    W1: Array  # (n_hidden, n_in)
    b1: Array  # (n_hidden,)
    W2: Array  # (nu, n_hidden), in units of action
    b2: Array  # (nu,), in units of action
    log_sigma: Array  # (nu,), logarithm of the standard deviation in units of action
    expressions: Expressions | None = None  # that it sees all of, in place of coordinates

    def __post_init__(self) -> None:
        object.__setattr__(self, "observed", _checked_indices(self.observed))
        for name in ("W1", "b1", "W2", "b2", "log_sigma"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))

        n_in, n_hidden, nu = self.observed.size, self.b1.size, self.b2.size
        expected = {
            "W1": (n_hidden, n_in),
            "b1": (n_hidden,),
            "W2": (nu, n_hidden),
            "b2": (nu,),
            "log_sigma": (nu,),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(
                    f"{name} has shape {array.shape}, expected {shape} for {n_in} observed "
                    f"coordinates, {n_hidden} hidden units (b1) and {nu} actions (b2)"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has entries that are not finite")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_in, n_hidden, nu)."""
        return self.observed.size, self.b1.size, self.b2.size

    @property
    def observation(self) -> Observation:
        """What the policy sees of a state."""
        return Coordinates(self.observed) if self.expressions is None else self.expressions

    @property
    def n_weights(self) -> int:
        """Number of weights and biases, as the paper counts parameters: without sigma."""
        return count_weights(*self.shape)

    @property
    def sigma(self) -> Array:
        """(nu,) standard deviation of each action."""
        return np.exp(self.log_sigma)

    @property
    def theta(self) -> Array:
        """(n_weights + nu,) all learned numbers: W1, b1, W2, b2 row by row, then log_sigma."""
        parts = (self.W1, self.b1, self.W2, self.b2, self.log_sigma)
        return np.concatenate([part.ravel() for part in parts])

    def require_fit(self, nx: int, nu: int) -> None:
        """Refuse a robot that this policy cannot act on: compiled code checks no index.

        Raises:
            ValueError: unless all that is observed is among nx coordinates of the state, and there
                are nu actions.
        """
        if self.b2.size != nu:
            raise ValueError(f"a policy of {self.b2.size} actions does not fit a robot of {nu}")
        if self.expressions is None and (last := self.observed.max()) >= nx:
            seen = f"a policy that observes coordinate {last} of the state"
            raise ValueError(f"{seen} does not fit a robot of {nx}")

    def bound(self, model: Model) -> "Policy":
        """The policy, whose expressions, if it sees some, this model computes.

        Raises:
            ValueError: when the robot's file lists other expressions.
        """
        self.observation.require_own(model)
        if self.expressions is None:
            return self
        return replace(self, expressions=Expressions(self.expressions.texts, model))

    def with_theta(self, theta: ArrayLike) -> "Policy":
        """The policy that sees the same, with other learned numbers.

        Raises:
            ValueError: when `theta` is not of shape (n_weights + nu,), or not finite.
        """
        n_in, n_hidden, nu = self.shape
        learned = np.array(theta, dtype=float)
        if learned.shape != (self.n_weights + nu,):
            raise ValueError(f"theta has shape {learned.shape}, expected ({self.n_weights + nu},)")
        W1, b1, W2, b2 = unpack(learned[:-nu], n_in, n_hidden, nu)
        return replace(self, W1=W1, b1=b1, W2=W2, b2=b2, log_sigma=learned[-nu:])

    def mean(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """mu_theta(x), the action of the deterministic policy.

        Raises:
            ValueError: when x has too few coordinates for `observed`, or this needs a model.
        """
        return self.mean_of(self.observation(x, t))

    def mean_of(self, o: Array) -> Array:
        """The same of what is observed (..., n_in)."""
        activation, _ = softplus(o @ self.W1.T + self.b1)  # (..., n_hidden)
        return activation @ self.W2.T + self.b2  # (..., nu)

    def jacobian(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """d mu_theta / dx (..., nu, nx) over the full state; zero where it is not observed.

        Raises:
            ValueError: as of ``mean``.
        """
        _, slope = softplus(self.observation(x, t) @ self.W1.T + self.b1)  # (..., n_hidden)
        d_output = self.W2 * slope[..., None, :]  # (..., nu, n_hidden)
        # One long product: a stack of small ones is several times slower.
        by_o = d_output.reshape(-1, self.b1.size) @ self.W1
        return self.observation.chain(by_o.reshape(*d_output.shape[:-1], -1), x, t)

    def sample(self, x: ArrayLike, rng: np.random.Generator, t: ArrayLike = 0.0) -> Array:
        """An action (..., nu) drawn from pi_theta(. | x) for each x, with the Generator `rng`."""
        mean = self.mean(x, t)  # (..., nu)
        return mean + self.sigma * rng.standard_normal(mean.shape)

    def log_prob(self, x: ArrayLike, u: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """log pi_theta(u | x) (...,) in nats, the density taken in units of action.

        Raises:
            ValueError: when u does not have nu coordinates, or as of ``mean``.
        """
        return self.log_prob_of(self.observation(x, t), u)

    def log_prob_of(self, o: Array, u: ArrayLike) -> Array:
        """The same of what is observed (..., n_in)."""
        if np.shape(u)[-1:] != self.b2.shape:
            raise ValueError(f"u has shape {np.shape(u)}, expected (..., {self.b2.size})")
        z = (np.asarray(u, dtype=float) - self.mean_of(o)) / self.sigma  # (..., nu)
        return -0.5 * (z * z).sum(-1) - (self.log_sigma + 0.5 * LOG_2PI).sum()


def _checked_indices(observed: ArrayLike) -> Indices:
    indices = np.asarray(observed)
    if indices.ndim != 1 or indices.size == 0 or indices.dtype.kind not in "iu":
        raise ValueError(f"observed must be a list of state indices, not {indices!r}")
    if indices.min() < 0 or np.unique(indices).size != indices.size:
        raise ValueError(f"observed must be different indices from 0 on, not {indices.tolist()}")
    return indices
