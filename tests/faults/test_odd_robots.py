"""Odd robots end each command with exit status 0 or in one sentence."""

import numpy as np
import odd_robots
import pytest
import yaml


def tried(seeds, tmp_path):
    results = []
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        results.append(odd_robots.try_out(seed, folder))
    faults = {one.seed: one.faults for one in results if one.faults}
    assert not faults, faults
    return results


def test_a_few_odd_robots(tmp_path):
    """One of each method, the last with costs that are not finite."""
    tried([3, 5, 8, 6], tmp_path)


def test_the_same_seed_gives_the_same_robot():
    texts = [yaml.safe_dump(odd_robots.odd_robot(seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_traceback_and_two_lines_are_faults():
    outcomes = {"check": "done", "build": "ValueError: no", "train": "exit status 1 with 2 lines"}
    one = odd_robots.Tried(0, outcomes)
    assert set(one.faults) == {"build", "train"}
    assert "build: 1 fault" in odd_robots.figure([one])


@pytest.mark.slow
def test_two_hundred_odd_robots(tmp_path, capsys):
    """As many as load of random seeds."""
    seeds = np.random.default_rng(0).permutation(10_000)[:200].tolist()
    results = tried(seeds, tmp_path)
    with capsys.disabled():
        print(f"\n{len(results)} odd robots\n{odd_robots.figure(results)}")
