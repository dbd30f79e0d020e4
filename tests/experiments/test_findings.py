"""What keeps robots from learning: each ill one has its finding and no other, healthy ones have none."""

import numpy as np
import pytest
from ill_robots import BLOCK, CARTPOLE, HEALTHY, ILL, MORE, SLED, changed
from quick import quick_ones

from vgps.codegen.description.robot import Robot, load
from vgps.experiments.doctor import diagnose
from vgps.experiments.findings_of_policy import conflicts, explained
from vgps.policy.gaussian import Policy
from vgps.policy.mstep import Samples
from vgps.solver.distribution import TrajectoryDistribution


@pytest.fixture
def diagnosed(tmp_path):
    def diagnose_it(text, hidden=5):
        path = tmp_path / "robot.yaml"
        path.write_text(text, encoding="utf-8")
        return diagnose(load(path), hidden, seed=0)

    return diagnose_it


def line_of(finding, text):
    """The line that a finding points at, from its column on."""
    _, line, column = finding.place.rsplit(":", 2)
    return text.splitlines()[int(line) - 1][int(column) - 1 :]


# Where in the file each is found, and what its sentence tells.
TOLD = {
    "stationary": ("{noise: 0}", "noise (0)", "leaving task.start out"),
    "steps": ("dt: 0.02", "past their stability bound", "task.substeps: "),
    "sinking": ("{name: arm", "arm.end is 0.4", "contact: true"),
    "limits": ("1}", "rail is at a limit, -1 or 1 N, in ", "a larger limit"),
    "cost": ("1e-6*rail.q**2", "abs(final(rail.q)) < 0.3 is false, final(rail.q) is 1", "weight"),
    "noise": ("1e-4*sum(u**2)", "its limits are -10 and 10", "times as large"),
    "success": ("final(rail.q) > 2", "final(rail.q) > 2 is false, ", "a larger weight of rail.q"),
    "last-moment": ("final(rail.q) > 0.85", "in its last 0.1 s only", "task.horizon"),
    "clock": ("{q: [rail]", "does not tell which action is due", "observing more"),
    "turns": ("dt: 0.02", "hinge.q passes through ", "observing sin(hinge.q)"),
    "feedback": ("q: {rail: 1.0}", "of 50 rollouts", "a smaller spread or less process noise"),
    "hidden": ("dt: 0.02", "1 hidden units explain ", "--hidden 4"),
}


# What tells these is tested below by itself.
SLOW = {"clock", "hidden"}


@pytest.mark.parametrize("name", quick_ones(ILL, ILL.keys() - SLOW))
def test_an_ill_robot_has_its_finding_alone(diagnosed, name):
    text, hidden = ILL[name]
    diagnosis = diagnosed(text, hidden)
    (finding,) = diagnosis.findings
    assert finding.name == name
    at, told, advice = TOLD[name]
    assert line_of(finding, text).startswith(at)
    assert told in finding.text and advice in finding.advice


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("limits", "of its 1000 N at most"),
        ("cost", "of the cost of a trajectory that fails"),
        ("diverges", "would do"),
    ],
)
def test_other_ways_to_be_ill(diagnosed, name, told):
    (finding,) = diagnosed(MORE[name]).findings
    assert finding.name == name and told in finding.text


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_robot_has_no_finding(diagnosed, name):
    diagnosis = diagnosed(HEALTHY[name])
    assert diagnosis.findings == [] and diagnosis.success_by_initial == [True]


def test_what_success_asks_for_and_the_cost_does_not_name(diagnosed):
    text = changed(BLOCK, ("final(rail.q) > 0.5", "final(block.vx) > 3 and final(rail.q) > 0.1"))
    (finding,) = diagnosed(text).findings
    assert "final(block.vx) > 3 is false" in finding.text and "0.1" not in finding.text
    assert finding.advice == "a term of block.vx in the cost"


