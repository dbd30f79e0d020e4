"""What a policy of the cart-pole may see as expressions: of states, points, time and parameters."""

SEEN = [
    "sin(hinge.q)",
    "bob.x - 0.3*t",
    "bob.vy",
    "t",
    "rail.v",
    "length",
    "exp(t)*wrap(3*hinge.q)",
    "hinge.v*rail.v",
]
