"""PPO of Stable-Baselines3 on a robot, and what `train` learns of the same one, by processor time.

    pip install '.[ppo]'
    python docs/examples/ppo.py ppo swimmer --seed 0 --seconds 480     # adds lines to ppo.csv
    python docs/examples/ppo.py vgps swimmer --seed 0                  # and so does this
    python docs/examples/ppo.py draw                                   # ppo.csv becomes ppo.png

A line of the file is the policy that there is after so many seconds of one core, without imports
and builds: its mean cost in 100 rollouts of the whole horizon, without its own noise and the
task's, and the share of them that succeeds.  Both sides learn under the task's noise.

PPO has the defaults of Stable-Baselines3 with normalised observations and rewards; gamma is that of
Swimmer-v3 and of Walker2DBulletEnv-v0 in RL Baselines3 Zoo (hyperparams/ppo.yml), and so is the
small noise with which the walker begins.  Nothing was tuned here.  Three choices are ours.  64
robots learn side by side, with minibatches of 2048: with 16 robots and minibatches of 64 a step
takes seven times as long on one core.  An action of 1 is three deviations of the noise that `train`
begins with, (2 w)^-1/2 for w u^2 in the cost: the walker's own limits are five times as far.  And
the walker is paid for each step before its fall, since otherwise every further step would only have
a cost, and falling at once be best.
"""

import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from gymnasium.spaces import Box
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

import vgps
from vgps.policy.episodes import Episodes
from vgps.report.gym.spaces import action_space, observation_space
from vgps.report.style import LEARNED, TARGET, dress, key, new_figure, paler, save

Array = NDArray[np.float64]
Policy = Callable[[Array], Array]  # observations (N, n_in) -> actions (N, nu)
Robot = Literal["swimmer", "walker"]

FIRST, HIGHEST = 1.0, 1e5  # s and cost that the picture shows
COLUMNS = ("method", "robot", "seed", "seconds", "cost", "success")
LABELS = {"ppo": ("PPO", TARGET), "vgps": ("train", LEARNED)}
ROLLOUTS = 100
HIDDEN = 10  # units of our policy; PPO's has two layers of 64
ENVS, STEPS, BATCH = 64, 256, 2048  # robots, steps of each between two updates, a minibatch
OVERRIDES: dict[str, dict[str, object]] = {
    "swimmer": {},
    "walker": {"parameters.torque": 212},
}  # N m
ALIVE = {"swimmer": 0.0, "walker": 2.0}  # for a step; standing still costs the walker 1.69
GAMMA = {"swimmer": 0.9999, "walker": 0.99}
LOG_DEVIATION = {"swimmer": 0.0, "walker": -2.0}  # of the first actions


class Robots(VecEnv):
    """Robots as Stable-Baselines3 steps them: what has ended begins anew in the same step.

    `gymnasium.make_vec` begins it in the next one.
    """

    def __init__(self, model: vgps.Model, number: int, seed: int, alive: float) -> None:
        """So many robots, which are paid ``alive`` for each step."""
        self.episodes = Episodes(model, number, disturbed=True, terminates=True)
        self.reach, self.alive = action_space(model).high, alive
        self.generators = np.random.default_rng(seed).spawn(number)
        super().__init__(number, observation_space(model), Box(-1.0, 1.0, (model.nu,)))

    def reset(self) -> Array:
        """Begin all episodes."""
        for n, generator in enumerate(self.generators):
            self.episodes.begin(n, generator)
        return self.episodes.observed()

    def step_async(self, actions: Array) -> None:
        """Keep the actions (N, nu) of the next step, -1 to 1."""
        self.actions = actions

    def step_wait(self) -> tuple[Array, Array, NDArray[np.bool_], list[dict[str, Any]]]:
        """What is seen, rewards, what has ended, and how."""
        everyone = np.arange(self.num_envs)
        cost, terminated, truncated = self.episodes.advance(everyone, self.reach * self.actions)
        infos: list[dict[str, Any]] = [{} for _ in everyone]
        seen = self.episodes.observed()
        for n in np.flatnonzero(terminated | truncated):
            infos[n] = {"terminal_observation": seen[n], "TimeLimit.truncated": truncated[n]}
            self.episodes.begin(n, self.generators[n])
        return self.episodes.observed(), self.alive - cost, terminated | truncated, infos

    def close(self) -> None:
        """Nothing is open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Of each robot: none can be drawn, and there is nothing else to ask for."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """There is nothing to set."""

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
        """There is nothing to call."""

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No robot is."""
        return [False] * self.num_envs


