"""Large robots: systems, bodies and costs in loops, against straight-line code of the same robots."""

import numpy as np
import pytest
import yaml
from closeness import assert_close, differences
from trees import robot_of

STEPS = 11  # no multiple of any number of lanes

# A branch, a link that is welded on, one on the world, arms across the links, and a cost of all.
BUSH = """\
name: bush
gravity: 7
links:
  - {name: trunk, mass: 2, length: 0.6, direction: 1.2}
  - {name: left, mass: 1, length: 0.4, com: [0.1, 0.05]}
  - {name: right, mass: 0.8, length: 0.5, inertia: 0.03}
  - {name: leaf, mass: 0.3, length: 0.2}
  - {name: twig, mass: 0.5, length: 0.3, drag: {normal: 2, tangential: 1}}
joints:
  - {name: fork, parent: trunk, child: right, at: [0.3, 0.5], actuated: true, stiffness: 3}
  - {name: tip, parent: left, child: twig, at: [0.4, -0.1], actuated: true, damping: 0.2}
  - {name: stem, type: fixed, parent: left, child: leaf, at: [0.2, 0.1]}
  - {name: bend, parent: trunk, child: left, at: [0.2, 0.5], actuated: true,
     limits: [-1, 1], limit_stiffness: 9}
points:
  - {name: bud, link: leaf, at: [0.2, 0.02]}
task:
  dt: 0.02
  horizon: 5
  cost: 0.1*sum(u)*com.vx + (bud.x - 1)**2*(1 + twig.omega**2) + cos(fork.q) + t*tip.v + fork.u**2
  final_cost: (bud.y - 1)**2*cos(bend.q) + com.vx**2
  success: final(com.x) > 0
"""


def bush(base, armature=0.0, **task):
    """The bush, which floats or grows from the world, where another piece is welded on, too."""
    data = yaml.safe_load(BUSH)
    data["base"] = base
    data["joints"][1]["armature"] = armature
    if base == "fixed":
        data["links"].append({"name": "stone", "mass": 5.0, "length": 0.4, "direction": 0.4})
        data["joints"] += [
            {"name": "rock", "type": "fixed", "parent": "world", "child": "stone"},
            {"name": "root", "parent": "stone", "child": "trunk", "at": [0.3, 0.2]},
        ]
    data["task"] |= task
    return data


def undamped(**task):
    """The bush without what damps it, and an action that is followed with a lag."""
    data = bush("floating", **task)
    del data["joints"][1]["damping"], data["links"][4]["drag"]
    data["joints"][0]["lag"] = 0.05
    return data


KINDS = {
    "foot": None,  # implicit steps, and the ground
    "cartpole": None,  # a joint slides: its mass is not in loops
    "floating": bush("floating"),
    "fixed": bush("fixed", substeps=2),
    # Mass that is not the bodies', and implicit steps without a ground.
    "geared": bush("fixed", armature=0.1, integrator="implicit", substeps=3),
    "lagging": undamped(integrator="implicit"),  # where only what lags is damped
}


@pytest.fixture(scope="module", params=KINDS)
def both(request, compiled, built_as_large, tmp_path_factory):
    """A robot as it is, and as it would be built if it were large."""
    data = KINDS[request.param]
    if data is not None:
        plain = compiled(robot_of(data, tmp_path_factory.mktemp("bush")))
    else:
        named = request.getfixturevalue(request.param)
        plain = named("0") if request.param == "foot" else named
    large = built_as_large(plain.robot)
    assert ("mass_rest" in large.manifest["operations"]) == (request.param != "cartpole")
    assert "acceleration_force" in large.manifest["operations"]
    assert "acceleration_force" not in plain.manifest["operations"]
    return plain, large


@pytest.fixture
def states(both):
    """A trajectory's worth of states and actions."""
    model, rng = both[0], np.random.default_rng(0)
    X = model.x0 + 0.3 * rng.standard_normal((STEPS, model.nx))
    return X, 3.0 * rng.standard_normal((STEPS, model.nu))


def test_a_large_robot_moves_like_a_small_one(both, states):
    plain, large = both
    for x, u in zip(*states, strict=True):
        q, v = np.split(x, 2)
        assert_close(large.mass_matrix(q), plain.mass_matrix(q))
        assert_close(large.bias_force(q, v), plain.bias_force(q, v), 1e-12, 10.0)
        assert_close(large.energy(q, v), plain.energy(q, v), 1e-12, 10.0)
        assert_close(large.acceleration(q, v, u), plain.acceleration(q, v, u), 1e-11)
        assert_close(large.step(x, u), plain.step(x, u))
        assert_close(plain.velocity_jump(q, v), np.linalg.solve(plain.mass_matrix(q), v), 1e-11)
        assert_close(large.velocity_jump(q, v), plain.velocity_jump(q, v), 1e-11)
        if plain.robot.task.integrator == "rk4":
            mine, other = (m.acceleration_derivatives(q, v, u) for m in (large, plain))
            assert_close(mine, other, 1e-11)


def test_a_large_robot_has_its_points_where_a_small_one_has_them(both, states):
    plain, large = both
    q = states[0][0, : plain.nq]
    for of in (lambda model: model.points(q), lambda model: model.point_jacobians(q)):
        mine, other = of(large), of(plain)
        assert list(mine) == list(other)
        for name, value in other.items():
            assert_close(mine[name], value, 1e-12, 1.0)


def test_a_large_robot_has_the_same_derivatives_in_lanes(both, states):
    plain, large = both
    for mine, other in zip(large.linearize(*states), plain.linearize(*states), strict=True):
        assert_close(mine, other, 1e-11)
    P = np.random.default_rng(1).standard_normal((STEPS, plain.nx))
    assert_close(large.hessians(*states, P), plain.hessians(*states, P), 1e-11)


def test_a_large_robot_has_the_same_costs(both, states):
    plain, large = both
    assert_close(large.cost(*states), plain.cost(*states))
    for mine, other in zip(expansions(large, *states), expansions(plain, *states), strict=True):
        assert_close(mine, other, 1e-11)


def test_the_expansion_of_a_cost_is_that_of_its_differences(both, states):
    _, large = both
    X, U = (each[:1] for each in states)
    nx, t = large.nx, np.zeros(1)

    def cost(z):
        return large.costs(z[None, :nx], z[None, nx:], t)[0]

    z = np.concatenate([X[0], U[0]])
    c, c_x, c_u, *_ = expansions(large, X, U)
    assert_close(c[0], cost(z))
    assert_close(np.concatenate([c_x[0], c_u[0]]), differences(cost, z), 1e-8)


def expansions(model, X, U):
    """Cost, gradient, Hessian in blocks, curvature; then those of the final cost of the last x."""
    T, nx, nu = len(U), model.nx, model.nu
    time = () if not model.robot.task.is_timed else (model.dt * np.arange(T),)
    shapes = [(), (nx,), (nu,), (nx, nx), (nu, nx), (nu, nu)]
    filled = [np.full((T, *shape), np.nan) for shape in shapes]
    model._run("cost_expansion_batch", T, X, U, *time, *filled)
    curvature = np.full((T, nx + nu, nx + nu), np.nan)
    model._run("cost_curvature_batch", T, X, U, *time, curvature)
    filled.append(curvature)
    if model.robot.task.final_cost is not None:
        last = X[-1].copy(), *(each[-1:] for each in time)
        final = [np.full(shape, np.nan) for shape in [(1,), (nx,), (nx, nx)]]
        model._run("final_cost_expansion", *last, *final)
        filled += [*final, model._call("final_cost_curvature", *last, shape=(nx, nx))]
    return filled
