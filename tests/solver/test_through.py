"""Actions through keyframes, against linear least squares and on motions that need momentum."""

import numpy as np
import pytest

from vgps.codegen.description.robot import Keyframe
from vgps.solver.optimize import optimize
from vgps.solver.starts import all_starts
from vgps.solver.through import MISSES, REACHED, targets_of, through

PENDULUM = """\
name: pendulum
base: fixed
links: [{name: rod, mass: 1, length: 1, direction: -pi/2}]
joints:
  - {name: hinge, parent: world, child: rod, damping: 0.02, actuated: true, torque_limit: LIMIT}
task:
  dt: 0.05
  horizon: 80
  cost: 1e-3*sum(u**2) + (hinge.q - pi)**2 + 0.01*hinge.v**2
  success: final(hinge.v) < 100
  start:
    through:
      - {t: 0.8, q: {hinge: -0.8}}
      - {t: 2.4, q: {hinge: pi}}
      - {t: 4, q: {hinge: pi}}
"""
# A body on a leg that pushes against the ground.
JUMPER = """\
name: jumper
base: floating
links:
  - {name: body, mass: 4, inertia: 0.1}
  - {name: foot, mass: 1, inertia: 0.01}
joints:
  - {name: leg, type: prismatic, axis: -pi/2, parent: body, child: foot, at: [0, 0],
     limits: [0.2, 0.6], limit_stiffness: 1e4, damping: 5, actuated: true, torque_limit: 300}
points:
  - {name: heel, link: foot, at: [-0.1, 0], contact: true}
  - {name: toe, link: foot, at: [0.1, 0], contact: true}
ground: {height: 0, stiffness: 2e4, softness: 0.01, damping_speed: 1, friction: 1, friction_speed: 0.2}
task:
  dt: 0.01
  horizon: 60
  substeps: 2
  integrator: implicit
  cost: 1e-4*sum(u**2) + (body.y - 0.4)**2
  success: max(body.y) > 0.8
  initial: {q: {y: 0.4, leg: 0.4}}
  start: {through: [{t: 0.4, q: {y: 0.9, angle: 0}}]}
"""


@pytest.fixture(scope="module")
def pendulum(build_text):
    """Its motor holds it 0.95 rad from where it hangs, and no further."""
    return build_text(PENDULUM.replace("LIMIT", "4"))


def start_of(model):
    (start,) = [
        start
        for start in all_starts(model, model.x0, model.robot.task.horizon, np.random.default_rng(0))
        if start.kind == "through"
    ]
    return start


def misses(model, U):
    """How far the rollout of U stays from each keyframe, rad or m."""
    X = model.rollout(model.x0, U)
    return np.array(
        [
            abs(X[round(keyframe.t / model.dt), model.q_names.index(name)] - value)
            for keyframe in model.robot.task.keyframes
            for name, value in keyframe.q.items()
        ]
    )


def test_of_a_linear_robot_they_solve_least_squares(springs, rng):
    """Misses and efforts are linear in the actions: one dense system, the last step's included."""
    T, x0 = 20, rng.standard_normal(4)
    keyframes = [
        Keyframe.model_validate(one, context={})
        for one in (
            {"t": 0.7, "q": {"right": 0.4}},
            {"t": 1.2, "q": {"left": -0.3, "right": 0.1}},
            {"t": 2.0, "q": {"left": 0.5}},
        )
    ]
    rest, scale = np.array([0.3, -0.2]), np.array([2.0, 0.5])
    U = through(springs, x0, keyframes, rest, scale, [np.zeros((T, 2))])

    still = springs.rollout(x0, np.zeros((T, 2)))
    responses = np.array([springs.rollout(x0, u) - still for u in np.eye(2 * T).reshape(-1, T, 2)])
    rows, right = [], []
    for keyframe in keyframes:
        for name, value in keyframe.q.items():
            t, i = round(keyframe.t / 0.1), springs.q_names.index(name)
            rows.append(responses[:, t, i] / MISSES[-1])
            right.append((value - still[t, i]) / MISSES[-1])
    efforts = np.diag(np.tile(1.0 / (np.sqrt(T + 1) * scale), T))
    A = np.vstack([rows, efforts])
    b = np.concatenate([right, efforts @ np.tile(rest, T)])
    np.testing.assert_allclose(U.ravel(), np.linalg.lstsq(A, b)[0], atol=1e-6)


def test_a_weak_pendulum_pumps_through_them(pendulum):
    U = start_of(pendulum).actions()
    assert U.shape == (80, 1) and np.abs(U).max() <= 4.0
    assert misses(pendulum, U).max() < 0.1


def test_it_jumps_through_one(build_text):
    """The legs reach 0.6 m: the body is higher only in flight."""
    jumper = build_text(JUMPER)
    U = start_of(jumper).actions()
    assert misses(jumper, U).max() < 0.05
    X = jumper.rollout(jumper.x0, U)
    feet = [jumper.points(x[: jumper.nq])["heel"][1] for x in X]
    assert max(feet) > 0.2


def test_the_trajectory_begins_with_them(pendulum):
    found = optimize(pendulum)
    assert found.start == "through (0.8 s, 2.4 s, 4 s)"
    assert abs(found.X[-1, 0] - np.pi) < 0.2
    again = optimize(pendulum)
    np.testing.assert_array_equal(found.U, again.U)


def test_what_is_missed_is_said(build_text, caplog):
    """This motor is too weak to get there in time, whatever is tried."""
    weak = build_text(PENDULUM.replace("LIMIT", "0.1"))
    U = start_of(weak).actions()
    assert misses(weak, U).max() > REACHED and np.isfinite(U).all()
    (record,) = caplog.records
    said = record.getMessage()
    assert said.startswith("the start, through 3 keyframes, misses hinge.q at ")


def test_those_beyond_the_horizon_do_not_count(pendulum):
    keyframes, nothing = pendulum.robot.task.keyframes, [np.zeros((10, 1))]
    assert not through(pendulum, pendulum.x0, keyframes, np.zeros(1), np.ones(1), nothing).any()


def test_keyframes_a_step_apart_count_at_steps_of_their_own(springs):
    """Their times lie in the middle of steps, which rounding to even would throw together."""
    halves = [
        Keyframe.model_validate({"t": 0.1 * (step + 0.5), "q": {"left": step}}, context={})
        for step in range(1, 20)
    ]
    targets = targets_of(springs, halves, 20)
    assert targets.named[:, 0].sum() == 19 and not targets.named[:, 1:].any()
    assert set(targets.X[:, 0]) == set(range(20))


def test_only_a_robot_with_keyframes_has_this_start(cartpole):
    kinds = {
        start.kind for start in all_starts(cartpole, cartpole.x0, 10, np.random.default_rng(0))
    }
    assert "through" not in kinds


def test_diverging_everywhere_is_the_first_fault(springs):
    keyframe = Keyframe.model_validate({"t": 1, "q": {"left": 1}}, context={})
    hopeless = [np.full((20, 2), 1e308), np.full((20, 2), -1e308)]
    with pytest.raises(FloatingPointError, match="not finite at step 0"):
        through(springs, springs.x0, [keyframe], np.zeros(2), np.ones(2), hopeless)
