"""Robots small enough for slow references: one linear, one nonlinear with limits."""

# Two masses, the second sliding on the first: linear dynamics, convex quadratic cost with every
# kind of term (linear, constant, and products of states and actions).
SPRINGS = """\
name: springs
gravity: 0
base: fixed
links:
  - {name: big, mass: 2.0}
  - {name: small, mass: 1.0}
joints:
  - name: left
    type: prismatic
    parent: world
    child: big
    stiffness: 3.0
    damping: 0.4
    actuated: true
  - name: right
    type: prismatic
    parent: big
    child: small
    axis: 0.5
    stiffness: 5.0
    rest: 0.2
    damping: 0.1
    actuated: true
task:
  dt: 0.1
  horizon: 20
  cost: >-
    0.1*sum(u**2) + (left.q - 0.3)**2 + 2*right.q**2 + 0.5*(right.v + left.q)**2
    + 0.2*left.v**2 + 0.1*left.u*right.q - 0.05*right.u + 1
  success: final(left.q) > 0
"""

# A weak motor has to swing a pole: limits bind, and the problem is not convex at first.
CART_POLE = """\
name: cart_pole
base: fixed
links:
  - {name: cart, mass: 1.0}
  - {name: pole, mass: 0.3, length: 0.6, direction: -pi/2}
joints:
  - name: slide
    type: prismatic
    parent: world
    child: cart
    damping: 0.1
    actuated: true
    torque_limit: 4
  - {name: hinge, parent: cart, child: pole, damping: 0.01}
points:
  - {name: tip, link: pole, at: [0, -0.6]}
task:
  dt: 0.03
  horizon: 30
  cost: 1e-2*sum(u**2) + 3*(1 + cos(hinge.q)) + 0.1*slide.q**2 + 0.01*hinge.v**2
  success: final(tip.y) > 0
"""
