"""The command line: parse, call, print."""

if __name__ == "__main__":
    # Not by what stands below: Ctrl-C during its imports would be a traceback.
    import runpy

    runpy.run_module("vgps", run_name="__main__")

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError
from tyro.extras import subcommand_cli_from_dict

from vgps.codegen.errors import BuildError, InputError, hint
from vgps.codegen.folders import MODELS, PACKAGE
from vgps.experiments.errors import ClusterLost
from vgps.report import console
from vgps.report.commands import comparison, robots, runs, training
from vgps.report.completion import bash_names
from vgps.report.console import Detail, print_json, progress
from vgps.report.errors import MissingEncoder
from vgps.report.options import Flag, Json, UsageError, require_at_least, with_finish

README = PACKAGE / "README.md"
_COMPLETION_IN_BASH = ["--tyro-print-completion", "bash"]
ABOUT = """Robots written in YAML learn to move: `train swimmer` teaches one that is here, and
`new NAME` writes a file to begin one of your own with.

Everywhere: --quiet shows no progress, --verbose all of it; --version.
Exit status: 0 done, 1 failure, 2 bad input, 128 + n ended by signal n, such as 130 by Ctrl-C (what
was learned is saved).
"""


def bench_command(
    rounds: int = 15, long: Flag = False, readme: Flag = False, json: Json = False
) -> None:
    """The performance table: our work beside that of the peers that are installed.

    Args:
        rounds: Interleaved rounds of each row.
        long: Rows that take minutes each, too: of robots of 80 links.
        readme: Write the table into README.md too.
    """
    require_at_least(1, rounds=rounds)
    os.environ["OMP_NUM_THREADS"] = "1"  # of ours and of the peers, which read it when imported
    # The room of peers is known to the command line alone.
    from vgps.bench.readme import Readme
    from vgps.bench.table import HEADER, cells, measured

    page = Readme(README) if readme else None  # refused before minutes of measuring
    rows = measured(rounds, long, progress)
    if page is not None:
        page.write_table(rows, rounds)
    if json:
        print_json([row._asdict() for row in rows])
    else:
        console.show_table("ours beside peers", HEADER, [cells(row) for row in rows])


def _sentence(error: OSError) -> str:
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    try:
        os.getcwd()
    except OSError:
        return "the current folder no longer exists"
    return error.strerror or str(error)


COMMANDS: dict[str, Callable[..., int | None]] = {
    "new": robots.new_command,
    "import": robots.import_command,
    "schema": robots.schema_command,
    "check": robots.check_command,
    "build": robots.build_command,
    "doctor": robots.doctor_command,
    "optimize": robots.optimize_command,
    "train": training.train_command,
    "evaluate": runs.evaluate_command,
    "push": runs.push_command,
    "play": runs.play_command,
    "render": runs.render_command,
    "rollouts": runs.rollouts_command,
    "export": runs.export_command,
    "compare": comparison.compare_command,
    "bench": bench_command,
}


def _with_detail(arguments: list[str]) -> list[str]:
    """The arguments but for how much of the progress is shown, which is set."""
    options = {f"--{detail.value}": detail for detail in (Detail.NOTHING, Detail.EVERYTHING)}
    asked = [options[word] for word in arguments if word in options]
    console.show_progress(asked[-1] if asked else Detail.TENTHS)
    return [word for word in arguments if word not in options]


def _complete_in_bash() -> int:
    """Print the script for the installed command."""
    from vgps.policy.plugins import method_names

    with suppress(SystemExit):  # Tyro ends the process once it has printed its own
        subcommand_cli_from_dict(COMMANDS, prog="vgps", args=_COMPLETION_IN_BASH)
    print(bash_names((file.stem for file in MODELS.glob("*.yaml")), method_names()))
    return 0


def main() -> int:
    """Do what the arguments of this process say; the exit status."""
    program, *arguments = sys.argv
    try:
        if arguments[:1] == ["--version"]:
            print(f"vgps {version('vgps')}")
            return 0
        if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
            raise UsageError(f"no command '{arguments[0]}'{hint(arguments[0], COMMANDS)}")
        prog = Path(program).name
        if arguments == _COMPLETION_IN_BASH:
            return _complete_in_bash()
        given = with_finish(_with_detail(arguments))
        return subcommand_cli_from_dict(COMMANDS, prog=prog, description=ABOUT, args=given) or 0
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        print(f"--{'.'.join(map(str, first['loc']))} {first['msg']}", file=sys.stderr)
        return 2
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise  # nobody reads what is printed: no failure
    except OSError as error:
        print(_sentence(error), file=sys.stderr)
        return 1
    except (BuildError, ClusterLost, FloatingPointError, MemoryError, MissingEncoder) as error:
        print(error or "out of memory", file=sys.stderr)
        return 1
