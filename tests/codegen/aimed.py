"""The arm with two targets: its hand is to come to the goal."""

from arm import ARM

TARGETS = """\
targets:
  - {name: goal, at: [0.1, L], spread: [0.02, m/10]}
  - {name: gate, at: [-1, 3]}
"""
AIMED = (
    ARM.replace("task:\n", f"{TARGETS}task:\n")
    .replace("(hand.y - 1)**2", "(hand.x - goal.x)**2 + 3*(hand.y - goal.y)**2")
    .replace("final(hand.y) > 0.9", "abs(final(hand.x - goal.x)) < 0.1")
)
