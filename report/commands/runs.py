"""Commands about a run: look at what was learned, and take it away.

They import what they need themselves: Numba and Matplotlib take seconds to come.
"""

import sys
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from vgps.codegen.files import write_atomically
from vgps.report import console
from vgps.report.console import print_json, progress
from vgps.report.hints import (
    point_to_doctor_unless_learned,
    say_which_policy,
)
from vgps.report.options import (
    Amount,
    Count,
    Exported,
    File,
    Flag,
    Ground,
    Iteration,
    Json,
    Run,
    Runs,
    Shown,
    Text,
    UsageError,
    chosen_iteration,
    loaded,
    require_at_least,
    require_named,
)


def evaluate_command(
    run: Positional[Run],
    rollouts: Count = None,
    horizon: Count = None,
    seed: int = 0,
    iteration: Iteration = None,
    engine: Literal["vgps", "mujoco"] = "vgps",
    ground: Ground = None,
    json: Json = False,
) -> None:
    """Average cost and success of the stochastic and the deterministic policy of a run.

    Args:
        rollouts: Rollouts of each, from the distributions of the task's initial states in turn.
        horizon: Steps of a rollout; as the robot's file says when absent.
        seed: Seed of initial states and noise.
        engine: vgps is ours alone; with mujoco the same rollouts in MuJoCo, too.
        ground: In MuJoCo: its contact with numbers fitted to the robot's ground (fitted, when
            absent) or with its default ones (default), or our contact and joint stops (ours).
    """
    require_at_least(1, rollouts=rollouts, horizon=horizon)
    require_at_least(0, seed=seed)
    if ground is not None and engine != "mujoco":
        raise UsageError("--ground belongs to --engine mujoco")
    from vgps.experiments.evaluation import evaluation, require_finite_cost
    from vgps.experiments.run import read_run
    from vgps.experiments.run_folder import ROBOT

    trained, there = read_run(run, chosen_iteration(iteration)), {}
    say_which_policy(trained, iteration)
    if engine == "mujoco":
        from vgps.experiments.transfer import transfer

        chosen = ground or "fitted"
        there = {"mujoco": transfer(trained, chosen, rollouts, horizon, seed, progress)}
    result = evaluation(trained, rollouts, horizon, seed) | there
    if json:
        print_json(result)
    else:
        console.show_evaluation(result, moves=trained.model.robot.base == "floating")
        if there:
            console.show_transfer(result)
        point_to_doctor_unless_learned(result, str(Path(run) / ROBOT))
    require_finite_cost(trained, result)


def push_command(
    runs: Positional[Runs], point: str, duration: float = 0.1, json: Json = False
) -> None:
    """The strongest horizontal push that learned policies survive, at several instants.

    Args:
        runs: Folders of training runs; of several, such as seeds, also the median and the least.
        point: What is pushed: a joint, a link's start or end, a point of the robot's file, or com.
        duration: Of the push, s, a multiple of the task's dt.
    """
    require_named(runs, "run", "a folder of a training run")
    from vgps.experiments.evaluation import pushes, pushes_of_all
    from vgps.experiments.run import read_run

    results = [pushes(read_run(run), point, duration) for run in runs]
    summary = results[0] if len(results) == 1 else pushes_of_all(results)
    if json:
        print_json(summary)
        return
    for result in results:
        console.show_pushes(result)
    if len(results) > 1:
        console.show_push_summary(summary)


def render_command(
    what: Positional[Shown],
    out: File = None,
    horizon: Count = None,
    push: Text = None,
    impulse: Amount = None,
    duration: float = 0.1,
    instant: float = 2.0,
    noise: Flag = False,
    robot: Text = None,
    iteration: Iteration = None,
    json: Json = False,
) -> None:
    """The motion of a learned policy, or of a trajectory, as an animation; of a run also its page.

    Args:
        out: Animation to write, .gif or .mp4; in the run's folder gait.gif, push.gif or noise.gif,
            or beside the trajectory, when absent.
        horizon: Steps of the rollout; as the robot's file says when absent.
        push: What is pushed: a joint, a link's start or end, a point of the robot's file, or com.
        impulse: Of the push, N·s along x, backwards where it is negative.
        duration: Of the push, s, a multiple of the task's dt.
        instant: At which the push begins, s.
        noise: Behind the motion, faintly, rollouts with all noise.
        robot: Of a trajectory, a name in models/ or a YAML file; what the file itself names when
            absent.
    """
    require_at_least(1, horizon=horizon)
    if (push is None) != (impulse is None):
        raise UsageError("--push POINT and --impulse N·s go together")
    if push is not None and noise:
        raise UsageError("--push is shown without noise: leave out --noise")
    from vgps.policy.push import Pushing
    from vgps.report.render import render_run, render_trajectory

    if out is not None and out.suffix not in (".gif", ".mp4"):
        raise UsageError(f"--out must end in .gif or .mp4, found {out.name!r}")
    if what.endswith(".npz"):
        if horizon is not None or push is not None or noise or iteration is not None:
            asked = "--horizon, --push, --noise and --iteration"
            raise UsageError(f"{asked} need a run: a trajectory is as it is")
        described = None if robot is None else loaded(robot, ())
        result = render_trajectory(Path(what), described, out)
    else:
        if robot is not None:
            raise UsageError("--robot belongs to a trajectory: a run has its robot")
        pushing = None
        if push is not None and impulse is not None:
            pushing = Pushing(push, impulse, duration, instant)
        from vgps.experiments.run import read_run

        trained = read_run(what, chosen_iteration(iteration))
        say_which_policy(trained, iteration)
        result = render_run(trained, out, horizon, pushing, noise)
    console.show_result(result, f"pictures of {what}", json)


