"""One sentence, with its place, for each mistake in what a file says of targets."""

import pytest
from aimed import AIMED

from vgps.codegen.errors import RobotFileError

GATE = "{name: gate, at: [-1, 3]}"
NO_PLACE = "'goal.x' of a target has no place in "

# Each row: text to replace, replacement, the marked text (^ before the place that the error names), the sentence's beginning.
MISTAKES = [
    *(
        ("name: gate", f"name: {name}", f"name: ^{name}, at: [-1", f"the name {name!r} is {taken}")
        for name, taken in (
            ("L", "already taken by a parameter"),
            ("lower", "already taken by a link"),
            ("elbow", "already taken by a joint"),
            ("hand", "already taken by a point"),
            ("goal", "already taken by a target"),
        )
    ),
    (
        "targets:",
        "actuators: [{name: goal, joint: elbow}]\ntargets:",
        "name: ^goal, at",
        "the name 'goal' is already taken by an actuator",
    ),
    (
        "name: gate",
        "name: com",
        "name: ^com",
        "targets[1].name must not be 'com', which is a reserved word of expressions",
    ),
    (GATE, "{at: [-1, 3]}", "- ^{at: [-1, 3]}", "targets[1] lacks the key 'name'"),
    (GATE, "{name: gate}", "- ^{name: gate}", "targets[1] lacks the key 'at'"),
    (GATE, "7", "- ^7", "targets[1] must be a mapping, found 7"),
    ("[-1, 3]", "-1", "at: ^-1", "targets[1].at must be a list of two numbers, found -1"),
    ("[-1, 3]", "[-1, H]", "[-1, ^H]", "targets[1].at[1] is not a number: unknown name 'H'"),
    (
        "[0.02, m/10]",
        "[0.02, -m]",
        "[0.02, ^-m]",
        "targets[0].spread[1] must not be negative, found -2.0 = -m",
    ),
    (
        "[0.02, m/10]",
        "0.02",
        "spread: ^0.02",
        "targets[0].spread must be a list of two numbers, found 0.02",
    ),
    (
        "spread: [",
        "spraed: [",
        "^spraed: [",
        "unknown key 'spraed' in targets[0]; did you mean 'spread'?",
    ),
    (
        "targets:",
        "target:",
        "^target:",
        "unknown key 'target' in the robot; did you mean 'targets'?",
    ),
    (
        "abs(final(hand.x - goal.x))",
        "abs(final(hand.x - goal.vx))",
        "- ^goal.vx",
        "task.success cannot be used: unknown name 'goal.vx'; did you mean 'goal.x'? "
        "allowed: goal.x, goal.y",
    ),
    ("sum(u**2)", "gate", "cost: ^gate", "task.cost cannot be used: unknown name 'gate'"),
    ("link: lower", "link: goal", "link: ^goal", "unknown link 'goal'; allowed: lower, upper"),
    *(
        ("dt: 0.01", f"dt: 0.01\n  {key}: {value}", value.replace("goal", "^goal"), sentence)
        for key, value, sentence in (
            ("initial", "{v: {goal.x: 1}}", f"{NO_PLACE}task.initial.v"),
            ("initial", "[{spread: {q: {goal.x: 1}}}]", f"{NO_PLACE}task.initial[0].spread.q"),
            ("process_noise", "{q: {goal.x: 1}}", f"{NO_PLACE}task.process_noise.q"),
            ("process_noise", "{force: {goal.x: 1}}", f"{NO_PLACE}task.process_noise.force"),
            ("observe", "{q: [elbow], v: [goal.x]}", f"{NO_PLACE}task.observe.v"),
            (
                "initial",
                "{q: {goal: 1}}",
                "unknown coordinate 'goal' in task.initial.q; did you mean 'goal.y'?",
            ),
            (
                "observe",
                "{q: [goals], v: []}",
                "unknown coordinate 'goals'; did you mean 'goal.y'?",
            ),
            (
                "disturbances",
                "[{point: goal, impulse: 1, every: 1}]",
                "unknown point 'goal'; allowed: com, elbow,",
            ),
        )
    ),
    (
        "task:",
        "training: {marginals: {v: {goal.x: 1}}}\ntask:",
        "{v: {^goal.x",
        f"{NO_PLACE}training.marginals.v; a target does not move, and its spread is a key of its own",
    ),
]


@pytest.fixture
def error(load_text):
    """The error of a file."""

    def of(text):
        with pytest.raises(RobotFileError) as caught:
            load_text(text)
        return caught.value

    return of


@pytest.mark.parametrize(("old", "new", "marked", "beginning"), MISTAKES)
def test_each_mistake_has_its_sentence_and_its_place(error, old, new, marked, beginning):
    assert AIMED.count(old) == 1, old
    text = AIMED.replace(old, new)
    at = text.index(marked.replace("^", "")) + marked.index("^")
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    found = error(text)
    assert (found.line, found.column) == (line, column)
    assert found.message.startswith(beginning)
    assert not found.further


def test_a_list_is_wanted(error):
    text = AIMED.replace("  - {name: goal, at: [0.1, L], spread: [0.02, m/10]}\n", "")
    found = error(text.replace(f"\n  - {GATE}", " 7"))
    assert found.message.startswith("targets must be a list, found 7")


def test_there_are_at_most_a_hundred(error):
    more = "".join(f"\n  - {{name: g{i}, at: [0, 0]}}" for i in range(99))
    found = error(AIMED.replace(GATE, f"{GATE}{more}"))
    assert found.message.startswith("targets must be at most 100, found 101")


def test_nothing_moves_in_a_robot_of_targets_alone(error):
    text = "name: t\nbase: floating\nlinks: []\n"
    task = "task: {dt: 0.1, horizon: 5, cost: goal.x, success: final(goal.x) > 0}\n"
    found = error(f"{text}targets: [{{name: goal, at: [0, 0]}}]\n{task}")
    assert found.message == "a robot needs at least one link"


def test_a_robot_whose_joints_are_all_fixed_is_not_saved_by_a_target(error):
    text = "name: t\nbase: fixed\nlinks: [{name: post, mass: 1}]\n"
    joints = "joints: [{name: foot, type: fixed, parent: world, child: post}]\n"
    task = "task: {dt: 0.1, horizon: 5, cost: goal.x, success: final(goal.x) > 0}\n"
    found = error(f"{text}{joints}targets: [{{name: goal, at: [0, 0]}}]\n{task}")
    assert found.message == "a robot needs at least one joint that is not fixed"
