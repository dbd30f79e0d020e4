"""What is not finite is named: the step, the coordinate, the part of the cost, the derivative."""

import re

import numpy as np
import pytest

from vgps.solver.finite import require_finite, require_finite_expansion
from vgps.solver.ilqr import ilqr
from vgps.solver.objective import Expansion, expand, task_objective
from vgps.solver.rollout import rollout

# Its costs are defined where it starts; the tests take it elsewhere.
SLIDER = """
name: slider
gravity: 0
base: fixed
parameters: {reach: 2}
links: [{name: bead, mass: 1}, {name: arm, mass: 1, length: 1}]
joints:
  - {name: slide, type: prismatic, parent: world, child: bead, actuated: true}
  - {name: hinge, parent: bead, child: arm, actuated: true}
task:
  {dt: 0.1, horizon: 20, cost: COST, success: final(slide.q) > 0,
   initial: {q: {slide: 5, hinge: 2}, v: {slide: 5, hinge: 2}}}
"""


@pytest.fixture(scope="module")
def slider(build_text):
    return lambda cost: build_text(SLIDER.replace("COST", f'"{cost}"'))


def refusal(model, U, x0=(0.0, 0.0, 0.0, 0.0)):
    objective = task_objective(model, len(U))
    X, U, _ = rollout(model, objective, np.array(x0), U)
    with pytest.raises(FloatingPointError) as caught:
        require_finite(model, objective, X, U)
    return str(caught.value)


# Where it starts each part is defined.
PARTS = (
    "sum(u**2) + 3*log(slide.q - reach) + reach/hinge.q**2 + sum(sqrt(u + 1)) + (slide.v - 1)**1.5"
    " + exp(1000*cos(hinge.v)) + min(log(hinge.q + 3), 1) + log(0.35 - t)"
)


@pytest.mark.parametrize(
    ("elsewhere", "blame"),
    [
        ({"slide.q": 0}, "'log(slide.q - reach)' is not defined at reach = 2, slide.q = 0"),
        ({"hinge.q": 0}, "'reach/hinge.q**2' divides by zero at hinge.q = 0, reach = 2"),
        ({"u": -2}, "'sqrt(u + 1)' is not defined at u = [0.5, -2]"),
        ({"slide.v": 0}, "'(slide.v - 1)**1.5' is not a finite real number at slide.v = 0"),
        ({"hinge.v": 0}, "'exp(1000*cos(hinge.v))' is too large at hinge.v = 0"),
        ({"hinge.q": -3}, "'log(hinge.q + 3)' is not defined at hinge.q = -3"),
    ],
)
def test_the_part_of_the_cost_that_is_not_defined_is_named(slider, elsewhere, blame):
    model = slider(PARTS)
    x0 = [elsewhere.get(name, x) for name, x in zip(model.x_names, model.x0, strict=True)]
    said = refusal(model, np.tile([0.5, elsewhere.get("u", -0.5)], (20, 1)), x0)
    assert said.startswith("the cost is not finite at step 0: ")
    assert blame in said


# Defined from -0.1 on, where its derivative is infinite, as its second one is without a torque.
ROOT = "sum(u**2) + sqrt(slide.q + 0.1) + abs(hinge.u)**1.5"


def test_the_first_such_step_is_named(slider):
    """A bead pushed by -1 N starts at 0 and leaves [-0.1, inf) within 0.5 s, in the fifth step."""
    model = slider(ROOT)
    U = np.tile([-1.0, 0.0], (20, 1))
    X = model.rollout(np.zeros(4), U)
    first = int(np.argmax(X[:, 0] < -0.1))
    assert f"at step {first}: 'sqrt(slide.q + 0.1)' is not defined" in refusal(model, U)


@pytest.fixture(scope="module")
def ending(build_text):
    cost = 'sum(u**2) + t", final_cost: "hinge.q + sqrt(slide.q - t*reach)'
    return build_text(SLIDER.replace("COST", f'"{cost}"'))


def test_the_part_of_the_final_cost_that_is_not_defined_is_named(ending):
    said = refusal(ending, np.zeros((20, 2)))
    blame = "'sqrt(slide.q - t*reach)' is not defined at reach = 2, slide.q = 0, t = 2"
    assert said == f"the final cost is not finite: {blame}"


def test_a_derivative_of_the_final_cost_is_named(ending):
    """Where the root is of 0."""
    named = "the derivative of the final cost with respect to slide.q is not finite"
    with pytest.raises(FloatingPointError, match=f"^{named}$"):
        ilqr(ending, task_objective(ending, 20), np.array([4.0, 0, 0, 0]), np.zeros((20, 2)))


def test_time_is_named_in_what_is_not_defined(slider):
    model = slider(PARTS)
    said = refusal(model, np.zeros((20, 2)), model.x0)
    assert said.startswith(
        "the cost is not finite at step 4: 'log(0.35 - t)' is not defined at t = 0.4"
    )


LARGE = "1e-300*sum(abs(u)) + 1e307*(2 + slide.q)"


def test_a_sum_of_costs_that_overflows_is_not_blamed_on_a_step(slider):
    model = slider(LARGE)
    assert refusal(model, np.zeros((20, 2))) == "the sum of the costs of 20 steps is too large"


def test_a_state_is_named_by_its_coordinate(slider):
    U = np.zeros((20, 2))
    U[3:] = 1e160  # the square of a speed overflows
    said = refusal(slider(LARGE), U)
    assert re.fullmatch(r"the state is no longer finite at step 4: (slide|hinge)\.[qv]", said)


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (-0.1, "the derivative of the cost with respect to slide.q"),
        (0.0, "the second derivative of the cost with respect to hinge.u"),
    ],
)
def test_a_derivative_of_the_cost_is_named(slider, start, named):
    model, U = slider(ROOT), np.zeros((20, 2))
    with pytest.raises(FloatingPointError, match=f"{named}.* is not finite at step 0$"):
        ilqr(model, task_objective(model, 20), np.array([start, 0, 0, 0]), U)


def test_a_derivative_of_the_step_is_named(slider):
    model = slider(LARGE)
    expansion = Expansion.empty(20, 4, 2)
    X, U = np.zeros((21, 4)), np.zeros((20, 2))
    expand(model.address("linearize"), task_objective(model, 20), X, U, expansion)
    require_finite_expansion(model, expansion)
    expansion.f_u[7, 2, 1] = np.nan
    named = (
        "the derivative of slide.v after the step with respect to hinge.u is not finite at step 7"
    )
    with pytest.raises(FloatingPointError, match=f"^{named}$"):
        require_finite_expansion(model, expansion)
