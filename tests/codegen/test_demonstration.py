"""A recorded trajectory is taken whole or refused in one sentence that names the file."""

import zipfile

import numpy as np
import pytest

from vgps.codegen.demonstration import own_recording, read_recording
from vgps.codegen.errors import DemonstrationError


@pytest.fixture
def recording(cartpole):
    """A rollout of the cart-pole, 30 steps longer than its task."""
    T = cartpole.robot.task.horizon + 30
    U = 0.1 * np.random.default_rng(0).standard_normal((T, cartpole.nu))
    return {"X": cartpole.rollout(cartpole.x0, U), "U": U}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recording.npz"


@pytest.fixture
def refusal(cartpole, path):
    """The sentence about what the test has written."""

    def read():
        with pytest.raises(DemonstrationError) as caught:
            read_recording(path, cartpole.robot, piped=False)
        sentence = str(caught.value)
        assert sentence.startswith(f"{path}: ") and "\n" not in sentence
        return sentence.removeprefix(f"{path}: ")

    return read


def test_all_of_a_recording_is_read(cartpole, path, recording):
    """Of the states those in which steps begin; they are optional."""
    for X in (recording["X"], recording["X"][:-1]):
        np.savez(path, U=recording["U"], X=X)
        found = read_recording(path, cartpole.robot, piped=False)
        np.testing.assert_array_equal(found.U[0], recording["U"])
        np.testing.assert_array_equal(found.X[0], recording["X"][:-1])
    np.savez(path, U=recording["U"])
    found = read_recording(path, cartpole.robot, piped=False)
    np.testing.assert_array_equal(found.U[0], recording["U"])
    assert found.X is None


def test_integers_are_actions_and_limits_hold(cartpole, path):
    """The motor's limit is 20 N."""
    U = np.tile([[3], [-50]], (75, 1))
    np.savez(path, U=U)
    found = read_recording(path, cartpole.robot, piped=False)
    np.testing.assert_array_equal(found.U, np.tile([[3.0], [-20.0]], (1, 75, 1)))


@pytest.mark.parametrize("shape", [(149, 1), (150, 2), (150,), (1, 150, 1), (0, 1), ()])
def test_actions_of_a_wrong_shape(path, refusal, shape):
    np.savez(path, U=np.zeros(shape))
    assert refusal() == f"U must have shape (150 or more, 1), found {shape}"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_actions_that_are_not_finite(path, recording, refusal, value):
    recording["U"][160] = value  # after the horizon too
    np.savez(path, **recording)
    assert refusal() == "the action 'rail' is not finite at step 160"


@pytest.mark.parametrize("i, name", [(0, "rail.q"), (3, "hinge.v")])
def test_another_start_is_named_by_its_coordinate(cartpole, path, recording, refusal, i, name):
    recording["X"][0] += 2e-6
    recording["X"][0, i] = 0.25
    np.savez(path, **recording)
    assert refusal() == (f"starts at {name} = 0.25, the task of cartpole at {cartpole.x0[i]:.9g}")
    recording["X"][0, i] = np.nan
    np.savez(path, **recording)
    assert refusal().startswith(f"starts at {name} = nan")


def test_the_start_may_differ_by_rounding(cartpole, path, recording):
    recording["X"][0] += 0.9e-6
    np.savez(path, **recording)
    read_recording(path, cartpole.robot, piped=False)


def test_states_of_a_wrong_shape(path, recording, refusal):
    np.savez(path, U=recording["U"], X=recording["X"][:-2])
    assert "X must have shape (181, 4)" in refusal() and "found (179, 4)" in refusal()


def test_states_that_are_not_finite(path, recording, refusal):
    recording["X"][7, 1] = np.nan
    np.savez(path, **recording)
    assert refusal() == "the state 'hinge.q' is not finite at step 7"


def test_what_is_not_numbers(path, recording, refusal):
    for U, kind in (
        (recording["U"].astype(complex), "complex128"),
        (recording["U"] > 0, "bool"),
        (recording["U"].astype(str), "<U"),
    ):
        np.savez(path, U=U)
        assert refusal().startswith(f"U must hold real numbers, found {kind}")


@pytest.mark.parametrize("kind", ["complex", "str", "bool"])
def test_states_that_are_not_numbers(path, recording, refusal, kind):
    np.savez(path, U=recording["U"], X=recording["X"].astype(kind))
    assert refusal().startswith("X must hold real numbers, found ")


