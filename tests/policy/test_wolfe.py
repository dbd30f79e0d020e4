import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from vgps.policy.optimizers.wolfe import (
    C1,
    C2,
    MAX_EVALUATIONS,
    Trial,
    _cubic_minimum,
    _extrapolate,
    _interpolate,
    strong_wolfe,
)


def search(value, slope, first_step=1.0):
    tried = []

    def phi(step):
        tried.append(step)
        return Trial(step, value(step), slope(step), payload=step)

    start = Trial(0.0, value(0.0), slope(0.0))
    accepted, evaluations = strong_wolfe(phi, start, first_step)
    assert evaluations == len(tried)
    if accepted is not None:
        assert accepted.payload == accepted.step == tried[-1]
        assert accepted.value <= start.value + C1 * accepted.step * start.slope
        assert abs(accepted.slope) <= C2 * abs(start.slope)
    return accepted, evaluations


@given(
    minimum=st.floats(1e-4, 1e4),
    wave=st.floats(0.0, 3.0),
    frequency=st.floats(0.1, 20.0),
    phase=st.floats(0.0, 6.3),
)
def test_wavy_valleys_near_and_far(minimum, wave, frequency, phase):
    """A parabola under waves that may have many minima; both conditions hold where it ends."""

    def value(step):
        s = step / minimum
        return (s - 1.0) ** 2 + 0.1 * wave * math.sin(frequency * s + phase)

    def slope(step):
        s = step / minimum
        return (
            2.0 * (s - 1.0) + 0.1 * wave * frequency * math.cos(frequency * s + phase)
        ) / minimum

    assume(slope(0.0) < -1e-3 / minimum)
    accepted, evaluations = search(value, slope)
    assert accepted is not None
    assert evaluations <= 20


def test_a_good_first_step_costs_one_evaluation():
    _, evaluations = search(lambda a: (a - 1.1) ** 2, lambda a: 2.0 * (a - 1.1))
    assert evaluations == 1


def test_what_is_not_finite_is_too_long_a_step():
    def value(step):
        return -math.log(1e-3 - step) - 2e3 * step if step < 1e-3 else math.nan

    def slope(step):
        return 1.0 / (1e-3 - step) - 2e3 if step < 1e-3 else math.nan

    accepted, _ = search(value, slope)
    assert 0.0 < accepted.step < 1e-3


def test_an_infinite_reward_is_not_believed():
    accepted, _ = search(
        lambda a: -math.inf if a > 0.5 else (a - 0.3) ** 2, lambda a: 2.0 * (a - 0.3)
    )
    assert accepted.step <= 0.5


@pytest.mark.parametrize("value", [lambda a: a, lambda a: 1.0 - a], ids=["ascent", "unbounded"])
def test_it_gives_up_where_no_step_can_do(value):
    accepted, evaluations = search(value, lambda a: -1.0)
    assert accepted is None
    assert evaluations == MAX_EVALUATIONS


@given(a=st.floats(-3.0, 3.0), b=st.floats(-3.0, 3.0), c=st.floats(0.1, 3.0))
@example(a=2.0, b=1.7, c=1.0)  # where eq. 3.59 is 0 / 0
def test_the_minimum_of_a_cubic_is_found_at_once(a, b, c):
    """c (s - b)^2 (s - a) has its minimum at the double root b, or at (2 a + b) / 3 where b < a."""
    assume(abs(a - b) > 0.1)

    def at(s):
        value = c * (s - b) ** 2 * (s - a)
        return Trial(s, value, c * (2.0 * (s - b) * (s - a) + (s - b) ** 2))

    minimum = b if b > a else (2.0 * a + b) / 3.0
    for left, right in ((minimum - 1.0, minimum + 0.7), (minimum + 0.5, minimum - 0.9)):
        assert _cubic_minimum(at(left), at(right)) == pytest.approx(minimum, abs=1e-6)


@given(
    values=st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0)),
    slopes=st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0)),
    steps=st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 9.0)),
)
def test_the_next_step_is_well_inside_the_bracket_or_well_beyond_it(values, slopes, steps):
    assume(abs(steps[0] - steps[1]) > 1e-3)
    a, b = map(Trial, steps, values, slopes)
    width, room = abs(steps[1] - steps[0]), 1.0 + 1e-9
    inside = _interpolate(a, b)
    assert min(steps) + 0.1 * width <= inside * room + 1e-9
    assert inside <= (max(steps) - 0.1 * width) * room + 1e-9
    if b.step > a.step:
        beyond = _extrapolate(a, b) - b.step
        assert 1.1 * width * (1.0 - 1e-6) <= beyond <= 4.0 * width * room


@pytest.mark.parametrize(
    ("minimum", "expected"), [(1.5, 2.1), (3.0, 3.0), (100.0, 5.0), (-1.0, 5.0)]
)
def test_extrapolation_goes_to_the_minimum_of_a_parabola_within_its_limits(minimum, expected):
    """From steps 0 and 1 to at least 2.1 and at most 5, which it takes where no minimum is ahead."""
    a, b = (Trial(s, (s - minimum) ** 2, 2.0 * (s - minimum)) for s in (0.0, 1.0))
    assert _extrapolate(a, b) == pytest.approx(expected)
