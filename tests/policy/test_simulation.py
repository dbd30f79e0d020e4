"""An endless rollout: without disturbances the rollout of the policy, with them what each says."""

import numpy as np
import pytest
import yaml
from imitation import random_policy

from vgps.codegen.description.robot import load
from vgps.codegen.folders import PACKAGE
from vgps.policy.disturbance import process_noise
from vgps.policy.gaussian import Policy
from vgps.policy.observation import observation_of
from vgps.policy.rollouts import initial_states, run_policy_from
from vgps.policy.simulation import PULL, Simulation

CARTPOLE = PACKAGE / "tests" / "robots" / "cartpole.yaml"


def mild_policy(model, rng):
    observed = np.array(model.robot.observed_indices)
    policy = random_policy(rng, len(observed), 3, model.nu, observed)
    return policy.with_theta(0.1 * policy.theta)


def simulated(model, policy, seed=0):
    return Simulation(model, policy, np.random.default_rng(seed))


def follow(simulation, steps):
    X, U, c = [simulation.x], [], []
    for _ in range(steps):
        simulation.advance()
        X.append(simulation.x)
        U.append(simulation.u)
        c.append(simulation.cost)
    return np.array(X), np.array(U), np.array(c)


def clocked(build_text):
    data = yaml.safe_load(CARTPOLE.read_text(encoding="utf-8"))
    data["task"]["observe"] = ["hinge.q", "hinge.v", "sin(3*t)"]
    model = build_text(yaml.safe_dump(data))
    policy = random_policy(np.random.default_rng(3), n_in=3, nu=model.nu)
    return model, Policy(
        *(getattr(policy, name) for name in ("observed", "W1", "b1", "W2", "b2", "log_sigma")),
        expressions=observation_of(model),
    )


@pytest.mark.parametrize("robot", ["swimmer", "cartpole", "clocked"])
def test_undisturbed_it_is_the_rollout_of_the_policy(request, build_text, rng, robot):
    if robot == "clocked":
        model, policy = clocked(build_text)
    else:
        model = request.getfixturevalue(robot)
        policy = mild_policy(model, rng)
    T = 40
    X, U, c = follow(simulated(model, policy), T)
    np.testing.assert_array_equal(X[0], initial_states(model, 1, np.random.default_rng(0))[0])
    np.testing.assert_array_equal(X, model.rollout(X[0], U))
    wanted = [policy.mean(x, t * model.dt) for t, x in enumerate(X[:-1])]
    np.testing.assert_array_equal(U, np.clip(wanted, *model.limits))
    # The cost of the last step has no final cost in it.
    np.testing.assert_allclose(c, model.cost(X[:-1], U), rtol=1e-12)
    many = run_policy_from(model, policy, X[:1], np.zeros((1, T, model.nu)))
    np.testing.assert_allclose(many.X[0], X, rtol=1e-6, atol=1e-8)


def test_actions_keep_their_limits(compiled, rng):
    model = compiled(load("reacher"))
    policy = mild_policy(model, rng)
    strong = policy.with_theta(100 * policy.theta)
    _, U, _ = follow(simulated(model, strong), 50)
    assert np.abs(U).max() == pytest.approx(0.2)


def test_the_policy_acts_with_its_noise_while_that_is_on(swimmer, rng):
    policy = mild_policy(swimmer, rng)
    simulation = simulated(swimmer, policy)
    simulation.noisy = True
    X, U, _ = follow(simulation, 3000)
    z = (U - policy.mean(X[:-1])) / policy.sigma
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert z.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * z.size))
    simulation.noisy = False
    X, U, _ = follow(simulation, 5)
    np.testing.assert_allclose(U, policy.mean(X[:-1]), rtol=1e-12)


@pytest.mark.parametrize(
    "noise", [{"q": 0.01, "v": 0.1}, {"force": {"x": 30, "neck": 2}, "bandwidth": 4}]
)
def test_process_noise_is_that_of_rollouts(compiled, rng, noise):
    """With the same draws, one kind of noise at a time."""
    model = compiled(load("swimmer", {"task.process_noise": yaml.safe_dump(noise)}))
    policy, T = mild_policy(model, rng), 12
    simulation = simulated(model, policy)
    simulation.disturbed = True
    X, _, _ = follow(simulation, T)
    same = np.random.default_rng(0)
    x0 = initial_states(model, 1, same)
    disturbance = process_noise(model, 1, T, same)
    many = run_policy_from(model, policy, x0, np.zeros((1, T, 2)), disturbance)
    np.testing.assert_allclose(X, many.X[0], rtol=1e-7, atol=1e-9)
    assert np.abs(X - model.rollout(X[0], np.zeros((T, 2)))).max() > 1e-3


