"""Spoilt robot files are robots still, or are refused with a place; they never end in a traceback."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
from spoilt_robots import load_all

LIMIT = 1024  # MiB


def holds(outcome):
    print(outcome)
    assert not outcome.tracebacks, "\n".join(outcome.tracebacks[:5])
    assert not outcome.misplaced, "\n".join(outcome.misplaced[:5])
    assert outcome.robots and outcome.refused


def test_some_spoilt_files(tmp_path):
    holds(load_all(tmp_path, range(120)))


@pytest.mark.slow
def test_many_spoilt_files(tmp_path):
    """Apart, where the memory is their own."""
    apart = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=apart) as pool:
        outcome = pool.submit(load_all, tmp_path, range(10_000)).result()
    holds(outcome)
    assert outcome.peak < LIMIT
