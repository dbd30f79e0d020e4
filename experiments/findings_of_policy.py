"""Whether a policy can learn from a trajectory that does its task.

Each function looks for one thing and gives a finding or None.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.fields import Location
from vgps.codegen.model import Model
from vgps.experiments.finding import Examined, Finding
from vgps.policy.controller import LinearGaussianController
from vgps.policy.disturbance import process_noise
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import Samples
from vgps.solver.distribution import TrajectoryDistribution

Array = NDArray[np.float64]

OBSERVE: Location = ("task", "observe")
SPREAD: Location = ("task", "initial")

FAR = 0.1  # of the steps: what is nearer in time may well look alike
ALIKE = 1.0  # deviations of q by which observed states differ, root mean square of coordinates
UNLIKE = 5.0  # deviations of q's noise by which actions do, likewise: noise never goes so far
CONSIDERABLE = 0.1  # of the steps: a few can be passed by inertia

ROUNDING = 1e-9  # of a derivative that is 0

ROLLOUTS = 50  # of q from an initial state
HELD = 0.5  # of them: a policy hardly fails less than what it imitates
CALMER = 1 / 3  # of spread and process noise, which a task could well do with

# R^2 of an action: walkers that learn have 0.12 with 5 units, and gain up to 0.2 with 20.
EXPLAINED = 0.5
GAINED = 0.3
MORE = 4  # times as many units


class Learned(NamedTuple):
    """What the first policy is learned from."""

    examined: Sequence[Examined]
    q: Sequence[TrajectoryDistribution]  # around each of the trajectories
    steps: int  # that the policy learns from
    samples: Samples  # drawn from q
    fit: Callable[[int], Policy]  # the first policy with so many hidden units
    rng: np.random.Generator  # draws rollouts


def clock(learned: Learned) -> Finding | None:
    """Different actions in states that look alike.

    Of a policy that sees expressions nothing is said: q's feedback is on coordinates.
    """
    robot = learned.examined[0].model.robot
    if robot.task.expressions:
        return None
    observed = np.array(robot.observed_indices)
    for examined, q in zip(learned.examined, learned.q, strict=True):
        alike = conflicts(q, observed, learned.steps)
        share = len(alike) / learned.steps
        if share > CONSIDERABLE:
            t, other = alike[len(alike) // 2]
            text = f"in {share:.0%} of the steps what the policy observes does not tell which "
            text += f"action is due: it looks alike in steps {t} and {other}"
            advice = "observing more coordinates, or one more joint that moves like a clock"
            return examined.finding("clock", OBSERVE, text, advice)
    return None


def turns(learned: Learned) -> Finding | None:
    """An angle that turns more than once, and that the policy sees as a number.

    To it each turn is another place.  A wheel's angle, on which nothing depends, does no harm.
    """
    robot = learned.examined[0].model.robot
    if robot.task.expressions:
        return None
    angles = {joint.name: f"{joint.name}.q" for joint in robot.joints if joint.type == "revolute"}
    if robot.root is not None:
        angles["angle"] = f"{robot.root.name}.angle"
    for examined in learned.examined:
        X, _ = examined.judged
        rates = examined.solution.expansion.f_x[:, robot.nq :]  # (T, nv, nx)
        for j, name in enumerate(robot.moving_names):
            turned = float(np.ptp(X[:, j])) / (2.0 * np.pi)
            matters = j in robot.observed_indices and np.abs(rates[:, :, j]).max() > ROUNDING
            if name in angles and turned > 1.0 and matters:
                seen = angles[name]
                text = f"{seen} passes through {turned:.1f} turns, and the policy takes the same "
                text += "posture a turn later for another one"
                advice = f"observing sin({seen}) and cos({seen}) in place of {seen}"
                return examined.finding("turns", OBSERVE, text, advice)
    return None


def feedback(learned: Learned) -> Finding | None:
    """A trajectory that its own linear feedback holds under less noise only.

    Where it does not hold it under less noise either, nothing is said: there is no such advice, and
    a snake whose feedback is at its limits throughout learns all the same, by the finish.
    """
    for examined, q in zip(learned.examined, learned.q, strict=True):
        model, controller = examined.model, LinearGaussianController.of(q, len(q.X))
        deviation = np.array(model.robot.initial_deviations[examined.initial])  # (nx,)
        spread = deviation * learned.rng.standard_normal((ROLLOUTS, model.nx))
        disturbance = process_noise(model, ROLLOUTS, len(q.X), learned.rng)
        noiseless = np.zeros((ROLLOUTS, *q.U.shape))

        held = []
        for share in (1.0, CALMER):
            x0, disturbed = q.X[0] + share * spread, disturbance.scaled(share)
            X, U = controller.run(model, x0, noiseless, disturbed)
            held.append(_success_rate(model, X, U))
        if held[0] < HELD <= held[1]:
            text = (
                f"feedback holds the trajectory in {held[0]:.0%} of {ROLLOUTS} rollouts with the "
            )
            text += f"task's spread and process noise, in {held[1]:.0%} with a third of them"
            advice = "a smaller spread or less process noise"
            advice += "" if model.robot.ground is None else ", or a softer ground"
            return examined.finding("feedback", SPREAD, text, advice)
    return None


def hidden(learned: Learned, units: int) -> Finding | None:
    """Too few hidden units for the actions of the trajectory."""
    examined = learned.examined[0]
    few = explained(learned.fit(units), learned.samples)  # (nu,)
    if few.min() >= EXPLAINED:
        return None
    more = explained(learned.fit(MORE * units), learned.samples)
    gained = np.where(few < EXPLAINED, more - few, 0.0)
    j = int(gained.argmax())
    if gained[j] < GAINED:
        return None
    text = f"{units} hidden units explain {few[j]:.0%} of the action {examined.model.u_names[j]}, "
    text += f"{MORE * units} explain {more[j]:.0%}"
    return examined.finding("hidden", ("task",), text, f"--hidden {MORE * units}")


def explained(policy: Policy, samples: Samples) -> Array:
    """R^2 (nu,) of a policy's mean actions against those of q."""
    left = np.square(samples.mean - policy.mean_of(samples.inputs)).sum(axis=0)
    total = np.square(samples.mean - samples.mean.mean(axis=0)).sum(axis=0)
    return np.where(total > 0.0, 1.0 - left / np.where(total > 0.0, total, 1.0), 1.0)


