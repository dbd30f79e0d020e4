"""The M-step: theta <- argmax L(q, theta) (Levine & Koltun 2013, Algorithm 1, line 4).

States are drawn from the marginals q(x_t), as many from the q of each initial state of the task, or
by methods without such a q from what they have seen:
``fit`` asks a function for samples and does not know where they come from.  The integral over
actions is exact (``closed``) or sampled (``sampled``, eq. 3).  The optimiser is L-BFGS, with new
samples in each M-step, or stochastic gradient descent, with new samples at each step (section 5).

Weights along which the policy hardly changes make both bounds ill-conditioned, and L-BFGS in
standard units does not get to them: of a walker with 5 units its 50th iteration is as far from the
optimum as its 25th (0.0014 nats, 45th M-step).  In the basis of the Fisher matrix
(`policy.fisher`), which both bounds have for a Gauss-Newton matrix, 12 iterations come to 0.0004
and 200 without to 0.0008.  Policies are better for it, and the search takes two thirds to half the
time (six seeds of each, before the finish: cost of the swimmer without noise 350 in place of 352
with 5 units, 348 of 349 with 10).  Where the policy is far from what it is to imitate, the best
sigma for its present weights comes first: with one that is much too small, a step that makes it
astronomic still gains.

The sampled form fits its own samples a little too well: each M-step underestimates sigma^2 by about
the share n_weights / N, and since the next q is drawn towards the policy the error compounds (20 %
of sigma over 50 iterations of the 5-unit swimmer with 3000 samples).  The closed form does not.

Three choices, measured on the walker, decide whether a policy with few units is found at all:
standard units (``policy.scaling``), several random starts in the first M-step only, and leaving out
the ``tail`` of the horizon.  An optimal trajectory that ends there has no reason to stay upright,
and a walker lets itself fall; a policy that learns even the beginning of this falls under its own
noise.  With 5 units and 150 iterations at least 80 % of noisy rollouts walk 5 s for 25, 27 and 19
of 30 runs (10 seeds, 3 initial solutions) where the last 2, 2.5 and 3 s are left out.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.policy.bound import VARIANCE_FLOOR, ClosedFormBound, SampledBound
from vgps.policy.choices import Bound, Optimizer
from vgps.policy.fisher import natural_basis
from vgps.policy.gaussian import Policy
from vgps.policy.observation import Expressions, Observation
from vgps.policy.optimizers import ValueAndGradient, lbfgs, sgd
from vgps.policy.scaling import Scaling
from vgps.policy.softplus import softplus
from vgps.solver.distribution import TrajectoryDistribution, square_root

Array = NDArray[np.float64]

BASIS_STATES = 1000  # at least, of those sampled, over which the Fisher matrix is averaged


class FitSettings(NamedTuple):
    """How a policy is fitted to q."""

    states_per_step: int  # drawn from each marginal
    tail: int  # steps at the end of the horizon that the policy does not learn from
    optimizer: Optimizer
    bound: Bound
    # Of L-BFGS in one M-step, on the same samples; VGPS and `cost_weighted` take fewer in some.
    iterations: int = 50
    sgd_steps: int = 300  # of SGD in one M-step, each on new samples
    starts: int = 10  # random networks tried in the first M-step


class Fit(NamedTuple):
    """The policy at the end of a fit."""

    policy: Policy
    value: float  # the objective, nats per step, on the samples
    evaluations: int
    reason: str = ""  # why it ended, `lbfgs.Reason`; empty for SGD, which has none


class Samples(NamedTuple):
    """N sampled states and the q(u | x) that the policy is to imitate there."""

    inputs: Array  # (N, n_in) what the policy observes
    mean: Array  # (N, nu) of q(u | x)
    covariance: Array  # (n, nu, nu) of q(u | x) at each step of each q
    per_step: int  # N = n * per_step
    weights: Array  # (N,) in any scale

    @classmethod
    def of_actions(cls, inputs: Array, actions: Array, weights: Array) -> "Samples":
        """Of known actions (N, nu), where q(u | x) has no variance."""
        N, nu = actions.shape
        return cls(inputs, actions, np.zeros((N, nu, nu)), 1, weights)

    @classmethod
    def joined(cls, parts: Sequence["Samples"]) -> "Samples":
        """All of ``parts``, which have equally many for each step."""
        return cls(
            np.concatenate([part.inputs for part in parts]),
            np.concatenate([part.mean for part in parts]),
            np.concatenate([part.covariance for part in parts]),
            parts[0].per_step,
            np.concatenate([part.weights for part in parts]),
        )

    @property
    def variance(self) -> Array:
        """(N, nu) diagonal of the covariance."""
        return np.repeat(np.diagonal(self.covariance, axis1=1, axis2=2), self.per_step, axis=0)

    def draw_actions(self, rng: np.random.Generator) -> Array:
        """Actions (N, nu) from q(u | x)."""
        n, nu, _ = self.covariance.shape
        normal = rng.standard_normal((n, self.per_step, nu))
        noise = normal @ square_root(self.covariance).transpose(0, 2, 1)
        return self.mean + noise.reshape(-1, nu)


Draw = Callable[[np.random.Generator], Samples]


def draw(
    q: TrajectoryDistribution,
    root: Array,
    observed: Observation,
    settings: FitSettings,
    rng: np.random.Generator,
) -> Samples:
    """States from the marginals of q but for the tail, with the distribution of actions there.

    ``root`` (T, nx, nx) is that of the marginals' covariances.
    """
    T = len(q.X) - settings.tail
    states = q.sample_states(settings.states_per_step, rng, root)  # (T, M, nx)
    mean = q.action_mean(states)
    inputs = observed.at_steps(states[:T], np.arange(T)[:, None])  # (T, M, n_in)
    return Samples(
        inputs.reshape(-1, inputs.shape[-1]),
        mean[:T].reshape(-1, mean.shape[-1]),
        q.covariance[:T],
        settings.states_per_step,
        np.ones(T * settings.states_per_step),
    )


def draws_of(
    q: Sequence[TrajectoryDistribution], observed: Observation, settings: FitSettings
) -> Draw:
    """What draws samples for ``fit``, to imitate every q where it expects to be."""
    draws = [partial(draw, one, square_root(one.Sigma), observed, settings) for one in q]
    return lambda rng: Samples.joined([draw(rng) for draw in draws])


def fit(policy: Policy, draw: Draw, settings: FitSettings, rng: np.random.Generator) -> Fit:
    """``policy`` fitted to what ``draw`` gives.

    Raises:
        FloatingPointError: where an objective is not finite.
    """
    if settings.optimizer == "sgd":
        return _fit_sgd(policy, draw, settings, rng)
    samples = draw(rng)
    scaling = Scaling.of(samples.inputs, samples.mean)
    objective = _objective(samples, scaling, settings.bound, len(policy.b1), rng)
    policy = scaling.to_raw(policy, objective.with_best_sigma(scaling.to_standard(policy)))
    basis = _basis(samples, scaling, policy)
    result, policy = minimized(objective, policy, scaling, settings.iterations, basis)
    value = result.value + np.log(scaling.action).sum()
    return Fit(policy, value, 1 + result.evaluations, result.reason)


def minimized(
    objective: ValueAndGradient,
    policy: Policy,
    scaling: Scaling,
    iterations: int,
    basis: Array | None = None,
) -> tuple[lbfgs.Result, Policy]:
    """L-BFGS on an objective in standard units, from ``policy``, and the policy at its end."""
    result = lbfgs.minimize(
        objective,
        scaling.to_standard(policy),
        max_iterations=iterations,
        gradient_tolerance=1e-7,
        value_tolerance=1e-9,
        basis=basis,
    )
    return result, scaling.to_raw(policy, result.x)


def first_fit(
    observed: Observation,
    n_hidden: int,
    draw: Draw,
    settings: FitSettings,
    rng: np.random.Generator,
) -> Fit:
    """The best of several random networks after ``fit``: few units have poor local optima.

    Input weights are N(0, 1/n_in) in standard units.  The output layer starts at its least-squares
    solution, sigma^2 at the mean squared residual plus the mean variance of q.

    Args:
        observed: what the policy sees.
        n_hidden: number of hidden units.
        draw: gives samples.
        settings: of each fit, and the number of starts.
        rng: draws networks and samples.

    Raises:
        FloatingPointError: where an objective is not finite.
    """
    fits = []
    for _ in range(settings.starts):
        samples = draw(rng)
        fits.append(fit(_random_policy(observed, n_hidden, samples, rng), draw, settings, rng))
    return min(fits, key=lambda candidate: candidate.value)


def _random_policy(
    observed: Observation, n_hidden: int, samples: Samples, rng: np.random.Generator
) -> Policy:
    n_in = observed.indices.size
    scaling = Scaling.of(samples.inputs, samples.mean)
    Z, targets = scaling.inputs(samples.inputs), samples.mean / scaling.action
    W1 = rng.standard_normal((n_hidden, n_in)) / np.sqrt(n_in)
    b1 = rng.standard_normal(n_hidden)
    hidden, _ = softplus(Z @ W1.T + b1)  # (N, n_hidden)
    features = np.column_stack([hidden, np.ones(len(Z))])
    solution, *_ = np.linalg.lstsq(features, targets, rcond=None)
    weights = np.asarray(solution, dtype=np.float64)  # (n_hidden + 1, nu)
    residual = targets - features @ weights
    variance = np.mean(residual**2 + samples.variance / scaling.action**2, axis=0)
    log_sigma = 0.5 * np.log(np.maximum(variance, VARIANCE_FLOOR))
    expressions = observed if isinstance(observed, Expressions) else None
    standard = Policy(observed.indices, W1, b1, weights[:-1].T, weights[-1], log_sigma, expressions)
    return scaling.to_raw(standard, standard.theta)


def _objective(
    samples: Samples, scaling: Scaling, bound: Bound, n_hidden: int, rng: np.random.Generator
) -> ClosedFormBound:
    Z = scaling.inputs(samples.inputs)
    if bound == "sampled":
        actions = samples.draw_actions(rng) / scaling.action
        return SampledBound(Z, actions, n_hidden, samples.weights)
    return ClosedFormBound(
        Z,
        samples.mean / scaling.action,
        samples.variance / scaling.action**2,
        n_hidden,
        samples.weights,
    )


def _basis(samples: Samples, scaling: Scaling, policy: Policy) -> Array:
    """B (n_theta, n_theta) in which both bounds are well conditioned near ``policy``.

    The Gauss-Newton matrix of either is the Fisher matrix of the weights; of log sigma it is 2 I
    where sigma is the best, and nothing stands between the two.
    """
    standard, n = policy.with_theta(scaling.to_standard(policy)), policy.n_weights
    some = slice(None, None, max(1, len(samples.inputs) // BASIS_STATES))  # of all steps
    B = np.diag(np.full(policy.theta.size, np.sqrt(0.5)))
    B[:n, :n] = natural_basis(standard, scaling.inputs(samples.inputs[some]), samples.weights[some])
    return B


def _fit_sgd(policy: Policy, draw: Draw, settings: FitSettings, rng: np.random.Generator) -> Fit:
    first = draw(rng)
    scaling = Scaling.of(first.inputs, first.mean)

    def draw_objective(rng: np.random.Generator) -> ClosedFormBound:
        samples = draw(rng)
        return _objective(samples, scaling, settings.bound, len(policy.b1), rng)

    result = sgd.minimize(draw_objective, scaling.to_standard(policy), settings.sgd_steps, rng)
    value, _ = draw_objective(rng)(result.x)
    return Fit(
        scaling.to_raw(policy, result.x),
        value + np.log(scaling.action).sum(),
        settings.sgd_steps + 1,
    )
