"""Values in place of those of a robot's file: where they go, and errors that name them."""

import pytest
from arm import ARM

from vgps.codegen.description.robot import load
from vgps.codegen.errors import RobotFileError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text(ARM, encoding="utf-8")
    return path


def test_text_is_read_as_yaml_and_numbers_are_taken(path):
    plain = load(path)
    overrides = {
        "task.horizon": "17",
        "training.iterations": 3,
        "task.process_noise": "{q: 0.25}",
        f"joints.{plain.joints[0].name}.damping": "2*3",
    }
    robot = load(path, overrides)
    assert (robot.task.horizon, robot.training.iterations) == (17, 3)
    assert robot.task.process_noise.q == 0.25
    assert robot.joints[0].damping == 6.0
    assert robot.overrides == overrides and plain.overrides == {}
    assert robot.text == plain.text == ARM
    assert robot.links == plain.links


@pytest.mark.parametrize(
    "key, value, sentence",
    [
        ("task.horizn", "17", "unknown key 'horizn' in task; did you mean 'horizon'?"),
        ("task.horizon", "1.5", "task.horizon must be a whole number of at least 2, found 1.5"),
        ("task.cost", "sum(u**2", "task.cost cannot be used: not an expression"),
        ("task.horizon", "[1", "not valid YAML"),
        ("name.x", "1", "name is 'arm' and holds nothing"),
        ("joints.nobody.damping", "1", "nothing in joints is called 'nobody'"),
        ("training.tail", "100000", "training.tail must be less than the horizon"),
    ],
)
def test_a_mistake_names_the_override(path, key, value, sentence):
    with pytest.raises(RobotFileError) as caught:
        load(path, {key: value})
    assert str(caught.value).startswith(f"{path} with {key}={value}") and sentence in str(
        caught.value
    )


def test_a_mistake_of_the_file_keeps_its_line(path):
    path.write_text(ARM.replace("horizon:", "horizn:", 1), encoding="utf-8")
    with pytest.raises(RobotFileError) as caught:
        load(path, {"training.iterations": 3})
    assert caught.value.line is not None
