"""Where rollouts begin: one mapping or a list of them, with the place of every mistake."""

import numpy as np
import pytest
from arm import ARM

from vgps.codegen.description.robot import Robot, load
from vgps.codegen.errors import RobotFileError

TWO = "[{q: {elbow: L}}, {v: {shoulder: -1}, spread: {q: 0.1}}]"


@pytest.fixture
def initial(arm):
    """The arm with other initial states."""
    return lambda text: arm("dt: 0.01", f"dt: 0.01\n  initial: {text}")


def test_a_list_of_states_each_with_its_spread(initial):
    robot = initial(TWO)
    assert robot.initial_states == [[0.0, 0.5, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]]
    assert robot.initial_deviations == [[0.0] * 4, [0.1, 0.1, 0.0, 0.0]]
    assert robot.task.initial_names == ("task.initial[0]", "task.initial[1]")
    assert robot.initial_place == f"{robot.path}:27:12"


def test_a_list_of_one_describes_what_the_mapping_does(initial):
    mapping = "{q: {elbow: 1}, spread: {v: 2}}"
    one, listed = initial(mapping), initial(f"[{mapping}]")
    assert listed.initial_states == one.initial_states
    assert listed.initial_deviations == one.initial_deviations
    assert one.task.initial_names == ("the initial state",)


def test_without_any_everything_is_zero(arm):
    robot = arm()
    assert robot.initial_states == [[0.0] * 4]
    assert robot.initial_place == f"{robot.path}:26:3"  # the task


def test_a_robot_that_is_in_no_file_is_named(arm):
    data = {name: value for name, value in arm().model_dump().items() if value is not None}
    assert Robot.model_validate(data, context={}).initial_place == "arm"


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        (
            "[]",
            "12",
            "task.initial must be a mapping, or a list of at least one, found an empty list",
        ),
        ("5", "12", "task.initial must be a mapping, or a list of at least one, found 5"),
        ("[{}, 7]", "17", "task.initial[1] must be a mapping, found 7"),
        (
            f"[{', '.join(['{}'] * 101)}]",
            "12",
            "task.initial must be at most 100, found 101: each gets a trajectory of its own",
        ),
        ("[{}, {qq: {}}]", "18", "unknown key 'qq' in task.initial[1]; did you mean 'q'?"),
        (
            "[{}, {v: {elbo: 1}}]",
            "22",
            "unknown coordinate 'elbo' in task.initial[1].v; did you mean 'elbow'?",
        ),
        (
            "[{spread: {v: {shulder: 1}}}, {}]",
            "27",
            "unknown coordinate 'shulder' in task.initial[0].spread.v; did you mean 'shoulder'?",
        ),
        (
            "[{}, {q: {elbow: H}}]",
            "29",
            "task.initial[1].q.elbow is not a number: unknown name 'H'",
        ),
        (
            "[{}, {spread: {q: -1}}]",
            "30",
            "task.initial[1].spread.q must not be negative, found -1.0",
        ),
    ],
)
def test_mistakes_have_their_place(initial, text, place, sentence):
    with pytest.raises(RobotFileError) as caught:
        initial(text)
    error = caught.value
    assert (error.line, str(error.column)) == (27, place)
    assert error.message.startswith(sentence) and not error.further


def test_all_mistakes_of_a_list_are_told(initial):
    with pytest.raises(RobotFileError) as caught:
        initial("[{q: {elbo: 1}}, {v: {shoulde: 1}}, {q: {elbow: 1}}]")
    assert [sentence.split("'")[1] for sentence in caught.value.sentences] == ["elbo", "shoulde"]


def test_degrees_are_noticed_at_every_state(initial):
    (said,) = initial("[{}, {q: {elbow: 90}}]").warnings
    assert ":27:29: warning: an angle of 90 rad is 14.3 turns" in said


def test_the_cost_must_be_finite_at_every_state(load_text):
    cost = ARM.replace("sum(u**2) +", "sum(u**2) + log(elbow.q) +")

    def begun(text):
        return load_text(cost.replace("dt: 0.01", f"dt: 0.01\n  initial: {text}"))

    assert not begun("[{q: {elbow: 1}}, {q: {elbow: 0.5}}]").warnings
    with pytest.raises(RobotFileError) as caught:
        begun("[{q: {elbow: 1}}, {q: {elbow: -2}}, {q: {elbow: -3}}]")
    assert caught.value.message == (
        "task.cost cannot be used: 'log(elbow.q)' is not defined at step 0, task.initial[1], "
        "where elbow.q = -2"
    )
    (warning,) = begun("[{q: {elbow: 9}}, {q: {elbow: 0.1}, spread: {q: 5}}]").warnings
    assert "'log(elbow.q)' is not defined at" in warning and "of 21 states" in warning


def test_the_model_has_all_and_the_first(compiled, tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text(ARM, encoding="utf-8")
    model = compiled(load(path, {"task.initial": TWO, "task.process_noise": "{force: 1}"}))
    np.testing.assert_array_equal(model.x0s, [[0.0, 0.5, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]])
    np.testing.assert_array_equal(model.x0, model.x0s[0])
    np.testing.assert_allclose(model.initial_covariances[1], np.diag([0.01, 0.01, 0.0, 0.0]))
    for x0, Sigma_f in zip(model.x0s, model.marginal_covariances, strict=True):
        jumps = np.linalg.inv(model.mass_matrix(x0[:2])) * model.dt  # of 1 N m each
        np.testing.assert_allclose(Sigma_f[2:, 2:], jumps @ jumps.T, rtol=1e-9)
