"""The C compiler: which one, with which flags, and a fingerprint of what it compiles for."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from vgps.codegen.errors import BuildError

# -O1 is nearly as fast as -O2 on straight-line code and far cheaper to compile on long blocks; the
# loops of the integrators want the vectoriser, GCC fuses multiplications with additions among its
# "expensive" optimisations only; setting errno, which nobody reads, keeps sqrt from being one
# instruction.  -w: warnings, such as Clang's about GCC's flags, would come before the error that is
# reported.
_FLAGS = (
    "-std=gnu11",
    "-O1",
    "-ftree-vectorize",
    "-fexpensive-optimizations",
    "-fschedule-insns2",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fPIC",
    "-w",
)
# What Clang does not know.  No store is dead, and looking for one takes GCC an eighth of its time.
# Registers are saved only inside the branches with calls, which are hardly ever taken.
_GCC_FLAGS = ("-fno-tree-dse", "-fcaller-saves")


_ERROR = re.compile(r"\berror: (?!ld returned|linker command failed)")
_PROCESSOR = ("-march=", "-mcpu=")  # options that say what to compile for


class Toolchain(NamedTuple):
    """A C compiler that works."""

    command: tuple[str, ...]
    flags: tuple[str, ...]
    fingerprint: str  # the compiler's predefined macros: its version and the CPU's features

    def compile(self, source: Path, library: Path, parts: int = 1) -> None:
        """Compile ``source`` into a shared library.

        The ``parts`` of a file are compiled at the same time, each with PART defined as its number
        from 1 on, and then linked.

        Raises:
            BuildError: with the first error of the compiler's message, or because there is no
                library afterwards.
        """
        numbers = range(1, parts + 1)
        objects = [str(library.with_suffix(f".{part}.o")) for part in numbers]
        chosen = [[f"-DPART={part}"] if parts > 1 else [] for part in numbers]
        compiling = [["-c", *c, "-o", o, str(source)] for c, o in zip(chosen, objects, strict=True)]
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(partial(self._require, source), compiling))
        self._require(source, ["-shared", "-o", str(library), *objects, "-lm"])
        if not library.exists():
            raise BuildError(f"{self.command[0]} said nothing, and made no {library.name}")

    def _require(self, source: Path, arguments: list[str]) -> None:
        run = _run([*self.command, *self.flags, *arguments])
        if run.returncode != 0:
            lines = (run.stderr.strip() or "no message").splitlines()
            # Notes on where an error is come before it, a linker's words before the summary.
            first = next((line for line in lines if _ERROR.search(line)), lines[0])
            raise BuildError(f"{self.command[0]} could not compile {source.name}: {first}")


@cache
def find_toolchain() -> Toolchain:
    """$CC, else a system compiler, else the one in the ``ziglang`` wheel.

    It compiles for this processor, unless $CC itself says for which.

    Raises:
        BuildError: none of them works.
    """
    for command in _candidates():
        decided = any(word.startswith(_PROCESSOR) for word in command)
        tunings = [()] if decided else [*((f"{option}native",) for option in _PROCESSOR), ()]
        for tuning in tunings:
            run = _run([*command, *tuning, "-dM", "-E", "-x", "c", os.devnull])
            if run.returncode == 0 and "#define" in run.stdout:
                gcc = () if "__clang__" in run.stdout else _GCC_FLAGS
                return Toolchain(tuple(command), (*_FLAGS, *gcc, *tuning), run.stdout)
    if chosen := os.environ.get("CC"):
        raise BuildError(f"CC={chosen} does not work as a C compiler: set CC to one, or unset it")
    raise BuildError(
        "no C compiler found: install gcc or clang, set CC, "
        "or run `python -m pip install ziglang` in this environment"
    )


def _candidates() -> list[list[str]]:
    try:
        chosen = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        raise BuildError(f"CC cannot be split into words: {error}") from None
    if chosen:
        return [chosen]
    found = [[name] for name in ("cc", "gcc", "clang") if shutil.which(name)]
    if find_spec("ziglang") is not None:
        found.append([sys.executable, "-m", "ziglang", "cc"])
    return found


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},  # its errors are looked for by their English name
            check=False,
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
