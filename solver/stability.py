"""Whether a robot's integration steps are short enough not to invent motion.

About a state the equations of motion are x' = A x + ..., A = [0 I; a_q a_v], and one substep of
length h multiplies deviations by

    rk4        R(h A),  R(z) = 1 + z + z^2/2 + z^3/6 + z^4/24
    implicit   [I + h^2 B a_q  h B;  h B a_q  B],  B = (I - h a_v)^-1

(`codegen/c/step_rk4.c`, `step_implicit.c`).  The motion itself multiplies them by exp(h A).  A step
is past its stability bound where it makes deviations grow that the motion does not: where the
spectral radius exceeds both 1 and that of exp(h A).  Stiff springs, strong damping and light links
do that to long steps (Hairer & Wanner, Solving Ordinary Differential Equations II, section IV.2).

A few such steps do no harm.  A trajectory is unstable when together they multiply some error by
GROWTH or more.  At most _STATES of its states are looked at, evenly spread, each for those around
it.  The bound is that of one state, and at it errors do not decay: what is advised keeps a MARGIN.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model

Array = NDArray[np.float64]

GROWTH = 10.0
MARGIN = 1.25  # by which more substeps are advised than reach the bound
_TOLERANCE = 0.01  # by which a substep may exceed the bound: it is that of one frozen state
_MOST_SUBSTEPS = 2**13  # beyond these no one would run it
_STATES = 50
_DIFFERENCE = 1e-6  # rad, m and their rates, of the central differences


class Stability(NamedTuple):
    """What is past the stability bound along a trajectory."""

    growth: float  # factor by which all steps multiply an error, beyond the motion's own
    step: int  # that is furthest past the bound
    coordinate: str  # that moves most in the fastest motion there
    substeps: int | None  # that keep every step inside the bound; None: too many
    implicit_substeps: int | None  # the same for `integrator: implicit`

    @property
    def ok(self) -> bool:
        """Whether the trajectory is sound: no error grows by GROWTH."""
        return self.growth < GROWTH


def stability(model: Model, X: Array, U: Array) -> Stability:
    """Stability of the robot's own steps about X (T or T+1, nx), U (T, nu), all finite."""
    task, T = model.robot.task, len(U)
    steps = np.unique(np.linspace(0, T - 1, min(T, _STATES)).astype(int))
    A = np.stack([_linearized(model, X[t], U[t]) for t in steps])
    finite = np.isfinite(A).all(axis=(1, 2))
    steps, A = steps[finite], A[finite]
    excess = _excess(task.integrator, A, task.dt / task.substeps)
    past = np.where(excess > _TOLERANCE, excess, 0.0)
    worst = int(np.argmax(past))
    with np.errstate(over="ignore"):
        growth = float(np.exp(task.substeps * T * past.mean()))
    return Stability(
        growth,
        int(steps[worst]),
        _fastest(model, A[worst]),
        _enough(task.integrator, A, task.dt, task.substeps),
        _enough("implicit", A, task.dt, task.substeps),
    )


def _linearized(model: Model, x: Array, u: Array) -> Array:
    """A (nx, nx) at one state."""
    n, nq = model.nx, model.nq
    A = np.zeros((n, n))
    A[:nq, nq:] = np.eye(nq)
    if model.robot.task.integrator == "rk4":
        A[nq:] = model.acceleration_derivatives(x[:nq], x[nq:], u)[:, :n]
        return A
    # Of an implicit step only the whole step has compiled derivatives.
    for j, step in enumerate(_DIFFERENCE * np.eye(n)):
        ahead, behind = x + step, x - step
        difference = model.acceleration(ahead[:nq], ahead[nq:], u)
        difference -= model.acceleration(behind[:nq], behind[nq:], u)
        A[nq:, j] = difference / (2.0 * _DIFFERENCE)
    return A


def _excess(integrator: str, A: Array, h: float) -> Array:
    """Rate (T,) per substep at which errors grow beyond what the motion itself does, in nats."""
    rates = np.linalg.eigvals(A)  # (T, nx) 1/s
    if integrator == "rk4":
        z = h * rates
        factors = abs(1.0 + z * (1.0 + z / 2.0 * (1.0 + z / 3.0 * (1.0 + z / 4.0))))
    else:
        factors = abs(np.linalg.eigvals(_implicit_step(A, h)))
    motion = np.maximum(h * rates.real.max(axis=1), 0.0)
    return np.log(factors.max(axis=1)) - motion


def _implicit_step(A: Array, h: float) -> Array:
    """The matrices (T, nx, nx) of implicit substeps."""
    n = A.shape[1] // 2
    identity = np.eye(n)
    B = np.linalg.inv(identity - h * A[:, n:, n:])
    from_q = h * B @ A[:, n:, :n]
    return np.block([[identity + h * from_q, h * B], [from_q, B]])


def _enough(integrator: str, A: Array, dt: float, substeps: int) -> int | None:
    """Substeps that are stable at all of A, the present number where that is."""

    def stable(count: int) -> bool:
        return bool((_excess(integrator, A, dt / count) <= _TOLERANCE).all())

    enough = substeps
    while not stable(enough):
        enough *= 2
        if enough > _MOST_SUBSTEPS:
            return None
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if stable(middle):
            enough = middle
        else:
            too_few = middle
    return enough if enough <= substeps else math.ceil(MARGIN * enough)


def _fastest(model: Model, A: Array) -> str:
    """Name of the coordinate that moves most in the fastest mode."""
    rates, modes = np.linalg.eig(A)
    mode = modes[:, np.argmax(abs(rates))]
    return model.q_names[int(np.argmax(abs(mode[model.nq :])))]
