"""Pushes against momentum, against a motor that does the same, and where the outcome is known."""

import numpy as np
import pytest
import yaml
from imitation import random_policy

from vgps.codegen.description.robot import load
from vgps.codegen.folders import MODELS, PACKAGE
from vgps.policy import push
from vgps.policy.gaussian import Policy

CARTPOLE = PACKAGE / "tests" / "robots" / "cartpole.yaml"

# Slides without friction at 1 m/s, seen every 0.05 s.
BLOCK = """\
name: block
base: fixed
links: [{name: block, mass: 20}]
joints: [{name: rail, type: prismatic, parent: world, child: block, actuated: true}]
task:
  dt: 0.05
  horizon: 10
  cost: rail.q**2
  success: SUCCESS
  initial: {v: {rail: 1}}
"""
CONDITION = (
    "max(block.x) < {below} and min(block.x) > {above} and abs(final(block.vx) - 2) > {apart}"
)
ANYTHING = {"below": 1e9, "above": -1e9, "apart": -1}


@pytest.fixture(scope="module")
def sliding(build_text):
    """The block with bounds in its condition, which shape no library."""

    def bounded(**bounds):
        return build_text(BLOCK.replace("SUCCESS", CONDITION.format(**ANYTHING | bounds)))

    return bounded


@pytest.fixture(scope="module")
def always(sliding):
    """The block whose condition always holds."""
    return sliding()


@pytest.fixture
def vacuum_swimmer(build_text):
    """Nothing from outside acts on it."""
    data = yaml.safe_load((MODELS / "swimmer.yaml").read_text(encoding="utf-8"))
    for part in data["links"] + data["joints"]:
        for key in ("drag", "limits", "limit_stiffness", "limit_softness"):
            part.pop(key, None)
    return build_text(yaml.safe_dump(data))


def constant_policy(*u):
    """The same action everywhere."""
    nu = len(u)
    return Policy([0], np.zeros((1, 1)), np.zeros(1), np.zeros((nu, 1)), np.array(u), np.zeros(nu))


def momentum(model, x):
    """Total mass times the velocity (2,) of the centre of mass, from differences of its place."""
    q, v, h = x[: model.nq], x[model.nq :], 1e-4
    after, before = (model.points(q + sign * h * v)["com"] for sign in (1, -1))
    return sum(link.mass for link in model.robot.links) * (after - before) / (2 * h)


@pytest.mark.parametrize("point", ["head.start", "waist", "tail.end", "com"])
def test_a_push_adds_its_impulse_to_the_momentum(vacuum_swimmer, rng, point):
    """Whatever the joints do meanwhile."""
    model, impulse = vacuum_swimmer, np.array([7.0, -2.0])
    policy = random_policy(rng, nu=2, observed=np.array([3, 4, 8, 9]))
    starts = model.x0 + 0.5 * rng.standard_normal((3, model.nx))
    X, U = push.pushed(model, policy, starts, point, impulse, steps=10, recovery=5)
    assert np.abs(U).max() > 0.5
    for x, start in zip(X, starts, strict=True):
        # the integrator keeps momentum to fourth order only
        expected = momentum(model, start) + impulse
        np.testing.assert_allclose(momentum(model, x[-1]), expected, atol=2e-5)


def test_a_kick_adds_its_impulse_at_once(vacuum_swimmer, rng):
    model, impulse = vacuum_swimmer, np.array([7.0, -2.0])
    q, v = rng.standard_normal((2, model.nq))
    for point in model.points(q):
        dv = push.kick(model, q, point, impulse)
        gained = momentum(model, np.r_[q, v + dv]) - momentum(model, np.r_[q, v])
        np.testing.assert_allclose(gained, impulse, atol=1e-6)


def test_no_push_is_the_plain_rollout(vacuum_swimmer, rng):
    policy = random_policy(rng, nu=2, observed=np.array([3, 4, 8, 9]))
    starts = 0.5 * rng.standard_normal((2, vacuum_swimmer.nx))
    X, U = push.pushed(vacuum_swimmer, policy, starts, "com", np.zeros(2), steps=3, recovery=9)
    plain = push.run_policy_from(vacuum_swimmer, policy, starts, np.zeros((2, 12, 2)))
    np.testing.assert_array_equal(X, plain.X)
    np.testing.assert_array_equal(U, plain.U)


def test_a_push_is_its_force_to_first_order_in_dt(compiled):
    """The rail's motor pushes the cart as well: 0.2 s of 5 N from either."""
    errors = []
    for dt in (0.02, 0.01):
        model = compiled(load(CARTPOLE, {"task.dt": dt}))
        steps = round(0.2 / dt)
        by_motor = model.rollout(model.x0, np.full((steps, 1), 5.0))[-1]
        impulse = np.array([5.0 * 0.2, 0.0])
        X, _ = push.pushed(
            model, constant_policy(0.0), model.x0[None], "cart.start", impulse, steps, recovery=0
        )
        errors.append(np.abs(X[0, -1] - by_motor))  # (nx,)
    assert errors[0].max() < 0.1
    np.testing.assert_allclose(errors[0] / errors[1], 2.0, rtol=0.05)


