"""What a policy sees of a state: coordinates of it, or expressions of it and of the time.

    o = x[indices]        or        o = g(x, t)

Coordinates are picked wherever a policy is used.  The expressions of a robot's `task.observe` are
computed with their derivatives by its compiled code, so that a policy which sees them needs the
model; one that was read from a file has their texts alone until it is `bound` to a model.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from vgps.codegen.model import Model

Array = NDArray[np.float64]
Indices = NDArray[np.integer]


class Observation(ABC):
    """The function g, of states x (..., nx) at times t (...,), s.

    indices  (n_in,) of what is seen: into x, or into all that the expressions give
    texts    the expressions, none of coordinates
    """

    indices: Indices
    texts: tuple[str, ...]

    @abstractmethod
    def __call__(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """What is seen (..., n_in).

        Raises:
            ValueError: when x has too few coordinates, or this needs a model.
        """

    @abstractmethod
    def at_steps(self, X: Array, steps: ArrayLike) -> Array:
        """What is seen (..., n_in) of X (..., nx) at the beginning of these steps of a rollout."""

    @abstractmethod
    def chain(self, by_o: Array, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        """Derivatives (..., n, nx) by x of what has derivatives ``by_o`` (..., n, n_in) by o."""

    def require_own(self, model: Model) -> None:
        """Refuse a model whose policies see other expressions.

        Raises:
            ValueError: with both.
        """
        if self.texts != (own := model.robot.task.expressions):
            raise ValueError(
                f"a policy that observes {spelled(self.texts)} does not fit a robot whose policy "
                f"observes {spelled(own)}"
            )


class Coordinates(Observation):
    """Some coordinates of the state."""

    texts = ()

    def __init__(self, indices: Indices) -> None:
        self.indices = indices

    @override
    def __call__(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        states = np.asarray(x, dtype=float)
        if states.ndim == 0 or states.shape[-1] <= (last := self.indices.max()):
            raise ValueError(
                f"x has shape {states.shape}, but the policy observes coordinate {last}"
            )
        return states[..., self.indices]

    @override
    def at_steps(self, X: Array, steps: ArrayLike) -> Array:
        return self(X)

    @override
    def chain(self, by_o: Array, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        by_x = np.zeros((*by_o.shape[:-1], np.shape(x)[-1]))
        by_x[..., self.indices] = by_o
        return by_x


class Expressions(Observation):
    """All expressions of a robot's file, in its order.

    model  that computes them; None: nothing is known but their texts
    """

    def __init__(self, texts: tuple[str, ...], model: Model | None = None) -> None:
        self.texts, self.model = texts, model
        self.indices = np.arange(len(texts))

    @property
    def computing(self) -> Model:
        """The model.

        Raises:
            ValueError: when there is none.
        """
        if self.model is None:
            raise ValueError(
                f"the policy observes {spelled(self.texts)}, which its robot computes: load it "
                "with the model, load_policy(path, model)"
            )
        return self.model

    @override
    def __call__(self, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        return self.computing.observation(x, t)

    @override
    def at_steps(self, X: Array, steps: ArrayLike) -> Array:
        return self(X, self.computing.dt * np.asarray(steps))

    @override
    def chain(self, by_o: Array, x: ArrayLike, t: ArrayLike = 0.0) -> Array:
        return by_o @ self.computing.observation_jacobian(x, t)


def observation_of(model: Model) -> Observation:
    """What the policies of a robot see, as its file says."""
    if texts := model.robot.task.expressions:
        return Expressions(texts, model)
    return Coordinates(np.array(model.robot.observed_indices))


def spelled(texts: tuple[str, ...]) -> str:
    """What is seen, for sentences."""
    return f"[{', '.join(texts):.200}]" if texts else "coordinates"
