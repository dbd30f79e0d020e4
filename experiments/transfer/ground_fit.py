"""The numbers with which MuJoCo's soft contact gives as our ground does, by least squares.

**Ours** (`codegen.mechanics.contact`).  At a depth z = -phi, with velocities v_n away from the
ground and v_t along it, a point feels

    f_n = f_0(z) (1 - v_n / sqrt(v_n^2 + v_d^2)),     f_0(z) = k s log(1 + exp(z / s)),
    f_t = -mu f_n v_t / sqrt(v_t^2 + v_s^2).

**MuJoCo's** (its documentation: "Computation", "Constraint model"; "Modeling", "Solver
parameters").  Under a contact force f a point accelerates by a.  At a penetration x > 0, where f
pushes,

    a + R f = K d(x) x - b v_n,     R(x) = A (1 - d(x)) / d(x).

The impedance d(x) rises from d_0 at the surface to d_1 at the depth `width`, A is the inverse of an
effective mass, that of the body in its reference posture (`body_invweight0`), and solref = (-S, -B)
gives K = S / d_1^2, b = B / d_1.  So

    f_n = (K d(x) x - b v_n - a) / R(x):

a spring, a damper, and a mass 1 / R, which ours does not have, that takes part in the motion while
they touch.  Its share of the effective mass is d / (1 - d), so that d should be small; but then the
integrator, which holds f over a step, needs steps below 1 / b.  STEP decides: b = 1 / STEP, and the
mass is what the damping needs at this b.  For small d and y(x) = d(x) / d_1, from 0 to 1,

    f_n = sigma y^2 x - beta y v_n,     d_1 / (1 - d_1) = beta A / b,     S = sigma A (1 - d_1),

is to be as  f_0(z) - f_0(z) v_n / v_d,  where x = z + lift, for ours sets in above the ground.

**Along the ground** a contact in an elliptic cone has R / impratio in place of R, a damping b_t of
its own and no spring.  But for the mass, impratio times as large,

    f_t = -min(c |v_t|, mu' f_n) sign(v_t),     c = impratio b_t / R.

Once a point slides, its cone adds mu' b_t |v_t| to K d x, which is about the share
mu mu' v_t / (v_s impratio) of f_n.  A large impratio makes this small and the mass large.  SLIDING
is this share at the speed V of the fit.

**The fit.**  Loads on a point from nothing to m g, the weight of the whole robot, give the depths;
V = g sqrt(m / k) is the speed of the mass m that bobs on the spring k.  Over these depths and the
speeds up to V

    sum (f_n of MuJoCo - f_n of ours)^2 / f_0   is least by lift, width, sigma and beta,
    sum (f_t of MuJoCo - f_t of ours)^2         is least by mu' and c, forces as shares of mu f_n.

The weights 1 / f_0 are between errors in newtons, which would leave out how a foot begins to
touch, and errors as shares, which would leave out how it stands.  sigma and beta enter linearly
and are solved for; two numbers at a time are searched for on grids that close in on the best point.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.description.robot import Ground

Array = NDArray[np.float64]

STEP = 2e-4  # s
SLIDING = 0.01
_LEAST_IMPEDANCE = 1e-4  # that MuJoCo takes
_LOADS, _SPEEDS = 16, 9  # samples of each
_GRID, _ZOOMS = 9, 12  # points along a side, and how often the grid closes in


class GroundFit(NamedTuple):
    """What makes MuJoCo's contact give as a ground does."""

    lift: float  # m of MuJoCo's plane above ours
    width: float  # m over which the impedance rises
    stiffness: float  # N/m, sigma
    damping: float  # N s/m, beta
    friction: float  # mu' / mu
    sliding_damping: float  # N s/m, that of c at y = 1, for mu = 1
    impratio: float
    penetration: float  # m, x at rest under half the weight
    error: float  # root of the mean square of the difference in f_n, as a share of that of ours

    def contact(self, A: float, mu: float) -> dict[str, tuple[float, ...]]:
        """How MuJoCo writes the contact of a body of this A, 1/kg, and friction coefficient."""
        mass = self.damping * STEP  # kg, 1 / R at y = 1
        # Below MuJoCo's least impedance there would be no rise.
        d = max(mass * A / (1.0 + mass * A), 20.0 * _LEAST_IMPEDANCE)
        left = A * (1.0 - d)
        return {
            "solimp": (_LEAST_IMPEDANCE, d, self.width, 0.5, 2.0),
            "solref": (-self.stiffness * left, -self.damping * left),
            "solreffriction": (0.0, -mu * self.sliding_damping * left / self.impratio),
            "friction": (max(mu * self.friction, 1e-5),) * 2 + (0.0,) * 3,
        }


