"""Nothing that is compiled touches memory outside its arrays, for robots drawn at random.

C is compiled with AddressSanitizer, which ends the process at the first byte outside; kernels check
their indices and raise.  Both run a search from its first trajectory to evaluated policies, in a
process of its own, into which the sanitizer has to be loaded first.
"""

import os
import shutil
import subprocess
import sys

import pytest
from command_line import ROOT
from trees import random_tree

pytestmark = pytest.mark.slow  # the sanitizer, and kernels that are compiled anew, take minutes

SEARCH = """
import sys
from pathlib import Path
from vgps.codegen import folders
folders.generated = lambda: Path(sys.argv[2])  # neither checked kernels nor libraries for others
import numpy as np
from vgps import RunSettings, build, evaluate, load, search
from vgps.policy.push import survived_pushes

model = build(load(sys.argv[1]))
rng = np.random.default_rng(0)
for method in sys.argv[3].split():
    settings = RunSettings(method=method, hidden=3, iterations=2)
    for state, _ in search(model, method, settings, rng):
        evaluate(model, state.policy, rollouts=11, horizon=7)
if unchecked := sys.argv[4:]:
    # As if nobody had asked whether the policy fits.
    from dataclasses import replace
    from vgps.policy.packed import offsets, pack, preactivation
    policy = replace(state.policy, observed=np.array([1000]), W1=state.policy.W1[:, :1])
    type(policy).require_fit = lambda *_: None
    packed = pack(policy, model.nx, model.nu)
    preactivation(packed, *offsets(packed)[:2], np.zeros(model.nx), np.zeros(3))
x = rng.standard_normal(model.nx)
q, v, u = x[:model.nq], x[model.nq:], rng.standard_normal(model.nu)
model.mass_matrix(q), model.bias_force(q, v), model.passive_force(q, v), model.energy(q, v)
if model.robot.task.integrator == "rk4":
    model.acceleration_derivatives(q, v, u)
model.step(x, u), model.contact_forces(q, v)
model.points(q), model.point_jacobians(q)
print("done")
"""
OUTSIDE = """
import ctypes, sys
from pathlib import Path
import numpy as np
from vgps import build, load

model = build(load(sys.argv[1]), folder=Path(sys.argv[2]))
short = np.zeros(model.nx - 1)
out = np.empty(model.nx)
step = model.library.robot_step
step(*(ctypes.c_void_p(a.ctypes.data) for a in (short, np.zeros(model.nu), out)))
print("done")
"""


def sanitized(script, *arguments):
    """Run Python with the sanitizer, which is also what the robot is compiled with."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc")
    libraries = [_library(compiler, name) for name in ("libasan.so", "libstdc++.so")]
    if not all(map(os.path.isabs, libraries)):
        pytest.skip("this gcc has no AddressSanitizer")
    environment = {
        "CC": f"{compiler} -g -fsanitize=address",
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python frees little when it ends
        "NUMBA_BOUNDSCHECK": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _library(compiler, name):
    asked = [compiler, f"-print-file-name={name}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def tree(tmp_path):
    """A random robot with limits, drag, and a cost of everything."""

    def of_seed(seed, **task):
        cost = "sum(u**2) + com.x**2 + com.vy**2"
        spread = {"spread": {"q": 0.01, "v": 0.01}}
        noise = {"process_noise": {"q": 0.001, "v": 0.01}}
        given = {"dt": 0.002, "cost": cost, "initial": spread, "start": {"noise": 0.1}} | noise
        given |= task
        return random_tree(tmp_path, seed, passive=True, drag=True, **given).path

    return of_seed


def test_the_sanitizer_would_see_it(tree, tmp_path):
    """A state that is one number too short."""
    ran = sanitized(OUTSIDE, tree(0), tmp_path)
    assert ran.returncode != 0 and "done" not in ran.stdout
    assert "ERROR: AddressSanitizer" in ran.stderr, ran.stderr[-2000:]
    assert "robot_step" in ran.stderr


def test_kernels_do_check_their_indices_here(tree, tmp_path):
    ran = sanitized(SEARCH, tree(0), tmp_path / "generated", "vgps", "unchecked")
    assert ran.returncode != 0 and "IndexError" in ran.stderr, ran.stderr[-2000:]


@pytest.mark.parametrize("seed, integrator", [(0, "rk4"), (1, "implicit"), (2, "rk4")])
def test_nothing_is_touched_outside(tree, tmp_path, seed, integrator):
    methods = "vgps adapted-gps adapted-dagger cost-weighted"
    ran = sanitized(SEARCH, tree(seed, integrator=integrator), tmp_path / "generated", methods)
    # An exception in a callback would not end the process, but be printed.
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "done\n", ""), ran.stderr[-3000:]
