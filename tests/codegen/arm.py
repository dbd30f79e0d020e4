"""A small valid robot file."""

ARM = """\
name: arm
parameters:
  m: 2.0
  L: m/4
base: fixed
links:
  - name: upper
    mass: m
    length: L
  - {name: lower, mass: 1.5, length: 0.4}
joints:
  - name: shoulder
    parent: world
    child: upper
    actuated: true
  - name: elbow
    parent: upper
    child: lower
    limits: [-1, 2*pi/3]
    limit_stiffness: 100
    actuated: true
    torque_limit: 20
points:
  - {name: hand, link: lower, at: [0.4, 0]}
task:
  dt: 0.01
  horizon: 50
  cost: sum(u**2) + (hand.y - 1)**2
  success: final(hand.y) > 0.9 and min(elbow.q) > -1
"""