def test_a_block_on_a_rail(sliding):
    """Against its place by hand.

    At instant t the block is at t, and after an impulse I in two kicks, 101 steps later, at

    t + 5.05 + I/(2 m) (101 + 100) 0.05 = t + 5.05 + 0.25125 I,     t in 2.0 .. 2.8.
    """
    model = sliding(below=8.5, above=0)
    survived = push.survived_pushes(model, constant_policy(0.0), "block.start", 0.1)
    assert survived["forward"] == (2.0, 5.0)
    assert survived["backward"] == (28.0, 31.0)


def test_a_policy_that_fails_unpushed(sliding):
    """Unpushed the block comes to t + 5.05: below 7.5 from the first three instants only."""
    model = sliding(below=7.5)
    survived = push.survived_pushes(model, constant_policy(0.0), "block.start", 0.1)
    assert np.isnan(survived["forward"].worst) and survived["forward"].best == 1.0
    survived = push.survived_pushes(sliding(below=7), constant_policy(0.0), "block.start", 0.1)
    assert np.isnan([*survived["forward"], *survived["backward"]]).all()


def test_a_larger_impulse_does_not_make_up_for_a_smaller(sliding):
    """The speed ends at 1 + I/20: 15 to 25 N·s are fatal, more is not; the answer is 14 N·s."""
    model = sliding(apart=0.29)
    survived = push.survived_pushes(model, constant_policy(0.0), "block.start", 0.1)
    assert survived["forward"] == (14.0, 14.0)


def test_the_search_ends_where_nothing_is_fatal(always, monkeypatch):
    monkeypatch.setattr(push, "LARGEST_IMPULSE", 3.0)
    survived = push.survived_pushes(always, constant_policy(0.0), "block.start", 0.1)
    assert survived == {"forward": (3.0, 3.0), "backward": (3.0, 3.0)}


def test_what_is_not_finite_is_not_survived(always):
    """Success would hold: only the state tells."""
    survived = push.survived_pushes(always, constant_policy(1e308), "block.start", 0.1)
    assert np.isnan([*survived["forward"], *survived["backward"]]).all()


@pytest.mark.parametrize("duration", [0.0, -0.1, 0.07, 0.04, np.nan, np.inf])
def test_a_duration_that_is_no_multiple_of_dt(always, duration):
    with pytest.raises(push.PushError, match=r"whole number of control steps of 0\.05 s, found"):
        push.survived_pushes(always, constant_policy(0.0), "block.start", duration)


def test_a_pushed_rollout_is_the_walk_then_the_push_then_the_rest(sliding):
    """A block that slides without friction: its speed is 1 m/s, and 3 m/s after 40 N·s on 20 kg."""
    model = sliding()
    policy = Policy(np.arange(2), np.zeros((1, 2)), [0.0], [[0.0]], [0.0], [0.0])
    X = push.pushed_rollout(model, policy, 40, push.Pushing("com", 40.0, 0.2, 1.0))
    t = 0.05 * np.arange(41)
    assert X.shape == (41, 2)
    np.testing.assert_allclose(X[t < 0.99, 1], 1.0, atol=1e-12)
    np.testing.assert_allclose(X[t > 1.16, 1], 3.0, atol=1e-12)
    np.testing.assert_allclose(X[-1, 0] - X[24, 0], 3.0 * 0.05 * 16, atol=1e-12)
    backwards = push.pushed_rollout(model, policy, 40, push.Pushing("com", -40.0, 0.2, 0.0))
    np.testing.assert_allclose(backwards[5:, 1], -1.0, atol=1e-12)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("bolck.end", 1.0, 0.1, 1.0), "has no point 'bolck.end'; did you mean 'block.end'"),
        (("com", 1.0, 0.12, 1.0), "a whole number of control steps of 0.05 s, found 0.12 s"),
        (("com", 1.0, 0.1, 1.95), "must begin between 0 and 1.9 s, found 1.95 s"),
        (("com", 1.0, 0.1, -0.1), "must begin between 0 and 1.9 s, found -0.1 s"),
    ],
)
def test_a_push_that_a_rollout_cannot_have(always, given, sentence):
    policy = Policy(np.arange(2), np.zeros((1, 2)), [0.0], [[0.0]], [0.0], [0.0])
    with pytest.raises(push.PushError, match=sentence):
        push.pushed_rollout(always, policy, 40, push.Pushing(*given))
