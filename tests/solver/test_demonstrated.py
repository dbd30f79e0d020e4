"""What a robot does under a recording: its actions, or others that lead past its states."""

import numpy as np
import pytest

from vgps.codegen.demonstration import recording_of
from vgps.codegen.errors import DemonstrationError
from vgps.solver.demonstrated import checked_actions, own_demonstration, read_demonstration
from vgps.solver.optimize import optimize

T = 150


@pytest.fixture
def path(tmp_path):
    return tmp_path / "recording.npz"


@pytest.fixture(scope="module")
def balanced(cartpole):
    """The pole is caught and held upright, which no actions do without feedback for long."""
    solution = optimize(cartpole)
    assert cartpole.success(solution.X, solution.U)
    return solution.X, solution.U


def test_a_longer_recording_is_cut_to_the_horizon(cartpole, path):
    U = 0.1 * np.random.default_rng(0).standard_normal((T + 30, 1))
    X = cartpole.rollout(cartpole.x0, U)
    for arrays in ({"U": U, "X": X}, {"U": U}):
        np.savez(path, **arrays)
        np.testing.assert_array_equal(read_demonstration(path, cartpole)[0], U[:T])
    np.testing.assert_array_equal(checked_actions("it", U, cartpole)[0], U[:T])


@pytest.mark.parametrize("rows", [T, T + 1])
def test_states_count_for_more_than_actions_that_leave_them(cartpole, balanced, path, rows):
    """In three digits; with X the pole stands, without it falls."""
    X, U = (np.round(part, 3) for part in balanced)
    X[0] = cartpole.x0
    np.savez(path, U=U, X=X[:rows])
    (with_states,) = read_demonstration(path, cartpole)
    np.savez(path, U=U)
    (without,) = read_demonstration(path, cartpole)
    reached = [cartpole.rollout(cartpole.x0, actions) for actions in (with_states, without)]
    assert cartpole.success(reached[0], with_states)
    assert not cartpole.success(reached[1], without)
    assert np.abs(reached[0] - balanced[0]).max() < 0.05 * np.abs(balanced[0]).max()


def test_a_recording_that_is_repeated_keeps_its_bits(cartpole, balanced, path):
    X, U = balanced
    np.savez(path, U=U, X=X)
    np.testing.assert_array_equal(read_demonstration(path, cartpole)[0], U)


def test_an_optimisation_begins_where_it_was_recorded(cartpole, balanced, path):
    X, U = balanced
    noise = 0.3 * np.abs(U).mean() * np.random.default_rng(0).standard_normal(U.shape)
    best = cartpole.cost(X, U).sum()
    np.savez(path, U=U + noise, X=X)
    found = optimize(cartpole, read_demonstration(path, cartpole)[0])
    assert found.cost == pytest.approx(best, rel=1e-3)


SWIMMER = """\
name: swimmer_without_limits
base: floating
links: [{name: ball, mass: 1, inertia: 0.1}, {name: fin, mass: 1, length: 0.2}]
joints: [{name: hinge, parent: ball, child: fin, actuated: true}]
task: {dt: 0.01, horizon: 20, cost: hinge.q**2, success: 1 > 0}
"""


def test_actions_that_throw_the_robot_to_infinity(build_text, path):
    """Without limits the swimmer does not survive such torques; the cart-pole's motor saturates."""
    swimmer = build_text(SWIMMER)
    np.savez(path, U=np.full((20, 1), 1e200))
    with pytest.raises(DemonstrationError, match="replayed on .*, the state is no longer finite"):
        read_demonstration(path, swimmer)


def test_states_that_no_actions_lead_past(build_text, path):
    """What cannot be closed ends with the actions, and their fault."""
    swimmer = build_text(SWIMMER)
    np.savez(path, U=np.full((20, 1), 1e200), X=np.zeros((21, swimmer.nx)))
    with pytest.raises(DemonstrationError, match="replayed on .*, the state is no longer finite"):
        read_demonstration(path, swimmer)


def test_a_robot_that_names_nothing_has_no_demonstration(cartpole):
    assert own_demonstration(cartpole) is None


def test_a_recording_is_written_as_it_is_read(cartpole, balanced):
    X, U = balanced
    recording = recording_of("it", cartpole.robot, U, X)
    again = recording_of("it", cartpole.robot, **recording.arrays)
    np.testing.assert_array_equal(again.U, recording.U)
    np.testing.assert_array_equal(again.X, X[None, :-1])
