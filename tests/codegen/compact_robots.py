"""Robots whose files say once what they mean several times: a snake, a biped, and one that walks."""

from vgps.codegen.folders import MODELS

SNAKE = (MODELS / "snake.yaml").read_text(encoding="utf-8")

# A body on two legs, of which the file describes the left one.
BIPED = """\
name: biped
parameters: {m: 2.0}
base: floating
mirror: {_l: _r}
links:
  - {name: body, mass: 10, length: 0.5, direction: pi/2}
  - &leg {name: thigh_l, mass: m, length: 0.4, direction: -pi/2}
  - {<<: *leg, name: shank_l}
  - {name: tail, mass: 0.1}
joints:
  - {name: hip_l, parent: body, child: thigh_l, at: [0, 0], actuated: true}
  - {name: knee_l, parent: thigh_l, child: shank_l, limits: [-2, 0], limit_stiffness: 50}
  - {name: rump, parent: body, child: tail}
points:
  - {name: foot_l, link: shank_l, at: [0, -0.4], contact: true}
  - {name: hips, link: body, at: [0, 0]}
ground: {stiffness: 1e4, softness: 0.01, damping_speed: 1, friction: 1, friction_speed: 0.1}
task:
  dt: 0.01
  horizon: 50
  integrator: implicit
  cost: sum(u**2) + knee_r.q**2
  success: min(hips.y) > 0.3
"""
GAIT = """\
gait:
  torso: body
  legs:
    left: {hip: hip_l, knee: knee_l, ankle: ankle_l, foot: [foot_l]}
  gains: {torso: [1, 1], hip: [1, 1], knee: [1, 1], ankle: [1, 1]}
  states:
    - &half {left_stance: true, balance: [0, 1], torso: 0, swing_hip: 1, swing_knee: 2,
             swing_ankle: 3, stance_knee: 4, stance_ankle: 5, duration: 0.3}
    - {<<: *half, duration: 0.2}
"""
LEG = "  - {<<: *leg, name: sole_l}\n"
ANKLE = "  - {name: ankle_l, parent: shank_l, child: sole_l, actuated: true}\n"
WALKING = (
    BIPED.replace("  - {name: tail", LEG + "  - {name: tail")
    .replace("  - {name: rump", ANKLE + "  - {name: rump")
    .replace("limit_stiffness: 50}", "limit_stiffness: 50, actuated: true}")
    + GAIT
)
