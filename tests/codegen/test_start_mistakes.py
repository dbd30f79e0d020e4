"""Where a file says how the optimiser starts: every mistake in one sentence at its place."""

import pytest

from vgps.codegen.errors import RobotFileError


@pytest.fixture
def start(arm):
    """The arm with a start, in line 27; it has 50 steps of 0.01 s."""
    return lambda text: arm("dt: 0.01", f"dt: 0.01\n  start: {text}")


def test_keyframes_name_some_coordinates_or_all(start):
    robot = start(
        "{through: [{t: 2*L/10, q: {elbow: L}}, {t: 0.5, q: {shoulder: -pi/2, elbow: 0}}]}"
    )
    assert [keyframe.t for keyframe in robot.task.keyframes] == [0.1, 0.5]
    assert robot.task.keyframes[0].q == {"elbow": 0.5}
    assert robot.task.start.kind == "through" and robot.warnings == ()


def test_without_them_there_are_none(arm, start):
    assert arm().task.keyframes == () and start("{hold: true}").task.keyframes == ()


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        (
            "{}",
            10,
            "task.start must be one of noise, hold, balance, receding, gait, demo, through, found none",
        ),
        (
            "{through: [{t: 0.1, q: {elbow: 1}}], hold: true}",
            10,
            "task.start must be one of noise, hold, balance, receding, gait, demo, through, "
            "found hold and through",
        ),
        (
            "{through: []}",
            20,
            "task.start.through must be a list of at least one keyframe, such as "
            "{t: 0.5, q: {hip: 0.3}}, found an empty list",
        ),
        ("{through: 0.5}", 20, "task.start.through must be a list of at least one keyframe"),
        ("{through: [7]}", 21, "task.start.through[0] must be a mapping, found 7"),
        (
            f"{{through: [{', '.join(['{t: 0.1, q: {elbow: 1}}'] * 101)}]}}",
            20,
            "task.start.through must be at most 100, found 101",
        ),
        ("{through: [{q: {elbow: 1}}]}", 21, "task.start.through[0] lacks the key 't'"),
        ("{through: [{t: 0.1}]}", 21, "task.start.through[0] lacks the key 'q'"),
        (
            "{through: [{t: 0.1, q: {}}]}",
            33,
            "task.start.through[0].q must name at least one coordinate",
        ),
        (
            "{through: [{t: 0.1, q: 3}]}",
            33,
            "task.start.through[0].q must be a mapping from coordinates to numbers, found 3",
        ),
        (
            "{through: [{t: 0.1, q: {elbo: 1}}]}",
            34,
            "unknown coordinate 'elbo' in task.start.through[0].q; did you mean 'elbow'?",
        ),
        (
            "{through: [{t: 0.1, q: {elbow: H}}]}",
            41,
            "task.start.through[0].q.elbow is not a number: unknown name 'H'",
        ),
        (
            "{through: [{t: 0.1, qq: {elbow: 1}}]}",
            30,
            "unknown key 'qq' in task.start.through[0]; did you mean 'q'?",
        ),
        ("{through: [{t: 0, q: {elbow: 1}}]}", 25, "task.start.through[0].t must be positive"),
        (
            "{through: [{t: 0.004, q: {elbow: 1}}]}",
            25,
            "task.start.through[0].t must be at least a step of 0.01 s after 0, the initial state, "
            "found 0.004",
        ),
        (
            "{through: [{t: 0.51, q: {elbow: 1}}]}",
            25,
            "task.start.through[0].t must not be after the horizon's end at 0.5 s, found 0.51",
        ),
        (
            "{through: [{t: 0.3, q: {elbow: 1}}, {t: 0.3, q: {elbow: 2}}]}",
            50,
            "task.start.through[1].t must be at least a step of 0.01 s after 0.3, that of the "
            "keyframe before it, found 0.3",
        ),
    ],
)
def test_mistakes_have_their_place(start, text, column, sentence):
    with pytest.raises(RobotFileError) as caught:
        start(text)
    error = caught.value
    assert (error.line, error.column) == (27, column)
    assert error.message.startswith(sentence)


def test_neighbours_may_be_one_step_apart(start):
    times = ", ".join(f"{{t: {t / 100}, q: {{elbow: 0}}}}" for t in range(1, 51))
    assert len(start(f"{{through: [{times}]}}").task.keyframes) == 50


def test_a_mistake_elsewhere_does_not_hide_unknown_coordinates(arm):
    new = "dt: 0.01\n  start: {through: [{t: 0.1, q: {elbo: 1}}]}\n  process_noise: {q: -1}"
    with pytest.raises(RobotFileError) as caught:
        arm("dt: 0.01", new)
    assert "unknown coordinate 'elbo'" in caught.value.sentences[0]
    assert "must not be negative" in caught.value.sentences[1]


def test_degrees_are_noticed(start):
    (said,) = start("{through: [{t: 0.1, q: {elbow: 90}}]}").warnings
    assert ":27:41: warning: an angle of 90 rad is 14.3 turns" in said
