"""Work shared among cores: every turn once, the same bits for any number, faults passed on."""

import multiprocessing
import os
import threading

import numpy as np
import pytest
from expansions import expansion_along
from hypothesis import given
from hypothesis import strategies as st

from vgps.solver.cores import cores, share
from vgps.solver.objective import task_objective, with_extra
from vgps.solver.quadratic import quadratic

CLOCK = """\
name: clock
base: fixed
links: [{name: pointer, mass: 1, length: 0.5}]
joints: [{name: hinge, parent: world, child: pointer, damping: 0.1, actuated: true}]
task:
  dt: 0.02
  horizon: 20
  cost: 1e-2*sum(u**2)*(1 + t) + cos(pointer.angle - t)
  final_cost: (hinge.q - t)**2
  success: final(hinge.q) > 0.1
"""


@pytest.fixture
def on(monkeypatch):
    """Says how many cores there are."""
    return lambda n: monkeypatch.setenv("OMP_NUM_THREADS", str(n))


@given(st.integers(0, 50), st.integers(1, 20), st.integers(1, 5))
def test_every_turn_is_taken_once(n, grain, number):
    taken, parts = [], []

    def work(first, end):
        taken.extend(range(first, end))
        parts.append((first, end))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", str(number))
        share(work, n, grain)
    assert sorted(taken) == list(range(n))
    assert len(parts) <= number
    assert all(first % grain == 0 for first, _ in parts)


def test_parts_run_side_by_side(on):
    on(2)
    both = threading.Barrier(2, timeout=60)
    share(lambda first, end: both.wait(), 2, 1)


def test_a_fault_in_any_part_is_passed_on(on):
    on(2)
    for bad in (0, 1):

        def work(first, end, bad=bad):
            if first == bad:
                raise FloatingPointError("here")

        with pytest.raises(FloatingPointError, match="here"):
            share(work, 2, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(on):
    on(2)
    share(lambda first, end: None, 2, 1)  # now this process has some
    child = multiprocessing.get_context("fork").Process(
        target=share, args=(lambda first, end: None, 2, 1)
    )
    child.start()
    child.join(60)
    child.kill()  # where it waits for ever
    assert child.exitcode == 0


@pytest.mark.parametrize("said", ["", "0", "-1", "two", "²"])
def test_what_is_no_number_of_cores_is_not_heeded(monkeypatch, said):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    own = cores()
    monkeypatch.setitem(os.environb, b"OMP_NUM_THREADS", said.encode())  # whatever the locale is
    assert cores() == own >= 1


def test_an_expansion_has_the_same_bits_on_any_number(build_text, rng, on):
    """Of a cost that names the time, a final cost, and a term with numbers of each step."""
    model, T = build_text(CLOCK), 200
    X, U = rng.standard_normal((T + 1, model.nx)), rng.standard_normal((T, model.nu))
    weights = rng.random((T, model.nx)), rng.random((T, model.nu))
    term = quadratic(np.zeros((T, model.nx)), np.zeros((T, model.nu)), *weights)
    objective = with_extra(task_objective(model, T, 0.7, first=3), term)
    on(1)
    alone = expansion_along(model, objective, X, U)
    assert alone.final_xx.any()
    for number in (2, 3):
        on(number)
        for one, other in zip(alone, expansion_along(model, objective, X, U), strict=True):
            np.testing.assert_array_equal(one, other)