def fit_ground(ground: Ground, weight: float, gravity: float) -> GroundFit:
    """The fit to ``ground`` around a ``weight``, N, under ``gravity``, m/s^2."""
    speed = np.sqrt(gravity * weight / ground.stiffness)  # V = g sqrt(m / k)
    v = np.linspace(-speed, speed, _SPEEDS)
    z = depth(ground, np.linspace(0.0, weight, _LOADS + 1)[1:])[:, None]  # (_LOADS, 1)
    f_0 = spring(ground, z)
    ours = f_0 * (1.0 - v / np.hypot(v, ground.damping_speed))  # (_LOADS, _SPEEDS)
    root = np.broadcast_to(np.sqrt(f_0), ours.shape)

    def linear(lift: float, width: float) -> tuple[Array, Array]:
        """Sigma and beta (2,), and what is left over (_LOADS, _SPEEDS)."""
        columns = unit_forces(z + lift, v, width)  # (2, _LOADS, _SPEEDS)
        a, b = (columns / root).reshape(2, -1), (ours / root).ravel()
        coefficients: Array = np.linalg.lstsq(a.T, b, rcond=None)[0]
        return coefficients, np.maximum(np.tensordot(coefficients, columns, 1), 0.0) - ours

    soft = ground.softness
    deep = float(z[-1, 0]) + 10.0 * soft
    lift, width = _least(
        lambda *at: float(np.square(linear(*at)[1] / root).sum()),
        (0.0, soft),
        (deep, 2.0 * deep),  # beyond, only the first parabola matters, whose scale is free
    )
    (stiffness, damping), left = linear(lift, width)
    slope, friction = _friction(ground, speed)
    share = ground.friction**2 * friction * speed / ground.friction_speed
    return GroundFit(
        lift=lift,
        width=width,
        stiffness=float(stiffness),
        damping=float(damping),
        friction=friction,
        # As ours, in proportion to f_n: v_d times the damping along the normal.
        sliding_damping=float(damping) * ground.damping_speed * slope,
        impratio=max(share / SLIDING, 1.0),
        penetration=float(depth(ground, np.array(0.5 * weight))) + lift,
        error=float(np.sqrt(np.square(left).mean() / np.square(ours).mean())),
    )


def spring(ground: Ground, z: Array) -> Array:
    """f_0, N, at depths z, m."""
    scale = ground.stiffness * ground.softness
    return np.asarray(scale * np.logaddexp(0.0, z / ground.softness))


def depth(ground: Ground, f: Array) -> Array:
    """The depth z, m, at which f_0 is f, N."""
    share = f / (ground.stiffness * ground.softness)
    return np.asarray(ground.softness * (share + np.log(-np.expm1(-share))))


def unit_forces(x: Array, v: Array, width: float) -> Array:
    """Normal forces (2, ...) at penetrations x and velocities v: of sigma = 1, of beta = 1."""
    y = rise(x, width)
    return np.array(np.broadcast_arrays(y**2 * x, -y * v))


def rise(x: Array, width: float) -> Array:
    """y(x), of two parabolas, as MuJoCo's impedance rises with the power 2 and the midpoint 0.5."""
    share = np.clip(x / width, 0.0, 1.0)
    return np.where(share < 0.5, 2.0 * share**2, 1.0 - 2.0 * (1.0 - share) ** 2)


def _friction(ground: Ground, speed: float) -> tuple[float, float]:
    """c / (mu f_n), s/m, and mu' / mu, for sliding at up to ``speed``, m/s."""
    v = np.linspace(0.0, speed, _LOADS + 1)[1:]
    ours = v / np.hypot(v, ground.friction_speed)

    def error(slope: float, friction: float) -> float:
        return float(np.square(np.minimum(slope * v, friction) - ours).sum())

    return _least(error, (0.0, 0.0), (2.0 / ground.friction_speed, 1.0))


def _least(
    function: Callable[[float, float], float],
    low: tuple[float, float],
    high: tuple[float, float],
) -> tuple[float, float]:
    """Where a function of two numbers between ``low`` and ``high`` is least."""
    best, half = np.add(low, high) / 2, np.subtract(high, low) / 2
    for _ in range(_ZOOMS):
        sides = [
            np.linspace(max(b - h, lo), min(b + h, hi), _GRID)
            for b, h, lo, hi in zip(best, half, low, high, strict=True)
        ]
        at = np.array(np.meshgrid(*sides)).reshape(2, -1).T  # (_GRID^2, 2)
        best, half = at[np.argmin([function(*point) for point in at])], half / 2
    return float(best[0]), float(best[1])
