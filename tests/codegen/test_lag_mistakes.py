"""What a file says of lags: names of what lags, spread and noise of it, a sentence for each mistake."""

import pytest
from arm import ARM

from vgps.codegen.description.identity import identity
from vgps.codegen.errors import RobotFileError

ACTUATORS = """\
actuators:
  - {name: jet, link: lower, direction: pi/2, gear: 2, lag: L/10}
  - {name: wheel, between: [upper, lower], lag: 0}
  - {name: belt, joints: {shoulder: 1, elbow: -L}, kp: 8, lag: 0.02}
"""
TEXT = (
    ARM.replace("    torque_limit: 20\n", "    torque_limit: 20\n    lag: 0.1\n")
    .replace("points:", f"{ACTUATORS}points:")
    .replace("sum(u**2)", "sum(u**2) + (jet.u - jet.force/2)**2 + belt.target**2")
)
POSTURE, LAGGING = ("shoulder", "elbow"), ("elbow.force", "jet.force", "belt.target")


def task(text, *lines):
    """The text with more lines in its task."""
    return text.replace("  dt: 0.01\n", "\n".join(["  dt: 0.01", *(f"  {x}" for x in lines), ""]))


def test_what_lags_comes_after_the_posture_in_the_order_of_the_actions(load_text):
    robot = load_text(TEXT)
    assert (robot.moving_names, robot.q_names) == (POSTURE, POSTURE + LAGGING)
    assert [tuple(lag) for lag in robot.lags] == [
        ("elbow.force", 2, 1, 0.1, 1.0),
        ("jet.force", 3, 2, 0.05, 2.0),
        ("belt.target", 4, 4, 0.02, 1.0),
    ]


def test_a_lag_of_zero_is_none(load_text):
    """And nothing else is in the file either."""
    plain, none = (
        load_text(text) for text in (ARM, ARM.replace("_limit: 20", "_limit: 20\n    lag: 0"))
    )
    assert (none.lags, none.q_names) == ((), POSTURE)
    assert identity(plain) == identity(none) != identity(load_text(TEXT))


def test_policies_see_what_lags_and_not_its_integral(load_text):
    robot = load_text(TEXT)
    names = [f"{name} {part}" for part in "qv" for name in robot.q_names]
    assert [names[i] for i in robot.observed_indices] == [
        *(f"{name} q" for name in POSTURE),
        *(f"{name} v" for name in POSTURE + LAGGING),
    ]
    chosen = load_text(task(TEXT, "observe: {q: [elbow], v: [jet.force, elbow]}"))
    assert [names[i] for i in chosen.observed_indices] == ["elbow q", "jet.force v", "elbow v"]
    final = task(TEXT, "observe: [sin(elbow.q), belt.target]", "final_cost: jet.force**2")
    assert load_text(final.replace("-1\n", "-1 and mean(elbow.force) < 3\n")).task.expressions


def test_spread_and_noise_of_what_lags_are_named(load_text):
    """Numbers are of the posture and its rates."""
    text = task(
        TEXT,
        "initial: {v: {jet.force: 3}, spread: {q: 0.1, v: 0.2}}",
        "process_noise: {q: 0.3, v: {belt.target: 0.4}, force: 5}",
    )
    robot = load_text(text)
    assert robot.initial_states == [[0.0] * 8 + [3.0, 0.0]]
    assert robot.initial_deviations == [[0.1] * 2 + [0.0] * 3 + [0.2] * 2 + [0.0] * 3]
    assert robot.process_deviation == [0.3] * 2 + [0.0] * 7 + [0.4]
    assert robot.force_deviation == [5.0] * 2 + [0.0] * 3


def test_repeated_and_mirrored_actuators_lag_alike(load_text):
    text = task(TEXT).replace(
        "name: wheel, between: [upper, lower], lag: 0",
        "name: fin, link: upper, direction: 0, lag: 0.3, repeat: 2",
    )
    assert load_text(text).q_names[4:6] == ("fin1.force", "fin2.force")
    twins = (
        text.replace("base: fixed", "base: fixed\nmirror: {_a: _b}")
        .replace("name: fin", "name: fin_a")
        .replace(", repeat: 2", "")
    )
    assert load_text(twins).q_names[4:6] == ("fin_a.force", "fin_b.force")


def test_a_cost_is_tried_where_rollouts_begin(load_text):
    """log(f) is not defined where nothing acts yet."""
    text = TEXT.replace("cost: ", "cost: log(jet.force) + ")
    with pytest.raises(RobotFileError, match="'log\\(jet.force\\)' is not defined at step 0"):
        load_text(text)
    (said,) = load_text(
        task(text, "initial: {v: {jet.force: 1e-4}, spread: {v: {jet.force: 1}}}")
    ).warnings
    assert "'log(jet.force)' is not defined at" in said