def conflicts(
    q: TrajectoryDistribution, observed: NDArray[np.int_], T: int
) -> list[tuple[int, int]]:
    """Steps of the first T that look like a far one where q acts differently, with that one.

    The other step's feedback is asked what it does in the state as it is observed in this one.
    """
    X, n, nu = q.X[:T, observed], len(observed), q.U.shape[1]
    K = q.K[:T][:, :, observed]  # (T, nu, n)
    Sigma = q.Sigma[:T][:, observed][:, :, observed]  # (T, n, n)
    times, found = np.arange(T), []
    for t in times:
        deviation = X[t] - X  # (T, n)
        # What is known exactly would divide by zero.
        nudge = 1e-12 * np.trace(Sigma[t]) + 1e-300
        distance = _squares(deviation, Sigma[t] + nudge * np.eye(n)) / n
        others = q.U[:T] + np.einsum("tij,tj->ti", K, deviation)  # (T, nu)
        difference = _squares(q.U[t] - others, q.covariance[t]) / nu
        alike = (abs(times - t) > FAR * T) & (distance < ALIKE**2) & (difference > UNLIKE**2)
        if alike.any():
            found.append((int(t), int(np.where(alike, difference, 0.0).argmax())))
    return found


def _squares(deviations: Array, covariance: Array) -> Array:
    """Squared lengths (T,) of ``deviations`` (T, n), in deviations of a ``covariance`` (n, n)."""
    solved = np.linalg.solve(covariance, deviations.T).T
    return np.asarray((deviations * solved).sum(axis=1), dtype=np.float64)


def _success_rate(model: Model, X: Array, U: Array) -> float:
    """Share of rollouts X (R, T+1, nx), U (R, T, nu) of a controller that do the task."""
    T = model.robot.judged_steps
    done = [
        np.isfinite(x).all() and model.success(x[: T + 1], np.clip(u[:T], *model.limits))
        for x, u in zip(X, U, strict=True)
    ]
    return float(np.mean(done))
