"""Mistakes in what a file says of the task: its time, start, observations, costs and success."""

import pytest
from arm import ARM

# Each row: text to replace, replacement, the marked text (^ before the place that the error names), parts of the message.
MISTAKES = [
    (
        "horizon: 50",
        "horizon: 1",
        "horizon: ^1",
        "task.horizon must be a whole number of at least 2, found 1.0",
    ),
    ("horizon: 50", "horizon: 5.5", "horizon: ^5.5", "task.horizon must be a whole number"),
    (
        "dt: 0.01",
        "dt: 0.01\n  initial: {q: {elbo: 1}}",
        "q: {^elbo",
        "unknown coordinate 'elbo' in task.initial.q; did you mean 'elbow'? allowed: elbow, shoulder",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  process_noise: {v: {elbo: 1}}",
        "v: {^elbo",
        "unknown coordinate 'elbo' in task.process_noise.v",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  process_noise: {v: {elbow: -1}}",
        "elbow: ^-1",
        "task.process_noise.v.elbow must not be negative",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: {q: [elbow, x], v: []}",
        "[elbow, ^x]",
        "unknown coordinate 'x'",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: {q: [elbow, elbow], v: []}",
        "[elbow, ^elbow]",
        "listed twice",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [elbow.q, elbo.v]",
        "q, ^elbo.v",
        "task.observe[1] cannot be used: unknown name 'elbo.v'; did you mean 'elbow.v'?",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [elbow.q, 2*elbow.u]",
        "2*^elbow.u",
        "task.observe[1] cannot be used: 'elbow.u' is an action, and it follows from what is",
    ),
    ("dt: 0.01", "dt: 0.01\n  observe: [u**2]", "[^u**2", "'u' is an action, and it follows"),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [t, elbow.q > 0]",
        "t, ^elbow.q",
        "task.observe[1] cannot be used: must be a number, not a condition",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: []",
        "observe: ^[]",
        "must be a mapping with q and v, or a list of at least one expression, found an empty list",
    ),
    ("dt: 0.01", "dt: 0.01\n  observe: elbow.q", "observe: ^elbow.q", "must be a mapping with q"),
    ("dt: 0.01", "dt: 0.01\n  observe: [1]", "[^1]", "task.observe[0] must be text, found 1"),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [elbow.q - 1, t, elbow.q-1]",
        "t, ^elbow.q-1",
        "the expression 'elbow.q-1' is listed twice",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [mean(elbow.q)]",
        "[^mean",
        "unknown function 'mean'",
    ),
    (
        "dt: 0.01",
        "dt: 0.01\n  observe: [t, 1/elbow.q]",
        "t, ^1/elbow.q",
        "'1/elbow.q' divides by zero at step 0, the initial state, where elbow.q = 0",
    ),
    ("dt: 0.01", "dt: 0.01\n  observe: [t/(m - 2)]", "[^t/(m", "divides by zero"),
    (
        "dt: 0.01",
        f"dt: 0.01\n  observe: [{', '.join(f'{i}*t' for i in range(201))}]",
        "observe: ^[0*t",
        "task.observe must be at most 200, found 201",
    ),
    (
        "(hand.y - 1)",
        "(hnd.y - 1)",
        "(^hnd.y",
        "task.cost cannot be used: unknown name 'hnd.y'; did you mean 'hand.y'?",
    ),
    ("(hand.y - 1)", "(hand.z - 1)", "(^hand.z", "allowed: hand.vx, hand.vy, hand.x, hand.y"),
    ("(hand.y - 1)", "(hand.y > 1)", "(^hand.y > 1)", "a number is expected here, not a condition"),
    ("cost: sum(u**2)", "cost: u**2", "cost: ^u**2", "'u' is a vector"),
    ("cost: sum(u**2)", "cost: mean(u)", "cost: ^mean", "unknown function 'mean'"),
    ("cost: sum(u**2)", "cost: __import__(u)", "cost: ^__import__", "unknown name '__import__'"),
    ("cost: sum(u**2)", "cost: 3 # ", "cost: ^3", "task.cost must be text, found 3"),
    (
        "min(elbow.q) > -1",
        "elbow.q > -1",
        "and ^elbow.q",
        "'elbow.q' varies over time and must stand inside mean, min, max or final",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: (hand.y - 1)**2 + 1e-3*elbow.u**2\n",
        "1e-3*^elbow.u",
        "task.final_cost cannot be used: 'elbow.u' is an action, and the state after the last step",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: sum(u**2)\n",
        "final_cost: sum(^u**2)",
        "'u' is an action, and the state after the last step has none",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: (hnd.y - 1)**2\n",
        "(^hnd.y",
        "task.final_cost cannot be used: unknown name 'hnd.y'; did you mean 'hand.y'?",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: 2\n",
        "final_cost: ^2",
        "task.final_cost must be text, found 2",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: hand.y > 1\n",
        "final_cost: ^hand.y > 1",
        "task.final_cost cannot be used: must be a number, not a condition",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  final_cost: hand.y/(m - 2)\n",
        "final_cost: ^hand.y/",
        "task.final_cost cannot be used: 'hand.y/(m - 2)' divides by zero",
    ),
    (
        "(hand.y - 1)**2\n",
        "(hand.y - 1)**2\n  finalcost: hand.y**2\n",
        "^finalcost",
        "unknown key 'finalcost' in task; did you mean 'final_cost'?",
    ),
    (
        "cost: sum(u**2)",
        "cost: sum(atan2(u)**2)",
        "sum(^atan2",
        "atan2 takes 2 arguments here, found 1",
    ),
    (
        "  m: 2.0",
        "  m: 2.0\n  t: 1",
        "  t: ^1",
        "'t', which is a reserved word of expressions",
    ),
    (
        "min(elbow.q) > -1",
        "t > 1",
        "and ^t > 1",
        "'t' varies over time and must stand inside mean, min, max or final",
    ),
    (
        "min(elbow.q) > -1",
        "min(elbow.q, last=m - 2) > -1",
        "last=^m - 2",
        "task.success cannot be used: 'last' must be a positive number of seconds, found 0",
    ),
    (
        "min(elbow.q) > -1",
        "min(elbow.q, last=elbow.q) > -1",
        "last=^elbow.q",
        "task.success cannot be used: unknown name 'elbow.q'",
    ),
    (
        "min(elbow.q) > -1",
        "min(elbow.q, last=1/(m - 2)) > -1",
        "last=^1/",
        "task.success cannot be used: '1/(m - 2)' divides by zero",
    ),
    (
        "final(hand.y) > 0.9 and",
        "final(hand.y, last=1) > 0.9 and",
        "hand.y, ^last=1",
        "task.success cannot be used: 'last' goes with mean, min or max of one quantity over time",
    ),
    (
        "min(elbow.q) > -1",
        "mean(min(elbow.q)) > -1",
        "mean(^min",
        "min stands inside another aggregate",
    ),
    (
        "success: final(hand.y) > 0.9 and min(elbow.q) > -1",
        "success: mean(hand.y)",
        "success: ^mean",
        "must be a condition",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "marked", "part"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))]
)
def test_mistakes(mistake, old, new, marked, part):
    assert part in mistake(ARM, old, new, marked).message
