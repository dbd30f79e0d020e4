"""Small robots, each with one thing that keeps it from learning, by the name of the finding."""

from pathlib import Path

CARTPOLE = (Path(__file__).parents[1] / "robots" / "cartpole.yaml").read_text(encoding="utf-8")

# A block that is pushed along a rail.
BLOCK = """\
name: block
gravity: 0
base: fixed
links:
  - {name: block, mass: 1}
joints:
  - {name: rail, type: prismatic, parent: world, child: block, damping: 0.1, actuated: true, torque_limit: 10}
task:
  dt: 0.02
  horizon: 50
  cost: 0.05*sum(u**2) + 10*(rail.q - 1)**2
  success: final(rail.q) > 0.5
  initial: {spread: {q: 0.02, v: 0.05}}
  process_noise: {q: 0.0005, v: 0.01}
"""

# A body on two feet that swings an arm down, through the ground, which is not defined under its tail.
SLED = """\
name: sled
base: floating
links:
  - {name: body, mass: 5, length: 1}
  - {name: arm, mass: 0.5, length: 0.5}
joints:
  - {name: shoulder, parent: body, child: arm, at: [0.5, 0], damping: 0.1, actuated: true, torque_limit: 10}
points:
  - {name: rear, link: body, at: [0, -0.1], contact: true}
  - {name: front, link: body, at: [1, -0.1], contact: true}
  - {name: tail, link: body, at: [-1, 0.3]}
ground: {height: 0*sqrt(x + 0.5), stiffness: 1e4, softness: 0.01, damping_speed: 1, friction: 1, friction_speed: 0.2}
task:
  dt: 0.02
  horizon: 50
  substeps: 4
  integrator: implicit
  cost: 0.02*sum(u**2) + 10*(shoulder.q + 1.5)**2
  success: final(shoulder.q) < -1
  initial: {q: {y: 0.1}, spread: {q: 0.01, v: 0.02}}
  process_noise: {q: 0.0003, v: 0.01}
"""

# A weight that is held up against gravity.
LIFT = """\
name: lift
base: fixed
links:
  - {name: weight, mass: 3}
joints:
  - {name: rail, type: prismatic, parent: world, child: weight, axis: pi/2, actuated: true, torque_limit: 100}
task:
  dt: 0.02
  horizon: 300
  cost: 0.02*sum(u**2) + 5*(rail.q - 1)**2
  success: abs(final(rail.q) - 1) < 0.1
"""

# A damped block that is to follow an oscillating one, which the policy does not see.
FOLLOWER = """\
name: follower
gravity: 0
base: fixed
links:
  - {name: leader, mass: 1}
  - {name: block, mass: 1}
joints:
  - {name: guide, type: prismatic, parent: world, child: leader, stiffness: 40}
  - {name: rail, type: prismatic, parent: world, child: block, damping: 20, actuated: true, torque_limit: 200}
task:
  dt: 0.02
  horizon: 150
  cost: 0.01*sum(u**2) + 1000*(rail.q - guide.q)**2
  success: max(abs(rail.q - guide.q)) < 0.5
  initial: {q: {guide: 1, rail: 1}, spread: {q: 0.01, v: 0.01}}
  process_noise: {q: 0.0001, v: 0.001}
  observe: {q: [rail], v: []}
"""

# Two blocks that have nothing to do with each other.
PAIR = """\
name: pair
gravity: 0
base: fixed
links:
  - {name: one, mass: 1}
  - {name: two, mass: 1}
joints:
  - {name: left, type: prismatic, parent: world, child: one, damping: 0.1, actuated: true, torque_limit: 10}
  - {name: right, type: prismatic, parent: world, child: two, damping: 0.1, actuated: true, torque_limit: 10}
task:
  dt: 0.02
  horizon: 50
  cost: 0.05*sum(u**2) + 10*(left.q - 1)**2 + 10*right.q**2
  success: final(left.q) > 0.5 and abs(final(right.q)) < 0.5
  initial: {spread: {q: 0.1, v: 0.2}}
"""

# A rod that is to go round.
MILL = """\
name: mill
base: fixed
links:
  - {name: rod, mass: 1, length: 0.5, direction: -pi/2}
joints:
  - {name: hinge, parent: world, child: rod, damping: 0.1, actuated: true, torque_limit: 10}
task:
  dt: 0.02
  horizon: 100
  cost: 0.05*sum(u**2) + (hinge.v - 6)**2
  success: mean(hinge.v) > 4
  initial: {spread: {q: 0.02, v: 0.05}}
  process_noise: {q: 0.0005, v: 0.01}
"""


def changed(text, *changes):
    """A robot's text with others in place of parts of it."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


# The robot, and with how many hidden units.
ILL = {
    "stationary": (
        changed(
            CARTPOLE,
            ("20*hinge.q**2", "20*(1 - cos(hinge.q))"),
            ("{rail: 1.0}", "{hinge: pi}"),
            ("150", "60"),
        ),
        5,
    ),
    "steps": (changed(CARTPOLE, ("damping: 0.005", "damping: 3.5"), ("150", "40")), 5),
    "sinking": (SLED, 5),
    "limits": (
        changed(
            BLOCK,
            ("limit: 10", "limit: 1"),
            ("horizon: 50", "horizon: 100"),
            ("0.05*sum(u**2) + 10", "0.5*sum(u**2) + 200"),
        ),
        5,
    ),
    "cost": (
        changed(
            CARTPOLE,
            ("+ rail.q**2", "+ 1e-6*rail.q**2"),
            ("max(abs(rail.q)) < 2", "abs(final(rail.q)) < 0.3"),
            ("{rail: 1.0}", "{rail: 1.0, hinge: -0.2}"),
            ("150", "60"),
        ),
        5,
    ),
    "noise": (changed(BLOCK, ("0.05*sum(u**2) + 10", "1e-4*sum(u**2) + 0.02")), 5),
    "success": (changed(BLOCK, ("> 0.5", "> 2")), 5),
    "last-moment": (
        changed(BLOCK, ("(rail.q - 1)**2", "(rail.v - 1)**2"), ("> 0.5", "> 0.85")),
        5,
    ),
    "clock": (FOLLOWER, 5),
    "turns": (MILL, 5),
    "feedback": (changed(CARTPOLE, ("{q: 0.05, v: 0.1}", "{q: 1.4, v: 3}"), ("150", "80")), 5),
    "hidden": (PAIR, 1),
}
MORE = {
    "limits": changed(BLOCK, ("limit: 10", "limit: 1000")),
    "cost": LIFT,
    "diverges": changed(CARTPOLE, ("damping: 0.005", "damping: 50"), ("{noise: 0}", "{noise: 5}")),
}
EXACT = BLOCK[: BLOCK.index("  initial:")]  # nothing is random but its actions
DIRECTED = MILL + "  observe: [sin(hinge.q), cos(hinge.q), hinge.v]\n"
WHEEL = changed(MILL, ("base: fixed", "base: fixed\ngravity: 0"))  # at any angle the same
HEALTHY = {
    "block": BLOCK,
    "exact": EXACT,
    "cartpole": CARTPOLE,
    "mill that sees directions": DIRECTED,
    "wheel": WHEEL,
}
