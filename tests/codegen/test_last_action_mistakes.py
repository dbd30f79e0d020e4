"""A sentence for each mistake in what a file says of du and of last actions."""

import pytest
from arm import ARM

COST, TASK = "sum(u**2)", "dt: 0.01\n"
MISTAKES = [
    (
        COST,
        "du",
        "^du + (hand.y",
        "task.cost cannot be used: must be a number, but 'du' is a vector",
    ),
    (
        COST,
        "u*du",
        "^u*du",
        "must be a number, but 'u' is a vector; use sum(u**2) or one joint's .u",
    ),
    (COST, "sum(duu**2)", "^duu", "unknown name 'duu'; did you mean 'du'?"),
    (COST, "elbw.du**2", "^elbw.du", "unknown name 'elbw.du'; did you mean 'elbow.du'?"),
    (COST, "hand.du**2", "^hand.du", "unknown name 'hand.du'; did you mean"),
    (
        COST,
        "elbow.lastu",
        "^elbow.lastu",
        "unknown name 'elbow.lastu'; did you mean 'elbow.last_u'?",
    ),
    (
        "final(hand.y)",
        "elbow.du + final(hand.y)",
        "^elbow.du",
        "'elbow.du' varies over time and must stand inside mean, min, max or final",
    ),
    (
        TASK,
        TASK + "  final_cost: sum(du**2)\n",
        "sum(^du**2)",
        "'du' is the change of an action, and the state after the last step has none",
    ),
    (
        TASK,
        TASK + "  observe: [elbow.q, elbow.du]\n",
        "q, ^elbow.du]",
        "'elbow.du' is the change of an action, and it follows from what is observed",
    ),
    (
        TASK,
        TASK + "  observe: {q: [elbow.last], v: []}\n",
        "[^elbow.last]",
        "unknown coordinate 'elbow.last'; did you mean 'elbow.last_u'?",
    ),
    (
        TASK,
        TASK + "  observe: {q: [], v: [elbow.last_u]}\n",
        "[^elbow.last_u]",
        "unknown coordinate 'elbow.last_u'; allowed: elbow, shoulder",
    ),
    (
        TASK,
        TASK + "  initial: {q: {elbow.lastu: 1}}\n",
        "{^elbow.lastu",
        "unknown coordinate 'elbow.lastu' in task.initial.q; did you mean 'elbow.last_u'?",
    ),
    (
        TASK,
        TASK + "  initial: {spread: {q: {elbow.last_u: 1}}}\n",
        "{^elbow.last_u",
        "unknown coordinate 'elbow.last_u' in task.initial.spread.q; allowed: elbow, shoulder",
    ),
    (
        TASK,
        TASK + "  process_noise: {q: {elbow.last_u: 1}}\n",
        "{^elbow.last_u",
        "unknown coordinate 'elbow.last_u' in task.process_noise.q; allowed: elbow, shoulder",
    ),
    ("L: m/4", "du: m/4", "du: ^m/4", "parameters.du must not be 'du', which is a reserved word"),
]


@pytest.mark.parametrize(("old", "new", "marked", "part"), MISTAKES, ids=[m[1] for m in MISTAKES])
def test_mistakes(mistake, old, new, marked, part):
    assert part in mistake(ARM, old, new, marked).message


def test_a_cost_that_is_not_finite_before_any_action(mistake):
    """It is tried at the initial state, where actions change from zero."""
    said = mistake(ARM, COST, "sum(u**2)/elbow.last_u", "^sum(u**2)/elbow.last_u")
    assert "divides by zero at step 0, the initial state, where elbow.last_u = 0" in said.message
    text = ARM.replace(TASK, TASK + "  initial: {q: {elbow.last_u: 1}}\n")
    said = mistake(text, COST, "log(-sum(du**2))", "^log(-sum")
    assert "'log(-sum(du**2))' is not defined at step 0, the initial state" in said.message