def test_random_pushes_act_as_well(compiled, rng):
    pushes = "[{point: neck, impulse: 40, every: 0.02}]"
    model = compiled(load("swimmer", {"task.process_noise": "{}", "task.disturbances": pushes}))
    simulation = simulated(model, mild_policy(model, rng))
    simulation.advance()
    undisturbed = model.step(simulation.x, simulation.policy.mean(simulation.x))
    simulation.disturbed = True
    simulation.advance()
    jump = simulation.x - undisturbed
    assert np.abs(jump[model.nq :]).max() > 1e-3 and not jump[: model.nq].any()


def test_a_hand_pulls_by_its_spring(swimmer, rng):
    """The momentum of a robot that otherwise nothing acts on is what the hand has given."""
    model = swimmer
    simulation = simulated(model, mild_policy(model, rng))
    simulation.x = rng.standard_normal(model.nx)
    x = simulation.x
    q = x[: model.nq]
    start = model.points(q)["waist"]
    simulation.pull(start)
    simulation.pull(start + [0.0, 0.4])
    simulation.advance()
    v = simulation.before[model.nq :]
    J = simulation.hand.grip.jacobian(model, q)
    p = model.mass_matrix(q) @ (v - x[model.nq :])
    np.testing.assert_allclose(p, J.T @ simulation.impulse, atol=1e-9)
    k = PULL * sum(link.mass for link in model.robot.links)
    later = simulation.hand.grip.place(model, q) + model.dt * J @ v
    np.testing.assert_allclose(
        simulation.impulse, k * model.dt * (simulation.hand.place - later), atol=1e-9
    )
    np.testing.assert_array_equal(
        simulation.x, model.step(simulation.before, simulation.policy.mean(simulation.before))
    )
    simulation.release()
    before = simulation.x
    simulation.advance()
    np.testing.assert_array_equal(simulation.before, before)
    assert not simulation.impulse.any()


def test_a_target_goes_where_it_is_put(compiled, rng):
    model = compiled(load("reacher"))
    simulation = simulated(model, mild_policy(model, rng))
    assert simulation.targets_seen() == [True]
    simulation.move_target(0, np.array([-0.1, 0.05]))
    simulation.advance()
    np.testing.assert_array_equal(simulation.x[2:4], [-0.1, 0.05])
    np.testing.assert_array_equal(
        simulation.u, np.clip(simulation.policy.mean(simulation.before), *model.limits)
    )


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"task.observe": "{q: [shoulder, elbow], v: [shoulder, elbow]}"}, [False]),
        (
            {
                "task.observe": "[tip.x - goal.x, tip.y, shoulder.v, elbow.v]",
                "targets": "[{name: goal, at: [0.1, 0.1]}, {name: gate, at: [0.2, 0]}]",
            },
            [True, False],
        ),
    ],
)
def test_a_target_that_the_policy_does_not_see(compiled, rng, changes, seen):
    model = compiled(load("reacher", changes))
    policy = mild_policy(model, rng)
    if model.robot.task.expressions:
        policy = Policy(
            policy.observed, *(policy.W1, policy.b1, policy.W2, policy.b2, policy.log_sigma),
            expressions=observation_of(model),
        )  # fmt: skip
    assert simulated(model, policy).targets_seen() == seen


def test_a_reset_begins_anew_at_each_initial_state_in_turn(compiled, rng):
    places = "[{q: {neck: -0.5}}, {q: {neck: 0.5}, spread: {q: 0.01}}]"
    model = compiled(load("swimmer", {"task.initial": places}))
    simulation = simulated(model, mild_policy(model, rng))
    necks = []
    for _ in range(4):
        simulation.pull(np.zeros(2))
        follow(simulation, 3)
        simulation.reset()
        assert simulation.t == 0 and simulation.hand is None
        necks.append(simulation.x[3])
    assert necks[1] == necks[3] == -0.5
    assert necks[0] != necks[2] and abs(np.array(necks[::2]) - 0.5).max() < 0.06


def test_what_diverges_is_named(cartpole, rng):
    simulation = simulated(cartpole, mild_policy(cartpole, rng))
    simulation.x = simulation.x.copy()
    simulation.x[-1] = 1e200
    with pytest.raises(FloatingPointError, match=r"^\w+\.[qv] is \S+ after 0\.\d\d s"):
        follow(simulation, 50)
    simulation.reset()
    follow(simulation, 3)


def test_ground_that_cannot_be_raised(swimmer, rng):
    with pytest.raises(ValueError, match="the ground of swimmer cannot be raised"):
        simulated(swimmer, mild_policy(swimmer, rng)).raise_ground(1.0, 0.1)
