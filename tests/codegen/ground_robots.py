"""Small robots on the ground and edits of the walker, profiles of the ground, states near it."""

import math
from pathlib import Path

import ground_twin as ground
import yaml
from trees import random_state

WALKER = Path(__file__).parents[2] / "models" / "walker.yaml"

# A foot with heel and toe that carries a leg.
FOOT = """\
name: foot
parameters:
  steep: 0.3
base: floating
links:
  - {name: sole, mass: 3.0, length: 0.3, com: [0.05, 0], inertia: 0.05}
  - {name: leg, mass: 5.0, length: 0.6, direction: pi/2}
joints:
  - name: ankle
    parent: sole
    child: leg
    at: [0, 0.05]
    limits: [-0.8, 0.8]
    limit_stiffness: 300
    damping: 2.0
    actuated: true
    torque_limit: 100
points:
  - {name: heel, link: sole, at: [-0.1, -0.02], contact: true}
  - {name: toe, link: sole, at: [0.2, -0.03], contact: true}
  - {name: knee, link: leg, at: [0, 0.6]}
ground:
  height: 0
  stiffness: 2e4
  softness: 0.01
  damping_speed: 0.8
  friction: 0.7
  friction_speed: 0.15
task:
  dt: 0.01
  horizon: 50
  substeps: 4
  integrator: implicit
  cost: sum(u**2) + (knee.y - 0.6)**2
  success: final(knee.y) > 0.3
"""

# On the level ground on which tests raise steps.
RAISABLE = FOOT.replace("height: 0", "height: -0.25")

# A ball that touches the ground with its centre, so that no force turns it.
BALL = """\
name: ball
base: floating
links:
  - {name: body, mass: 2.0, inertia: 0.1}
  - {name: wheel, mass: 1.0, inertia: 0.02}
joints:
  - {name: axle, parent: body, child: wheel, actuated: true}
points:
  - {name: centre, link: body, at: [0, 0], contact: true}
ground:
  height: 0
  stiffness: 1e4
  softness: 0.005
  damping_speed: 1
  friction: 0.8
  friction_speed: 0.1
task:
  dt: 0.01
  horizon: 50
  substeps: 4
  integrator: implicit
  cost: sum(u**2)
  success: final(centre.y) > -1
"""


# A cart on a driven wheel, with a plain heel behind and a round nose whose link is another.
ROLLER = """\
name: roller
parameters:
  steep: 0.3
base: floating
links:
  - {name: cart, mass: 3.0, length: 0.8, start: -0.4, inertia: 0.2}
  - {name: wheel, mass: 1.0, inertia: 0.02}
joints:
  - {name: axle, parent: cart, child: wheel, at: [0.1, -0.1], friction: 0.4, actuated: true}
points:
  - {name: hub, link: wheel, at: [0, 0], contact: true, radius: 0.2, friction: 1.2}
  - {name: heel, link: cart, at: [-0.4, -0.3], contact: true}
  - {name: nose, link: cart, at: [0.4, -0.2], contact: true, radius: 0.1}
ground:
  height: 0
  stiffness: 1e4
  softness: 0.01
  damping_speed: 0.8
  friction: 0.7
  friction_speed: 0.15
task:
  dt: 0.01
  horizon: 50
  substeps: 4
  integrator: implicit
  cost: sum(u**2)
  success: final(cart.y) > 0
"""


def walker_data(ground=True, **task) -> dict:
    """The walker's file with other entries of its task; without ground it has no gait either."""
    data = yaml.safe_load(WALKER.read_text(encoding="utf-8"))
    data["task"] |= task
    if not ground:
        del data["ground"], data["gait"], data["task"]["start"]
        for point in data["points"]:
            del point["contact"]
    return data


HILLS = "0.05*sin(4*x) + steep*x - 0.02"
PROFILES = {
    "0": ground.level,
    HILLS: lambda x: (0.05 * math.sin(4 * x) + 0.3 * x - 0.02, 0.2 * math.cos(4 * x) + 0.3),
}


def near_ground(model, rng, profile=ground.level):
    """A random state whose lowest contact point lies within 3 cm of the ground."""
    q, v, u = random_state(model.robot, rng)
    q[1] -= lowest(model, q, profile)
    q[1] += rng.uniform(-0.03, 0.03)
    return q, v, u


def lowest(model, q, profile=ground.level) -> float:
    """Height in m of the lowest contact point, or disc around it, over the ground."""
    points = model.points(q)
    lowest_places = [points[p.name] - [0, p.radius] for p in model.robot.contact_points]
    return min(position[1] - profile(position[0])[0] for position in lowest_places)
