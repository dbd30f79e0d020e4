"""Process noise: its moments, its spectrum, and what it does to a robot."""

import numpy as np
import pytest
from imitation import random_policy

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError
from vgps.policy.disturbance import disturb, process_noise, undisturbed
from vgps.policy.rollouts import run_policy, run_policy_from

GUSTS = "{force: {x: 30, y: 10, neck: 2}, bandwidth: 4}"
FORCE = np.array([30.0, 10.0, 0.0, 2.0, 0.0])
CORRELATION = np.exp(-2 * np.pi * 4 * 0.02)  # from step to step


@pytest.fixture
def gusty(compiled):
    return compiled(load("swimmer", {"task.process_noise": GUSTS}))


def some_policy(model, rng):
    observed = np.array(model.robot.observed_indices)
    return random_policy(rng, len(observed), 3, model.nu, observed)


def test_rollouts_have_the_same_bits_on_any_number_of_cores(gusty, rng, monkeypatch):
    """Also where states and noise of fewer rollouts are taken again."""
    R, T, policy = 37, 12, some_policy(gusty, rng)
    thetas = policy.theta + 0.1 * rng.standard_normal((R, policy.theta.size))
    x0, noise = rng.standard_normal((5, gusty.nx)), rng.standard_normal((7, T, gusty.nu))
    drawn = x0, noise, process_noise(gusty, 11, T, rng), thetas
    found = []
    for number in "123":
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        found.append(run_policy_from(gusty, policy, *drawn))
    for one in found[1:]:
        for alone, shared in zip(found[0], one, strict=True):
            np.testing.assert_array_equal(shared, alone)


def test_jumps_have_the_declared_covariance(swimmer, rng):
    jumps, impulses, pushes = process_noise(swimmer, 100, 200, rng)
    assert impulses.size == pushes.size == 0
    flat = jumps.reshape(-1, swimmer.nx)
    expected = np.diag(np.square([0.0005] * 5 + [0.03] * 5))
    deviation = np.sqrt(np.outer(*2 * [np.diag(expected)]))
    assert (abs(flat.T @ flat / len(flat) - expected) < 5 * deviation / np.sqrt(1e4)).all()
    np.testing.assert_allclose(swimmer.marginal_covariances[0], expected)


def test_forces_have_the_declared_deviation_and_bandwidth(gusty, rng):
    """At any step, the first included, and from each to the next."""
    R = 20_000
    jumps, impulses, pushes = process_noise(gusty, R, 20, rng)
    assert jumps.size == pushes.size == 0
    forces = impulses / gusty.dt
    for t in (0, 19):
        np.testing.assert_allclose(forces[:, t].std(axis=0), FORCE, rtol=5 / np.sqrt(2 * R))
    now, later = forces[:, 7, FORCE > 0] / FORCE[FORCE > 0], forces[:, 10, FORCE > 0]
    correlation = (now * later / FORCE[FORCE > 0]).mean(axis=0)
    np.testing.assert_allclose(correlation, CORRELATION**3, atol=5 / np.sqrt(R))


def test_forces_without_a_bandwidth_forget_at_once(compiled, rng):
    model = compiled(load("swimmer", {"task.process_noise": "{force: 3}"}))
    impulses = process_noise(model, 5000, 3, rng).impulses
    covariance = (impulses[:, 0] * impulses[:, 1]).mean(axis=0)
    assert (abs(covariance) < 5 * (3 * model.dt) ** 2 / np.sqrt(5000)).all()


def test_a_rollout_under_noise_equals_a_plain_loop(compiled, rng):
    """Step, then the jump of the velocity by M^-1 f dt at the new posture, then that of the state."""
    both = "{q: 0.01, v: 0.1, force: {x: 30, neck: 2}, bandwidth: 4}"
    model = compiled(load("swimmer", {"task.process_noise": both}))
    policy = some_policy(model, rng)
    R, T = 11, 6
    noise, disturbance = rng.standard_normal((R, T, 2)), process_noise(model, R, T, rng)
    x0 = model.x0 + 0.1 * rng.standard_normal((R, model.nx))
    runs = run_policy_from(model, policy, x0, noise, disturbance)
    for r in range(R):
        x = x0[r]
        for t in range(T):
            x = model.step(x, policy.mean(x) + noise[r, t])
            M = model.mass_matrix(x[: model.nq])
            x[model.nq :] += np.linalg.solve(M, disturbance.impulses[r, t])
            x += disturbance.jumps[r, t]
            np.testing.assert_allclose(runs.X[r, t + 1], x, rtol=1e-9, atol=1e-9)


PUSHES = "[{point: neck, impulse: 40, every: 0.1}, {point: com, impulse: 5, every: 0.01}]"


@pytest.fixture(params=["{v: 0.01, force: {x: 3}}", "{}"], ids=["and noise", "alone"])
def pushed(request, compiled):
    """A swimmer that is pushed every few steps, and at every step."""
    noise = request.param
    return compiled(load("swimmer", {"task.process_noise": noise, "task.disturbances": PUSHES}))


