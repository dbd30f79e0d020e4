"""Methods that other packages bring: known by their entry points, refused in one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from installing import installed, installed_source
from searching import stored_and_resumed

from vgps.codegen.errors import InputError
from vgps.policy import plugins
from vgps.policy.methods import METHODS
from vgps.policy.plugins import PluginError, method_names, method_of
from vgps.policy.search import initial_trajectories, search, search_settings
from vgps.policy.settings import RunSettings
from vgps.policy.state import start

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "hill-climbing"
HEAD = """
import numpy as np
from typing import NamedTuple
from vgps.codegen.archive import numbers
from vgps.policy.methods import Method
from vgps.policy.mstep import Fit
from vgps.policy.state import Improvement, Memory, imitate
"""
# A policy that follows the mean of all before it, which it remembers.
REMEMBERING = """
class Mean(NamedTuple):
    theta: np.ndarray

def begin(model, settings, q, rng):
    found = imitate(model, settings, q, rng)
    return found._replace(memory=Mean(found.fit.policy.theta))

def improve(model, settings, state, rng):
    theta = state.memory.theta + 0.01 * rng.standard_normal(state.memory.theta.size)
    mean = (state.k * state.memory.theta + theta) / (state.k + 1)
    return Improvement(Fit(state.policy.with_theta(mean), 0.0, 0), Mean(mean))

METHOD = Method(begin, improve, memory=Memory({"theta": numbers("n_theta")}, Mean))
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder for packages; what is imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    method_of.cache_clear()
    before = set(sys.modules)
    yield tmp_path
    method_of.cache_clear()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def settings(cartpole):
    whole = search_settings(RunSettings(hidden=3), cartpole.robot)
    return whole._replace(rollouts=4, fit=whole.fit._replace(starts=1, iterations=5))


def test_the_example_searches_and_never_gets_worse(site, cartpole):
    installed_source(site, EXAMPLE)
    assert method_names() == [*METHODS, "hill-climbing"]
    chosen = RunSettings(method="hill-climbing", hidden=3, iterations=4, samples=3)
    found = list(search(cartpole, "hill-climbing", chosen, np.random.default_rng(0)))
    assert [record.iteration for _, record in found] == [1, 2, 3, 4]
    assert [record.rollouts for _, record in found] == [0, 4, 8, 12]
    assert method_of("hill-climbing").package == "vgps-hill-climbing"


def test_a_memory_of_its_own_continues_to_the_same_bits(site, cartpole, settings, tmp_path):
    installed(site, "rememberer", {"mean": "rememberer:METHOD"}, rememberer=HEAD + REMEMBERING)
    beginning = start(cartpole, initial_trajectories(cartpole, settings, np.random.default_rng(0)))
    arrays = stored_and_resumed("mean", cartpole, settings, beginning, tmp_path / "s.npz", 2, 2)
    assert "memory_theta" in arrays


def test_ours_come_first_and_ask_no_package(site, monkeypatch):
    installed(site, "usurper", {"vgps": "usurper:METHOD"}, usurper="raise RuntimeError")
    asked = []
    monkeypatch.setattr(plugins, "entry_points", lambda **which: asked.append(which) or [])
    for name in METHODS:
        assert method_of(name) is METHODS[name]
        RunSettings(method=name)
    assert not asked


def test_nothing_of_a_package_is_imported_before_its_method_is_asked_for(site):
    installed(site, "loud", {"loud": "loud:METHOD"}, loud="raise SystemExit('imported')")
    code = "from vgps.policy.settings import RunSettings as R; R(method='gps').resolved; R()"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(site)})


BROKEN = {
    "import nowhere": r"ModuleNotFoundError: No module named 'nowhere' \(broken\.py:1\)",
    "def METHOD(:": r"SyntaxError: .*",
    "OTHER = 1": r"AttributeError: module 'broken' has no attribute 'METHOD' \(.*\)",
    "def METHOD(): pass": r"TypeError: broken:METHOD is a function, not a vgps\.policy\.methods\.Method .*",
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_cannot_be_loaded_is_one_sentence(site, text):
    installed(site, "its-package", {"mine": "broken:METHOD"}, broken=text)
    with pytest.raises(PluginError) as caught:
        RunSettings(method="mine")
    pattern = f"the method 'mine' of the package its-package cannot be used: {BROKEN[text]}"
    assert re.fullmatch(pattern, str(caught.value)), caught.value


def test_two_packages_with_one_name(site):
    for package in ("one", "other"):
        installed(site, package, {"mine": f"{package}:METHOD"})
    with pytest.raises(PluginError, match="'mine' is brought by one and other: uninstall all but"):
        method_of("mine")


FAULTY = {
    "Method(imitate, lambda *given: 1 / 0)": r"ZeroDivisionError: division by zero \(faulty\.py:\d+\)",
    "Method(lambda *given: None, None)": r"TypeError: cannot unpack .*",
    "Method(imitate, lambda *given: Improvement(None))": r"AttributeError: 'NoneType' .*",
    "Method(imitate, lambda m, s, state, r: Improvement(Fit(state.policy, 0.0, 0)), "
    "memory=Memory({'x': numbers()}, dict))": r".*: memory_x is missing .*",
}


@pytest.mark.parametrize("text", FAULTY)
def test_what_goes_wrong_in_it_is_one_sentence(site, cartpole, text):
    installed(site, "its-package", {"mine": "faulty:METHOD"}, faulty=f"{HEAD}\nMETHOD = {text}")
    chosen = RunSettings(hidden=3, iterations=2)
    with pytest.raises(PluginError) as caught:
        list(search(cartpole, "mine", chosen, np.random.default_rng(0)))
    pattern = f"the method 'mine' of the package its-package cannot be used: {FAULTY[text]}"
    assert re.fullmatch(pattern, str(caught.value)), caught.value


@pytest.mark.parametrize("error", ["FloatingPointError('c is infinite')", "InputError('no.')"])
def test_what_a_method_says_itself_stays_as_it_is(site, cartpole, error):
    text = f"{HEAD}\nfrom vgps.codegen.errors import InputError\ndef stop(*given): raise {error}\n"
    installed(site, "its-package", {"mine": "m:METHOD"}, m=f"{text}METHOD = Method(stop, stop)")
    with pytest.raises((FloatingPointError, InputError)) as caught:
        list(search(cartpole, "mine", RunSettings(hidden=3), np.random.default_rng(0)))
    assert type(caught.value) is not PluginError


def test_an_unknown_name_is_told_what_there_is(site):
    installed_source(site, EXAMPLE)
    with pytest.raises(ValueError, match="did you mean 'hill-climbing'"):
        RunSettings(method="hil-climbing")
