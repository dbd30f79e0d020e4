"""Steps a second of 64 walkers side by side, beside as many of Gymnasium's Walker2d-v5.

    pip install '.[gym,mujoco]' imageio
    OMP_NUM_THREADS=1 python docs/examples/vector_env.py

Both sides take random actions and begin anew where they fall.  One process, one thread, processor
time, in turns, so that a busy machine slows down both.
"""

import time

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv

import vgps.report.gym  # noqa: F401  # registers vgps/Robot-v0

ENVS, ROUNDS = 64, 15


def rate(envs: VectorEnv, steps: int) -> float:
    """Steps of single robots in a second."""
    actions = [envs.action_space.sample() for _ in range(steps)]
    began = time.process_time()
    for action in actions:
        envs.step(action)
    return ENVS * steps / (time.process_time() - began)


ours = gymnasium.make_vec("vgps/Robot-v0", num_envs=ENVS, robot="walker")
theirs = gymnasium.make_vec("Walker2d-v5", num_envs=ENVS, vectorization_mode="sync")
for envs in (ours, theirs):
    envs.reset(seed=0)
    envs.action_space.seed(0)
    rate(envs, 50)
rates = np.array([(rate(ours, 1500), rate(theirs, 40)) for _ in range(ROUNDS)])
print("median steps/s: walker {:.0f}, Walker2d-v5 {:.0f}".format(*np.median(rates, axis=0)))
low, middle, high = np.quantile(rates[:, 0] / rates[:, 1], (0.0, 0.5, 1.0))
print(f"ratio {middle:.1f} ({low:.1f} to {high:.1f})")