def test_of_several_initial_states_the_ill_one_is_named(diagnosed):
    """The block cannot come from so far."""
    text = changed(
        BLOCK,
        ("initial: {spread", "initial: [{spread"),
        ("v: 0.05}}", "v: 0.05}}, {q: {rail: -9}}]"),
    )
    diagnosis = diagnosed(text)
    assert diagnosis.success_by_initial == [True, False]
    assert {finding.name for finding in diagnosis.findings} >= {"success"}
    for finding in diagnosis.findings:
        assert finding.text.endswith("(the trajectory from task.initial[1])")


@pytest.mark.slow
def test_a_point_that_is_carried_is_not_sinking(diagnosed):
    """With contact at the arm's end the sled is lifted by it."""
    hand = "points:\n  - {name: hand, link: arm, at: [0.5, 0], contact: true}"
    names = [finding.name for finding in diagnosed(changed(SLED, ("points:", hand))).findings]
    assert "sinking" not in names


def test_the_same_seed_finds_the_same(diagnosed):
    text, hidden = ILL["feedback"]
    assert diagnosed(text, hidden) == diagnosed(text, hidden)


def test_a_robot_without_a_file_has_no_places():
    robot = Robot.model_validate(load_data(CARTPOLE), context={})
    with pytest.raises(ValueError, match="has none"):
        diagnose(robot, hidden=5, seed=0)


def load_data(text):
    from yaml import safe_load

    return safe_load(text)


def distribution(X, U):
    """q whose states and actions have a deviation of 0.1, without feedback."""
    T, nx, nu = *X.shape, U.shape[1]
    zero = np.zeros((T, nu, nx))
    return TrajectoryDistribution(
        X,
        U,
        np.zeros((T, nu)),
        zero,
        np.tile(0.01 * np.eye(nu), (T, 1, 1)),
        X,
        np.tile(0.01 * np.eye(nx), (T, 1, 1)),
    )


def test_conflicts_are_where_only_what_is_unseen_differs():
    """There and back along x[0], which x[1] tells apart, with opposite actions."""
    T = 40
    x = np.concatenate([np.arange(20.0), np.arange(20.0)[::-1]])
    way = np.repeat([1.0, -1.0], 20)
    q = distribution(np.column_stack([x, way]), 3.0 * way[:, None])
    found = conflicts(q, np.array([0]), T)
    # The turn is too near in time.
    assert found == [(t, T - 1 - t) for t in range(T) if abs(T - 1 - 2 * t) > 4]
    assert conflicts(q, np.array([0, 1]), T) == []
    assert conflicts(q._replace(U=np.zeros((T, 1))), np.array([0]), T) == []


def test_feedback_on_what_is_seen_is_no_conflict():
    """Actions that one linear law explains, at two times a little apart."""
    T, K = 30, -50.0
    x = 0.05 * np.arange(T)[:, None] % 0.1
    q = distribution(x, K * x)._replace(K=np.full((T, 1, 1), K))
    assert conflicts(q, np.array([0]), T) == []
    assert conflicts(q._replace(K=np.zeros((T, 1, 1))), np.array([0]), T) != []


def test_explained_is_one_for_the_teacher_and_zero_for_the_mean():
    rng = np.random.default_rng(0)
    observed, N = np.array([2, 0]), 50
    teacher = Policy(
        observed, rng.normal(size=(3, 2)), np.zeros(3), np.ones((1, 3)), np.zeros(1), np.zeros(1)
    )
    x = rng.normal(size=(N, 4))
    samples = Samples(x[:, observed], teacher.mean(x), np.ones((N, 1, 1)), 1, np.ones(N))
    assert explained(teacher, samples) == pytest.approx([1.0])
    nothing = np.zeros((1, 3))
    constant = Policy(
        observed, teacher.W1, teacher.b1, nothing, samples.mean.mean(axis=0), np.zeros(1)
    )
    assert explained(constant, samples) == pytest.approx([0.0], abs=1e-12)