class Diary:
    """Lines of the file, by a clock that stands still while a policy is measured."""

    def __init__(self, path: Path, method: str, robot: Robot, seed: int, model: vgps.Model) -> None:
        """The clock begins now."""
        self.path, self.who, self.model = path, (method, robot, seed), model
        self.began, self.measuring, self.due = time.process_time(), 0.0, 0.0

    @property
    def seconds(self) -> float:
        """Processor time of learning."""
        return time.process_time() - self.began - self.measuring

    def look_at(self, policy: Policy) -> None:
        """A line now and then, at times that grow by a fifth."""
        if self.seconds >= self.due:
            self.due = 1.2 * self.seconds
            self.add(policy)

    def add(self, policy: Policy) -> None:
        """A line for what has been learned."""
        seconds, started = self.seconds, time.process_time()
        cost, success = measured(self.model, policy)
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerows([COLUMNS] if new else [])
            lines.writerow([*self.who, f"{seconds:.2f}", f"{cost:.2f}", success])
        self.measuring += time.process_time() - started
        print(*self.who, f"{seconds:.0f} s: cost {cost:.1f}, success {success:.0%}", flush=True)


def measured(model: vgps.Model, policy: Policy) -> tuple[float, float]:
    """Mean cost of a rollout, and the share that succeeds."""
    episodes = Episodes(model, ROLLOUTS, disturbed=False, terminates=False)
    for n, generator in enumerate(np.random.default_rng(0).spawn(ROLLOUTS)):
        episodes.begin(n, generator)
    going, costs = np.arange(ROLLOUTS), np.zeros(ROLLOUTS)
    for _ in range(model.robot.task.horizon):
        outcome = episodes.advance(going, policy(episodes.observed())[going])
        costs[going] += outcome.cost
        going = going[~outcome.terminated]  # what is no longer finite cannot go on
    return float(costs.mean()), float(np.mean([episodes.succeeded(n) for n in range(ROLLOUTS)]))


class Measure(BaseCallback):
    """Looks at the policy between updates, and ends after so many seconds."""

    def __init__(self, diary: Diary, policy: Policy, seconds: float) -> None:
        """They are those of the diary's clock."""
        super().__init__()
        self.diary, self.policy, self.last = diary, policy, seconds

    def _on_rollout_start(self) -> None:
        self.diary.look_at(self.policy)

    def _on_step(self) -> bool:
        return self.diary.seconds < self.last


def by_ppo(
    robot: Robot,
    /,
    seed: int = 0,
    seconds: float = 480.0,
    steps: int = 10**9,
    out: Path = Path("ppo.csv"),
) -> None:
    """Learn by PPO.

    Args:
        robot: One of these two.
        seed: Of everything random.
        seconds: Of the processor.
        steps: Of all robots together, at most.
        out: The file to add lines to.
    """
    torch.set_num_threads(1)
    model = vgps.build(vgps.load(robot, OVERRIDES[robot]))
    envs = VecNormalize(Robots(model, ENVS, seed, ALIVE[robot]), gamma=GAMMA[robot])
    ppo = PPO(
        "MlpPolicy",
        envs,
        n_steps=STEPS,
        batch_size=BATCH,
        gamma=GAMMA[robot],
        policy_kwargs={"log_std_init": LOG_DEVIATION[robot]},
        seed=seed,
        device="cpu",
    )
    reach = action_space(model).high

    def policy(seen: Array) -> Array:
        actions, _ = ppo.predict(envs.normalize_obs(seen), deterministic=True)
        return reach * actions

    diary = Diary(out, "ppo", robot, seed, model)
    ppo.learn(steps, Measure(diary, policy, seconds))
    diary.add(policy)
    print(f"{ppo.num_timesteps} steps")


