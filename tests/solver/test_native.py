"""Kernels take addresses: compiled once, they serve every robot, in this process and the next."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import twin
from solver_robots import CART_POLE

from vgps.solver.backward import backward
from vgps.solver.ilqr import Settings, ilqr
from vgps.solver.native import call, kernel, row
from vgps.solver.objective import expand_steps, task_objective
from vgps.solver.rollout import closed_loop_rollouts

ROOT = Path(__file__).parents[2]
KERNELS = (closed_loop_rollouts, expand_steps, backward)


def optimise(model):
    U = np.ones((5, model.nu))
    return ilqr(model, task_objective(model, 5), model.x0, U, Settings(max_iterations=2))


def test_one_compilation_serves_two_robots(swimmer, cart_pole):
    """Robots of different sizes, and still no new specialisation; the results are their own."""
    optimise(swimmer)
    compiled = [len(k.overloads) for k in KERNELS]
    assert all(compiled)
    solution = optimise(cart_pole)
    assert [len(k.overloads) for k in KERNELS] == compiled
    twin.check_rollout(cart_pole, solution.X, solution.U)


def test_call_reaches_the_function_at_the_address(swimmer, rng):
    """`call` from a kernel does what `Model.step` does, on rows of an array."""

    @kernel
    def step_between_rows(address, X, u):
        call(address, (row(X, 1), u.ctypes.data, row(X, 3)))

    X, u = rng.standard_normal((4, swimmer.nx)), rng.standard_normal(2)
    expected = X.copy()
    expected[3] = swimmer.step(X[1], u)
    step_between_rows(swimmer.address("step"), X, u)
    np.testing.assert_array_equal(X, expected)


SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
from vgps.codegen.build import build
from vgps.codegen.description.robot import load
from vgps.solver.ilqr import ilqr, Settings
from vgps.solver.objective import task_objective
from vgps.solver.backward import backward
from vgps.solver.objective import expand_steps
from vgps.solver.rollout import closed_loop_rollouts
model = build(load(sys.argv[1]), folder=Path(sys.argv[2]))
ilqr(model, task_objective(model, 3), model.x0, np.ones((3, model.nu)), Settings(max_iterations=1))
kernels = {"follow": closed_loop_rollouts, "expand": expand_steps, "backward": backward}
print(json.dumps({n: [sum(k.stats.cache_hits.values()), sum(k.stats.cache_misses.values())]
                  for n, k in kernels.items()}))
"""


def cache_use(robot, folder):
    """Cache (hits, misses) of each kernel in a new process that optimises ``robot``."""
    path = folder / "robot.yaml"
    path.write_text(robot, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def test_another_process_loads_the_kernels_from_disk(swimmer, tmp_path):
    """Even for a robot of which the cache has never heard: every kernel a hit, none compiled."""
    optimise(swimmer)  # fills the cache where it is empty
    # a new parameter value makes a new library, at a new address
    robot = CART_POLE.replace("mass: 0.3", "mass: 0.31")
    assert cache_use(robot, tmp_path) == {name: [1, 0] for name in ("follow", "expand", "backward")}