def play_command(
    run: Positional[Run], port: int = 0, open: Flag = True, json: Json = False
) -> None:
    """Watch the learned policy move in a browser, push it and see it recover; Ctrl-C ends it.

    Args:
        port: Of 127.0.0.1, which no other machine reaches; 0 takes one that is free.
        open: Print the address of the page only.
    """
    require_at_least(0, port=port)
    from vgps.experiments.playing import simulation_of
    from vgps.experiments.run import read_run
    from vgps.report.play.player import Player
    from vgps.report.play.server import PlayServer, open_browser, serving

    player = Player(simulation_of(read_run(run)))
    with PlayServer(player, port) as server, serving(server):
        if json:
            print_json({"run": run, "url": server.url})
        else:
            print(f"{server.url} is open while this runs, until Ctrl-C")
        sys.stdout.flush()
        if open:
            open_browser(server.url)
        player.run()


def rollouts_command(
    run: Positional[Run],
    out: Path,
    to: Literal["npz", "minari"] = "npz",
    rollouts: Count = None,
    horizon: Count = None,
    seed: int = 0,
    deterministic: Flag = False,
    undisturbed: Flag = False,
    json: Json = False,
) -> None:
    """Rollouts of the learned policy as a data set: an .npz of named arrays, or one of Minari.

    Args:
        out: File to write; for minari the name of the data set, such as walker/learned-v0, which
            goes where Minari keeps its own.
        to: Minari's episodes are those of the environment vgps/Robot-v0.
        rollouts: Their number, from the distributions of the task's initial states in turn.
        horizon: Steps of a rollout; as the robot's file says when absent.
        seed: Seed of initial states and noise.
        deterministic: Leave out the policy's noise.
        undisturbed: Leave out the task's process noise.
    """
    require_at_least(1, rollouts=rollouts, horizon=horizon)
    require_at_least(0, seed=seed)
    from vgps.experiments.rollout_data import rollout_data, write_rollouts
    from vgps.experiments.run import read_run

    trained = read_run(run)
    data = rollout_data(
        trained,
        rollouts,
        horizon,
        seed,
        stochastic=not deterministic,
        disturbed=not undisturbed,
    )
    if to == "minari":
        try:
            from vgps.report.gym.minari_data import write_minari
        except ImportError as missing:  # in its own sentence
            raise UsageError(str(missing)) from None
        write_minari(str(out), trained, Path(run), data, not undisturbed)
    else:
        write_rollouts(out, data)
    R, T, _ = data["U"].shape
    result = {"run": run, "out": str(out), "rollouts": R, "horizon": T}
    result["success_rate"] = float(data["success"].mean())
    if json:
        print_json(result)
    else:
        print(f"{out}: {R} rollouts of {T} steps, {result['success_rate']:.2f} of them succeed")


def export_command(
    what: Positional[Exported],
    to: Literal["json", "c", "onnx", "mjcf"],
    out: File = None,
    iteration: Iteration = None,
    json: Json = False,
) -> None:
    """Write a learned policy (json, c, onnx) or a robot (mjcf) for a program elsewhere.

    Args:
        to: JSON and a C header hold a policy to the bit, ONNX in float32; MJCF is MuJoCo's.
        out: File to write; policy.json, .h or .onnx in the run's folder, or ROBOT.xml here, when
            absent.
    """
    if to == "mjcf":
        if iteration is not None:
            raise UsageError("--iteration is of a policy: leave it out of --to mjcf")
        from vgps.codegen.mjcf_export import export_mjcf

        robot = loaded(what, ())
        text, left_out = export_mjcf(robot)
        path = Path(f"{robot.name}.xml") if out is None else out
        write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))
        for sentence in left_out:
            print(f"left out: {sentence}", file=sys.stderr)
    else:
        from vgps.experiments.export import export
        from vgps.experiments.run import read_run

        trained = read_run(what, chosen_iteration(iteration))
        say_which_policy(trained, iteration)
        path, left_out = export(trained, to, out), []
    if json:
        print_json({"what": what, "to": to, "out": str(path), "left_out": left_out})
    else:
        print(f"{path}: written")
