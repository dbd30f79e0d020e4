"""What is not finite: made by parameters alone, at the initial state, or only somewhere near it."""

import pytest
from arm import ARM
from ground_robots import FOOT

from vgps.codegen.description.constants import constant_faults
from vgps.codegen.description.expression import parse
from vgps.codegen.errors import RobotFileError


def edited(cost=None, success=None, start=None, parameter=None):
    text = ARM
    if cost:
        text = text.replace("sum(u**2) + (hand.y - 1)**2", cost)
    if success:
        text = text.replace("final(hand.y) > 0.9 and min(elbow.q) > -1", success)
    if start:
        text = text.replace("dt: 0.01", f"dt: 0.01\n  initial: {start}")
    return text.replace("m: 2.0", f"m: 2.0\n  z: {parameter or 0}")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1e300*1e9*x", "1e300*1e9"),
        ("x + log(-m)", "log(-m)"),
        ("x/z", "x/z"),
        ("x/(m - 2)", "x/(m - 2)"),
        ("sin(x)*(1/z)", "1/z"),
        ("2 + x/z/2", "2 + x/z/2"[4:7]),
        ("max(x, sqrt(-1), 3)", "sqrt(-1)"),
        ("x**1e300", "x**1e300"),
        ("mean(x) > 1 or 1 > 1/z", "1/z"),
        ("2 > 1 and final(x/z) > 1", "x/z"),
        ("min(exp(m*1000)) > 1", "exp(m*1000)"),
    ],
)
def test_what_parameters_make_of_an_expression(text, part):
    (fault,) = constant_faults(parse(text), {"m": 2.0, "z": 0.0})
    assert str(fault).startswith(repr(part))
    assert (fault.column, fault.end) == (text.index(part), text.index(part) + len(part))


@pytest.mark.parametrize(
    "text", ["x/y", "log(x)", "x**0.5", "1/(x - x)", "z*x", "mean(z) > min(m)"]
)
def test_what_varies_may_be_anything(text):
    assert not list(constant_faults(parse(text), {"m": 2.0, "z": 0.0}))


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"cost": "hand.x/z"}, "task.cost cannot be used: 'hand.x/z' divides by zero"),
        ({"cost": "1/t"}, "task.cost cannot be used: '1/t' divides by zero at step 0"),
        ({"cost": "wrap(log(-z - 1))"}, "task.cost cannot be used: 'log(-z - 1)' is not defined"),
        ({"success": "final(hand.y) > 1/z"}, "task.success cannot be used: '1/z' divides by zero"),
        ({"parameter": "log(-1)"}, "parameters.z is not a number: 'log(-1)' is not defined"),
        ({"parameter": "-1e300"}, "parameters.z must lie between -1e+15 and 1e+15, found -1e+300"),
        (
            {"cost": "1/elbow.q"},
            "task.cost cannot be used: '1/elbow.q' divides by zero at step 0, the initial state, "
            "where elbow.q = 0",
        ),
        (
            {"cost": "(hand.x - 1)**0.5 + sum(u**2)"},
            "task.cost cannot be used: '(hand.x - 1)**0.5' is not a finite real number at step 0, "
            "the initial state, where hand.x = 0.9",
        ),
        (
            {"cost": "log(elbow.v)", "start": "{v: {elbow: -2}}"},
            "task.cost cannot be used: 'log(elbow.v)' is not defined at step 0, the initial state, "
            "where elbow.v = -2",
        ),
    ],
)
def test_what_is_certainly_not_finite_is_refused(load_text, texts, sentence):
    with pytest.raises(RobotFileError) as caught:
        load_text(edited(**texts))
    assert caught.value.message.startswith(sentence) and not caught.value.further


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"cost": "sqrt(elbow.q)"}, "'sqrt(elbow.q)' is not defined at "),
        ({"cost": "log(sum(u**2))"}, "'log(sum(u**2))' is not defined at 1 of 20 states"),
        ({"success": "sqrt(final(hand.x) - 3) > 1"}, "'sqrt(final(hand.x) - 3)' is not defined at"),
        ({"success": "mean(1/(hand.x - hand.x)) > 1"}, "'1/(hand.x - hand.x)' divides by zero at"),
    ],
)
def test_what_may_never_be_reached_is_said(load_text, texts, sentence):
    (warning,) = load_text(edited(**texts)).warnings
    assert ": warning: task." in warning and sentence in warning


def test_a_final_cost_that_may_be_undefined_where_rollouts_end_is_said(load_text):
    """It is not refused: rollouts need not end near where they begin."""
    text = ARM.replace("  success:", "  final_cost: log(t - 0.1*elbow.v - 0.5)\n  success:")
    (warning,) = load_text(text).warnings
    said = "warning: task.final_cost: 'log(t - 0.1*elbow.v - 0.5)' is not defined at"
    assert said in warning and "where t = 0.5" in warning
    assert not load_text(text.replace("- 0.5)", "- 0.4)")).warnings


def test_a_success_that_is_undefined_at_some_states_is_a_success_like_any(load_text):
    assert not load_text(edited(success="sqrt(final(elbow.q)) < 2")).warnings


def test_functions_of_the_vector_of_actions(load_text):
    cost = "sum(max(abs(u), tanh(u), 0.1)) + sum(exp(-u**2)) + sum(wrap(u) + atan2(u, elbow.q + 1))"
    assert not load_text(edited(cost=cost)).warnings


def test_a_ground_that_is_not_defined_below_a_foot(load_text):
    with pytest.raises(RobotFileError) as caught:
        load_text(FOOT.replace("height: 0", "height: log(x - 9)"))
    assert "'log(x - 9)' is not defined below a contact point" in caught.value.message
