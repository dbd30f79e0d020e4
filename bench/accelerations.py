"""Acceleration with all its derivatives, against Pinocchio's computeABADerivatives.

Both sides compute a = v' and [da/dq da/dv da/du] of bare robots (`robots.bare`); Pinocchio's da/du
is made of the actuated columns of its M^-1.  Ours runs in the loop of a compiled kernel.  Pinocchio
is called in the shortest Python loop there is, and the cost of the call is subtracted: the time of
the same loop with a robot of one joint, and of three copies of the size of the results, which the
call returns as new arrays.  For the walker that leaves 3.5 us of 4.7 us (least of 25 rounds), and a
C++ loop over the same tree (the wheel's library and headers, gcc -O3) takes 3.5 us at its fastest.

Pinocchio has no batch version of this function, so our two rows, one state at a time and in batch,
are compared with the same loop.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vgps.bench.agreement import require_close
from vgps.bench.kernels import all_accelerations, each_acceleration
from vgps.bench.robots import bare
from vgps.bench.rounds import Benchmark, Peer, Side
from vgps.codegen.model import Model

if TYPE_CHECKING:
    from vgps.bench.pinocchio_robot import PinocchioRobot

Array = NDArray[np.float64]
# States, fewer of long robots, whose inputs and results stay in the second-level cache.
BATCH, CACHE = 256, 450_000  # bytes
TOLERANCE = 1e-9  # of the largest entry of each of da/dq, da/dv and da/du


class States:
    """Random states and actions of a robot, and arrays for our results at them."""

    def __init__(self, model: Model) -> None:
        rng = np.random.default_rng(0)
        nz = model.nx + model.nu
        fitting = int(CACHE / (8 * model.nv * nz)) // 8 * 8  # a multiple of any number of lanes
        self.number = min(BATCH, max(8, fitting))
        self.q = rng.normal(size=(self.number, model.nq))
        self.v = rng.normal(size=(self.number, model.nv))
        self.u = 10.0 * rng.normal(size=(self.number, model.nu))
        self.a = np.full((self.number, model.nv), np.nan)
        self.a_z = np.full((self.number, model.nv, nz), np.nan)

    @property
    def arrays(self) -> tuple[Array, Array, Array, Array, Array]:
        """q, v, u, a and its derivatives a_z, as the C function takes them."""
        return self.q, self.v, self.u, self.a, self.a_z


def acceleration_benchmarks(name: str) -> list[Benchmark]:
    """A row with one state at a time, and one in batch where the library has that."""
    model, rows = bare(name), []
    for function, loop, how in derivatives_ways(model):
        states = States(model)
        ours = derivatives_side(model, function, loop, states)
        prepare = partial(_pinocchio_side, model, ours, states)
        peer = Peer("Pinocchio less call overhead", ("pinocchio",), prepare)
        title = f"{name}: acceleration derivatives, {how}"
        rows.append(Benchmark(title, "s/state", ours, peer))
    return rows


def has_function(model: Model, name: str) -> bool:
    """Whether the library of ``model`` has the C function robot_NAME."""
    try:
        model.address(name)
    except AttributeError:
        return False
    return True


def derivatives_ways(model: Model) -> list[tuple[str, Callable[..., None], str]]:
    """C function, kernel that calls it at all states, and the words for it in the table."""
    ways = [
        ("acceleration_derivatives", each_acceleration, "one at a time"),
        ("acceleration_derivatives_batch", all_accelerations, "in batch"),
    ]
    return [way for way in ways if has_function(model, way[0])]


def derivatives_side(
    model: Model, function: str, loop: Callable[..., None], states: States
) -> Side:
    """Our C function at all states, called by the kernel ``loop``."""
    address = model.address(function)
    return Side(lambda repeats: loop(address, repeats, *states.arrays), units=states.number)


def _pinocchio_side(model: Model, ours: Side, states: States) -> Side:
    import pinocchio as pin

    from vgps.bench.pinocchio_robot import pinocchio_robot

    peer = pinocchio_robot(model.robot)
    data = peer.model.createData()
    inputs = _pinocchio_inputs(peer, states)
    ours.work(1)
    a_z = np.empty_like(states.a_z)
    grid = np.ix_(peer.order, peer.order)
    for n, (q, v, tau) in enumerate(inputs):
        a_q, a_v, M_inverse = pin.computeABADerivatives(peer.model, data, q, v, tau)
        a_u = M_inverse[np.ix_(peer.order, peer.actuated)]
        a_z[n] = np.hstack([a_q[grid], a_v[grid], a_u])
    nq, nx = model.nq, model.nx
    for what, part in (("q", slice(0, nq)), ("v", slice(nq, nx)), ("u", slice(nx, None))):
        require_close(f"da/d{what}", states.a_z[:, :, part], a_z[:, :, part], TOLERANCE)

    trivial = pin.Model()
    joint = trivial.addJoint(0, pin.JointModelRZ(), pin.SE3.Identity(), "turn")
    trivial.appendBodyToJoint(joint, pin.Inertia.Random(), pin.SE3.Identity())
    copies = a_q.copy, a_v.copy, M_inverse.copy

    def call_and_copy(*arguments: Any) -> None:
        pin.computeABADerivatives(*arguments)
        for copy in copies:
            copy()

    zeros = [(np.zeros(1), np.zeros(1), np.zeros(1))] * states.number
    return Side(
        _loop(pin.computeABADerivatives, peer.model, inputs),
        units=states.number,
        overhead=_loop(call_and_copy, trivial, zeros),
    )


def _pinocchio_inputs(peer: "PinocchioRobot", states: States) -> list[tuple[Array, ...]]:
    """q, v and the generalised forces of each state, in Pinocchio's order of coordinates."""
    q, v, tau = np.zeros_like(states.q), np.zeros_like(states.v), np.zeros_like(states.v)
    q[:, peer.order], v[:, peer.order], tau[:, peer.actuated] = states.q, states.v, states.u
    return [(q[n].copy(), v[n].copy(), tau[n].copy()) for n in range(states.number)]


def _loop(
    function: Callable[..., object], model: Any, inputs: Sequence[tuple[Array, ...]]
) -> Callable[[int], None]:
    """Pinocchio's ``function`` at all inputs, to be repeated so many times."""
    data = model.createData()

    def run(repeats: int) -> None:
        for _ in repeat(None, repeats):
            for q, v, tau in inputs:
                function(model, data, q, v, tau)

    return run