def by_vgps(robot: Robot, /, seed: int = 0, out: Path = Path("ppo.csv")) -> None:
    """Learn by `train`; each line is the policy that it would end with there.

    Args:
        robot: One of these two.
        seed: Of everything random.
        out: The file to add lines to.
    """
    model = vgps.build(vgps.load(robot))
    vgps.train(robot, vgps.RunSettings(iterations=1, finish="none"))  # loads the kernels
    with tempfile.TemporaryDirectory() as folder:
        diary = Diary(out, "vgps", robot, seed, model)

        @contextmanager
        def watch(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
            def update(done: int, text: str) -> None:
                if what in ("iteration", "finish"):
                    diary.look_at(vgps.load_policy(folder).mean_of)

            yield update

        run = vgps.train(robot, vgps.RunSettings(hidden=HIDDEN, seed=seed), out=folder, watch=watch)
        diary.add(run.policy.mean_of)


def draw(path: Path = Path("ppo.csv"), picture: Path = Path("ppo.png")) -> None:
    """Median and range over the seeds of what a policy costs, against processor time.

    The same is printed of the last policies, and of those after half of the time.

    Args:
        path: The file with the lines.
        picture: The file of the picture; its suffix names the format.
    """
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    robots = sorted({row["robot"] for row in rows})
    figure = new_figure(5.0 * len(robots), 3.2)
    for axes, robot in zip(figure.subplots(1, len(robots), squeeze=False)[0], robots, strict=True):
        dress(axes, robot, "processor time, s", "cost of a rollout")
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter("{x:,g}")
        for method, (label, colour) in LABELS.items():
            mine = [row for row in rows if (row["robot"], row["method"]) == (robot, method)]
            if mine:
                times, costs = by_time(mine)
                low, middle, high = np.quantile(costs, (0.0, 0.5, 1.0), axis=0)
                axes.fill_between(times, low, high, color=paler(colour, 0.75), linewidth=0)
                axes.plot(times, middle, color=colour, label=label)
                print(f"{robot}, {label}: {summary(mine)}")
        axes.set_xlim(left=FIRST)
        axes.set_ylim(top=min(axes.get_ylim()[1], HIGHEST))
        key(axes, columns=2)
    save(figure, picture)


def by_time(rows: list[dict[str, str]]) -> tuple[Array, Array]:
    """Times (M,) at which every seed has a policy, and what it costs then, (seeds, M)."""
    runs = []
    for seed in sorted({row["seed"] for row in rows}):
        mine = [row for row in rows if row["seed"] == seed]
        runs.append(np.array([[float(row["seconds"]), float(row["cost"])] for row in mine]))
    begin, end = max(run[0, 0] for run in runs), max(run[-1, 0] for run in runs)
    times = np.geomspace(begin, end, 200)
    last = [np.searchsorted(run[:, 0], times, side="right") - 1 for run in runs]
    return times, np.array([run[i, 1] for run, i in zip(runs, last, strict=True)])


def summary(rows: list[dict[str, str]]) -> str:
    """Median and range over the seeds at the end and halfway."""
    runs: dict[str, list[list[float]]] = {}
    for row in rows:
        numbers = [float(row[key]) for key in ("seconds", "cost", "success")]
        runs.setdefault(row["seed"], []).append(numbers)
    ends = [run[-1] for run in runs.values()]
    halves = [[one for one in run if one[0] <= run[-1][0] / 2][-1] for run in runs.values()]
    said = []
    for policies in (ends, halves):
        seconds, cost, success = (
            "{:.3g} ({:.3g} to {:.3g})".format(*np.quantile(of_all, (0.5, 0.0, 1.0)))
            for of_all in zip(*policies, strict=True)
        )
        said.append(f"cost {cost}, success {success} after {seconds} s")
    return f"{len(runs)} seeds; {said[0]}; {said[1]}"


if __name__ == "__main__":
    commands = {"ppo": by_ppo, "vgps": by_vgps, "draw": draw}
    tyro.extras.subcommand_cli_from_dict(commands)
