"""The suite on other machines, as far as one machine can stand in for them.

    python tests/machines.py [MACHINE ...] [-- ARGUMENTS OF PYTEST]

Each machine is a set of environment variables: what BLAS, NumPy and Numba take the processor for, which
C compiler builds the robots, the locale, and once the folder in which everything stands.  Results of
two machines may differ in their last bits, and what an iteration makes of them in more; the tests ask
only what holds on all of them.  One line is printed for each machine; the exit status is 1 where a
test failed.  Without names all machines have their turn, which takes as long as so many test runs.

The libraries that tests build go to temporary folders, those of the command line's tests to
generated/, where the compiler is part of their names.  Numba keeps the kernels of each processor name
apart in its cache.
"""

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from numpy._core import _multiarray_umath as numpy_core

ROOT = Path(__file__).parents[1]
# What this machine may have set for itself, and what would hide another's locale.
CHOICES = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
CHOICES += ("CC", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "PYTHONUTF8", "PYTHONIOENCODING")
GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
UNICODE = {"LANG": "C.UTF-8"}
X86 = platform.machine() in ("x86_64", "AMD64")


class Absent(Exception):
    """Why this machine cannot stand in for another."""


class Result(NamedTuple):
    passed: int
    skipped: int
    failed: tuple[str, ...]  # names of tests
    seconds: float


def x86_only(environment: dict[str, str]) -> dict[str, str]:
    """For kernels and instructions of x86 processors."""
    if not X86:
        raise Absent(f"this processor is {platform.machine()}")
    return environment


def without_avx512() -> dict[str, str]:
    """NumPy refuses names of instructions that it has no code for, and they change with its version."""
    wide = [
        name
        for name in numpy_core.__cpu_dispatch__
        if name.startswith(("AVX512", "X86_V4")) and numpy_core.__cpu_features__[name]
    ]
    if not wide:
        raise Absent("this processor has no AVX-512")
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(wide)}


def gcc_for(architecture: str) -> dict[str, str]:
    """GCC for a given processor."""
    if not shutil.which("gcc"):
        raise Absent("there is no gcc")
    return x86_only({"CC": f"gcc -march={architecture}"})


def zig() -> dict[str, str]:
    """Clang, which the ziglang wheel brings along."""
    if find_spec("ziglang") is None:
        raise Absent("pip install ziglang")
    return {"CC": shlex.join([sys.executable, "-m", "ziglang", "cc"])}


MACHINES: dict[str, Callable[[], dict[str, str]]] = {
    "haswell": lambda: x86_only({"OPENBLAS_CORETYPE": "Haswell"}),
    "prescott": lambda: x86_only({"OPENBLAS_CORETYPE": "Prescott"} | GENERIC),
    "numpy-without-avx512": without_avx512,
    "numba-generic": lambda: GENERIC,
    "gcc-v2": lambda: gcc_for("x86-64-v2"),
    "gcc-v3": lambda: gcc_for("x86-64-v3"),
    "clang": zig,
    "ascii": lambda: {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"},
    "space": dict,
}


@contextmanager
def checkout(machine: str) -> Iterator[Path]:
    """The folder with the tests: this one, or a copy of all that is under version control."""
    if machine != "space":
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "a path with a space" / "vgps"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
        for name in filter(None, os.fsdecode(names).split("\0")):
            if (ROOT / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        yield copy


def run(machine: str, arguments: Sequence[str]) -> Result:
    """The suite on a machine.  Its output is shown where something failed."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES}
    environment |= UNICODE | MACHINES[machine]()
    started = time.monotonic()
    with checkout(machine) as root, tempfile.TemporaryDirectory() as scratch:
        if root != ROOT:
            # The folder is the package, found here before the one that is installed.
            environment["PYTHONPATH"] = str(root.parent)
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += [f"--junitxml={report}", *arguments]
        finished = subprocess.run(
            command,
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        seconds = time.monotonic() - started
        result = counted(report, seconds) if report.exists() else None
    if result is None or finished.returncode not in (0, 1):
        ended = f"pytest ended with status {finished.returncode}"
        result = Result(0, 0, (ended,), seconds)
    if result.failed:
        print(finished.stdout)
    return result


def counted(report: Path, seconds: float) -> Result:
    """What pytest's report in JUnit's format counts."""
    passed, skipped, failed = 0, 0, []
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" in outcomes:
            skipped += 1
        else:
            passed += 1
    return Result(passed, skipped, tuple(failed), seconds)


def main() -> int:
    """Run the machines that are asked for."""
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    own, rest = given[:end], given[end + 1 :]
    parser = argparse.ArgumentParser(
        description="The suite on other machines.", epilog="What follows -- goes to pytest."
    )
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=" ".join(MACHINES))
    names = parser.parse_args(own).machines or list(MACHINES)
    if unknown := set(names) - set(MACHINES):
        parser.error(f"no machine {', '.join(sorted(unknown))}; known: {', '.join(MACHINES)}")
    every_test_passed = True
    for name in names:
        try:
            result = run(name, rest)
        except Absent as reason:
            print(f"{name:22} left out: {reason}", flush=True)
            continue
        print(
            f"{name:22} {result.passed:5} passed {result.skipped:3} skipped "
            f"{len(result.failed):3} failed {result.seconds:6.0f} s",
            flush=True,
        )
        for test in result.failed:
            print(f"{'':22} {test}", flush=True)
        every_test_passed &= not result.failed
    return 0 if every_test_passed else 1


if __name__ == "__main__":
    sys.exit(main())