def test_pushes_come_as_often_and_as_strong_as_declared(pushed, rng):
    R, T = 500, 40
    pushes = process_noise(pushed, R, T, rng).pushes
    happened = (pushes != 0).mean(axis=(0, 1))
    assert abs(happened[0] - 0.2) < 5 * np.sqrt(0.2 * 0.8 / R / T) and happened[1] == 1.0
    assert (abs(pushes).max(axis=(0, 1)) <= [40, 5]).all()
    strength = pushes[:, :, 1].ravel() / 5
    assert abs(strength.mean()) < 5 / np.sqrt(3 * R * T)
    np.testing.assert_allclose(strength.var(), 1 / 3, rtol=0.05)


def test_a_rollout_under_pushes_equals_a_plain_loop(pushed, rng):
    """In the kernel, and in the loop of a controller that asks for one step after the other."""
    model = pushed
    policy = some_policy(model, rng)
    R, T = 11, 6
    noise, disturbance = np.zeros((R, T, 2)), process_noise(model, R, T, rng)
    x0 = model.x0 + 0.1 * rng.standard_normal((R, model.nx))
    runs = run_policy_from(model, policy, x0, noise, disturbance)
    for t in range(T):
        x = model.steps(runs.X[:, t], policy.mean(runs.X[:, t]))
        plain = x.copy()
        disturb(model, disturbance, t, x)
        np.testing.assert_allclose(runs.X[:, t + 1], x, rtol=1e-9, atol=1e-9)
        for r in range(R):
            q = plain[r, :5]
            p = disturbance.impulses[r, t] if disturbance.impulses.size else np.zeros(5)
            for push, name in zip(disturbance.pushes[r, t], ("neck", "com"), strict=True):
                p = p + model.point_jacobians(q)[name].T @ [push, 0.0]
            plain[r, 5:] += np.linalg.solve(model.mass_matrix(q), p)
        if disturbance.jumps.size:
            plain += disturbance.jumps[:, t]
        np.testing.assert_allclose(x, plain, rtol=1e-9, atol=1e-9)


def test_a_push_of_what_does_not_exist_is_refused():
    with pytest.raises(RobotFileError, match="unknown point 'nek'; did you mean 'neck'"):
        load("swimmer", {"task.disturbances": "[{point: nek, impulse: 1, every: 1}]"})


def test_each_rollout_may_have_its_own_weights(swimmer, rng):
    """And shares its start and noise with those that come as many later as there are of these."""
    policies = [some_policy(swimmer, rng) for _ in range(10)]
    x0, noise = swimmer.x0 + 0.1 * rng.standard_normal((5, swimmer.nx)), rng.normal(size=(5, 8, 2))
    disturbance = process_noise(swimmer, 5, 8, rng)
    thetas = np.stack([policy.theta for policy in policies])
    runs = run_policy_from(swimmer, policies[0], x0, noise, disturbance, thetas)
    for r, policy in enumerate(policies):
        one = slice(r % 5, r % 5 + 1)
        own = type(disturbance)(*(part[one] for part in disturbance))
        alone = run_policy_from(swimmer, policy, x0[one], noise[one], own)
        np.testing.assert_array_equal(runs.X[r], alone.X[0])
        np.testing.assert_array_equal(runs.c[r], alone.c[0])


def test_the_same_generator_starts_alike_with_and_without_noise(swimmer, rng):
    policy = some_policy(swimmer, rng)
    runs = [
        run_policy(swimmer, policy, 3, 5, np.random.default_rng(1), stochastic, disturbed)
        for stochastic in (True, False)
        for disturbed in (True, False)
    ]
    for other in runs[1:]:
        np.testing.assert_array_equal(other.X[:, 0], runs[0].X[:, 0])
        assert (other.X[:, 2] != runs[0].X[:, 2]).any()


def test_marginals_take_a_force_as_white_noise_of_the_same_diffusion(gusty, rng):
    """Long sums of the velocity's jumps at the initial posture spread as Sigma_f says."""
    R, T = 4000, 400
    dv = gusty.velocity_jumps(
        np.tile(gusty.x0[:5], (R, 1)), process_noise(gusty, R, T, rng).impulses.sum(axis=1)
    )
    spread, expected = dv.T @ dv / R / T, gusty.marginal_covariances[0][5:, 5:]
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert abs((spread - expected) / scale).max() < 0.15
    assert not gusty.marginal_covariances[0][:5].any()


def test_training_may_have_marginals_of_its_own(compiled):
    model = compiled(load("swimmer", {"training.marginals": "{q: {x: 0.1}, v: 0.2}"}))
    expected = np.diag(np.square([0.1, 0, 0, 0, 0] + [0.2] * 5))
    np.testing.assert_allclose(model.marginal_covariances[0], expected)


def test_undisturbed_has_no_entries():
    assert all(part.shape == (3, 4, 0) for part in undisturbed(3, 4))
