"""What the starts of an optimisation are made of, against plain loops over the model."""

import numpy as np
import pytest

from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.starts import FIRST_PLAN, HOLD, HORIZONS, NEXT_PLAN, SMOOTH, WHITE, all_starts

ARM = """\
name: arm
base: fixed
links:
  - {name: upper, mass: 2.0, length: 0.5}
  - {name: lower, mass: 1.0, length: 0.4}
joints:
  - {name: shoulder, parent: world, child: upper, actuated: true}
  - {name: elbow, parent: upper, child: lower, actuated: true, torque_limit: LIMIT}
task:
  dt: 0.02
  horizon: 40
  cost: 1e-3*sum(u**2) + shoulder.q**2
  success: final(shoulder.q) < 1
  initial: {q: {shoulder: 0.3, elbow: 0.2}}
"""


def made(model, x0, T, kind, rng):
    return [start.actions() for start in all_starts(model, x0, T, rng) if start.kind == kind]


def test_rest_carries_the_weight_where_the_actions_can(build_text, rng):
    arm = build_text(ARM.replace("LIMIT", "100"))
    (U,) = made(arm, arm.x0, 40, "rest", rng)
    still = arm.acceleration(arm.x0[:2], np.zeros(2), U[0])
    assert np.abs(still).max() < 1e-12
    assert (U == U[0]).all()


def test_rest_and_hold_reckon_with_what_actions_do_once_lags_are_over(build_text, rng):
    """The same actions as without, and the same feedback, which is deaf to what lags."""
    text = ARM.replace("LIMIT", "100")
    servo = "actuators: [{name: servo, joint: shoulder, kp: 30, gear: 2, lag: 0}]\n"
    plain = build_text(text + servo)
    arm = build_text(ARM.replace("LIMIT", "100, lag: 0.1") + servo.replace("lag: 0", "lag: 0.03"))
    x0 = np.concatenate([plain.x0[:2], [0, 0], plain.x0[2:], [0, 0]])
    assert made(arm, x0, 40, "rest", rng)[0] == pytest.approx(
        made(plain, plain.x0, 40, "rest", rng)[0], abs=1e-9
    )
    for K, lagging_K in zip(
        *(
            [s.actions.args[4] for s in all_starts(m, x, 40, rng) if s.kind == "hold"]
            for m, x in ((plain, plain.x0), (arm, x0))
        ),
        strict=True,
    ):
        assert lagging_K[:, [0, 1, 4, 5]] == pytest.approx(K, rel=1e-9)
        assert np.abs(lagging_K[:, [2, 3, 6, 7]]).max() < 1e-9 * np.abs(K).max()


def test_rest_keeps_within_the_limits(build_text, rng):
    arm = build_text(ARM.replace("LIMIT", "1"))
    assert made(arm, arm.x0, 40, "rest", rng)[0][0, 1] == 1.0


def test_an_action_that_cannot_carry_the_weight_does_nothing(cartpole, rng):
    leaning = np.array([0.0, 0.2, 0.0, 0.0])
    assert np.abs(made(cartpole, leaning, 10, "rest", rng)[0]).max() < 1e-12


def test_noise_has_the_size_of_limits_or_else_of_the_weight(build_text, rng):
    arm = build_text(ARM.replace("LIMIT", "3"))
    T = 4000
    weight = np.abs(arm.bias_force(arm.x0[:2], np.zeros(2))).max()
    noisy = made(arm, arm.x0, T, "noise", rng)
    rest = made(arm, arm.x0, T, "rest", rng)[0]
    for U, share in zip(noisy, np.repeat(WHITE + SMOOTH, len(noisy) // 6), strict=True):
        sizes = (U - rest).std(axis=0) / np.array([weight, 3.0])
        # Along a line between two knots the variance is two thirds of theirs, on average.
        expected = share * (np.sqrt(2.0 / 3.0) if smooth(U - rest) else 1.0)
        assert sizes == pytest.approx(np.full(2, expected), rel=0.25)


def smooth(noise):
    """Whether most steps go on as the one before."""
    return np.median(np.abs(np.diff(noise, n=2, axis=0))) < 1e-12


def test_weightless_robots_have_a_scale_too(swimmer, rng):
    for U in made(swimmer, swimmer.x0, 50, "noise", rng):
        assert (np.abs(U).max(axis=0) > 0.1).all()


def test_hold_is_feedback_on_the_posture(cartpole, rng):
    """The cart is pulled back to where it is at first; nothing acts on the pole."""
    T, x0 = 30, np.array([0.5, 0.1, 0.4, -0.2])
    limit = cartpole.limits[1, 0]
    held = made(cartpole, x0, T, "hold", rng)
    assert len(held) == len(HOLD)
    for U, (reach, damping) in zip(held, HOLD, strict=True):
        x = x0
        for t in range(T):
            u = -limit / reach * (x[0] - x0[0] + damping * x[2])
            assert U[t] == pytest.approx([np.clip(u, -limit, limit)], abs=1e-9)
            x = cartpole.step(x, U[t])


def test_receding_does_a_quarter_of_each_plan(cartpole):
    """The longest plans, against a plain loop."""
    T, x0 = 24, np.array([0.3, 0.1, 0.0, 0.0])
    U = made(cartpole, x0, T, "receding", np.random.default_rng(5))[-1]
    h, rng = T // HORIZONS[-1], np.random.default_rng(5)
    noise = [start for start in all_starts(cartpole, x0, T, rng) if start.kind == "receding"]
    unplanned = noise[-1].actions.args[2]
    x, plan, done = x0, unplanned[:h], h // 4
    for t in range(0, T, done):
        iterations = NEXT_PLAN if t else FIRST_PLAN
        found = ilqr(cartpole, task_objective(cartpole, h), x, plan, Settings(iterations))
        assert U[t : t + done] == pytest.approx(found.U[:done], abs=1e-9)
        x = found.X[done]
        plan = np.concatenate([found.U[done:], unplanned[t + h : t + h + done]])


def test_the_same_generator_makes_the_same_starts(cartpole):
    x0 = cartpole.x0
    first, second = (
        [start.actions() for start in all_starts(cartpole, x0, 20, np.random.default_rng(1))]
        for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        assert one.shape == (20, 1) and np.array_equal(one, other)