# Each row: text to replace, replacement, the marked text (^ before the place), part of the message.
MISTAKES = [
    ("lag: L/10", "lag: -L", "lag: ^-L", "actuators[0].lag must not be negative, found -0.5 = -L"),
    ("lag: 0.1\n", "lag: -1\n", "lag: ^-1\n", "joints[1].lag must not be negative, found -1"),
    (
        "lag: L/10",
        "lag: 1e-20",
        "lag: ^1e-20",
        "actuators[0].lag must be 0 or at least 1e-15, found",
    ),
    ("lag: L/10", "lag: 1e20", "lag: ^1e20", "actuators[0].lag must lie between -1e+15 and 1e+15"),
    ("lag: L/10", "lag: .inf", "lag: ^.inf", "actuators[0].lag must be a finite number, found inf"),
    ("lag: L/10", "lag: true", "lag: ^true", "actuators[0].lag must be a number, found true"),
    (
        "lag: L/10",
        "lag: [0.1]",
        "lag: ^[0.1]",
        "actuators[0].lag must be a number, found a list of 1",
    ),
    ("lag: L/10", "lag: L/n", "lag: L/^n", "actuators[0].lag is not a number: unknown name 'n'"),
    ("lag: L/10", "lagg: 1", "^lagg: 1", "unknown key 'lagg' in actuators[0]; did you mean 'lag'?"),
    (
        "  torque_limit: 20\n    lag: 0.1\n",
        "  lagg: 0.1\n",
        "^lagg: 0.1",
        "unknown key 'lagg' in joints[1]",
    ),
    (
        "    actuated: true\n    torque_limit: 20\n",
        "",
        "^lag: 0.1",
        "only an actuated joint takes 'lag' in joints[1]",
    ),
    (
        "sum(u**2)",
        "wheel.force",
        "^wheel.force",
        "unknown name 'wheel.force'; did you mean 'elbow.force'",
    ),
    ("belt.target**2", "belt.force", "^belt.force", "unknown name 'belt.force'; did you mean"),
    ("sum(u**2)", "jet.target", "^jet.target", "unknown name 'jet.target'; did you mean"),
    (
        "  dt: 0.01",
        "  dt: 0.01\n  initial: {q: {jet.force: 1}}",
        "^jet.force: 1",
        "unknown coordinate 'jet.force' in task.initial.q; allowed: elbow, shoulder",
    ),
    (
        "  dt: 0.01",
        "  dt: 0.01\n  process_noise: {force: {jet.force: 1}}",
        "^jet.force: 1",
        "unknown coordinate 'jet.force' in task.process_noise.force; allowed: elbow, shoulder",
    ),
    (
        "  dt: 0.01",
        "  dt: 0.01\n  initial: {spread: {v: {jet.forc: 1}}}",
        "^jet.forc: 1",
        "unknown coordinate 'jet.forc' in task.initial.spread.v; did you mean 'jet.force'?",
    ),
    (
        "  dt: 0.01",
        "  dt: 0.01\n  observe: {q: [jet.force], v: [jet.force]}",
        "q: [^jet.force]",
        "unknown coordinate 'jet.force'; allowed: elbow, shoulder",
    ),
    (
        "  dt: 0.01",
        "  dt: 0.01\n  observe: {q: [], v: [jet.force, jet.force]}",
        "jet.force, ^jet.force]",
        "the coordinate 'jet.force' is listed twice",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "marked", "part"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))]
)
def test_mistakes(load_text, old, new, marked, part):
    """Told once, with line and column."""
    assert TEXT.count(old) == 1
    text = TEXT.replace(old, new)
    with pytest.raises(RobotFileError) as caught:
        load_text(text)
    before, _, after = marked.partition("^")
    assert text.count(before + after) == 1
    start = text.index(before + after) + len(before)
    said = caught.value
    assert part in said.message and len(said.sentences) == 1
    assert said.line == text.count("\n", 0, start) + 1
    assert said.column == start - text.rfind("\n", 0, start)


def test_without_joints_that_move_a_lag_is_no_coordinate(load_text):
    text = (
        "name: nail\nbase: fixed\nlinks: [{name: head, mass: 1}]\n"
        "joints: [{name: wall, type: fixed, parent: world, child: head}]\n"
        "actuators: [{name: jet, link: head, direction: 0, lag: 1}]\n"
        "task: {dt: 0.1, horizon: 5, cost: jet.u**2, success: final(jet.force) > 0}\n"
    )
    with pytest.raises(RobotFileError, match="needs at least one joint that is not fixed"):
        load_text(text)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("lag: L/10", "lag: ten", "actuators[0].lag"),
        ("lag: 0.1\n", "lag: ten\n", "joints[1].lag"),
        ("kp: 8", "kp: ten", "actuators[2].kp"),
    ],
)
def test_a_mistake_in_a_lag_hides_no_other(load_text, old, new, place):
    """And makes nothing of it unknown: the cost may name what lags."""
    text = TEXT.replace("sum(u**2)", "elbow.force**2").replace("m: 2.0", "m: 2.0\n  n: zero")
    with pytest.raises(RobotFileError) as caught:
        load_text(text.replace(old, new))
    assert any(
        "parameters.n is not a number: unknown name 'zero'" in one for one in caught.value.sentences
    )
    assert any(
        f"{place} is not a number: unknown name 'ten'" in one for one in caught.value.sentences
    )
    assert len(caught.value.sentences) == 2