def test_what_is_not_an_npz(path, recording, refusal):
    damaged = "is not an .npz file of numbers, or is damaged"
    assert refusal() == "cannot be read: No such file or directory"
    for content in (b"", b"U: 1\n", b"PK\x03\x04 and no more"):
        path.write_bytes(content)
        assert refusal() == damaged
    with path.open("wb") as file:
        np.save(file, recording["U"])
    assert refusal() == damaged
    path.unlink()
    path.mkdir()
    assert refusal() == "cannot be read: Is a directory"


def test_a_pickle_is_not_opened(path, refusal, tmp_path):
    class Opened:
        def __reduce__(self):
            return (tmp_path / "opened").touch, ()

    np.savez(path, U=np.array([[Opened()]], dtype=object))
    assert refusal() == "U must hold real numbers, found object"
    assert not (tmp_path / "opened").exists()


def test_every_kind_of_damage_is_one_sentence(cartpole, path, recording):
    """Bytes cut off or flipped anywhere: the actions as they were, or a refusal."""
    np.savez_compressed(path, **recording)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        for i in rng.integers(len(content), size=3):
            damaged[i] ^= 1 << rng.integers(8)
        path.write_bytes(damaged[: rng.integers(len(content)) if rng.random() < 0.3 else None])
        try:
            found = read_recording(path, cartpole.robot, piped=False)
        except DemonstrationError as error:
            assert str(error).startswith(f"{path}: ")
        else:
            np.testing.assert_array_equal(found.U[0], recording["U"])


def test_a_file_without_actions_lists_what_it_has(path, refusal, recording):
    np.savez(path, X=recording["X"], cost=1.0)
    assert refusal() == "is not a recording: it lacks U, and holds X, cost"
    with zipfile.ZipFile(path, "w"):
        pass
    assert refusal() == "is not a recording: it lacks U, and holds nothing"


@pytest.fixture
def table(cartpole, tmp_path):
    """Read a .csv: the actions, or what is said of it."""
    path = tmp_path / "recording.csv"

    def read(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            return read_recording(path, cartpole.robot, piped=False)
        except DemonstrationError as error:
            assert "\n" not in str(error)
            return str(error).removeprefix(f"{path}")

    return read


def test_columns_of_a_table_are_what_arrays_are(cartpole, table, path, recording):
    """Their order does not matter, and others are not read."""
    U, begun = recording["U"], cartpole.x0
    lines = [f"{t}, {u!r}, {begun[1]:g}, {begun[0]:g}" for t, u in enumerate(U[:, 0].tolist())]
    np.savez(path, U=U)
    for line_break in ("\n", "\r\n"):
        found = table(line_break.join(["t, rail.u, hinge.q, rail.q", *lines, ""]))
        np.testing.assert_array_equal(found.U, read_recording(path, cartpole.robot, piped=False).U)
        assert found.X is None  # of some coordinates


def test_columns_of_all_coordinates_are_states(cartpole, table, recording):
    U, X = recording["U"], recording["X"][:-1]
    lines = [",".join(map(repr, row)) for row in np.hstack([U, X]).tolist()]
    found = table("\n".join(["rail.u,rail.q,hinge.q,rail.v,hinge.v", *lines]))
    np.testing.assert_array_equal(found.U[0], U)
    np.testing.assert_array_equal(found.X[0], X)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", ": is empty"),
        ("\n\n", ": is empty"),
        (b"\xff\xfe", ": is not a .csv file, or is damaged"),
        ("t,raill.u\n0,1\n", ":1: lacks rail.u; did you mean 'raill.u'? allowed: raill.u, t"),
        ("rail.u,rail.u\n0,1\n", ":1: the column 'rail.u' is there twice"),
        ("rail.u,t\n0,1\n0\n", ":3: must have 2 columns as the first line has, found 1"),
        ("rail.u,t\n0,1\n0,x\n", ":3: 't' must be a number, found 'x'"),
        ("rail.u\n0\n", ": U must have shape (150 or more, 1), found (1, 1)"),
        ("rail.u\n", ": U must have shape (150 or more, 1), found (0, 1)"),
        ("rail.u\n" + 200 * "nan\n", ": the action 'rail' is not finite at step 0"),
        (
            "rail.u,hinge.v\n" + 200 * "0,0.5\n",
            ": starts at hinge.v = 0.5, the task of cartpole at 0",
        ),
    ],
)
def test_what_is_wrong_with_a_table(table, content, sentence):
    assert table(content) == sentence


def test_a_table_that_is_missing(cartpole, tmp_path):
    path = tmp_path / "none.csv"
    with pytest.raises(DemonstrationError, match="none.csv: cannot be read: No such file"):
        read_recording(path, cartpole.robot, piped=False)


def test_a_robot_that_names_nothing_has_no_recording(cartpole):
    assert own_recording(cartpole.robot) is None
