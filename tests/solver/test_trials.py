"""Of several starts the best one wins: success before cost, whatever diverges is left out."""

from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from vgps.solver import trials
from vgps.solver.ilqr import Iteration, Reason, Settings, ilqr
from vgps.solver.objective import task_objective
from vgps.solver.optimize import optimize
from vgps.solver.starts import Start
from vgps.solver.trials import Tried, _Behind, _Chase, _halves, best_of

CARTPOLE = (Path(__file__).parents[1] / "robots" / "cartpole.yaml").read_text(encoding="utf-8")
LEANING = CARTPOLE[: CARTPOLE.index("  start: ")].replace(
    "q: {rail: 1.0} ", "q: {rail: 0.5, hinge: 0.2} "
)
# Lying still is cheap, and no success.
SWING = """\
name: swing
base: fixed
links: [{name: rod, mass: 1, length: 1, direction: -pi/2}]
joints: [{name: hinge, parent: world, child: rod, damping: 0.5, actuated: true}]
points: [{name: tip, link: rod, at: [0, -1]}]
task: {dt: 0.05, horizon: 30, cost: 1e-3*sum(u**2), success: max(hinge.q) > 1}
"""


def pushing(model, force):
    return Start("given", f"{force:g} N", lambda: np.full((model.robot.task.horizon, 1), force))


def diverging(message):
    def fail():
        raise FloatingPointError(message)

    return Start("diverging", message, fail)


@pytest.fixture(scope="module")
def swing(build_text):
    return build_text(SWING)


def starts(model):
    return [pushing(model, 0.0), pushing(model, 12.0)]


def test_success_comes_before_cost(swing):
    """Without iterations the starts are compared as they are."""
    objective = task_objective(swing, 30)
    still = Settings(max_iterations=0)
    found = best_of(swing, objective, swing.x0, starts(swing), still)
    assert found.start == "given (12 N)"
    assert swing.success(found.X, found.U)
    cheap = ilqr(swing, objective, swing.x0, np.zeros((30, 1)), still)
    assert cheap.cost < found.cost


def test_the_cheaper_one_of_two_that_fail(swing):
    objective, still = task_objective(swing, 30), Settings(max_iterations=0)
    both = [pushing(swing, 2.0), pushing(swing, 1.0)]
    assert best_of(swing, objective, swing.x0, both, still).start == "given (1 N)"


def test_half_of_those_that_stay_are_the_cheapest(swing):
    """Costs 1 to 8, of which the dearest four succeed."""
    solution = ilqr(swing, task_objective(swing, 30), swing.x0, np.zeros((30, 1)), Settings(0))
    tried = [
        Tried(str(cost), solution._replace(cost=float(cost)), fails=cost < 5)
        for cost in range(1, 9)
    ]
    for several, kept in ((tried, "5162"), (tried[:5], "512"), (tried[:3], "12")):
        better, worse = _halves(several)
        assert "".join(one.name for one in better) == kept
        assert {one.name for one in worse} == {one.name for one in several} - set(kept)


def test_what_was_dropped_follows_where_nothing_else_succeeds(swing, monkeypatch):
    """The dearest of nine succeeds at its end alone."""
    objective, Z = task_objective(swing, 30), np.zeros((30, 1))
    solution = ilqr(swing, objective, swing.x0, Z, Settings(0))._replace(reason=Reason.ITERATIONS)

    def scripted(model, objective, x0, name, U, settings, callback=None):
        ended = settings.max_iterations == Settings().max_iterations
        return Tried(name, solution._replace(cost=float(name)), fails=not (ended and name == "9"))

    monkeypatch.setattr(trials, "_tried", scripted)
    nine = [Start(str(cost), "", lambda: Z) for cost in range(1, 10)]
    assert best_of(swing, objective, swing.x0, nine, Settings()).start == "9"
    assert best_of(swing, objective, swing.x0, nine[:8], Settings()).start == "1"


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(
    ("floor", "given_up_at"), [(11.0, 30), (9.9, None)], ids=["behind", "ahead"]
)
def test_a_leader_that_cannot_catch_up_is_given_up(swing, fails, floor, given_up_at):
    """After i iterations costs are floor + 100 / sqrt(i); the first leader ended with 10."""
    solution = ilqr(swing, task_objective(swing, 30), swing.x0, np.zeros((30, 1)), Settings(0))
    first: Future[Tried] = Future()
    first.set_result(Tried("first", solution._replace(cost=10.0), fails=fails))
    heard = []
    chase = _Chase(first, heard.append)

    def follow():
        for i in range(1, 501):
            chase(Iteration(i, floor + 100.0 / np.sqrt(i), 0.0, 1.0, 0.0))

    if given_up_at is None or fails:
        follow()
        assert len(heard) == 500
    else:
        with pytest.raises(_Behind):
            follow()
        assert len(heard) == given_up_at


def test_what_diverges_is_left_out(swing):
    objective = task_objective(swing, 30)
    several = [diverging("at step 3"), *starts(swing)]
    assert best_of(swing, objective, swing.x0, several, Settings(5)).start.startswith("given")
    with pytest.raises(FloatingPointError, match="at step 3"):
        best_of(swing, objective, swing.x0, [diverging("at step 3"), diverging("at 4")], Settings())


def test_a_robot_that_falls_without_actions_is_saved(build_text):
    """From rest iLQR ends with the pole turning round at some 10,000; 15 keep it up."""
    model = build_text(LEANING)
    T = model.robot.task.horizon
    fallen = ilqr(model, task_objective(model, T), model.x0, np.zeros((T, 1)))
    found = optimize(model)
    assert model.success(found.X, found.U)
    assert found.cost < 0.1 * fallen.cost
    again = optimize(model)
    assert again.start == found.start and np.array_equal(again.U, found.U)


@pytest.mark.parametrize("kind", ["hold", "balance", "receding"])
def test_a_file_may_name_the_kind(build_text, kind):
    model = build_text(LEANING + f"  start: {{{kind}: true}}\n")
    assert optimize(model).start.startswith(kind)


def test_the_number_of_cores_changes_nothing(build_text, monkeypatch):
    model = build_text(LEANING)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        found.append(optimize(model))
    assert found[0].start == found[1].start and np.array_equal(found[0].U, found[1].U)
