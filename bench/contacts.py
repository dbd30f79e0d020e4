"""The walker on its feet, against MuJoCo: Jacobians of a step, and rollouts.

Both sides start from states of the demonstrated walk of the walker's own file, under its torques.
MuJoCo has its own contact law, at the same points, and takes one implicit step where ours takes
several substeps, which favours MuJoCo; ours also has joint limits.  Two contact laws never give the
same numbers, so what is checked is the robot without ground and joint limits, but with springs and
damping: there one step of both sides is the same function.
"""

import numpy as np
from numpy.typing import NDArray

from vgps.bench.accelerations import has_function
from vgps.bench.agreement import require_close
from vgps.bench.kernels import all_rollouts, each_linearization, each_rollout
from vgps.bench.robots import bare_data, compiled, file_data, robot_of, whole
from vgps.bench.rounds import Benchmark, Disagreement, Peer, Side
from vgps.codegen.model import Model
from vgps.solver.walking import walk

Array = NDArray[np.float64]
ROLLOUTS, STEPS = 64, 100
FEW = 5  # steps of a rollout that are compared
SPACING = 4  # steps of the demonstration between the starts of two rollouts
NUDGE = 1e-6  # of MuJoCo's forward differences, its own default
STEP_TOLERANCE, JACOBIAN_TOLERANCE = 1e-10, 1e-4  # of the largest entry; differences are inexact


def linearization_benchmark() -> Benchmark:
    """A step with its Jacobians f_x and f_u at each state of a walk, s/step."""
    model = whole("walker")
    T = ROLLOUTS * SPACING
    X, U = walk(model, model.x0, T)
    f_x, f_u = np.empty((T, model.nx, model.nx)), np.empty((T, model.nx, model.nu))
    address = model.address("linearize")
    ours = Side(lambda n: each_linearization(address, n, X, U, f_x, f_u), units=T)
    peer = Peer("MuJoCo mjd_transitionFD", ("mujoco",), lambda: _transition_side(model, X[:-1], U))
    return Benchmark("walker: step with Jacobians, in contact", "s/step", ours, peer)


def rollout_benchmark() -> Benchmark:
    """Many rollouts on one core, s/step; the inverse is the steps per second of a core."""
    model = whole("walker")
    demonstration = walk(model, model.x0, ROLLOUTS * SPACING + STEPS)
    starts = SPACING * np.arange(ROLLOUTS)
    x0 = demonstration.X[starts]
    U = np.array([demonstration.U[start : start + STEPS] for start in starts])
    X = np.full((ROLLOUTS, STEPS + 1, model.nx), np.nan)
    in_batch = has_function(model, "rollouts")
    address = model.address("rollouts" if in_batch else "rollout")
    loop = all_rollouts if in_batch else each_rollout
    ours = Side(lambda n: loop(address, n, x0, U, X), units=ROLLOUTS * STEPS)
    peer = Peer("mujoco.rollout", ("mujoco",), lambda: _rollout_side(model, ours, x0, U, X))
    how = f"batch of {ROLLOUTS}" if in_batch else "one after another"
    return Benchmark(f"walker: rollouts in contact, {how}", "s/step", ours, peer)


def flight() -> Model:
    """The walker with springs and damping, without ground, limits and substeps."""
    data = bare_data("walker", integrator="implicit", substeps=1)
    for joint, whole_joint in zip(data["joints"], file_data("walker")["joints"], strict=True):
        joint |= {key: whole_joint[key] for key in ("stiffness", "damping")}
    return compiled(robot_of(data, "walker_bench_springs"))


def require_same_flight(model: Model) -> None:
    """Require that MuJoCo steps ``model``, which has no contact, as we do.

    Raises:
        Disagreement: where a step or its Jacobians differ.
    """
    rng = np.random.default_rng(0)
    X = model.x0 + 0.1 * rng.normal(size=(5, model.nx))
    U = 20.0 * rng.normal(size=(5, model.nu))
    f_x, f_u = model.linearize(X, U)
    peer = _Transition(model)
    theirs = [peer.at(x, u) for x, u in zip(X, U, strict=True)]
    steps, A, B = (np.array(part) for part in zip(*theirs, strict=True))
    ours = [model.step(x, u) for x, u in zip(X, U, strict=True)]
    require_close("a step in flight", ours, steps, STEP_TOLERANCE)
    require_close("f_x in flight", f_x, A, JACOBIAN_TOLERANCE)
    require_close("f_u in flight", f_u, B, JACOBIAN_TOLERANCE)


class _Transition:
    """MuJoCo's step and its finite differences, at one state after another."""

    def __init__(self, model: Model) -> None:
        import mujoco

        from vgps.bench.mujoco_robot import mujoco_model

        self.mujoco, self.model = mujoco, mujoco_model(model.robot)
        self.data, self.nq = mujoco.MjData(self.model), model.nq
        self.A, self.B = np.empty((model.nx, model.nx)), np.empty((model.nx, model.nu))

    def differentiate(self, x: Array, u: Array) -> None:
        """Fill A and B at x (nx,), u (nu,)."""
        data = self.data
        data.qpos[:], data.qvel[:], data.ctrl[:] = x[: self.nq], x[self.nq :], u
        self.mujoco.mjd_transitionFD(self.model, data, NUDGE, False, self.A, self.B, None, None)

    def at(self, x: Array, u: Array) -> tuple[Array, Array, Array]:
        """The next state (nx,), A (nx, nx) and B (nx, nu)."""
        self.differentiate(x, u)
        self.mujoco.mj_step(self.model, self.data)
        return np.concatenate([self.data.qpos, self.data.qvel]), self.A.copy(), self.B.copy()


def _transition_side(model: Model, X: Array, U: Array) -> Side:
    peer = _Transition(model)
    require_same_flight(flight())

    def run(repeats: int) -> None:
        for _ in range(repeats):
            for x, u in zip(X, U, strict=True):
                peer.differentiate(x, u)

    return Side(run, units=len(U))


def _rollout_side(model: Model, ours: Side, x0: Array, U: Array, X: Array) -> Side:
    """MuJoCo's rollouts from x0 (R, nx) under U (R, T, nu); ours fill X (R, T+1, nx)."""
    import mujoco
    from mujoco import rollout

    from vgps.bench.mujoco_robot import mujoco_model

    require_same_flight(flight())
    peer = mujoco_model(model.robot)
    data = mujoco.MjData(peer)
    full = mujoco.mj_stateSize(peer, mujoco.mjtState.mjSTATE_FULLPHYSICS)
    start = np.zeros((len(x0), full))
    start[:, full - model.nx :] = x0  # after the time
    states = np.empty((len(x0), U.shape[1], full))

    def run(repeats: int) -> None:
        for _ in range(repeats):
            rollout.rollout(peer, data, start, U, state=states)

    ours.work(1)
    # Rounding errors grow from step to step, so only the first steps can be compared.
    first = [model.rollout(start, actions[:FEW]) for start, actions in zip(x0, U, strict=True)]
    require_close("our rollout", X[:, : FEW + 1], first, STEP_TOLERANCE)
    run(1)
    if not np.isfinite(states).all():
        raise Disagreement("its rollouts in contact do not stay finite")
    return Side(run, units=U.shape[0] * U.shape[1])
