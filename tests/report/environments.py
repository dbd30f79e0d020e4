"""Small robots of every kind for tests of environments, as files that have something of their own."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"

# What the file says otherwise, by what it is about.
KINDS: dict[str, tuple[str | Path, dict[str, object]]] = {
    "a floating base without limits of its actions": ("swimmer", {}),
    "a fixed base": (CARTPOLE, {}),
    "actuators": ("quadrotor", {}),
    "a servo": ("rocket", {}),
    "a target": ("reacher", {}),
    "ground": (
        CARTPOLE,
        {
            "ground": "{height: -0.3, stiffness: 1e4, softness: 0.01, damping_speed: 1, friction: 1,"
            " friction_speed: 0.2}",
            "points.bob.contact": "true",
            "task.integrator": "implicit",
        },
    ),
    "expressions, the time, a cost of the end and a lag": (
        CARTPOLE,
        {
            "task.observe": "[sin(hinge.q), rail.v, t]",
            "task.final_cost": "rail.q**2 + t",
            "joints.rail.lag": 0.1,
        },
    ),
    "several initial states": (CARTPOLE, {"task.initial": "[{q: {rail: 1}}, {q: {rail: -1}}]"}),
    "gusts and pushes": (
        CARTPOLE,
        {
            "task.process_noise": "{force: {rail: 2}, bandwidth: 3}",
            "task.disturbances": "[{point: bob, impulse: 0.1, every: 0.5}]",
        },
    ),
}
