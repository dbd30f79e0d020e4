"""Contact and the implicit step: the law, its cone, rest, falls, derivatives, order of accuracy."""

import math
from functools import cache
from itertools import pairwise

import ground_twin as ground
import numpy as np
import planar_twin as twin
import pytest
import yaml
from arm import ARM
from closeness import assert_close, differences
from ground_robots import BALL, FOOT, WALKER, walker_data
from mujoco_reference import Reference
from scipy.linalg import solve_discrete_are
from scipy.optimize import least_squares
from trees import random_state, robot_of
from virtual import Virtual

from vgps.codegen.errors import RobotFileError

SLOPE, WAVES = "steep*x - 0.02", "0.05*sin(4*x) + 0.1*x"
PROFILES = {
    "0": ground.level,
    SLOPE: lambda x: (0.3 * x - 0.02, 0.3),
    WAVES: lambda x: (0.05 * math.sin(4 * x) + 0.1 * x, 0.2 * math.cos(4 * x) + 0.1),
}


@pytest.fixture(scope="module")
def build_data(compiled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("contact")
    return lambda data: compiled(robot_of(data, folder))


@pytest.fixture(scope="module")
def foot(build_data):
    """The foot on ground of a given height."""
    return cache(
        lambda height: build_data(yaml.safe_load(FOOT.replace("height: 0", f"height: {height}")))
    )


@pytest.fixture(scope="module")
def walker(build_data):
    """The walker with a given number of substeps."""
    by_substeps = cache(lambda substeps: build_data(walker_data(substeps=substeps)))
    return lambda substeps=4: by_substeps(substeps)


def near_ground(model, rng, profile=ground.level):
    """A random state whose lowest contact point lies within 3 cm of the ground."""
    q, v, u = random_state(model.robot, rng)
    q[1] -= lowest(model, q, profile)
    q[1] += rng.uniform(-0.03, 0.03)
    return q, v, u


def lowest(model, q, profile=ground.level) -> float:
    """Height in m of the lowest contact point over the ground."""
    points = model.points(q)
    heights = (points[p.name] for p in model.robot.contact_points)
    return min(position[1] - profile(position[0])[0] for position in heights)


# The law


@pytest.mark.parametrize("height", PROFILES)
def test_forces_on_the_foot_follow_the_law(foot, height):
    """Forces at points and their generalised force, against the law in plain NumPy."""
    _assert_law(foot(height), PROFILES[height])


def test_forces_on_the_walker_follow_the_law(walker):
    _assert_law(walker())


def _assert_law(model, profile=ground.level):
    robot, rng = model.robot, np.random.default_rng(0)
    touched = 0
    for _ in range(50):
        q, v, _ = near_ground(model, rng, profile)
        ours, theirs = model.contact_forces(q, v), ground.forces(robot, q, v, profile)
        assert list(ours) == list(theirs)
        largest = max(np.abs(f).max() for f in theirs.values())
        for name, force in theirs.items():
            assert_close(ours[name], force, 1e-11, scale=largest)
        expected = ground.contact_force(robot, q, v, profile) + twin.joint_force(robot, q, v)
        assert_close(model.passive_force(q, v), expected, 1e-11)
        touched += largest > 10.0
    assert touched > 25


@pytest.mark.parametrize("height", PROFILES)
def test_forces_push_and_stay_in_the_friction_cone(foot, height):
    """f_n >= 0 and |f_t| <= mu f_n, at slow and at violent velocities."""
    _assert_cone(foot(height), PROFILES[height])


def test_forces_on_the_walker_push_and_stay_in_the_friction_cone(walker):
    _assert_cone(walker())


def _assert_cone(model, profile=ground.level):
    robot, rng = model.robot, np.random.default_rng(1)
    closest = 0.0
    for _ in range(300):
        q, v, _ = near_ground(model, rng, profile)
        v *= 10.0 ** rng.uniform(-3, 2)
        positions = twin.points(robot, q, v)
        for name, force in model.contact_forces(q, v).items():
            _, n, t = ground.frame(profile, positions[name][0])
            f_n, f_t = n @ force, abs(t @ force)
            assert f_n >= 0
            # A steep normal turns f_n into the world's frame and back: two roundings of |f|.
            assert f_t <= robot.ground.friction * f_n + 1e-14 * np.abs(force).max()
            if f_n > 1.0:
                closest = max(closest, f_t / (robot.ground.friction * f_n))
    assert closest > 0.99  # the test reaches the cone's surface


@pytest.mark.parametrize("height", PROFILES)
def test_forces_are_continuous_through_touch_down(foot, height):
    """The spring's slope is at most k, the damping doubles it, friction adds mu of it."""
    model, profile = foot(height), PROFILES[height]
    robot, rng = model.robot, np.random.default_rng(2)
    step = 1e-5  # m
    for _ in range(3):
        q, v, _ = near_ground(model, rng, profile)
        q[1] -= lowest(model, q, profile) + 0.05
        forces = []
        for _ in range(10000):  # from 5 cm below the ground to 5 cm over it
            q[1] += step
            forces.append(np.concatenate(list(model.contact_forces(q, v).values())))
        jumps = np.abs(np.diff(forces, axis=0)).max()
        steepest = 2 * robot.ground.stiffness * (1 + robot.ground.friction) * step
        assert 0.01 * steepest < jumps <= steepest
        assert np.abs(forces[-1]).max() < 0.05 * np.abs(forces[0]).max()


def test_x_of_a_profile_is_the_place_even_where_a_parameter_has_its_name(load_text):
    text = FOOT.replace("steep: 0.3", "x: 7.0").replace("height: 0", "height: 0.3*x - 0.02")
    functions = Virtual(load_text(text))
    q, v = np.array([0.2, 0.07, 0.3, -0.1]), np.array([0.1, -0.3, 0.2, 0.5])
    expected = ground.contact_force(functions.robot, q, v, PROFILES[SLOPE])
    expected += twin.joint_force(functions.robot, q, v)
    assert_close(functions.passive_force(q, v), expected, 1e-11)


# The implicit step


@pytest.mark.parametrize("height", PROFILES)
def test_a_step_solves_for_the_new_velocity(foot, height):
    """(M + h D) v+ = M v + h (B u + spring - bias), q+ = q + h v+, four times, in plain NumPy."""
    model, profile = foot(height), PROFILES[height]
    robot, rng = model.robot, np.random.default_rng(3)
    h = robot.task.dt / robot.task.substeps
    for _ in range(10):
        q, v, u = near_ground(model, rng, profile)
        x = np.concatenate([q, v])
        torque = np.zeros(robot.nv)
        torque[[robot.q_names.index(name) for name in robot.u_names]] = u
        for _ in range(robot.task.substeps):
            M, bias = model.mass_matrix(q), model.bias_force(q, v)
            spring, D = ground.spring_and_damping(robot, q, v, profile)
            v = np.linalg.solve(M + h * D, M @ v + h * (torque + spring - bias))
            q = q + h * v
        assert_close(model.step(x, u), np.concatenate([q, v]), 1e-10)


TOUCH_DOWN = (0.05, 0.015, 0.002, 0.0, -0.002, -0.015)  # m, of the lowest point over the ground


@pytest.mark.parametrize("gap", TOUCH_DOWN)
def test_linearize_differentiates_a_step_through_touch_down_of_the_walker(walker, gap):
    """f_x and f_u against differences, falling with 1 m/s before, at and after contact."""
    model = walker()
    q, v = np.split(model.x0.copy(), 2)
    q[1] += gap - lowest(model, q)
    v[1] -= 1.0
    _assert_differentiates(model, q, v, np.linspace(-50, 50, model.nu))


@pytest.mark.parametrize("gap", TOUCH_DOWN)
@pytest.mark.parametrize("height", PROFILES)
def test_linearize_differentiates_a_step_through_touch_down_of_the_foot(foot, height, gap):
    model, rng = foot(height), np.random.default_rng(4)
    q, v, u = random_state(model.robot, rng)
    q[1] += gap - lowest(model, q, PROFILES[height])
    _assert_differentiates(model, q, v, u)


def _assert_differentiates(model, q, v, u):
    x = np.concatenate([q, v])
    f_x, f_u = model.linearize(x[None], u[None])
    numerical = differences(
        lambda z: model.step(z[: model.nx], z[model.nx :]),
        np.concatenate([x, u]),
        4e-4,  # a twentieth of the softness of the ground, over which the force bends
    )
    assert_close(np.concatenate([f_x[0], f_u[0]], axis=1), numerical, 1e-10)


# Rest


def test_a_ball_at_rest_sinks_until_the_spring_bears_it(build_data):
    """k s log(1 + exp(-phi / s)) = m g, and no force along the ground."""
    model = build_data(yaml.safe_load(BALL))
    spring, weight = model.robot.ground, 3.0 * model.robot.gravity
    k, s = spring.stiffness, spring.softness
    x = model.rollout(np.array([0, 0.3, 0, 0, 0.5, 0, 0, 0]), np.zeros((500, 1)))[-1]
    q, v = np.split(x, 2)
    assert_close(q[1], -s * np.log(np.expm1(weight / (k * s))), 1e-6)
    assert np.abs(v).max() < 1e-6
    assert_close(model.contact_forces(q, v)["centre"], [0, weight], 1e-6)


def test_a_ball_on_a_slope_creeps_until_friction_bears_it(build_data):
    """mu v_t / sqrt(v_t^2 + v_s^2) = tan(slope) at the creep's constant speed."""
    data = yaml.safe_load(BALL)
    data["ground"]["height"] = "0.3*x"
    model = build_data(data)
    floor, weight = model.robot.ground, 3.0 * model.robot.gravity
    x = model.rollout(np.array([0, 0.02, 0, 0, 0, 0, 0, 0]), np.zeros((500, 1)))[-1]
    q, v = np.split(x, 2)
    speed = floor.friction_speed * 0.3 / math.sqrt(floor.friction**2 - 0.3**2)
    assert_close(v[:2], -speed * np.array([1, 0.3]) / math.hypot(1, 0.3), 1e-6)
    assert_close(model.contact_forces(q, v)["centre"], [0, weight], 1e-6)


@pytest.fixture(scope="module")
def posture(walker):
    """A standing state, the torques that bear it, and feedback (nu, nx) that holds it.

    Fixed joint gains cannot: held over a control period, those that bear the weight shake the
    light feet.  So the gains are those of the linear-quadratic regulator of the step.
    """
    model = walker()

    def state(z):
        height, hip, ankle = z[:3]
        return np.array([0, height, 0, *[hip, -0.2, ankle] * 2, *[0.0] * 9])

    def acceleration(z):
        return model.acceleration(*np.split(state(z), 2), np.tile(z[3:], 2))

    z = least_squares(acceleration, [0.92, 0.1, 0.1, 0, 0, 0], xtol=1e-15, ftol=1e-15).x
    x, u = state(z), np.tile(z[3:], 2)
    assert np.abs(acceleration(z)).max() < 1e-9
    f_x, f_u = model.linearize(x[None], u[None])
    A, B, R = f_x[0, 1:, 1:], f_u[0, 1:], 1e-5 * np.eye(6)  # x is left free: the ground is level
    P = solve_discrete_are(A, B, np.eye(17), R)
    K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
    return x, u, np.column_stack([np.zeros(6), K])


def hold(model, posture, x, steps):
    """States (steps + 1, nx) from x under the posture's torques."""
    target, torque, K = posture
    X = [x]
    for _ in range(steps):
        X.append(model.step(X[-1], torque - K @ (X[-1] - target)))
    return np.array(X)


def test_the_standing_walker_weighs_on_the_ground_and_hardly_sinks(walker, posture):
    """After a push of its torso: reactions sum to (0, m g) to 0.1 %, less than 15 mm deep."""
    model = walker()
    x = posture[0].copy()
    x[11] += 0.2  # rad/s
    X = hold(model, posture, x, 1500)
    assert np.abs(X[:, 1] - posture[0][1]).max() > 1e-4  # the push was felt
    q, v = np.split(X[-1], 2)
    assert np.abs(v).max() < 1e-5
    weight = model.robot.gravity * sum(link.mass for link in model.robot.links)
    reaction = sum(model.contact_forces(q, v).values())
    assert_close(reaction, [0, weight], 1e-3)
    assert 0.0 < -lowest(model, q) < 0.015


def test_halving_the_substep_halves_the_error_of_a_standing_start(walker, posture):
    """Differences over 1 s between 4, 8 and 16 substeps, with the torques of the feedback."""
    x = posture[0].copy()
    x[11] += 0.2  # rad/s
    Q = [hold(walker(substeps), posture, x, 100)[:, :9] for substeps in (4, 8, 16)]
    coarse, fine = (np.abs(a - b).max() for a, b in pairwise(Q))
    assert coarse < 0.003  # m or rad
    assert 1.8 < coarse / fine < 2.2


# Falls

PEAK = 0.25  # m: a head, 70 kg behind it, at 5 m/s would compress the spring by v sqrt(m / k)
REST = 0.035  # m: all 883 N on one point of 3e4 N/m would sink by 29 mm


def test_dropped_walkers_gain_no_energy_and_come_to_rest_on_the_ground(walker):
    """Over 200 falls.

    Kinetic + gravitational + elastic energy never passes its initial value, and within a step rises
    by no more than m g^2 h dt / 2.

    The velocity is taken first, so free flight loses m g^2 h / 2 of energy a second instead of
    gaining it, and damping implicit in the velocity only takes.  What can rise is the error of the
    turning limbs, of the same first order in h; the damping of the joints all but covers it.
    """
    model, rng = walker(), np.random.default_rng(5)
    robot = model.robot
    mass, h = sum(link.mass for link in robot.links), model.dt / robot.task.substeps
    still = np.zeros((400, model.nu))
    deepest = deepest_end = 0.0
    for _ in range(200):
        X = model.rollout(_random_fall(model, rng), still)  # raises where a state is not finite
        plain = np.array([model.energy(*np.split(x, 2)) for x in X])
        elastic = np.array([ground.elastic_energy(robot, x[:9]) for x in X[:60]])
        # The twin's elastic energy is slow and never negative, so later states do without it.
        assert plain.max() <= plain[0] + elastic[0]
        E = plain[:60] + elastic
        assert E.max() <= E[0]
        assert np.diff(E).max() <= 0.5 * mass * robot.gravity**2 * h * model.dt
        deepest = min(deepest, *(lowest(model, x[:9]) for x in X[:200:4]))
        deepest_end = min(deepest_end, lowest(model, X[-1][:9]))
    assert -PEAK < deepest < -0.02
    assert -REST < deepest_end < 0.0


def _random_fall(model, rng):
    """Any orientation and joint angles, up to 1 m over the ground, spinning and drifting."""
    robot = model.robot
    q, v = np.zeros(model.nq), np.zeros(model.nv)
    q[2] = rng.uniform(-math.pi, math.pi)
    q[3:] = [rng.uniform(*joint.limits) for joint in robot.free_joints]
    q[1] = rng.uniform(0, 1) - lowest(model, q)
    v[0], v[2] = rng.uniform(-2, 2), rng.uniform(-3, 3)
    return np.concatenate([q, v])


def test_elastic_energy_is_the_potential_of_the_springs(walker):
    """Its gradient is the passive force at rest: what the fall's balance rests on."""
    model, rng = walker(), np.random.default_rng(6)
    for _ in range(5):
        q, _, _ = near_ground(model, rng)
        gradient = differences(lambda q: ground.elastic_energy(model.robot, q), q, 4e-4)
        assert_close(-gradient, model.passive_force(q, np.zeros(9)), 1e-8)


def test_free_flight_keeps_its_shifted_energy(build_data):
    """E - m g h v / 2 is constant: the velocity is taken first, by steps of h."""
    model = build_data(yaml.safe_load(BALL))
    h, weight = model.dt / model.robot.task.substeps, 3.0 * model.robot.gravity
    X = model.rollout(np.array([0, 5.0, 0, 0, 1.0, 3.0, 2.0, 0]), np.zeros((90, 1)))
    E = np.array([model.energy(x[:4], x[4:]) - weight * h * x[5] / 2 for x in X])
    assert X[:, 1].min() > 1 and np.ptp(X[:, 5]) > 5
    assert_close(E, np.full_like(E, E[0]), 1e-6)  # the softplus of the ground reaches everywhere


# The implicit step without ground


def damped_arm(load_text, damping, **task):
    data = yaml.safe_load(ARM) | {"gravity": 9.81}
    for joint in data["joints"]:
        joint["damping"] = damping
    for link in data["links"]:
        link["drag"] = {"normal": 3.0, "tangential": 0.3}
    data["task"] |= task
    return load_text(yaml.safe_dump(data, sort_keys=False))


def test_the_implicit_step_converges_to_runge_kutta_in_first_order(compiled, load_text):
    """Halving the substep halves the distance from a fine Runge-Kutta trajectory."""
    x0, U = np.array([0.3, 0.5, 1.0, -2.0]), np.full((60, 2), 3.0)
    exact = compiled(damped_arm(load_text, 0.4, substeps=20)).rollout(x0, U)
    errors = []
    for substeps in (8, 16, 32):
        robot = damped_arm(load_text, 0.4, integrator="implicit", substeps=substeps)
        errors.append(np.abs(compiled(robot).rollout(x0, U) - exact).max())
    assert errors[0] < 0.06  # rad or rad/s
    assert all(1.8 < a / b < 2.2 for a, b in pairwise(errors))


def test_the_implicit_step_bears_damping_that_explicit_steps_do_not(compiled, load_text):
    """At 1e5 N m s/rad Runge-Kutta explodes; the implicit arm creeps with the torque over d."""
    x0, U = np.array([0.3, 0.5, 1.0, -2.0]), np.full((60, 2), 3.0)
    with pytest.raises(FloatingPointError, match="no longer finite"):
        compiled(damped_arm(load_text, 1e5)).rollout(x0, U)
    model = compiled(damped_arm(load_text, 1e5, integrator="implicit"))
    X = model.rollout(x0, U)
    assert np.abs(X[1:, 2:]).max() < 1e-3
    q, v = np.split(X[-1], 2)
    bias = model.bias_force(q, np.zeros(2))
    limits = model.passive_force(q, np.zeros(2))
    assert_close(v, (U[-1] - bias + limits) / 1e5, 1e-3)


def test_the_walker_off_the_ground_moves_as_in_mujoco(tmp_path):
    """M, bias, v' and energy of the seven links without ground and joint limits."""
    data = walker_data(ground=False)
    for joint in data["joints"]:  # MuJoCo's limits are of another kind
        del joint["limits"], joint["limit_stiffness"]
    functions = Virtual(robot_of(data, tmp_path))
    reference, rng = Reference(functions.robot), np.random.default_rng(7)
    for _ in range(10):
        q, v, u = random_state(functions.robot, rng)
        reference.forward(q, v, 20 * u)
        M = reference.mass_matrix
        scale = np.sqrt(np.outer(np.diag(M), np.diag(M)))
        assert_close(functions.mass_matrix(q) / scale, M / scale, 1e-9)
        assert_close(functions.bias_force(q, v), reference.bias_force, 1e-9)
        assert_close(functions.acceleration(q, v, 20 * u), reference.acceleration, 1e-9)
        assert_close(functions.energy(q, v), [reference.energy], 1e-9)


# Mistakes in the description: text of the file, its replacement, the place (after ^), the sentence

FOOT_MISTAKES = [
    (
        FOOT[FOOT.index("ground:") : FOOT.index("task:")],
        "",
        "at: [-0.1, -0.02], contact: ^true",
        "a contact point needs the key 'ground' of the robot",
    ),
    (", contact: true", "", "ground:\n  ^height", "the ground needs a point with 'contact: true'"),
    (
        "integrator: implicit",
        "integrator: rk4",
        "task:\n  ^dt",
        "contact needs 'integrator: implicit'",
    ),
    ("  integrator: implicit\n", "", "task:\n  ^dt", "contact needs 'integrator: implicit'"),
    (
        "integrator: implicit",
        "integrator: implict",
        "integrator: ^implict",
        "task.integrator must be 'rk4' or 'implicit', found 'implict'; did you mean 'implicit'",
    ),
    (
        "height: 0",
        "height: stepp*x",
        "height: ^stepp",
        "ground.height cannot be used: unknown name 'stepp'; did you mean 'steep'",
    ),
    ("height: 0", "height: 0.1*knee.x", "height: 0.1*^knee.x", "unknown name 'knee.x'"),
    ("height: 0", "height: x > 1", "height: ^x > 1", "must be a number, not a condition"),
    ("height: 0", "height: true", "height: ^true", "ground.height"),
    ("stiffness: 2e4", "stiffness: 0", "stiffness: ^0\n", "must be positive"),
    ("friction: 0.7", "friction: -0.7", "friction: ^-0.7", "must not be negative"),
    (
        "  friction_speed: 0.15\n",
        "",
        "ground:\n  ^height",
        "ground lacks the key 'friction_speed'",
    ),
    ("softness: 0.01", "softnes: 0.01", "^softnes", "did you mean 'softness'"),
    (
        "at: [0.2, -0.03], contact: true",
        "at: [0.2, -0.03], contact: 1",
        "contact: ^1}",
        "must be true or false",
    ),
]

TEXT = WALKER.read_text()
WALKER_MISTAKES = [
    (
        "torso: torso\n",
        "torso: torsoo\n",
        "torso: ^torsoo",
        "unknown link 'torsoo'; did you mean 'torso'",
    ),
    (
        "left: {hip: hip_l",
        "left: {hip: hip_m",
        "left: {hip: ^hip_m",
        "no actuated revolute joint is called 'hip_m'; did you mean 'hip_",
    ),
    (
        "knee: knee_r, ankle",
        "knee: shank_r, ankle",
        "knee: ^shank_r, ankle",
        "no actuated revolute joint is called 'shank_r'",
    ),
    (
        "foot: [heel_r, toe_r]",
        "foot: [heel_r, toe_rr]",
        "foot: [heel_r, ^toe_rr]",
        "no contact point is called 'toe_rr'; did you mean 'toe_r'",
    ),
    (
        "right: {hip: hip_r",
        "right: {hip: hip_l",
        "right: {hip: ^hip_l",
        "'hip_l' already plays another part in the gait",
    ),
    (
        "foot: [heel_r, toe_r]",
        "foot: [heel_r, toe_l]",
        "foot: [heel_r, ^toe_l]",
        "'toe_l' already plays another part in the gait",
    ),
    (
        "start: {gait: true}",
        "start: {gait: true, noise: 3}",
        "noise: ^3",
        "a start is either 'gait' or 'noise', not both",
    ),
    ("foot: [heel_r, toe_r]", "foot: []", "foot: ^[]", "must be a list of points"),
    (
        TEXT[TEXT.index("gait:  ") : TEXT.index("task:\n")],
        "",
        "start: {gait: ^true}",
        "there is no 'gait' to start from",
    ),
    (
        "tail: 250 ",
        "tail: 500 ",
        "tail: ^500",
        "training.tail must be less than the horizon of 500",
    ),
    ("knee: [300, 10], ankle", "kneee: [300, 10], ankle", "^kneee", "did you mean 'knee'"),
]


@pytest.mark.parametrize(
    ("text", "old", "new", "marked", "part"),
    [(FOOT, *case) for case in FOOT_MISTAKES] + [(TEXT, *case) for case in WALKER_MISTAKES],
    ids=[case[3] for case in FOOT_MISTAKES + WALKER_MISTAKES],
)
def test_mistakes_in_ground_and_gait(load_text, text, old, new, marked, part):
    """One sentence with the line and column of the mistake, and the nearest name."""
    assert old in text
    spoilt = text.replace(old, new)
    before, _, after = marked.partition("^")
    assert spoilt.count(before + after) == 1
    start = spoilt.index(before + after) + len(before)
    with pytest.raises(RobotFileError) as caught:
        load_text(spoilt)
    error = caught.value
    assert part in error.message
    assert error.line == spoilt.count("\n", 0, start) + 1
    assert error.column == start - spoilt.rfind("\n", 0, start)


def test_a_gait_needs_ground(load_text):
    data = walker_data(ground=False) | {"gait": yaml.safe_load(TEXT)["gait"]}
    with pytest.raises(RobotFileError, match="a gait needs the key 'ground' of the robot"):
        load_text(yaml.safe_dump(data, sort_keys=False))


def test_the_robots_of_these_tests_are_valid(load_text):
    for text in (FOOT, BALL, TEXT):
        load_text(text)
